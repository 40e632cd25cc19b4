package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// TestGateStories runs the gate as users do, on the sample repository with a bug and with the bug mended.
func TestGateStories(t *testing.T) {
	dir := t.TempDir()
	sample, err := filepath.Abs("../../examples/gate")
	require.NoError(t, err)
	source, err := os.ReadFile(filepath.Join(sample, "elect", "main.go"))
	require.NoError(t, err)
	for name, text := range map[string]string{"wrong": string(source), "mended": mended(t, string(source))} {
		file := filepath.Join(dir, name+".go")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
		out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), file).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/gate",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "steady": steady, "timeless": timeless, "report": checkReport, "json": checkJSON, "sarif": checkSARIF,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("WRONG", filepath.Join(dir, "wrong"))
			env.Setenv("MENDED", filepath.Join(dir, "mended"))
			env.Setenv("RAFTCHECK_PROGRESS", "never")
			for _, name := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR", "GITHUB_STEP_SUMMARY"} {
				env.Setenv(name, "")
			}
			return os.CopyFS(env.WorkDir, os.DirFS(sample))
		},
	})
}

// mended is the sample without its bug.
func mended(t *testing.T, source string) string {
	const bug, right = `if e.Role == "candidate" { // BUG: the vote may be of an earlier term`, `if e.Role == "candidate" && m.Term == e.Term {`
	require.Contains(t, source, bug)
	return strings.Replace(source, bug, right, 1)
}
