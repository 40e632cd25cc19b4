package coreos_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/coreos"
	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
)

// v3.1.1 has etcd#7331, and drops requests for pre-votes of an earlier term.
func TestScenarios(t *testing.T) {
	t.Run("plain", func(t *testing.T) { etcdtest.Scenarios(t, coreos.New, etcd.Options{}, 169, "R8-03/refused") })
	t.Run("all on", func(t *testing.T) {
		etcdtest.Scenarios(t, coreos.New, etcd.Options{PreVote: true, CheckQuorum: true, Transfers: true}, 171,
			"R8-03/refused", "D9.6-02/lower-term", "D9.6-02/crash")
	})
}

func TestMessagesAreComposed(t *testing.T) { etcdtest.Composes(t, coreos.New, coreos.Words) }
