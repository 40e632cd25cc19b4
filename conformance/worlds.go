package conformance

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// World is one of the small worlds of the suite.
type World struct {
	Name    string // "core/crash"
	Profile spec.Profile
	About   string         // what happens in it, a phrase
	asks    spec.InputKind // what servers must take for it; 0 is nothing besides the core
	variant []spec.Variant // of which one must be declared; nil is nothing
	live    bool           // executions without end are judged in it
	set     func(*cluster.Config)
}

// Worlds lists the worlds, in the order in which they are searched.
var Worlds = []*World{
	{Name: "core/elections", Profile: spec.Core, About: "three elections, two commands, messages lost and reordered",
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals = 3, 2, 3, 2
		}},
	{Name: "core/messages", Profile: spec.Core, About: "two elections and a command, two messages in flight, one of which may arrive twice",
		set: func(c *cluster.Config) {
			c.Bounds.Messages, c.Faults.Duplicate = 2, 1
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals = 2, 1, 2, 1
		}},
	{Name: "core/crash", Profile: spec.Core, About: "two elections and two commands, one crash at any point of any step",
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Crash = 2, 2, 2, 2, 1
		}},
	{Name: "core/endless", Profile: spec.Core, About: "two servers, executions without end", live: true,
		set: func(c *cluster.Config) { c.Servers, c.Bounds.Terms, c.Bounds.Log, c.Bounds.Messages = 2, 2, 1, 2 }},
	{Name: "storage/power", Profile: spec.Storage, About: "a crash may lose what was not synced",
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Crash, c.Faults.Lossy = 2, 1, 3, 1, 1, true
		}},
	{Name: "storage/error", Profile: spec.Storage, About: "a disk refuses a write", asks: spec.StorageError,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Storage = 2, 1, 2, 1, 1
		}},
	{Name: "snapshot/install", Profile: spec.Snapshot, About: "logs are compacted and snapshots installed", asks: spec.Compact,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Compactions = 2, 2, 2, 2, 1
		}},
	{Name: "snapshot/crash", Profile: spec.Snapshot, About: "the same with a crash", asks: spec.Compact,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Compactions, c.Faults.Crash = 2, 1, 2, 1, 1, 1
		}},
	{Name: "membership/one", Profile: spec.Membership, About: "the configuration is changed once, two elections", asks: spec.Reconfigure,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Changes = 2, 3, 2, -1, 1
		}},
	{Name: "membership/two", Profile: spec.Membership, About: "it is changed twice", asks: spec.Reconfigure,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Changes = 2, 4, 2, -1, 2
		}},
	{Name: "read/two-leaders", Profile: spec.Read, About: "reads while leaders change", asks: spec.ReadIndex,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Reads = 2, 2, 2, 1, 2
		}},
	{Name: "read/crash", Profile: spec.Read, About: "reads, a command and a crash", asks: spec.ReadIndex,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Reads, c.Faults.Crash = 2, 2, 2, 1, 1, 1
		}},
	{Name: "read/lease", Profile: spec.Read, About: "reads under a lease, two elections, clocks that differ", asks: spec.ReadIndex,
		variant: []spec.Variant{spec.LeaseReads},
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Reads = 2, 1, 2, -1, 1
		}},
	{Name: "prevote/elections", Profile: spec.PreVoting, About: "pre-votes or checks for a majority, three election timeouts and a crash",
		variant: []spec.Variant{spec.PreVotes, spec.PreVotesBySome, spec.ChecksQuorum},
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Faults.Crash = 2, 1, 4, 1, 1
		}},
	{Name: "transfer/handover", Profile: spec.PreVoting, About: "a leader is asked to hand over", asks: spec.Transfer,
		set: func(c *cluster.Config) {
			c.Bounds.Terms, c.Bounds.Log, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Transfers = 3, 1, 2, 1, 1
		}},
}

// config is the world with the servers of a subject in it. Terms and logs are counted from where its servers begin, and a no-op of each leader
// finds room.
func (w *World) config(of *cluster.Config) cluster.Config {
	c := cluster.Config{Servers: of.Servers, New: of.New, Inputs: of.Inputs, Values: of.Values, Changes: of.Changes, Variants: of.Variants, OutOfReach: of.OutOfReach,
		Network: of.Network, Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Messages: 1}}
	w.set(&c)
	first := of.New(1, of.IDs()).Observe()
	c.Bounds.Terms += first.Term
	c.Bounds.Log += first.Log.LastIndex() + 1
	if w.Profile == spec.Read {
		c.Bounds.Ticks, c.Bounds.Drift = of.Bounds.Ticks, of.Bounds.Drift
	}
	if c.Inputs != nil && w.asks != 0 && w.asks != spec.StorageError {
		c.Inputs = besides(c, w.asks)
	}
	return c
}

// besides adds what a world asks for to the inputs that a subject lists itself.
func besides(c cluster.Config, kind spec.InputKind) func(spec.ServerID) []spec.Input {
	own, world := c.Inputs, c
	return func(id spec.ServerID) []spec.Input {
		all := own(id)
		for _, in := range world.DefaultInputs(id) {
			if in.Kind == kind && !slices.ContainsFunc(own(id), func(known spec.Input) bool { return known.Kind == kind }) {
				all = append(all, in)
			}
		}
		return all
	}
}

// unfit says why a world is not for a subject: what it has not got, and how that was seen; "" if it is.
func (w *World) unfit(r *run) string {
	if c := w.config(&r.World); c.Servers != r.World.Servers && r.World.Variants.Has(spec.FlexibleQuorums) {
		return fmt.Sprintf("the quorums that it declares are those of %d servers", r.World.Servers)
	}
	if w.asks != 0 && r.lacks(w.asks) != "" {
		return r.lacks(w.asks)
	}
	if w.variant != nil && !slices.ContainsFunc(w.variant, r.World.Variants.Has) {
		return "it declares none of " + list(w.variant)
	}
	return ""
}
