//go:build overlaid && gates

// The tests of this file need gates in the library: go test $(go run ./with -gates gates) -run TestGated .

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

// newGatedScript makes a script of servers whose goroutines can be held.
func newGatedScript(t *testing.T, servers int) *script {
	s := &script{t: t, made: func(o *nats.Options) { o.Transfers, o.Preempt = true, true }}
	s.config = nats.World(nats.Servers(t, s.made).Node)
	s.config.Servers, s.config.Bounds = servers, cluster.Bounds{Terms: 9, Log: 9, Messages: 32, Transfers: 1, Compactions: 1, Preemptions: 3, Ticks: 1, Drift: 1}
	s.config.Faults.Crash = 1
	world, err := cluster.New(&s.config)
	require.NoError(t, err)
	s.world = world
	return s
}

// searchesGated searches so many states of a world of two elections, in which a goroutine is held once at one of some gates, for breaches of a rule.
func searchesGated(t *testing.T, rule string, most uint64, at []string, edit func(*cluster.Config)) *checker.Result {
	t.Helper()
	world := nats.World(nats.Servers(t, func(o *nats.Options) { o.Transfers, o.Preempt, o.HoldAt = true, true, at }).Node)
	world.Bounds = cluster.Bounds{Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: -1, Preemptions: 1}
	edit(&world)
	r, known := spec.RuleByName(rule)
	require.True(t, known)
	result, err := checker.Check(t.Context(), &world, checker.Options{Workers: 1, Rules: []*spec.Rule{r}, Goals: []*spec.Goal{}, States: most})
	require.NoError(t, err)
	t.Logf("%s: %s, %d states, %d steps deep, %.1f s", server.VERSION, result.Verdict, result.Search.Distinct, result.Search.Depth, result.Search.Seconds)
	return result
}

// appendsUnled are the releases with gates in which who led appends without a look at whether it still does.
var appendsUnled = []string{"2.10.23", "2.10.27", "2.11.0"}

// A leader that hands over looks whether it leads, and then appends to whom. In between it hears of a later term, and votes in it: what it appends is of that
// term, which another server leads.
func TestGatedIssue7297(t *testing.T) {
	r := searchesGated(t, "log-matching", 200_000, []string{"StepDown/sendAppendEntry"}, func(c *cluster.Config) { c.Bounds.Transfers = 1 })
	if !slices.Contains(appendsUnled, server.VERSION) {
		require.NotEqual(t, spec.Violated, r.Verdict)
		require.Greater(t, r.Search.Depth, 10)
		return
	}
	require.Equal(t, spec.Violated, r.Verdict, r.Reason)
	require.Len(t, r.Findings[0].Trace.Records, 10)
	if server.VERSION == "2.11.0" {
		keeps(t, "7297", r.Findings[0].Trace)
	}
}

// Who sends a follower what it lacks reads one entry after another, and says with each of which term it leads. In between it may lead no more and have entries of a later term in their
// place: they go out as those of a leader of the earlier one, and who takes them has an entry of a term that it does not know of.
func TestGatedEntriesOfALaterTerm(t *testing.T) {
	s := newGatedScript(t, 5)
	s.campaigns(1, 1, 2, 3)
	for _, m := range s.world.InFlight() {
		s.lose(m)
	}
	require.True(t, s.gives(1, spec.Input{Kind: spec.Heartbeat}))
	s.first(1, 3) // n3 lacks n1's first entry, and n1 is about to read it again
	require.True(t, s.gives(1, spec.Input{Kind: spec.Deliver, Message: s.queue(3, 1)[0], Gate: "runCatchup(server03)/loadEntry"}))
	s.campaigns(2, 2, 4, 5)
	s.last(2, 1) // n1 leads no more, and drops its entry
	require.True(t, s.gives(2, spec.Input{Kind: spec.Heartbeat}))
	s.last(2, 1)
	s.brings(1, 2)
	s.brings(2, 1) // and has n2's
	require.True(t, s.gives(1, spec.Input{Kind: spec.Resume}))
	s.brings(1, 3)
	s.breaks("later-term", "log-terms-ordered", "n3 in term 1 has voters=n1,n2,n3,n4,n5@2 at index 1", "2.15.3", "2.11.17", "2.12.5", "2.12.6", "2.14.10")
}

// What would have to wait for the main goroutine is not given while that is held; calls that go round it are, and what they leave for it waits.
func TestGatedMainGoroutine(t *testing.T) {
	s := newGatedScript(t, 3)
	s.campaigns(1, 1, 2, 3)
	s.brings(1, 2)
	s.brings(2, 1)
	require.False(t, s.gives(1, spec.Input{Kind: spec.Resume}), "nobody is held")
	require.False(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "x", Gate: "StepDown/stepdown"}), "nobody comes there")
	require.True(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "x", Gate: "runAsLeader/sendAppendEntry.2"}))
	require.NotZero(t, s.world.Observe(1).Unknown&spec.FieldRole, "what it is about to be is not shown")
	require.True(t, s.gives(3, spec.Input{Kind: spec.Timeout}))
	for _, in := range []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Heartbeat}, {Kind: spec.Tick, Peer: 1}, {Kind: spec.Propose, Value: "y", Gate: "runAsLeader/sendAppendEntry"},
		{Kind: spec.Propose, Value: "y", Cut: 1}, {Kind: spec.Deliver, Message: s.queue(3, 1)[0]}} {
		require.False(t, s.gives(1, in), in.String())
	}
	require.True(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "y"}))
	require.True(t, s.gives(1, spec.Input{Kind: spec.Compact}))
	require.Equal(t, spec.Index(1), s.world.Observe(1).Log.LastIndex())
	require.True(t, s.gives(1, spec.Input{Kind: spec.Resume}))
	log := s.world.Observe(1).Log
	require.Equal(t, []string{"x@1", "y@1"}, []string{log.Entries[0].String(), log.Entries[1].String()})

	require.True(t, s.gives(1, spec.Input{Kind: spec.Propose, Value: "z", Gate: "runAsLeader/sendAppendEntry.2"}))
	require.True(t, s.gives(1, spec.Input{Kind: spec.Transfer, Peer: 2}))
	require.True(t, s.gives(1, spec.Input{Kind: spec.Resume}))
	require.Equal(t, spec.Follower, s.world.Observe(1).Role)
	require.Equal(t, "hand over to n2@1", s.world.Observe(1).Log.Entries[2].String())
	if slices.Contains(appendsUnled, server.VERSION) {
		require.Equal(t, "z@1", s.world.Observe(1).Log.Entries[3].String())
	} else {
		require.Equal(t, spec.Index(4), s.world.Observe(1).Log.LastIndex(), "z is not appended once it leads no more")
	}
	require.True(t, s.gives(1, spec.Input{Kind: spec.Crash}))
	require.False(t, s.gives(1, spec.Input{Kind: spec.Restart, Gate: "StepDown/stepdown"}), "nobody is held who is not there")
	require.True(t, s.gives(1, spec.Input{Kind: spec.Restart}))
}

// A crash takes along whoever is held.
func TestGatedServersCrash(t *testing.T) {
	s := newGatedScript(t, 3)
	s.campaigns(1, 1, 2, 3)
	require.True(t, s.gives(1, spec.Input{Kind: spec.Transfer, Peer: 3, Gate: "StepDown/sendAppendEntry"}))
	require.Zero(t, s.world.Observe(1).Unknown&spec.FieldRole, "the main goroutine is not held")
	require.True(t, s.gives(1, spec.Input{Kind: spec.Crash}))
	require.True(t, s.gives(1, spec.Input{Kind: spec.Restart}))
	require.False(t, s.gives(1, spec.Input{Kind: spec.Resume}))
	require.Equal(t, spec.Index(1), s.world.Observe(1).Log.LastIndex())
}
