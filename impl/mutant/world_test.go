package mutant_test

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
)

// world is what bounds mean to a search: messages may be lost, and crashes, power failures and duplicates have their budgets.
func world(b mutant.Bounds, options impl.Options) *cluster.Config {
	changes, err := cluster.ParseChanges(b.To)
	if err != nil {
		panic(err)
	}
	var outOfReach []string
	if options.Voters == 1 || options.Voters == 2 {
		outOfReach = []string{"candidate-yielded", "log-conflict-repaired"} // with two voters nobody wins an election that another campaigns in
	}
	if options.Voters == 1 {
		outOfReach = append(outOfReach, "vote-split") // nor is anybody refused a vote by the only voter there is
	}
	network := cluster.Unordered
	if b.FIFO {
		network = cluster.FIFO
	}
	return &cluster.Config{
		Network:    network,
		OutOfReach: outOfReach,
		Values:     b.Values,
		Servers:    b.Servers,
		New:        impl.New(options),
		Variants:   options.Variants(),
		Changes:    changes,
		Faults: cluster.Faults{
			Drop:      cluster.Unlimited,
			Duplicate: cluster.Budget(b.Duplicates),
			Crash:     cluster.Budget(b.Crashes),
			Lossy:     b.Lossy,
			Storage:   cluster.Budget(b.StorageErrors),
		},
		Bounds: cluster.Bounds{
			Terms: b.Terms, Log: b.Log, Messages: b.Messages, Campaigns: b.Campaigns, Proposals: b.Proposals, Depth: b.Depth,
			Compactions: b.Compactions, Transfers: b.Transfers, Changes: b.Changes, Reads: b.Reads, Ticks: b.Ticks, Drift: b.Drift,
		},
	}
}
