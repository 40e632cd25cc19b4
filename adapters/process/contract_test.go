package process_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
)

// The mistakes that a program can make are told by name, each as the program's and not its Raft's. Crashes and crash points are not among them: a process
// is ended, and what it is started with is what this adapter has seen it write.
func TestMistakesOfProgramsAreTold(t *testing.T) {
	for how, checks := range map[string]string{
		"state start refuses":   "takes-inputs",
		"start half-state":      "state-complete",
		"half-state":            "state-complete",
		"state start clock":     "no-clock",
		"clock":                 "no-clock same-again", // whoever has no state is given the same inputs again and again, and may be caught before it is seen why
		"state start stale":     "observation-current",
		"state start map-order": "send-order same-again",
		"map-order":             "send-order same-again", // as chance has it: the same inputs make another state, or other sends, first
	} {
		t.Run(how, func(t *testing.T) {
			config := cluster.Default(themselves(t, how, process.Options{}).Node)
			again := themselves(t, how, process.Options{})
			r := contract.Try(context.Background(), &config, contract.Options{Steps: 2000, Again: again.Node, Pause: 250 * time.Millisecond})
			require.NotNil(t, r.Failure)
			require.Contains(t, strings.Fields(checks), r.Failure.Check.Name, "%v\n%s", r.Failure, r.Failure.Story())
			require.ErrorContains(t, r.Failure, "this is the adapter, not your Raft: "+r.Failure.Check.Name+": ")
		})
	}
}

// Programs without a mistake keep the contract, whatever they can do.
func TestRightProgramsKeepTheContract(t *testing.T) {
	for _, how := range []string{"state start", "start", "load"} {
		config := cluster.Default(themselves(t, how, process.Options{}).Node)
		r := contract.Try(context.Background(), &config, contract.Options{Steps: 2000, Again: themselves(t, how, process.Options{}).Node, Pause: 250 * time.Millisecond})
		if r.Failure != nil {
			require.Fail(t, r.Failure.Error(), how)
		}
	}
}
