package linearizability

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// TestWrittenHistories: a generated history of transactions that is written to a file in the native format says there what it said before.
// The environment makes it another one and says where to leave it, to be judged from the command line:
//
//	RAFTCHECK_WRITE=/tmp/h.ndjson RAFTCHECK_TRANSACTIONS=100000 RAFTCHECK_KEYS=1000 RAFTCHECK_PLANT=G2 go test -run WrittenHistories ./linearizability
//
// RAFTCHECK_PER_KEY writes to a key, and another takes its place; RAFTCHECK_SEED is another history of the kind.
func TestWrittenHistories(t *testing.T) {
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(os.Getenv(name))
		if err != nil {
			return otherwise
		}
		return n
	}
	path := os.Getenv("RAFTCHECK_WRITE")
	if path == "" {
		path = filepath.Join(t.TempDir(), "h.ndjson")
	}
	plants := plants()
	if plant, said := os.LookupEnv("RAFTCHECK_PLANT"); said || os.Getenv("RAFTCHECK_WRITE") != "" {
		plants = []string{plant}
	}
	for _, plant := range plants {
		h := generated(load{transactions: number("RAFTCHECK_TRANSACTIONS", 1000), clients: 20, keys: number("RAFTCHECK_KEYS", 10), actions: 4, readers: 0.5,
			perKey: number("RAFTCHECK_PER_KEY", 0), unknown: 0.01, plant: plant, seed: uint64(number("RAFTCHECK_SEED", 1))})
		var text bytes.Buffer
		require.NoError(t, WriteTo(&text, h))
		require.NoError(t, os.WriteFile(path, text.Bytes(), 0o666))
		read, err := ReadFile(path, ReadOptions{})
		require.NoError(t, err)
		r, err := Verify(context.Background(), read, Options{})
		require.NoError(t, err)
		if plant == "" {
			require.Equal(t, spec.Held, r.Verdict)
			continue
		}
		require.Equal(t, spec.Violated, r.Verdict, plant)
		require.Equal(t, []string{plant}, r.Anomalies)
	}
}
