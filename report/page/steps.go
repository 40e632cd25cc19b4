package page

import (
	"fmt"
	"html"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// Measures of long executions, in rows.
const (
	chunk     = 200    // shown together
	mostReady = 2_000  // of an execution that is ready when the page is; of longer ones what is not looked at is made ready on demand
	mostDrawn = 10_000 // steps of which there is a picture and a table; the trace at the end of the page has all of them
)

// write writes the execution as an element of a page: its controls, and for each chunk the diagram, the steps and, once, the state.
func (e *Execution) write(w *writer) {
	w.executions = append(w.executions, e)
	d := e.look()
	n := len(w.executions)
	from, to := d.window()
	w.f("<div class=\"execution\" id=\"execution-%d\" data-trace=\"trace-%d\" data-name=\"%s\" data-from=\"%d\" data-to=\"%d\" data-guilty=\"%d\"%s>\n", n, n, e.fileName(), from, to-1, max(0, d.rowOf(d.guilty())), d.parts(n))
	if e.Title != "" {
		w.f("<h3>%s</h3>\n", e.Title)
	}
	switch {
	case to-from < len(d.rows):
		w.f("<p class=\"note\">Steps %d to %d of %d are drawn. The trace in this page has all of them.</p>\n", d.rows[from].Number, d.rows[to-1].Number, d.rows[len(d.rows)-1].Number)
	case e.beside != 0:
		w.f("<p class=\"note\"></p>\n") // so that what stands beside each other has the same parts
	}
	if e.beside == 0 {
		d.legend(w)
	}
	d.controls(w, n)
	w.f("<div class=\"stage\"><div>\n")
	if to-from <= chunk {
		d.panes(w, n, from, to)
	} else {
		d.chunks(w, n, from, to)
	}
	w.f("</div>\n")
	w.f("<div class=\"after\">")
	d.state(w, n)
	d.onTheirWay(w, n)
	d.verdicts(w, n, from, to)
	w.f("</div></div>\n")
	d.asText(w, n)
	w.f("</div>\n")
}

// parts are the attributes that say where another execution goes another way, and which one stands beside this.
func (d *drawn) parts(n int) markup {
	said := ""
	if at := d.rowOf(d.Differs); d.Differs > 0 && at >= 0 {
		said = fmt.Sprintf(` data-differs="%d"`, at)
	}
	if d.beside != 0 {
		said += fmt.Sprintf(` data-beside="execution-%d" data-label="%s"`, n+d.beside, html.EscapeString(d.label))
	}
	return markup(said)
}

// window returns the rows that are drawn: all, or those around what is guilty.
func (d *drawn) window() (from, to int) {
	const most = mostDrawn + 1 // how the servers begin is a row too
	if len(d.rows) <= most {
		return 0, len(d.rows)
	}
	to = most
	if at := d.rowOf(d.guilty()); at >= 0 {
		to = min(len(d.rows), max(at+most/10, most))
	}
	return to - most, to
}

// guilty returns the number of the record that breaks a rule; 0 for none.
func (d *drawn) guilty() int {
	for k := range d.rows {
		if d.rows[k].Guilty {
			return d.rows[k].Number
		}
	}
	return 0
}

// chunks folds a long execution: the part that breaks a rule is open, or else the first.
func (d *drawn) chunks(w *writer, n, from, to int) {
	open := max(from, d.rowOf(d.guilty()))
	for at := from; at < to; at += chunk {
		end := min(at+chunk, to)
		attributes := markup("")
		if at <= open && open < end {
			attributes = ` open=""`
		}
		w.f("<details class=\"chunk\" data-from=\"%d\" data-to=\"%d\"%s><summary>Steps %d to %d%s</summary>\n", at, end-1, attributes, d.rows[at].Number,
			d.rows[end-1].Number, d.happens(at, end))
		later := to-from > mostReady && attributes == ""
		if later {
			w.f("<noscript>") // with a script what is in it is text until it is wanted
		}
		d.panes(w, n, at, end)
		if later {
			w.f("</noscript>")
		}
		w.f("</details>\n")
	}
}

// happens says what is in a chunk that is worth opening it for.
func (d *drawn) happens(from, to int) string {
	leaders, broken := 0, ""
	for i := from; i < to; i++ {
		if d.rows[i].Guilty {
			broken = "; breaks a rule"
		}
		for k := range d.servers {
			if l := d.lanes[i][k]; l.changed && l.role == spec.Leader && !l.noRole && (i == 0 || d.lanes[i-1][k].role != spec.Leader) {
				leaders++
			}
		}
	}
	switch leaders {
	case 0:
		return broken
	case 1:
		return "; 1 election" + broken
	}
	return fmt.Sprintf("; %d elections%s", leaders, broken)
}

// panes writes the diagram of some rows and the table of them beside it.
func (d *drawn) panes(w *writer, n, from, to int) {
	w.f("<div class=\"panes\"><div class=\"picture\" role=\"region\" aria-label=\"Diagram of %ssteps %d to %d\" tabindex=\"0\">%s</div>\n", d.label, d.rows[from].Number, d.rows[to-1].Number, d.diagram(from, to))
	w.f("<table class=\"steps\">\n<caption>Steps %d to %d</caption>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Server</th><th scope=\"col\">What happens</th></tr></thead>\n<tbody>\n",
		d.rows[from].Number, d.rows[to-1].Number)
	for i := from; i < to; i++ {
		d.step(w, n, i)
	}
	w.f("</tbody></table></div>\n")
}

// step writes one row of the table.
func (d *drawn) step(w *writer, n, i int) {
	r := &d.rows[i]
	class, mark := "", ""
	switch {
	case r.Guilty:
		class, mark = ` class="guilty"`, "✗ "
	case r.cited > 0:
		class = ` class="cited"`
	case d.differsIn(i):
		class = ` class="differs"`
	}
	w.f("<tr id=\"s%d-%d\" data-at=\"%d\"%s><th scope=\"row\" height=\"%d\">%s</th><td>%s</td><td>", n, i, i, markup(class), r.height, d.number(i, mark), r.server())
	said := r.Says
	if i == 0 && r.Record == nil {
		said = d.beginning()
	}
	w.f("<span class=\"says\">%s</span>", said)
	if r.Notes != "" {
		w.f(" <span class=\"says\">%s</span>", r.Notes)
	}
	if c := d.changes(i); c != "" {
		w.f(" <span class=\"changes\">%s</span>", c)
	}
	if d.differsIn(i) {
		w.f(" <em class=\"parts\">from here on the other goes another way</em>")
	}
	for _, b := range r.breaks {
		w.f(" <strong class=\"breaks\">breaks %s</strong>", b)
	}
	if len(r.roles) > 0 {
		w.f(" <em class=\"role\">%s</em>", strings.Join(r.roles, ", "))
	}
	if len(r.goals) > 0 {
		w.f(" <span class=\"goals\">reached for the first time: %s</span>", strings.Join(r.goals, ", "))
	}
	w.f("</td></tr>\n")
}

// number is the number of a row, and leads to its state if there is a place for it.
func (d *drawn) number(i int, mark string) markup {
	said := fmt.Sprint(mark, d.rows[i].Number)
	if d.Address == nil {
		return markup(said)
	}
	return markup(fmt.Sprintf("<a href=\"%s\" aria-label=\"%s: to the state after it\">%s</a>", html.EscapeString(d.Address(i)), said, said))
}

// server names the server that does something in a row; "" is none.
func (r *row) server() string {
	if r.Record == nil || r.Record.Server() == spec.None {
		return ""
	}
	return r.Record.Server().String()
}

// changes says what the diagram shows of a row beside what the sentence says: roles, terms, logs and what is committed.
func (d *drawn) changes(i int) string {
	if i == 0 {
		return ""
	}
	var said []string
	for k, id := range d.servers {
		var of []string
		if cell := d.rows[i].Cells[k]; cell != "." && cell != "" {
			of = append(of, cell)
		}
		if l := d.lanes[i][k]; l.logMoved {
			of = append(of, l.logWords())
		}
		if len(of) > 0 {
			said = append(said, id.String()+" "+strings.Join(of, ", "))
		}
	}
	return strings.Join(said, "; ")
}

// logWords says a log by the terms of its last entries, and how much of it is committed.
func (l *lane) logWords() string {
	last := l.log.LastIndex()
	said := "log empty"
	if last > 0 {
		terms := []string{}
		for index := max(l.log.Base+1, last-min(last, mostCells)+1); index <= last; index++ {
			if e, ok := l.log.At(index); ok {
				terms = append(terms, fmt.Sprint(e.Term))
			}
		}
		said = fmt.Sprintf("log to %d", last)
		if len(terms) > 0 {
			said += " (terms " + strings.Join(terms, " ") + ")"
		}
	}
	if !l.noCommit {
		said += fmt.Sprintf(", committed to %d", l.commit)
	}
	return said
}

// legend says what the signs of the diagram mean.
func (d *drawn) legend(w *writer) {
	w.f("<details class=\"legend\"><summary>What the diagram shows</summary><p>Time goes downward, a lane for each server. A thin line is a follower (F), a hatched bar a candidate (C), a wide bar a " +
		"leader (L), a broken outline a server that is down (X). The ground changes with the term. An arrow is a message from where it was sent to where it arrived; a cross is one that was lost, " +
		"a heavy line one of an earlier term than its receiver's, a dotted stub one that did not arrive here. Cells are a log, each with the term of its entry; what stands left of the double line is " +
		"committed, what is struck through was taken out. Heartbeats that change nothing, and their answers, stand there once, with how many follow and up to which step. Numbers in discs are the steps that the finding rests on.</p></details>\n")
}

// fileName is what downloads are called, without an ending.
func (e *Execution) fileName() string {
	if e.Name != "" {
		return e.Name
	}
	return "trace"
}
