package page

import (
	"fmt"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/spec"
)

// call is what a client asked for, from the row in which it did to the one in which it was answered.
type call struct {
	from, to int // rows; to is -1 if it was never answered
	slot     int // column in which it is drawn
	label    string
	failed   bool
}

// asked is what answers are told apart by.
type asked struct {
	read                   bool
	client, request, value string
}

// listen finds what clients asked for and when they were answered.
func (d *drawn) listen() {
	open := map[asked][]int{}
	for i := range d.rows {
		r := d.rows[i].Record
		if r == nil || r.Step == nil {
			continue
		}
		switch in := &r.Step.Input; in.Kind {
		case spec.Propose, spec.ReadIndex:
			at := asked{in.Kind == spec.ReadIndex, in.Client, in.Request, in.Value}
			open[at] = append(open[at], len(d.calls))
			d.calls = append(d.calls, call{from: i, to: -1, label: callLabel(in)})
			if r.Step.Output.Redirect != spec.None {
				d.answer(open, at, i, true)
			}
		}
		for k := range r.Step.Output.Effects {
			if e := &r.Step.Output.Effects[k]; e.Kind == spec.Answer {
				d.answer(open, asked{e.Reply.Read, e.Reply.Client, e.Reply.Request, e.Reply.Value}, i, e.Reply.Failed)
			}
		}
	}
	d.slot()
}

// answer ends the oldest call that the answer may be to.
func (d *drawn) answer(open map[asked][]int, at asked, row int, failed bool) {
	waiting := open[at]
	if len(waiting) == 0 {
		return
	}
	open[at] = waiting[1:]
	d.calls[waiting[0]].to, d.calls[waiting[0]].failed = row, failed
}

// mostSlots is how many calls are drawn beside each other; of more at once the rest is left to the table.
const mostSlots = 4

// slot gives every call a column that is free while it lasts.
func (d *drawn) slot() {
	var busy [mostSlots]int // row up to which a column is taken
	for k := range d.calls {
		c := &d.calls[k]
		c.slot = -1
		for n := range busy {
			if c.from >= busy[n] {
				c.slot = n
				busy[n] = len(d.rows)
				if c.to >= 0 {
					busy[n] = c.to + 1
				}
				d.slots = max(d.slots, n+1)
				break
			}
		}
	}
}

func callLabel(in *spec.Input) string {
	what := spec.Shown(in.Value)
	if in.Kind == spec.ReadIndex {
		what = "read " + what
	}
	return clipped(what, 12)
}

// clipped is the beginning of a text that somebody else chose.
func clipped(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return fmt.Sprintf("%s…", string([]rune(s)[:most-1]))
}
