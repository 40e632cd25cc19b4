package linearizability

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// FuzzVerify makes a history of any bytes, and holds all methods to trying every order.
func FuzzVerify(f *testing.F) {
	f.Add([]byte{1, 0, 0x13, 0, 1, 1, 0x46, 0, 0, 0, 0x79, 0})
	f.Add([]byte{2, 0, 0x1f, 0, 3, 1, 0x25, 0, 0, 0, 0x77, 1, 3, 2, 0x19, 2})
	f.Add([]byte{0x11, 0, 0x12, 0, 0x13, 1, 0x34, 0, 0x10, 0, 0x56, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		h := decoded(data)
		if len(h.Operations) == 0 {
			return
		}
		require.NoError(t, h.Validate())
		want := brute(h)
		require.Equal(t, want, Check(h), "%s", dump(h))
		require.Equal(t, want, bySweep(h), "%s", dump(h))
		r, err := Verify(context.Background(), h, Options{All: true})
		require.NoError(t, err)
		require.Equal(t, want == spec.Violated, r.Verdict == spec.Violated, "%s", dump(h))
		for _, found := range r.Findings {
			require.Equal(t, spec.Violated, brute(found.History), "%s", dump(h))
		}
	})
}

// decoded makes an operation of every four bytes: what it does, with which values, when, and what became of it.
func decoded(data []byte) *History {
	h := &History{Clients: []string{"all"}}
	for ; len(data) >= 4 && len(h.Operations) < 6; data = data[4:] {
		value := func(b byte) Value {
			v := []Value{Absent, Literal("1"), Literal("2"), Literal("3")}[b&3]
			if data[0]&0x10 != 0 && v != Absent {
				v = List(v)
			}
			return v
		}
		a := Action{Kind: Kind(data[0] & 7 % 6), Key: string(rune('x' + data[0]>>7)), Value: value(data[1]), Expected: value(data[1] >> 2)}
		a.Shown, a.Differs = a.Kind == Read, (a.Kind == CompareAndSet || a.Kind == Expect) && data[1]&0x10 != 0
		o := Operation{Call: int64(data[2] >> 4), Return: int64(data[2]>>4) + int64(data[2]&7), Do: []Action{a}, Outcome: []Outcome{Returned, Returned, Unknown, Failed}[data[3]&3]}
		if data[0]&0x20 != 0 {
			o.Do = append(o.Do, Action{Kind: Write, Key: "y", Value: value(data[3] >> 2)})
		}
		h.Operations = append(h.Operations, o)
	}
	for k := range h.Operations { // in the order of their calls
		for j := k; j > 0 && h.Operations[j].Call < h.Operations[j-1].Call; j-- {
			h.Operations[j], h.Operations[j-1] = h.Operations[j-1], h.Operations[j]
		}
	}
	return h
}
