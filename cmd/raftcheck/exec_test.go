package main

import (
	"os/exec"
	"path/filepath"
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
