package raft36_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft36"
)

func TestScenarios(t *testing.T) {
	for _, o := range []etcd.Options{{}, {PreVote: true, CheckQuorum: true, Transfers: true}} {
		etcdtest.Scenarios(t, raft36.New, o, 1)
	}
}
