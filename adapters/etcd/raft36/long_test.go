//go:build long

package raft36_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft36"
)

// etcd issue 20418, found by a search.
func TestLongAContextIsReused(t *testing.T) { etcdtest.ReuseFound(t, raft36.New) }
