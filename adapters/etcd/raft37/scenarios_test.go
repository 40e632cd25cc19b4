package raft37_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft37"
)

func TestScenarios(t *testing.T) {
	t.Run("plain", func(t *testing.T) { etcdtest.Scenarios(t, raft37.New, etcd.Options{}, 170) })
	t.Run("all on", func(t *testing.T) {
		etcdtest.Scenarios(t, raft37.New, etcd.Options{PreVote: true, CheckQuorum: true, Transfers: true}, 174)
	})
}

func TestMessagesAreComposed(t *testing.T) { etcdtest.Composes(t, raft37.New, raft37.Words) }

func TestStatementIsPublished(t *testing.T) {
	etcdtest.Published(t, raft37.New, raft37.Words, "etcd@v3.7.0:pre-vote,check-quorum", "etcd-v3.7.md")
}
