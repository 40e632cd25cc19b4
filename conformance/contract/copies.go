package contract

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// clone returns a clone of a node, or nil if it cannot be cloned nor copied.
func (t *try) clone(node spec.Node) spec.Node {
	switch n := node.(type) {
	case spec.Cloner:
		return n.Clone()
	case spec.Copier:
		if c, done := n.Copy(); done {
			return c
		}
	}
	return nil
}

// copy makes a node in the state after some inputs: a clone of one that is there, or one that is given the inputs.
func (t *try) copy(of spec.Node, id spec.ServerID, inputs []spec.Input) spec.Node {
	if c := t.clone(of); c != nil {
		return c
	}
	node := t.config.New(id, t.config.IDs())
	for _, in := range inputs {
		t.step(node, in)
	}
	return node
}

// clones holds a clone, made before a step, to its being apart: it has not changed, and does the same when it is given the same.
func (t *try) clones(before, s *server, copied spec.Node, in spec.Input, out *spec.Output) bool {
	if copied == nil {
		return false
	}
	t.Tried[cloneApart]++
	if state := copied.AppendState(nil); !bytes.Equal(state, before.state) {
		return t.fails(cloneApart, s, fmt.Sprintf("a clone made before %q is another one after it, though it was given nothing: %s", in, bytesDiffer(before.state, state)))
	}
	now := copied.Observe()
	if d := differing(&before.shown, &now); d != "" {
		return t.fails(cloneApart, s, fmt.Sprintf("a clone made before %q shows something else after it: %s", in, d))
	}
	other := t.clone(copied)
	again := t.step(other, in)
	if again.Fault != nil {
		return t.failed(t.told(s, fault(s.id, s.inputs, again.Fault)))
	}
	if d, order := outputsDiffer(out, &again); d != "" {
		if order {
			return t.fails(sendOrder, s, fmt.Sprintf("%q: %s", in, d))
		}
		return t.fails(cloneApart, s, fmt.Sprintf("a clone does something else on %q: %s", in, d))
	}
	state := other.AppendState(nil)
	if d := statesDiffer(s.node, other, s.state, state); d != "" {
		return t.fails(cloneApart, s, fmt.Sprintf("a clone is in another state after %q: %s", in, d))
	}
	if untouched := s.node.AppendState(nil); !bytes.Equal(untouched, s.state) {
		return t.fails(cloneApart, s, fmt.Sprintf("the server changes when its clone is given %q: %s", in, bytesDiffer(s.state, untouched)))
	}
	return false
}

// The pairs of histories that are compared for one state, and the messages that both are given.
const (
	pairsOfState   = 2
	messagesOfPair = 3
)

// remember notes that a server was seen in its state.
func (t *try) remember(k int, s *server) {
	if t.seen[k][string(s.state)] == nil {
		t.seen[k][string(s.state)] = &moment{inputs: slices.Clone(s.inputs), shown: s.shown, node: t.clone(s.node)}
	}
}

// complete compares a server with one that ended in equal bytes after other inputs: both show the same, and do the same.
func (t *try) complete(s *server) bool {
	k := int(s.id) - 1
	m := t.seen[k][string(s.state)]
	if m == nil {
		t.remember(k, s)
		return false
	}
	t.Tried[stateComplete]++
	if d := differing(&m.shown, &s.shown); d != "" {
		return t.fails(stateComplete, s, fmt.Sprintf("it ends in the same AppendState bytes as after %s, and shows something else: %s", brief(m.inputs), d))
	}
	if m.pairs >= pairsOfState || sameInputs(m.inputs, s.inputs) || !t.goesOn() {
		return false
	}
	m.pairs++
	for _, in := range t.probes(s) {
		one, other := t.copy(m.node, s.id, m.inputs), t.copy(s.node, s.id, s.inputs)
		then := *s
		then.inputs = append(slices.Clone(s.inputs), in)
		d, order, fails := t.diverges(one, other, in)
		switch {
		case fails[0] != nil && fails[1] == nil:
			then.inputs = append(slices.Clone(m.inputs), in)
			return t.failed(t.told(&then, fault(s.id, then.inputs, fails[0])))
		case fails[0] == nil && fails[1] != nil:
			return t.failed(t.told(&then, fault(s.id, then.inputs, fails[1])))
		case d != "":
			if order {
				return t.fails(sendOrder, &then, fmt.Sprintf("%q: %s", in, d))
			}
			return t.fails(stateComplete, &then, fmt.Sprintf("it ends in the same AppendState bytes as after %s, and is another one: on %q, %s", brief(m.inputs), in, d))
		}
	}
	return false
}

// probes are the inputs that are tried on both of a pair.
func (t *try) probes(s *server) []spec.Input {
	probes := t.inputsOf(s.id)
	if t.crashes() {
		probes = append(probes, spec.Input{Kind: spec.Crash})
	}
	if t.restarts() {
		probes = append(probes, spec.Input{Kind: spec.Restart})
	}
	messages := 0
	for k := len(s.inputs) - 1; k >= 0 && messages < messagesOfPair; k-- {
		if s.inputs[k].Kind == spec.Deliver {
			probes = append(probes, s.inputs[k])
			messages++
		}
	}
	return probes
}

// diverges gives two nodes an input and says in what they differ then; "" if they do not. order is that only what was sent is in another order,
// and faults are what broke them.
func (t *try) diverges(one, other spec.Node, in spec.Input) (difference string, order bool, faults [2]error) {
	a, b := t.step(one, in), t.step(other, in)
	faults = [2]error{a.Fault, b.Fault}
	if d, order := outputsDiffer(&a, &b); d != "" {
		return d, order, faults
	}
	return statesDiffer(one, other, one.AppendState(nil), other.AppendState(nil)), false, faults
}

func sameInputs(a, b []spec.Input) bool {
	return slices.EqualFunc(a, b, func(x, y spec.Input) bool { return x.String() == y.String() })
}

// brief tells a history in a few words.
func brief(inputs []spec.Input) string {
	switch n := len(inputs); {
	case n == 0:
		return "no input at all"
	case n <= 3:
		return fmt.Sprintf("%q", inputs)
	default:
		return fmt.Sprintf("%d others, the last of them %q", n, inputs[n-1])
	}
}
