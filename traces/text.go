package traces

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
)

// Text writes a trace as a table, one row a record and one column a server, and below it why the finding is one.
// A cell shows a server's role and term where they changed and '.' where they did not; 'x' marks the record that breaks the
// rule. finding may be nil: then there is only the table. Put the trace into story order first, see Story.
func Text(w io.Writer, t *Trace, finding *Finding) error {
	out := bufio.NewWriter(w)
	guilty := 0
	if finding != nil && len(finding.Evidence) > 0 {
		guilty = finding.Evidence[0].Step
	}
	letters := lettersOf(t.Records)
	writeTable(out, t, guilty, letters)
	if finding != nil {
		fmt.Fprintln(out)
		writeWhy(out, t, finding, letters)
	}
	return out.Flush()
}

// Table writes only the table of Text; the record with the number guilty is marked.
func Table(w io.Writer, t *Trace, guilty int) error {
	out := bufio.NewWriter(w)
	writeTable(out, t, guilty, lettersOf(t.Records))
	return out.Flush()
}

func writeTable(w io.Writer, t *Trace, guilty int, letters letters) {
	servers, rows := rowsOf(t, guilty, letters)
	widths := make([]int, len(servers))
	for k, id := range servers {
		widths[k] = len(id.String())
		for _, r := range rows {
			widths[k] = max(widths[k], len(r.Cells[k]))
		}
	}
	says := 0
	for _, r := range rows {
		if r.Notes != "" {
			says = max(says, len(r.Says))
		}
	}
	head := "  step"
	for k, id := range servers {
		head += fmt.Sprintf("  %-*s", widths[k], id)
	}
	fmt.Fprintln(w, strings.TrimRight(head, " "))
	for _, r := range rows {
		writeRow(w, &r, widths, min(says, 64))
	}
	if t.Header.Loop > 0 {
		fmt.Fprintf(w, "   ...  and again from step %d, for ever\n", t.Header.Loop)
	}
}

func writeRow(w io.Writer, r *Row, widths []int, says int) {
	mark := " "
	if r.Guilty {
		mark = "x"
	}
	line := fmt.Sprintf("  %s %2d", mark, r.Number)
	for k, c := range r.Cells {
		line += fmt.Sprintf("  %-*s", widths[k], c)
	}
	line += "  " + r.Says
	if r.Notes != "" {
		line += strings.Repeat(" ", max(0, says-len(r.Says))) + "  " + r.Notes
	}
	fmt.Fprintln(w, strings.TrimRight(legible.Line(line), " "))
}
