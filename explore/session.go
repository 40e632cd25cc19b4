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
	known    map[string]*place // by way
}

// place is a state that was looked at.
type place struct {
	at      *checker.Position
	next    []checker.Possible
	action  cluster.Action // that led here from the place before
	records []traces.Record
}

// forget begins anew, with nothing remembered. Ways stay what they are.
func (s *session) forget() (err error) {
	s.known = map[string]*place{}
	s.explorer, err = checker.NewExplorer(s.config, s.Rules)
	return err
}

// Look shows the state that a way leads to.
func (s *session) Look(ctx context.Context, way Way) (*View, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.Memory > 0 && s.explorer.Bytes() > s.Memory {
		if err := s.forget(); err != nil {
			return nil, err
		}
	}
	p, err := s.place(ctx, way)
	if err != nil {
		return nil, err
	}
	return s.view(way, p)
}

// place goes a way, from the last place on it that is known.
func (s *session) place(ctx context.Context, way Way) (*place, error) {
	n := len(way)
	for ; n > 0 && s.known[way[:n].String()] == nil; n-- {
	}
	p := s.known[way[:n].String()]
	if p == nil {
		at, err := s.explorer.Start()
		if err != nil {
			return nil, err
		}
		if p, err = s.come(&place{at: at}, nil); err != nil {
			return nil, err
		}
	}
	for ; n < len(way); n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if way[n] < 0 || way[n] >= len(p.next) {
			return nil, &NoSuchStep{n + 1, way[n], len(p.next)}
		}
		taken := &p.next[way[n]]
		record, err := s.explorer.Record(n+1, taken)
		if err != nil {
			return nil, err
		}
		next := &place{at: s.explorer.Take(taken), action: taken.Action, records: append(slices.Clip(p.records), record)}
		if p, err = s.come(next, way[:n+1]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// come lists what may happen at a place, and remembers it.
func (s *session) come(p *place, way Way) (_ *place, err error) {
	if p.next, err = s.explorer.Possible(p.at); err != nil {
		return nil, err
	}
	s.known[way.String()] = p
	return p, nil
}

// actions are what happens on a way that has been gone.
func (s *session) actions(way Way) []cluster.Action {
	all := make([]cluster.Action, len(way))
	for n := range way {
		all[n] = s.known[way[:n+1].String()].action
	}
	return all
}

// view tells of a place all that there is to tell.
func (s *session) view(way Way, p *place) (*View, error) {
	v := &View{Way: way, State: fmt.Sprintf("%016x", s.explorer.Fingerprint(p.at)), InFlight: s.explorer.InFlight(p.at), Trace: Recording{s.trace(p)}}
	start := s.known[Way{}.String()]
	for _, id := range s.config.IDs() {
		v.Servers = append(v.Servers, *s.explorer.Observe(p.at, id))
		v.First = append(v.First, *s.explorer.Observe(start.at, id))
	}
	for k := range p.records {
		v.Goals = append(v.Goals, newGoals(v.Goals, &p.records[k])...)
	}
	v.Broken = s.broken(p.records)
	for _, b := range v.Broken {
		if !slices.Contains(v.Trace.Header.Breaks, b.Rule) {
			v.Trace.Header.Breaks = append(v.Trace.Header.Breaks, b.Rule)
		}
	}
	for k := range p.next {
		step, err := s.step(p, &p.next[k])
		if err != nil {
			return nil, err
		}
		v.Next = append(v.Next, *step)
	}
	return v, nil
}

// trace is what happened on the way to a place.
func (s *session) trace(p *place) *traces.Trace {
	t := &traces.Trace{Header: s.explorer.Header(), Records: p.records}
	t.Header.Origin, t.Header.Implementation, t.Header.Records = "serve", s.Name, len(p.records)
	return t
}

// step tells what would happen next.
func (s *session) step(p *place, next *checker.Possible) (*Step, error) {
	record, err := s.explorer.Record(len(p.records)+1, next)
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
	for _, b := range s.broken(append(slices.Clip(p.records), record)) {
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
