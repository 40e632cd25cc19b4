//go:build long

package raft37_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd/etcdtest"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft37"
)

// etcd issue 20418 is mended.
func TestLongAContextIsReused(t *testing.T) { etcdtest.ReuseNotFound(t, raft37.New, true) }
