//go:build overlaid

package nats_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/nats"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/spec"
)

// group is three servers and a network that brings everything, in order.
type group struct {
	t     *testing.T
	nodes map[spec.ServerID]spec.Node
}

func newGroup(t *testing.T, edits ...func(*nats.Options)) *group {
	lab, ids := nats.Servers(t, edits...), []spec.ServerID{1, 2, 3}
	g := &group{t: t, nodes: map[spec.ServerID]spec.Node{}}
	for _, id := range ids {
		g.nodes[id] = lab.Node(id, ids)
	}
	t.Cleanup(func() { require.Zero(t, lab.Stats().Divergences) })
	return g
}

// give gives a server an input and brings all that is sent because of it.
func (g *group) give(id spec.ServerID, in spec.Input) {
	g.t.Helper()
	type given struct {
		to spec.ServerID
		in spec.Input
	}
	for flight := []given{{id, in}}; len(flight) > 0; flight = flight[1:] {
		out := g.nodes[flight[0].to].Step(flight[0].in)
		require.NoError(g.t, out.Fault)
		require.False(g.t, out.Refused, "%s: %s", flight[0].to, flight[0].in)
		for _, m := range out.Sent {
			flight = append(flight, given{m.To, spec.Input{Kind: spec.Deliver, Message: *m}})
		}
	}
}

func (g *group) commits(index spec.Index, servers ...spec.ServerID) {
	g.t.Helper()
	for _, id := range servers {
		o := g.nodes[id].Observe()
		require.Equal(g.t, index, o.CommitIndex, id)
		require.Equal(g.t, index, o.LastApplied, id)
	}
}

func TestAGroupReplicates(t *testing.T) {
	g := newGroup(t)
	g.give(1, spec.Input{Kind: spec.Timeout})
	require.Equal(t, spec.Leader, g.nodes[1].Observe().Role)
	g.commits(1, 1, 2, 3)
	g.give(1, spec.Input{Kind: spec.Propose, Value: "x"})
	g.commits(2, 1, 2, 3)
	require.Equal(t, []spec.Entry{{Term: 1, Kind: spec.NoOp, Value: "voters=n1,n2,n3"}, {Term: 1, Kind: spec.Command, Value: "x"}}, g.nodes[3].Observe().Log.Entries)
}

// A server that was down comes back with what is on its disk, and is sent what it lacks.
func TestAServerCatchesUp(t *testing.T) {
	g := newGroup(t)
	g.give(1, spec.Input{Kind: spec.Timeout})
	before := g.nodes[2].Observe().Durable
	g.give(2, spec.Input{Kind: spec.Crash})
	g.give(1, spec.Input{Kind: spec.Propose, Value: "x"})
	g.give(2, spec.Input{Kind: spec.Restart})
	require.Equal(t, before, g.nodes[2].Observe().Durable)
	g.give(1, spec.Input{Kind: spec.Heartbeat}) // it asks, and is sent x
	g.give(1, spec.Input{Kind: spec.Heartbeat})
	g.commits(2, 1, 2, 3)
	require.Equal(t, g.nodes[1].Observe().Log, g.nodes[2].Observe().Log)
}

// What a crash in the middle of a step leaves is what was on disk at that moment.
func TestACrashPointLeavesWhatWasWritten(t *testing.T) {
	ids := []spec.ServerID{1, 2, 3}
	campaign := spec.Input{Kind: spec.Timeout}
	whole := nats.Servers(t).Node(1, ids).Step(campaign)
	require.Greater(t, whole.CrashPoints(), 1)
	var disks []spec.Durable
	for point := range whole.CrashPoints() {
		node := nats.Servers(t).Node(1, ids)
		campaign.Cut = point + 1
		out := node.Step(campaign)
		require.False(t, out.Refused)
		require.Equal(t, spec.UntilCrash(whole.Effects, point+1), out.Effects)
		disks = append(disks, node.Observe().Durable)
	}
	require.Equal(t, spec.Durable{}, disks[0])
	for k, e := range disks[1:] {
		writes := 0
		for _, w := range whole.Effects {
			if w.Kind == spec.Write {
				if writes++; writes == k+1 {
					require.Equal(t, w.Durable, e)
				}
			}
		}
	}
	campaign.Cut = whole.CrashPoints() + 1
	require.True(t, nats.Servers(t).Node(1, ids).Step(campaign).Refused)
}

// The world of one election, searched to the end.
func TestOneElectionHolds(t *testing.T) {
	checker.Test(t, nats.Servers(t).Node, func(c *cluster.Config, o *checker.Options) {
		*c, o.Workers = nats.World(c.New), 1
		c.Bounds.Terms, c.Bounds.Messages = 2, 1
		c.Bounds.Campaigns = 1
	})
}

// What a node owes, and is held to: see package contract.
func TestContract(t *testing.T) {
	world := nats.World(nats.Servers(t).Node)
	r := contract.Try(t.Context(), &world, contract.Options{Again: nats.Servers(t).Node, Pause: time.Millisecond, Steps: 2000})
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
}

// A leader that is asked to hand over appends that, as an entry, and follows. Who is named in it campaigns when its timer fires, and leads.
func TestALeaderHandsOver(t *testing.T) {
	g := newGroup(t, func(o *nats.Options) { o.Transfers = true })
	g.give(1, spec.Input{Kind: spec.Timeout})
	g.give(1, spec.Input{Kind: spec.Transfer, Peer: 3})
	require.Equal(t, spec.Follower, g.nodes[1].Observe().Role)
	require.Equal(t, "hand over to n3@1", g.nodes[3].Observe().Log.Entries[1].String())
	g.give(3, spec.Input{Kind: spec.Timeout})
	require.Equal(t, spec.Leader, g.nodes[3].Observe().Role)
	g.commits(3, 1, 2, 3)
	require.True(t, g.nodes[1].Step(spec.Input{Kind: spec.Transfer, Peer: 2}).Refused, "it does not lead")
	require.True(t, g.nodes[3].Step(spec.Input{Kind: spec.Transfer, Peer: 3}).Refused, "to itself")
}

// Servers leave the group and come back, one at a time; what a change makes of the group is what its entry shows.
func TestTheGroupChanges(t *testing.T) {
	g := newGroup(t)
	change := func(voters string) spec.Input {
		return spec.Input{Kind: spec.Reconfigure, Change: spec.Change{Voters: voters}}
	}
	g.give(1, spec.Input{Kind: spec.Timeout})
	for _, refused := range []spec.Change{{Voters: "n1"}, {Voters: "n1,n2,n3"}, {Voters: "n1,n2", Joint: true}, {Voters: "n1,n2", Learners: "n3"}} {
		require.True(t, g.nodes[1].Step(spec.Input{Kind: spec.Reconfigure, Change: refused}).Refused, refused)
	}
	require.True(t, g.nodes[2].Step(change("n1,n2")).Refused, "it does not lead")
	g.give(1, change("n1,n2"))
	require.Equal(t, spec.Entry{Term: 1, Kind: spec.ConfigurationChange, Value: "voters=n1,n2"}, g.nodes[1].Observe().Log.Entries[1])
	for _, id := range []spec.ServerID{1, 2} {
		require.Equal(t, []spec.ServerID{1, 2}, g.nodes[id].Observe().Config.Voters, id)
	}
	if nats.Variants().Has(spec.ConfigurationInLog) { // before that n3 does not know yet, and campaigns
		g.give(3, spec.Input{Kind: spec.Timeout})
		require.Equal(t, spec.Follower, g.nodes[3].Observe().Role)
	}
	g.give(1, change("n1,n2,n3"))
	require.Equal(t, []spec.ServerID{1, 2, 3}, g.nodes[2].Observe().Config.Voters)
	g.give(1, change("n2,n3"))
	require.Equal(t, spec.Crashed, g.nodes[1].Observe().Role, "a leader that has committed its own removal stops")
	g.give(2, spec.Input{Kind: spec.Timeout})
	require.Equal(t, spec.Leader, g.nodes[2].Observe().Role)
}

// A leader adds a server that is no part of the group when it hears from it.
func TestAnOutsiderIsAdded(t *testing.T) {
	g := newGroup(t, func(o *nats.Options) { o.Outsiders = []spec.ServerID{3} })
	require.Equal(t, []spec.ServerID{1, 2}, g.nodes[1].Observe().Config.Voters)
	g.give(1, spec.Input{Kind: spec.Timeout})
	require.Equal(t, []spec.ServerID{1, 2, 3}, g.nodes[1].Observe().Config.Voters)
}

// A leader may send what takes the place of all before, as an entry. It is carried out like any, and is on every log.
func TestASnapshotIsSentAsAnEntry(t *testing.T) {
	g := newGroup(t)
	sent := spec.Input{Kind: spec.Propose, Value: "all-is-x"}
	require.True(t, g.nodes[2].Step(sent).Refused, "it does not lead")
	g.give(1, spec.Input{Kind: spec.Timeout})
	g.give(1, sent)
	g.commits(2, 1, 2, 3)
	require.Equal(t, spec.Entry{Term: 1, Kind: spec.Command, Value: "all-is-x"}, g.nodes[3].Observe().Log.Entries[len(g.nodes[3].Observe().Log.Entries)-1])
}

// What is in a snapshot is gone from the log, comes back after a crash, and goes to a server that lacks it.
func TestASnapshotTakesThePlaceOfTheLog(t *testing.T) {
	g := newGroup(t)
	require.True(t, g.nodes[1].Step(spec.Input{Kind: spec.Compact}).Refused, "nothing was carried out")
	g.give(1, spec.Input{Kind: spec.Timeout})
	g.give(3, spec.Input{Kind: spec.Crash})
	g.give(1, spec.Input{Kind: spec.Propose, Value: "x"})
	g.give(1, spec.Input{Kind: spec.Compact})
	whole := spec.Log{Base: 2, BaseTerm: 1}
	require.Equal(t, whole, g.nodes[1].Observe().Log)
	g.give(3, spec.Input{Kind: spec.Restart})
	for range 2 {
		g.give(1, spec.Input{Kind: spec.Heartbeat})
	}
	require.Equal(t, whole, g.nodes[3].Observe().Log)
	g.commits(2, 1, 3)
	g.give(3, spec.Input{Kind: spec.Crash})
	require.Equal(t, whole, g.nodes[3].Observe().Log)
	g.give(3, spec.Input{Kind: spec.Restart})
	g.commits(2, 3)
}
