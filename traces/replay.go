package traces

import (
	"errors"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Difference says that a node did something else than the trace records: the trace is of another implementation or version, or
// the node is not deterministic.
type Difference struct {
	Record int // the record's number
	Line   int // 0 when made in memory
	Server spec.ServerID
	What   string // the first difference: "after: term 2, not 3"
}

// Error names the record and the first differing field.
func (d *Difference) Error() string {
	return fmt.Sprintf("record %d: %s does not do what the trace records: %s", d.Record, d.Server, d.What)
}

// Replay runs the recorded inputs on fresh nodes and compares everything they do and show with the record. It returns the steps
// as they happened. A difference is a *Difference; parts that the record does not show are not compared.
func Replay(t *Trace, factory spec.Factory) ([]spec.Step, error) {
	return replay(t.Records, t.Header.Servers, factory, true)
}

// replay runs records; without compare it only runs them.
func replay(records []Record, servers []spec.ServerID, factory spec.Factory, compare bool) ([]spec.Step, error) {
	nodes := map[spec.ServerID]spec.Node{}
	for _, id := range servers {
		nodes[id] = factory(id, servers)
	}
	steps := make([]spec.Step, 0, len(records))
	for k := range records {
		r := &records[k]
		if r.Step == nil {
			continue
		}
		node, known := nodes[r.Step.Server]
		if !known {
			return steps, &Difference{r.Number, r.Line, r.Step.Server, "it is not one of the cluster's servers"}
		}
		s := spec.Step{Server: r.Step.Server, Before: node.Observe(), Input: r.Step.Input}
		if err := takes(node, &s); err != nil {
			return steps, &Difference{r.Number, r.Line, s.Server, err.Error()}
		}
		steps = append(steps, s)
		if what := differingStep(r.Step, &s); compare && what != "" {
			return steps, &Difference{r.Number, r.Line, s.Server, what}
		}
	}
	return steps, nil
}

// takes lets a node take the step's input. A panic is something else than what was recorded.
func takes(node spec.Node, s *spec.Step) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the node panicked: %v", p)
		}
	}()
	s.Output = node.Step(s.Input)
	s.After = node.Observe()
	return nil
}

// differingStep returns the first difference between a recorded step and what happened, or "".
func differingStep(recorded, happened *spec.Step) string {
	if what := firstDifference(&recorded.Before, &happened.Before); what != "" {
		return "before: " + what
	}
	if what := differingOutput(&recorded.Output, &happened.Output); what != "" {
		return what
	}
	if what := firstDifference(&recorded.After, &happened.After); what != "" {
		return "after: " + what
	}
	return ""
}

func differingOutput(want, got *spec.Output) string {
	switch {
	case want.Refused != got.Refused:
		return fmt.Sprintf("refused is %t, not %t", got.Refused, want.Refused)
	case (want.Fault == nil) != (got.Fault == nil):
		return fmt.Sprintf("fault %v, not %v", got.Fault, want.Fault)
	case want.Redirect != got.Redirect:
		return fmt.Sprintf("redirect to %s, not %s", got.Redirect, want.Redirect)
	}
	for k := range max(len(want.Effects), len(got.Effects)) {
		switch {
		case k >= len(got.Effects):
			return fmt.Sprintf("effect %d is missing: %s", k, describeEffect(&want.Effects[k]))
		case k >= len(want.Effects):
			return fmt.Sprintf("effect %d is not in the record: %s", k, describeEffect(&got.Effects[k]))
		case !sameEffect(&want.Effects[k], &got.Effects[k]):
			return fmt.Sprintf("effect %d is %s, not %s", k, describeEffect(&got.Effects[k]), describeEffect(&want.Effects[k]))
		}
	}
	return ""
}

func describeEffect(e *spec.Effect) string {
	switch e.Kind {
	case spec.Send:
		return "send " + e.Message.String()
	case spec.Answer, spec.Apply:
		what := e.Kind.String()
		if e.Reply.Failed {
			what += " a failure of"
		}
		if e.Reply.Passed {
			what += " nothing of"
		}
		return fmt.Sprintf("%s %q at index %d", what, e.Reply.Value, e.Reply.Index)
	}
	return fmt.Sprintf("%s term=%d votedFor=%s log=%s", e.Kind, e.Durable.Term, e.Durable.VotedFor, e.Durable.Log)
}

// Again runs the recorded inputs on fresh nodes and returns the trace as it went this time, up to the first step that differs, and
// that difference; nil if there is none. The error says why it could not be run.
func Again(t *Trace, factory spec.Factory) (*Trace, *Difference, error) {
	steps, err := Replay(t, factory)
	var differs *Difference
	if err != nil && !errors.As(err, &differs) {
		return nil, nil, err
	}
	happened := &Trace{Header: t.Header}
	for _, r := range t.Records {
		if r.Step != nil {
			if len(steps) == 0 {
				break
			}
			r.Step, steps = &steps[0], steps[1:]
			if sent := r.Step.Output.Effects; differs != nil && r.Number == differs.Record {
				// What was lost then may not have been sent now.
				r.Lost = slices.DeleteFunc(slices.Clone(r.Lost), func(k int) bool { return k >= len(sent) || sent[k].Kind != spec.Send })
			}
		}
		happened.Records = append(happened.Records, r)
		if differs != nil && r.Number == differs.Record {
			break
		}
	}
	happened.Header.Records = len(happened.Records)
	return happened, differs, nil
}
