package mutant_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/internal/script"
	"github.com/raftcheck/raftcheck/impl/mutant"
)

// Some mutants are caught by a rule about their fault long before anything is lost. These scripts, in worlds that are larger than those that
// are searched, go on until it is: two leaders in a term, or what was committed replaced.
func TestWhatIsLostInTheEnd(t *testing.T) {
	for name, lost := range map[string][]string{
		"mb-single-server-2015":      {"R5.4.1-04", "R5.4.3-01"},
		"el-unapplied-conf-campaign": {"R5.2-02"},
	} {
		t.Run(name, func(t *testing.T) {
			m, known := mutant.ByName(name)
			require.True(t, known)
			path := filepath.Join("testdata", "lost", name+".txt")
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			got, err := script.Runner{New: only(m)}.Run(string(want))
			require.NoError(t, err)
			for _, id := range lost {
				require.True(t, slices.Contains(got.Broken, id), "%s is kept: %v", id, got.Broken)
			}
			reference, err := script.Runner{New: impl.New, Lenient: true}.Run(string(want))
			require.NoError(t, err)
			require.Empty(t, reference.Broken)
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got.Text), 0o644))
				return
			}
			require.Equal(t, string(want), got.Text)
		})
	}
}
