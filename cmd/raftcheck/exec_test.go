package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// TestExecStories runs the command line on programs: $RAFT is the sample server in Go.
func TestExecStories(t *testing.T) {
	raft := filepath.Join(t.TempDir(), "raft")
	out, err := exec.Command("go", "build", "-o", raft, "../../examples/servers/go").CombinedOutput()
	require.NoError(t, err, "%s", out)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/exec",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "steady": steady, "report": checkReport, "json": checkJSON,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("RAFT", raft)
			env.Setenv("RAFTCHECK_PROGRESS", "never") // how often it is shown depends on how busy the machine is
			return nil
		},
	})
}

// TestExecMistakesAreToldByName: a program whose adapter makes a mistake is told what it is before its Raft is blamed for it.
func TestExecMistakesAreToldByName(t *testing.T) {
	dir := t.TempDir()
	for name, source := range map[string]string{"raft": "../../examples/servers/go", "mistaken": "./testdata/mistaken"} {
		out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), source).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	for mistake, want := range map[string]struct {
		code int
		says string
	}{
		"refuses":    {3, "this is the adapter, not your Raft: takes-inputs: "},
		"half-state": {5, "the state leaves out something that matters later"},
		"clock":      {5, "hint: a clock, a random source, "},
		"stale":      {5, "this is the adapter, not your Raft: observation-current: "},
		"map-order":  {5, "this is the adapter, not your Raft: send-order: "},
		"panics":     {5, "index out of range"},
	} {
		for _, verb := range []string{"check", "fuzz"} {
			var out, errs bytes.Buffer
			args := []string{verb, "--save", "none", "--log", "0", "--exec", filepath.Join(dir, "mistaken") + " " + mistake + " " + filepath.Join(dir, "raft")}
			if verb == "fuzz" {
				args = append(args, "--runs", "10")
			}
			require.Equal(t, want.code, run(args, strings.NewReader(""), &out, &errs), "%s %s\n%s%s", verb, mistake, &out, &errs)
			require.Contains(t, errs.String(), want.says, "%s %s", verb, mistake)
			require.NotContains(t, out.String(), "FAIL", "%s %s", verb, mistake)
		}
	}
}
