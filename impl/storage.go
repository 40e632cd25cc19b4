package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Storage that takes its time, and storage that fails (D10.2.1). With AsyncStorage a step hands what is to be written to a queue, and with it
// the messages that promise it; they leave when it is stored. A leader's AppendEntries promise nothing and leave at once: the
// leader writes its entries while others do, and counts its own copy when it is on disk. Nor do pre-votes.
//
// A disk that says that it could not write has written nothing. There is nothing that a server can still promise, so it stops, and what
// the step was about to send is not sent.

// batch is what waits for storage: what will be on disk, and then may leave.
type batch struct {
	durable spec.Durable
	sends   []spec.Message
}

// mostBatches is how much may wait. A server that has so many takes nothing else until one is stored.
const mostBatches = 2

// saturated reports whether an input has to wait until storage has caught up. A leader's election timer writes nothing and does not wait.
func (s *server) saturated(in *spec.Input) bool {
	return len(s.queue) >= mostBatches && in.Kind != spec.Stored && in.Kind != spec.Crash && !(s.role == spec.Leader && in.Kind == spec.Timeout)
}

// enqueue hands a step's writes and messages to storage, and returns what happens at once.
func (s *server) enqueue() []spec.Effect {
	written := s.stored
	if n := len(s.queue); n > 0 {
		written = s.queue[n-1].durable
	}
	now, later := s.outbox, []spec.Message(nil)
	if writes := s.decide.Writes(written, s.persistent()); len(writes) > 0 || len(s.queue) > 0 {
		now, later = s.urgent()
		if len(writes) > 0 || len(later) > 0 {
			s.queue = append(slices.Clip(s.queue), batch{s.persistent(), later})
		}
	}
	var effects []spec.Effect
	for _, m := range now {
		effects = append(effects, spec.Effect{Kind: spec.Send, Message: m})
	}
	s.outbox = nil
	return effects
}

// urgent tells messages that need not wait for storage from the others.
func (s *server) urgent() (now, later []spec.Message) {
	for _, m := range s.outbox {
		switch m.Kind {
		case spec.AppendEntries, spec.PreVote, spec.PreVoteReply:
			now = append(now, m)
		default:
			later = append(later, m)
		}
	}
	return now, later
}

// onStored: the oldest of what waits is on disk. What promised it leaves, and a leader counts its copy.
func (s *server) onStored() spec.Output {
	if len(s.queue) == 0 {
		return spec.Output{Refused: true}
	}
	b := s.queue[0]
	s.queue, s.overdue = slices.Clone(s.queue[1:]), false
	effects := []spec.Effect{{Kind: spec.Write, Durable: b.durable}, {Kind: spec.Sync}}
	for k := range s.queue {
		released, kept := s.released(b.durable.Log, s.queue[k].sends)
		b.sends, s.queue[k].sends = append(slices.Clip(b.sends), released...), kept
	}
	for _, m := range b.sends {
		effects = append(effects, spec.Effect{Kind: spec.Send, Message: m})
	}
	s.stored = b.durable
	switch s.role {
	case spec.Candidate:
		s.takeOfficeIfElected()
	case spec.Leader:
		s.advanceCommit()
	}
	return spec.Output{Effects: effects}
}

// released tells messages of later writes that leave already now from those that wait.
func (s *server) released(stored spec.Log, sends []spec.Message) (now, later []spec.Message) {
	for _, m := range sends {
		if s.decide.LeavesBefore(stored, &m) {
			now = append(now, m)
		} else {
			later = append(later, m)
		}
	}
	return now, later
}

// hasStored reports whether the server's own copy of its entry at i is on disk.
func (s *server) hasStored(i spec.Index) bool {
	if !s.options.AsyncStorage {
		return true // it is, before the step ends
	}
	own, _ := s.log.TermAt(i)
	term, held := s.stored.Log.TermAt(i)
	return s.decide.CountsItself(held && term == own)
}

// onStorageError: from now on the disk is full.
func (s *server) onStorageError() spec.Output {
	if s.disk.failing || s.options.AsyncStorage {
		return spec.Output{Refused: true}
	}
	s.disk.failing = true
	return spec.Output{}
}

// votesForItself reports whether a candidate's own vote is on disk. In a cluster of one no other server's vote waits for it.
func (s *server) votesForItself() bool {
	return !s.options.AsyncStorage || s.stored.Term == s.term && s.stored.VotedFor == s.id
}

// fail: the disk refuses to write.
func (s *server) fail() []spec.Effect {
	if s.decide.StopsOnError(s.log.Base > s.disk.written.Log.Base) {
		s.disk.failing = false
		s.crash(false)
		return []spec.Effect{{Kind: spec.Fail}}
	}
	effects := []spec.Effect{{Kind: spec.Fail}}
	for _, m := range s.outbox {
		effects = append(effects, spec.Effect{Kind: spec.Send, Message: m})
	}
	s.outbox = nil
	s.disk.failing = false
	return effects
}

// LeavesBefore: nothing leaves before its own write is stored, whatever else is.
func (Paper) LeavesBefore(spec.Log, *spec.Message) bool { return false }

// CountsItself: only with the entry on disk.
func (Paper) CountsItself(stored bool) bool { return stored }

// StopsOnError: always.
func (Paper) StopsOnError(bool) bool { return true }
