package hashicorp_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// Worlds in which one thing besides elections and replication happens, each small enough for seconds.
func TestFeaturesHold(t *testing.T) {
	for _, w := range []struct {
		name string
		goal string
		edit func(*hashicorp.Setup)
	}{
		{"a transfer", "leadership-transferred", func(s *hashicorp.Setup) {
			s.World.Bounds.Transfers, s.World.Bounds.Terms, s.World.Bounds.Proposals = 1, 3, -1
		}},
		{"a voter is demoted", "entry-committed", demoted},
		{"a log is compacted", "snapshot-installed", func(s *hashicorp.Setup) {
			s.World.Bounds.Compactions = 1
			s.Search.Rules = without("R5.3-08") // see TestNextIndexFallsToMatchIndex
		}},
	} {
		t.Run(w.name, func(t *testing.T) {
			r := searched(t, func(s *hashicorp.Setup) { s.Search.Goals = goals(w.goal) }, w.edit)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			require.True(t, r.Search.Complete)
			t.Logf("%d states, %d steps deep, %.1fs", r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
		})
	}
}

// searched searches a world of one election by a timer.
func searched(t *testing.T, edit ...func(*hashicorp.Setup)) *hashicorp.Result {
	t.Helper()
	one := func(s *hashicorp.Setup) {
		s.Servers.NoPreVote, s.Search.Goals = true, []*spec.Goal{}
		s.World.Bounds.Terms, s.World.Bounds.Campaigns = 2, 1
	}
	r, err := hashicorp.Check(context.Background(), t, append([]func(*hashicorp.Setup){one}, edit...)...)
	require.NoError(t, err)
	return r
}

func demoted(s *hashicorp.Setup) {
	s.World.Bounds.Changes, s.World.Bounds.Proposals = 1, -1
	s.World.Changes = []spec.Change{{Voters: "n1,n2", Learners: "n3"}}
}

func without(id string) (rules []*spec.Rule) {
	for _, r := range spec.Rules {
		if r.ID != id {
			rules = append(rules, r)
		}
	}
	return rules
}

// What the search finds in v1.8.0 besides the issues that have a number. docs/adapters-hashicorp.md argues each.
func finds(t *testing.T, rule, message string, edit ...func(*hashicorp.Setup)) {
	t.Helper()
	r := searched(t, edit...)
	require.Equal(t, spec.Violated, r.Verdict, r.Reason)
	k := slices.IndexFunc(r.Findings, func(f checker.Finding) bool { return f.Rule.ID == rule })
	require.GreaterOrEqual(t, k, 0, r.Findings[0].Message)
	f := r.Findings[k]
	require.Regexp(t, message, f.Message)
	t.Logf("%s: %s; %d steps, %d states", f.Rule.ID, f.Message, len(f.Trace.Records), r.Search.Distinct)
}

// A follower that has compacted its log knows the term of no entry below its snapshot, and refuses a request that a leader repeats. The leader
// steps back, down to what the follower has acknowledged and further.
func TestNextIndexFallsToMatchIndex(t *testing.T) {
	finds(t, "R5.3-08", "n[123] will send n[123] entry 2 next and knows that it holds them up to 2", func(s *hashicorp.Setup) { s.World.Bounds.Compactions = 1 })
}

// A candidate is no follower after it took a snapshot from the leader of its own term.
func TestACandidateStaysOneAfterASnapshot(t *testing.T) {
	finds(t, "R5.2-09", "hears from n[123], the leader of term 2, and is candidate in that term", func(s *hashicorp.Setup) {
		s.World.Bounds.Compactions, s.World.Bounds.Campaigns = 1, 2
		rule, _ := spec.RuleByName("candidate-yields")
		s.Search.Rules = []*spec.Rule{rule}
	})
}

// A server without a vote campaigns when a leader hands over to it.
func TestANonVoterCampaignsAfterATransfer(t *testing.T) {
	finds(t, "R6-09", "n3 .* is no voter but a learner", func(s *hashicorp.Setup) {
		s.Servers.Learners = []spec.ServerID{3}
		s.World.Bounds.Transfers, s.World.Bounds.Terms, s.World.Bounds.Log = 1, 3, 2
	})
}

// A server grants a pre-vote in its own term, in which its vote is given.
func TestAPreVoteInTheVotersOwnTermIsGranted(t *testing.T) {
	finds(t, "D9.6-02", "answers a request for a pre-vote in term 2 with term 2", func(s *hashicorp.Setup) {
		s.Servers.NoPreVote, s.World.Bounds.Campaigns = false, 2
		s.World.Variants = append(slices.Clone(s.World.Variants), spec.PreVotes)
	})
}
