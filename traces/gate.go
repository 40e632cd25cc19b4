package traces

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// gateSentence tells a step in which a goroutine of the server is held at a gate, or goes on from one: what was given, what the server did until
// all waited, and where the goroutine stays. from is where it was held that goes on; "" where that is not known.
func gateSentence(s *spec.Step, arriving, from string) string {
	var parts []string
	in := &s.Input
	switch {
	case in.Kind != spec.Resume:
		parts = append(parts, given(s, arriving))
	case in.Gate != "":
		parts = append(parts, "lets the timer fire at the gate "+in.Gate)
	case from != "":
		parts = append(parts, "lets its goroutine go on from the gate "+from)
	default:
		parts = append(parts, "lets its goroutine go on that is held")
	}
	if s.After.Role != s.Before.Role && s.Before.Knows(spec.FieldRole) && s.After.Knows(spec.FieldRole) {
		parts = append(parts, "is "+s.After.Role.String()+" now")
	}
	if kept := keeps(s); kept != "" {
		parts = append(parts, "writes "+kept)
	}
	if sends := sendsOf(&s.Output); sends != "" {
		parts = append(parts, sends)
	}
	if in.Kind != spec.Resume {
		parts = append(parts, "and a goroutine stays at the gate "+in.Gate)
	}
	return fmt.Sprintf("%s %s", s.Server, strings.Join(parts, ", "))
}
