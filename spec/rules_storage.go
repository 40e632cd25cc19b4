package spec

// The rules about what a crash in the middle of a step may leave on disk (Raft paper, 5.6).

var voteAtomic = &Rule{
	ID: "R5.6-02", Name: "vote-atomic",
	Sentence: "Term and vote change together with respect to a crash: no crash leaves a vote on disk that was not given in that term.",
	Why: "A term without its vote, or a vote with another's term, is a promise that nobody made. The server will keep it all the same: " +
		"it repeats the vote to the candidate of an earlier term without looking at its log, or refuses its vote to all others. " +
		"What usually breaks it: term and vote are written one after the other, and what the first write leaves reads like a vote.",
	Section: "Raft paper, 5.6 and Figure 2 (persistent state)", Level: Must, Profile: Storage,
	Catches: []string{"el-nonatomic-term-vote"},
	Needs:   FieldTerm | FieldVotedFor,
	Step:    judgeVoteAtomic,
}

// judgeVoteAtomic looks at what a crash in the middle of a step left: what was there before, or a vote that the step gives.
func judgeVoteAtomic(s *Step) *Breach {
	term, vote := s.After.Term, s.After.VotedFor
	if s.Input.Cut == 0 || vote == None || s.leftAsItWas(term, vote) {
		return nil
	}
	candidate, in := s.votes()
	if vote == candidate && (in == 0 || in == term) {
		return nil
	}
	b := s.breachAfter("%s crashes and leaves a vote for %s in term %d on its disk, which it did not give", s.Server, vote, term).
		since("the vote before", PartBefore).
		allowing("term %d and no vote, or the vote and the term as they were", max(term, in)).
		hinting("look whether term and vote are written, and read back, together")
	if candidate == None {
		return b.refusing("the step gives a vote", "it does not")
	}
	return b.refusing("(term, vote) is what the step gives", "(%d, %s) is not (%d, %s)", term, vote, in, candidate)
}

// leftAsItWas reports whether a crash left the vote as it was before the step, in memory or on disk.
func (s *Step) leftAsItWas(term Term, vote ServerID) bool {
	if s.Before.Term == term && s.Before.VotedFor == vote {
		return true
	}
	disk := &s.Before.Durable
	return s.Before.Knows(FieldDurable) && disk.Term == term && disk.VotedFor == vote
}

// votes returns the candidate whom a step may vote for, and the term: itself in the next term if the step starts a campaign, and
// the sender of the message if it brings one. A term of 0 is any term. Whether such a message asks for a vote is for other rules.
func (s *Step) votes() (ServerID, Term) {
	m := &s.Input.Message
	switch {
	case s.Input.Kind == Timeout, s.delivered(PreVoteReply):
		return s.Server, s.Before.Term + 1
	case s.delivered(TimeoutNow):
		return s.Server, 0
	case s.Input.Kind == Deliver:
		return m.From, m.Term
	}
	return None, 0
}
