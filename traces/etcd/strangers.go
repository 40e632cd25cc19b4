package etcd

import (
	"cmp"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// A leader may know more of others than the trace shows of it: it led before its first line, a log of which it does not know all terms
// makes it try again somewhere, or a configuration has learners that nothing shows. Such a peer is loose: what is sent to it is not
// awaited, and checked only for what holds of everything a leader sends.

// meetsPeer adds a learner that the configuration is not known to have.
func (s *server) meetsPeer(id spec.ServerID) *peer {
	if !s.members.vague || s.now.role != spec.Leader || s.now.conf.has(id) {
		return nil
	}
	p := peer{id: id, learner: true, loose: true, atLeast: true, upTo: s.now.last, views: []view{{next: 1, state: replicating}}}
	k, _ := slices.BinarySearchFunc(s.peers, id, func(q peer, id spec.ServerID) int { return cmp.Compare(q.id, id) })
	s.peers = slices.Insert(s.peers, k, p)
	return &s.peers[k]
}

// showsItself takes what a MsgApp shows of the leader's own progress, where that is not known. One that is no voter any more may be a learner.
func (s *server) showsItself(e *event) {
	self := s.peer(s.id)
	switch {
	case self == nil && e.self:
		self = s.meetsPeer(s.id)
	case self != nil && self.loose && !e.self:
		s.peers = slices.DeleteFunc(s.peers, func(p peer) bool { return p.id == s.id })
		return
	}
	if self != nil && self.atLeast && e.match <= s.now.last {
		self.match, self.atLeast, self.loose = e.match, false, false
	}
}

// aside takes a message to a loose peer, which may come at any time. It reports whether it is one.
func (m *model) aside(s *server, e *event) bool {
	msg := &e.message
	if s.now.role != spec.Leader || msg.from != s.id || msg.kind.sender() != sendAppend {
		return false
	}
	p := s.peer(msg.to)
	if p == nil {
		p = s.meetsPeer(msg.to)
	}
	if p == nil || !p.loose {
		return false
	}
	if s.awaited() == nil {
		m.settle(s)
	}
	m.check(s, e)
	if msg.kind == msgHeartbeat {
		m.beatAside(s, p, e)
		return true
	}
	m.sendsApp(s, e, always)
	return true
}

// beatAside takes a heartbeat to a loose peer: it tells no more than is committed and, as far as that is known, than the peer holds.
func (m *model) beatAside(s *server, p *peer, e *event) {
	most := s.now.commit
	if !p.atLeast {
		most = min(most, p.match)
	}
	want := message{kind: msgHeartbeat, from: s.id, to: p.id, term: s.now.term, commit: min(e.message.commit, most)}
	if e.message != want {
		m.wrongMessage(s, &want, e)
	}
	m.release(s, &e.message, e.line)
	m.emit(s, spec.Input{}, e.line, e.line, sent{&e.message, e.line})
}

// heardOf takes an answer of a loose peer: it tells how far the peer is at least.
func (s *server) heardOf(p *peer, msg *message) {
	if msg.reject {
		return
	}
	if msg.index > p.match {
		p.match, p.atLeast = msg.index, p.atLeast && msg.index <= p.upTo
	}
	s.push(item{want: wantAnswered, to: p.id, may: true})
}

// matchAtMost is match, or as far as it may be.
func (s *server) matchAtMost(id spec.ServerID) spec.Index {
	p := s.peer(id)
	switch {
	case p == nil:
		return 0
	case p.atLeast:
		return max(p.match, p.upTo)
	}
	return p.match
}
