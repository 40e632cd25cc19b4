// Package order lets the raftcheck command work with implementations that it does not hold itself, because they would bring their
// dependencies along: it gives a program that holds one an order, as a file, and reads from another file what came of it.
package order

import (
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Order is what is to be done, as JSON.
type Order struct {
	Do      Task
	Name    string   // of the implementation, as in --impl
	Choices []string // what followed its name

	Nodes, Values int
	Network       cluster.Network
	Bounds        cluster.Bounds
	Faults        cluster.Faults
	Changes       []spec.Change // null is cluster.Config.AllChanges
	Variants      spec.Variants // all that are declared; null leaves those of the implementation

	Rules    []string            // ids of what is judged
	Known    map[string][]string // shapes of breaches that do not count, by the ids of their rules
	Goals    []string            // names; null is every goal that the bounds let happen
	Memory   int                 // bytes; 0 is no bound
	Symmetry bool                // states that differ only in names count as one
	Reduce   checker.Reductions
	Keep     *checker.Keep     // of Search: where it is kept; null is in memory. Of Share: where it is shared
	Seed     uint64            // of Fuzz and Conform
	Level    conformance.Level // of Conform
	Profiles []spec.Profile    // of Conform
	Suite    string            // of Conform: its version
	Campaign Campaign          // of Fuzz
	Limit    time.Duration     // 0 is none
	Progress time.Duration     // how often to print how far a search has come; 0 is never

	Trace     string // file: of a search, where the execution of a violation is written; else the trace to run
	Happened  string // file: where a replay writes what happened, and Shrink the short trace
	Automaton string // file: where what was learnt is written
}

// Campaign is what an order says of a campaign, as fuzz.Options do.
type Campaign struct {
	Strategies           []fuzz.Strategy
	Runs, Steps, Vectors uint64
	Length               int
	Workers              int
	Shard, Shards        int
}

// Task is the kind of an order.
type Task string

// The tasks.
const (
	Search Task = "search" // search the world
	Share  Task = "share"  // do parts of a search of the world that programs share (Parts), on standard input and output
	Learn  Task = "learn"  // learn what each server does in the world
	Replay Task = "replay" // run a trace again
	Shrink Task = "shrink" // make a trace as short as possible
	Fuzz   Task = "fuzz"   // make a campaign of random executions

	Conform Task = "conform" // put the implementation through the suite
	Explore Task = "explore" // hold the world, and answer questions about it (package explore) until there are no more
	Serve   Task = "serve"   // be its servers, for a Remote on standard input and output, until that ends
)

// Outcome is what came of it, as JSON.
type Outcome struct {
	Fault   string             // it ended with this fault of the implementation; nothing else counts then
	Story   string             // checker.Fault.Story of it
	Problem string             // it could not be done; nothing else counts then
	Unfit   bool               // the problem is with where the search is kept
	Nothing bool               // there was nothing to shrink: the trace breaks no rule; or nobody asked what was found
	Tried   int                // executions that Shrink tried
	Differs *traces.Difference // of a replay

	Verdict  spec.Verdict
	Reason   string
	Search   checker.Stats
	Reduced  []checker.Reduced // what became of the reductions that were asked for
	Faults   int               // of the execution that Search found, and whether none as short has fewer
	Fewest   bool
	Longer   bool            // there may be a shorter one
	Goals    map[string]int  // how often they were reached
	Possible map[string]bool // which of them the bounds let happen
	Void     []string        // ids of rules that were not judged
	Untried  []string        // ids of rules that nothing put to the test

	Campaign *fuzz.Stats // of Fuzz, in place of Search
	Found    fuzz.Found

	Statement *conformance.Statement // of Conform
	Failed    string                 // the error that ended it, of the adapter or the implementation; "" for none
}

// Has reports whether something was chosen.
func (o *Order) Has(choice string) bool { return slices.Contains(o.Choices, choice) }

// World puts what the order says of a world into one.
func (o *Order) World(c *cluster.Config) {
	c.Servers, c.Values, c.Network, c.Bounds, c.Faults, c.Changes = o.Nodes, o.Values, o.Network, o.Bounds, o.Faults, o.Changes
	if o.Variants != nil {
		c.Variants = o.Variants
	}
}

// options puts what the order says of a search into its options.
func (o *Order) options(search *checker.Options) {
	search.Name, search.Memory, search.Keep, search.Symmetry, search.Reduce = o.Name, o.Memory, o.Keep, o.Symmetry, o.Reduce
	search.Rules = []*spec.Rule{}
	for _, r := range judgeable() {
		if slices.Contains(o.Rules, r.ID) {
			search.Rules = append(search.Rules, r.Overlooking(o.Known[r.ID]))
		}
	}
	if o.Goals != nil {
		search.Goals = []*spec.Goal{}
	}
	for _, g := range spec.Goals {
		if slices.Contains(o.Goals, g.Name) {
			search.Goals = append(search.Goals, g)
		}
	}
}

// judgeable lists the rules about steps, and behind them what is no promise and yet can be asked for.
func judgeable() []*spec.Rule {
	all := slices.Clone(spec.Rules)
	for _, g := range spec.DebugGoals {
		all = append(all, g.Invariant)
	}
	return all
}

// outcome is a verdict, without the execution of a violation.
func outcome(verdict spec.Verdict, reason string, goals []checker.GoalVerdict, rules []checker.RuleVerdict) *Outcome {
	out := &Outcome{Verdict: verdict, Reason: reason, Goals: map[string]int{}, Possible: map[string]bool{}}
	for _, g := range goals {
		out.Goals[g.Goal.Name], out.Possible[g.Goal.Name] = g.Reached, g.Possible
	}
	for _, v := range rules {
		if v.Void {
			out.Void = append(out.Void, v.Rule.ID)
		}
		if v.Untried {
			out.Untried = append(out.Untried, v.Rule.ID)
		}
	}
	return out
}
