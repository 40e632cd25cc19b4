package processes

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

func shortFolder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "rc")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestAServerThatIsDownDidNothing(t *testing.T) {
	w := newWays(shortFolder(t), []spec.ServerID{1})
	c := runtime.Command{Op: runtime.Put, Key: "a b/c"}
	r := w.ask(t.Context(), 1, &c)
	require.True(t, r.nothing && !r.done)
	require.Equal(t, "503 n1 is down; nothing was done\n", fmt.Sprint(r.code, " ", string(r.body)))
}

// Requests for keys and values of any text arrive as they were meant.
func TestRequestsSayWhatCommandsSay(t *testing.T) {
	for _, op := range []runtime.Op{runtime.Get, runtime.Put, runtime.Append, runtime.Delete, runtime.Create, runtime.Replace} {
		want := runtime.Command{Client: "c d", Number: 7, Op: op, Key: "a b/ü?&=", Value: "v &=\n", Expected: "e&=?"}
		switch op {
		case runtime.Get, runtime.Delete:
			want.Value, want.Expected = "", ""
		case runtime.Put, runtime.Append, runtime.Create:
			want.Expected = ""
		}
		request, err := requestOf(t.Context(), &want)
		require.NoError(t, err)
		got, err := runtime.CommandOf(nil, request, strings.TrimPrefix(request.URL.Path, "/kv/"))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
