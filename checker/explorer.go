package checker

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Explorer lists, from any state of a world, what may happen next: what a search takes, and besides that what changes nothing. Which of it happens is the caller's choice. It takes all steps over a memo of its own, so that a server does everything
// once. An explorer belongs to one goroutine.
type Explorer struct {
	m *memo
	x *expander
}

// Position is a state of the world that an explorer came to.
type Position struct{ state []uint32 }

// Possible is one thing that may happen next.
type Possible struct {
	Action cluster.Action
	Idle   bool // nothing would change, nothing be sent, and no promise broken
	Broken bool // a promise would be broken
	step   int  // the local step it makes; -1 for what happens to the network
	to     []uint32
}

// NewExplorer returns an explorer of a world. Rules are the promises to judge; nil is spec.Rules.
func NewExplorer(config *cluster.Config, rules []*spec.Rule) (*Explorer, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if rules == nil {
		rules = spec.Rules
	}
	m := newMemo(config, rules, []*renaming{nil})
	m.goesOn = true
	e := &Explorer{m: m, x: newExpander(m)}
	e.x.idlers = true
	if _, err := m.initial(); err != nil {
		return nil, err
	}
	return e, nil
}

// Start returns the state in which nothing has happened.
func (e *Explorer) Start() (*Position, error) {
	state, err := e.x.firstState()
	return &Position{state}, err
}

// Possible lists what may happen next, also in states that break a promise: inputs to each server, then what may become of each message in flight, then partitions. The order
// depends on the state alone, and not on how it was come to. The error is a *Fault of the implementation.
func (e *Explorer) Possible(at *Position) ([]Possible, error) {
	moves, err := e.x.resolved(at.state)
	if err != nil {
		return nil, err
	}
	all := make([]Possible, len(moves))
	for k, next := range moves {
		p := Possible{Action: e.x.action(at.state, next.move), Broken: slices.Contains(e.x.broken, next.nth), step: -1, to: make([]uint32, len(at.state))}
		e.x.apply(p.to, at.state, next.move)
		if kind := next.move.kind(); kind == moveStep || kind == moveStay {
			p.step = int(next.move.step())
			p.Idle = e.m.steps[p.step].flags&idle != 0 && next.move.place() == noPlace
			p.Broken = p.Broken || e.besides(p.to, int(e.m.steps[p.step].slot))
		}
		all[k] = p
	}
	slices.SortStableFunc(all, func(a, b Possible) int { return cmp.Compare(placeOf(&a.Action), placeOf(&b.Action)) })
	return all, nil
}

// placeOf is a text by which actions are brought in order: messages have numbers in the memo that depend on what was asked before.
func placeOf(a *cluster.Action) string {
	switch m := &a.Input.Message; {
	case a.Kind == cluster.Give && a.Input.Kind != spec.Deliver:
		return ""
	case a.Kind == cluster.Give:
		return nameOf(m)
	case a.Kind == cluster.Drop, a.Kind == cluster.Copy:
		return nameOf(&a.Message)
	}
	return "\xff"
}

func nameOf(m *spec.Message) string { return m.String() + m.Payload }

// besides reports whether a promise between the server in a slot and another one is broken in a state.
func (e *Explorer) besides(state []uint32, slot int) bool {
	for i, other := range state[:e.x.size] {
		if i == slot {
			continue
		}
		key := pairKey(state[slot], other)
		broken, known := e.m.pairs.get(key)
		if !known {
			e.m.resolvePair(state[slot], other)
			broken, _ = e.m.pairs.get(key)
		}
		if broken != 0 {
			return true
		}
	}
	return false
}

// Take makes something happen that is possible. It may be taken again, and anything else in its place.
func (e *Explorer) Take(p *Possible) *Position { return &Position{p.to} }

// Numbers finds actions, one after another from a state on, among what is possible: the number of each, counted from 0.
func (e *Explorer) Numbers(at *Position, actions []cluster.Action) ([]int, error) {
	var numbers []int
	for _, a := range actions {
		all, err := e.Possible(at)
		if err != nil {
			return nil, err
		}
		k := slices.IndexFunc(all, func(p Possible) bool { return same(p.Action, a) })
		if k < 0 {
			return nil, fmt.Errorf("%s is not possible", a)
		}
		numbers, at = append(numbers, k), e.Take(&all[k])
	}
	return numbers, nil
}

// Record writes down what would happen, as the record of that number.
func (e *Explorer) Record(number int, p *Possible) (traces.Record, error) {
	if p.step < 0 {
		return recordOf(number, p.Action, nil), nil
	}
	step, err := e.m.stepOf(uint32(p.step))
	if err != nil {
		return traces.Record{}, &Fault{Server: p.Action.Server, Step: p.Action.Input.String(), Err: err}
	}
	return recordOf(number, p.Action, step), nil
}

// Header begins the trace of what happens in the world.
func (e *Explorer) Header() traces.Header { return headerOf(e.m.config, e.m.rules) }

// Observe shows a server, counted from 1, in a state.
func (e *Explorer) Observe(at *Position, server spec.ServerID) *spec.Observation {
	return e.m.servers[at.state[server-1]].sight.Observation
}

// InFlight returns the messages in flight in a state: queue by queue for a FIFO network, else in the order of Possible.
func (e *Explorer) InFlight(at *Position) (all []spec.Message) {
	for _, id := range at.state[e.x.network():] {
		if id != 0 {
			all = append(all, e.m.messages[id])
		}
	}
	if !e.x.fifo {
		slices.SortFunc(all, func(a, b spec.Message) int { return cmp.Compare(nameOf(&a), nameOf(&b)) })
	}
	return all
}

// Fingerprint tells states apart, the same in every explorer of a world.
func (e *Explorer) Fingerprint(at *Position) uint64 { return e.x.fingerprint(at.state) }

// Bytes estimates the memory held.
func (e *Explorer) Bytes() int { return e.m.bytes() }

// resolved lists the successors of a state, in order, running node code for what the memo does not hold.
func (x *expander) resolved(state []uint32) ([]successor, error) {
	for {
		all := x.successors(state)
		if len(x.missing) == 0 {
			return all, nil
		}
		if err := x.fill(slices.Clone(x.missing)); err != nil {
			return nil, err
		}
	}
}

// after returns the state that actions lead to from the initial one.
func (x *expander) after(actions []cluster.Action) ([]uint32, error) {
	state, err := x.firstState()
	if err != nil {
		return nil, err
	}
	for n, a := range actions {
		all, err := x.resolved(state)
		if err != nil {
			return nil, err
		}
		k := slices.IndexFunc(all, func(s successor) bool { return same(x.action(state, s.move), a) })
		if k < 0 {
			return nil, fmt.Errorf("step %d: %s is not possible", n+1, a)
		}
		next := make([]uint32, len(state))
		x.apply(next, state, all[k].move)
		state = next
	}
	return state, nil
}

// same reports whether two actions are one.
func same(a, b cluster.Action) bool {
	if a.Kind != b.Kind || a.Server != b.Server || a.Stays != b.Stays || a.Split != b.Split || !slices.Equal(a.Lost, b.Lost) || !a.Message.Equal(b.Message) || !a.Input.Message.Equal(b.Input.Message) {
		return false
	}
	a.Input.Message, b.Input.Message = spec.Message{}, spec.Message{}
	return reflect.DeepEqual(a.Input, b.Input)
}
