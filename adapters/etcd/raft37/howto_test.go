package raft37_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/etcd/raft37"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

// The test of docs/adapters.md.
func TestRaft(t *testing.T) {
	o := etcd.Options{PreVote: true}
	checker.Test(t, raft37.New(o), func(c *cluster.Config, _ *checker.Options) {
		c.Inputs, c.Variants, c.OutOfReach = o.Inputs(c.IDs(), "x"), o.Variants(), o.OutOfReach(c.IDs())
		c.Bounds = cluster.Bounds{Terms: 1, Log: 2, Messages: 1, Campaigns: 1, Proposals: 1}
		c.Faults = cluster.Faults{Drop: cluster.Unlimited, Crash: 1, Lossy: true}
	})
}
