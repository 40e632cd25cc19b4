package traces

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Validate re-checks a trace's own structure: numbers ascend, servers are of the cluster, a server is what it was when last seen,
// and what is delivered, dropped or duplicated was sent, released and not lost before. It says nothing about right or wrong
// by the rulebook. The error is an *InputError that names the line, or the record if the trace was made in memory.
func Validate(t *Trace) error {
	if len(t.Records) == 0 {
		return &InputError{Message: "the trace has no records"}
	}
	v := NewValidator(t.Header)
	for k := range t.Records {
		if err := v.Record(&t.Records[k]); err != nil {
			return err
		}
	}
	return nil
}

// Validator checks a trace's structure record by record. Its memory is bounded by the messages in flight.
type Validator struct {
	header Header
	number int
	last   map[spec.ServerID]spec.Observation
	flight map[spec.ServerID][]spec.Message // by receiver
}

// NewValidator starts checking a trace with that header.
func NewValidator(h Header) *Validator {
	return &Validator{header: h, last: map[spec.ServerID]spec.Observation{}, flight: map[spec.ServerID][]spec.Message{}}
}

// Record checks the next record.
func (v *Validator) Record(r *Record) error {
	fault := func(format string, args ...any) error {
		message := fmt.Sprintf(format, args...)
		if r.Line == 0 {
			message = fmt.Sprintf("record %d: %s", r.Number, message)
		}
		return &InputError{Line: r.Line, Message: message}
	}
	if r.Number <= v.number {
		return fault("record number %d does not come after %d", r.Number, v.number)
	}
	v.number = r.Number
	if r.Step == nil {
		return v.network(r, fault)
	}
	return v.step(r, fault)
}

type faultf func(format string, args ...any) error

func (v *Validator) network(r *Record, fault faultf) error {
	switch r.Event {
	case EventDrop:
		if !v.take(&r.Message) {
			return fault("drops a message that is not in flight: %s", r.Message)
		}
	case EventDuplicate:
		if !v.inFlight(&r.Message) {
			return fault("duplicates a message that is not in flight: %s", r.Message)
		}
		v.put(&r.Message)
	case EventPartition, EventHeal:
	default:
		return fault("unknown event %q", r.Event)
	}
	return nil
}

func (v *Validator) step(r *Record, fault faultf) error {
	s := r.Step
	switch {
	case s.Server == spec.None:
		return fault("a step of no server")
	case len(v.header.Servers) > 0 && !slices.Contains(v.header.Servers, s.Server):
		return fault("%s is not one of the cluster's servers", s.Server)
	case s.Input.Kind != 0 && r.Event != s.Input.Kind.String():
		return fault("event %q with an input of kind %q", r.Event, s.Input.Kind)
	}
	if last, seen := v.last[s.Server]; seen {
		if difference := firstDifference(&last, &s.Before); difference != "" {
			return fault("%s begins with %s as it was last seen", s.Server, difference)
		}
	}
	v.last[s.Server] = s.After
	if s.Input.Kind == spec.Deliver {
		if err := v.deliver(r, fault); err != nil {
			return err
		}
	}
	for _, k := range r.Lost {
		if k < 0 || k >= len(s.Output.Effects) || s.Output.Effects[k].Kind != spec.Send {
			return fault("effect %d, said to be lost, is not a message", k)
		}
	}
	for k, m := range s.Output.Sent {
		if m.From != s.Server {
			return fault("%s sends a message from %s", s.Server, m.From)
		}
		if !slices.Contains(r.Lost, k) {
			v.put(m)
		}
	}
	return nil
}

// deliver checks that the message is in flight, unless its sender is a server of which the trace has shown nothing.
func (v *Validator) deliver(r *Record, fault faultf) error {
	s := r.Step
	m := &s.Input.Message
	if m.To != s.Server {
		return fault("%s is given a message to %s", s.Server, m.To)
	}
	if _, recorded := v.last[m.From]; !recorded {
		return nil
	}
	held := v.inFlight(m)
	if !r.Stays && !s.Output.Keep {
		held = v.take(m)
	}
	if !held {
		return fault("delivers a message that is not in flight: %s", m)
	}
	return nil
}

// The networks that differ from a bag of messages: one never takes a message out, the other is a queue for each link.
const (
	everSent = "ever-sent"
	fifo     = "fifo"
)

func (v *Validator) put(m *spec.Message) { v.flight[m.To] = append(v.flight[m.To], *m) }

func (v *Validator) inFlight(m *spec.Message) bool {
	return slices.ContainsFunc(v.flight[m.To], func(other spec.Message) bool { return sameMessage(&other, m) })
}

// mayArrive reports whether the message is in flight and, where links are queues, first in its queue.
func (v *Validator) mayArrive(m *spec.Message) bool {
	if v.header.Network != fifo {
		return v.inFlight(m)
	}
	for k := range v.flight[m.To] {
		if first := &v.flight[m.To][k]; first.From == m.From {
			return sameMessage(first, m)
		}
	}
	return false
}

func (v *Validator) take(m *spec.Message) bool {
	if v.header.Network == everSent {
		return v.inFlight(m)
	}
	waiting := v.flight[m.To]
	k := slices.IndexFunc(waiting, func(other spec.Message) bool { return sameMessage(&other, m) })
	if k < 0 {
		return false
	}
	v.flight[m.To] = slices.Delete(waiting, k, k+1)
	return true
}
