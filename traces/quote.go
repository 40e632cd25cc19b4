package traces

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// quote fills in the text of the lines that findings rest on, by reading the file once more up to the last of them.
// A file that can no longer be read leaves them empty: the finding stands without.
func quote(r *Result, reopen func() (*Lines, error)) {
	var wanted []int
	for _, f := range r.Findings {
		for _, p := range f.Evidence {
			if p.Line > 0 {
				wanted = append(wanted, p.Line)
			}
		}
	}
	if reopen == nil || len(wanted) == 0 {
		return
	}
	lines, err := reopen()
	if err != nil {
		return
	}
	defer lines.Close()
	texts := textsOf(lines, wanted)
	for i := range r.Findings {
		for k := range r.Findings[i].Evidence {
			p := &r.Findings[i].Evidence[k]
			if p.Text = texts[p.Line]; p.Text == "" || p.member == "" {
				continue
			}
			if at, width := scan.Find([]byte(p.Text), p.member); width > 0 {
				p.Column, p.Width = at+1, width
			}
		}
	}
}

func textsOf(lines *Lines, wanted []int) map[int]string {
	slices.Sort(wanted)
	texts := map[int]string{}
	for len(wanted) > 0 {
		line, err := lines.Next()
		if err != nil {
			break
		}
		for len(wanted) > 0 && wanted[0] <= lines.Number() {
			if wanted[0] == lines.Number() {
				texts[wanted[0]] = string(line)
			}
			wanted = wanted[1:]
		}
	}
	return texts
}

// telling returns the field of a server's state that tells most about a broken rule.
func telling(r *spec.Rule) spec.Field {
	needs := r.Needs | r.NeedsAfter
	switch r.Agreement {
	case spec.FactLeader:
		return spec.FieldRole
	case spec.FactVote:
		return spec.FieldVotedFor
	case spec.FactEntry:
		return spec.FieldLog
	case spec.FactCommitted:
		return spec.FieldCommit
	}
	for _, f := range []spec.Field{spec.FieldVotedFor, spec.FieldCommit, spec.FieldLog, spec.FieldRole, spec.FieldTerm} {
		if needs&f != 0 {
			return f
		}
	}
	return 0
}

// Member names the member of a record's line that shows a part of a step, for a Place to point at: "post.term", "message".
func (r *Reader) Member(part spec.Part, effect int, field spec.Field) string {
	switch part {
	case spec.PartInput:
		return "message"
	case spec.PartEffect:
		return fmt.Sprintf("effects.%d", effect)
	}
	for k, name := range fieldNames {
		if field == 1<<k {
			return "post." + name
		}
	}
	return "event"
}
