package etcd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What both versions share is one source.
func TestSharedTestsAreUpToDate(t *testing.T) {
	copies, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	compared := 0
	for _, name := range copies {
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		head, shared, _ := strings.Cut(string(got), "\n\n")
		if !strings.HasPrefix(head, "// Code generated from ") {
			continue
		}
		want, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(string(want), `traces/record/etcd"`, `traces/record/etcd/raft36"`), shared, "%s is out of date; go generate copies it again", name)
		compared++
	}
	require.Positive(t, compared)
}
