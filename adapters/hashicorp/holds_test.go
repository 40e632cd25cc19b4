package hashicorp_test

import (
	"context"
	"os"
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
// writes of a vote.
func TestTwoElectionsHold(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of a minute, and the long ones up to a minute each")
	}
	for _, c := range []struct {
		name string
		long bool
		edit func(*hashicorp.Setup)
		want counts
	}{
		{"with pre-votes", true, func(s *hashicorp.Setup) {}, counts{291571, 1103850, 28, 1614, 438, 14496}},
		{"without pre-votes", false, func(s *hashicorp.Setup) { s.Servers.NoPreVote = true }, counts{250102, 962238, 24, 1251, 360, 12474}},
		{"longer logs", true, func(s *hashicorp.Setup) { s.Servers.NoPreVote, s.World.Bounds.Log = true, 4 }, counts{335824, 1340754, 27, 2883, 576, 20598}},
		{"a crash", true, func(s *hashicorp.Setup) {
			s.Servers.NoPreVote, s.Servers.WholeVotes, s.World.Faults.Crash = true, true, 1
		}, counts{1515633, 6860391, 26, 1662, 366, 35385}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && os.Getenv("RAFTCHECK_LONG") == "" {
				t.Skip("RAFTCHECK_LONG=1 runs it")
			}
			r, err := hashicorp.Check(context.Background(), t, c.edit)
			require.NoError(t, err)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			require.True(t, r.Search.Complete)
			require.Equal(t, c.want, countsOf(r))
			t.Logf("%.1fs, %.1fs of it in %d bubbles with %d inputs; %d audits, %d divergences",
				r.Search.Seconds, r.Bubbles.Inside.Seconds(), r.Bubbles.Bubbles, r.Bubbles.Inputs, r.Search.Audits, r.Bubbles.Divergences)
		})
	}
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
