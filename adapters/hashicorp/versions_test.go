package hashicorp_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// go.mod names the newest version. Beside it, vX.mod is the same module with version X: the tests pass with each, to the same counts.
func TestOtherVersions(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the short tests again, once for each version")
	}
	files, err := filepath.Glob("v*.mod")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".mod"), func(t *testing.T) {
			out, err := exec.Command("go", "test", "-short", "-count=1", "-modfile="+file, ".").CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}
