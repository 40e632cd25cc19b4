package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// campaign starts an election (5.2): a new term, a vote for oneself, and a request for every other vote, marked with how it came to be.
func (s *server) campaign(mark string) {
	s.forgotten = s.decide.ForgetsSessions(s.forgotten, s.commitIndex)
	s.term = s.decide.CampaignTerm(s.role, s.term)
	if s.options.TermJumps {
		s.term++
	}
	s.votedFor, s.spent = s.id, false
	s.role = spec.Candidate
	s.leader, s.loyal, s.loyalUntil = spec.None, false, 0
	s.granted, s.refused = []spec.ServerID{s.id}, nil

	lastIndex, lastTerm := s.decide.LastLog(s.log, s.commitIndex)
	for peer := range s.voters {
		s.send(peer, spec.Message{Kind: spec.RequestVote, LastLogIndex: lastIndex, LastLogTerm: lastTerm, Payload: mark})
	}
	s.takeOfficeIfElected()
}

// onRequestVote is the receiver's part of RequestVote in Figure 2.
func (s *server) onRequestVote(m *spec.Message) {
	grant := m.Term == s.term &&
		s.decide.VotesFor(s.config, m.From) &&
		!s.boundByLease() && !s.spent &&
		s.decide.FreeToVote(s.role, s.votedFor, m.From) &&
		s.decide.UpToDate(s.log, m.LastLogTerm, m.LastLogIndex)
	if grant {
		s.votedFor = m.From
	}
	s.send(m.From, spec.Message{Kind: spec.RequestVoteReply, Granted: grant})
}

// onRequestVoteReply counts a vote (5.2). One that comes after the election is decided changes nothing.
func (s *server) onRequestVoteReply(m *spec.Message) {
	if s.role != spec.Candidate {
		return
	}
	if m.Granted {
		s.granted = s.decide.Counted(s.granted, m.From)
	} else {
		s.refused = with(s.refused, m.From)
	}
	s.takeOfficeIfElected()
}

// takeOfficeIfElected makes a candidate with votes from a majority the leader. A cluster of one elects itself.
func (s *server) takeOfficeIfElected() {
	if s.majority(s.granted) && s.votesForItself() {
		s.takeOffice()
	}
}

// majority reports whether these servers are a majority of the configuration (5.2).
func (s *server) majority(ids []spec.ServerID) bool {
	return s.decide.Quorum(s.sizeOr(s.options.Elect), s.config, ids)
}

// commits reports whether what these servers store is committed, or what they confirm is so: by a majority, unless other numbers are given.
func (s *server) commits(ids []spec.ServerID) bool {
	return s.decide.Quorum(s.sizeOr(s.options.Commit), s.config, ids)
}

// sizeOr is how a quorum is counted: as given, or as a majority if that is 0.
func (s *server) sizeOr(given int) func(count, servers int) bool {
	if given == 0 {
		return s.decide.Majority
	}
	return func(count, _ int) bool { return count >= given }
}

// mayCampaign reports whether the server may start an election: as a voter, or as one that was a voter before a change that is not
// known to be committed. Until then its log may be the only one that can win (D4.2.2).
func (s *server) mayCampaign() bool {
	if s.decide.MayCampaign(s.config, s.id) {
		return true
	}
	if s.configIndex <= s.commitIndex || !s.decide.NeededUntilCommitted() {
		return false
	}
	before, _ := s.configurationAt(s.persistent(), s.configIndex-1)
	return s.decide.MayCampaign(before, s.id)
}

// takeOffice makes the server leader of its term (5.2) and tells the others. nextIndex starts after the last entry, and
// matchIndex at 0 (5.3). A no-op, if wanted, is the first new entry, and so is on its way with the first messages.
func (s *server) takeOffice() {
	s.role = spec.Leader
	s.leader = s.id
	s.granted, s.refused = nil, nil
	s.progress = make([]spec.Progress, 0, len(s.servers)-1)
	for peer := range s.members {
		s.progress = append(s.progress, spec.Progress{Server: peer, NextIndex: s.log.LastIndex() + 1})
	}
	if s.options.NoOp {
		s.appendEntry(spec.Entry{Kind: spec.NoOp})
	}
	s.sendAppendEntries()
}

// LastLog: where the log ends, committed or not.
func (Paper) LastLog(log spec.Log, _ spec.Index) (spec.Index, spec.Term) {
	return log.LastIndex(), log.LastTerm()
}

// CampaignTerm: one above the current term, also when the election before came to nothing.
func (Paper) CampaignTerm(_ spec.Role, current spec.Term) spec.Term { return current + 1 }

// Counted: each voter once, however often its vote arrives.
func (Paper) Counted(granted []spec.ServerID, from spec.ServerID) []spec.ServerID {
	return with(granted, from)
}

// FreeToVote: no vote given in this term, or the same one again. A candidate and a leader have voted for themselves.
func (Paper) FreeToVote(_ spec.Role, votedFor, candidate spec.ServerID) bool {
	return votedFor == spec.None || votedFor == candidate
}

// UpToDate: the later last term wins; with equal last terms, the longer log.
func (Paper) UpToDate(voter spec.Log, lastTerm spec.Term, lastIndex spec.Index) bool {
	return lastTerm > voter.LastTerm() || lastTerm == voter.LastTerm() && lastIndex >= voter.LastIndex()
}

// VoteAfterFollowing: the same as before. The term is the same, and so is the one vote in it.
func (Paper) VoteAfterFollowing(_ spec.Role, votedFor spec.ServerID) spec.ServerID { return votedFor }

// with returns ids with one more, ascending and each once. It leaves ids as it is.
func with(ids []spec.ServerID, id spec.ServerID) []spec.ServerID {
	at, present := slices.BinarySearch(ids, id)
	if present {
		return ids
	}
	return slices.Insert(slices.Clip(ids), at, id)
}
