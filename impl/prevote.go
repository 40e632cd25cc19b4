package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// PreVote (D9.6). A server that is cut off would raise its term again and again, and depose the leader when it comes back. So it first
// asks whether it could win, as a pre-candidate: nothing is promised by that, neither term nor vote changes, nothing is written. Only
// with a majority of pre-votes does it campaign.

// asksFirst reports whether the server, whose election timer fires, asks whether it could win before it campaigns.
func (s *server) asksFirst() bool {
	return s.isPreVoter() && s.decide.AsksFirst(s.role)
}

// isPreVoter reports whether the server is one that asks.
func (s *server) isPreVoter() bool {
	return s.options.PreVote && (s.options.PreVoters == 0 || slices.Index(s.servers, s.id) < s.options.PreVoters)
}

// preCampaign asks the others whether they would vote for this server in the next term.
func (s *server) preCampaign() {
	s.role = spec.PreCandidate
	s.leader = spec.None
	s.granted, s.refused = []spec.ServerID{s.id}, nil

	lastIndex, lastTerm := s.decide.LastLog(s.log, s.commitIndex)
	for peer := range s.voters {
		s.sendIn(s.term+1, peer, spec.Message{Kind: spec.PreVote, LastLogIndex: lastIndex, LastLogTerm: lastTerm})
	}
	s.campaignIfItCouldWin()
}

// onPreVote says whether the server would vote for the sender in the term that it proposes. A refusal tells the server's own term, so
// that a server that is behind learns of it.
func (s *server) onPreVote(m *spec.Message) {
	grant := m.Term > s.term &&
		s.decide.VotesFor(s.config, m.From) &&
		!s.disregards() &&
		s.decide.UpToDate(s.log, m.LastLogTerm, m.LastLogIndex)
	switch {
	case grant:
		s.sendIn(m.Term, m.From, spec.Message{Kind: spec.PreVoteReply, Granted: true})
	case s.decide.AnswersPreVote(s.term, m):
		s.send(m.From, spec.Message{Kind: spec.PreVoteReply})
	}
}

// onPreVoteReply counts a pre-vote for the next term.
func (s *server) onPreVoteReply(m *spec.Message) {
	switch {
	case s.role != spec.PreCandidate:
		return
	case !m.Granted:
		s.refused = with(s.refused, m.From)
	case m.Term == s.term+1:
		s.granted = with(s.granted, m.From)
	}
	s.campaignIfItCouldWin()
}

func (s *server) campaignIfItCouldWin() {
	if s.majority(s.granted) {
		s.campaign("")
	}
}

// AnswersPreVotes: every server, asking or not. Otherwise those that ask might never be answered by a majority.
func (Paper) AnswersPreVotes(bool) bool { return true }

// AsksFirst: at every timeout, also after an election that led nowhere.
func (Paper) AsksFirst(spec.Role) bool { return true }

// AnswersPreVote: always. Two servers that leave each other without an answer may wait for ever.
func (Paper) AnswersPreVote(spec.Term, *spec.Message) bool { return true }
