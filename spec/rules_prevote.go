package spec

import "slices"

// The rules about pre-votes, about leaders without a majority, and about handing over leadership (dissertation, 9.6, 6.2 and 3.10).

var transferByLeader = &Rule{
	ID: "D3.10-01", Name: "transfer-by-leader",
	Sentence: "Only the leader of a term tells another server to campaign at once, and a server obeys only if that term is not over.",
	Why: "Such a campaign skips what protects a leader that works: the election timer, the pre-vote, the loyalty of voters. So it must be the leader's own wish, and its latest. " +
		"What usually breaks it: the handler is reached without the checks that every other request goes through.",
	Section: "dissertation, 3.10", Level: Must, Profile: PreVoting,
	Catches: []string{"el-timeoutnow-bypass"},
	Needs:   FieldRole | FieldTerm,
	Step:    judgeTransferByLeader,
}

func judgeTransferByLeader(s *Step) *Breach {
	for k, m := range s.Output.Sent {
		ledBefore := s.Before.Role == Leader && s.Before.Term == m.Term
		if m.Kind != TimeoutNow || s.Input.Kind == Stored || ledBefore || s.After.Role == Leader && s.After.Term == m.Term {
			continue
		}
		return s.breachSent(k, "%s, %s of term %d, tells %s to campaign in place of the leader of term %d", s.Server, s.Before.Role, s.Before.Term, m.To, m.Term).
			refusing("role = leader", "it is %s", s.Before.Role).allowing("%s sends nothing", s.Server)
	}
	m := &s.Input.Message
	if s.delivered(TimeoutNow) && s.runs() && m.Term < s.Before.Term && s.After.Term > s.Before.Term {
		return s.breachAfter("%s in term %d obeys %s, which handed over term %d, and is %s in term %d", s.Server, s.Before.Term, m.From, m.Term, s.After.Role, s.After.Term).
			refusing("request.term ≥ currentTerm", "%d is below %d", m.Term, s.Before.Term).
			allowing("%s stays %s in term %d", s.Server, s.Before.Role, s.Before.Term).since("the request of an earlier term", PartInput)
	}
	return nil
}

var preVoteHarmless = &Rule{
	ID: "D9.6-01", Name: "pre-vote-harmless",
	Sentence: "Asking for a pre-vote and giving one changes neither the term nor the vote, on either side.",
	Why: "A pre-vote is there so that a server that cannot win leaves no trace. If it raises terms, a server that was cut off deposes the leader by asking. " +
		"What usually breaks it: the term that the request proposes is taken over like that of any other message.",
	Section: "dissertation, 9.6", Level: Must, Profile: PreVoting,
	Catches: []string{"el-prevote-raises-term"},
	Varies:  []Variant{PreVoteOwnTerm},
	Needs:   FieldRole | FieldTerm,
	Step: func(s *Step) *Breach {
		asks := s.Input.Kind == Timeout && s.After.Role == PreCandidate
		votes := s.Before.Knows(FieldVotedFor) && s.After.Knows(FieldVotedFor)
		if !s.runs() || !asks && !s.delivered(PreVote) || s.Before.Term == s.After.Term && (!votes || s.Before.VotedFor == s.After.VotedFor) {
			return nil
		}
		adopts := s.Before.Term < s.After.Term && (s.After.VotedFor == None || !s.After.Knows(FieldVotedFor))
		if m := &s.Input.Message; !asks && s.Declared.Has(PreVoteOwnTerm) && adopts && (m.Term == s.After.Term || !m.Knows(MessageTerm)) {
			return nil // the asker's own term
		}
		if !votes {
			return s.breachAfter("%s goes from term %d to term %d over a pre-vote", s.Server, s.Before.Term, s.After.Term).
				refusing("currentTerm stays", "it was %d", s.Before.Term).allowing("%s stays in term %d", s.Server, s.Before.Term).before("term before", FieldTerm)
		}
		return s.breachAfter("%s goes from term %d and a vote for %s to term %d and a vote for %s over a pre-vote",
			s.Server, s.Before.Term, s.Before.VotedFor, s.After.Term, s.After.VotedFor).
			refusing("(currentTerm, votedFor) stays", "it was (%d, %s)", s.Before.Term, s.Before.VotedFor).
			allowing("%s stays in term %d", s.Server, s.Before.Term).before("term and vote before", FieldTerm)
	},
}

var preVoteAnswered = &Rule{
	ID: "D9.6-02", Name: "pre-vote-answered",
	Sentence: "A request for a pre-vote in a term below the voter's, or in one in which it cannot vote for who asks, is refused with the voter's term, and the server that asked takes that term over.",
	Why: "Two servers, one with the higher term and one with the longer log, may both be needed to elect a leader. If they leave each other's pre-votes without an answer, " +
		"neither learns what it needs to know to win or to let the other win. " +
		"What usually breaks it: messages of a lower term are dropped before anybody looks what they are.",
	Section: "dissertation, 9.6", Level: Must, Profile: PreVoting,
	Catches: []string{"el-prevote-lower-term"},
	Only:    []Variant{PreVotes, PreVotesBySome},
	Varies:  []Variant{PreVoteOwnTerm},
	Needs:   FieldTerm,
	Step:    judgePreVoteAnswered,
}

func judgePreVoteAnswered(s *Step) *Breach {
	m := &s.Input.Message
	if s.delivered(PreVoteReply) && s.runs() && !m.Granted && m.Term > s.Before.Term && s.After.Term < m.Term {
		return s.breachAfter("%s is refused a pre-vote by %s in term %d and stays in term %d", s.Server, m.From, m.Term, s.After.Term).
			refusing("currentTerm ≥ reply.term", "%d is below %d", s.After.Term, m.Term).
			allowing("%s becomes a follower in term %d", s.Server, m.Term).since("the refusal", PartInput)
	}
	if !s.delivered(PreVote) || !s.runs() || m.Term > s.Before.Term || m.Term == s.Before.Term && s.Declared.Has(PreVoteOwnTerm) {
		return nil
	}
	for k, reply := range s.Output.Sent {
		if !s.answeredBy(reply) {
			continue
		}
		if !reply.Granted && reply.Term == s.After.Term || reply.Granted && s.couldVote(m) {
			return nil
		}
		return s.breachSent(k, "%s in term %d answers a request for a pre-vote in term %d with term %d", s.Server, s.After.Term, m.Term, reply.Term).
			refusing("a refusal with currentTerm", "it is %s", reply).allowing("%s refuses with term %d", s.Server, s.After.Term)
	}
	return s.breach(PartInput, 0, "%s in term %d leaves %s's request for a pre-vote in term %d without an answer", s.Server, s.Before.Term, m.From, m.Term).
		refusing("a reply is sent", "none is").allowing("%s refuses with term %d", s.Server, s.Before.Term)
}

// couldVote reports whether a voter could give the vote itself in its own term, as far as it is known whether it has given it.
func (s *Step) couldVote(m *Message) bool {
	b := &s.Before
	return m.Term == b.Term && (!b.Knows(FieldVotedFor) || b.VotedFor == None || b.VotedFor == m.From)
}

var preVoteEachTime = &Rule{
	ID: "D9.6-03", Name: "pre-vote-each-time",
	Sentence: "A server asks for pre-votes before every election, also after one that failed.",
	Why: "A candidate that is cut off in the middle of its election would otherwise raise its term at every timeout, which is what pre-votes are to prevent. " +
		"What usually breaks it: only followers ask.",
	Section: "dissertation, 9.6", Level: Must, Profile: PreVoting,
	Catches: []string{"el-prevote-once"},
	Only:    []Variant{PreVotes},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step: func(s *Step) *Breach {
		alone := s.elects(&s.Before.Config, func(id ServerID) bool { return id == s.Server })
		if s.Input.Kind != Timeout || !s.runs() || alone || s.After.Term == s.Before.Term {
			return nil
		}
		return s.breachAfter("%s goes from %s in term %d to %s in term %d as its timer fires", s.Server, s.Before.Role, s.Before.Term, s.After.Role, s.After.Term).
			refusing("a majority would vote for it", "nobody was asked").
			allowing("%s becomes pre-candidate in term %d", s.Server, s.Before.Term)
	},
}

var leaderKeepsContact = &Rule{
	ID: "X-CQ-01", Name: "leader-keeps-contact",
	Sentence: "A leader takes every reply of its term for an answer, and steps down when its election timer fires and no majority of every active configuration answered since it fired last.",
	Why: "It can commit nothing, and clients and followers that still reach it wait for it in vain while others might elect somebody. " +
		"What usually breaks it: contact is never cleared, every message counts as an answer, or replies to snapshots do not.",
	Section: "dissertation, 6.2", Level: Must, Profile: PreVoting,
	Catches: []string{"el-partial-partition", "sn-status-not-active"},
	Only:    []Variant{ChecksQuorum},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step:    judgeLeaderKeepsContact,
	Live:    liveContact,
}

// overlooksReply reports whether a leader is given a reply of its term by one of its followers and does not show that it answered.
func (s *Step) overlooksReply() bool {
	m := &s.Input.Message
	reply := s.delivered(AppendEntriesReply) || s.delivered(InstallSnapshotReply)
	return reply && s.leads() && m.Term == s.Before.Term && s.After.Config.Has(m.From) && !slices.Contains(s.After.Contact, m.From)
}

func judgeLeaderKeepsContact(s *Step) *Breach {
	if s.overlooksReply() {
		m := &s.Input.Message
		return s.breachAfter("%s, leader of term %d, has %s from %s and does not count it as an answer", s.Server, s.After.Term, m.Kind, m.From).
			refusing("the sender has answered", "only %s have", listed(s.After.Contact)).allowing("%s notes that %s is there", s.Server, m.From).since("the reply", PartInput)
	}
	if s.Input.Kind != Timeout || !s.leads() {
		return nil
	}
	answered := func(id ServerID) bool { return id == s.Server || slices.Contains(s.Before.Contact, id) }
	if s.commits(&s.Before.Config, answered) {
		return nil
	}
	return s.breachAfter("%s goes on as leader of term %d, answered by %s of %s", s.Server, s.After.Term, listed(s.Before.Contact), configured(&s.Before.Config)).
		refusing("servers that answered, with the leader, are "+s.enough(&s.Before.Config, committing), "%s and %s of %s", s.Server, listed(s.Before.Contact), configured(&s.Before.Config)).
		allowing("%s becomes a follower in term %d", s.Server, s.Before.Term).before("who answered", FieldContact)
}
