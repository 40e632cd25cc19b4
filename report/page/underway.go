package page

import (
	"fmt"

	"github.com/raftcheck/raftcheck/traces"
)

// underway is a message on its way: from after a row to before another.
type underway struct {
	says         string
	since, until int // rows; until is -1 if it is not seen to arrive
}

// underways lists the messages that were sent and not lost at once, each for as long as it is on its way. One that arrives and stays in flight is
// there again from then on.
func (d *drawn) underways() (all []underway) {
	copies := map[*message]bool{} // of which a later arrival is recorded
	last := map[int]*message{}    // by row that sends and receiver and kind, the last that arrived
	for k := range d.messages {
		m := &d.messages[k]
		if m.from < 0 || m.lost && m.to < 0 {
			continue
		}
		since := m.from
		key := m.from<<16 | int(m.To)<<8 | int(m.Kind)
		if before := last[key]; m.again && before != nil && before.Message.Equal(*m.Message) {
			since, copies[before] = before.to, true
		}
		if m.to >= 0 {
			last[key] = m
		}
		all = append(all, underway{traces.MessageInWords(m.Message), since, m.to})
	}
	for k := range d.messages {
		if m := &d.messages[k]; m.again && m.from >= 0 && m.to >= 0 && !m.lost && !copies[m] {
			all = append(all, underway{traces.MessageInWords(m.Message), m.to, -1})
		}
	}
	return all
}

// onTheirWay lists the messages that are on their way at the end. A script lists those after the selected step.
func (d *drawn) onTheirWay(w *writer, n int) {
	all := d.underways()
	if len(all) == 0 || len(d.rows) > mostReady {
		return
	}
	at, count := len(d.rows)-1, 0
	for _, m := range all {
		if m.until < 0 {
			count++
		}
	}
	said := fmt.Sprintf("%d messages", count)
	if count == 1 {
		said = "1 message"
	}
	w.f("<p class=\"underway\">%s on the way after step %d</p>\n<ul class=\"flight\" id=\"flight-%d\">\n", said, d.rows[at].Number, n)
	for _, m := range all {
		hidden := markup("")
		if m.until >= 0 {
			hidden = ` hidden=""`
		}
		w.f("<li data-since=\"%d\" data-until=\"%d\"%s>%s</li>\n", m.since, m.until, hidden, m.says)
	}
	w.f("</ul>\n")
}
