package contract

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// given gives a server an input and holds what comes of it to every check that one input can fail.
func (t *try) given(s *server, in spec.Input) spec.Output {
	before := *s
	copied := t.clone(s.node)
	out := t.step(s.node, in)
	s.inputs, s.outputs = append(s.inputs, in), append(s.outputs, out)
	t.count(in, &out)
	if out.Fault != nil {
		t.failed(t.told(s, fault(s.id, s.inputs, out.Fault)))
		return spec.Output{Refused: true}
	}
	s.state = s.node.AppendState(nil)
	s.states = append(s.states, s.state)
	s.shown = s.node.Observe()
	s.text = printed(&s.shown)
	ended := t.looksAlike(s) || t.harmless(&before, s, &out) || t.peers(s, &out) || t.current(s, in, &out) || t.stays(&before, s) ||
		t.role(&before, s, in, &out) || t.clones(&before, s, copied, in, &out) || t.cuts(&before, s, copied, in, &out) || t.complete(s)
	if ended {
		return spec.Output{Refused: true}
	}
	return out
}

func (t *try) count(in spec.Input, out *spec.Output) {
	a := t.Asked[in.Kind]
	a.Given++
	if !out.Refused {
		a.Taken++
		t.took = t.took || in.Kind != spec.Crash && in.Kind != spec.Restart
	}
	t.Asked[in.Kind] = a
	for k := range out.Sent {
		t.Sent[out.Effects[k].Message.Kind]++
	}
	t.Tried[noFault]++
	t.Tried[takesInputs]++
}

// looksAlike asks a second time for what was just read.
func (t *try) looksAlike(s *server) bool {
	t.Tried[stableState]++
	t.Tried[observationCurrent]++
	if again := s.node.AppendState(nil); !bytes.Equal(again, s.state) {
		return t.fails(stableState, s, bytesDiffer(s.state, again))
	}
	again := s.node.Observe()
	if d := differing(&s.shown, &again); d != "" {
		return t.fails(observationCurrent, s, "when it is looked at twice, "+d)
	}
	return false
}

// harmless holds refused inputs to having changed nothing, and equal states to being shown alike.
func (t *try) harmless(before, s *server, out *spec.Output) bool {
	same := bytes.Equal(before.state, s.state)
	if out.Refused {
		t.Tried[refusedHarmless]++
		if len(out.Effects) > 0 {
			return t.fails(refusedHarmless, s, fmt.Sprintf("%q is refused, and has effects: %s", s.inputs[len(s.inputs)-1], told(&out.Effects[0])))
		}
		if !same {
			return t.fails(refusedHarmless, s, fmt.Sprintf("%q is refused, and the state is another one: %s", s.inputs[len(s.inputs)-1], bytesDiffer(before.state, s.state)))
		}
	}
	d := differing(&before.shown, &s.shown)
	if !same || d == "" {
		return false
	}
	message := fmt.Sprintf("%q leaves the bytes of AppendState as they were, and yet %s", s.inputs[len(s.inputs)-1], d)
	if out.Refused {
		return t.fails(observationCurrent, s, message)
	}
	return t.behind(s, stateComplete, message)
}

// peers holds messages to their addresses.
func (t *try) peers(s *server, out *spec.Output) bool {
	for k, m := range out.Sent {
		t.Tried[realPeers]++
		switch {
		case m.Kind < spec.RequestVote || m.Kind > spec.TimeoutNow:
			return t.fails(realPeers, s, fmt.Sprintf("effect %d sends a message of kind %d", k+1, m.Kind))
		case m.From != s.id:
			return t.fails(realPeers, s, fmt.Sprintf("%s sends a message as %s: %s", s.id, m.From, m))
		case m.To == s.id || !slices.Contains(t.config.IDs(), m.To):
			return t.fails(realPeers, s, fmt.Sprintf("%s sends a message to %s, of a cluster of n1 to n%d: %s", s.id, m.To, t.config.Servers, m))
		}
	}
	return false
}

// current holds what is shown to what the step told, and to what is shown after an input that a running server refuses.
func (t *try) current(s *server, in spec.Input, out *spec.Output) bool {
	last := -1
	for k := range out.Effects {
		if e := &out.Effects[k]; e.Kind == spec.Write || e.Kind == spec.Sync {
			last, s.durable, s.unsynced = k, e.Durable, e.Kind == spec.Write
		}
	}
	if last >= 0 && s.shown.Knows(spec.FieldDurable) {
		t.Tried[durableTold]++
		if d := durablesDiffer(&s.durable, &s.shown.Durable); d != "" && !s.down() {
			return t.behind(s, durableTold, "its last durable effect and Observe do not agree on what is durable: "+d)
		}
	}
	if s.down() || in.Kind == spec.Crash {
		return false
	}
	if last >= 0 && s.shown.Knows(spec.FieldTerm|spec.FieldDurable) && s.shown.Term < s.durable.Term {
		return t.fails(observationCurrent, s, fmt.Sprintf("after %q it has term %d on its disk, and shows term %d", in, s.durable.Term, s.shown.Term))
	}
	if !t.restarts() {
		return false
	}
	t.Tried[restartUp]++
	looked := s.shown
	if probe := t.step(s.node, spec.Input{Kind: spec.Restart}); !probe.Refused {
		if probe.Fault != nil {
			return t.failed(fault(s.id, append(slices.Clone(s.inputs), spec.Input{Kind: spec.Restart}), probe.Fault))
		}
		return t.fails(restartUp, s, fmt.Sprintf("after %q it is up, and takes a restart", in))
	}
	now := s.node.Observe()
	if d := differing(&looked, &now); d != "" {
		return t.fails(observationCurrent, s, "it refuses a restart, and yet "+d)
	}
	return false
}

// behind tells an observation that is a step behind from what else may be wrong: the server is given an input that it refuses.
func (t *try) behind(s *server, c *Check, message string) bool {
	if !t.restarts() {
		return t.fails(c, s, message)
	}
	looked := s.shown
	t.step(s.node, spec.Input{Kind: spec.Restart})
	now := s.node.Observe()
	if d := differing(&looked, &now); d != "" {
		return t.fails(observationCurrent, s, "it refuses a restart, and yet "+d)
	}
	return t.fails(c, s, message)
}

func durablesDiffer(a, b *spec.Durable) string {
	switch {
	case a.Unknown|b.Unknown != 0:
		return ""
	case a.Term != b.Term:
		return fmt.Sprintf("the term is %d and %d", a.Term, b.Term)
	case a.VotedFor != b.VotedFor:
		return fmt.Sprintf("the vote is for %s and %s", a.VotedFor, b.VotedFor)
	case a.Log.Base != b.Log.Base || a.Log.BaseTerm != b.Log.BaseTerm || !slices.Equal(a.Log.Entries, b.Log.Entries):
		return fmt.Sprintf("the log is %s and %s", a.Log, b.Log)
	}
	return ""
}

// stays holds the observation before the step to what it was.
func (t *try) stays(before, s *server) bool {
	t.Tried[observationStays]++
	if was, is := before.text, printed(&before.shown); was != is {
		k := firstDifference([]string{was, is})
		from := max(0, k-40)
		return t.fails(observationStays, s, fmt.Sprintf("what was shown before %q has changed: …%s… was …%s…", s.inputs[len(s.inputs)-1], is[from:min(len(is), k+20)], was[from:min(len(was), k+20)]))
	}
	return false
}

func (s *server) down() bool { return s.shown.Role == spec.Crashed && s.shown.Knows(spec.FieldRole) }
