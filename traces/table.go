package traces

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// A table that is too wide for the terminal gives up, one after another: that what a row says stands beside it and not below it, that roles are
// written out, and the columns.
const (
	leastBeside = 36 // columns beside the cells that are worth saying something in
	besides     = 8  // columns before the cells, with the space after them
)

func (l Layout) writeTable(w io.Writer, t *Trace, guilty int, letters letters) {
	servers, rows := rowsOf(t, guilty, letters)
	for k := range rows {
		if r := rows[k].Record; r != nil && !l.Verbose {
			rows[k].Notes = notesOf(r, letters.sent[k-1], false)
		}
	}
	g := l.gridOf(servers, rows)
	g.writeHead(w, servers)
	for k := range rows {
		g.writeRow(w, &rows[k], servers)
	}
	if t.Header.Loop > 0 {
		l.writeLine(w, fmt.Sprintf("   ...  and again from step %d, for ever", t.Header.Loop))
	}
}

// grid is how the rows of one table are laid out.
type grid struct {
	width   int   // of the terminal; 0 is no bound
	gutter  int   // of the numbers
	columns []int // widths of the cells; nil when rows name the servers that change
	short   bool  // cells have a letter for a role
	says    int   // column at which notes begin, counted from what a row says
	below   bool  // what a row says stands below it
}

// gridOf chooses the layout that fits.
func (l Layout) gridOf(servers []spec.ServerID, rows []Row) grid {
	g := grid{width: l.Width, gutter: max(2, len(fmt.Sprint(rows[len(rows)-1].Number)))}
	for _, r := range rows {
		if r.Notes != "" {
			g.says = max(g.says, utf8.RuneCountInString(r.Says))
		}
	}
	g.says = min(g.says, 64)
	g.measure(servers, rows)
	if l.Width == 0 {
		return g
	}
	if g.below = l.Width < g.cells()+leastBeside; g.cells() > l.Width {
		g.short = true
		g.measure(servers, rows)
		g.below = l.Width < g.cells()+leastBeside
	}
	if g.cells() > l.Width {
		g.columns, g.below = nil, false
	}
	return g
}

// measure sets the widths of the columns.
func (g *grid) measure(servers []spec.ServerID, rows []Row) {
	g.columns = make([]int, len(servers))
	for k, id := range servers {
		g.columns[k] = len(id.String())
		for _, r := range rows {
			g.columns[k] = max(g.columns[k], len(g.cell(r.Cells[k])))
		}
	}
}

// cells is how many columns a row takes up to where it says something.
func (g *grid) cells() int {
	n := besides + g.gutter - 2
	for _, c := range g.columns {
		n += 2 + c
	}
	return n
}

// cell is what a cell shows: with the letters of roles where the words do not fit.
func (g *grid) cell(full string) string {
	role, term, has := strings.Cut(full, " ")
	if !g.short || !has {
		return full
	}
	return strings.ToUpper(role[:1]) + " " + term
}

func (g *grid) writeHead(w io.Writer, servers []spec.ServerID) {
	if g.short && g.columns != nil {
		g.writeFolded(w, "  F is a follower, C a candidate, P one that asks before, L a LEADER, with the term", 2)
	}
	head := strings.Repeat(" ", g.gutter-2) + "  step"
	for k := range g.columns {
		head += fmt.Sprintf("  %-*s", g.columns[k], servers[k])
	}
	fmt.Fprintln(w, strings.TrimRight(head, " "))
}

func (g *grid) writeRow(w io.Writer, r *Row, servers []spec.ServerID) {
	mark := " "
	if r.Guilty {
		mark = "x"
	}
	line := fmt.Sprintf("  %s %*d", mark, g.gutter, r.Number)
	if g.columns == nil {
		line += "  " + changed(r, servers)
	}
	for k := range g.columns {
		line += fmt.Sprintf("  %-*s", g.columns[k], g.cell(r.Cells[k]))
	}
	said := legible.Line(r.Says)
	if r.Notes != "" {
		said += strings.Repeat(" ", max(0, g.says-utf8.RuneCountInString(said))) + "  " + legible.Line(r.Notes)
	}
	switch {
	case g.width == 0 || fold.Columns(line)+2+fold.Columns(said) <= g.width && !g.below:
		fmt.Fprintln(w, strings.TrimRight(line+"  "+said, " "))
	case g.columns == nil:
		g.writeFolded(w, strings.TrimRight(line, " ")+"  "+g.compact(r), besides)
	case g.below:
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		for _, part := range fold.Under(g.compact(r), besides+g.gutter-2, g.width) {
			fmt.Fprintln(w, part)
		}
	default:
		indent := g.cells()
		for k, part := range fold.Under(g.compact(r), 0, g.width-indent) {
			if k == 0 {
				fmt.Fprintln(w, line+"  "+part)
				continue
			}
			fmt.Fprintln(w, strings.Repeat(" ", indent)+part)
		}
	}
}

// compact is what a row says with nothing between it and its notes.
func (g *grid) compact(r *Row) string {
	if r.Notes == "" {
		return legible.Line(r.Says)
	}
	return legible.Line(r.Says + "  " + r.Notes)
}

func (g *grid) writeFolded(w io.Writer, line string, indent int) {
	line = strings.TrimRight(line, " ")
	for k, part := range fold.Under(line, indent, g.width) {
		if k == 0 {
			part = strings.TrimPrefix(part, strings.Repeat(" ", indent))
		}
		fmt.Fprintln(w, part)
	}
}

// changed names the servers whose cells show something, where there are no columns.
func changed(r *Row, servers []spec.ServerID) string {
	var all []string
	for k, cell := range r.Cells {
		if cell != "." {
			all = append(all, servers[k].String()+" "+cell)
		}
	}
	if len(all) == 0 {
		return ""
	}
	said := strings.Join(slices.Compact(all), ", ")
	if r.Says != "" {
		said += ":"
	}
	return said
}
