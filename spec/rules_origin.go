package spec

// The rule about where terms come from (Raft paper, 5.1).

var termHasSource = &Rule{
	ID: "R5.1-09", Name: "term-has-source",
	Sentence: "A server's term rises only to one that a message told, or by one as it begins an election.",
	Why: "A term is begun by a candidate that votes for itself in it. A server in a term that nobody began makes others take it over, and whoever leads is deposed for nothing; and a vote in such a term is one " +
		"that its voter was never asked for. " +
		"What usually breaks it: a term is computed from a number that means something else, or read from a damaged message.",
	Section: "Raft paper, 5.1 and 5.2", Level: Must, Profile: Core,
	Catches: []string{"el-overshoots-term", "el-prevote-raises-term"},
	Varies:  []Variant{PreVoteOwnTerm, TermJumps, LateTerm},
	Needs:   FieldTerm,
	Step:    judgeTermHasSource,
}

func judgeTermHasSource(s *Step) *Breach {
	// A crash in the middle of a step leaves no more than the step may do.
	if !showsTermSource(s) || s.After.Term <= s.Before.Term {
		return nil
	}
	highest := s.highestTerm()
	if s.After.Term <= highest {
		return nil
	}
	b := s.breachAfter("%s goes from term %d to term %d over %s", s.Server, s.Before.Term, s.After.Term, s.happened()).
		refusing("currentTerm ≤ the highest term that the step can lead to", "%d is above %d", s.After.Term, highest).before("the term before", FieldTerm)
	if highest == s.Before.Term {
		return b.allowing("%s stays in term %d", s.Server, highest)
	}
	return b.allowing("%s goes to term %d", s.Server, highest)
}

// highestTerm returns the highest term that a step can lead to: what its message tells, or a reply told that may be heeded
// later (LateTerm), or the next one where an election may begin.
func (s *Step) highestTerm() Term {
	m, known := &s.Input.Message, s.toldTerm()
	switch {
	case s.Input.Kind == Timeout, s.Input.Kind == Tick, s.Input.Kind == BecomeLeader, s.delivered(PreVoteReply) && m.Granted, s.delivered(TimeoutNow):
		if s.Declared.Has(TermJumps) {
			return anyTerm
		}
		if s.delivered(TimeoutNow) {
			known = max(known, m.Term)
		}
		return max(known, known+1) // it may be any
	case s.Input.Kind == Deliver && (m.Kind != PreVote || s.Declared.Has(PreVoteOwnTerm)):
		return max(known, m.Term)
	}
	return known
}
