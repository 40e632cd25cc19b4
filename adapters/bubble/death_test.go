package bubble_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/spec"
)

// mortal is the environment variable that makes TestMortal a test: what its server does at its second count.
const mortal = "RAFTCHECK_MORTAL"

// TestMortal is what TestAPanicBesideIsToldByTheNextProgram runs in programs of their own.
func TestMortal(t *testing.T) {
	does := os.Getenv(mortal)
	if does == "" {
		return
	}
	bubble.New(t, start(nil, false), bubble.Options{}).Node(1, servers) // another Lab of the same test
	lab := bubble.New(t, start(func(s *ticker) {
		if s.count == 2 && does == "panics" {
			panic("out of breath")
		}
	}, false), bubble.Options{})
	for _, id := range servers {
		node := lab.Node(id, servers)
		require.NoError(t, node.Step(passes).Fault)
		if id == 2 {
			require.NoError(t, node.Step(passes).Fault)
		}
	}
	require.NoError(t, lab.Fresh().Node(2, servers).Step(spec.Input{Kind: spec.Timeout}).Fault)
}

// Nobody can keep a panic in a goroutine from ending the program. The next one tells of it, step and stack, as long as it happens.
func TestAPanicBesideIsToldByTheNextProgram(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("HOME", cache)
	t.Setenv("XDG_CACHE_HOME", cache)
	runs := func(does string) (said string, passes bool) {
		t.Setenv(mortal, does)
		out, err := exec.Command(os.Args[0], "-test.run=^TestMortal$", "-test.v").CombinedOutput()
		return string(out), err == nil
	}
	noted := func() []string {
		var all []string
		require.NoError(t, filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
			if !d.IsDir() {
				all = append(all, path)
			}
			return err
		}))
		return all
	}
	said, passed := runs("panics")
	require.False(t, passed)
	require.Contains(t, said, "panic: out of breath")
	require.NotContains(t, said, "a goroutine of the server panicked")
	for range 2 {
		said, passed = runs("panics")
		require.False(t, passed)
		require.Contains(t, said, "--- FAIL: TestMortal")
		require.Contains(t, said, "a goroutine of the server panicked: out of breath")
		require.Contains(t, said, "death_test.go:", "where it happened")
		require.Len(t, noted(), 1)
	}
	said, passed = runs("lives")
	require.True(t, passed, said)
	require.Empty(t, noted())
	require.NotEmpty(t, said)
}
