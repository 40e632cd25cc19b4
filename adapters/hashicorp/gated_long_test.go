//go:build gates && long

package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/spec"
)

// findsPreempted searches the default world, in which a goroutine is held or goes on so often, for breaches of one rule.
func findsPreempted(t *testing.T, preemptions int, name, message string) {
	t.Helper()
	rule, known := spec.RuleByName(name)
	require.True(t, known)
	r, err := hashicorp.Check(context.Background(), t, func(s *hashicorp.Setup) {
		s.Servers.NoPreVote, s.Servers.Preempt = true, true
		s.World.Bounds.Preemptions = preemptions
		s.Search.Rules = []*spec.Rule{rule}
	})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, message, r.Findings[0].Message)
	t.Logf("%d states, %d steps deep, %d executions, %.1fs, %d divergences", r.Search.Distinct, r.Search.Depth, r.Search.Executions, r.Search.Seconds, r.Bubbles.Divergences)
}

// hashicorp/raft#695 without heartbeats as inputs: the goroutine that sends them is let go at its gate.
func TestLongGatedIssue695(t *testing.T) {
	findsPreempted(t, 1, "log-matching", "n2 has x@3 at index 3 but n1 has no-op@3 there, of the same term")
}

func TestLongGatedTermsGoBack(t *testing.T) {
	findsPreempted(t, 2, "term-monotonic", "n2 goes back from term 3 to term 2")
}
