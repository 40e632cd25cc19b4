package raft35_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft35"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// etcd issue 14370: a single voter hands out an entry as committed in the same Ready that asks for it to be written. Whoever applies
// it in parallel with the write, as the documentation allows, and then loses power, has told a client of an entry that is gone.
func TestCommittedBeforeDurable(t *testing.T) {
	c := etcdtest.Small(raft35.New, etcd.Options{})
	c.Servers = 1
	etcdtest.Broken(t, c, "R5.4.2-03", 2, "n1 tells a client that x@1 at index 2 is committed, which it knows to be on the disks of nobody")
}

// Learners do not campaign, which they did until v3.3.
func TestLearnersDoNotCampaign(t *testing.T) {
	etcdtest.Held(t, etcdtest.Small(raft35.New, etcd.Options{Learners: []spec.ServerID{3}}))
}

func TestFeatures(t *testing.T) { etcdtest.Features(t, raft35.New) }

func TestEveryRunIsTheSame(t *testing.T) { etcdtest.EveryRunIsTheSame(t, raft35.New) }

func TestServersAreInterchangeable(t *testing.T) { etcdtest.Interchangeable(t, raft35.New) }

// The first thing that v3.6 does differently: a leader does not tell a follower of its commit index twice.
func TestAutomaton(t *testing.T) {
	a := etcdtest.Automaton(t, raft35.New, "v3.5.35", raft35.Words)
	found := checker.Compare(a, etcdtest.OfModule(t, "../raft36"), 1)
	require.Len(t, found, 1)
	t.Log(found[0].String())
	require.Equal(t, [2]string{"sends AppendEntries n1->n3 term=1 prev=1@1 entries=[] commit=1 (MsgApp index=1 logTerm=1 commit=1)", "sends and writes nothing"},
		found[0].Does)
}

func Benchmark(b *testing.B) { etcdtest.Benchmarks(b, raft35.New) }
