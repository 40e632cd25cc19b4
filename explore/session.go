package explore

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Options say how a world is explored.
type Options struct {
	Name   string       // of the implementation, for the header of a trace, as in --impl
	Rules  []*spec.Rule // promises to judge; nil is spec.Rules
	Memory int          // bytes of what is remembered, after which it is forgotten; 0 is no bound
	Alone  bool         // the implementation's servers must not run on several goroutines at once
}

// New returns a world that is explored in this process.
func New(config *cluster.Config, o Options) (World, error) {
	if o.Rules == nil {
		o.Rules = spec.Rules
	}
	own := *config
	own.NoHistory = false // what is broken here may rest on what happened earlier
	s := &session{config: &own, Options: o}
	return s, s.forget()
}

// session is a world in this process.
type session struct {
	Options
	config *cluster.Config

	mutex    sync.Mutex // held while the explorer is used
	explorer *checker.Explorer
	start    *place
	held     int // bytes of places, about
}

// place is a state that was looked at, and the way to it.
type place struct {
	at     *checker.Position
	next   []checker.Possible
	before *place         // nil where nothing has happened
	action cluster.Action // that led here from the place before
	record traces.Record  // of it
	steps  int            // on the way
	after  map[int]*place // where it was gone on, by the number of the step
}

// bytesOfNext is about what is held for a step that may happen, besides the state that it leads to; bytesOfPlace for a place.
const (
	bytesOfNext  = 700
	bytesOfPlace = 1500
)

// forget begins anew, with nothing remembered. Ways stay what they are.
func (s *session) forget() (err error) {
	s.start, s.held = nil, 0
	s.explorer, err = checker.NewExplorer(s.config, s.Rules)
	return err
}

// Look shows the state that a way leads to.
func (s *session) Look(ctx context.Context, way Way) (*View, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p, err := s.place(ctx, way)
	if err != nil {
		return nil, err
	}
	return s.view(way, p)
}

// place goes a way, over the places on it that are known.
func (s *session) place(ctx context.Context, way Way) (p *place, err error) {
	if s.Memory > 0 && s.explorer.Bytes()+s.held > s.Memory {
		if err := s.forget(); err != nil {
			return nil, err
		}
	}
	if s.start == nil {
		at, err := s.explorer.Start()
		if err != nil {
			return nil, err
		}
		if s.start, err = s.come(&place{at: at}); err != nil {
			return nil, err
		}
	}
	p = s.start
	for n, nth := range way {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if nth < 0 || nth >= len(p.next) {
			return nil, &NoSuchStep{n + 1, nth, len(p.next)}
		}
		if p, err = s.step(p, nth); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// step takes one of the steps that may happen at a place.
func (s *session) step(p *place, nth int) (*place, error) {
	if known := p.after[nth]; known != nil {
		return known, nil
	}
	taken := &p.next[nth]
	record, err := s.explorer.Record(p.steps+1, taken)
	if err != nil {
		return nil, err
	}
	next, err := s.come(&place{at: s.explorer.Take(taken), before: p, action: taken.Action, record: record, steps: p.steps + 1})
	if err != nil {
		return nil, err
	}
	if p.after == nil {
		p.after = map[int]*place{}
	}
	p.after[nth] = next
	return next, nil
}

// come lists what may happen at a place.
func (s *session) come(p *place) (_ *place, err error) {
	p.next, err = s.explorer.Possible(p.at)
	s.held += bytesOfPlace + len(p.next)*bytesOfNext
	return p, err
}

// records are what happened on the way to a place.
func (p *place) records() []traces.Record {
	all := make([]traces.Record, p.steps)
	for ; p.before != nil; p = p.before {
		all[p.steps-1] = p.record
	}
	return all
}

// actions are what records tell.
func (p *place) actions() []cluster.Action {
	all := make([]cluster.Action, p.steps)
	for ; p.before != nil; p = p.before {
		all[p.steps-1] = p.action
	}
	return all
}

// view tells of a place all that there is to tell.
func (s *session) view(way Way, p *place) (*View, error) {
	records := p.records()
	v := &View{Way: way, State: fmt.Sprintf("%016x", s.explorer.Fingerprint(p.at)), InFlight: s.explorer.InFlight(p.at), Trace: Recording{s.trace(records)}}
	for _, id := range s.config.IDs() {
		v.Servers = append(v.Servers, *s.explorer.Observe(p.at, id))
		v.First = append(v.First, *s.explorer.Observe(s.start.at, id))
	}
	for k := range records {
		v.Goals = append(v.Goals, newGoals(v.Goals, &records[k])...)
	}
	v.Broken = s.broken(records)
	for _, b := range v.Broken {
		if !slices.Contains(v.Trace.Header.Breaks, b.Rule) {
			v.Trace.Header.Breaks = append(v.Trace.Header.Breaks, b.Rule)
		}
	}
	for k := range p.next {
		step, err := s.foresee(records, &p.next[k])
		if err != nil {
			return nil, err
		}
		v.Next = append(v.Next, *step)
	}
	return v, nil
}

// trace is what happened on the way to a place.
func (s *session) trace(records []traces.Record) *traces.Trace {
	t := &traces.Trace{Header: s.explorer.Header(), Records: records}
	t.Header.Origin, t.Header.Implementation, t.Header.Records = "serve", s.Name, len(records)
	return t
}

// foresee tells what would happen next.
func (s *session) foresee(records []traces.Record, next *checker.Possible) (*Step, error) {
	record, err := s.explorer.Record(len(records)+1, next)
	if err != nil {
		return nil, err
	}
	step := &Step{Event: record.Event, Says: traces.Sentence(&record), Notes: traces.Fates(&record), Idle: next.Idle}
	if id := record.Server(); id != spec.None {
		step.Server = id.String()
	}
	for _, g := range goals(&record) {
		step.Goals = append(step.Goals, g.Sentence)
	}
	if !next.Broken {
		return step, nil
	}
	for _, b := range s.broken(append(slices.Clip(records), record)) {
		if b.Step == record.Number {
			step.Breaks = append(step.Breaks, b)
		}
	}
	return step, nil
}

// broken lists the promises that records break, in their order.
func (s *session) broken(records []traces.Record) (all []Broken) {
	judge := spec.NewJudge(s.Rules, s.config.Variants)
	for k := range records {
		r := &records[k]
		if r.Step == nil {
			continue
		}
		for _, b := range judge.Step(spec.Origin(r.Number), r.Step) {
			all = append(all, Broken{r.Number, b.Rule.ID, b.Rule.Name, b.Message})
		}
	}
	return all
}

// newGoals lists the goals that a record reaches and that are not among those known.
func newGoals(known []Goal, r *traces.Record) []Goal {
	return slices.DeleteFunc(goals(r), func(g Goal) bool {
		return slices.ContainsFunc(known, func(k Goal) bool { return k.Name == g.Name })
	})
}

// goals lists the goals that a record reaches.
func goals(r *traces.Record) (all []Goal) {
	for _, g := range spec.Goals {
		if r.Step != nil && r.Step.Before.Knows(g.Shows) && r.Step.After.Knows(g.Shows) && g.Reached(r.Step) {
			all = append(all, Goal{r.Number, g.Name, g.Sentence})
		}
	}
	return all
}
