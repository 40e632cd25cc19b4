package hashicorp_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// whole are the tests that are not run again with other versions: this one, those that take long, and what older versions have not got.
const whole = "^(TestOtherVersions|TestTwoElectionsHold|TestEqualStatesBehaveAlike|TestStatementIsPublished|TestPreemption|TestCommittedLogsAreRestored)$"

// go.mod names the newest version. Beside it, vX.mod is the same module with version X: the tests pass with each, to the same counts.
func TestOtherVersions(t *testing.T) {
	files, err := filepath.Glob("v*.mod")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".mod"), func(t *testing.T) {
			out, err := exec.Command("go", "test", "-count=1", "-skip", whole, "-modfile="+file, ".").CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}
