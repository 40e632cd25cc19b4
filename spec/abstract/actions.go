package abstract

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// restart is Restart(i): the server loses everything but its currentTerm, votedFor and log.
func (s *server) restart() spec.Output {
	s.state = spec.Follower
	s.votesResponded, s.votesGranted = 0, 0
	s.resetProgress(1)
	s.commitIndex = 0
	return spec.Output{}
}

// timeout is Timeout(i): the server starts a new election. It has not voted for itself yet; it will ask itself by message.
func (s *server) timeout() spec.Output {
	if s.state == spec.Leader {
		return refused()
	}
	s.state = spec.Candidate
	s.currentTerm++
	s.votedFor = spec.None
	s.votesResponded, s.votesGranted = 0, 0
	return spec.Output{}
}

// requestVote is RequestVote(i, j): a candidate asks j, possibly itself, for its vote.
func (s *server) requestVote(j spec.ServerID) spec.Output {
	if s.state != spec.Candidate || s.votesResponded.contains(s.place(j)) {
		return refused()
	}
	return send(spec.Message{
		Kind: spec.RequestVote, From: s.id(), To: j, Term: s.currentTerm,
		LastLogTerm: s.lastTerm(), LastLogIndex: s.lastIndex(),
	})
}

// appendEntries is AppendEntries(i, j): a leader sends j at most one entry.
func (s *server) appendEntries(j spec.ServerID) spec.Output {
	if j == s.id() || s.state != spec.Leader {
		return refused()
	}
	next := s.nextIndex[s.place(j)]
	m := spec.Message{
		Kind: spec.AppendEntries, From: s.id(), To: j, Term: s.currentTerm,
		PrevLogIndex: next - 1,
	}
	if m.PrevLogIndex > 0 {
		m.PrevLogTerm = s.termAt(m.PrevLogIndex)
	}
	lastEntry := min(s.lastIndex(), next)
	if lastEntry == next {
		m.Entries = s.log[next-1 : next : next]
	}
	m.LeaderCommit = min(s.commitIndex, lastEntry)
	return send(m)
}

// becomeLeader is BecomeLeader(i): a candidate with a quorum of votes takes office.
func (s *server) becomeLeader() spec.Output {
	if s.state != spec.Candidate || !s.quorum(s.votesGranted.contains) {
		return refused()
	}
	s.state = spec.Leader
	s.resetProgress(s.lastIndex() + 1)
	return spec.Output{}
}

// clientRequest is ClientRequest(i, v): a leader adds v to its log.
func (s *server) clientRequest(v string) spec.Output {
	if s.state != spec.Leader {
		return refused()
	}
	s.log = append(slices.Clip(s.log), spec.Entry{Term: s.currentTerm, Value: v})
	return spec.Output{}
}

// advanceCommitIndex is AdvanceCommitIndex(i): a leader commits up to the last index on which a quorum agrees, if the entry
// there is of its own term. A step that changes nothing is a step all the same.
func (s *server) advanceCommitIndex() spec.Output {
	if s.state != spec.Leader {
		return refused()
	}
	if agreed := s.agreeIndex(); agreed > 0 && s.termAt(agreed) == s.currentTerm {
		s.commitIndex = agreed
	}
	return spec.Output{}
}

// agreeIndex is Max(agreeIndexes): the last index up to which a quorum agrees, 0 if there is none.
func (s *server) agreeIndex() spec.Index {
	for index := s.lastIndex(); index > 0; index-- {
		agree := func(k int) bool { return k == s.self || s.matchIndex[k] >= index }
		if s.quorum(agree) {
			return index
		}
	}
	return 0
}
