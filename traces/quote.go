package traces

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// quote fills in the text of the lines that findings rest on, by reading the file once more up to the last of them.
// A file that can no longer be read leaves them empty: the finding stands without.
func quote(r *Result, reopen func() (*Lines, error), native bool) {
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
			p.Text = texts[p.Line]
			p.point(native)
		}
	}
}

// point finds what to point at in the quoted line.
func (p *Place) point(native bool) {
	line := []byte(p.Text)
	members := p.members
	if native {
		members = p.preferred(line)
	}
	for _, member := range members {
		if at, width := scan.Find(line, member); width > 0 {
			p.Column, p.Width = at+1, width
			return
		}
	}
}

// preferred are the members to point at in a line of the native format. One that is another server's tells of this one by the message that it received.
func (p *Place) preferred(line []byte) []string {
	if server := serverOf(line); server != "" && p.Server != spec.None && server != p.Server.String() {
		return append([]string{"message"}, p.members...)
	}
	for k := 0; p.told; k++ {
		effect := fmt.Sprintf("effects.%d", k)
		if _, width := scan.Find(line, effect); width == 0 {
			break
		}
		if _, width := scan.Find(line, effect+".send"); width > 0 {
			return append([]string{effect}, p.members...)
		}
	}
	return p.members
}

// serverOf returns whose record a line is; "" if it does not say.
func serverOf(line []byte) string {
	l := scan.New(line)
	for l.Open('{'); l.More('}'); {
		if string(l.Key()) == "server" && l.Peek() == '"' {
			return string(l.String())
		}
		l.Ignore()
	}
	return ""
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
	for _, f := range []spec.Field{spec.FieldVotedFor, spec.FieldCommit, spec.FieldLog, spec.FieldApplied, spec.FieldRole, spec.FieldTerm, spec.FieldDurable, spec.FieldConfig,
		spec.FieldProgress, spec.FieldVotes, spec.FieldLeader, spec.FieldReads} {
		if needs&f != 0 {
			return f
		}
	}
	return 0
}

// Members names the members of a record's line that may show a part of a step, for a Place to point at, the best first: "post.term", "message".
func (r *Reader) Members(part spec.Part, effect int, field spec.Field) []string {
	name := memberOf(field)
	switch part {
	case spec.PartInput:
		return []string{"message", "event"}
	case spec.PartEffect:
		return []string{fmt.Sprintf("effects.%d", effect), "effects", "event"}
	case spec.PartBefore:
		return []string{"pre." + name, "post." + name, "event"}
	}
	return []string{"post." + name, "effects", "message", "event"}
}

// memberOf names the member of a state that shows a field, and another one than any if none does.
func memberOf(field spec.Field) string {
	switch field {
	case spec.FieldContact:
		return "contact"
	case spec.FieldReads:
		return "reads"
	case spec.FieldRefused:
		return "refused"
	}
	for k, name := range fieldNames {
		if field == 1<<k {
			return name
		}
	}
	return "?"
}
