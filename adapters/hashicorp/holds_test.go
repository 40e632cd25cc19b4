package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/spec"
)

// counts is what must be the same in every run.
type counts struct {
	Distinct, Transitions                    uint64
	Depth, LocalStates, Messages, Executions int
}

func countsOf(r *hashicorp.Result) counts {
	s := r.Search
	return counts{s.Distinct, s.Transitions, s.Depth, s.LocalStates, s.Messages, s.Executions}
}

// Two elections and a command, searched to the end: the library keeps every promise, as long as no crash comes between the two
// writes of a vote. The build tag long adds larger worlds, and this one without pre-votes.
func TestTwoElectionsHold(t *testing.T) { holds(t, counts{291571, 1103850, 28, 1614, 438, 14496}) }

// holds searches a world to the end, in which every promise is kept and so much is found.
func holds(t *testing.T, want counts, edit ...func(*hashicorp.Setup)) {
	t.Helper()
	r, err := hashicorp.Check(context.Background(), t, edit...)
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.True(t, r.Search.Complete)
	require.Equal(t, want, countsOf(r))
	t.Logf("%.1fs, %.1fs of it in %d bubbles with %d inputs; %d audits, %d divergences",
		r.Search.Seconds, r.Bubbles.Inside.Seconds(), r.Bubbles.Bubbles, r.Bubbles.Inputs, r.Search.Audits, r.Bubbles.Divergences)
}

// small is a world that is searched to the end in a moment: an election, in which a server may crash anywhere but between the two
// writes of a vote.
func small(s *hashicorp.Setup) {
	s.Servers.WholeVotes = true
	s.World.Faults.Crash = 1
	s.World.Bounds.Terms, s.World.Bounds.Log, s.World.Bounds.Campaigns = 2, 2, 1
	s.Search.Goals = goals("leader-elected", "entry-committed", "crash-recovered")
}

func goals(names ...string) (chosen []*spec.Goal) {
	for _, g := range spec.Goals {
		for _, name := range names {
			if g.Name == name {
				chosen = append(chosen, g)
			}
		}
	}
	return chosen
}

// Every run finds the same states. With -count=50 this is the test of determinism.
func TestCountsAreTheSame(t *testing.T) {
	r, err := hashicorp.Check(context.Background(), t, small)
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.Equal(t, counts{6003, 22788, 17, 159, 66, 1290}, countsOf(r))
}

// The differences that the library declares are there: judged without them, it breaks adopt-higher-term.
func TestDeclaredDifferenceIsReal(t *testing.T) {
	r, err := hashicorp.Check(context.Background(), t, func(s *hashicorp.Setup) { s.World.Variants = nil })
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "R5.1-02", r.Findings[0].Rule.ID)
	require.Contains(t, r.Findings[0].Message, "AppendEntriesReply")
}
