package traces

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
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

// row is one line of the table.
type row struct {
	guilty bool
	number int
	cells  []string
	says   string
	notes  string
}

func writeTable(w io.Writer, t *Trace, guilty int, letters letters) {
	servers := serversOf(t)
	rows := []row{{cells: firstCells(t, servers)}}
	shown := map[spec.ServerID]string{}
	for k, id := range servers {
		shown[id] = rows[0].cells[k]
	}
	for i := range t.Records {
		rows = append(rows, rowOf(&t.Records[i], i, servers, shown, guilty, letters))
	}
	widths := make([]int, len(servers))
	for k, id := range servers {
		widths[k] = len(id.String())
		for _, r := range rows {
			widths[k] = max(widths[k], len(r.cells[k]))
		}
	}
	says := 0
	for _, r := range rows {
		if r.notes != "" {
			says = max(says, len(r.says))
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

func writeRow(w io.Writer, r *row, widths []int, says int) {
	mark := " "
	if r.guilty {
		mark = "x"
	}
	line := fmt.Sprintf("  %s %2d", mark, r.number)
	for k, c := range r.cells {
		line += fmt.Sprintf("  %-*s", widths[k], c)
	}
	line += "  " + r.says
	if r.notes != "" {
		line += strings.Repeat(" ", max(0, says-len(r.says))) + "  " + r.notes
	}
	fmt.Fprintln(w, strings.TrimRight(legible.Line(line), " "))
}

func serversOf(t *Trace) []spec.ServerID {
	servers := slices.Clone(t.Header.Servers)
	for i := range t.Records {
		if id := t.Records[i].Server(); id != spec.None && !slices.Contains(servers, id) {
			servers = append(servers, id)
		}
	}
	slices.Sort(servers)
	return servers
}

// firstCells shows every server as it was before its first step. One that makes none is taken to begin as all others do; where they
// do not begin alike, nothing is known of it.
func firstCells(t *Trace, servers []spec.ServerID) []string {
	cells := make([]string, len(servers))
	common := ""
	for k, id := range servers {
		for i := range t.Records {
			if t.Records[i].Server() == id {
				cells[k] = cellOf(&t.Records[i].Step.Before)
				break
			}
		}
		switch {
		case cells[k] == "" || cells[k] == common:
		case common == "":
			common = cells[k]
		default:
			common = "?"
		}
	}
	for k := range cells {
		cells[k] = cmp.Or(cells[k], common, "follower 0")
	}
	return cells
}

// cellOf shows role and term: "candidate 2", "LEADER 2", "down".
func cellOf(o *spec.Observation) string {
	if o.Knows(spec.FieldRole) && o.Role == spec.Crashed {
		return "down"
	}
	role, term := "?", "?"
	if o.Knows(spec.FieldRole) {
		if role = o.Role.String(); o.Role == spec.Leader {
			role = "LEADER"
		}
	}
	if o.Knows(spec.FieldTerm) {
		term = fmt.Sprint(o.Term)
	}
	return role + " " + term
}

func rowOf(r *Record, i int, servers []spec.ServerID, shown map[spec.ServerID]string, guilty int, letters letters) row {
	out := row{guilty: guilty > 0 && r.Number == guilty, number: r.Number, cells: make([]string, len(servers)), says: sentence(r, letters.arrives[i])}
	for k := range servers {
		out.cells[k] = "."
	}
	if r.Step != nil {
		id := r.Step.Server
		if cell := cellOf(&r.Step.After); cell != shown[id] {
			shown[id] = cell
			out.cells[slices.Index(servers, id)] = cell
		}
	}
	var notes []string
	if names := letters.sent[i]; len(names) > 0 {
		notes = append(notes, strings.Join(names, ", ")+" on its way")
	}
	for _, k := range r.Lost {
		notes = append(notes, "lost: "+theMessage(&r.Step.Output.Effects[k].Message))
	}
	if r.Stays {
		notes = append(notes, "it may arrive again")
	}
	if len(notes) > 0 {
		out.notes = "(" + strings.Join(notes, "; ") + ")"
	}
	return out
}
