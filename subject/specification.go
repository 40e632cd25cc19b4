package subject

import (
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

// specification is raft.tla in the bounds in which TLC's counts are known, with one entry in the log and one message in flight.
func specification() *Subject {
	return &Subject{Name: SpecName, RaftTLA: true, Takes: []spec.InputKind{}, Config: cluster.Config{
		Servers: 3, New: abstract.New, Variants: abstract.Variants, NoHistory: true, Strict: true,
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 2, Log: 1, Messages: 1},
		// In raft.tla clients know the leader, a candidate times out whether it was refused or not, and a crash is no state.
		OutOfReach: []string{"client-redirected", "crash-recovered"},
	}}
}

// Settle fills in what follows from the other settings of a world, after whoever changes them has. Only raft.tla needs it.
func (s *Subject) Settle() {
	if !s.RaftTLA {
		return
	}
	c := &s.Config
	c.Duplications = c.Bounds.Copies > 1
	s.restarts = s.restarts || c.Faults.Crash != cluster.Off
	c.Faults.Crash = cluster.Off // raft.tla crashes and restarts a server in one step, which is an input of its own
	inputs := abstract.Inputs(c.IDs(), c.ValueNames(), s.restarts)
	c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
}
