package v33_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/coreos"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/spec"
)

// A learner that is asked to campaign does so. Since v3.4 it does not.
func TestLearnersDoNotCampaign(t *testing.T) {
	c := etcdtest.After(etcdtest.Small(coreos.New, etcd.Options{Learners: []spec.ServerID{3}}), 1, 1)
	etcdtest.Broken(t, c, "R6-09", 1, "n3 becomes candidate in term 2 and is no voter but a learner")
}
