package spec

import "slices"

// The rules about who is a member (Raft paper, 6; dissertation, 4).

var onlyVotersCampaign = &Rule{
	ID: "R6-09", Name: "only-voters-campaign",
	Sentence: "A server that is no voter of its configuration starts no election, unless it was one before a change that it does not know to be committed.",
	Why: "A learner is there to catch up, and may be far behind. Its campaigns raise the term and depose leaders, and if its vote for itself counts, " +
		"it can win with fewer voters than a majority. " +
		"What usually breaks it: the election timer asks whether the server may campaign, and another way to a campaign does not.",
	Section: "Raft paper, 6; dissertation, 4.2.1", Level: Must, Profile: Membership,
	Catches: []string{"el-nonvoter-campaigns"},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step:    judgeOnlyVotersCampaign,
}

func judgeOnlyVotersCampaign(s *Step) *Breach {
	if !s.runs() || !seeksOffice(s.After.Role) || seeksOffice(s.Before.Role) && s.Before.Term == s.After.Term || s.Before.Role == Leader {
		return nil
	}
	for _, c := range [...]*Configuration{&s.Before.Config, &s.After.Config} {
		if len(c.Voters) == 0 || slices.Contains(c.Voters, s.Server) || slices.Contains(c.Outgoing, s.Server) {
			return nil
		}
	}
	if s.mayStillBeNeeded() {
		return nil
	}
	b := s.breachAfter("%s becomes %s in term %d and is no voter", s.Server, s.After.Role, s.After.Term).
		refusing("the server is a voter", "the voters are %s", configured(&s.Before.Config)).
		allowing("%s stays follower in term %d", s.Server, s.Before.Term).before("its configuration", FieldConfig)
	if slices.Contains(s.Before.Config.Learners, s.Server) {
		b.Message += " but a learner"
	}
	return b
}

// mayStillBeNeeded reports whether the server's configuration is not known to be committed, and the one before it may have had the server
// as a voter (dissertation, 4.2.2). The first configuration of all may be in no log; if it is, it is the first entry, and no server was
// a learner before.
func (s *Step) mayStillBeNeeded() bool {
	if !s.Before.Knows(FieldLog | FieldCommit) {
		return true
	}
	if s.Before.Log.hidesConfiguration(s.Before.CommitIndex) {
		return true
	}
	_, at, found := s.Before.Log.lastConfiguration(s.Before.Log.LastIndex())
	if !found || at <= s.Before.CommitIndex {
		return false
	}
	before, _, found := s.Before.Log.lastConfiguration(at - 1)
	if !found {
		return at > 1 || !slices.Contains(s.Before.Config.Learners, s.Server)
	}
	return slices.Contains(before.Voters, s.Server) || slices.Contains(before.Outgoing, s.Server)
}

var removedDeposesNobody = &Rule{
	ID: "R6-12", Name: "removed-deposes-nobody",
	Sentence: "A leader that checks whether a majority answers it is not deposed by a request for a vote from a server that is not in its configuration.",
	Why: "A server that was removed gets no heartbeats any more, so it campaigns, and its term rises with every election. If the leader takes its requests seriously, it is deposed again and again by a server that cannot win. " +
		"What usually breaks it: terms are taken over before anybody looks whether there is a leader.",
	Section: "dissertation, 4.2.3", Level: Must, Profile: Membership,
	Catches: []string{"mb-removed-disrupts"},
	Only:    []Variant{ChecksQuorum},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step: func(s *Step) *Breach {
		m := &s.Input.Message
		if m.Payload != "" { // it may say that the leader itself asked for the campaign, as one that hands over does (dissertation, 3.10 and 4.2.3)
			return nil
		}
		if !s.delivered(RequestVote) || !s.runs() || s.Before.Role != Leader || s.leads() || len(s.Before.Config.Voters) == 0 || s.Before.Config.Has(m.From) {
			return nil
		}
		return s.breachAfter("%s leads term %d and gives up over a request for a vote of %s, which is not in its configuration", s.Server, s.Before.Term, m.From).
			refusing("the sender is in the leader's configuration", "that has %s", configured(&s.Before.Config)).
			allowing("%s goes on leading term %d", s.Server, s.Before.Term).since("the request", PartInput)
	},
}

// seeksOffice reports whether a server in that role wants to lead, or does.
func seeksOffice(r Role) bool { return r == PreCandidate || r == Candidate || r == Leader }

var outsidersNotCounted = &Rule{
	ID: "R6-10", Name: "outsiders-not-counted",
	Sentence: "Votes and acknowledgements of servers that are no voters of a configuration do not count for it.",
	Why: "A majority is one because any other shares a voter with it. A server outside makes up the number and not the overlap: the voters that are missing may decide otherwise without it. " +
		"What usually breaks it: answers are counted and compared with the size of the configuration, and nobody asks who answered.",
	Section: "Raft paper, 6; dissertation, 4.2", Level: Must, Profile: Membership,
	Catches: []string{"el-no-config-leader", "el-count-nonmember-votes", "mb-learner-in-quorum"},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   membershipFields | FieldVotes | FieldProgress,
	Step:    judgeOutsidersNotCounted,
}

// judgeOutsidersNotCounted sees an election that is won, or an entry that is committed, without a majority of the voters and with
// somebody else who was asked or answered.
func judgeOutsidersNotCounted(s *Step) *Breach {
	if TookOffice(s) && !s.elects(&s.Before.Config, s.voted) {
		for _, id := range s.Before.Granted {
			if s.candidateBefore() && !s.Before.Config.votes(id) {
				return s.countsOutsider(id, "becomes leader of term %d with a vote of %s", s.After.Term, id)
			}
		}
		if m := &s.Input.Message; s.wins() && !s.Before.Config.votes(m.From) {
			return s.countsOutsider(m.From, "becomes leader of term %d with a vote of %s", s.After.Term, m.From)
		}
	}
	if !s.commitsAsLeader() || s.commits(&s.After.Config, s.stores) || s.commits(&s.Before.Config, s.stores) {
		return nil
	}
	for k := range s.After.Progress {
		id := s.After.Progress[k].Server
		if s.stores(id) && !s.Before.Config.votes(id) && !s.After.Config.votes(id) {
			return s.countsOutsider(id, "commits index %d with a copy on %s", s.After.CommitIndex, id)
		}
	}
	if !s.Before.Config.votes(s.Server) && !s.After.Config.votes(s.Server) {
		return s.countsOutsider(s.Server, "commits index %d with its own copy", s.After.CommitIndex)
	}
	return nil
}

func (s *Step) countsOutsider(id ServerID, format string, args ...any) *Breach {
	return s.breachAfter("%s "+format+", and the voters are %s", slices.Concat([]any{s.Server}, args, []any{configured(&s.Before.Config)})...).
		refusing("only voters count", "%s is none", id).allowing("%s waits for a majority of the voters", s.Server)
}

var identityNotReused = &Rule{
	ID: "R6-14", Name: "identity-not-reused",
	Sentence: "A server that was a member keeps what it knew for as long as it has that name.",
	Why: "Others remember what that name promised: votes, acknowledgements, a place in configurations that some server still goes by. A blank server under the same name breaks those promises without knowing of them, " +
		"also one that was removed and is added again. " +
		"What usually breaks it: a server that learns that it was removed throws its state away, or a new disk is given an old name.",
	Section: "dissertation, 4.1 and 11.7.2", Level: Must, Profile: Membership,
	Catches: []string{"el-meta-missing-term0", "st-stale-disk", "mb-rethinkdb", "mb-identity-reuse"},
	Needs:   FieldRole | FieldTerm | FieldVotedFor | FieldLog,
	Step: func(s *Step) *Breach {
		if s.Before.blank() || !s.After.blank() || s.crashes() {
			return nil
		}
		return s.breachAfter("%s was in term %d with a log up to index %d, and is blank under the same name", s.Server, s.Before.Term, s.Before.Log.LastIndex()).
			refusing("the server keeps its term and its log", "it is in term 0 with an empty log").
			allowing("%s keeps them, or takes a name that nobody had", s.Server).before("what it knew", FieldLog)
	},
}

// blank reports whether a server is as it was before it ever heard of anything.
func (o *Observation) blank() bool {
	return o.Term == 0 && o.VotedFor == None && o.Log.LastIndex() == 0
}
