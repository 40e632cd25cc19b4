package v32_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/coreos"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
)

// etcd issue 7331 is mended: a leader answers no read before it has committed an entry of its own term.
func TestReadBeforeOwnTermCommit(t *testing.T) {
	etcdtest.Held(t, etcdtest.After(etcdtest.Small(coreos.New, etcd.Options{Reads: 1}), 1, 1))
}
