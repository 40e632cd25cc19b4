package hashicorp

import (
	"encoding/json"
	"errors"
	"slices"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// Refuses is part of bubble.Refuser: inputs that are not possible, so that the library never sees them.
func (s *server) Refuses() func(*spec.Input) bool {
	if s.raft == nil {
		return func(in *spec.Input) bool {
			return in.Cut > 0 || in.Gate != "" || in.Kind != spec.Restart && (in.Kind != spec.Deliver || in.Message.To != s.id)
		}
	}
	leads, waiting, reads := s.role() == spec.Leader, s.courier.waiting(), s.reading != nil
	held := s.refusesHeld()
	return func(in *spec.Input) bool {
		if held(in) {
			return true
		}
		switch in.Kind {
		case spec.Resume:
			return false
		case spec.Crash, spec.Propose, spec.Compact:
			return false
		case spec.ReadIndex:
			return reads
		case spec.Timeout:
			return leads
		case spec.Deliver:
			m := &in.Message
			return m.To != s.id || m.From == s.id || !slices.Contains(s.servers, m.From) || !m.Kind.IsRequest() && !waiting[answered(m)]
		case spec.SendAppendEntries, spec.Transfer:
			return !leads || in.Peer == s.id || !slices.Contains(s.servers, in.Peer)
		case spec.Heartbeat, spec.Reconfigure:
			return !leads
		case spec.Tick:
			return !leads || in.Peer != s.id
		}
		return true
	}
}

// give lets an input happen, as far as the library's goroutines get with it at once. It returns false if it turns out not to be
// possible in this state.
func (s *server) give(in *spec.Input, out *spec.Output) bool {
	switch in.Kind {
	case spec.Deliver:
		s.deliver(&in.Message)
	case spec.Timeout:
		s.fireElectionTimer()
	case spec.Compact:
		return s.compact()
	case spec.Resume:
		return s.resume(in)
	case spec.Heartbeat:
		s.heartbeat()
	case spec.SendAppendEntries:
		return s.replicate(in.Peer)
	case spec.Propose:
		out.Redirect = s.propose(in.Value)
	case spec.ReadIndex:
		elsewhere, possible := s.read(in.Value)
		out.Redirect = elsewhere
		return possible
	case spec.Tick:
		s.loseLease()
	case spec.Transfer:
		return s.transfer(in.Peer)
	case spec.Reconfigure:
		return s.reconfigure(in.Change)
	}
	return true
}

// fireElectionTimer lets time pass until the election timer of a follower or candidate has fired.
func (s *server) fireElectionTimer() {
	s.courier.campaign++
	select {
	case <-s.stays(): // it is held
	case <-s.steps.first: // it writes its new term, or asks for pre-votes
	case <-time.After(patience): // it does not campaign
	}
}

// deliver gives the library a message.
func (s *server) deliver(m *spec.Message) {
	if !m.Kind.IsRequest() {
		s.deliverReply(m)
		return
	}
	rpc, err := commandOf(m)
	switch {
	case errors.Is(err, errUnknown):
		s.reply(m, raft.RPCResponse{Error: errHungUp}) // as net_transport does: the call ends with an error at whoever asked
		return
	case err != nil:
		s.courier.fault = err
		return
	}
	responses := make(chan raft.RPCResponse, 1)
	rpc.RespChan = responses
	if isHeartbeat(m) && s.courier.express != nil {
		go s.courier.express(rpc)
	} else {
		s.courier.consumer <- rpc
	}
	synctest.Wait()
	select {
	case response := <-responses:
		s.reply(m, response)
	default: // the server died before it answered, or is held
		if s.gates != nil && s.gates.Held() != "" && s.held.owed == nil && !s.steps.dead() {
			s.held.owed, s.held.to = m, responses
		}
	}
}

// reply sends the response to a request, or the error that the call ends with.
func (s *server) reply(to *spec.Message, response raft.RPCResponse) {
	reply, telling, err := replyOf(to, spec.Term(termOf(s.raft)), response)
	if err != nil {
		s.courier.fault = err
	}
	if telling {
		s.steps.note(spec.Effect{Kind: spec.Send, Message: reply})
	}
}

// isHeartbeat reports whether a message is a heartbeat that says nothing of the log, for which transports have a fast path.
func isHeartbeat(m *spec.Message) bool {
	return m.Kind == spec.AppendEntries && m.PrevLogIndex == 0 && m.PrevLogTerm == 0 && len(m.Entries) == 0 && m.LeaderCommit == 0
}

// deliverReply ends the call that a reply answers.
func (s *server) deliverReply(m *spec.Message) {
	var a answer
	if err := json.Unmarshal([]byte(m.Payload), &a); err != nil {
		s.courier.fault = err
		return
	}
	s.courier.take(answered(m)).answered <- a
}

// heartbeat lets every heartbeat timer of a leader fire. A heartbeat that is still out is given up first.
func (s *server) heartbeat() {
	if s.courier.hangUp(func(made *call) bool { return isHeartbeat(&made.message) }) {
		s.quieten(spec.Leader)
	}
	for _, id := range s.servers {
		if r := s.replication(id); r != nil {
			poke(r, "notifyCh")
		}
	}
}

// replicate lets a leader send a follower what it lacks, or its commit index if it lacks nothing, as it does when its commit
// timer fires. A request that is still out is given up first.
func (s *server) replicate(to spec.ServerID) bool {
	r := s.replication(to)
	if r == nil {
		return false
	}
	if s.courier.hangUp(func(made *call) bool { return made.message.To == to && !isHeartbeat(&made.message) }) {
		s.quieten(spec.Leader)
		if s.handover.to == to && !s.handover.told {
			return true // the transfer has it sent again by itself
		}
	}
	poke(r, "triggerCh")
	return true
}

// propose gives a server a command, and notes if the client is told that it is done. A client that is told to look elsewhere
// is sent to the leader that the server knows of.
func (s *server) propose(value string) spec.ServerID {
	r, steps := s.raft, s.steps
	elsewhere := spec.None
	go func() {
		switch r.Apply([]byte(value), enqueue).Error() {
		case nil:
			steps.note(spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Value: value}})
		case raft.ErrNotLeader:
			elsewhere = serverOf(string(r.Leader()))
		}
	}()
	synctest.Wait()
	return elsewhere
}

// reconfigure asks a leader for a configuration that differs from its own by one server.
func (s *server) reconfigure(change spec.Change) bool {
	ask, possible := s.change(change)
	if possible {
		go ask()
	}
	return possible
}

// compact lets the library take a snapshot and discard the log that it covers. It is refused when there is nothing to gain.
func (s *server) compact() bool {
	s.raft.Snapshot()
	synctest.Wait()
	return s.steps.writes > 0 || s.steps.dead()
}
