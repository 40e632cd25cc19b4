package scenario

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// tell adds a line to the story.
func (x *execution) tell(format string, args ...any) {
	fmt.Fprintf(&x.story, format+"\n", args...)
}

// tellStep adds what a step was and did.
func (x *execution) tellStep(s *spec.Step) {
	x.tell("  %2d  %s", len(x.record), s.Input)
	for k := range s.Output.Effects {
		x.tell("        %s", effectText(&s.Output.Effects[k]))
	}
	if s.Output.Redirect != spec.None {
		x.tell("        the client is sent on to %s", s.Output.Redirect)
	}
	x.tell("        %s", x.shown())
}

// shown says what the server shows, on one line.
func (x *execution) shown() string {
	o := &x.now
	var parts []string
	add := func(knows spec.Field, format string, args ...any) {
		if o.Knows(knows) {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(spec.FieldRole, "%s", o.Role)
	add(spec.FieldTerm, "term %d", o.Term)
	if o.VotedFor != spec.None {
		add(spec.FieldVotedFor, "voted for %s", o.VotedFor)
	}
	add(spec.FieldLog, "log %s", o.Log)
	add(spec.FieldCommit, "commit %d", o.CommitIndex)
	return tested.String() + ": " + strings.Join(parts, ", ")
}

// effectText says what a server did, on one line.
func effectText(e *spec.Effect) string {
	r := &e.Reply
	switch e.Kind {
	case spec.Send:
		return "sends " + e.Message.String()
	case spec.Write, spec.Sync:
		d := &e.Durable
		return fmt.Sprintf("%ss: safe on disk are term %d, vote %s, log %s", e.Kind, d.Term, d.VotedFor, d.Log)
	case spec.Answer:
		what := "is done"
		switch {
		case r.Read:
			what = fmt.Sprintf("may be read at index %d", r.Index)
		case r.Failed:
			what = "has failed"
		}
		return fmt.Sprintf("tells a client that %s %s", r.Value, what)
	case spec.Apply:
		return fmt.Sprintf("applies %s at index %d", r.Value, r.Index)
	}
	return "the disk refuses to write"
}
