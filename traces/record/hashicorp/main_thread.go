package hashicorp

import (
	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// What the main goroutine of the library does is part of the request that it handles, or a record of its own.

// change lets the main goroutine change what is known of the server: do makes the change and returns the index after which it is, and
// whether records show it. Unless a request is being handled, in is what it is a record of.
func (s *server) change(in spec.Input, written bool, do func() (after spec.Index, changed bool)) {
	c := s.handled()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	log := s.tail.After(0)
	after, changed := do()
	switch {
	case !changed:
	case c != nil:
		c.after = min(c.after, after)
		if written {
			c.effects = append(c.effects, s.durable(s.window(c.after)))
		}
	default:
		s.campaign = nil // whatever became of it, the record shows it
		from := s.window(after)
		s.remind(log, from)
		step := s.record.Happens(in)
		if written {
			step.Persist(s.durable(from))
		}
		s.observe(step, s.show(from))
	}
}

// whole is an index above all, for changes that are of no entry.
const whole = ^spec.Index(0)

// turns notes that the library takes another role.
func (s *server) turns(role raft.RaftState) {
	in := spec.Input{Kind: spec.Stored}
	switch role {
	case raft.Shutdown:
		return // its goroutines may still be at work
	case raft.Leader:
		in.Kind = spec.BecomeLeader
	case raft.Candidate:
		in.Kind = spec.Timeout
	}
	c := s.handled()
	s.change(in, false, func() (spec.Index, bool) {
		changed := s.role != role || !s.roleKnown
		s.role, s.roleKnown, s.hurries = role, true, c != nil && c.hurry
		if role != raft.Leader {
			s.asks = false
		}
		return whole, changed
	})
}

// follows notes that the library knows another leader, which the next record shows.
func (s *server) follows(o raft.LeaderObservation) {
	s.handled()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.leader = s.names.ofID(string(o.LeaderID)); o.LeaderID == "" && o.LeaderAddr != "" {
		s.leader = s.names.ofAddr(string(o.LeaderAddr))
	}
}

// enters notes that a term is on disk. A candidate that raises it by itself begins a campaign, which its own vote completes.
func (s *server) enters(term spec.Term) {
	if s.handled() == nil && s.campaigns(term) {
		return
	}
	s.change(spec.Input{Kind: spec.Stored}, true, func() (spec.Index, bool) {
		changed := term != s.term
		s.term = term
		return whole, changed
	})
}

// campaigns begins a campaign, if that is what a new term is.
func (s *server) campaigns(term spec.Term) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.roleKnown || s.role != raft.Candidate || term != s.term+1 {
		return false
	}
	s.term = term
	s.campaign = &campaign{effects: []spec.Durable{s.durable(s.window(whole))}}
	return true
}

// votes notes that the term of a vote is on disk, or its candidate.
func (s *server) votes(set func()) {
	if s.handled() == nil && s.votesForItself(set) {
		return
	}
	s.change(spec.Input{Kind: spec.Stored}, true, func() (spec.Index, bool) {
		before, torn := s.votedFor(), s.torn
		set()
		return whole, before != s.votedFor() || torn != s.torn
	})
}

// votesForItself takes in a write of the campaign that begins, if there is one. It is complete when the candidate's own vote is on disk.
func (s *server) votesForItself(set func()) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := s.campaign
	if c == nil {
		return false
	}
	set()
	from := s.window(whole)
	c.effects = append(c.effects, s.durable(from))
	if s.votedFor() != s.id || s.torn {
		return true
	}
	s.campaign, s.asks = nil, true
	in := spec.Input{Kind: spec.Timeout}
	if c.told {
		in.Kind = spec.Stored
	}
	step := s.record.Happens(in)
	for _, d := range c.effects {
		step.Persist(d)
	}
	s.observe(step, s.show(from))
	return true
}

// asksEarly records that a campaign began whose own vote is not on disk yet, since somebody is being asked for a vote already.
func (s *server) asksEarly() {
	if s.campaign == nil || s.campaign.told {
		return
	}
	s.campaign.told, s.asks = true, true
	s.leaveOut(s.record.Happens(spec.Input{Kind: spec.Timeout}), s.show(s.window(whole)), spec.FieldVotedFor|spec.FieldDurable)
}
