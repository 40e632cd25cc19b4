package impl_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/internal/script"
)

var update = flag.Bool("update", false, "rewrite the output in the scripts under testdata")

func TestBehaviour(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			got, err := script.Runner{New: impl.New}.Run(string(want))
			require.NoError(t, err)
			require.Empty(t, got.Broken, "the reference breaks a rule")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got.Text), 0o644))
				return
			}
			require.Equal(t, string(want), got.Text)
		})
	}
}
