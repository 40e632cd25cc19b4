package etcd

import "github.com/raftcheck/raftcheck/spec"

// likely says whether a leader sends: never, maybe (it depends on what the trace does not show), surely.
type likely uint8

const (
	never likely = iota
	maybe
	surely
)

// maySend tells whether maybeSendAppend sends to a peer; empty says that a message without entries would do.
func (m *model) maySend(s *server, p *peer, empty bool) likely {
	switch {
	case p.state == snapshotting:
		return maybe // the application may have reported how the snapshot went
	case p.state == probing && p.paused:
		return never
	case !empty && p.next > s.now.last:
		return never
	case p.next-1 < s.now.commit:
		return maybe // the entry may be compacted and no snapshot at hand
	case p.state == replicating && len(p.inFlight) > 0:
		return maybe // the window may be full
	}
	return surely
}

// toPeer awaits a message to one peer.
func (m *model) toPeer(s *server, p *peer, empty bool) {
	if l := m.maySend(s, p, empty); l != never {
		s.push(item{want: wantApp, to: p.id, may: l == maybe, empty: empty})
	}
}

// broadcast awaits a message to every other peer, in order.
func (m *model) broadcast(s *server, empty bool) {
	for k := range s.peers {
		if s.peers[k].id != s.id {
			m.toPeer(s, &s.peers[k], empty)
		}
	}
}

// acknowledged handles a MsgAppResp at the leader.
func (m *model) acknowledged(s *server, e *event) {
	msg := &e.message
	p := s.peer(msg.from)
	if p == nil {
		return
	}
	if msg.reject {
		hint := msg.hint
		if msg.logTerm > 0 {
			hint, _ = s.conflict(msg.hint, msg.logTerm)
		}
		if !p.refused(msg.index, hint) {
			return
		}
		if p.state == replicating {
			p.becomeProbe()
		}
		m.toPeer(s, p, true)
		return
	}
	same := p.match == msg.index
	switch {
	case p.acknowledged(msg.index):
		if p.state == replicating {
			p.free(msg.index)
		}
	case same && p.state == probing:
	case same && p.id != s.id:
		// Only if the application had reported the peer unreachable.
		s.push(item{want: wantCommit, may: true, to: p.id})
		return
	default:
		return
	}
	switch p.state {
	case probing:
		p.becomeReplicate()
	case snapshotting:
		if msg.index >= p.pending || p.match+1 > s.log.Base {
			p.becomeReplicate()
		}
	}
	s.push(item{want: wantCommit, to: p.id})
}

// commits takes a Commit: the leader looked how far a majority has come.
func (m *model) commits(s *server, e *event) {
	before := s.now.commit
	s.now.commit = m.commitIndex(s)
	m.checkCommit(s, before, e)
	moved := s.now.commit > before
	if moved {
		m.emit(s, spec.Input{Kind: spec.AdvanceCommit}, e.line, e.line)
	}
	if s.call.name == applyConfChange {
		m.broadcast(s, moved)
		return
	}
	p := s.peer(s.call.message.from)
	if p == nil {
		return
	}
	switch {
	case moved:
		s.push(item{want: wantBeats, may: true})
		m.broadcast(s, true)
	case p.id != s.id && p.lagging(s.now.commit):
		m.toPeer(s, p, true)
	}
	if p.id != s.id {
		s.push(item{want: wantApps, to: p.id, may: true})
	}
}

// commitIndex returns how far the leader may commit: what a majority of every half holds, if it is of the leader's term.
func (m *model) commitIndex(s *server) spec.Index {
	i := s.now.conf.committed(s.match)
	if t, known := s.termAt(i); i > s.now.commit && known && t == s.now.term {
		return i
	}
	return s.now.commit
}

// beaten handles a MsgHeartbeatResp at the leader.
func (m *model) beaten(s *server, e *event) {
	p := s.peer(e.message.from)
	if p == nil {
		return
	}
	p.paused = false
	if p.match < s.now.last || p.state == probing {
		l := m.maySend(s, p, true)
		if p.state == replicating && p.next-1 >= s.now.commit {
			l = surely // it was just let go on, if only to say nothing new
		}
		if l != never {
			s.push(item{want: wantApp, to: p.id, may: l == maybe, empty: true})
		}
		return
	}
	// Only if the application had reported the peer unreachable.
	s.push(item{want: wantApp, to: p.id, may: true, empty: true})
}

// beat takes the first heartbeat of a round: the leader's timer fired, or a read has to be confirmed.
func (m *model) beat(s *server, e *event) {
	m.check(s, e)
	if s.now.role != spec.Leader {
		m.refuse(s, "R5.2-10", e.line, "%s sends heartbeats though it is a %s", s.id, s.now.role)
		m.release(s, &e.message, e.line)
		return
	}
	m.round(s)
	if i := s.awaited(); i == nil || !i.fits(s, e) {
		m.uncalled(s, e)
		s.giveUp()
		return
	}
	m.heartbeat(s, s.pop(), e)
}

// round awaits a heartbeat to every other peer.
func (m *model) round(s *server) {
	for k := range s.peers {
		p := &s.peers[k]
		if p.id == s.id {
			continue
		}
		s.push(item{want: wantMessage, message: message{kind: msgHeartbeat, from: s.id, to: p.id, term: s.now.term, commit: min(p.match, s.now.commit)}})
	}
}

// beatsFor takes a round of heartbeats in the middle of a call, for reads that waited for the first commit of the term.
func (m *model) beatsFor(s *server, e *event) {
	rest := append([]item(nil), s.queue[s.head:]...)
	s.giveUp()
	m.check(s, e)
	m.round(s)
	if i := s.awaited(); i != nil {
		m.heartbeat(s, s.pop(), e)
	}
	s.push(item{want: wantBeats, may: true})
	s.queue = append(s.queue, rest...)
}

// heartbeat takes one heartbeat.
func (m *model) heartbeat(s *server, i item, e *event) {
	if e.message != i.message {
		m.wrongMessage(s, &i.message, e)
	}
	m.release(s, &e.message, e.line)
	if p := s.peer(e.message.to); p != nil {
		p.told = e.message.commit
	}
	m.emit(s, spec.Input{Kind: spec.Heartbeat}, e.line, e.line, sent{&e.message, e.line})
}

// propose takes the first Replicate or ChangeConf of a proposal.
func (m *model) propose(s *server, e *event) {
	m.check(s, e)
	if s.now.role != spec.Leader {
		m.refuse(s, "R5.1-07", e.line, "%s appends an entry of its own in term %d though it is a %s", s.id, s.now.term, s.now.role)
	}
	m.more(s, item{want: wantMore}, e)
}

// more takes a further entry of a proposal, or the empty entry of a new leader.
func (m *model) more(s *server, i item, e *event) {
	if e.name == changeConf {
		m.proposeConf(s, e)
		s.call.confs = append(s.call.confs, valueOf(e.changes))
	} else {
		s.call.count++
	}
	if i.want == wantReplicate {
		s.push(item{want: wantSelfAck})
		return
	}
	// A proposal that would be too large is dropped after its configuration changes were announced.
	awaited := s.awaited()
	if awaited == nil || awaited.want != wantMore {
		s.giveUp()
		s.push(item{want: wantMore, may: true})
		s.push(item{want: wantSelfAck, may: s.call.count == 0})
		return
	}
	s.queue[len(s.queue)-1].may = false
}

// appends takes the leader's message to itself after it appended: now the log shows the new entries.
func (m *model) appends(s *server, e *event) {
	n := s.call.count + spec.Index(len(s.call.confs))
	m.grow(s, e, n)
}

// appendUnseen takes a leader's message to itself that no Replicate or ChangeConf announced: it leaves a joint
// configuration, or proposed a change of configuration that changes no member.
func (m *model) appendUnseen(s *server, e *event) {
	if s.now.role != spec.Leader {
		m.uncalled(s, e)
		return
	}
	s.doubt = doubt{e.line, s.now, "appends an entry that is neither a command nor a change of members"}
	s.call.confs = []string{update}
	if s.now.conf.joint() {
		s.call.confs[0] = leave
	}
	s.proposed = s.now.last + 1
	m.grow(s, e, 1)
}

// grow appends n entries to the leader's log, acknowledges them to itself and sends them on.
func (m *model) grow(s *server, e *event, n spec.Index) {
	before := s.now.last
	for _, value := range s.call.confs {
		s.extend(spec.Entry{Term: s.now.term, Kind: spec.ConfigurationChange, Value: value})
	}
	for range s.call.count {
		kind := spec.Command
		if s.call.name.receives() {
			kind = spec.NoOp // a new leader's
		}
		s.extend(spec.Entry{Term: s.now.term, Kind: kind})
	}
	m.holds(s)
	if e.state.last != s.now.last {
		m.wrongGrowth(s, before, n, e)
	}
	want := message{kind: msgAppResp, from: s.id, to: s.id, term: s.now.term, index: s.now.last}
	if e.message != want {
		m.wrongMessage(s, &want, e)
	}
	m.release(s, &e.message, e.line)
	in := spec.Input{Kind: spec.Propose}
	if s.call.name.receives() {
		in = spec.Input{}
	}
	m.emit(s, in, s.call.line, e.line)
	m.broadcast(s, true)
}

// transfer takes a MsgApp that nothing in the trace led to: leadership is being transferred to its receiver, which must catch up.
func (m *model) transfer(s *server, e *event) {
	m.check(s, e)
	p := s.peer(e.message.to)
	switch {
	case s.now.role != spec.Leader:
		m.refuse(s, "R5.3-11", e.line, "%s sends entries though it is a %s", s.id, s.now.role)
	case p == nil || p.id == s.id:
		m.refuse(s, traceConsistent, e.line, "%s sends entries to %s, which is not a member", s.id, e.message.to)
	case p.learner || p.match == s.now.last || m.maySend(s, p, true) == never:
		m.refuse(s, traceConsistent, e.line, "%s sends entries to %s though nothing makes it", s.id, e.message.to)
	default:
		s.doubt = doubt{e.line, s.now, "sends entries to " + p.id.String()}
	}
	m.sendsApp(s, e)
}

// sendsApp takes a MsgApp or MsgSnap.
func (m *model) sendsApp(s *server, e *event) {
	msg := &e.message
	if p := s.peer(msg.to); p != nil && s.now.role == spec.Leader {
		if msg.kind == msgSnap {
			m.checkSnap(s, p, e)
			p.becomeSnapshot(msg.entries)
		} else {
			m.checkApp(s, p, e)
			p.sent(msg.entries, msg.commit)
		}
	}
	m.release(s, msg, e.line)
	m.emit(s, spec.Input{Kind: spec.SendAppendEntries, Peer: msg.to}, e.line, e.line, sent{msg, e.line})
}
