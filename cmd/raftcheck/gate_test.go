package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
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
			"exits": exits, "steady": steady, "timeless": timeless, "report": checkReport, "json": checkJSON, "sarif": checkSARIF, "alike": alike,
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

// alike compares the JSON report of a gate with that of its merged shards: they differ in that it was dealt out, and in times.
func alike(ts *testscript.TestScript, neg bool, args []string) {
	var reports [2]any
	for k, file := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &reports[k]))
		takeOut(reports[k], "shard", "seconds", "secondsInside")
	}
	assert.Equal(fatal{ts}, reports[0], reports[1], "%s and %s differ", args[0], args[1])
}

// fatal lets an assertion end a script.
type fatal struct{ *testscript.TestScript }

func (f fatal) Errorf(format string, args ...any) { f.Fatalf(format, args...) }

// takeOut takes out what stands under some names, at any depth.
func takeOut(value any, names ...string) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range names {
			delete(v, name)
		}
		for _, below := range v {
			takeOut(below, names...)
		}
	case []any:
		for _, below := range v {
			takeOut(below, names...)
		}
	}
}
