// Code generated from ../world.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Setup is what Check searches, and how. Default fills it in, and edits change it.
type Setup struct {
	Servers Options
	// World holds bounds and faults. New is set by Check; Inputs, if it is nil, to Inputs.
	World cluster.Config
	// Search says how to search. One worker is best: the library's code runs on one processor, and most of the time goes there.
	Search checker.Options
}

// Default is a world that is searched to the end in about half a minute, and in which every goal within reach is reached:
// three servers that were bootstrapped together, two elections, a command, and messages that may be lost. The first term is 1,
// and the first entry of every log is the configuration.
func Default() Setup {
	return Setup{
		World: cluster.Config{
			Servers: 3, Variants: Variants,
			Faults: cluster.Faults{Drop: cluster.Unlimited},
			Bounds: cluster.Bounds{Terms: 3, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1},
		},
		Search: checker.Options{Workers: 1},
	}
}

// Variants are the ways in which the library differs from the paper, and what it promises besides. A leader that hears of a higher term in a reply
// becomes a follower in its own term, and takes the new one over when a request brings it. The last configuration in the log is in force.
// That it asks for pre-votes (spec.PreVotes) is not among them: judged by it, it breaks pre-vote-answered.
var Variants = spec.Variants{spec.LateTerm, spec.HeartbeatsToAll, spec.InstallsAtOnce, spec.ConfigurationInLog}

// Servers makes servers of the library with these options. The Node method of what it returns is a spec.Factory, for worlds,
// scripts and the replay of traces. It belongs to the test t and may be used only while t runs.
func Servers(t *testing.T, o Options) *bubble.Lab {
	o.key, o.bootstrapped = newKey(), map[int]*disk{}
	b := bubble.Options{ByHistory: o.ByHistory, Compose: compose}
	if !o.named {
		b.Rename = rename
	}
	return bubble.New(t, start(&o), b)
}

// Inputs lists what may happen to a server of a world besides messages, faults and restarts: its election timer fires, it sends a
// follower what it lacks (again), a client proposes a command, and what else the world has a bound for:
//
//   - spec.Transfer, with Bounds.Transfers: LeadershipTransferToServer
//   - spec.Reconfigure, with Bounds.Changes: AddVoter, AddNonvoter, DemoteVoter or RemoveServer, whichever leads to the configuration asked for
//   - spec.ReadIndex, with Bounds.Reads: VerifyLeader, or with Options.Barriers Barrier, and then a look at the state machine
//   - spec.Tick, with Bounds.Ticks: nobody answers a leader for as long as its lease lasts
//   - spec.Compact, with Bounds.Compactions: Snapshot, with nothing left of the log that it covers
//   - spec.Resume, with Bounds.Preemptions and Options.Preempt: a goroutine that is held goes on, or the timer fires for which one waits at a gate
//
// Servers also know spec.Heartbeat, for worlds that list it: the timers for heartbeats that say nothing of the log fire.
func Inputs(c *cluster.Config) func(spec.ServerID) []spec.Input {
	return func(id spec.ServerID) []spec.Input {
		inputs := []spec.Input{{Kind: spec.Timeout}}
		for _, peer := range c.IDs() {
			if peer != id {
				inputs = append(inputs, spec.Input{Kind: spec.SendAppendEntries, Peer: peer})
			}
		}
		for _, in := range c.DefaultInputs(id) {
			if in.Kind != spec.Timeout && in.Kind != spec.Heartbeat {
				inputs = append(inputs, in)
			}
		}
		if c.Bounds.Preemptions > 0 {
			for _, peer := range c.IDs() {
				if peer != id {
					inputs = append(inputs, spec.Input{Kind: spec.Resume, Gate: timerGate(peer)})
				}
			}
		}
		return inputs
	}
}
