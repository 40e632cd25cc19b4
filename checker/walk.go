package checker

import (
	"context"
	"math/rand/v2"

	"github.com/raftcheck/raftcheck/cluster"
)

// walkSteps is where a random walk ends when no depth bound ends it before.
const walkSteps = 200

// walk takes random walks from the initial state over the memo, one after another. The same seed takes the same walks.
func (r *run) walk(ctx context.Context) (*Result, error) {
	random := rand.New(rand.NewPCG(r.options.Seed, 0))
	if err := r.begin(); err != nil {
		return nil, err
	}
	defer r.end()
	w := &walker{run: r, x: r.workers[0].expander, random: random}
	for r.stats.Walks < r.options.Walks {
		actions, err := w.one(ctx)
		if err != nil && ctx.Err() != nil {
			return r.result("the time was used up", nil), nil
		}
		if err != nil {
			return nil, err
		}
		r.stats.Walks++
		if actions != nil {
			findings, err := r.confirm(actions)
			if err != nil {
				return nil, err
			}
			return r.result("", findings), nil
		}
		if reason := r.outgrown(); reason != "" {
			return r.result(reason, nil), nil
		}
		if r.stats.Walks%1024 == 0 {
			r.report()
		}
	}
	return r.result("", nil), nil
}

// walker takes random walks.
type walker struct {
	*run
	x      *expander
	random *rand.Rand
}

// one takes one walk. It returns the actions of a walk that breaks a promise, else nil.
func (w *walker) one(ctx context.Context) ([]cluster.Action, error) {
	state, err := w.firstState()
	if err != nil {
		return nil, err
	}
	var way []uint16
	for depth := 1; depth <= w.longest(); depth++ {
		all, err := w.all(ctx, state)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, nil
		}
		chosen := all[w.random.IntN(len(all))]
		way = append(way, chosen.nth)
		next := make([]uint32, len(state))
		w.x.apply(next, state, chosen.move)
		w.arrive(next, depth)
		if w.breaks(chosen, next) {
			return w.follow(way)
		}
		state = next
	}
	return nil, nil
}

func (w *walker) longest() int {
	if bound := w.config.Bounds.Depth; bound > 0 {
		return bound
	}
	return walkSteps
}

// all lists the successors of a state, running node code for what the memo lacks.
func (w *walker) all(ctx context.Context, state []uint32) ([]successor, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all := w.x.successors(state)
		if len(w.x.missing) == 0 {
			for k := range w.search.goals {
				w.search.goals[k] += int(w.x.reached >> k & 1)
			}
			return all, nil
		}
		if err := w.fill(w.x.missing); err != nil {
			return nil, err
		}
	}
}

// arrive counts a state that a walk has come to.
func (w *walker) arrive(state []uint32, depth int) {
	fp := w.x.fingerprint(state)
	set := &w.seen[partitionOf(fp)]
	if set.insert(fp) {
		w.stats.Distinct++
	}
	w.stats.Transitions++
	w.stats.Depth = max(w.stats.Depth, depth)
}

// breaks reports whether a promise is broken by the chosen step or in the state it led to.
func (w *walker) breaks(chosen successor, state []uint32) bool {
	for _, nth := range w.x.broken {
		if nth == chosen.nth {
			return true
		}
	}
	for i, a := range state[:w.size] {
		for _, b := range state[:i] {
			broken, known := w.pairs.get(pairKey(a, b))
			if !known {
				w.resolvePair(a, b)
				broken, _ = w.pairs.get(pairKey(a, b))
			}
			if broken != 0 {
				return true
			}
		}
	}
	return false
}

// follow turns the choices of a walk into actions.
func (w *walker) follow(way []uint16) ([]cluster.Action, error) {
	state, err := w.firstState()
	if err != nil {
		return nil, err
	}
	var actions []cluster.Action
	for _, nth := range way {
		v := w.x.successors(state)[nth].move
		actions = append(actions, w.x.action(state, v))
		next := make([]uint32, len(state))
		w.x.apply(next, state, v)
		state = next
	}
	return actions, nil
}
