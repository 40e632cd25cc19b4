package hashicorp_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Tests that are not run again with other versions: this one and what older versions have not got, and those that take long, but for those that TestLongOtherVersions
// runs.
const (
	newest  = "TestOtherVersions|TestTwoElectionsHold|TestEqualStatesBehaveAlike|TestStatementIsPublished|TestPreemption|TestCommittedLogsAreRestored"
	lasting = "TestServersAreInterchangeable|TestFeaturesHold|TestNextIndexFallsToMatchIndex|TestACandidateStaysOneAfterASnapshot"
)

// go.mod names the newest version. Beside it, vX.mod is the same module with version X: the tests pass with each, to the same counts.
func TestOtherVersions(t *testing.T) { otherVersions(t, newest+"|"+lasting) }

func otherVersions(t *testing.T, skip string) {
	t.Helper()
	files, err := filepath.Glob("v*.mod")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".mod"), func(t *testing.T) {
			out, err := exec.Command("go", "test", "-count=1", "-skip", "^("+skip+")$", "-modfile="+file, ".").CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}
