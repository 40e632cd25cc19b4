package traces

import (
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// wrapAt is the width of the prose below a table, in characters.
const wrapAt = 92

// writeWhy says what made the finding happen: the conditions that refused a step, with the values that made them false, and
// what the server could have done instead. A finding without conditions of its own, like two leaders in one term, is
// explained by the first step of the trace that a rule refuses.
func writeWhy(w io.Writer, t *Trace, f *Finding, letters letters) {
	cause, record := causeOf(t, f)
	if cause == nil {
		fmt.Fprintln(w, wrap("Why: "+f.Message+"."))
		return
	}
	said := "Why: "
	if record >= 0 && letters.arrives[record] != "" {
		said += sentWhen(t, record, letters) + " "
	}
	fmt.Fprintln(w, wrap(said+cause.Message+". "+cause.Rule.Sentence))
	writeConditions(w, cause)
	if cause.Hint != "" {
		fmt.Fprintln(w, wrap("hint: "+cause.Hint))
	}
}

// sentWhen says when a late message left: "reply A left at step 2, in term 1."
func sentWhen(t *Trace, record int, letters letters) string {
	from := triggers(t.Records[:record+1])[record]
	return fmt.Sprintf("%s left at step %d, in term %d.", letters.arrives[record], t.Records[from].Number, t.Records[record].Step.Input.Message.Term)
}

func writeConditions(w io.Writer, b *spec.Breach) {
	width := 0
	for _, c := range b.Refused {
		width = max(width, len(c.Text))
	}
	for _, c := range b.Refused {
		fmt.Fprintf(w, "    refused condition   %-*s   %s\n", width, c.Text, legible.Line(c.Values))
	}
	if b.Allowed != "" {
		fmt.Fprintf(w, "    allowed instead     %s\n", legible.Line(b.Allowed))
	}
}

// causeOf returns the breach that explains a finding, and the index of its record: the finding itself when it has conditions,
// else the first breach with conditions by any rule up to the finding's record; nil when there is none.
func causeOf(t *Trace, f *Finding) (*spec.Breach, int) {
	at := -1
	if len(f.Evidence) > 0 {
		for i := range t.Records {
			if t.Records[i].Number == f.Evidence[0].Step {
				at = i
			}
		}
	}
	if len(f.Refused) > 0 {
		return f.Breach, at
	}
	judge := spec.NewJudge(spec.Rules, t.Header.Variants)
	for i := range t.Records {
		if t.Records[i].Step == nil {
			continue
		}
		for _, b := range judge.Step(spec.Origin(t.Records[i].Number), t.Records[i].Step) {
			if len(b.Refused) > 0 {
				return b, i
			}
		}
		if i == at {
			break
		}
	}
	return nil, -1
}

// wrap breaks prose into lines.
func wrap(s string) string {
	s = legible.Line(s)
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > wrapAt {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
