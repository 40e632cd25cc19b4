package hashicorp_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

// With gates in the library's source, goroutines of it are held in the middle of a step: hashicorp/raft#695 without the input for heartbeats, and two leaders
// in one term.
func TestPreemption(t *testing.T) { withGates(t, "gates", "^TestGated") }

// withGates runs tests of this package that need the library with gates.
func withGates(t *testing.T, tags, tests string) {
	t.Helper()
	args := []string{"test", "-count=1", "-v", "-tags", tags, "-run", tests, "-timeout=0", "-modfile", gatedMod(t), "."}
	if *update {
		args = append(args, "-update")
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: "+strings.TrimPrefix(tests, "^"), "none was run")
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "_test.go:") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// gatedMod makes a copy of the library with gates, and a go.mod that takes it for the library.
func gatedMod(t *testing.T) string {
	t.Helper()
	printed, err := exec.Command("go", "list", "-m", "-json", "github.com/hashicorp/raft").Output()
	require.NoError(t, err)
	var library struct{ Dir, Path string }
	require.NoError(t, json.Unmarshal(printed, &library))
	f, err := os.Open("gates")
	require.NoError(t, err)
	defer f.Close()
	list, err := rewrite.Read("gates", f)
	require.NoError(t, err)
	dir := t.TempDir()
	_, err = rewrite.Copy(library.Dir, library.Path, list, filepath.Join(dir, "raft"))
	require.NoError(t, err)

	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	text := strings.Replace(string(mod), "=> ../..", "=> "+root, 1) + "\nreplace " + library.Path + " => " + filepath.Join(dir, "raft") + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gated.mod"), []byte(text), 0o666))
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gated.sum"), sum, 0o666))
	return filepath.Join(dir, "gated.mod")
}

// The gates are some of those that are proposed for the library, and whoever takes them all gets a copy of it too.
func TestGatesAreProposed(t *testing.T) {
	printed, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/hashicorp/raft").Output()
	require.NoError(t, err)
	dir := strings.TrimSpace(string(printed))
	var text strings.Builder
	require.NoError(t, rewrite.Propose(&text, dir))
	proposed, err := rewrite.Read("proposed", strings.NewReader(text.String()))
	require.NoError(t, err)
	_, err = rewrite.Copy(dir, "github.com/hashicorp/raft", proposed, t.TempDir())
	require.NoError(t, err)

	f, err := os.Open("gates")
	require.NoError(t, err)
	defer f.Close()
	listed, err := rewrite.Read("gates", f)
	require.NoError(t, err)
	for _, l := range listed {
		k := slices.IndexFunc(proposed, func(p rewrite.Function) bool { return p.Name == l.Name })
		require.GreaterOrEqual(t, k, 0, l.Name)
		require.Subset(t, proposed[k].Calls, l.Calls, l.Name)
		require.Subset(t, proposed[k].Timers, l.Timers, l.Name)
	}
}
