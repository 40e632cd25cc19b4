package etcd

import (
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
)

// receive takes a message that arrives. The event shows the server as it was before.
func (m *model) receive(s *server, e *event) {
	m.check(s, e)
	msg := &e.message
	s.call.message = *msg
	m.arrives(s, e)
	switch {
	case msg.term > s.now.term:
		m.higherTerm(s, e)
	case msg.term < s.now.term:
		m.lowerTerm(s, e)
	default:
		m.sameTerm(s, e)
	}
}

// arrives checks that the message is for the server, was sent, and left.
func (m *model) arrives(s *server, e *event) {
	msg := &e.message
	if msg.kind.receiver() != e.name || msg.to != s.id {
		m.refuse(s, traceConsistent, e.line, "%s: %s of a %s to %s", s.id, e.name, msg.kind, msg.to)
		return
	}
	m.checked.arrived++
	if msg.from == s.id {
		m.arrivesHome(s, e)
		return
	}
	from, f := m.server(msg.from), m.network.find(msg)
	if f == nil && m.sentByProgram(msg) {
		return
	}
	if (f == nil || f.left == 0 || from.joined.some) && m.mayPrecede(msg) {
		if from == nil {
			m.hears(s, e)
		}
		return
	}
	if f != nil && f.left > 0 && msg.kind.waits() {
		from.written(f.left)
	}
	switch {
	case f == nil:
		if !m.network.mayBeForgotten(msg) {
			m.neverSent(s, e)
		}
	case f.left == 0 && f.lost > 0:
		m.lostYetArrived(s, f, e)
	case f.left == 0:
		m.refuseWith(s, "R5.6-01", e.line, []evidence{{"sent here", msg.from, f.sent}},
			"%s receives a message of %s before %s handed to storage what it promises", s.id, msg.from, msg.from)
	}
}

// sentByProgram reports whether a message may be a snapshot that the program sends without being asked: of what the leader committed.
func (m *model) sentByProgram(msg *message) bool {
	l, s := m.leaders[msg.term], m.server(msg.from)
	return msg.kind == msgSnap && l != nil && l.leader == msg.from && msg.entries <= s.now.commit && msg.index == 0 && msg.logTerm == 0 && !msg.reject
}

// hears notes that a message arrived from a server of which no line was read.
func (m *model) hears(s *server, e *event) {
	if h, ok := m.heard[e.message.from]; !ok || e.message.term > h.message.term {
		m.heard[e.message.from] = heard{e.message, s.id, e.line}
	}
}

// lostYetArrived refuses a restart without what a message had promised: it was accepted because the message might never have left,
// and now it arrives.
func (m *model) lostYetArrived(s *server, f *flight, e *event) {
	msg := &e.message
	from := m.server(msg.from)
	if from == nil {
		from = s
	}
	m.refuseWith(from, "R5.6-01", f.lost, []evidence{{"the promise", msg.from, f.sent}, {"it had left: it arrives", s.id, e.line}},
		"%s restarts without what its %s to %s promised, which arrives all the same", msg.from, msg.kind, msg.to)
	m.hint("check that what a message promises is synced before the message leaves")
}

// arrivesHome checks a message of the server to itself: each arrives once, in order, after the Ready that let it go.
func (m *model) arrivesHome(s *server, e *event) {
	for k := range s.inbox {
		if s.inbox[k].message != e.message {
			continue
		}
		if k > 0 {
			m.refuseWith(s, traceConsistent, e.line, []evidence{{"the earlier one", s.id, s.inbox[0].sent}},
				"%s receives its own %s before an earlier one", s.id, e.message.kind)
		}
		s.written(s.inbox[k].left)
		s.inbox = append(s.inbox[:0], s.inbox[k+1:]...)
		return
	}
	if m.mayPrecede(&e.message) {
		return
	}
	for k := range s.unsent {
		if s.unsent[k].message == e.message {
			m.refuseWith(s, "R5.6-01", e.line, []evidence{{"sent here", s.id, s.unsent[k].line}},
				"%s counts its own %s before it was handed to storage", s.id, e.message.kind)
			return
		}
	}
	m.neverSent(s, e)
}

// neverSent refuses a message that arrives though nobody sent it. What differs from the nearest message that was sent tells
// which promise the change breaks.
func (m *model) neverSent(s *server, e *event) {
	msg := &e.message
	near, from, differ := m.network.nearest(msg)
	if from == nil || len(differ) > 2 {
		m.refuse(s, traceConsistent, e.line, "%s receives a %s that %s never sent", s.id, msg.kind, msg.from)
		m.hint("it was made up or changed on its way, or the trace lacks the line that shows it leaving")
		return
	}
	rule := traceConsistent
	switch msg.kind {
	case msgVoteResp:
		rule = "R5.2-05"
	case msgAppResp:
		rule = "R5.3-06"
	case msgVote:
		rule = "R5.4.1-02"
	case msgApp:
		rule = "R5.3-11"
	case msgHeartbeat:
		rule = "R5.3-17"
	}
	if peer := m.server(msg.from); peer != nil && msg.term > peer.now.term {
		rule = "R5.1-05"
	}
	m.refuseWith(s, rule, e.line, []evidence{{"what was sent: " + describe(&near, differ), msg.from, from.sent}},
		"%s receives a %s from %s with %s, which was never sent", s.id, msg.kind, msg.from, describe2(msg, differ))
	m.point("event.msg." + differ[0])
	m.hint("the message was changed on its way, or the line that shows it leaving was")
}

func describe(c *content, fields []string) string {
	text := ""
	for k, f := range fields {
		if k > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %v", f, c.field(f))
	}
	return text
}

func describe2(msg *message, fields []string) string {
	c := contentOf(msg)
	return describe(&c, fields)
}

func (c *content) field(name string) any {
	switch name {
	case "term":
		return c.term
	case "reject":
		return c.reject
	case "index":
		return c.index
	case "entries":
		return c.entries
	case "logTerm":
		return c.logTerm
	case "commit":
		return c.commit
	case "rejectHint":
		return c.hint
	}
	return c.vote
}

// higherTerm handles a message that tells of a higher term.
func (m *model) higherTerm(s *server, e *event) {
	msg := &e.message
	switch msg.kind {
	case msgVote:
		// With CheckQuorum, a server that hears from a leader does not even look at the request.
		s.push(item{want: wantFollower, may: s.lead != spec.None || s.vagueLead, term: msg.term, then: thenVote})
	case msgApp, msgHeartbeat, msgSnap:
		s.push(item{want: wantFollower, term: msg.term, lead: msg.from, then: thenFollow})
	default:
		s.push(item{want: wantFollower, term: msg.term})
	}
}

// lowerTerm handles a message of a term that has passed: with CheckQuorum or PreVote an old leader is told, else nothing is said.
func (m *model) lowerTerm(s *server, e *event) {
	msg := &e.message
	if msg.kind != msgApp && msg.kind != msgHeartbeat {
		m.delivered(s, e.line)
		return
	}
	s.push(item{want: wantMessage, may: true, message: message{kind: msgAppResp, from: s.id, to: msg.from, term: s.now.term}})
}

// sameTerm handles a message of the server's own term.
func (m *model) sameTerm(s *server, e *event) {
	switch e.message.kind {
	case msgVote:
		m.vote(s)
	case msgVoteResp:
		if s.now.role == spec.Candidate {
			m.counts(s, e)
			return
		}
		m.delivered(s, e.line)
	case msgApp, msgHeartbeat, msgSnap:
		switch s.now.role {
		case spec.Leader:
			m.delivered(s, e.line)
		case spec.Follower:
			m.obey(s)
		default:
			s.push(item{want: wantFollower, term: s.now.term, lead: e.message.from, then: thenFollow})
		}
	case msgAppResp:
		m.delivered(s, e.line)
		if s.now.role == spec.Leader {
			m.acknowledged(s, e)
		}
	case msgHeartbeatResp:
		m.delivered(s, e.line)
		if s.now.role == spec.Leader {
			m.beaten(s, e)
		}
	}
}

// obey handles a leader's message as its follower.
func (m *model) obey(s *server) {
	msg := &s.call.message
	s.follows(msg.from)
	switch msg.kind {
	case msgApp:
		m.append(s, msg)
	case msgHeartbeat:
		s.now.commit = max(s.now.commit, min(msg.commit, s.now.last))
		if msg.commit > s.now.last {
			m.refuse(s, "R5.3-17", m.line, "%s is told by %s that %d is committed but its log ends at %d", s.id, msg.from, msg.commit, s.now.last)
		}
		s.push(item{want: wantMessage, message: message{kind: msgHeartbeatResp, from: s.id, to: msg.from, term: s.now.term}})
	case msgSnap:
		m.restore(s, msg)
	}
}

// append handles a MsgApp as handleAppendEntries does.
func (m *model) append(s *server, msg *message) {
	i := item{want: wantMessage, message: message{kind: msgAppResp, from: s.id, to: msg.from, term: s.now.term}}
	prev, known := s.termAt(msg.index)
	switch {
	case msg.index < s.now.commit:
		i.message.index = s.now.commit
	case known && prev == msg.logTerm, !known && msg.index == s.now.commit: // what is committed is the leader's
		m.learn(s, msg.index, msg.logTerm)
		if !m.accept(s, msg) {
			i.open = openAccept
		}
		i.message.index = msg.index + msg.entries
	case !known && msg.index <= s.now.last:
		i.open, i.message.index = openAppend, msg.index+msg.entries
	default:
		i.message.index, i.message.reject = msg.index, true
		if i.message.hint, i.message.logTerm, known = s.conflict(min(msg.index, s.now.last), msg.logTerm); !known {
			i.open = openHint
		}
	}
	s.push(i)
}

// accept appends what is new and drops what conflicts. It returns false, and does nothing, when that is not known.
func (m *model) accept(s *server, msg *message) bool {
	entries, known := m.entries(msg)
	if !known || msg.index < s.log.Base {
		return false
	}
	m.hides(s, msg)
	for k, entry := range entries {
		i := msg.index + spec.Index(k) + 1
		if t, held := s.log.TermAt(i); i <= s.log.Base || held && t == entry.Term {
			continue
		}
		if i <= s.now.commit {
			m.refuse(s, "R5.4.3-02", m.line, "%s is made to replace entry %d, which it knows to be committed", s.id, i)
			break
		}
		if i <= s.now.last {
			s.truncate(i)
		}
		s.extend(entries[k:]...)
		break
	}
	if c := min(msg.commit, msg.index+msg.entries); c > s.now.commit {
		s.now.commit = c
	}
	return true
}

// conflict returns the greatest index up to i whose term is not above t, as findConflictByTerm does, and whether it is known. If not, it is
// at most the one that is returned.
func (s *server) conflict(i spec.Index, t spec.Term) (spec.Index, spec.Term, bool) {
	for ; i > 0; i-- {
		ours, known := s.termAt(i)
		if !known {
			return i, 0, false
		}
		if ours <= t {
			return i, ours, true
		}
	}
	return 0, 0, true
}

// replies takes an answer: what the call did is now complete.
func (m *model) replies(s *server, e *event) {
	if s.call.emitted || !s.call.name.receives() {
		return
	}
	if e.message.kind == msgVoteResp && !e.message.reject {
		s.now.vote = e.message.to
	}
	s.call.emitted = true
	m.emit(s, m.arrival(s), s.call.line, e.line, sent{&e.message, e.line})
}

// arrival is the message at hand as an input.
func (m *model) arrival(s *server) spec.Input {
	if told := m.native(s, &s.call.message); tells(&told) {
		return spec.Input{Kind: spec.Deliver, Message: told}
	}
	return spec.Input{}
}

// delivered completes a call that says nothing.
func (m *model) delivered(s *server, line int) {
	if s.call.emitted {
		return
	}
	s.call.emitted = true
	m.emit(s, m.arrival(s), s.call.line, line)
}
