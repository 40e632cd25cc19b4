package etcd

import (
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// traceConsistent is the rule under which a line is refused that breaks no promise of Raft.
const traceConsistent = "X-TR-01"

// counts says how often what the model checks was put to the test.
type counts struct {
	lines, arrived, ready, restarts, commits, appends int
}

// evidence is one more place that a refusal rests on.
type evidence struct {
	role   string
	server spec.ServerID
	line   int
}

// refuse reports a contradiction whose guilty line is given.
func (m *model) refuse(s *server, rule string, line int, format string, args ...any) {
	m.refuseWith(s, rule, line, nil, format, args...)
}

// refuseWith is refuse with further lines, and with the server's line before as the last of them.
func (m *model) refuseWith(s *server, rule string, line int, others []evidence, format string, args ...any) {
	r := m.rules[rule]
	if r == nil {
		r = m.rules[traceConsistent]
	}
	b := &spec.Breach{Rule: r, Message: fmt.Sprintf(format, args...)}
	b.Evidence = append(b.Evidence, spec.Evidence{Role: "here", Server: s.id, Part: spec.PartFact, Origin: spec.Origin(line)})
	for _, e := range others {
		b.Evidence = append(b.Evidence, spec.Evidence{Role: e.role, Server: e.server, Part: spec.PartFact, Origin: spec.Origin(e.line)})
	}
	if s.line > 0 && s.line < line && len(others) == 0 {
		b.Evidence = append(b.Evidence, spec.Evidence{Role: "the server's line before", Server: s.id, Part: spec.PartFact, Origin: spec.Origin(s.line)})
	}
	m.found = append(m.found, traces.Contradiction{Breach: b, Line: m.line, Member: "event.name"})
}

// hint adds a guess at the cause to the contradiction reported last.
func (m *model) hint(text string) { m.found[len(m.found)-1].Hint = text }

// point names the member of the guilty line that is wrong, for the contradiction reported last.
func (m *model) point(member string) { m.found[len(m.found)-1].Member = member }

// also says which conditions refused the line, on the contradiction reported last.
func (m *model) also(allowed string, refused ...spec.Condition) {
	b := m.found[len(m.found)-1].Breach
	b.Refused, b.Allowed = refused, allowed
}

// lastMayGrow leaves the last index out of a check: the event shows a log that just grew.
const lastMayGrow = true

// check compares what an event shows of its server with what it must show, and takes over what it does show.
func (m *model) check(s *server, e *event, grows ...bool) {
	m.checked.lines++
	want := s.now
	if len(grows) > 0 {
		want.last = e.state.last
	}
	if e.state == want {
		return
	}
	m.beatsSent(s) // before the state that this line shows
	m.differs(s, &want, e)
	m.adopt(s, e)
}

// differs refuses a line whose state is not what it must be; or the line before, if that one was doubtful and this one shows
// that nothing of the sort happened.
func (m *model) differs(s *server, want *shown, e *event) {
	if d := s.doubt; d.line == s.line && d.line > 0 && e.state == d.before {
		m.line = d.line
		m.refuseWith(s, traceConsistent, d.line, []evidence{{"the server's next line shows nothing of it", s.id, e.line}},
			"%s %s, but its next line shows it as it was before", s.id, d.what)
		m.line = e.line
		return
	}
	got := &e.state
	switch {
	case got.term != want.term:
		rule := traceConsistent
		if got.term < want.term {
			rule = "R5.1-01"
		}
		m.refuse(s, rule, e.line, "%s shows term %d but is in term %d", s.id, got.term, want.term)
		m.also(fmt.Sprintf("%s shows term %d", s.id, want.term), spec.Condition{Text: "currentTerm changes only with an event", Values: fmt.Sprintf("%d is not %d", got.term, want.term)})
		m.point("event.state.term")
	case got.vote != want.vote:
		rule := traceConsistent
		if want.vote != spec.None {
			rule = "R5.2-03"
		}
		m.refuse(s, rule, e.line, "%s shows a vote for %s in term %d but voted for %s", s.id, got.vote, got.term, want.vote)
		m.point("event.state.vote")
	case got.role != want.role:
		rule := traceConsistent
		if got.role == spec.Leader {
			rule = "R5.2-06"
		}
		m.refuse(s, rule, e.line, "%s shows itself as %s in term %d but is a %s", s.id, got.role, got.term, want.role)
		m.point("event.role")
	case got.commit != want.commit:
		m.refuse(s, commitRule(got, want), e.line, "%s shows commitIndex %d but has %d", s.id, got.commit, want.commit)
		m.also(fmt.Sprintf("%s shows commitIndex %d", s.id, want.commit), spec.Condition{Text: "commitIndex changes only with an event", Values: fmt.Sprintf("%d is not %d", got.commit, want.commit)})
		m.point("event.state.commit")
	case got.last != want.last:
		m.refuse(s, lastRule(got, want), e.line, "%s shows a log that ends at %d but it ends at %d", s.id, got.last, want.last)
		m.point("event.log")
	default:
		m.refuse(s, traceConsistent, e.line, "%s shows configuration %s but has %s", s.id, got.conf, want.conf)
		m.point("event.conf")
	}
}

func commitRule(got, want *shown) string {
	switch {
	case got.commit > got.last:
		return "R5.3-18"
	case got.commit < want.commit:
		return "R5.3-16"
	case want.role == spec.Leader:
		return "R5.3-20"
	}
	return "R5.3-17"
}

func lastRule(got, want *shown) string {
	switch {
	case got.commit > got.last:
		return "R5.3-18"
	case got.last < want.last && want.role == spec.Leader:
		return "R5.3-01"
	case got.last < want.last:
		return "R5.3-04"
	}
	return traceConsistent
}

// mostAtOnce is how many entries a log is believed to gain by one message.
const mostAtOnce = 1 << 16

// adopt takes over what an event shows, so that one contradiction is not reported again at every later line.
func (m *model) adopt(s *server, e *event) {
	was := s.now
	s.now = e.state
	if s.now.term != was.term {
		s.visited()
	}
	if s.now.conf != was.conf {
		s.members = &membership{conf: s.now.conf, index: s.members.index}
	}
	switch last := s.log.LastIndex(); {
	case s.now.last < s.log.Base || s.now.last > last+mostAtOnce:
		s.log, s.blind = spec.Log{Base: s.now.last}, true
	case s.now.last < last:
		s.truncate(s.now.last + 1)
	case s.now.last > last:
		for range s.now.last - last {
			s.log.Entries = append(s.log.Entries, spec.Entry{Term: s.now.term})
		}
	}
	if s.now.role == spec.Leader && was.role != spec.Leader {
		s.resetPeers()
		m.lead(s, e.line)
	}
}

// missing refuses the line at which something that had to come before has not come.
func (m *model) missing(s *server, i *item, e *event) {
	m.refuse(s, missingRule(i), e.line, "%s: %s must come before %s", s.id, i, e.name)
	m.also("the event that is missing, or a crash")
}

func missingRule(i *item) string {
	switch i.want {
	case wantFollower:
		return "R5.1-02"
	}
	return traceConsistent
}

// wrongMessage refuses a message that is not what the server must send.
func (m *model) wrongMessage(s *server, want *message, e *event) {
	got := &e.message
	rule, why := traceConsistent, ""
	switch {
	case got.kind == msgVoteResp && want.kind == msgVoteResp && want.reject && !got.reject && got.from == s.id:
		rule, why = m.whyNoVote(s)
	case got.from != s.id:
		why = fmt.Sprintf(": it is from %s", got.from)
	case got.term > s.now.term:
		rule = "R5.1-05"
	case got.kind == msgAppResp && want.kind == msgAppResp && !got.reject && (want.reject || got.index > want.index):
		rule = "R5.3-06"
		if want.reject {
			rule = "R5.3-03"
		}
	case got.kind == msgVote && want.kind == msgVote:
		rule = "R5.4.1-02"
	case got.kind == msgHeartbeat && want.kind == msgHeartbeat && got.commit > want.commit:
		rule = "R5.3-17"
	}
	a, b := contentOf(got), contentOf(want)
	fields := differences(a, b)
	switch {
	case got.kind != want.kind:
		m.refuse(s, rule, e.line, "%s sends a %s where a %s is due%s", s.id, got.kind, want.kind, why)
	case got.to != want.to:
		m.refuse(s, rule, e.line, "%s sends a %s to %s where one to %s is due", s.id, got.kind, got.to, want.to)
	default:
		m.refuse(s, rule, e.line, "%s sends a %s to %s with %s, not %s%s", s.id, got.kind, got.to, describe(&a, fields), describe(&b, fields), why)
	}
	if len(fields) > 0 {
		m.also(fmt.Sprintf("%s with %s", want.kind, describe(&b, fields)))
		m.point("event.msg." + fields[0])
	} else {
		m.point("event.msg")
	}
}

// whyNoVote says which promise a vote breaks that had to be refused.
func (m *model) whyNoVote(s *server) (rule, why string) {
	msg := &s.call.message
	switch {
	case s.now.role == spec.Leader || s.now.role == spec.Candidate:
		return "R5.2-08", fmt.Sprintf(": it is a %s of that term itself", s.now.role)
	case s.now.vote != spec.None && s.now.vote != msg.from:
		return "R5.2-03", fmt.Sprintf(": it voted for %s in that term", s.now.vote)
	case !m.mayBeUpToDate(s, msg):
		last, _ := s.lastTerm()
		return "R5.4.1-01", fmt.Sprintf(": its log ends at %d@%d, that of %s at %d@%d", s.now.last, last, msg.from, msg.index, msg.logTerm)
	case s.lead != spec.None:
		return "R5.2-03", fmt.Sprintf(": it follows %s in that term", s.lead)
	}
	return traceConsistent, ""
}

// checkCommit compares the commitIndex of a leader with what its majorities acknowledged.
func (m *model) checkCommit(s *server, before spec.Index, e *event) {
	m.checked.commits++
	if want := s.now.commit; e.state.commit != want && sameBut(s.now, e.state) {
		rule := commitRule(&e.state, &s.now)
		if e.state.commit < before {
			rule = "R5.3-16"
		}
		if t, known := s.termAt(e.state.commit); rule == "R5.3-20" && known && t < s.now.term && s.now.conf.committed(s.match) >= e.state.commit {
			rule = "R5.4.2-01"
		}
		m.refuse(s, rule, e.line, "%s commits up to %d in term %d but a majority of %s has acknowledged only %d", s.id, e.state.commit, s.now.term, s.now.conf, s.now.conf.committed(s.match))
		m.also(fmt.Sprintf("%s commits up to %d", s.id, want), spec.Condition{Text: "a majority of every active configuration holds the entry, and it is of the leader's term", Values: fmt.Sprintf("acknowledged: %s", m.acks(s))})
		m.point("event.state.commit")
		m.adopt(s, e)
		return
	}
	m.check(s, e)
}

func sameBut(a, b shown) bool {
	a.commit = b.commit
	return a == b
}

func (m *model) acks(s *server) string {
	text := ""
	for k := range s.peers {
		if k > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %d", s.peers[k].id, s.peers[k].match)
	}
	return text
}

// wrongGrowth refuses a leader's log that did not grow by what was proposed.
func (m *model) wrongGrowth(s *server, before, n spec.Index, e *event) {
	rule := traceConsistent
	if e.state.last < before {
		rule = "R5.3-01"
	}
	m.refuse(s, rule, e.line, "%s appends %d to a log that ended at %d, but shows %d", s.id, n, before, e.state.last)
	m.adopt(s, e)
}

// announcedTooMuch refuses the last event that announced an entry which the log does not show afterwards.
func (m *model) announcedTooMuch(s *server, before, n spec.Index, e *event) {
	m.refuseWith(s, traceConsistent, s.line, []evidence{{"the log afterwards", s.id, e.line}},
		"%s announces %d new entries after index %d, but its log then ends at %d", s.id, n, before, e.state.last)
	m.adopt(s, e)
}

// checkApp checks a leader's MsgApp: it starts after what the leader believes the peer to have, shows the true term of the entry
// before, and holds only entries the leader has.
func (m *model) checkApp(s *server, p *peer, e *event, when mode) {
	m.checked.appends++
	msg := &e.message
	switch {
	case msg.from != s.id:
		m.refuse(s, traceConsistent, e.line, "%s sends a MsgApp from %s", s.id, msg.from)
	case msg.term != s.now.term:
		rule := traceConsistent
		if msg.term > s.now.term {
			rule = "R5.1-05"
		}
		m.refuse(s, rule, e.line, "%s sends a MsgApp of term %d in term %d", s.id, msg.term, s.now.term)
	case msg.commit != s.now.commit:
		rule := traceConsistent
		if msg.commit > s.now.commit {
			rule = "R5.3-17"
		}
		m.refuse(s, rule, e.line, "%s tells %s commitIndex %d but has %d", s.id, p.id, msg.commit, s.now.commit)
	case msg.reject || msg.hint != 0 || msg.vote != spec.None:
		m.refuse(s, traceConsistent, e.line, "%s sends a MsgApp with a vote or a refusal in it", s.id)
	case !m.trueBefore(s, msg, e):
	case msg.index+msg.entries > s.now.last:
		m.refuse(s, "R5.3-11", e.line, "%s sends entries up to %d but its log ends at %d", s.id, msg.index+msg.entries, s.now.last)
	case !p.loose:
		m.startsWell(s, p, e, when)
	}
	m.checkProgress(s, p, e)
}

// trueBefore checks that a MsgApp tells the true term of the entry before.
func (m *model) trueBefore(s *server, msg *message, e *event) bool {
	t, known := s.termAt(msg.index)
	if known && t != msg.logTerm {
		m.refuse(s, "R5.3-10", e.line, "%s says that its entry %d is of term %d but it is of term %d", s.id, msg.index, msg.logTerm, t)
		return false
	}
	m.learn(s, msg.index, msg.logTerm)
	return true
}

// startsWell checks that a MsgApp starts where the leader may be with the peer, and is not empty without reason.
func (m *model) startsWell(s *server, p *peer, e *event, when mode) {
	msg := &e.message
	first := p.views[0]
	if p.keep(func(v *view) bool {
		return v.starts(msg.index, p.match) && v.mayCarry(msg.entries, when, s.now.last, s.now.commit)
	}) {
		p.each(func(v *view) { v.next, v.atMost = msg.index+1, false })
		return
	}
	switch {
	case msg.entries == 0 && msg.index < s.now.last && first.next-1 == msg.index:
		m.refuse(s, "R5.3-12", e.line, "%s sends %s no entries though it has some after %d", s.id, p.id, msg.index)
	case msg.index < p.match:
		m.refuse(s, "R5.3-08", e.line, "%s sends %s what follows %d, which it knows to match up to %d", s.id, p.id, msg.index, p.match)
	case first.next-1 == msg.index:
		m.refuse(s, traceConsistent, e.line, "%s sends entries to %s though nothing makes it", s.id, p.id)
	default:
		m.refuse(s, traceConsistent, e.line, "%s sends %s what follows %d, but %d is next and %d is known to match", s.id, p.id, msg.index, first.next, p.match)
	}
	p.views = append(p.views[:0], view{state: replicating, next: msg.index + 1})
}

// mayCarry reports whether a message with n entries may be sent in this view.
func (v *view) mayCarry(n spec.Index, when mode, last, commit spec.Index) bool {
	if v.awaits(when, last, commit) == never {
		return false
	}
	return n > 0 || v.next > last || v.state == replicating && v.flying > 0
}

// checkSnap checks a leader's MsgSnap: it covers only what is committed, and more than the peer is known to have.
func (m *model) checkSnap(s *server, p *peer, e *event, when mode) {
	msg := &e.message
	switch {
	case msg.from != s.id || msg.term != s.now.term:
		m.refuse(s, traceConsistent, e.line, "%s sends a MsgSnap from %s of term %d in term %d", s.id, msg.from, msg.term, s.now.term)
	case msg.entries > s.now.commit:
		m.refuse(s, "R7-01", e.line, "%s sends a snapshot up to %d but has committed only up to %d", s.id, msg.entries, s.now.commit)
	case msg.index != 0 || msg.logTerm != 0 || msg.commit != 0 || msg.reject || msg.hint != 0 || msg.vote != spec.None:
		m.refuse(s, traceConsistent, e.line, "%s sends a MsgSnap with fields it does not have", s.id)
	case !p.loose && !p.keep(func(v *view) bool {
		return (v.next <= msg.entries || v.atMost && p.match < msg.entries) && v.awaits(when, s.now.last, s.now.commit) != never
	}):
		m.refuse(s, "R7-02", e.line, "%s sends %s a snapshot up to %d but %d is next", s.id, p.id, msg.entries, p.views[0].next)
	}
}
