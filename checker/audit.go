package checker

import (
	"bytes"
	"fmt"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// audit checks that canonical bytes say enough: a state that was reached by two histories is given every input on both of them,
// and the two must do the same and end in equal bytes. It also catches nodes that are not deterministic.
func (m *memo) audit(s *server, in spec.Input, out spec.Output, after spec.Node) error {
	if s.twin < 0 {
		return nil
	}
	node, err := m.rebuild(s.slot, s.twinNode, s.twin)
	if err != nil {
		return &Fault{Server: s.sight.Server, Step: in.String(), Err: err}
	}
	m.audits++
	other := cluster.StepOf(node, in)
	if difference := compareOutputs(&out, &other); difference != "" {
		return m.unsound(s, in, difference)
	}
	if !bytes.Equal(after.AppendState(nil), node.AppendState(nil)) {
		return m.unsound(s, in, "the states after it differ: "+compareNodes(after, node))
	}
	return nil
}

func (m *memo) unsound(s *server, in spec.Input, difference string) error {
	return &Fault{Server: s.sight.Server, Step: in.String(), Err: fmt.Errorf("two histories that end in equal AppendState bytes behave differently: %s; "+
		"AppendState leaves something out, or the node is not deterministic (a clock, a random source, map order, shared memory)", difference)}
}

// compareOutputs returns the first difference between two outputs, or "".
func compareOutputs(a, b *spec.Output) string {
	if a.Refused != b.Refused || a.Keep != b.Keep || a.Redirect != b.Redirect {
		return fmt.Sprintf("refused %t and %t, kept %t and %t, redirected to %s and %s", a.Refused, b.Refused, a.Keep, b.Keep, a.Redirect, b.Redirect)
	}
	if len(a.Effects) != len(b.Effects) {
		return fmt.Sprintf("%d effects and %d effects", len(a.Effects), len(b.Effects))
	}
	for k := range a.Effects {
		if x, y := &a.Effects[k], &b.Effects[k]; x.Kind != y.Kind || !x.Message.Equal(y.Message) {
			return fmt.Sprintf("effect %d is %s %s and %s %s", k, x.Kind, x.Message, y.Kind, y.Message)
		}
	}
	return ""
}

// compareNodes returns the first thing in which two nodes differ, as far as they show or say it.
func compareNodes(a, b spec.Node) string {
	if d, ok := a.(spec.Differ); ok {
		if difference := d.Difference(b); difference != "" {
			return difference
		}
	}
	return compareObservations(a.Observe(), b.Observe())
}

// compareObservations returns the first field that two observations do not share.
func compareObservations(a, b spec.Observation) string {
	for _, f := range []struct{ name, x, y string }{
		{"role", a.Role.String(), b.Role.String()},
		{"term", fmt.Sprint(a.Term), fmt.Sprint(b.Term)},
		{"votedFor", a.VotedFor.String(), b.VotedFor.String()},
		{"leader", a.LeaderID.String(), b.LeaderID.String()},
		{"log", a.Log.String(), b.Log.String()},
		{"commitIndex", fmt.Sprint(a.CommitIndex), fmt.Sprint(b.CommitIndex)},
		{"lastApplied", fmt.Sprint(a.LastApplied), fmt.Sprint(b.LastApplied)},
		{"votes", fmt.Sprint(a.Granted, a.Refused), fmt.Sprint(b.Granted, b.Refused)},
		{"progress", fmt.Sprint(a.Progress), fmt.Sprint(b.Progress)},
		{"durable", fmt.Sprint(a.Durable), fmt.Sprint(b.Durable)},
	} {
		if f.x != f.y {
			return fmt.Sprintf("%s is %s and %s", f.name, f.x, f.y)
		}
	}
	return "in something that Observe does not show"
}
