package traces

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// Told is a trace to be told beside another, and what it comes to.
type Told struct {
	Name    string // of its file
	Trace   *Trace
	Finding *Finding // the first that it breaks; nil if it breaks nothing
}

// Says is what becomes of it, in a line.
func (t *Told) Says() string {
	said := fmt.Sprintf("%s, %s", t.Name, some(len(t.Trace.Records)))
	if h := &t.Trace.Header; h.Implementation != "" {
		said += " of " + h.Implementation
	}
	if declared := t.Trace.Header.Variants.Names(); len(declared) > 0 {
		said += ", which declares " + strings.Join(declared, ", ")
	}
	said += ", "
	if f := t.Finding; f != nil && f.Rule != nil {
		return said + fmt.Sprintf("breaks %s: %s", f.Rule.Name, f.Message)
	}
	return said + "breaks no rule"
}

// Next says what a trace goes on with after so many records.
func (t *Told) Next(same int) string {
	if same == len(t.Trace.Records) {
		return "it ends"
	}
	r := &t.Trace.Records[same]
	return fmt.Sprintf("step %d: %s", r.Number, Sentence(r))
}

// guilty is the number of the record that breaks a rule; 0 for none.
func (t *Told) guilty() int {
	if t.Finding == nil || len(t.Finding.Evidence) == 0 {
		return 0
	}
	return t.Finding.Evidence[0].Step
}

// Compare writes two traces as one table: what both begin with once, and below it how each goes on. Above it stands where they part. A message
// that arrives late is told as what it is, since it may be late in one of them only.
func (l Layout) Compare(w io.Writer, a, b *Told) error {
	out := bufio.NewWriter(w)
	p := Part(a.Trace, b.Trace)
	l.writeLine(out, "A  "+legible.Line(a.Says()))
	l.writeLine(out, "B  "+legible.Line(b.Says()))
	fmt.Fprintln(out)
	l.writeParting(out, p, a, b)
	fmt.Fprintln(out)
	l.writeBoth(out, p, a, b)
	return out.Flush()
}

// writeParting says where they part, and what is shown differently there.
func (l Layout) writeParting(w io.Writer, p *Parting, a, b *Told) {
	if p.Alike(a.Trace, b.Trace) {
		l.writeLine(w, p.Says(a.Trace, b.Trace)+".")
		return
	}
	l.writeLine(w, p.Says(a.Trace, b.Trace)+":")
	l.writeLine(w, "  A  "+legible.Line(a.Next(p.Same)))
	l.writeLine(w, "  B  "+legible.Line(b.Next(p.Same)))
	width := 0
	for _, c := range p.Contrasts {
		width = max(width, utf8.RuneCountInString(c.What))
	}
	for _, c := range p.Contrasts {
		for k, name := range []string{c.What, ""} {
			l.writeLine(w, fmt.Sprintf("     %-*s  %c  %s", width, name, 'A'+k, legible.Line(c.In[k])))
		}
	}
}

// writeBoth writes the table.
func (l Layout) writeBoth(w io.Writer, p *Parting, a, b *Told) {
	servers := slices.Concat(serversOf(a.Trace), serversOf(b.Trace))
	slices.Sort(servers)
	servers = slices.Compact(servers)
	ofA, ofB := l.besideRows(a, servers), l.besideRows(b, servers)
	first, last := ofA, ofB // the last row has the greatest number, by which the gutter is made
	if ofA[len(ofA)-1].Number > ofB[len(ofB)-1].Number {
		first, last = ofB, ofA
	}
	g := l.gridOf(servers, slices.Concat(first, last))
	g.writeHead(w, servers)
	for k := range ofA[:p.Same+1] {
		g.writeRow(w, &ofA[k], servers)
	}
	for k, rows := range [][]Row{ofA[p.Same+1:], ofB[p.Same+1:]} {
		if len(rows) > 0 {
			l.writeLine(w, fmt.Sprintf("  %c goes on", 'A'+k))
		}
		for k := range rows {
			g.writeRow(w, &rows[k], servers)
		}
	}
}

// besideRows are the rows of a trace in a table of so many servers, with no names for messages that arrive late.
func (l Layout) besideRows(t *Told, servers []spec.ServerID) []Row {
	whole := &Trace{Header: t.Trace.Header, Records: t.Trace.Records}
	whole.Header.Servers = servers
	_, rows := rowsOf(whole, t.guilty(), letters{trigger: triggers(whole.Records)})
	for k := range rows {
		if r := rows[k].Record; r != nil {
			rows[k].Notes = notesOf(r, nil, l.Verbose)
		}
	}
	return rows
}
