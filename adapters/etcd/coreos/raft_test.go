package coreos_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/coreos"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
)

// etcd issue 7331: a new leader answers reads at the commit index that it had as a follower, which may be behind what its
// predecessor told clients. v3.2.0 is better.
func TestReadBeforeOwnTermCommit(t *testing.T) {
	c := etcdtest.After(etcdtest.Small(coreos.New, etcd.Options{Reads: 1}), 1, 1)
	etcdtest.Broken(t, c, "R8-03", 7, "leader of term 2, answers a read at index 1, an entry of term 1")
}

func TestServersAreInterchangeable(t *testing.T) { etcdtest.Interchangeable(t, coreos.New) }
