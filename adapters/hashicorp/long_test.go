//go:build long

// The searches of this file take up to a minute each: go test -tags long -run Long

package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/spec"
)

// See TestTwoElectionsHold.
func TestLongTwoElectionsHoldWithoutPreVotes(t *testing.T) {
	holds(t, counts{250102, 962238, 24, 1251, 360, 12474}, func(s *hashicorp.Setup) { s.Servers.NoPreVote = true })
}

// See TestOtherVersions.
func TestLongOtherVersions(t *testing.T) { otherVersions(t, newest) }

func TestLongLogsHold(t *testing.T) {
	holds(t, counts{335824, 1340754, 27, 2883, 576, 20598}, func(s *hashicorp.Setup) { s.Servers.NoPreVote, s.World.Bounds.Log = true, 4 })
}

func TestLongACrashHolds(t *testing.T) {
	holds(t, counts{1515633, 6860391, 26, 1662, 366, 35385}, func(s *hashicorp.Setup) {
		s.Servers.NoPreVote, s.Servers.WholeVotes, s.World.Faults.Crash = true, true, 1
	})
}

// A search finds it too, among the promises that hashicorp/raft#666 does not break earlier.
func TestLongIssue695IsFound(t *testing.T) {
	r, err := hashicorp.Check(context.Background(), t, withHeartbeats, func(s *hashicorp.Setup) {
		rule, _ := spec.RuleByName("log-matching")
		s.Search.Rules = []*spec.Rule{rule}
	})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "n2 has x@3 at index 3 but n1 has no-op@3 there, of the same term", r.Findings[0].Message)
	t.Logf("%d states, %d steps deep, %.1fs", r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
}

// Searches of the library with gates, see TestPreemption.
func TestLongPreemption(t *testing.T) { withGates(t, "gates,long", "^TestLongGated") }
