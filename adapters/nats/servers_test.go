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

func newGroup(t *testing.T) *group {
	lab, ids := nats.Servers(t), []spec.ServerID{1, 2, 3}
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
	require.Equal(t, []spec.Entry{{Term: 1, Kind: spec.NoOp}, {Term: 1, Kind: spec.Command, Value: "x"}}, g.nodes[3].Observe().Log.Entries)
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
