package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// FuzzRecover: whatever is in a file, what is recovered of it is what its whole beginning says, and is recovered of that alone too.
func FuzzRecover(f *testing.F) {
	first := Saved{Durable: spec.Durable{Term: 1, Log: spec.Log{Base: 2, BaseTerm: 1}, Config: "voters=n1"}, Machine: []byte("{}")}
	second := first
	second.Term, second.VotedFor, second.Log.Entries = 3, 2, []spec.Entry{{Term: 3, Value: "x"}, {Term: 3, Kind: spec.NoOp}}
	change, _ := appendChange(nil, &first, &second)
	data := appendFrame(nil, 1, appendWhole(nil, &first))
	data = appendFrame(data, 2, change)
	data = appendFrame(data, 3, []byte{markFrame})
	r, err := recoverFrom(data)
	require.NoError(f, err)
	require.Equal(f, second, r.saved)
	f.Add(data)
	f.Add(data[:len(data)-20])
	f.Add(append(data[:len(data):len(data)], data...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := recoverFrom(data)
		require.LessOrEqual(t, r.end, len(data))
		if err != nil || r.end == 0 {
			return
		}
		again, err := recoverFrom(data[:r.end])
		require.NoError(t, err)
		require.Equal(t, r, again)
		whole, err := recoverFrom(appendFrame(nil, 1, appendWhole(nil, &r.saved)))
		require.NoError(t, err)
		require.Equal(t, r.saved, whole.saved, "the state is written as it is")
	})
}
