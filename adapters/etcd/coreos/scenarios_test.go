package coreos_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/coreos"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
)

func TestScenarios(t *testing.T) {
	t.Run("plain", func(t *testing.T) { etcdtest.Scenarios(t, coreos.New, etcd.Options{}, 126) })
	t.Run("all on", func(t *testing.T) {
		etcdtest.Scenarios(t, coreos.New, etcd.Options{PreVote: true, CheckQuorum: true, Transfers: true}, 129)
	})
}

func TestMessagesAreComposed(t *testing.T) { etcdtest.Composes(t, coreos.New, coreos.Words) }
