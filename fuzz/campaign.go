package fuzz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Options says how a campaign goes. The zero value mixes all strategies on all cores until the context ends.
type Options struct {
	Rules      []*spec.Rule // promises to judge; nil is spec.Rules
	Goals      []*spec.Goal // what must be reached for a pass; nil is every goal that the bounds let happen
	Strategies []Strategy   // each run draws one of them; nil mixes all
	Seed       uint64

	// A campaign ends when it has made so many runs (of all shards), or, after a round, so many steps, or has seen about so many
	// different vectors of server states. 0 is no limit.
	Runs, Steps, Vectors uint64

	Length  int // most steps of one run; 0 leaves it to the strategy. Bounds.Depth of the world is a limit too
	Workers int // goroutines, at most checker.MostWorkers; 0 is one for each processor. What is found does not depend on it
	Memory  int // bytes for memos, divided among the workers; 0 is no bound. What is found does not depend on it
	Shard   int // with Shards above 1: which part of the campaign this is, from 1; it makes every run k with k modulo Shards = Shard-1
	Shards  int

	// Alone keeps nodes from running on several goroutines at once, for those that share something: a process, a library's globals.
	Alone    bool
	Progress func(Progress) // called between rounds, from the goroutine that called Run
	Name     string         // what is judged, for the header of a trace: "reference", "mutant:NAME", a test's name
}

// Progress is how far a campaign has come.
type Progress struct {
	Stats   Stats
	Memory  int // bytes held by memos
	Reached int // goals reached
	Goals   int // goals within reach of the bounds
}

// Run makes random executions of a world until a limit is reached, the context ends or a promise is broken. Whatever it finds was run
// again from fresh nodes, shortened, and put in story order. Equal options and limits other than time give equal findings.
// The error is a *checker.Fault when the implementation broke or is not deterministic, or says what is wrong with the options.
func Run(ctx context.Context, config *cluster.Config, o Options) (*Result, error) {
	c, err := newCampaign(config, o)
	if err != nil {
		return nil, err
	}
	return c.run(ctx)
}

// campaign is one call of Run. Its runs are made in rounds: during a round, workers only read the corpus and the coverage; between
// two, what the runs of the round have shown is added in the order of their numbers. So it does not matter which worker made which
// run, or when.
type campaign struct {
	config  *cluster.Config
	options Options
	started time.Time
	workers []*worker
	seen    *coverage
	corpus  *corpus
	stats   Stats
	first   *finding
}

// finding is a run that breaks a promise.
type finding struct {
	outcome
	run uint64
}

// firstRound and lastRound are how many runs a round has: few at first, so that what is shallow is found at once.
const (
	firstRound = 128
	lastRound  = 4096
)

func newCampaign(config *cluster.Config, o Options) (*campaign, error) {
	if err := o.complete(config); err != nil {
		return nil, err
	}
	c := &campaign{config: config, options: o, started: time.Now(), seen: newCoverage(), corpus: &corpus{}}
	c.stats.States, c.stats.Vectors = NewSketch(), NewSketch()
	var alone *sync.Mutex
	if o.Alone {
		alone = new(sync.Mutex)
	}
	for range o.Workers {
		w, err := newWorker(c, alone)
		if err != nil {
			return nil, err
		}
		c.workers = append(c.workers, w)
	}
	return c, nil
}

// complete fills in what was left open, and reports the first thing that makes no sense.
func (o *Options) complete(config *cluster.Config) error {
	if err := config.Validate(); err != nil {
		return err
	}
	if err := wholeSteps(config); err != nil {
		return err
	}
	if o.Rules == nil {
		o.Rules = spec.Rules
	}
	if len(o.Strategies) == 0 {
		o.Strategies = mixed
	}
	var err error
	if o.Workers, err = checker.WorkersFor(o.Workers); err != nil {
		return err
	}
	if o.Shards == 0 {
		o.Shard, o.Shards = 1, 1
	}
	switch {
	case o.Shards < 0 || o.Shard < 1 || o.Shard > o.Shards:
		return fmt.Errorf("shard %d of %d: shards are numbered from 1", o.Shard, o.Shards)
	case o.Length < 0:
		return fmt.Errorf("%d steps in one run: it cannot be negative", o.Length)
	}
	for _, s := range o.Strategies {
		if int(s) >= len(strategyNames) {
			return fmt.Errorf("strategy %d: there are %s", s, strings.Join(strategyNames, ", "))
		}
	}
	return nil
}

// wholeSteps complains about a world in which goroutines are held: a campaign that held nobody would look as if it had.
func wholeSteps(config *cluster.Config) error {
	if config.Bounds.Preemptions > 0 {
		return errors.New("goroutines are held in searches only: a campaign chooses inputs and crash points, and no gates")
	}
	return nil
}

func (c *campaign) run(ctx context.Context) (*Result, error) {
	size := uint64(firstRound)
	for c.first == nil && !c.done() && ctx.Err() == nil {
		n := min(size, c.left())
		if n == 0 {
			break
		}
		if err := c.round(ctx, n); err != nil {
			return nil, err
		}
		size = min(2*size, lastRound)
		c.report()
	}
	return c.result()
}

// left returns how many runs are left for this shard.
func (c *campaign) left() uint64 {
	if c.options.Runs == 0 {
		return lastRound
	}
	shards, shard := uint64(c.options.Shards), uint64(c.options.Shard-1)
	if c.options.Runs <= shard {
		return 0
	}
	return (c.options.Runs-shard+shards-1)/shards - c.stats.Runs
}

// done reports whether a limit besides the number of runs is reached.
func (c *campaign) done() bool {
	o := &c.options
	return o.Steps > 0 && c.stats.Steps >= o.Steps || o.Vectors > 0 && c.stats.Vectors.Count() >= o.Vectors
}

// number returns the number in the whole campaign of a run of this shard.
func (c *campaign) number(nth uint64) uint64 {
	return uint64(c.options.Shard-1) + nth*uint64(c.options.Shards)
}

func (c *campaign) report() {
	if c.options.Progress == nil {
		return
	}
	p := Progress{Stats: c.statistics()}
	for _, w := range c.workers {
		p.Memory += w.Bytes()
	}
	for _, g := range checker.GoalsWithin(c.config, c.options.Goals) {
		if g.Possible {
			p.Goals++
			if c.stats.reached[slices.Index(spec.Goals, g.Goal)] > 0 {
				p.Reached++
			}
		}
	}
	c.options.Progress(p)
}

func (c *campaign) statistics() Stats {
	s := c.stats
	s.Corpus = len(c.corpus.entries)
	for _, w := range c.workers {
		times, dropped := w.Executions()
		s.Executions += times
		s.Dropped += dropped
	}
	s.Seconds = time.Since(c.started).Seconds()
	return s
}

// result puts together what the campaign covered and found.
func (c *campaign) result() (*Result, error) {
	r := &Result{Stats: c.statistics(), Goals: checker.GoalsWithin(c.config, c.options.Goals)}
	if c.first != nil {
		if err := c.tell(r); err != nil {
			return nil, err
		}
	}
	var missed []string
	for k := range r.Goals {
		g := &r.Goals[k]
		g.Reached = int(c.stats.reached[slices.Index(spec.Goals, g.Goal)])
		if g.Possible && g.Reached == 0 {
			missed = append(missed, g.Goal.Name)
		}
	}
	switch {
	case len(r.Findings) > 0:
		r.Verdict = spec.Violated
	case c.stats.Runs == 0 && c.left() == 0:
		r.Verdict, r.Reason = spec.Inconclusive, "no run of the campaign falls to this shard"
	case c.stats.Runs == 0:
		r.Verdict, r.Reason = spec.Inconclusive, "the time was used up before the first run ended"
	case len(missed) == 1:
		r.Verdict, r.Reason = spec.Inconclusive, fmt.Sprintf("goal %s was never reached", missed[0])
	case len(missed) > 1:
		r.Verdict, r.Reason = spec.Inconclusive, fmt.Sprintf("goals %s were never reached", strings.Join(missed, ", "))
	}
	applicable := spec.Applicable(c.options.Rules, c.config.Variants)
	var exercised []map[string]int // by worker
	for _, w := range c.workers {
		exercised = append(exercised, w.Exercised())
	}
	for _, rule := range c.options.Rules {
		v := checker.RuleVerdict{Rule: rule, Void: !slices.Contains(applicable, rule)}
		for k := range c.workers {
			v.Exercised += exercised[k][rule.ID]
		}
		switch {
		case slices.ContainsFunc(r.Findings, func(f checker.Finding) bool { return f.Rule == rule }):
			v.Verdict = spec.Violated
		case r.Verdict == spec.Inconclusive && !v.Void:
			v.Verdict = spec.Inconclusive
		}
		r.Rules = append(r.Rules, v)
	}
	return r, nil
}
