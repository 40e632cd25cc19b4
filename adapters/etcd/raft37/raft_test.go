package raft37_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft37"
	"github.com/raftcheck/raftcheck/checker"
)

func TestFeatures(t *testing.T) { etcdtest.Features(t, raft37.New) }

// etcd issue 14370, which v3.5 has, is mended: a single voter counts its own copy when that is written.
func TestCommittedWhenDurable(t *testing.T) {
	c := etcdtest.Small(raft37.New, etcd.Options{})
	c.Servers = 1
	etcdtest.Held(t, c)
}

// With asynchronous storage a candidate asks for votes before its term and its vote for itself are on disk.
func TestAsynchronousStorage(t *testing.T) {
	etcdtest.Broken(t, etcdtest.Small(raft37.New, etcd.Options{AsyncStorage: true}), "R5.6-01", 1,
		"sends RequestVote of term 1 while its disk holds term 0")
}

// What may come of it: a candidate crashes, comes back with a shorter log, campaigns in the same term again, and counts a vote that
// was given to its longer log. It leads without an entry that was committed.
func TestAsynchronousStorageLosesACommittedEntry(t *testing.T) {
	story := etcdtest.CommittedEntryLost(t, raft37.New)
	t.Log(story)
	require.Contains(t, story, "leader-completeness: n1 becomes leader of term 2 with no-op@2 at index 1, where no-op@1 was committed by term 1")
}

// What a release does in etcdtest.World: all rules hold in all executions.
func TestAcceptance(t *testing.T) {
	r := etcdtest.Held(t, etcdtest.World(raft37.New, etcd.Options{}))
	require.Equal(t, 930, r.Search.LocalStates)
	require.Equal(t, 300, r.Search.Messages)
}

func TestEveryRunIsTheSame(t *testing.T) { etcdtest.EveryRunIsTheSame(t, raft37.New) }

func TestServersAreInterchangeable(t *testing.T) { etcdtest.Interchangeable(t, raft37.New) }

func TestCopiesAreApart(t *testing.T) { etcdtest.CopiesAreApart(t, raft37.New) }

// Without reads v3.7.0 does what v3.6.0 does, step by step.
func TestAutomaton(t *testing.T) {
	a := etcdtest.Automaton(t, raft37.New, "v3.7.0", raft37.Words)
	for _, d := range checker.Compare(etcdtest.OfModule(t, "../raft36"), a, 3) {
		require.Fail(t, "a local step differs", d.String())
	}
}

func Benchmark(b *testing.B) { etcdtest.Benchmarks(b, raft37.New) }

// etcd issue 20418 is mended: heartbeats number their rounds.
func TestAContextIsReused(t *testing.T) { require.Empty(t, etcdtest.ContextReused(t, raft37.New)) }

// A follower that forgets its leader votes for others before its time is over.
func TestForgetLeader(t *testing.T) {
	c := etcdtest.Small(raft37.New, etcd.Options{ForgetLeader: true, CheckQuorum: true})
	c.Bounds.Campaigns = 1
	etcdtest.Held(t, c)
}
