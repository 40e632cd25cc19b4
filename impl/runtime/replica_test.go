package runtime_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// featured are servers with features together, as they run.
var featured = map[string]impl.Options{
	"the paper's":        {},
	"as run runs them":   {NoOp: true, ConflictHints: true, Snapshots: true, PreVote: true, CheckQuorum: true, Reads: impl.ReadByRound, MaxEntries: 64},
	"leases":             {NoOp: true, Reads: impl.ReadByLease, ElectionTicks: 10, Drift: 1},
	"sessions":           {NoOp: true, Sessions: true, Reads: impl.ReadByRound},
	"async storage":      {NoOp: true, AsyncStorage: true, Reads: impl.ReadByRound, Snapshots: true},
	"one entry a time":   {MaxEntries: 1, Snapshots: true, Transfer: true},
	"joint, as run runs": {NoOp: true, Membership: true, Joint: true, Snapshots: true},
}

// Whatever is lost, doubled, cut off and killed in the middle of a write: the rules hold, and so does linearizability.
func TestAClusterHoldsThroughChaos(t *testing.T) {
	for name, o := range featured {
		t.Run(name, func(t *testing.T) {
			kills, elections, done := 0, 0, 0
			for seed := range uint64(2) {
				f := newFake(t, 3, seed, o)
				f.addClients(3)
				f.chaos(14)
				f.run(time.Second)
				elections += f.requireHeld().Elections
				kills += f.kills
				for _, c := range f.clients {
					require.Greater(t, c.done, 5, "clients are served")
					done += c.done
				}
				if o.Snapshots {
					require.Positive(t, f.snapshots, "a snapshot is installed")
				}
				requireAlike(t, f)
			}
			t.Logf("%d kills, %d elections, %d requests", kills, elections, done)
			require.Greater(t, kills, 8)
			require.Greater(t, elections, 2)
		})
	}
}

// What the rules catch in a search they also catch in a run, where the run comes across it.
func TestMutantsAreCaughtRunning(t *testing.T) {
	for _, name := range []string{"el-vote-not-durable", "el-send-before-persist", "cm-follower-ack-unsynced", "rd-no-quorum", "rd-no-noop", "cl-dup-apply",
		"rp-erase-matching", "sn-covers-uncommitted", "cm-leader-counts-unsynced", "el-uptodate-wrong-key", "rp-ack-too-far", "cl-wait-by-index", "rd-ctx-reuse"} {
		t.Run(name, func(t *testing.T) {
			m, known := mutant.ByName(name)
			require.True(t, known)
			var broken []*spec.Rule
			for seed := uint64(0); seed < 5 && len(broken) == 0; seed++ {
				f := newFake(t, 3, seed, m.Options)
				f.addClients(3)
				f.chaos(20)
				result := f.verify()
				for _, finding := range result.Findings {
					broken = append(broken, finding.Rule)
				}
			}
			require.True(t, slices.ContainsFunc(broken, func(r *spec.Rule) bool { return slices.Contains(r.Catches, name) }), "%v", broken)
		})
	}
}

// requireAlike: once all is well, all servers have the same log.
func requireAlike(t *testing.T, f *fake) {
	f.clients = nil
	f.run(4 * time.Second)
	leaders := 0
	for _, id := range f.servers {
		a, b := f.up[id].Observe(), f.up[1].Observe()
		require.Equal(t, b.CommitIndex, a.CommitIndex, id)
		require.Equal(t, b.Log.LastIndex(), a.Log.LastIndex(), id)
		if a.Role == spec.Leader {
			leaders++
		}
	}
	require.Equal(t, 1, leaders)
}
