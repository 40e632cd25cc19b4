//go:build overlaid && long

// What takes up to a minute: .ci/long nats

package nats_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/nats"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
)

// A leader counts an acknowledgement of an entry of an earlier term, from when it led that, and commits the entry for it.
func TestLongIssue7955(t *testing.T) {
	issue{"7955", "commit-own-term", 12, []string{"2.12.5"}, func(c *cluster.Config) { c.Bounds.Proposals = -1 }}.search(t)
}

// One election, with a crash at any write: searched to the end.
func TestLongACrashHolds(t *testing.T) {
	world := nats.World(nats.Servers(t).Node)
	world.Bounds.Terms, world.Bounds.Messages, world.Bounds.Campaigns, world.Faults.Crash = 2, 1, 1, 1
	r, err := checker.Check(t.Context(), &world, checker.Options{Workers: 1})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.True(t, r.Search.Complete)
	t.Logf("%d states, %d steps deep, %.1f s", r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
}

// Executions beyond what can be searched, with everything that may go wrong.
func TestLongFuzz(t *testing.T) {
	fuzz.Check(t, nats.Servers(t).Node, func(c *cluster.Config) {
		*c = nats.World(c.New)
		c.Values, c.Faults.Crash, c.Faults.Partition = 2, 2, 1
		c.Bounds = cluster.Bounds{Terms: 6, Log: 6, Messages: 8, Ticks: 2, Drift: 2}
	})
}
