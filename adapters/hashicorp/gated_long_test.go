//go:build gates && long

package hashicorp_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// findsPreempted searches the default world, in which a goroutine is held or goes on so often, for breaches of one rule, and returns the execution that
// it finds.
func findsPreempted(t *testing.T, preemptions int, name, message string, edit ...func(*hashicorp.Setup)) *traces.Trace {
	t.Helper()
	rule, known := spec.RuleByName(name)
	require.True(t, known)
	r, err := hashicorp.Check(context.Background(), t, append([]func(*hashicorp.Setup){func(s *hashicorp.Setup) {
		s.Servers.NoPreVote, s.Servers.Preempt = true, true
		s.World.Bounds.Preemptions = preemptions
		s.Search.Name = fmt.Sprintf("hashicorp:no-pre-vote,preempt=%d", preemptions)
		s.Search.Rules = []*spec.Rule{rule}
	}}, edit...)...)
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict, r.Reason)
	require.Equal(t, message, r.Findings[0].Message)
	t.Logf("%d states, %d steps deep, %d executions, %.1fs, %d divergences", r.Search.Distinct, r.Search.Depth, r.Search.Executions, r.Search.Seconds, r.Bubbles.Divergences)
	return r.Findings[0].Trace
}

// hashicorp/raft#695 without heartbeats as inputs: the goroutine that sends them is let go at its gate.
func TestLongGatedIssue695(t *testing.T) {
	findsPreempted(t, 1, "log-matching", "n2 has x@3 at index 3 but n1 has no-op@3 there, of the same term")
}

func TestLongGatedTermsGoBack(t *testing.T) {
	findsPreempted(t, 2, "term-monotonic", "n2 goes back from term 3 to term 2")
}

// An election in which goroutines are held where heartbeats are handled, and a leader whom nobody answers steps down. TestGatedFound runs what is found.
func findsBesideElections(t *testing.T, at, message, path string) {
	trace := findsPreempted(t, 2, "election-safety", message, func(s *hashicorp.Setup) {
		s.Servers.HoldAt = []string{"appendEntries/" + at}
		s.World.Bounds.Campaigns, s.World.Bounds.Proposals, s.World.Bounds.Ticks = 3, -1, 1
	})
	var b bytes.Buffer
	require.NoError(t, traces.Write(&b, trace))
	golden(t, path, b.String())
}

func TestLongGatedTwoLeadersAreFound(t *testing.T) {
	findsBesideElections(t, "setCurrentTerm", "n2 and n1 both lead term 2", "testdata/two-leaders-found.jsonl")
}

func TestLongGatedStaleLeaderIsFound(t *testing.T) {
	findsBesideElections(t, "setLeader", "n1 leads term 3, of which n3 takes n2 for the leader", "testdata/stale-leader.jsonl")
}
