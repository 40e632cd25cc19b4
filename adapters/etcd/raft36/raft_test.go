package raft36_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft36"
)

func TestFeatures(t *testing.T) { etcdtest.Features(t, raft36.New) }

// etcd issue 14370, which v3.5 has, is mended: a single voter counts its own copy when that is written.
func TestCommittedWhenDurable(t *testing.T) {
	c := etcdtest.Small(raft36.New, etcd.Options{})
	c.Servers = 1
	etcdtest.Held(t, c)
}

// With asynchronous storage a candidate asks for votes before its term and its vote for itself are on disk.
func TestAsynchronousStorage(t *testing.T) {
	etcdtest.Broken(t, etcdtest.Small(raft36.New, etcd.Options{AsyncStorage: true}), "R5.6-01", 1,
		"sends RequestVote of term 1 while its disk holds term 0")
}

// What may come of it: a candidate crashes, comes back with a shorter log, campaigns in the same term again, and counts a vote that
// was given to its longer log. It leads without an entry that was committed.
func TestAsynchronousStorageLosesACommittedEntry(t *testing.T) {
	story := etcdtest.CommittedEntryLost(t, raft36.New)
	t.Log(story)
	require.Contains(t, story, "leader-completeness: n1 becomes leader of term 2 with no-op@2 at index 1, where no-op@1 was committed by term 1")
}

// What a release does in etcdtest.World: all rules hold in all executions.
func TestAcceptance(t *testing.T) {
	r := etcdtest.Held(t, etcdtest.World(raft36.New, etcd.Options{}))
	require.Equal(t, 930, r.Search.LocalStates)
	require.Equal(t, 300, r.Search.Messages)
}

func TestEveryRunIsTheSame(t *testing.T) { etcdtest.EveryRunIsTheSame(t, raft36.New) }

func TestServersAreInterchangeable(t *testing.T) { etcdtest.Interchangeable(t, raft36.New) }

func TestCopiesAreApart(t *testing.T) { etcdtest.CopiesAreApart(t, raft36.New) }

func TestAutomaton(t *testing.T) { etcdtest.Automaton(t, raft36.New, "v3.6.0", raft36.Words) }

func Benchmark(b *testing.B) { etcdtest.Benchmarks(b, raft36.New) }

// etcd issue 20418: replies to heartbeats confirm a read by its context, so a late one to an earlier read of that context does, too.
func TestAContextIsReused(t *testing.T) {
	require.Contains(t, etcdtest.ContextReused(t, raft36.New), "R8-02 linearizability: n1 answers a read at index 1, and n2 had told a client of index 3")
}

// A follower that forgets its leader votes for others before its time is over.
func TestForgetLeader(t *testing.T) {
	c := etcdtest.Small(raft36.New, etcd.Options{ForgetLeader: true, CheckQuorum: true})
	c.Bounds.Campaigns = 1
	etcdtest.Held(t, c)
}
