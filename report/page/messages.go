package page

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// message is one message with what became of it.
type message struct {
	*spec.Message
	from   int // row that sends it; -1 if none is recorded
	to     int // row that takes it: it arrives there, or is found lost; -1 if none
	lost   bool
	again  bool // it is there once more: a copy arrives too
	stale  bool // its term is below that of its receiver
	quiet  bool // a heartbeat, or the answer to one, that changes nothing
	folded int  // so many more like it follow at once, and are only counted; -1 is one of these
	until  int  // row that the last of them arrives in
	name   string
}

// fates are the messages while they are put together.
type fates struct {
	d      *drawn
	bySend map[int][]int  // by row, indexes of d.messages that it sends
	open   map[link][]int // not yet taken, oldest first
}

type link struct {
	from, to spec.ServerID
	kind     spec.MessageKind
}

// post follows every message from its sending to what becomes of it.
func (d *drawn) post() {
	f := &fates{d: d, bySend: map[int][]int{}, open: map[link][]int{}}
	for i := range d.rows {
		r := d.rows[i].Record
		if r == nil {
			continue
		}
		if m := taken(r); m != nil {
			f.take(i, m)
		}
		if r.Step == nil {
			continue
		}
		for k, m := range r.Step.Output.Sent {
			f.send(i, m, slices.Contains(r.Lost, k))
		}
	}
	d.fold()
}

// taken returns the message that a record takes from the network or doubles, or nil.
func taken(r *traces.Record) *spec.Message {
	switch {
	case r.Step != nil && r.Step.Input.Kind == spec.Deliver:
		return &r.Step.Input.Message
	case r.Event == traces.EventDrop, r.Event == traces.EventDuplicate:
		return &r.Message
	}
	return nil
}

func (f *fates) send(row int, m *spec.Message, lost bool) {
	k := len(f.d.messages)
	f.d.messages = append(f.d.messages, message{Message: m, from: row, to: -1, lost: lost})
	f.bySend[row] = append(f.bySend[row], k)
	if !lost {
		at := link{m.From, m.To, m.Kind}
		f.open[at] = append(f.open[at], k)
	}
}

// take finds the message that a row takes, and notes that it does.
func (f *fates) take(row int, m *spec.Message) {
	d := f.d
	r := &d.rows[row]
	k := f.find(r.Sender+1, m)
	if k < 0 {
		k = len(d.messages)
		d.messages = append(d.messages, message{Message: m, from: -1, to: -1})
	}
	if d.messages[k].to >= 0 { // it arrived already: this is a copy
		d.messages = append(d.messages, message{Message: m, from: d.messages[k].from, to: -1, again: true})
		k = len(d.messages) - 1
	}
	at := &d.messages[k]
	if r.Record.Event == traces.EventDuplicate {
		at.again = true
		return
	}
	at.to, at.lost, at.name = row, r.Record.Event == traces.EventDrop, r.Arrives
	at.again = at.again || r.Record.Stays
	link := link{m.From, m.To, m.Kind}
	if !r.Record.Stays && (r.Record.Step == nil || !r.Record.Step.Output.Keep) {
		f.open[link] = slices.DeleteFunc(f.open[link], func(n int) bool { return n == k })
	}
	if s := r.Record.Step; s != nil {
		at.stale = s.Before.Knows(spec.FieldTerm) && m.Knows(spec.MessageTerm) && m.Term < s.Before.Term
		at.quiet = isQuiet(s)
	}
}

// find returns the index of a message that was sent in a row, or where the sender's record shows it otherwise one that may be it; -1 if there is none.
func (f *fates) find(sender int, m *spec.Message) int {
	if sender > 0 {
		best := -1
		for _, k := range f.bySend[sender] {
			if f.d.messages[k].Equal(*m) && (best < 0 || f.d.messages[best].to >= 0) {
				best = k
			}
		}
		return best
	}
	for _, k := range f.open[link{m.From, m.To, m.Kind}] {
		if sent := &f.d.messages[k]; sent.Term == m.Term || !sent.Knows(spec.MessageTerm) || !m.Knows(spec.MessageTerm) {
			return k
		}
	}
	return -1
}

// isQuiet reports whether a delivery is of a heartbeat or the answer to one, and changes nothing that is drawn.
func isQuiet(s *spec.Step) bool {
	m := &s.Input.Message
	heartbeat := m.Kind == spec.AppendEntries && len(m.Entries) == 0 && m.Knows(spec.MessageEntries) || m.Kind == spec.AppendEntriesReply && m.Success
	return heartbeat && s.Before.Role == s.After.Role && s.Before.Term == s.After.Term && s.Before.CommitIndex == s.After.CommitIndex &&
		s.Before.Log.LastIndex() == s.After.Log.LastIndex()
}

// fold leaves only the first where quiet messages of one link follow each other, in one part of a long execution.
func (d *drawn) fold() {
	last := map[link]int{}
	begin, _ := d.window()
	for k := range d.messages {
		m := &d.messages[k]
		at := link{m.From, m.To, m.Kind}
		first, begun := last[at]
		switch {
		case !d.foldable(m):
			delete(last, at)
		case begun && d.messages[first].Term == m.Term && m.part(begin) >= 0 && d.messages[first].part(begin) == m.part(begin):
			d.messages[first].folded++
			d.messages[first].until = m.to
			m.folded = -1
		default:
			last[at] = k
		}
	}
}

// foldable reports whether nothing is lost when a message is only counted.
func (d *drawn) foldable(m *message) bool {
	cited := func(row int) bool { return row >= 0 && (d.rows[row].cited > 0 || d.rows[row].Guilty) }
	return m.quiet && !m.stale && !m.again && m.name == "" && !cited(m.from) && !cited(m.to)
}

// part is the part of a long execution that all of a message is in, counted from the row in which parts begin; -1 if there is none.
func (m *message) part(begin int) int {
	at := (m.to - begin) / chunk
	if m.from >= 0 && (m.from-begin)/chunk != at {
		return -1
	}
	return at
}

// label says in a few words what a message is, as arrows are named.
func (m *message) label() string {
	says := m.kindWords()
	if m.Knows(spec.MessageTerm) && m.Kind != spec.TimeoutNow {
		says += fmt.Sprintf(" t%d", m.Term)
	}
	if m.name != "" {
		says += " (" + m.name + ")"
	}
	return says
}

func (m *message) kindWords() string {
	granted := func(yes, no string) string {
		switch {
		case !m.Knows(spec.MessageGranted):
			return "answer"
		case m.Granted:
			return yes
		}
		return no
	}
	switch m.Kind {
	case spec.RequestVote:
		return "vote?"
	case spec.RequestVoteReply:
		return granted("vote", "no vote")
	case spec.PreVote:
		return "pre-vote?"
	case spec.PreVoteReply:
		return granted("would vote", "would not vote")
	case spec.AppendEntries:
		switch {
		case !m.Knows(spec.MessageEntries):
			return "append"
		case len(m.Entries) == 0:
			return "heartbeat"
		case len(m.Entries) == 1:
			return fmt.Sprintf("append %d", m.LastEntryIndex())
		}
		return fmt.Sprintf("append %d–%d", m.PrevLogIndex+1, m.LastEntryIndex())
	case spec.AppendEntriesReply:
		switch {
		case !m.Knows(spec.MessageSuccess):
			return "answer"
		case !m.Success:
			return "no match"
		case !m.Knows(spec.MessageMatch):
			return "match"
		}
		return fmt.Sprintf("has %d", m.MatchIndex)
	case spec.InstallSnapshot:
		return fmt.Sprintf("snapshot %d", m.PrevLogIndex)
	case spec.InstallSnapshotReply:
		return "answer to snapshot"
	case spec.TimeoutNow:
		return "campaign now"
	}
	return m.Kind.String()
}
