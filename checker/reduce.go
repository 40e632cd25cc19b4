package checker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Reductions are ways to search fewer states and come to the same verdict, as a set.
//
// What all of them keep: which states of all servers, with what happened earlier and what is left of the budgets, can be
// reached, in how few steps other than losses, and by which steps of servers. Every rule and every goal looks at nothing else, so they
// are judged on the same. Why each of them does is said where it is made: losses.go, covered.go, noops.go, symmetry.go. A reduction
// is switched off in a world in which its argument does not hold, and [Result] says so.
//
// A violation that a reduced search finds is searched for again without reductions, up to its own length, so that the execution
// that is told is the shortest and does not depend on them. Liveness is judged on a graph to which none is applied.
type Reductions uint8

// The reductions.
const (
	// Losses makes the network lose messages only where it has no room for what is sent.
	Losses Reductions = 1 << iota
	// Covered leaves out states that differ from one met before only in that fewer messages are in flight. It takes Losses in.
	Covered
	// NoOps takes messages out of the network that can change nothing any more, whatever happens.
	NoOps
	// Renaming counts states that differ only by the names of servers and values as one, as Options.Symmetry does, where that is possible.
	Renaming

	AllReductions = Losses | Covered | NoOps | Renaming

	// FastReductions are those that save time. Losses and Covered save states and memory: where a step may lose each of several messages in flight,
	// more steps lead to fewer states.
	FastReductions = NoOps | Renaming
)

var reductionNames = []string{"losses", "covered", "no-ops", "symmetry"}

// ReductionNames lists the names of the reductions, in the order of their constants.
func ReductionNames() []string { return slices.Clone(reductionNames) }

// ReductionNamed returns the reduction of that name.
func ReductionNamed(name string) (Reductions, bool) {
	k := slices.Index(reductionNames, name)
	return 1 << max(k, 0), k >= 0
}

// String lists the names of the reductions: "losses, covered", or "none".
func (r Reductions) String() string {
	if r == 0 {
		return "none"
	}
	return strings.Join(r.Names(), ", ")
}

// Names lists the names of the reductions.
func (r Reductions) Names() []string {
	var names []string
	for k, name := range reductionNames {
		if r>>k&1 != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Reduced says what became of a reduction that was asked for.
type Reduced struct {
	Name string
	Off  string // why it was not applied; "" if it was
}

// reducible reports why messages cannot be lost at no cost, on which Losses, Covered and NoOps rest; nil if they can.
func reducible(config *cluster.Config) error {
	b := config.Bounds
	switch {
	case config.Faults.Drop == cluster.Off:
		return errors.New("messages are not lost")
	case config.Faults.Drop != cluster.Unlimited:
		return errors.New("losses are counted")
	case config.Network != cluster.Unordered:
		return fmt.Errorf("the network is %s", config.Network)
	case config.Strict:
		return errors.New("what does not fit into the network leaves the model")
	case config.Duplications:
		return errors.New("the network duplicates messages by steps of its own")
	case b.Depth > 0:
		return errors.New("the bound on steps counts losses")
	case b.Messages > mostEvicted:
		return fmt.Errorf("more than %d messages in flight", mostEvicted)
	}
	return nil
}

// applicable says which of the reductions asked for can be applied in a world, and why the others cannot.
func (o *Options) applicable(config *cluster.Config) (Reductions, []Reduced) {
	var on Reductions
	var all []Reduced
	asked := o.Reduce
	if asked&Covered != 0 {
		asked |= Losses
	}
	for k, name := range reductionNames {
		one := Reductions(1) << k
		if asked&one == 0 {
			continue
		}
		err := reducible(config)
		switch {
		case o.Keep != nil && o.Keep.shared:
			err = errors.New("a search that is shared does without")
		case one == Covered && o.Keep != nil:
			err = errors.New("a search that is kept in files does without: which states are covered is known of those in memory only")
		case one == Renaming:
			err = Symmetric(config)
		case one == NoOps && err == nil && !copies(config) && (asked&Renaming == 0 || Symmetric(config) != nil):
			err = errors.New("it takes servers that can copy themselves, or symmetry")
		case one == NoOps && err == nil && !judgesTerms(o.Rules):
			err = errors.New("it takes the rule term-monotonic")
		}
		said := Reduced{Name: name}
		if err != nil {
			said.Off = err.Error()
		} else {
			on |= one
		}
		if one == NoOps && err == nil && copies(config) {
			said.Off = "a search of less than two million states does without"
		}
		all = append(all, said)
	}
	return on, all
}

// leftNothingOut reports whether a search in files, which has less memory to be made again in, was one without reductions after all.
func (r *run) leftNothingOut() bool { return r.options.Keep != nil && r.leaves&^r.wants == 0 }

// copies reports whether the servers of a world can copy themselves, without which it is slow to look ahead with them, and no-ops are guessed.
func copies(config *cluster.Config) bool {
	_, can := config.New(1, config.IDs()).(spec.Cloner)
	return can
}

// retold is how many states, at least, a search may find that tells a violation again without reductions; and how many times those of the reduced one.
const (
	retoldStates = 1 << 20
	retoldTimes  = 32
)

// retell searches again for a violation that a reduced search found, without reductions and not beyond its length (that of the search's way: the
// judge of the whole execution may see a promise broken before), so that what is told is the shortest and the same that a search without reductions tells. When that finds more states than it may, the one that was found is told,
// and is known to be the shortest if it takes no losses.
func (r *run) retell(ctx context.Context, found *Result) (*Result, error) {
	o := r.options
	o.Reduce, o.Keep = 0, nil
	if most := max(retoldStates, retoldTimes*found.Search.Distinct); o.States == 0 || o.States > most {
		o.States = most
	}
	length, took := len(found.Way), found.Search.Depth
	proved := r.prove() == nil
	for k := range found.Findings {
		found.Findings[k].Shortest = found.Findings[k].Shortest && length == took && proved
	}
	config, started := r.config, r.started
	*r = run{} // gives the memory back
	plain, err := newRun(config, o)
	if err != nil {
		return nil, err
	}
	plain.started, plain.deepest = started, length
	result, err := plain.exhaust(ctx)
	if err != nil || len(result.Findings) > 0 {
		result.Reduced = nil
		return result, err
	}
	if result.Search.Complete || ctx.Err() == nil && result.Search.Frontier > 0 && result.Search.Depth == length {
		return nil, fmt.Errorf("raftcheck is wrong: a reduced search finds %s broken in %d steps, and a search without reductions does not", found.Findings[0].Rule.Name, length)
	}
	return found, nil
}
