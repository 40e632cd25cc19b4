//go:build overlaid && gates && long

package nats_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/nats"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// One election and a leader that hands over, with a goroutine held at any gate: searched to the end.
func TestLongGatedElectionHolds(t *testing.T) {
	world := nats.World(nats.Servers(t, func(o *nats.Options) { o.Transfers, o.Preempt = true, true }).Node)
	world.Bounds = cluster.Bounds{Terms: 2, Log: 2, Messages: 1, Campaigns: 1, Proposals: -1, Transfers: 1, Preemptions: 1}
	r, err := checker.Check(t.Context(), &world, checker.Options{Workers: 1})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.True(t, r.Search.Complete)
	t.Logf("%d states, %d steps deep, %.1f s", r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
}
