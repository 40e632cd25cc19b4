package fuzz

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/raftcheck/raftcheck/checker"
)

// outcome is what a run came to.
type outcome struct {
	strategy Strategy
	made     bool
	steps    int
	goals    uint64
	broken   bool
	way      []checker.Choice // kept if a promise is broken, or something new was seen
	features []feature        // what was not seen before the round
	used     int              // the corpus entry that it went on from; -1 for none
	err      error
}

// worker makes runs. It belongs to one goroutine at a time.
type worker struct {
	*campaign
	*checker.Walker
	choosers [len(worth) + 1]chooser
	way      []checker.Choice
	features []feature
	states   *Sketch
	vectors  *Sketch
}

func newWorker(c *campaign, alone *sync.Mutex) (*worker, error) {
	walker, err := checker.NewWalker(c.config, checker.WalkerOptions{Rules: c.options.Rules, Memory: c.options.Memory / c.options.Workers, Alone: alone})
	if err != nil {
		return nil, err
	}
	return &worker{campaign: c, Walker: walker, states: NewSketch(), vectors: NewSketch(),
		choosers: [...]chooser{Uniform: newUniform(c.config), Priorities: &priorities{config: c.config}, Swarm: newSwarm(c.config), Guided: newGuided(c.config, c.corpus)}}, nil
}

// blockRuns is how many runs a worker takes at a time.
const blockRuns = 16

// round makes so many runs. When one breaks a promise, those after it need not be made.
func (c *campaign) round(ctx context.Context, n uint64) error {
	outcomes := make([]outcome, n)
	var next, guilty atomic.Uint64
	guilty.Store(n)
	var wait sync.WaitGroup
	for _, w := range c.workers {
		wait.Go(func() {
			for {
				from := next.Add(blockRuns) - blockRuns
				for k := from; k < min(from+blockRuns, n); k++ {
					if k > guilty.Load() || ctx.Err() != nil {
						return
					}
					outcomes[k] = w.make(c.number(c.stats.Runs + k))
					if outcomes[k].broken || outcomes[k].err != nil {
						lower(&guilty, k)
					}
				}
				if from+blockRuns >= n {
					return
				}
			}
		})
	}
	wait.Wait()
	return c.settle(ctx, outcomes)
}

// lower makes a number no larger than k.
func lower(number *atomic.Uint64, k uint64) {
	for old := number.Load(); k < old && !number.CompareAndSwap(old, k); old = number.Load() {
	}
}

// settle adds up what the runs of a round have shown, in the order of their numbers, up to the first that breaks a promise. Of a round
// that was cut short, the runs up to the first that was not made count, so that making as many runs again makes the same ones.
func (c *campaign) settle(ctx context.Context, outcomes []outcome) error {
	end := slices.IndexFunc(outcomes, func(o outcome) bool { return o.broken || o.err != nil })
	if end >= 0 {
		if err := outcomes[end].err; err != nil && ctx.Err() == nil {
			return err
		} else if err != nil { // a program that is ended meanwhile gives no answer: the run was not made
			return c.settle(ctx, outcomes[:end])
		}
		c.first = &finding{outcomes[end], c.number(c.stats.Runs + uint64(end))}
		outcomes = outcomes[:end+1]
		if err := c.again(outcomes); err != nil {
			return err
		}
	} else if missing := slices.IndexFunc(outcomes, func(o outcome) bool { return !o.made }); missing >= 0 {
		outcomes = outcomes[:missing]
	}
	for k := range outcomes {
		if o := &outcomes[k]; o.made {
			c.count(o)
		}
	}
	for _, w := range c.workers {
		c.stats.States.Unite(w.states)
		c.stats.Vectors.Unite(w.vectors)
	}
	c.stats.Rounds++
	c.corpus.settle()
	c.seen.settle()
	return nil
}

// again makes the runs of the last round once more, so that the sketches know of no run that came after the guilty one.
func (c *campaign) again(outcomes []outcome) error {
	for _, w := range c.workers {
		w.states, w.vectors = NewSketch(), NewSketch()
	}
	for k := range outcomes {
		if o := c.workers[0].make(c.number(c.stats.Runs + uint64(k))); o.err != nil {
			return o.err
		}
	}
	return nil
}

// count adds one run to what was covered, and keeps its beginning when it showed something new.
func (c *campaign) count(o *outcome) {
	c.stats.Runs++
	c.stats.Steps += uint64(o.steps)
	c.stats.Longest = max(c.stats.Longest, o.steps)
	by := &c.stats.ByStrategy[o.strategy]
	by.Runs++
	by.Steps += uint64(o.steps)
	for rest := o.goals; rest != 0; rest &= rest - 1 {
		c.stats.reached[bits.TrailingZeros64(rest)]++
	}
	if o.used >= 0 {
		c.corpus.entries[o.used].uses++
	}
	sum, last := 0, -1
	for _, f := range o.features {
		if c.seen.add(f.kind, f.hash) {
			sum += worth[f.kind]
			last = int(f.step)
			if f.kind == newEvent {
				c.stats.Events++
			}
		}
	}
	if last >= 0 {
		by.New++
		if !o.broken {
			c.corpus.add(o.way[:last+1:last+1], sum)
		}
	}
}

// make makes one run. It depends on the campaign's seed, the run's number, and the corpus and coverage at the beginning of the round.
func (w *worker) make(run uint64) outcome {
	d := diceOf(w.options.Seed, run)
	strategy := pick(d, w.options.Strategies)
	o := outcome{strategy: strategy, made: true, used: -1}
	if o.err = w.Begin(); o.err != nil {
		return o
	}
	choose := w.choosers[strategy]
	length := w.limited(choose.begin(w.Walker, d))
	if g, ok := choose.(*guided); ok {
		o.used = g.used
	}
	w.way, w.features = w.way[:0], w.features[:0]
	for tries := 0; o.steps < length && tries < maxTries && !o.broken; {
		c, any := choose.next(w.Walker, d)
		if !any {
			break
		}
		h, err := w.Do(c)
		if err != nil {
			o.err = err
			return o
		}
		choose.did(w.Walker, c, h)
		o.goals |= h.Goals
		if !h.Possible {
			tries++
			continue
		}
		tries = 0
		w.look(h, uint32(o.steps))
		w.way = append(w.way, c)
		o.steps++
		o.broken = h.Broken
	}
	if o.broken || len(w.features) > 0 {
		o.way, o.features = slices.Clone(w.way), slices.Clone(w.features)
	}
	return o
}

// maxTries is how many proposals in a row may turn out not to be possible before a run ends.
const maxTries = 200

func (w *worker) limited(length int) int {
	if w.options.Length > 0 {
		length = min(length, w.options.Length)
	}
	if bound := w.config.Bounds.Depth; bound > 0 {
		length = min(length, bound)
	}
	return length
}

// look notes what a step showed, and what of it was not seen before the round.
func (w *worker) look(h checker.Happened, step uint32) {
	if h.Event != 0 && !w.seen.has(newEvent, uint64(h.Event)) {
		w.features = append(w.features, feature{uint64(h.Event), step, newEvent})
	}
	if !h.Moved {
		return
	}
	w.vectors.Add(w.Vector())
	state, outline := w.State(h.Server), mix(w.Outline())
	w.states.Add(state)
	if !w.seen.has(newState, state) {
		w.features = append(w.features, feature{state, step, newState})
	}
	if !w.seen.has(newOutline, outline) {
		w.features = append(w.features, feature{outline, step, newOutline})
	}
}
