package traces

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// Row is one line of an execution as it is told: what happened, and what it changed. Text, tables of pages and pictures all show the same
// rows. Its texts may hold names and values that somebody else chose; they are one line each, with nothing in them that is obeyed.
type Row struct {
	Record  *Record  // nil in the first row, which shows how the servers begin
	Number  int      // of the record; 0 in the first row
	Guilty  bool     // it breaks the rule
	Cells   []string // one for each server: role and term where they changed, as in "candidate 2", or "." where they did not
	Says    string   // in plain words: "n2 votes for n1 in term 1"
	Notes   string   // what else there is to say, in parentheses: "(reply A on its way)"; "" is nothing
	Arrives string   // the name that the story gave to the message that arrives late: "reply A"; "" is none
	Sender  int      // index of the record that sent the message which arrives, is lost or doubled; -1 for none that is recorded
}

// Rows tells a trace: its servers, ascending, and a row for how they begin and for each record. guilty is the number of the record that
// breaks a rule; 0 for none.
func Rows(t *Trace, guilty int) ([]spec.ServerID, []Row) {
	return rowsOf(t, guilty, lettersOf(t.Records))
}

func rowsOf(t *Trace, guilty int, letters letters) ([]spec.ServerID, []Row) {
	servers := serversOf(t)
	rows := make([]Row, 1, len(t.Records)+1)
	rows[0] = Row{Cells: firstCells(t, servers), Sender: -1}
	shown := map[spec.ServerID]string{}
	for k, id := range servers {
		shown[id] = rows[0].Cells[k]
	}
	for i := range t.Records {
		row := rowOf(&t.Records[i], i, servers, shown, guilty, letters)
		if gate := heldAt(t.Records[:i], &t.Records[i]); gate != "" {
			row.Says = legible.Line(gateSentence(t.Records[i].Step, "", gate) + answerClause(&t.Records[i].Step.Output))
		}
		rows = append(rows, row)
	}
	return servers, rows
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

func rowOf(r *Record, i int, servers []spec.ServerID, shown map[spec.ServerID]string, guilty int, letters letters) Row {
	out := Row{Record: r, Guilty: guilty > 0 && r.Number == guilty, Number: r.Number, Cells: make([]string, len(servers)), Says: sentence(r, letters.arrives[i]),
		Arrives: letters.arrives[i], Sender: letters.trigger[i]}
	for k := range servers {
		out.Cells[k] = "."
	}
	if r.Step != nil {
		id := r.Step.Server
		if cell := cellOf(&r.Step.After); cell != shown[id] {
			shown[id] = cell
			out.Cells[slices.Index(servers, id)] = cell
		}
	}
	out.Notes = notesOf(r, letters.sent[i], true)
	return out
}

// heldAt returns the gate at which the goroutine was held that goes on in a record; "" for records in which none does, and where that is not recorded.
func heldAt(before []Record, r *Record) string {
	if r.Step == nil || r.Step.Input.Kind != spec.Resume || r.Step.Input.Gate != "" {
		return ""
	}
	for _, b := range slices.Backward(before) {
		if b.Step != nil && b.Step.Server == r.Step.Server && b.Step.Input.Gate != "" && b.Step.Input.Kind != spec.Resume {
			return b.Step.Input.Gate
		}
	}
	return ""
}

// notesOf says what becomes of messages: late are those that the story named. Those that are lost are named, or else counted.
func notesOf(r *Record, late []string, named bool) string {
	var notes []string
	if len(late) > 0 {
		notes = append(notes, strings.Join(late, ", ")+" on its way")
	}
	switch n := len(r.Lost); {
	case named:
		notes = append(notes, losses(r)...)
	case n == 1:
		notes = append(notes, "1 message lost")
	case n > 1:
		notes = append(notes, fmt.Sprintf("%d messages lost", n))
	}
	if r.Stays {
		notes = append(notes, mayAgain)
	}
	if len(notes) == 0 {
		return ""
	}
	return legible.Line("(" + strings.Join(notes, "; ") + ")")
}

// mayAgain is said of a message that arrives and stays in flight.
const mayAgain = "it may arrive again"

// losses names the messages that are lost as a record sends them.
func losses(r *Record) (notes []string) {
	for _, k := range r.Lost {
		notes = append(notes, "lost: "+theMessage(&r.Step.Output.Effects[k].Message))
	}
	return notes
}

// Fates says what becomes of messages in a record besides what its sentence says: which are lost, and that the one that arrives may
// arrive again.
func Fates(r *Record) []string {
	notes := losses(r)
	if r.Stays {
		notes = append(notes, mayAgain)
	}
	return notes
}
