package contract

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// role holds a crash and a restart, as inputs of their own, to what they are.
func (t *try) role(before, s *server, in spec.Input, out *spec.Output) bool {
	if !s.shown.Knows(spec.FieldRole) {
		return false
	}
	switch {
	case in.Kind == spec.Crash && !before.down():
		t.Tried[crashDown]++
		if out.Refused || !s.down() {
			return t.fails(crashDown, s, fmt.Sprintf("%q is %s, and then it is a %s", in, takenOr(out), s.shown.Role))
		}
		return t.leaves(before, s, in, crashKeepsDisk) || t.refusesWhileDown(s)
	case in.Kind == spec.Restart && before.down():
		return t.comesUp(before, s, out)
	case before.down() && !s.down():
		t.Tried[downRefuses]++
		return t.fails(downRefuses, s, fmt.Sprintf("it was down, and is a %s after %q", s.shown.Role, in))
	case before.down() && in.Kind != spec.Deliver && in.Kind != spec.Tick && !out.Refused && in.Kind != spec.Crash:
		t.Tried[downRefuses]++
		return t.fails(downRefuses, s, fmt.Sprintf("it is down, and takes %q", in))
	}
	return false
}

func takenOr(out *spec.Output) string {
	if out.Refused {
		return "refused"
	}
	return "taken"
}

// leaves holds what a crash left on disk to what was told before it.
func (t *try) leaves(before, s *server, in spec.Input, c *Check) bool {
	told, unsynced := before.durable, before.unsynced
	s.unsynced = false
	if !s.shown.Knows(spec.FieldDurable) {
		return false
	}
	left := s.shown.Durable
	s.durable = left
	if unsynced && !in.Lossy {
		return false // what was written since the last sync is there too, and nobody told what it was
	}
	t.Tried[c]++
	if d := durablesDiffer(&told, &left); d != "" {
		return t.fails(c, s, fmt.Sprintf("what was durable before %q and what is on disk after it differ: %s", in, d))
	}
	return false
}

// comesUp holds a restart of a server that was down to what it is.
func (t *try) comesUp(before, s *server, out *spec.Output) bool {
	t.Tried[restartUp]++
	failed := slices.ContainsFunc(out.Effects, func(e spec.Effect) bool { return e.Kind == spec.Fail })
	if failed {
		return false
	}
	if out.Refused || s.down() {
		return t.fails(restartUp, s, fmt.Sprintf("it is down, and a restart is %s: it is a %s", takenOr(out), s.shown.Role))
	}
	told := before.shown.Durable
	for k := range out.Effects {
		if e := &out.Effects[k]; e.Kind == spec.Write || e.Kind == spec.Sync {
			told = e.Durable
		}
	}
	if !s.shown.Knows(spec.FieldDurable) || !before.shown.Knows(spec.FieldDurable) {
		return false
	}
	t.Tried[restartShowsDisk]++
	if d := durablesDiffer(&told, &s.shown.Durable); d != "" {
		return t.fails(restartShowsDisk, s, "what was on disk when it came up and what it shows as durable differ: "+d)
	}
	return false
}

// refusesWhileDown gives a copy of a server that is down what it must not take.
func (t *try) refusesWhileDown(s *server) bool {
	node := t.copy(s.node, s.id, s.inputs)
	for _, in := range t.probes(s) {
		if in.Kind == spec.Restart || in.Kind == spec.Tick || in.Kind == spec.StorageError || in.Kind == spec.Crash {
			continue
		}
		t.Tried[downRefuses]++
		out := t.step(node, in)
		now := node.Observe()
		switch d := differing(&s.shown, &now); {
		case out.Fault != nil:
			return t.failed(fault(s.id, append(slices.Clone(s.inputs), in), out.Fault))
		case len(out.Effects) > 0:
			return t.fails(downRefuses, s, fmt.Sprintf("it is down, and on %q it does something: %s", in, told(&out.Effects[0])))
		case in.Kind != spec.Deliver && !out.Refused:
			return t.fails(downRefuses, s, fmt.Sprintf("it is down, and takes %q", in))
		case d != "":
			return t.fails(downRefuses, s, fmt.Sprintf("it is down, and after %q, %s", in, d))
		}
	}
	return false
}

// cuts lets copies of a server crash at each crash point of the step that it has just made.
func (t *try) cuts(before, s *server, copied spec.Node, in spec.Input, out *spec.Output) bool {
	if !t.crashes() || out.Refused || in.Kind == spec.Crash || in.Kind == spec.StorageError || in.Cut > 0 || !s.shown.Knows(spec.FieldRole) ||
		slices.ContainsFunc(out.Effects, func(e spec.Effect) bool { return e.Kind == spec.Fail }) {
		return false
	}
	for point := 1; point <= out.CrashPoints(); point++ {
		for _, lossy := range []bool{false, true} {
			if !t.goesOn() || lossy && !t.lossily() {
				break
			}
			asked := in
			asked.Cut, asked.Lossy = point, lossy
			if t.cut(before, copied, asked, out) {
				return true
			}
		}
	}
	return false
}

// cut lets one copy crash at one crash point.
func (t *try) cut(before *server, copied spec.Node, in spec.Input, whole *spec.Output) bool {
	c := *before
	c.node = t.copy(copied, c.id, c.inputs)
	c.inputs = append(slices.Clone(c.inputs), in)
	out := t.step(c.node, in)
	t.Tried[crashPoint]++
	if out.Fault != nil {
		return t.failed(t.told(&c, fault(c.id, c.inputs, out.Fault)))
	}
	c.shown, c.state = c.node.Observe(), c.node.AppendState(nil)
	expected := spec.UntilCrash(whole.Effects, in.Cut)
	switch {
	case out.Refused:
		return t.fails(crashPoint, &c, fmt.Sprintf("%q is refused, though the whole step has %d crash points", in, whole.CrashPoints()))
	case !c.down() && len(out.Effects) == len(whole.Effects):
		return t.fails(crashPoint, &c, fmt.Sprintf("%q: it goes through the whole step, and is a %s afterwards", in, c.shown.Role))
	case !c.down():
		return t.fails(crashPoint, &c, fmt.Sprintf("%q: it is not down, but a %s", in, c.shown.Role))
	}
	if d, order := outputsDiffer(&spec.Output{Effects: expected, Redirect: out.Redirect, Keep: out.Keep}, &out); d != "" {
		if order {
			return t.fails(sendOrder, &c, fmt.Sprintf("%q: %s", in, d))
		}
		return t.fails(crashPoint, &c, fmt.Sprintf("%q: what comes before the crash point in the whole step is not what happened: %s", in, d))
	}
	for k := range expected {
		if e := &expected[k]; e.Kind == spec.Write || e.Kind == spec.Sync {
			c.durable, c.unsynced = e.Durable, e.Kind == spec.Write
		}
	}
	told := c
	return t.leaves(&told, &c, in, crashPointDisk) || t.refusesWhileDown(&c) || t.complete(&c) || t.up(&c)
}

// up restarts a server that crashed in the middle of a step.
func (t *try) up(s *server) bool {
	down := *s
	s.inputs = append(slices.Clone(s.inputs), spec.Input{Kind: spec.Restart})
	out := t.step(s.node, spec.Input{Kind: spec.Restart})
	if out.Fault != nil {
		return t.failed(t.told(s, fault(s.id, s.inputs, out.Fault)))
	}
	s.shown = s.node.Observe()
	return t.comesUp(&down, s, &out)
}
