package etcd

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/traces"
)

// recorder is a program that writes lines which look like those that are read here and mean something else.
type recorder struct {
	name    string   // "that of …"
	members []string // that only its events have, or their states
	events  []string
}

// recorders are those of which traces are about.
var recorders = []*recorder{
	{name: "that of etcd-io/raft's pull request #204", events: []string{"Bootstrap", "Advance"}},
	{name: "that of etcd-io/raft's pull requests #381 and #382", members: []string{"snapshotIndex", "snapshotTerm", "pendingConfIndex", "learners"},
		events: []string{"ApplyEntries", "CompactLog", "ManualSendSnapshot", "ReportUnreachable", "ReportSnapshotStatus",
			"ReceiveReadIndex", "SendReadIndex", "ReadIndexQuorumAck", "ReceiveReadIndexResp", "SendReadIndexResp"}},
}

// early is the recorder before the library was released with one.
var early = &recorder{name: "an early version, from before v3.6.0"}

// shownBy notes that a line has a member which only another recorder writes. Both of them write "applied": one beside the state, the other in it.
func (d *decoder) shownBy(member string) {
	at := d.At()
	for _, r := range recorders {
		if slices.Contains(r.members, member) {
			d.foreign = &foreign{r, member, at}
		}
	}
	if member == "applied" && d.foreign == nil {
		d.foreign = &foreign{recorders[0], member, at}
	}
}

// writtenBy notes that an event is of another recorder, and reports whether it is.
func (d *decoder) writtenBy(event string, at int) bool {
	for _, r := range recorders {
		if slices.Contains(r.events, event) {
			d.foreign = &foreign{r, event, at}
			return true
		}
	}
	return false
}

// loaded notes that the first event of a trace is an InitState that shows what was loaded from disk, as early recorders did.
func (d *decoder) loaded(e *event) {
	if e.name == initState && (e.state.term > 0 || len(e.state.conf.voters) > 0) {
		d.foreign = &foreign{early, "InitState shows what was loaded", -1}
	}
}

// refusal says that a trace is not judged, since another recorder wrote it.
func (f *foreign) refusal(file string, line int) *traces.InputError {
	what := f.what
	if f.of != early {
		what = fmt.Sprintf("it shows %q", f.what)
	}
	return &traces.InputError{File: file, Line: line, Column: f.at + 1, Message: fmt.Sprintf("a trace of etcd's raft by another recorder, %s: %s", f.of.name, what),
		Hint: "its events and fields mean other things; raftcheck reads what go.etcd.io/raft/v3 v3.6 and v3.7 write by themselves: docs/verify-etcd.md"}
}

// The recorder of go.etcd.io/raft/v3 shows on a MsgApp the leader's own progress. That of etcd-io/raft's pull request #381 shows the
// receiver's, which is what is worth knowing, and in some versions more of it. Which of them wrote a trace shows in the first
// MsgApp that only one of them can have written.

// progressOf says whose progress a MsgApp shows.
type progressOf uint8

const (
	ofSomebody progressOf = iota // no line has told yet
	ofSender
	ofReceiver
)

// shownProgress looks whose progress a MsgApp shows, and takes the leader's own where that is not known.
func (m *model) shownProgress(s *server, e *event) {
	if m.shows == ofSomebody {
		own, other := s.showsOwn(e), s.showsPeers(e)
		switch {
		case e.peers || other && !own:
			m.shows = ofReceiver
		case e.self && own && !other:
			m.shows = ofSender
		}
	}
	if m.shows == ofSender && s.vaguePeers {
		s.showsItself(e)
	}
}

// showsOwn reports whether a MsgApp may show the leader's own progress.
func (s *server) showsOwn(e *event) bool {
	self := s.peer(s.id)
	switch {
	case self == nil:
		return !e.self || s.vaguePeers && e.next == e.match+1
	case self.atLeast:
		return e.self && e.next == e.match+1 && e.match <= s.now.last
	}
	return e.self && e.match == self.match && e.next == self.match+1
}

// showsPeers reports whether a MsgApp may show the receiver's progress.
func (s *server) showsPeers(e *event) bool {
	p := s.peer(e.message.to)
	return p != nil && e.self && e.next == e.message.index+1 && (e.match == p.match || p.atLeast && e.match < e.next)
}

// checkProgress checks the progress that a MsgApp shows.
func (m *model) checkProgress(s *server, p *peer, e *event) {
	switch {
	case !e.self: // it is not shown
	case m.shows == ofReceiver && !s.showsPeers(e):
		m.refuse(s, traceConsistent, e.line, "%s shows match %d and next %d of %s but has %d and %d", s.id, e.match, e.next, p.id, p.match, e.message.index+1)
	case m.shows == ofReceiver && p.atLeast:
		p.match, p.atLeast = e.match, false
	case m.shows == ofReceiver, s.showsOwn(e), m.shows == ofSomebody && s.showsPeers(e):
	default:
		m.refuse(s, traceConsistent, e.line, "%s shows match %d and next %d of itself but has %d and %d", s.id, e.match, e.next, s.match(s.id), s.match(s.id)+1)
	}
}
