package etcd

import "github.com/raftcheck/raftcheck/spec"

// broadcast awaits a message to every other peer, in order.
func (m *model) broadcast(s *server, when mode) {
	for k := range s.peers {
		if p := &s.peers[k]; p.id != s.id && !p.loose {
			p.consider(s.call.line)
			s.push(item{want: wantApp, to: p.id, mode: when})
		}
	}
}

// likelihood tells how likely an awaited item is, by what is believed of its peer.
func (m *model) likelihood(s *server, i *item) likely {
	if i.want != wantApp && i.want != wantApps && i.want != wantAnswered {
		if i.may {
			return maybe
		}
		return surely
	}
	p := s.peer(i.to)
	switch {
	case p == nil:
		return never
	case i.may:
		return maybe
	case i.want == wantAnswered:
		return p.answered()
	}
	return p.awaits(i.mode, s.now.last, s.now.commit)
}

// couldBe reports whether an event that fits an item which need not come is that item, in some view of the peer.
func (m *model) couldBe(s *server, i *item, e *event) bool {
	p := s.peer(i.to)
	if i.want != wantApp && i.want != wantApps || p == nil {
		return true
	}
	msg := &e.message
	for k := range p.views {
		v := &p.views[k]
		switch {
		case v.awaits(i.mode, s.now.last, s.now.commit) == never:
		case msg.kind == msgSnap && (v.next <= msg.entries || v.atMost && p.match < msg.entries), msg.kind == msgApp && v.starts(msg.index, p.match) && v.mayCarry(msg.entries, i.mode, s.now.last, s.now.commit):
			return true
		}
	}
	return false
}

// answered tells how likely the leader evaluates its commitIndex upon an acknowledgement.
func (p *peer) answered() likely {
	n := 0
	for k := range p.views {
		if p.views[k].due {
			n++
		}
	}
	switch n {
	case 0:
		return never
	case len(p.views):
		return surely
	}
	return maybe
}

// passed rules out the views in which an item that did not come would have come.
func (m *model) passed(s *server, i *item) {
	p := s.peer(i.to)
	if p == nil || i.may {
		return
	}
	p.keep(func(v *view) bool {
		if i.want == wantAnswered {
			return !v.due
		}
		return v.awaits(i.mode, s.now.last, s.now.commit) != surely
	})
	p.each(func(v *view) { v.due = false })
}

// acknowledged handles a MsgAppResp at the leader.
func (m *model) acknowledged(s *server, e *event) {
	msg := &e.message
	p := s.peer(msg.from)
	if p == nil && s.vaguePeers {
		p = s.meetsPeer(msg.from)
	}
	switch {
	case p == nil:
		return
	case p.loose:
		s.heardOf(p, msg)
		return
	case p.id != s.id:
		p.consider(s.call.line)
	}
	if msg.reject {
		hint, known := msg.hint, true
		if msg.logTerm > 0 {
			hint, _, known = s.conflict(msg.hint, msg.logTerm)
		}
		p.each(func(v *view) { v.due = v.refused(p.match, msg.index, hint, known) })
		s.push(item{want: wantApp, to: p.id, mode: dueOnly})
		return
	}
	switch {
	case msg.index > p.match:
		p.match, p.atLeast = msg.index, p.atLeast && msg.index <= p.upTo
		p.each(func(v *view) {
			v.next = max(v.next, msg.index+1)
			v.paused, v.full, v.due = false, false, true
		})
	case msg.index == p.match && p.id != s.id:
		p.each(func(v *view) { v.due = v.state == probing })
	default:
		return
	}
	waits := p.views[:0:0]
	for _, v := range p.views {
		if v.due && v.state == snapshotting && msg.index < v.pending {
			waits = append(waits, v) // it goes on replicating unless what follows was compacted
		}
	}
	p.each(func(v *view) {
		switch {
		case !v.due:
		case v.state == replicating && v.flying <= msg.index:
			v.flying = 0
		case v.state == probing, v.state == snapshotting:
			*v = v.replicate(p.match)
			v.due = true
		}
	})
	for _, v := range waits {
		p.add(v)
	}
	s.push(item{want: wantAnswered, to: p.id})
}

// commits takes a Commit: the leader looked how far a majority has come.
func (m *model) commits(s *server, i item, e *event) {
	before := s.now.commit
	s.now.commit = m.commitIndex(s, e.state.commit)
	m.checkCommit(s, before, e)
	moved := s.now.commit > before
	if moved {
		m.emit(s, spec.Input{Kind: spec.AdvanceCommit}, e.line, e.line)
	}
	if i.want == wantCommit { // a new configuration
		if moved {
			m.broadcast(s, always)
		} else {
			m.broadcast(s, withEntries)
		}
		return
	}
	p := s.peer(i.to)
	if !i.may {
		p.keep(func(v *view) bool { return v.due })
		p.each(func(v *view) { v.due = !moved && v.lagging(s.now.commit) })
	}
	if moved {
		s.push(item{want: wantBeats, may: true})
		m.broadcast(s, always)
	}
	if p.id != s.id && !p.loose {
		s.push(item{want: wantApps, to: p.id, mode: dueOrEntries})
	}
}

// commitIndex returns how far the leader may commit: what a majority of every half holds, if it is of the leader's term. Where
// not all is known that the others hold, it is what the leader shows, if it may be.
func (m *model) commitIndex(s *server, shows spec.Index) spec.Index {
	i := s.now.conf.committed(s.match)
	least := s.now.commit
	if t, known := s.termAt(i); i > s.now.commit && known && t == s.now.term {
		least = i
	}
	if s.vaguePeers && shows > least && shows <= s.now.conf.committed(s.matchAtMost) {
		if t, known := s.termAt(shows); !known || t == s.now.term {
			return shows
		}
	}
	return least
}

// beaten handles a MsgHeartbeatResp at the leader.
func (m *model) beaten(s *server, e *event) {
	p := s.peer(e.message.from)
	if p == nil || p.id == s.id || p.loose {
		return
	}
	p.consider(s.call.line)
	p.each(func(v *view) {
		v.paused, v.full = false, false
		v.due = p.match < s.now.last || v.state == probing
	})
	s.push(item{want: wantApp, to: p.id, mode: dueOnly})
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
		if p.id == s.id || p.loose {
			continue
		}
		s.push(item{want: wantBeat, message: message{kind: msgHeartbeat, from: s.id, to: p.id, term: s.now.term, commit: min(p.match, s.now.commit)}})
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
		p.consider(s.call.line)
		p.each(func(v *view) { v.told = e.message.commit })
	}
	s.beats = append(s.beats, beatSent{e.message, e.line})
	if i := s.awaited(); i == nil || i.want != wantBeat {
		m.beatsSent(s)
	}
}

// beatSent is a heartbeat of the round at hand.
type beatSent struct {
	message message
	line    int
}

// beatsSent tells of a round of heartbeats as one step.
func (m *model) beatsSent(s *server) {
	if len(s.beats) == 0 {
		return
	}
	m.leaving = m.leaving[:0]
	for k := range s.beats {
		m.leaving = append(m.leaving, sent{&s.beats[k].message, s.beats[k].line})
	}
	in := spec.Input{Kind: spec.Heartbeat}
	if s.vaguePeers {
		in = spec.Input{} // there may be more, told of one by one
	}
	m.emit(s, in, s.beats[0].line, s.beats[len(s.beats)-1].line, m.leaving...)
	s.beats = s.beats[:0]
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
	s.giveUp()
	s.push(item{want: wantMore, may: true})
	// A proposal that would be too large is dropped after its configuration changes were announced.
	s.push(item{want: wantSelfAck, may: s.call.count == 0})
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
	} else {
		s.owed = owed{index: s.now.last + 1, term: s.now.term, line: e.line}
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
	switch {
	case e.state.last < s.now.last && n > 1:
		m.announcedTooMuch(s, before, n, e)
	case e.state.last != s.now.last:
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
	m.broadcast(s, always)
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
	default:
		p.consider(s.call.line)
		if p.learner || p.match == s.now.last || p.awaits(always, s.now.last, s.now.commit) == never {
			m.refuse(s, traceConsistent, e.line, "%s sends entries to %s though nothing makes it", s.id, e.message.to)
			break
		}
		s.doubt = doubt{e.line, s.now, "sends entries to " + p.id.String()}
	}
	m.sendsApp(s, e, always)
}

// sendsApp takes a MsgApp or MsgSnap.
func (m *model) sendsApp(s *server, e *event, when mode) {
	msg := &e.message
	if msg.kind == msgApp {
		m.shownProgress(s, e)
	}
	if p := s.peer(msg.to); p != nil && s.now.role == spec.Leader {
		if !p.loose {
			p.consider(s.call.line)
		}
		if msg.kind == msgSnap {
			m.checkSnap(s, p, e, when)
			p.each(func(v *view) {
				*v = view{state: snapshotting, next: msg.entries + 1, pending: msg.entries, told: msg.entries}
			})
		} else {
			m.checkApp(s, p, e, when)
			p.each(func(v *view) {
				v.due = false
				v.sent(msg.entries, msg.commit)
			})
		}
	}
	m.release(s, msg, e.line)
	m.emit(s, spec.Input{Kind: spec.SendAppendEntries, Peer: msg.to}, e.line, e.line, sent{msg, e.line})
}

// owed is an entry that a leader appended unannounced. Only a change of configuration that changes no member explains it, so it
// will be applied as one.
type owed struct {
	index  spec.Index
	term   spec.Term
	line   int
	readys int // how many passed since one handed it to the application
}

// mostReadys is how many Readys an application may let pass before it applies a change of configuration that one of them
// brought. Nothing in raft bounds it; applications do it at once, or wait for it before they go on.
const mostReadys = 8

// collect refuses an unannounced entry that turns out to be none that is applied.
func (m *model) collect(s *server) {
	o := &s.owed
	entry, held := s.log.At(o.index)
	if !held || entry.Term != o.term || s.applied >= o.index {
		*o = owed{}
		return
	}
	if s.readyAt < o.index {
		return
	}
	if o.readys++; o.readys > mostReadys {
		line := o.line
		*o = owed{}
		m.refuseWith(s, traceConsistent, line, []evidence{{"the entry is still not applied", s.id, m.line}},
			"%s appends an entry that no Replicate or ChangeConf announces", s.id)
	}
}
