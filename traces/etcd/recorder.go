package etcd

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
	case m.shows == ofReceiver && !s.showsPeers(e):
		m.refuse(s, traceConsistent, e.line, "%s shows match %d and next %d of %s but has %d and %d", s.id, e.match, e.next, p.id, p.match, e.message.index+1)
	case m.shows == ofReceiver && p.atLeast:
		p.match, p.atLeast = e.match, false
	case m.shows == ofReceiver, s.showsOwn(e), m.shows == ofSomebody && s.showsPeers(e):
	default:
		m.refuse(s, traceConsistent, e.line, "%s shows match %d and next %d of itself but has %d and %d", s.id, e.match, e.next, s.match(s.id), s.match(s.id)+1)
	}
}
