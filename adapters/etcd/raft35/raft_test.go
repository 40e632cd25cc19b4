package raft35_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft35"
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
