package subject

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl/mutant"
)

// Mutant is a mutant of the reference in the world in which it is known to be caught.
func Mutant(m mutant.Mutant) *Subject {
	b := m.Bounds
	changes, err := cluster.ParseChanges(b.To)
	if err != nil {
		panic("the world of mutant " + m.Name + ": " + err.Error())
	}
	network := cluster.Unordered
	if b.FIFO {
		network = cluster.FIFO
	}
	return &Subject{Name: MutantPrefix + m.Name, Takes: ofReference(&m.Options), Config: cluster.Config{
		Network: network,
		Servers: b.Servers, New: m.Factory(), Variants: m.Variants(), Changes: changes, Values: b.Values,
		Faults: cluster.Faults{Drop: cluster.Unlimited, Duplicate: cluster.Budget(b.Duplicates), Crash: cluster.Budget(b.Crashes), Lossy: b.Lossy, Storage: cluster.Budget(b.StorageErrors)},
		Bounds: cluster.Bounds{Terms: b.Terms, Log: b.Log, Messages: b.Messages, Campaigns: b.Campaigns, Proposals: b.Proposals, Depth: b.Depth,
			Compactions: b.Compactions, Transfers: b.Transfers, Changes: b.Changes, Reads: b.Reads, Ticks: b.Ticks, Drift: b.Drift},
	}}
}
