package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// follow makes a server a follower, as reset does: a new term clears the vote.
func (m *model) follow(s *server, t spec.Term, lead spec.ServerID) {
	if s.now.term != t {
		s.now.term, s.now.vote = t, spec.None
		s.visited()
	}
	s.now.role = spec.Follower
	s.follows(lead)
	s.granted, s.refused, s.vagueVotes = nil, nil, false
}

// tookFollower takes the BecomeFollower that a message brought about, and goes on with the message.
func (m *model) tookFollower(s *server, i item, e *event) {
	if s.restart.line > 0 {
		m.startedAs(s, e)
		return
	}
	m.follow(s, i.term, i.lead)
	m.check(s, e)
	switch i.then {
	case thenVote:
		m.vote(s)
	case thenFollow:
		m.obey(s)
	default:
		m.complete(s, e.line)
	}
}

// complete ends a call that changed the server and says nothing.
func (m *model) complete(s *server, line int) {
	if s.call.name.receives() && !s.call.emitted {
		m.delivered(s, line)
		return
	}
	m.emit(s, spec.Input{}, line, line)
}

// stepDown takes a BecomeFollower that nothing in the trace led to: a message that is not traced told of a higher term, a leader
// lost touch with its quorum, or a pre-candidate lost.
func (m *model) stepDown(s *server, e *event) {
	want := s.now
	want.role = spec.Follower
	s.doubt = doubt{e.line, s.now, "becomes a follower"}
	switch t := e.state.term; {
	case t > s.now.term && s.fresh() && t == 1:
		// Bootstrap, or a first message.
		m.follow(s, t, spec.None)
		s.push(item{want: wantBooted, may: true})
	case t > s.now.term:
		if !m.anybodyElse(s, t) && !m.mayBeUnseen(s, t) {
			m.refuse(s, "R5.1-02", e.line, "%s moves to term %d, in which no other server was", s.id, t)
		}
		m.follow(s, t, spec.None)
	case t == s.now.term && (s.now.role == spec.Leader || s.now.role == spec.PreCandidate):
		m.follow(s, t, spec.None)
	case t == s.now.term && e.state == want:
		m.refuse(s, traceConsistent, e.line, "%s becomes a follower in term %d though nothing made it one", s.id, t)
	}
	m.check(s, e)
	m.emit(s, spec.Input{}, e.line, e.line)
}

// fresh reports whether a server has an empty disk and no configuration.
func (s *server) fresh() bool {
	return s.now.term == 0 && s.now.last == 0 && len(s.now.conf.voters) == 0
}

// campaign takes a BecomeCandidate: the election timer fired, a pre-election was won, or a leader handed over.
func (m *model) campaign(s *server, e *event) {
	switch {
	case s.now.role == spec.Leader:
		m.refuse(s, "R5.2-04", e.line, "%s campaigns in term %d though it leads term %d", s.id, e.state.term, s.now.term)
	case len(s.now.conf.voters) == 0:
		m.refuse(s, "R6-13", e.line, "%s campaigns without a configuration", s.id)
	case !m.promotable(s):
		m.refuse(s, "R6-09", e.line, "%s campaigns though it is not a voter of %s", s.id, s.now.conf)
	case s.installing:
		m.refuse(s, traceConsistent, e.line, "%s campaigns before its snapshot is on disk", s.id)
	case s.unapplied() > 0:
		m.refuse(s, "R6-01", e.line, "%s campaigns before it applied the configuration change at index %d, which it knows to be committed", s.id, s.unapplied())
	}
	s.doubt = doubt{e.line, s.now, "becomes a candidate"}
	s.now.term++
	s.now.vote, s.now.role = s.id, spec.Candidate
	s.follows(spec.None)
	s.granted, s.refused, s.vagueVotes = nil, nil, false
	s.visited()
	m.check(s, e)
	m.emit(s, spec.Input{Kind: spec.Timeout}, e.line, e.line)
	last, _ := s.lastTerm()
	for _, id := range s.now.conf.voters {
		if id == s.id {
			s.push(item{want: wantMessage, message: message{kind: msgVoteResp, from: s.id, to: id, term: s.now.term}})
			continue
		}
		s.push(item{want: wantMessage, message: message{kind: msgVote, from: s.id, to: id, term: s.now.term, index: s.now.last, logTerm: last}})
	}
}

// unapplied returns the index of a committed configuration entry that was not applied, or 0. Of the places where the server may
// stand, those where it could not campaign are ruled out by its campaign.
func (s *server) unapplied() spec.Index {
	done := func(st stand) bool {
		i := s.confAfter(st.applied)
		return i == 0 || i > s.now.commit
	}
	if kept := slices.DeleteFunc(slices.Clone(s.stands), func(st stand) bool { return !done(st) }); len(kept) > 0 {
		s.standOn(kept...)
		return 0
	}
	return s.confAfter(s.stands[0].applied)
}

// asks takes a request for a vote.
func (m *model) asks(s *server, e *event) {
	m.emit(s, spec.Input{Kind: spec.SendRequestVote, Peer: e.message.to}, e.line, e.line, sent{&e.message, e.line})
}

// vote decides on a MsgVote of the server's own term.
func (m *model) vote(s *server) {
	msg := &s.call.message
	may := s.now.vote == msg.from || s.now.vote == spec.None && s.lead == spec.None
	grant, known := m.upToDate(s, msg)
	i := item{want: wantMessage, message: message{kind: msgVoteResp, from: s.id, to: msg.from, term: s.now.term, reject: !may || !grant}}
	if may && grant && (!known || s.now.vote == spec.None && s.vagueLead) {
		i.open = openVote
	}
	s.push(i)
}

// upToDate reports whether a candidate's log is as far as the server's, and whether that is known: if not, it may be. A log that lacks what
// the server knows to be committed is not.
func (m *model) upToDate(s *server, msg *message) (is, known bool) {
	last, known := s.lastTerm()
	if !known {
		return msg.index >= s.now.commit, false
	}
	return msg.logTerm > last || msg.logTerm == last && msg.index >= s.now.last, true
}

func (m *model) mayBeUpToDate(s *server, msg *message) bool {
	is, _ := m.upToDate(s, msg)
	return is
}

// votes takes an answer to a request for a vote. It shows the vote before it is recorded.
func (m *model) votes(s *server, e *event) {
	if e.message.to == s.id {
		return
	}
	m.replies(s, e)
}

// counts takes a MsgVoteResp of the candidate's term.
func (m *model) counts(s *server, e *event) {
	msg := &e.message
	if !slices.Contains(s.granted, msg.from) && !slices.Contains(s.refused, msg.from) {
		if msg.reject {
			s.refused = with(s.refused, msg.from)
		} else {
			s.granted = with(s.granted, msg.from)
		}
	}
	m.delivered(s, e.line)
	if s.vagueVotes {
		s.push(item{want: wantLeader, may: true})
		s.push(item{want: wantFollower, may: true, term: s.now.term})
		return
	}
	switch s.now.conf.outcome(s.granted, s.refused) {
	case won:
		s.push(item{want: wantLeader})
	case lost:
		s.push(item{want: wantFollower, term: s.now.term})
	}
}

// leads takes the BecomeLeader of a candidate that won.
func (m *model) leads(s *server, e *event) {
	m.office(s, e)
	s.push(item{want: wantReplicate})
}

// office makes a server leader, whether it may be or not.
func (m *model) office(s *server, e *event) {
	s.now.role = spec.Leader
	s.follows(s.id)
	m.check(s, e)
	s.resetPeers()
	s.proposed = s.now.last
	m.emit(s, spec.Input{Kind: spec.BecomeLeader}, e.line, e.line)
	s.granted, s.refused, s.vagueVotes = nil, nil, false
	m.lead(s, e.line)
	m.elected++
	s.call.count, s.call.confs = 0, nil
}

// usurps takes a BecomeLeader that no majority stands behind.
func (m *model) usurps(s *server, e *event) {
	rule, why := "R5.2-06", "has no majority of "+s.now.conf.String()
	if s.now.role != spec.Candidate {
		why = "is a " + s.now.role.String()
	}
	var before []evidence
	if l := m.leaders[e.state.term]; l != nil && l.leader != s.id {
		rule = "R5.2-02"
		why += " and " + l.leader.String() + " leads that term"
		before = append(before, evidence{"leader of the same term", l.leader, l.line})
	}
	m.refuseWith(s, rule, e.line, before, "%s becomes leader of term %d but %s", s.id, e.state.term, why)
	m.office(s, e)
	s.push(item{want: wantReplicate, may: true})
}
