package impl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// A server that another process recovers, from what the last Sync told, is the server that lost power, and goes on like it.
func TestARecoveredServerIsTheOneThatCrashed(t *testing.T) {
	for name, o := range map[string]impl.Options{
		"the paper's":   {},
		"snapshots":     {Snapshots: true, NoOp: true},
		"async storage": {AsyncStorage: true},
		"membership":    {Membership: true, Snapshots: true, NoOp: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(3, 7, o)
			c.more = []spec.InputKind{spec.Compact, spec.Stored, spec.Reconfigure}
			onDisk := map[spec.ServerID]spec.Durable{}
			crashes := 0
			for range 3000 {
				require.Empty(t, c.step())
				id := c.servers[c.chance.IntN(len(c.servers))]
				node := c.nodes[id]
				onDisk[id] = node.Observe().Durable
				if c.chance.IntN(10) > 0 || node.Observe().Role == spec.Crashed {
					continue
				}
				crashes++
				crashed := node.(spec.Cloner).Clone()
				crashed.Step(spec.Input{Kind: spec.Crash, Lossy: true})
				recovered := impl.Recover(o, id, c.servers, onDisk[id])
				require.Equal(t, crashed.AppendState(nil), recovered.AppendState(nil))
				for _, in := range []spec.Input{{Kind: spec.Restart}, {Kind: spec.Timeout}} {
					require.Equal(t, crashed.Step(in), recovered.Step(in))
					require.Equal(t, crashed.AppendState(nil), recovered.AppendState(nil))
				}
			}
			require.Greater(t, crashes, 50)
		})
	}
}

// Servers that are told apart by name are recovered too; only their clocks begin anew.
func TestAServerWithAClockIsRecovered(t *testing.T) {
	o := impl.Options{Reads: impl.ReadByLease, NoOp: true, ElectionTicks: 3, Drift: 1}
	node := impl.Recover(o, 2, []spec.ServerID{1, 2, 3}, spec.Durable{Term: 4, VotedFor: 3})
	require.Equal(t, spec.Crashed, node.Observe().Role)
	require.False(t, node.Step(spec.Input{Kind: spec.Restart}).Refused)
	require.Equal(t, spec.Term(4), node.Observe().Term)
	require.True(t, node.Step(spec.Input{Kind: spec.Timeout}).Refused, "it may have answered a leader before it crashed, and is loyal to it")
}
