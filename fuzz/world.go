package fuzz

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Default is the world of a campaign: larger than what can be searched to the end, with every fault on and none of them counted.
// Three servers, five terms, logs of up to five entries, eight messages in flight that may be lost, duplicated and reordered, crashes
// that may lose what was not synced, and partitions.
func Default(node spec.Factory) cluster.Config {
	return cluster.Config{
		Servers: 3, New: node, Values: 1,
		Faults: cluster.Faults{Drop: cluster.Unlimited, Duplicate: cluster.Unlimited, Crash: cluster.Unlimited, Lossy: true, Partition: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 5, Log: 5, Messages: 8},
	}
}
