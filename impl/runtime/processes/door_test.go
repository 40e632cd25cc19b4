package processes

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

// A client that takes the name of one of run's own would spoil the history.
func TestDoorsKeepNamesOfTheirOwn(t *testing.T) {
	h, err := newHistory(filepath.Join(t.TempDir(), "history.ndjson"))
	require.NoError(t, err)
	d := newDoor(1, newWays(shortFolder(t), []spec.ServerID{1}), h)
	ask := func(client, number, path string) string {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPut, path, strings.NewReader("1"))
		r.Header.Set(runtime.HeaderClient, client)
		r.Header.Set(runtime.HeaderRequest, number)
		d.ServeHTTP(w, r)
		return fmt.Sprint(w.Code, " ", w.Body)
	}
	require.Equal(t, "400 names that begin with load- or request- are run's own\n", ask("load-1", "7", "/kv/x"))
	require.Equal(t, "400 names that begin with load- or request- are run's own\n", ask("request-1", "7", "/kv/x"))
	require.Equal(t, "503 n1 is down; nothing was done\n", ask("a", "7", "/kv/x"))
	require.Equal(t, "409 the client used this number for another request, or sent a later one\n", ask("a", "6", "/kv/x"))
	require.Equal(t, "400 Raft-Client and Raft-Request go together: a name, and a number\n", ask("a", "x", "/kv/x"))
	require.Equal(t, "503 n1 is down; nothing was done\n", ask("a", "1", "/status"))
	require.NoError(t, h.close())
}
