package traces

import (
	"bufio"
	"fmt"
	"io"
)

// Layout says how a trace is laid out for people. The zero value has lines of any length, as suits a file or a pipe.
type Layout struct {
	Width   int  // the most columns a line takes; 0 is no bound
	Verbose bool // every message that a step loses is named, instead of counted
}

// Text writes a trace as a table, one row a record and one column a server, and below it why the finding is one.
// A cell shows a server's role and term where they changed and '.' where they did not; 'x' marks the record that breaks the
// rule. finding may be nil: then there is only the table. Put the trace into story order first, see Story.
func Text(w io.Writer, t *Trace, finding *Finding) error { return Layout{}.Text(w, t, finding) }

// Text is the function [Text] with this layout.
func (l Layout) Text(w io.Writer, t *Trace, finding *Finding) error {
	out := bufio.NewWriter(w)
	guilty := 0
	if finding != nil && len(finding.Evidence) > 0 {
		guilty = finding.Evidence[0].Step
	}
	letters := lettersOf(t.Records)
	l.writeTable(out, t, guilty, letters)
	if finding != nil {
		fmt.Fprintln(out)
		l.writeWhy(out, t, finding, letters)
	}
	return out.Flush()
}

// Table writes only the table of Text; the record with the number guilty is marked.
func Table(w io.Writer, t *Trace, guilty int) error {
	out := bufio.NewWriter(w)
	Layout{}.writeTable(out, t, guilty, lettersOf(t.Records))
	return out.Flush()
}
