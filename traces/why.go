package traces

import (
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// proseWidth is the width of the prose below a table, in characters, where there is room.
const proseWidth = 92

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

func (l Layout) writeWhy(w io.Writer, t *Trace, f *Finding, letters letters) {
	why := reasonOf(t, f, letters)
	l.writeProse(w, "Why: "+why.Says)
	l.writeConditions(w, &why)
	if why.Hint != "" {
		l.writeProse(w, "hint: "+why.Hint)
	}
}

// sentWhen says when a late message left: "reply A left at step 2, in term 1."
func sentWhen(t *Trace, record int, letters letters) string {
	m, left := &t.Records[record].Step.Input.Message, fmt.Sprintf("%s left at step %d", letters.arrives[record], t.Records[letters.trigger[record]].Number)
	if !m.Knows(spec.MessageTerm) {
		return left + "."
	}
	return fmt.Sprintf("%s, in term %d.", left, m.Term)
}

func (l Layout) writeProse(w io.Writer, text string) {
	width := proseWidth
	if l.Width > 0 {
		width = min(width, l.Width)
	}
	for _, line := range fold.Words(legible.Line(text), width) {
		l.writeLine(w, line)
	}
}

// writeLine writes a line, in parts if it does not fit.
func (l Layout) writeLine(w io.Writer, line string) {
	for _, part := range fold.Line(line, l.Width) {
		fmt.Fprintln(w, part)
	}
}

func (l Layout) writeConditions(w io.Writer, b *Reason) {
	width := 0
	for _, c := range b.Refused {
		width = max(width, len(c.Text))
	}
	for _, c := range b.Refused {
		l.writeLine(w, fmt.Sprintf("    refused condition   %-*s   %s", width, c.Text, legible.Line(c.Values)))
	}
	if b.Allowed != "" {
		l.writeLine(w, "    allowed instead     "+legible.Line(b.Allowed))
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
