package checker

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// The first audits are made of every input, the later ones of some.
const (
	auditedAll  = 1 << 12
	auditedSome = 8
)

// audit checks that canonical bytes say enough: when two histories led to a state, a node of each is given an input, and the two
// must do the same and end in equal bytes. It also catches nodes that are not deterministic. m.key holds the bytes of the first.
// It returns the second node, which has made the step too; none where one history is all there is, or the turn has not come.
func (m *memo) audit(state uint32, in spec.Input, out *spec.Output, one lived) (lived, error) {
	s := &m.servers[state]
	if s.twin < 0 || m.audits >= auditedAll && m.executed%auditedSome != 0 {
		return lived{}, nil
	}
	other, kept := m.spares.take(state, one.way)
	if !kept {
		var err error
		if other, err = m.rebuild(s.slot, s.twinNode, s.twin); err != nil {
			return lived{}, err
		}
	}
	m.audits++
	again := m.step(other.node, in)
	if again.Fault != nil {
		return lived{}, again.Fault
	}
	if difference := compareOutputs(out, &again); difference != "" {
		return lived{}, unsound(difference)
	}
	if m.again = other.node.AppendState(m.again[:0]); !bytes.Equal(m.key[1:], m.again) {
		return lived{}, unsound("the states after it differ: " + compareNodes(one.node, other.node))
	}
	return other, nil
}

func unsound(difference string) error {
	return fmt.Errorf("two histories that end in equal AppendState bytes behave differently: %s; "+
		"AppendState leaves something out, or the node is not deterministic (a clock, a random source, map order, shared memory)", difference)
}

// compareOutputs returns the first difference between two outputs, or "".
func compareOutputs(a, b *spec.Output) string {
	if a.Refused != b.Refused || a.Keep != b.Keep || a.Redirect != b.Redirect {
		return fmt.Sprintf("refused %t and %t, kept %t and %t, redirected to %s and %s", a.Refused, b.Refused, a.Keep, b.Keep, a.Redirect, b.Redirect)
	}
	if len(a.Effects) != len(b.Effects) {
		return fmt.Sprintf("%d effects and %d effects", len(a.Effects), len(b.Effects))
	}
	if !slices.Equal(a.Gates, b.Gates) {
		return fmt.Sprintf("it passes the gates %q and %q", a.Gates, b.Gates)
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

const alikeObservations = "in something that Observe does not show"

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
	return alikeObservations
}
