package explore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/traces"
)

// Follow goes the way that a trace was recorded on, as far as the same happens here, and says why it goes no further; "" if it goes to the end.
func (s *session) Follow(ctx context.Context, t *traces.Trace) (way Way, apart string, err error) {
	if !slices.Equal(t.Header.Servers, s.config.IDs()) {
		return nil, fmt.Sprintf("it is of the servers %v, and this world has %v", t.Header.Servers, s.config.IDs()), nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p, err := s.place(ctx, nil)
	for n := range t.Records {
		if err != nil {
			return nil, "", err
		}
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		nth, why, err := s.same(p, &t.Records[n])
		if err != nil {
			return nil, "", err
		}
		if nth < 0 {
			return way, fmt.Sprintf("step %d, %s, %s", t.Records[n].Number, traces.Sentence(&t.Records[n]), why), nil
		}
		way = append(way, nth)
		if p, err = s.step(p, nth); err != nil {
			return nil, "", err
		}
	}
	return way, "", err
}

// same returns which of the steps that may happen at a place is the one recorded; -1 if there is none, and why.
func (s *session) same(p *place, recorded *traces.Record) (nth int, why string, err error) {
	want := lineOf(p, *recorded)
	why = "may not happen here: it is outside the bounds or faults of this world"
	for nth := range p.next {
		if !alike(&p.next[nth].Action, recorded) {
			continue
		}
		record, err := s.explorer.Record(p.steps+1, &p.next[nth])
		if err != nil {
			return 0, "", err
		}
		if bytes.Equal(lineOf(p, record), want) {
			return nth, "", nil
		}
		if record.Event == recorded.Event && bytes.Equal(inputOf(p, record), inputOf(p, *recorded)) {
			why = "is not what happens here: the implementation does something else, or the trace does not tell all"
		}
	}
	return -1, why, nil
}

// alike reports whether an action may be the one recorded.
func alike(a *cluster.Action, r *traces.Record) bool {
	if a.Kind == cluster.Give {
		return r.Step != nil && a.Server == r.Step.Server && a.Input.Kind == r.Step.Input.Kind
	}
	return r.Step == nil
}

// lineOf is a record as it is written here: without what only its recorder knows.
func lineOf(p *place, r traces.Record) []byte {
	plain := traces.Record{Number: p.steps + 1, Event: r.Event, Step: r.Step, Message: r.Message, Groups: r.Groups, Stays: r.Stays, Lost: r.Lost}
	var b bytes.Buffer
	w, err := traces.NewWriter(&b, traces.Header{})
	if err == nil {
		err = w.Record(&plain)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil // it can be no step of this world
	}
	return b.Bytes()
}

// inputOf is what a record tells of what was given to a server.
func inputOf(p *place, r traces.Record) []byte {
	if r.Step == nil {
		return lineOf(p, r)
	}
	given := *r.Step
	given.Output.Effects, given.After = nil, given.Before
	r.Step, r.Lost = &given, nil
	return lineOf(p, r)
}
