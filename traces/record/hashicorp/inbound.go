package hashicorp

import (
	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// inbound is a request on its way through the library. It is offered to the main goroutine, which takes it, does what it must, and
// answers. Whoever is met in the main goroutine meanwhile asks where the request is: before it was taken, what he does is not of it, and
// after the answer neither.
type inbound struct {
	message spec.Message
	told    bool          // records have words for it
	hurry   bool          // it tells the server to campaign at once
	ask     chan struct{} // where is it?
	taken   chan bool     // the answer to that
	over    chan struct{} // closed when it is recorded

	effects []spec.Durable
	after   spec.Index // all that it is about comes after
	log     spec.Log   // as it was before
}

// handled returns the request that the main goroutine handles; nil for none. It is called in the main goroutine, without the mutex.
func (s *server) handled() *inbound {
	c := s.current.Load()
	if c == nil {
		return nil
	}
	select {
	case c.ask <- struct{}{}:
		if <-c.taken {
			return c
		}
	case <-c.over:
	}
	return nil
}

// pass hands a request to the library, waits for the answer, records both and hands the answer on. It returns early if the
// recorder ends.
func (t *transport) pass(rpc raft.RPC) {
	s := t.server
	answers := make(chan raft.RPCResponse)
	c := &inbound{ask: make(chan struct{}), taken: make(chan bool), over: make(chan struct{}), after: whole}
	c.message, c.told = s.request(s.senderOf(rpc.Command), s.id, rpc.Command)
	_, c.hurry = rpc.Command.(*raft.TimeoutNowRequest)
	s.announce(c)
	offer, taken := t.consumer, false
	for {
		select {
		case offer <- raft.RPC{Command: rpc.Command, Reader: rpc.Reader, RespChan: answers}:
			offer, taken = nil, true
		case <-c.ask:
			c.taken <- taken
		case answer := <-answers:
			s.finish(c, &answer)
			select {
			case rpc.RespChan <- answer:
			case <-t.closed:
			}
			return
		case <-t.closed:
			s.current.Store(nil)
			close(c.over)
			if taken {
				go func() { rpc.RespChan <- <-answers }()
			}
			return
		}
	}
}

// announce lets the main goroutine know that a request may be in its hands from now on. Nothing that happens beside it reads the
// library's state after that.
func (s *server) announce(c *inbound) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c.log = s.tail.After(0)
	s.current.Store(c)
}

// finish records a request that was handled, before the main goroutine does anything else that is recorded.
func (s *server) finish(c *inbound, answer *raft.RPCResponse) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	defer close(c.over)
	s.current.Store(nil)
	in := spec.Input{Kind: spec.Deliver, Message: c.message}
	switch {
	case c.hurry:
		in = spec.Input{Kind: spec.Timeout}
	case !c.told:
		in = spec.Input{Kind: spec.Stored}
	}
	sent, replies := reply(&c.message, answer.Response)
	replies = replies && c.told && answer.Error == nil
	from := s.window(c.after)
	if replies && sent.Kind == spec.InstallSnapshotReply && sent.Success {
		from = s.installed(c)
	}
	s.campaign = nil
	o := s.show(from)
	s.remind(c.log, o.Log.Base)
	s.remindCommit(&o)
	step := s.record.Happens(in)
	for _, d := range c.effects {
		step.Persist(d)
	}
	if replies {
		step.Send(sent)
	}
	s.observe(step, o)
}

// remindCommit records, as a step of its own, how far a leader had committed: what it committed since the last record, by what it heard from
// others, is not of the request that it handled. How far one had come that leads no more nobody knows.
func (s *server) remindCommit(now *spec.Observation) {
	if s.shown.Role != spec.Leader || s.shown.CommitIndex == now.CommitIndex {
		return
	}
	o := s.shown
	if now.Role == spec.Leader {
		o.CommitIndex = now.CommitIndex
	} else {
		o.Unknown |= spec.FieldCommit
	}
	s.observe(s.record.Happens(spec.Input{Kind: spec.Stored}), o)
}

// installed notes that the log goes on from a snapshot, unless it went further before. It returns the snapshot's index.
func (s *server) installed(c *inbound) spec.Index {
	last, _ := s.tail.Last()
	index := c.message.PrevLogIndex
	if last < index {
		s.tail.Reset(index, c.message.PrevLogTerm)
		c.effects = append(c.effects, s.durable(index))
	}
	s.configKnown = false
	if s.raft != nil {
		if f := s.raft.GetConfiguration(); f.Error() == nil {
			s.config, s.configKnown = s.names.configuration(f.Configuration()), true
		}
	}
	return index
}

// heartbeat is the way of heartbeats past the main goroutine. It is open only to those that change nothing.
func (t *transport) heartbeat(rpc raft.RPC, handle func(raft.RPC)) {
	s := t.server
	a, is := rpc.Command.(*raft.AppendEntriesRequest)
	if !is || !s.isFollowerIn(spec.Term(a.Term)) {
		select {
		case t.detour <- rpc:
		case <-t.closed:
		}
		return
	}
	answers := make(chan raft.RPCResponse, 1)
	m, _ := s.request(s.senderOf(a), s.id, a)
	handle(raft.RPC{Command: rpc.Command, Reader: rpc.Reader, RespChan: answers})
	select {
	case answer := <-answers:
		s.beaten(&m, &answer)
		rpc.RespChan <- answer
	default: // the library is shut down
	}
}

// isFollowerIn reports whether the server is a follower in that term, and will be one as far as a heartbeat of it can tell.
func (s *server) isFollowerIn(term spec.Term) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.roleKnown && s.role == raft.Follower && s.term == term
}

// beaten records a heartbeat that did not pass through the main goroutine.
func (s *server) beaten(m *spec.Message, answer *raft.RPCResponse) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asksEarly()
	step := s.record.Happens(spec.Input{Kind: spec.Deliver, Message: *m})
	sent, replies := reply(m, answer.Response)
	if replies && answer.Error == nil {
		step.Send(sent)
	}
	if sent.Term != s.shown.Term || m.Term != s.shown.Term || s.shown.Role != spec.Follower {
		s.note(step) // the main goroutine changed the server meanwhile
		return
	}
	s.aside(step, 0)
}
