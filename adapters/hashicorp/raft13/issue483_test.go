package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	hashicorp "github.com/raftcheck/raftcheck/adapters/hashicorp/raft13"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// A cluster of two voters and a non-voter. Up to v1.3.2 the non-voter becomes a candidate when its election timer fires before it
// knows that its configuration is committed. From v1.3.3 on it does not, and a whole search of an election finds nothing.
func TestNonVoterCampaigns(t *testing.T) {
	r, err := hashicorp.Check(context.Background(), t, func(s *hashicorp.Setup) {
		s.Servers.Learners = []spec.ServerID{3}
		s.World.Bounds.Terms, s.World.Bounds.Campaigns = 2, 1
		s.Search.Goals = []*spec.Goal{}
	})
	require.NoError(t, err)
	if version(t) == "v1.3.2" {
		require.Equal(t, spec.Violated, r.Verdict)
		broken := map[string]string{}
		for _, f := range r.Findings {
			require.Len(t, f.Trace.Records, 1)
			broken[f.Rule.ID] = f.Message
		}
		require.Equal(t, map[string]string{
			"R6-09":   "n3 becomes candidate in term 2 and is no voter but a learner",
			"R5.2-04": "n3 is candidate in term 2 and its vote is for nobody", // it has none to give
			"R5.6-01": "n3 sends RequestVote of term 2 while its disk holds a vote for nobody, not n3",
		}, broken)
		return
	}
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.True(t, r.Search.Complete)
	t.Logf("%s: %d states, %d executions, %.1fs", version(t), r.Search.Distinct, r.Search.Executions, r.Search.Seconds)
}

// hashicorp/raft#661 is in these versions too.
func TestIssue661IsFound(t *testing.T) {
	r, err := hashicorp.Check(context.Background(), t, func(s *hashicorp.Setup) { s.World.Faults.Crash = 1 })
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "R5.6-02", r.Findings[0].Rule.ID)
}

// Whatever the version, a small world has the same states in every run, and those that differ by more than the names of servers stand for all of them.
func TestCountsAreTheSame(t *testing.T) {
	searched := func(reduce checker.Reductions) *hashicorp.Result {
		r, err := hashicorp.Check(context.Background(), t, func(s *hashicorp.Setup) {
			s.Servers.WholeVotes = true
			s.World.Faults.Crash = 1
			s.World.Bounds.Terms, s.World.Bounds.Log, s.World.Bounds.Campaigns = 2, 2, 1
			s.Search.Goals, s.Search.Reduce = []*spec.Goal{}, reduce
		})
		require.NoError(t, err)
		require.Equal(t, spec.Held, r.Verdict, r.Reason)
		return r
	}
	r := searched(0)
	require.Equal(t, [...]int{5919, 22530, 120, 42, 1425}, [...]int{int(r.Search.Distinct), int(r.Search.Transitions), r.Search.LocalStates, r.Search.Messages, r.Search.Executions})
	renamed := searched(checker.Renaming)
	require.Equal(t, []checker.Reduced{{Name: "symmetry"}}, renamed.Reduced)
	require.Equal(t, r.Search.Distinct, renamed.Search.StandsFor)
	require.Less(t, 5*renamed.Search.Distinct, r.Search.Distinct)
}
