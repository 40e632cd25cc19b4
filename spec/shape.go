package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Overlooking returns a copy of the rule that does not count breaches of these shapes: those that are known already, so that what else
// breaks the rule can be found. Without shapes it is the rule itself.
func (r *Rule) Overlooking(shapes []string) *Rule {
	if len(shapes) == 0 {
		return r
	}
	other := *r
	other.overlooked = slices.Clone(shapes)
	return &other
}

// Overlooked returns the shapes that the rule does not count.
func (r *Rule) Overlooked() []string { return r.overlooked }

// Overlooks reports whether the rule does not count a breach of that shape.
func (r *Rule) Overlooks(shape string) bool { return slices.Contains(r.overlooked, shape) }

// stepShape says what kind of step broke the rule, in words that stay the same when servers, terms, indexes and values are others: the
// input, and for a message what it is and whether it is of an earlier term; the role of the server before; and which part is guilty. A crash
// in the middle of the step is not told: what is wrong is what came before it.
func stepShape(s *Step, b *Breach) string {
	parts := []string{s.inputShape(), "to a " + s.roleShape()}
	if len(b.Evidence) > 0 {
		parts = append(parts, s.partShape(b.Evidence[0].Part, b.Evidence[0].Effect))
	}
	return strings.Join(parts, ", ")
}

func (s *Step) inputShape() string {
	in := &s.Input
	shape := in.Kind.String()
	if in.Kind == Deliver {
		shape += " " + messageShape(&in.Message)
		if s.After.Knows(FieldTerm) && in.Message.Term < s.After.Term {
			shape += " of an earlier term"
		}
	}
	if in.Kind == Crash && in.Lossy {
		shape += ", unsynced writes lost"
	}
	return shape
}

// messageShape is the kind of a message and what it answers.
func messageShape(m *Message) string {
	switch {
	case m.Kind == AppendEntries && len(m.Entries) == 0:
		return "empty " + m.Kind.String()
	case m.Granted, m.Success:
		return "positive " + m.Kind.String()
	}
	return m.Kind.String()
}

func (s *Step) roleShape() string {
	if s.Before.Knows(FieldRole) {
		return s.Before.Role.String()
	}
	if s.After.Knows(FieldRole) && s.After.Role != Crashed {
		return s.After.Role.String()
	}
	return "server"
}

func roleShape(o *Observation) string {
	if !o.Knows(FieldRole) {
		return "unknown"
	}
	return o.Role.String()
}

func (s *Step) partShape(part Part, effect int) string {
	switch {
	case part == PartEffect && effect < len(s.Output.Effects):
		e := &s.Output.Effects[effect]
		if e.Kind == Send {
			return "in a " + messageShape(&e.Message) + " sent"
		}
		return "in an effect: " + e.Kind.String()
	case part == PartEffect:
		return "in an effect"
	}
	return "in " + partNames[part]
}

// partNames are the parts of a step as shapes name them, in the order of their numbers.
var partNames = [...]string{"what it shows", "what it showed before", "its input", "an effect", "a fact"}

// disagree is the shape of a breach that facts show as well as two servers side by side: it is one shape, whichever sees it first.
const disagree = "two servers disagree"

// pairShape is the shape of a breach that shows in two servers at one moment: their roles, whichever is named first.
func (r *Rule) pairShape(a, b *Sight) string {
	if r.Agreement != FactNone {
		return disagree
	}
	roles := []string{roleShape(a.Observation), roleShape(b.Observation)}
	slices.Sort(roles)
	return fmt.Sprintf("two servers at once, roles %s and %s", roles[0], roles[1])
}
