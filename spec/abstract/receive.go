package abstract

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// receive is Receive(m). Adopting a higher term is a step of its own, after which the message is still there.
func (s *server) receive(m spec.Message) spec.Output {
	if m.Term > s.currentTerm {
		return s.updateTerm(m)
	}
	switch m.Kind {
	case spec.RequestVote:
		return s.handleRequestVoteRequest(m)
	case spec.RequestVoteReply:
		if m.Term < s.currentTerm {
			return s.dropStaleResponse()
		}
		return s.handleRequestVoteResponse(m)
	case spec.AppendEntries:
		return s.handleAppendEntriesRequest(m)
	case spec.AppendEntriesReply:
		if m.Term < s.currentTerm {
			return s.dropStaleResponse()
		}
		return s.handleAppendEntriesResponse(m)
	}
	return refused()
}

// updateTerm is UpdateTerm(i, j, m): any message of a newer term makes the server a follower of that term first. Votes counted
// and progress known stay as they were; nobody looks at them before they are set anew.
func (s *server) updateTerm(m spec.Message) spec.Output {
	s.currentTerm = m.Term
	s.state = spec.Follower
	s.votedFor = spec.None
	return keep()
}

// handleRequestVoteRequest is HandleRequestVoteRequest(i, j, m), for m.Term ≤ currentTerm.
func (s *server) handleRequestVoteRequest(m spec.Message) spec.Output {
	logOK := spec.Log{Entries: s.log}.UpToDate(m.LastLogTerm, m.LastLogIndex)
	grant := m.Term == s.currentTerm && logOK && (s.votedFor == spec.None || s.votedFor == m.From)
	if grant {
		s.votedFor = m.From
	}
	return send(spec.Message{
		Kind: spec.RequestVoteReply, From: s.id(), To: m.From, Term: s.currentTerm,
		Granted: grant,
	})
}

// handleRequestVoteResponse is HandleRequestVoteResponse(i, j, m), for m.Term = currentTerm. It counts votes also when the
// server is not a candidate; then nobody looks at them.
func (s *server) handleRequestVoteResponse(m spec.Message) spec.Output {
	j := s.place(m.From)
	s.votesResponded = s.votesResponded.with(j)
	if m.Granted {
		s.votesGranted = s.votesGranted.with(j)
	}
	return spec.Output{}
}

// handleAppendEntriesRequest is HandleAppendEntriesRequest(i, j, m), for m.Term ≤ currentTerm.
func (s *server) handleAppendEntriesRequest(m spec.Message) spec.Output {
	switch {
	case m.Term < s.currentTerm:
		return s.rejectAppendEntries(m)
	case s.state == spec.Candidate:
		return s.returnToFollowerState()
	case s.state != spec.Follower:
		return refused() // there is one leader in a term: it never receives its own term's AppendEntries
	case !s.logOK(m):
		return s.rejectAppendEntries(m)
	}
	return s.acceptAppendEntries(m)
}

// logOK is logOk: this log has the entry before the first one sent.
func (s *server) logOK(m spec.Message) bool {
	return m.PrevLogIndex == 0 || m.PrevLogIndex <= s.lastIndex() && m.PrevLogTerm == s.termAt(m.PrevLogIndex)
}

// rejectAppendEntries is "reject request".
func (s *server) rejectAppendEntries(m spec.Message) spec.Output {
	return send(spec.Message{Kind: spec.AppendEntriesReply, From: s.id(), To: m.From, Term: s.currentTerm})
}

// returnToFollowerState is "return to follower state": another candidate won this term.
func (s *server) returnToFollowerState() spec.Output {
	s.state = spec.Follower
	return keep()
}

// acceptAppendEntries is "accept request": one of three sub-steps, according to what stands at the entry's index.
func (s *server) acceptAppendEntries(m spec.Message) spec.Output {
	index := m.PrevLogIndex + 1
	switch {
	case len(m.Entries) == 0:
		return s.alreadyDone(m)
	case s.lastIndex() == m.PrevLogIndex:
		return s.appendEntry(m.Entries[0])
	case s.termAt(index) == m.Entries[0].Term:
		return s.alreadyDone(m)
	}
	return s.removeLastEntry()
}

// alreadyDone is "already done with request": the commit index is the message's, even if that is lower.
func (s *server) alreadyDone(m spec.Message) spec.Output {
	s.commitIndex = m.LeaderCommit
	return send(spec.Message{
		Kind: spec.AppendEntriesReply, From: s.id(), To: m.From, Term: s.currentTerm,
		Success: true, MatchIndex: m.LastEntryIndex(),
	})
}

// removeLastEntry is "conflict: remove 1 entry". It is the last one that goes, wherever the conflict is.
func (s *server) removeLastEntry() spec.Output {
	s.log = slices.Clip(s.log[:len(s.log)-1])
	return keep()
}

// appendEntry is "no conflict: append entry".
func (s *server) appendEntry(e spec.Entry) spec.Output {
	s.log = append(slices.Clip(s.log), e)
	return keep()
}

// handleAppendEntriesResponse is HandleAppendEntriesResponse(i, j, m), for m.Term = currentTerm. A late reply is believed like
// any other, so both indexes may fall.
func (s *server) handleAppendEntriesResponse(m spec.Message) spec.Output {
	j := s.place(m.From)
	if m.Success {
		s.nextIndex[j] = m.MatchIndex + 1
		s.matchIndex[j] = m.MatchIndex
	} else {
		s.nextIndex[j] = max(s.nextIndex[j]-1, 1)
	}
	return spec.Output{}
}

// dropStaleResponse is DropStaleResponse(i, j, m).
func (s *server) dropStaleResponse() spec.Output { return spec.Output{} }
