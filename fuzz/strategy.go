package fuzz

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/checker"
)

// Strategy is a way to choose what happens next.
type Strategy uint8

// The strategies.
const (
	// Uniform: everything that may happen next is equally likely.
	Uniform Strategy = iota
	// Priorities: everything has a priority of its own, the highest goes first, and at a few moments, the depth, something
	// unlikely comes between (probabilistic concurrency testing, Burckhardt et al., ASPLOS 2010, with timers and faults as such moments).
	Priorities
	// Swarm: each run leaves out some kinds of actions and faults, and makes others likely or rare (Groce et al., ISSTA 2012).
	Swarm
	// Guided: a run repeats the beginning of one that found something new, and goes on from there as Swarm does.
	Guided
)

var strategyNames = []string{"uniform", "pct", "swarm", "guided"}

// String returns the strategy's name.
func (s Strategy) String() string { return strategyNames[s] }

// Strategies lists the names of the strategies, in the order of their constants.
func Strategies() []string { return slices.Clone(strategyNames) }

// StrategyNamed returns the strategy of that name.
func StrategyNamed(name string) (Strategy, error) {
	k := slices.Index(strategyNames, name)
	if k < 0 {
		return 0, fmt.Errorf("unknown strategy %q", name)
	}
	return Strategy(k), nil
}

// mixed is what each run of a mix draws its strategy from.
var mixed = []Strategy{Swarm, Guided, Priorities, Guided, Swarm, Uniform, Guided, Priorities}

// chooser chooses what happens next in one run after another. It belongs to one worker.
type chooser interface {
	// begin draws what the run is like and returns the most steps it should have.
	begin(w *checker.Walker, d *dice) int
	// next proposes what happens next; false when it knows of nothing more. A proposal need not be possible.
	next(w *checker.Walker, d *dice) (checker.Choice, bool)
	// did tells the chooser what a proposal led to.
	did(w *checker.Walker, c checker.Choice, h checker.Happened)
}
