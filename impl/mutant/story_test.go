package mutant_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/internal/script"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

var update = flag.Bool("update", false, "rewrite the output in the scripts under testdata")

// TestStories runs the story of each mutant, in which it breaks the first of its rules. The reference goes through the same and breaks none.
func TestStories(t *testing.T) {
	for _, m := range mutant.All {
		t.Run(m.Name, func(t *testing.T) {
			path := filepath.Join("testdata", m.Name+".txt")
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			got, err := script.Runner{New: only(m)}.Run(string(want))
			require.NoError(t, err)
			require.Contains(t, got.Broken, m.Rules[0])
			reference, err := script.Runner{New: impl.New, Lenient: true}.Run(string(want))
			require.NoError(t, err)
			require.Empty(t, reference.Broken)
			require.NotEqual(t, reference.Text, got.Text, "the fault changes nothing")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got.Text), 0o644))
				return
			}
			require.Equal(t, string(want), got.Text)
		})
	}
}

// only makes servers of the mutant with the options of a script, which are those that the mutant is made with.
func only(m mutant.Mutant) func(impl.Options) spec.Factory {
	return func(options impl.Options) spec.Factory {
		options.Decisions = m.Options.Decisions
		return impl.New(options)
	}
}
