package contract

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// run is what a fresh server made of inputs.
type run struct {
	outputs []spec.Output
	states  [][]byte
	shown   spec.Observation
}

// runs gives a fresh server the inputs. wait is how long to wait in the middle of them.
func (t *try) runs(make spec.Factory, id spec.ServerID, inputs []spec.Input, wait time.Duration) run {
	node := make(id, t.config.IDs())
	var r run
	for k, in := range inputs {
		if k == len(inputs)/2 && wait > 0 {
			time.Sleep(wait)
		}
		r.outputs = append(r.outputs, t.step(node, in))
		r.states = append(r.states, node.AppendState(nil))
	}
	r.shown = node.Observe()
	return r
}

// differs says at which input two runs differ first, in what, and whether only in the order of what was sent; -1 for none.
func (r *run) differs(other *run) (at int, what string, order bool) {
	for k := range min(len(r.outputs), len(other.outputs)) {
		if d, order := outputsDiffer(&r.outputs[k], &other.outputs[k]); d != "" {
			return k, d, order
		}
		if k < len(r.states) && k < len(other.states) && !bytes.Equal(r.states[k], other.states[k]) {
			return k, bytesDiffer(r.states[k], other.states[k]), false
		}
	}
	if d := differing(&r.shown, &other.shown); d != "" {
		return len(r.outputs) - 1, d, false
	}
	return -1, "", false
}

// repeat gives a fresh server the inputs again, at once and after a while, and says what is wrong if it does something else; nil for nothing.
// s, unless nil, is the server that was given them first.
func (t *try) repeat(id spec.ServerID, inputs []spec.Input, s *server) *Failure {
	if len(inputs) == 0 {
		return nil
	}
	t.Tried[sameAgain]++
	t.Tried[sendOrder]++
	first := t.runs(t.config.New, id, inputs, 0)
	if s != nil && len(s.states) == len(inputs) {
		first = run{s.outputs, s.states, s.shown}
	}
	repeats := 1
	if t.Tried[sendOrder] <= 2*repetitions && first.sendsSeveral() {
		repeats = repetitions // a map with two keys mostly yields them in one order
	}
	for range repeats {
		again := t.runs(t.Again, id, inputs, 0)
		if at, what, order := first.differs(&again); at >= 0 {
			return t.unlike(id, inputs, at, what, order, []run{first, again})
		}
	}
	return t.later(id, inputs, &first)
}

// sendsSeveral reports whether messages could leave in another order.
func (r *run) sendsSeveral() bool {
	return slices.ContainsFunc(r.outputs, func(o spec.Output) bool {
		sent := 0
		for range o.Sent {
			sent++
		}
		return sent > 1
	})
}

// later gives a fresh server the inputs with a wait between two of them, once in a try, and says what is wrong if it does something else.
func (t *try) later(id spec.ServerID, inputs []spec.Input, first *run) *Failure {
	if t.Pause == 0 {
		return nil
	}
	wait := t.Pause
	t.Pause = 0 // once
	t.Tried[noClock]++
	later := t.runs(t.Again, id, inputs, wait)
	if at, what, order := first.differs(&later); at >= 0 && !order {
		return &Failure{Check: noClock, Server: id, Inputs: inputs[:at+1],
			Message: fmt.Sprintf("the same inputs at once, and with a wait of %s between two of them, differ at the last: %s", wait, what)}
	}
	return nil
}

// unlike tells what makes a server do something else: map order, a clock, or anything.
func (t *try) unlike(id spec.ServerID, inputs []spec.Input, at int, what string, order bool, known []run) *Failure {
	f := &Failure{Check: sameAgain, Server: id, Inputs: inputs[:at+1],
		Message: fmt.Sprintf("the same %d inputs, given to a fresh server, differ at %q: %s", at+1, inputs[at], what)}
	for k := range known {
		if known[k].outputs[at].Fault != nil {
			return t.told(nil, fault(id, inputs[:at+1], known[k].outputs[at].Fault))
		}
	}
	if order {
		f.Check, f.Message = sendOrder, fmt.Sprintf("%q: %s", inputs[at], what)
		return f
	}
	if at < len(known[0].states) && t.unstable(id, inputs[:at+1]) {
		f.Check, f.Message = stableState, fmt.Sprintf("asked again and again after %q, AppendState does not append the same bytes", inputs[at])
		return f
	}
	for len(known) < repetitions {
		known = append(known, t.runs(t.Again, id, inputs[:at+1], 0))
	}
	var effects, states, shown []string
	for _, r := range known {
		text := ""
		for k := range r.outputs[at].Effects {
			text += told(&r.outputs[at].Effects[k]) + "\n"
		}
		effects, shown = append(effects, text), append(shown, printed(&r.shown))
		if at < len(r.states) {
			states = append(states, string(r.states[at]))
		}
	}
	if times(effects) || len(states) == len(known) && times(states) || at == len(inputs)-1 && times(shown) {
		f.Check, f.Message = noClock, fmt.Sprintf("the same %d inputs lead to a number that grows each time, as a clock does: at %q, %s", at+1, inputs[at], what)
	}
	return f
}

// unstable reports whether a server that was given the inputs writes its state in more than one way.
func (t *try) unstable(id spec.ServerID, inputs []spec.Input) bool {
	node := t.Again(id, t.config.IDs())
	for _, in := range inputs {
		t.step(node, in)
	}
	first := node.AppendState(nil)
	for range 2 * repetitions {
		if !bytes.Equal(first, node.AppendState(nil)) {
			return true
		}
	}
	return false
}

// told returns the failure that is to be told: that of a repetition of the inputs, if there is one. What an adapter says itself of one stays.
func (t *try) told(s *server, f *Failure) *Failure {
	if s == nil || len(f.Inputs) == 0 || f.Check == noFault && f.Stack != "" || f.Check == sameAgain || f.Check == sendOrder || f.Check == noClock {
		return f
	}
	first := t.runs(t.config.New, s.id, f.Inputs, 0)
	for range 2 * repetitions {
		again := t.runs(t.Again, s.id, f.Inputs, 0)
		if at, what, order := first.differs(&again); at >= 0 {
			if other := t.unlike(s.id, f.Inputs, at, what, order, []run{first, again}); other.Check != noFault {
				return other
			}
		}
	}
	if other := t.later(s.id, f.Inputs, &first); other != nil {
		return other
	}
	return f
}
