package page

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Execution is an execution that is drawn, and what is wrong with it.
type Execution struct {
	Trace    *traces.Trace
	Lines    []string          // of JSON, from which Trace was read, if it was another format than the native; nil if not
	Findings []*traces.Finding // the first is explained; none if nothing is wrong
	Rules    []*spec.Rule      // that were judged; nil is all that the trace's variants leave in force
	Untested []*spec.Rule      // those of them that the verdict says nothing put to the test
	Differs  int               // number of the record from which on another execution goes another way; 0 for none
	Title    string            // of its part of the page
	Name     string            // of what is downloaded, without an ending: "election-safety"; "" for "trace"
	// Address is where the state after the step of that row is, from 0, which is how the servers begin; nil for nowhere.
	Address func(row int) string

	drawn  *drawn // what is drawn, once it was looked at
	beside int    // which execution of the page stands beside it: the next, 1, or the one before, -1; 0 for none
	label  string // by which it is told from that one: "A, "
}

// drawn is an execution that was looked at: its rows, and what is to be drawn with them.
type drawn struct {
	*Execution
	servers  []spec.ServerID
	rows     []row
	byNumber map[int]int // indexes of rows with a record
	lanes    [][]lane    // by row and server
	messages []message   // in the order of their sending
	calls    []call      // of clients
	slots    int         // columns that calls take
	cells    int         // most cells of a log strip
	text     []string    // the trace in the native format, once it was asked for
	least    int         // that its picture is high, if all of it is in one, in pixels
}

// row is a row of the execution with what the page says besides.
type row struct {
	traces.Row
	cited  int      // its number among the steps that the finding rests on, in the order of the story; 0 for none
	roles  []string // what it shows: "first vote"
	breaks []string // what it breaks: "election-safety: n1 and n2 both lead term 2"
	goals  []string // what is reached here for the first time
	height int      // in pixels: of the row in the diagram, and at least of that in the table
}

// lane is one server in one row: what it is from there on.
type lane struct {
	role     spec.Role
	term     spec.Term
	noRole   bool // its role is not known
	noTerm   bool
	changed  bool // its own step is in this row
	logShown bool
	log      spec.Log
	before   spec.Log // the log before the step
	commit   spec.Index
	noCommit bool
	logMoved bool // log or commitIndex changed
}

// look makes ready what is drawn.
func (e *Execution) look() *drawn {
	if e.drawn != nil {
		return e.drawn
	}
	guilty := 0
	if len(e.Findings) > 0 && len(e.Findings[0].Evidence) > 0 {
		guilty = e.numberOf(e.Findings[0].Evidence[0])
	}
	d := &drawn{Execution: e, byNumber: map[int]int{}}
	servers, rows := traces.Rows(e.Trace, guilty)
	d.servers = servers
	for k, r := range rows {
		d.rows = append(d.rows, row{Row: r})
		if r.Record != nil {
			d.byNumber[r.Number] = k
		}
	}
	d.cite()
	d.reach()
	d.follow()
	d.post()
	d.listen()
	for k := range d.rows {
		d.rows[k].height = d.tall(k)
	}
	e.drawn = d
	return d
}

// cite marks the steps that the findings rest on.
func (d *drawn) cite() {
	for n, f := range d.Findings {
		for k, at := range f.Evidence {
			i := d.rowAt(at)
			if i < 0 {
				continue
			}
			r := &d.rows[i]
			if k == 0 && f.Rule != nil {
				r.breaks = append(r.breaks, f.Rule.Name+": "+f.Message)
			}
			if n == 0 {
				r.cited = -1
				if at.Role != "" && !slices.Contains(r.roles, at.Role) {
					r.roles = append(r.roles, at.Role)
				}
			}
		}
	}
	n := 0
	for k := range d.rows {
		if d.rows[k].cited != 0 {
			n++
			d.rows[k].cited = n
		}
	}
}

// rowAt returns the row that a place is in; -1 if there is none.
func (d *drawn) rowAt(at traces.Place) int { return d.rowOf(d.numberOf(at)) }

// numberOf returns the number of the record that a place is in: of what has gone by, findings in a file know no more than the line. 0 is none.
func (e *Execution) numberOf(at traces.Place) int {
	if at.Step > 0 || at.Line == 0 {
		return at.Step
	}
	for k := range e.Trace.Records {
		if r := &e.Trace.Records[k]; r.Line == at.Line || isOn(r.Where, at.Line) {
			return r.Number
		}
	}
	return 0
}

// isOn reports whether a part of a record is on a line.
func isOn(w *traces.Where, line int) bool {
	return w != nil && (w.Before == line || w.Input == line || w.After == line || slices.Contains(w.Effects, line))
}

// rowOf returns the row of a record; -1 if there is none. Numbers need not ascend: what several servers wrote is told in an order of causes.
func (d *drawn) rowOf(number int) int {
	if k, there := d.byNumber[number]; there {
		return k
	}
	return -1
}

// reach notes where each goal is first reached.
func (d *drawn) reach() {
	reached := make([]bool, len(spec.Goals))
	for k := range d.rows {
		if d.rows[k].Record == nil || d.rows[k].Record.Step == nil {
			continue
		}
		s := d.rows[k].Record.Step
		for n, g := range spec.Goals {
			if !reached[n] && s.Before.Knows(g.Shows) && s.After.Knows(g.Shows) && s.Input.Message.Complete() && g.Reached(s) {
				reached[n] = true
				d.rows[k].goals = append(d.rows[k].goals, g.Name)
			}
		}
	}
}

// follow fills the lanes: what every server is in every row.
func (d *drawn) follow() {
	now := make([]lane, len(d.servers))
	for k := range now {
		now[k] = d.begins(k)
	}
	d.lanes = make([][]lane, len(d.rows))
	for i := range d.rows {
		for k := range now {
			now[k].changed, now[k].logMoved = false, false
		}
		if r := d.rows[i].Record; r != nil && r.Step != nil {
			k := slices.Index(d.servers, r.Step.Server)
			now[k] = after(r.Step)
		}
		d.lanes[i] = slices.Clone(now)
		for k := range now {
			d.cells = max(d.cells, min(len(now[k].log.Entries), mostCells))
		}
	}
}

// begins is a server before the first row that it has.
func (d *drawn) begins(k int) lane {
	for i := range d.Trace.Records {
		if s := d.Trace.Records[i].Step; s != nil && s.Server == d.servers[k] {
			return laneOf(&s.Before)
		}
	}
	cell := d.rows[0].Cells[k]
	name, term, _ := strings.Cut(cell, " ")
	l := lane{noRole: true, noTerm: true, noCommit: true}
	if name == "follower" {
		l.noRole = false
	}
	if _, err := fmt.Sscan(term, &l.term); err == nil {
		l.noTerm = false
	}
	return l
}

func laneOf(o *spec.Observation) lane {
	return lane{role: o.Role, term: o.Term, noRole: !o.Knows(spec.FieldRole), noTerm: !o.Knows(spec.FieldTerm), logShown: o.Knows(spec.FieldLog), log: o.Log,
		commit: o.CommitIndex, noCommit: !o.Knows(spec.FieldCommit)}
}

func after(s *spec.Step) lane {
	l := laneOf(&s.After)
	l.changed = true
	if s.Before.Knows(spec.FieldLog) && l.logShown {
		l.before = s.Before.Log
		l.logMoved = !slices.Equal(s.Before.Log.Entries, s.After.Log.Entries) || s.Before.Log.Base != s.After.Log.Base
	}
	if s.Before.Knows(spec.FieldCommit) && s.After.Knows(spec.FieldCommit) && s.Before.CommitIndex != s.After.CommitIndex {
		l.logMoved = true
	}
	return l
}

// lineLength is how many characters of a sentence are sure to fit a line of the table, where table and diagram stand side by side.
const lineLength = 50

// tall returns how high a row must be for what the table says in it.
func (d *drawn) tall(i int) int {
	r := &d.rows[i]
	lines := linesOf(r.Says, r.Notes) + linesOf(d.changes(i)) + linesOf(strings.Join(r.roles, ", "))
	if d.differsIn(i) {
		lines++
	}
	for _, said := range r.breaks {
		lines += linesOf("breaks " + said)
	}
	if len(r.goals) > 0 {
		lines += linesOf("reached for the first time: " + strings.Join(r.goals, ", "))
	}
	return max(rowHeight, 20*lines+9)
}

// differsIn reports whether another execution goes another way in a row.
func (d *drawn) differsIn(i int) bool {
	return d.Differs > 0 && d.rows[i].Record != nil && d.rows[i].Number == d.Differs
}

func linesOf(parts ...string) int {
	n := utf8.RuneCountInString(strings.TrimSpace(strings.Join(parts, " ")))
	return (n + lineLength - 1) / lineLength
}
