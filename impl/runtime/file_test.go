package runtime_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

// state returns a state that a server may have, and the number that tells it apart.
func state(number int) runtime.Saved {
	s := runtime.Saved{Durable: spec.Durable{Term: spec.Term(number + 1), VotedFor: spec.ServerID(number % 4)}}
	for k := range 3 + number%3 {
		s.Log.Entries = append(s.Log.Entries, spec.Entry{Term: spec.Term(1 + (k*number)%3), Kind: spec.EntryKind(k % 3), Value: fmt.Sprint("v", k%2)})
	}
	return s
}

// filled saves states in a file, and returns how long it was after each.
func filled(t *testing.T, path string, states int) (data []byte, ends []int) {
	f, found, err := runtime.OpenFile(path)
	require.NoError(t, err)
	require.Equal(t, runtime.Saved{}, found)
	for k := range states {
		require.NoError(t, f.Save(state(k)))
		data, err = os.ReadFile(path)
		require.NoError(t, err)
		ends = append(ends, len(data))
	}
	require.NoError(t, f.Close())
	require.ErrorIs(t, f.Save(state(0)), os.ErrClosed)
	return data, ends
}

// mark is the bytes that follow a state that is safe.
const mark = 17

// A crash may leave any beginning of what was being written. What was safe then is there, and the file goes on from there.
func TestAFileThatIsCutAtAnyByteHoldsWhatWasSafe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	data, ends := filled(t, path, 6)
	start := frameLength(data)
	for cut := start; cut <= len(data); cut++ {
		require.NoError(t, os.WriteFile(path, data[:cut], 0o666))
		f, found, err := runtime.OpenFile(path)
		require.NoError(t, err, "cut at %d", cut)
		want := runtime.Saved{}
		for k, end := range ends {
			if cut >= end-mark {
				want = state(k)
			}
		}
		require.Equal(t, want, found, "cut at %d", cut)
		require.NoError(t, f.Save(state(77)))
		require.NoError(t, f.Close())
		f, found, err = runtime.OpenFile(path)
		require.NoError(t, err)
		require.Equal(t, state(77), found)
		require.NoError(t, f.Close())
	}
	for cut := range start { // the first state is there before the file has its name
		require.NoError(t, os.WriteFile(path, data[:cut], 0o666))
		_, _, err := runtime.OpenFile(path)
		require.Error(t, err, "cut at %d", cut)
	}
}

// frameLength returns how long the first frame is.
func frameLength(data []byte) int { return 16 + int(data[0]) + int(data[1])<<8 }

// A bit that flips is found wherever it is. Only in the mark at the end, which says nothing, may it be overlooked.
func TestAFileThatIsDamagedIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	data, ends := filled(t, path, 4)
	chance := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for at := range data {
		damaged := append([]byte(nil), data...)
		damaged[at] ^= 1 << chance.IntN(8)
		require.NoError(t, os.WriteFile(path, damaged, 0o666))
		f, found, err := runtime.OpenFile(path)
		if err != nil {
			require.ErrorContains(t, err, path+": byte ")
			refused++
			continue
		}
		require.Equal(t, state(len(ends)-1), found, "byte %d", at)
		require.NoError(t, f.Close())
	}
	marks := len(ends) * mark
	require.Equal(t, len(data)-marks, refused, "all but the marks")
}

// Snapshots, and logs that were compacted into them, are there again, and nothing is left of the file before.
func TestAFileKeepsSnapshots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f, _, err := runtime.OpenFile(path)
	require.NoError(t, err)
	s := state(2)
	require.NoError(t, f.Save(s))
	s.Log.Base, s.Log.BaseTerm, s.Log.Entries = 2, 1, s.Log.Entries[2:]
	s.Machine, s.Config = []byte(`{"keys":{"x":"1"},"clients":{}}`), "voters=n1,n2"
	require.NoError(t, f.Save(s))
	short, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, frameLength(short), len(short), "one state and nothing else")
	require.NoError(t, f.Save(s))
	same, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, short, same, "nothing changed, and nothing is written")
	s.Log.Entries = append(s.Log.Entries, spec.Entry{Term: 9, Value: "z"})
	require.NoError(t, f.Save(s))
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(path+".new", []byte("what a crash left"), 0o666))
	_, found, err := runtime.OpenFile(path)
	require.NoError(t, err)
	require.Equal(t, s, found)
	require.NoFileExists(t, path+".new")
}

func TestWhatIsNoFileOfAServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for _, text := range []string{"", "x", "This is no state of a server, but a text that is long enough for one."} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, _, err := runtime.OpenFile(path)
		require.ErrorContains(t, err, path+": ")
	}
	_, _, err := runtime.OpenFile(filepath.Join(path, "below"))
	require.Error(t, err)
}
