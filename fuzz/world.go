package fuzz

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Default is the world of a campaign: larger than what can be searched to the end, with every fault on and none of them counted.
// Three servers, five terms, logs of up to five entries, eight messages in flight that may be lost, duplicated and reordered, crashes
// that may lose what was not synced, and partitions.
func Default(node spec.Factory) cluster.Config { return Enlarge(cluster.Default(node)) }

// Enlarge makes a world that is searched to the end one for a campaign: bounds at least as large as those of Default, every fault on, and
// no budget but for what servers are asked for only so often. What the implementation takes, declares and cannot reach stays. A strict
// world, raft.tla's, keeps its faults: it has no others. Storage fails only where it may already: most implementations cannot be told
// that it did. On a FIFO network messages arrive twice only where they may already: a connection brings each once.
func Enlarge(c cluster.Config) cluster.Config {
	b := &c.Bounds
	b.Terms, b.Log, b.Messages = max(b.Terms, 5), max(b.Log, 5), max(b.Messages, 8)
	b.Campaigns, b.Proposals, b.Depth = 0, 0, 0
	if !c.Strict {
		failing := c.Faults.Storage
		if failing != cluster.Off {
			failing = cluster.Unlimited
		}
		twice := cluster.Unlimited
		if c.Network == cluster.FIFO && c.Faults.Duplicate == cluster.Off {
			twice = cluster.Off
		}
		c.Faults = cluster.Faults{Drop: cluster.Unlimited, Duplicate: twice, Crash: cluster.Unlimited, Lossy: true, Partition: cluster.Unlimited, Storage: failing}
	}
	return raised(c)
}

// raised allows more of what servers are asked for only so often, as far as all budgets can be counted together.
func raised(c cluster.Config) cluster.Config {
	for _, most := range []int{cluster.MaxBudget, 3} {
		larger := c
		b := &larger.Bounds
		for _, asked := range []*int{&b.Compactions, &b.Transfers, &b.Changes, &b.Reads, &b.Ticks} {
			if *asked > 0 {
				*asked = max(*asked, most)
			}
		}
		if counts(larger) {
			return larger
		}
	}
	return c
}

// counts reports whether the budgets of a world can be counted together.
func counts(c cluster.Config) bool {
	if c.New == nil {
		c.New = func(spec.ServerID, []spec.ServerID) spec.Node { return nil }
	}
	return c.Validate() == nil
}
