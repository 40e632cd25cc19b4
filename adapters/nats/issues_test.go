//go:build overlaid

package nats_test

import (
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/nats"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// issue is a fault of releases that has a number in the library's own list. It is searched for in the release that the test is built with.
type issue struct {
	row      string // the name of the execution below testdata, which the first of the releases has
	rule     string
	steps    int
	releases []string // that have it, of those that .ci/long builds with
	world    func(*cluster.Config)
}

// A follower whose log is cut takes the term of what is left of it for its own.
func TestIssue5975(t *testing.T) {
	issue{"5975", "term-monotonic", 6, []string{"2.10.22"}, func(c *cluster.Config) {
		c.Bounds.Terms, c.Bounds.Messages, c.Bounds.Campaigns = 2, 1, 1
	}}.search(t)
}

// What a leader that is asked to hand over forgets is for whom it voted in its own term: for itself.
func TestIssue7698(t *testing.T) {
	issue{"7698", "vote-once", 4, []string{"2.10.22", "2.10.23", "2.10.27", "2.11.0"}, func(c *cluster.Config) {
		c.Bounds.Terms, c.Bounds.Messages, c.Bounds.Proposals, c.Bounds.Transfers = 1, 1, -1, 1
	}}.search(t)
}

// search finds the issue, in as many steps as are known, in a release that has it. In others it must not be found, no less deep.
func (i issue) search(t *testing.T) {
	var hands cluster.Config
	i.world(&hands)
	world := nats.World(nats.Servers(t, func(o *nats.Options) { o.Transfers = hands.Bounds.Transfers > 0 }).Node)
	i.world(&world)
	rule, known := spec.RuleByName(i.rule)
	require.True(t, known)
	r, err := checker.Check(t.Context(), &world, checker.Options{Workers: 1, Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, States: 1_000_000})
	require.NoError(t, err)
	t.Logf("%s: %s, %d states, %d steps deep, %.1f s", server.VERSION, r.Verdict, r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
	if !slices.Contains(i.releases, server.VERSION) {
		require.NotEqual(t, spec.Violated, r.Verdict)
		require.GreaterOrEqual(t, r.Search.Depth, i.steps)
		return
	}
	require.Equal(t, spec.Violated, r.Verdict, r.Reason)
	require.Len(t, r.Findings[0].Trace.Records, i.steps)
	if server.VERSION == i.releases[0] {
		keeps(t, i.row, r.Findings[0].Trace)
	}
}

// A leader takes what was acknowledged to it in an earlier term for acknowledged now: n2's word that it has x, which n2 has lost since, and n4's word make a
// majority of five with n1 itself, though two have x, and n3 leads without it. In later releases that count entries of earlier terms too (#7955), n4's
// word is not enough.
func TestIssue6512(t *testing.T) {
	s := newScript(t, 5)
	s.campaigns(1, 1, 3, 4)
	for id := range spec.ServerID(4) {
		s.last(1, id+2) // n1's first entry
		s.brings(id+2, 1)
	}
	require.True(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "x"}))
	s.last(1, 2)
	s.brings(2, 1)
	s.campaigns(3, 2, 4, 5)
	s.last(3, 2)  // n3's first entry, for which n2 drops x
	s.first(3, 1) // n1 leads no more
	s.campaigns(1, 3, 4, 5)
	s.gives(4, spec.Input{Kind: spec.Tick, Peer: 4}) // in v2.10.22 it waits for what was sent to it in term 1, and was lost
	s.brings(1, 4)                                   // it asks for what it lacks
	s.brings(4, 1)
	s.brings(1, 4)
	s.brings(4, 1)
	require.Len(t, s.world.Observe(4).Log.Entries, 3)
	for s.world.Observe(3).Role == spec.Leader {
		s.first(1, 3) // at last n1's request for n3's vote in term 3
	}
	s.campaigns(3, 4, 2, 5)
	s.breaks("6512", "leader-completeness", "n3 becomes leader of term 4 with voters=n1,n2,n3,n4,n5@2 at index 2, where x@1 was committed by term 3", "2.10.22", "2.10.23", "2.10.27")
}

// A follower that voted in a later term takes entries from the leader of the earlier one, since it asked for them before. n1 commits an entry for it that the
// leader that n3 voted for has not got.
func TestIssue6072(t *testing.T) {
	s := newScript(t, 3)
	s.campaigns(1, 1, 2)
	s.last(1, 2)
	s.brings(2, 1) // n1's first entry is committed
	s.last(1, 3)   // n3 asks for what it lacks
	require.True(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "x"}))
	s.brings(3, 1)
	s.campaigns(2, 2, 3)
	s.brings(1, 3)
	s.brings(3, 1)
	s.brings(2, 1)
	s.breaks("6072", "leader-completeness", "n1 has committed x@1 at index 2, where n2, leader of term 2, has voters=n1,n2,n3@2", "2.10.22")
}

// Two leaders each add a server that they hear from, before they have committed anything in their term: n1 in term 1, to itself and n5 only, and n2 in term 2. n2 commits
// with n3 and n6, a majority of its five, and n1 is elected by n4 and n5, a majority of its own five.
func TestTwoServersAreAddedAtOnce(t *testing.T) {
	s := newScript(t, 6, 5, 6)
	s.campaigns(1, 1, 2, 3)
	s.brings(1, 5) // n1's first entry, which n5 acknowledges: it is no part of the group, and n1 adds it
	s.brings(5, 1)
	require.Equal(t, []spec.ServerID{1, 2, 3, 4, 5}, s.world.Observe(1).Config.Voters)
	s.campaigns(2, 2, 3, 4)
	s.last(2, 6)
	s.brings(6, 2)
	require.Equal(t, []spec.ServerID{1, 2, 3, 4, 6}, s.world.Observe(2).Config.Voters)
	for _, id := range []spec.ServerID{3, 6} {
		s.brings(2, id)
		s.brings(id, 2)
	}
	require.EqualValues(t, 2, s.world.Observe(2).CommitIndex)
	s.first(2, 1) // n2's request for n1's vote in term 2
	s.campaigns(1, 3, 4, 5)
	s.breaks("added-at-once", "leader-completeness", "n1 becomes leader of term 3 with voters=n1,n2,n3,n4@1 at index 1, where voters=n1,n2,n3,n4@2 was committed by term 2", "2.15.3", "2.11.17", "2.12.5", "2.12.6", "2.14.10")
}

// A snapshot that is sent as an entry is kept, when it is committed, under the index that was committed when it was sent and the term of the entry right before it. n2 sends one as
// its second entry, while entry 1 of term 1 is all that is committed: entry 1 is of term 2 in what it keeps, and entry 2, which comes after, of term 1.
func TestASentSnapshotIsOfAnotherTerm(t *testing.T) {
	s := newScript(t, 3)
	s.campaigns(1, 1, 2)
	s.last(1, 2)
	s.brings(2, 1)
	require.True(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "x"}))
	s.brings(1, 2)
	s.campaigns(2, 2, 1)
	require.True(t, s.gives(2, spec.Input{Kind: spec.Propose, Value: "all-is-y"}))
	s.brings(2, 1)
	s.brings(1, 2)
	s.breaks("sent-snapshot", "log-terms-ordered", "n2 has x@1 at index 2 after an entry of term 2", "2.15.3", "2.11.17", "2.12.5", "2.12.6", "2.14.10")
}
