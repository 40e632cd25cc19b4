package processes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/runtime"
)

// TestHistory holds what is written of clients that name themselves and those that do not, that try again and that give up.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.ndjson")
	h, err := newHistory(path)
	require.NoError(t, err)
	command := func(client string, number uint64, op runtime.Op) runtime.Command {
		return runtime.Command{Client: client, Number: number, Op: op, Key: "k", Value: "v", Expected: "e"}
	}
	put := command("a", 1, runtime.Put)
	require.NoError(t, h.call(&put))
	h.ended(&put, &reply{}) // may come again
	require.NoError(t, h.call(&put))
	h.ended(&put, &reply{code: 204, done: true})
	require.NoError(t, h.call(&put)) // the answer was lost on its way
	h.ended(&put, &reply{code: 204, done: true})

	another := command("a", 1, runtime.Append)
	require.ErrorIs(t, h.call(&another), errReused)
	appended := command("a", 2, runtime.Append)
	require.NoError(t, h.call(&appended))
	get := command("a", 3, runtime.Get)
	require.NoError(t, h.call(&get)) // so the one before is given up
	h.ended(&appended, &reply{code: 204, done: true})
	h.ended(&get, &reply{code: 200, done: true, body: []byte("v")})
	require.ErrorIs(t, h.call(&appended), errReused)

	for _, r := range []struct {
		op runtime.Op
		*reply
	}{{runtime.Get, &reply{code: 404, done: true}}, {runtime.Replace, &reply{code: 412, done: true}}, {runtime.Create, &reply{code: 204, done: true}},
		{runtime.Delete, &reply{nothing: true}}, {runtime.Put, &reply{}}} {
		c := command("", 0, r.op)
		require.NoError(t, h.call(&c))
		h.ended(&c, r.reply)
	}
	require.NoError(t, h.close())
	require.ErrorIs(t, h.close(), os.ErrClosed)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, `{"format":"raftcheck-history","version":1}
{"client":"a","event":"call","key":"k","op":"write","value":"v"}
{"client":"a","event":"return"}
{"client":"a","event":"call","key":"k","op":"append","value":"v"}
{"client":"a","event":"unknown"}
{"client":"a","event":"call","key":"k","op":"read"}
{"client":"a","event":"return","value":"v"}
{"client":"request-4","event":"call","key":"k","op":"read"}
{"client":"request-4","event":"return","value":null}
{"client":"request-5","event":"call","from":"e","key":"k","op":"cas","to":"v"}
{"client":"request-5","event":"return","swapped":false}
{"client":"request-6","event":"call","from":null,"key":"k","op":"cas","to":"v"}
{"client":"request-6","event":"return","swapped":true}
{"client":"request-7","event":"call","key":"k","op":"write","value":null}
{"client":"request-7","event":"fail"}
{"client":"request-8","event":"call","key":"k","op":"write","value":"v"}
{"client":"request-8","event":"unknown"}
`, string(got))
}
