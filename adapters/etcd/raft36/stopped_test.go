package raft36

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// stopped searches a world and returns the fault that stops it.
func stopped(t *testing.T, start etcd.Start) *checker.Fault {
	t.Helper()
	release := func(o etcd.Options) spec.Factory { return etcd.New(start, o) }
	_, err := checker.Check(context.Background(), etcdtest.Small(release, etcd.Options{}), checker.Options{})
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault)
	return fault
}

// A key that leaves out what matters is found by the audit, which names what came of it.
func TestAnIncompleteStateKeyIsStopped(t *testing.T) {
	key := statekey.New(
		statekey.Skip("go.etcd.io/raft/v3.raft", "Vote", "heartbeatElapsed", "electionElapsed", "randomizedElectionTimeout", "tick", "logger", "traceLogger"),
		statekey.Skip("go.etcd.io/raft/v3.RawNode", "prevHardSt"),
		statekey.Skip("go.etcd.io/raft/v3.raftLog"), statekey.Skip("go.etcd.io/raft/v3.MemoryStorage"),
	)
	fault := stopped(t, func(id uint64, o *etcd.Options, disk *etcd.Disk) etcd.Library { return start(key, id, o, disk) })
	require.ErrorContains(t, fault, "two histories that end in equal AppendState bytes behave differently")
	t.Log(fault)
}

// moody sends its messages in one order or the other.
type moody struct {
	etcd.Library
	turn *int
}

func (m moody) Ready() etcd.Ready {
	rd := m.Library.Ready()
	if *m.turn++; *m.turn%7 == 0 {
		slices.Reverse(rd.Messages)
	}
	return rd
}

func (m moody) Difference(other etcd.Library) string {
	return m.Library.Difference(other.(moody).Library)
}

func TestAServerThatIsNotDeterministicIsStopped(t *testing.T) {
	turn := 0
	key := newKey(&etcd.Options{})
	fault := stopped(t, func(id uint64, o *etcd.Options, disk *etcd.Disk) etcd.Library {
		return moody{start(key, id, o, disk), &turn}
	})
	require.ErrorContains(t, fault, "the node is not deterministic")
	t.Log(fault)
}

// A crash at a point that the step does not have is refused, and nothing happens.
func TestACrashPointThatIsNotThereIsRefused(t *testing.T) {
	servers := []spec.ServerID{1, 2, 3}
	node, twin := New(etcd.Options{})(1, servers), New(etcd.Options{})(1, servers)
	node.Step(spec.Input{Kind: spec.Timeout})
	twin.Step(spec.Input{Kind: spec.Timeout})
	require.True(t, node.Step(spec.Input{Kind: spec.Timeout, Cut: 9}).Refused)
	require.Equal(t, twin.AppendState(nil), node.AppendState(nil))
	require.Empty(t, node.(spec.Differ).Difference(twin))

	require.Len(t, node.Step(spec.Input{Kind: spec.Timeout, Cut: 2}).Effects, 1, "the write, and not the sync after it")
	require.Equal(t, spec.Crashed, node.Observe().Role)
	require.Equal(t, spec.Term(2), node.Observe().Term)
	require.Equal(t, spec.Term(1), node.Observe().Durable.Term)
	node.Step(spec.Input{Kind: spec.Restart})
	require.Equal(t, spec.Term(2), node.Observe().Durable.Term, "what was written is synced before anything is promised")
}
