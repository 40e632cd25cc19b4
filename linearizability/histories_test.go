package linearizability

import (
	"bufio"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWriteHistories writes generated histories of transactions in the native format, to be judged from the command line:
//
//	RAFTCHECK_WRITE=/tmp/h.ndjson RAFTCHECK_TRANSACTIONS=100000 RAFTCHECK_KEYS=1000 RAFTCHECK_PLANT=G2 go test -run WriteHistories ./linearizability
//
// RAFTCHECK_PER_KEY writes to a key, and another takes its place; RAFTCHECK_SEED is another history of the kind.
func TestWriteHistories(t *testing.T) {
	path := os.Getenv("RAFTCHECK_WRITE")
	if path == "" {
		t.Skip("RAFTCHECK_WRITE says where to write a history")
	}
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(os.Getenv(name))
		if err != nil {
			return otherwise
		}
		return n
	}
	h := generated(load{transactions: number("RAFTCHECK_TRANSACTIONS", 1000), clients: 20, keys: number("RAFTCHECK_KEYS", 10), actions: 4, readers: 0.5,
		perKey: number("RAFTCHECK_PER_KEY", 0), unknown: 0.01, plant: os.Getenv("RAFTCHECK_PLANT"), seed: uint64(number("RAFTCHECK_SEED", 1))})
	f, err := os.Create(path)
	require.NoError(t, err)
	out := bufio.NewWriterSize(f, 1<<20)
	require.NoError(t, WriteTo(out, h))
	require.NoError(t, out.Flush())
	require.NoError(t, f.Close())
}
