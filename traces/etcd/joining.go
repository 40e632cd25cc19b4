package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/prints"
)

// A trace may begin anywhere: a server's first line need not be its first start with an empty disk. Then nothing is known of what was
// before but what follows from what the line shows. Such a server joins the trace: until its next call begins, lines are taken as
// they come; from then on they are explained like all others, except where that needs what is not known. What is not known is of six
// kinds, each with a field of its own:
//
//   - the terms of a log's first entries (server.log.Base, blind),
//   - changes of configuration among them (hidden), and learners (membership.vague),
//   - the leader that a follower knows (vagueLead),
//   - the votes that a candidate has (vagueVotes),
//   - what a leader believes of others (peer.loose, atLeast),
//   - what lay on the disk (durable.before) and was on its way to others (joined).

// joined is what is known of the time before a server's first line, if it did not begin with an empty disk.
type joined struct {
	some  bool  // there was such a time
	known bool  // state is known: not so between an InitState and what follows it
	disk  bool  // state is what was on disk; otherwise it was in memory
	state shown // as of the first line
}

// glimpsed are the fields that a line shows by itself.
const glimpsed = spec.FieldRole | spec.FieldTerm | spec.FieldVotedFor | spec.FieldCommit | spec.FieldConfig

// join takes the first line of a server that is in the middle of its life.
func (m *model) join(s *server, e *event) {
	m.gaps = true
	s.adrift = true
	if e.name == applyConfChange && e.state.term == 0 && len(e.state.conf.voters) == 0 {
		s.joined.some = true // it is about to start with what is on its disk, which the next line shows
		return
	}
	m.joins(s, e, false)
}

// joins takes what a line shows for the state of a server before the trace.
func (m *model) joins(s *server, e *event, disk bool) {
	s.started = true
	s.joined = joined{some: true, known: true, disk: disk, state: e.state}
	m.see(s, e)
	d := s.handOver(e.line)
	d.before = true
	s.versions = []durable{d}
}

// see takes all that a line shows of its server, and nothing of its log for known but where it ends. What a leader appends is of its term.
func (m *model) see(s *server, e *event) {
	appends := s.now.role == spec.Leader && e.state.role == spec.Leader && s.now.term == e.state.term
	switch last := s.log.LastIndex(); {
	case e.state.last == last:
	case appends && e.state.last > last && e.state.last-last <= mostAtOnce:
		for range e.state.last - last {
			s.log.Entries = append(s.log.Entries, spec.Entry{Term: e.state.term})
		}
	default:
		s.log, s.blind, s.confs = spec.Log{Base: e.state.last}, e.state.last > 0, nil
	}
	s.hidden = e.state.last
	if s.now.conf != e.state.conf || s.members.conf != e.state.conf {
		s.standOn(stand{membership: &membership{conf: e.state.conf, vague: true, unplaced: true}})
	}
	s.now = e.state
	s.vagueLead, s.vagueVotes = s.now.role == spec.Follower, s.now.role == spec.Candidate
	s.readyAt = s.now.commit
}

// drift takes a line of a call that began before the trace did.
func (m *model) drift(s *server, e *event) {
	if !s.joined.known {
		if e.name != applyConfChange {
			m.joins(s, e, true)
		}
		return
	}
	m.see(s, e)
	s.visited()
	var sends []sent
	switch {
	case e.name.sends() && e.message.from == s.id && e.message.kind.sender() == e.name:
		m.release(s, &e.message, e.line)
		sends = append(m.leaving[:0], sent{&e.message, e.line})
	case e.name == becomeLeader:
		m.lead(s, e.line)
	}
	m.holds(s)
	m.emit(s, spec.Input{}, e.line, e.line, sends...)
	r := m.out[len(m.out)-1]
	r.step.After.Unknown, s.obs.Unknown = ^glimpsed, ^glimpsed
}

// boards reports whether an event begins a call, so that from here on the server can be followed.
func (m *model) boards(s *server, e *event) bool {
	switch {
	case e.name == initState:
		s.adrift = false
		return true
	case e.name != becomeCandidate && e.name != ready && !e.name.receives():
		return false
	}
	s.adrift = false
	m.see(s, e)
	s.observe()
	s.obs.Unknown, s.obsLine = s.unknown(), e.line
	if e.name == becomeCandidate { // it shows the server after
		s.now.term--
		s.now.vote, s.now.role = spec.None, spec.Follower
		return true
	}
	s.visited()
	if s.now.role == spec.Leader {
		s.follows(s.id)
		s.resetPeers()
		s.vaguePeers = true
		for k := range s.peers {
			p := &s.peers[k]
			p.match, p.atLeast, p.upTo, p.loose = 0, true, s.now.last, p.id != s.id
		}
		m.lead(s, e.line)
	}
	return true
}

// heard is what arrived from a server of which no line was read.
type heard struct {
	message message
	at      spec.ServerID
	line    int
}

// mayPrecede reports whether a message may have been sent before the first line of its sender. A server that answers, leads or
// follows in a term has the term on disk, so that it cannot have done so in a later term than it then shows.
func (m *model) mayPrecede(msg *message) bool {
	s := m.server(msg.from)
	if s == nil {
		return true
	}
	j := &s.joined
	switch {
	case !j.some, j.disk && msg.to == s.id: // what it told itself is lost
		return false
	case !j.known, msg.term < j.state.term:
		return true
	case msg.kind == msgVote: // with asynchronous storage it may leave before the term is on disk
		return msg.term == j.state.term || !m.network.on(msg.from, msg.to).campaigned(msg.term)
	case msg.kind == msgHeartbeatResp:
		return true
	case msg.term > j.state.term:
		return false
	}
	return j.mayHaveSent(msg)
}

// mayHaveSent is mayPrecede for a message of the very term of the first line.
func (j *joined) mayHaveSent(msg *message) bool {
	last, commit := j.state.last, j.state.commit
	switch {
	case msg.kind == msgVoteResp:
		return msg.reject || msg.to == j.state.vote
	case msg.kind == msgAppResp:
		return msg.reject || msg.index <= last
	case j.state.role != spec.Leader: // what it led with may have been lost in a crash
		return true
	case msg.kind == msgSnap:
		return msg.entries <= commit
	}
	return msg.index+msg.entries <= last && msg.commit <= commit
}

// campaigned reports whether a request for a vote in a term was sent.
func (w *wire) campaigned(t spec.Term) bool {
	for _, all := range []*prints.Table[*flight]{&w.now, &w.before} {
		for f := range all.All {
			if f.content.kind == msgVote && f.content.term == t {
				return true
			}
		}
	}
	return false
}

// mayBeUnseen reports whether a server may have been in a term in which the trace shows no other one.
func (m *model) mayBeUnseen(s *server, t spec.Term) bool {
	if len(m.heard) > 0 || slices.ContainsFunc(s.now.conf.voters, func(id spec.ServerID) bool { return m.servers[id] == nil }) {
		return true
	}
	return slices.ContainsFunc(m.order, func(other *server) bool { return other != s && other.joined.some })
}

// unheard refuses a message that arrived from a server that then starts with an empty disk: it cannot have sent it.
func (m *model) unheard(s *server) {
	h, ok := m.heard[s.id]
	delete(m.heard, s.id)
	if !ok || m.mayPrecede(&h.message) {
		return
	}
	m.refuseWith(s, traceConsistent, h.line, []evidence{{"it starts with an empty disk here", s.id, s.restart.line}},
		"%s receives a %s of term %d that %s never sent", h.at, h.message.kind, h.message.term, s.id)
}
