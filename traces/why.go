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

// Reason is what made a finding happen: the conditions that refused a step, with the values that made them false, and what the server
// could have done instead. A finding without conditions of its own, like two leaders in one term, is explained by the first step of the
// trace that a rule refuses.
type Reason struct {
	Says    string           // in sentences
	Refused []spec.Condition // none where Says is all there is
	Allowed string
	Hint    string
}

// ReasonOf says why a finding is one.
func ReasonOf(t *Trace, f *Finding) Reason { return reasonOf(t, f, lettersOf(t.Records)) }

func reasonOf(t *Trace, f *Finding, letters letters) Reason {
	cause, record := causeOf(t, f)
	if cause == nil {
		return Reason{Says: f.Message + "."}
	}
	said := ""
	if record >= 0 && letters.arrives[record] != "" {
		said = sentWhen(t, record, letters) + " "
	}
	return Reason{Says: said + cause.Message + ". " + cause.Rule.Sentence, Refused: cause.Refused, Allowed: cause.Allowed, Hint: cause.Hint}
}

func writeWhy(w io.Writer, t *Trace, f *Finding, letters letters) {
	why := reasonOf(t, f, letters)
	fmt.Fprintln(w, wrap("Why: "+why.Says))
	writeConditions(w, &why)
	if why.Hint != "" {
		fmt.Fprintln(w, wrap("hint: "+why.Hint))
	}
}

// sentWhen says when a late message left: "reply A left at step 2, in term 1."
func sentWhen(t *Trace, record int, letters letters) string {
	return fmt.Sprintf("%s left at step %d, in term %d.", letters.arrives[record], t.Records[letters.trigger[record]].Number, t.Records[record].Step.Input.Message.Term)
}

func writeConditions(w io.Writer, b *Reason) {
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
