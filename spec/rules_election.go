package spec

import "slices"

// The rules about elections (Raft paper, 5.2).

var startFollower = &Rule{
	ID: "R5.2-01", Name: "start-follower",
	Sentence: "A server starts, and starts again, as a follower.",
	Why: "A server that was down does not know what happened meanwhile: others may have been elected. " +
		"It must hear of a leader, or win an election in a new term, before it acts as one. " +
		"What usually breaks it: the role is kept on disk with the term.",
	Section: "Raft paper, 5.2 and Figure 4", Level: Must, Profile: Core,
	Catches:    []string{"el-restart-candidate"},
	NeedsAfter: FieldRole,
	Step: func(s *Step) *Breach {
		if s.Input.Kind != Restart || s.After.Role == Follower || s.crashes() {
			return nil
		}
		return s.breachAfter("%s starts again as %s", s.Server, s.After.Role).
			refusing("role = follower", "it is %s", s.After.Role).
			allowing("%s starts as follower", s.Server)
	},
}

var electionSafety = &Rule{
	ID: "R5.2-02", Name: "election-safety",
	Sentence: "At most one leader is elected in a term.",
	Why: "Everything else rests on it: two leaders of one term write different entries with the same index and term, and no server can tell them apart. " +
		"What usually breaks it: a vote that is given twice because it was not on disk, a vote of an earlier term that is counted, or a majority that is none. " +
		"Two leaders at one moment are fine if their terms differ.",
	Section: "Raft paper, 5.2 and Figure 3", Level: Must, Profile: Core, Outcome: true,
	Catches: []string{"el-stale-vote-resp", "el-leader-votes", "el-vote-not-durable", "el-meta-missing-term0", "el-revote-same-term", "cm-quorum-half",
		"el-candidate-sends-heartbeats", "el-old-leader-kept"},
	Needs:     FieldRole | FieldTerm,
	Agreement: FactLeader,
	Pair: func(a, b *Sight) *Breach {
		if a.Role != Leader || b.Role != Leader || a.Term != b.Term {
			return nil
		}
		return pairBreach(a, b, "%s and %s both lead term %d", a.Server, b.Server, a.Term).
			allowing("%s does not lead term %d", a.Server, a.Term)
	},
}

var voteOnce = &Rule{
	ID: "R5.2-03", Name: "vote-once",
	Sentence: "A server votes for at most one candidate in a term, also across crashes.",
	Why: "Two majorities share a server, and it is this server's one vote that keeps two candidates from winning. " +
		"What usually breaks it: the vote is not on disk when it is given, term and vote are written one after the other, " +
		"or the vote is cleared when the server becomes a follower again in the same term.",
	Section: "Raft paper, 5.2 and Figure 2 (persistent state)", Level: Must, Profile: Core,
	Catches: []string{"st-stale-disk", "el-vote-not-durable", "el-nonatomic-term-vote", "el-send-before-persist", "el-revote-same-term",
		"el-candidate-stepdown-clears-vote", "el-leader-votes", "el-meta-missing-term0", "st-lazy-fsync"},
	Varies:    []Variant{DropsVoteForLeader, VolatileUntilReady},
	Needs:     FieldTerm | FieldVotedFor,
	Agreement: FactVote,
	Step:      judgeVoteOnce,
}

func judgeVoteOnce(s *Step) *Breach {
	if b := s.judgeVoteAfterDrop(); b != nil {
		return b
	}
	if b := s.judgeVoteKept(); b != nil {
		return b
	}
	return s.judgeVoteGiven()
}

// judgeVoteKept sees that a vote is taken back within its term. A vote that was only in memory may be lost in a crash: if it was
// promised to anybody, the agreement on votes finds a second one.
func (s *Step) judgeVoteKept() *Breach {
	term, vote := s.Before.Term, s.Before.VotedFor
	since, shown := "the vote", FieldVotedFor
	if !s.runs() && !s.comesBack() {
		if !s.Before.Knows(FieldDurable) {
			return nil
		}
		term, vote = s.Before.Durable.Term, s.Before.Durable.VotedFor
		since, shown = "the vote on disk", FieldDurable
	}
	if vote == None || s.After.Term != term || s.After.VotedFor == vote || s.dropsVote() {
		return s.judgeVoteOnDisk()
	}
	b := s.breachAfter("%s voted for %s in term %d and now holds a vote for %s in that term", s.Server, vote, term, s.After.VotedFor).
		refusing("votedFor stays in its term", "it was %s and is %s", vote, s.After.VotedFor).
		allowing("%s keeps its vote for %s as long as term %d lasts", s.Server, vote, term).before(since, shown)
	if !s.runs() {
		b.hinting("the vote was on disk before the crash; look whether term and vote are written, and read back, together")
	}
	return b
}

// judgeVoteGiven sees that a step gives a vote of a term and ends in that term with none, or with another. What waits for storage may be told before the vote is
// shown.
func (s *Step) judgeVoteGiven() *Breach {
	o := &s.After
	if !o.Knows(FieldTerm|FieldVotedFor) || !o.Knows(FieldRole) && !o.Knows(FieldUp) || s.crashes() || s.Declared.Has(VolatileUntilReady) || o.VotedFor == None && s.dropsVote() {
		return nil
	}
	for k, m := range s.Output.Sent {
		if m.Kind != RequestVoteReply || !m.Knows(MessageGranted|MessageTo|MessageTerm) || !m.Granted || m.Term != o.Term || m.To == s.Server || m.To == o.VotedFor {
			continue
		}
		held := "none"
		if o.VotedFor != None {
			held = "one for " + o.VotedFor.String()
		}
		return s.breachSent(k, "%s gives %s its vote in term %d and holds %s in that term", s.Server, m.To, m.Term, held).
			refusing("votedFor = the candidate that is told of the vote", "it is %s", o.VotedFor).
			allowing("%s holds a vote for %s", s.Server, m.To)
	}
	return nil
}

// judgeVoteOnDisk sees that a vote that was safe on disk is not there any more, in its term.
func (s *Step) judgeVoteOnDisk() *Breach {
	was, is := &s.Before.Durable, &s.After.Durable
	if s.Declared.Has(LateTerm) { // which writes term and vote one after the other: what stands there for a moment is no vote
		return nil
	}
	if !s.show(FieldDurable) || was.VotedFor == None || is.Term != was.Term || is.VotedFor == was.VotedFor || s.takesLeader(is.VotedFor) {
		return nil
	}
	return s.breachAfter("%s had a vote for %s in term %d on its disk and now has a vote for %s there", s.Server, was.VotedFor, was.Term, is.VotedFor).
		refusing("votedFor on disk stays in its term", "it was %s and is %s", was.VotedFor, is.VotedFor).
		allowing("the vote for %s stays on disk as long as term %d lasts", was.VotedFor, was.Term).before("the vote on disk", FieldDurable)
}

var candidateVotesForItself = &Rule{
	ID: "R5.2-04", Name: "candidate-votes-for-itself",
	Sentence: "A server that becomes candidate raises its term by exactly one and votes for itself, and is candidate in no other term.",
	Why: "The new term is what tells this election from all before, and the candidate's own vote is its promise not to vote for another in it. " +
		"What usually breaks it: the term is raised twice, or not on the second attempt, or the vote is left to be set later.",
	Section: "Raft paper, 5.2 and Figure 2 (candidates)", Level: Must, Profile: Core,
	Catches:    []string{"el-same-term-again", "el-stays-candidate"},
	Unless:     []Variant{SelfVoteByMessage},
	Varies:     []Variant{TermJumps, LateTerm},
	NeedsAfter: FieldRole | FieldTerm | FieldVotedFor,
	Step:       judgeCandidacy,
}

func judgeCandidacy(s *Step) *Breach {
	from, campaigns := s.campaignsFrom()
	if !campaigns {
		return s.judgeStillCandidate()
	}
	if s.After.Term != from+1 && !(s.After.Term > from && (s.Declared.Has(TermJumps) || s.After.Term-1 <= s.toldTerm())) {
		return s.breachAfter("%s becomes candidate in term %d, coming from term %d", s.Server, s.After.Term, from).
			refusing("currentTerm = term before + 1", "%d is not %d", s.After.Term, from+1).
			allowing("%s becomes candidate in term %d", s.Server, from+1).before("the term before", FieldTerm)
	}
	if s.After.VotedFor != s.Server {
		return s.breachAfter("%s is candidate in term %d and its vote is for %s", s.Server, s.After.Term, s.After.VotedFor).
			refusing("votedFor = candidate", "it is %s", s.After.VotedFor).
			allowing("%s votes for itself in term %d", s.Server, s.After.Term)
	}
	return nil
}

// judgeStillCandidate looks at a candidate that no campaign of this step made: its vote is its own, and it was candidate of its term before.
func (s *Step) judgeStillCandidate() *Breach {
	if s.After.Role != Candidate || s.crashes() || s.Input.Kind == Stored {
		return nil
	}
	if s.After.VotedFor != s.Server {
		return s.breachAfter("%s is candidate in term %d and its vote is for %s", s.Server, s.After.Term, s.After.VotedFor).
			refusing("votedFor = candidate", "it is %s", s.After.VotedFor).
			allowing("%s is no candidate in term %d", s.Server, s.After.Term)
	}
	if !s.Before.Knows(FieldRole|FieldTerm) || !s.runs() || s.Before.Role == Candidate || s.Before.Term != s.After.Term {
		return nil
	}
	return s.breachAfter("%s, %s of term %d, becomes candidate in that term over %s", s.Server, s.Before.Role, s.Before.Term, s.happened()).
		refusing("currentTerm = term before + 1", "%d is not %d", s.After.Term, s.Before.Term+1).
		allowing("%s stays %s", s.Server, s.Before.Role).before("its role before", FieldRole)
}

// campaignsFrom reports whether the step starts a candidacy, perhaps one that is won at once, and the term it starts from.
func (s *Step) campaignsFrom() (Term, bool) {
	if s.After.Role != Candidate && s.After.Role != Leader || !s.runs() || !s.Before.Knows(FieldRole|FieldTerm) {
		return 0, false
	}
	if s.After.Term == s.Before.Term && (s.Before.Role == Candidate || s.Before.Role == Leader) {
		return s.Before.Term, s.Before.Role == Candidate && s.Input.Kind == Timeout && s.Output.asksForVotes()
	}
	switch {
	case s.Input.Kind == Timeout, s.delivered(PreVoteReply):
		return s.Before.Term, true
	case s.delivered(TimeoutNow):
		known := s.Input.Message.Knows(MessageTerm) || s.After.Term <= s.Before.Term+1 // or it may have raised the term first
		return max(s.Before.Term, s.Input.Message.Term), known
	}
	return 0, false
}

// asksForVotes reports whether a request for a vote left.
func (o *Output) asksForVotes() bool {
	return slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Kind == Send && e.Message.Kind == RequestVote })
}

var votesOfThisTerm = &Rule{
	ID: "R5.2-05", Name: "votes-of-this-term",
	Sentence: "A candidate counts only votes that it was given in its current term.",
	Why: "A voter is bound by its vote in one term only, and is free to vote for another candidate in the next. " +
		"What usually breaks it: a late reply to an earlier request for votes is counted in the election at hand.",
	Section: "Raft paper, 5.2", Level: Must, Profile: Core,
	Catches:    []string{"el-stale-vote-resp"},
	Needs:      FieldRole | FieldTerm,
	NeedsAfter: FieldVotes,
	Step:       judgeVotesOfThisTerm,
}

func judgeVotesOfThisTerm(s *Step) *Breach {
	if s.Input.Kind == 0 || !s.runs() || s.After.Role != Candidate && s.After.Role != Leader || s.candidateBefore() && !s.Before.Knows(FieldVotes) {
		return nil
	}
	m := &s.Input.Message
	if s.delivered(RequestVoteReply) && TookOffice(s) && !s.wins() {
		return s.uncounted(m)
	}
	for _, voter := range s.After.Granted {
		if voter == s.Server || s.countedBefore(voter) || s.wins() && voter == m.From {
			continue
		}
		if s.delivered(RequestVoteReply) && voter == m.From {
			return s.uncounted(m)
		}
		return s.breachAfter("%s counts a vote of %s in term %d that it was not given", s.Server, voter, s.After.Term).
			refusing("a reply of the voter grants it", "there is none").
			allowing("%s counts the votes it has", s.Server)
	}
	return nil
}

// wins reports whether the step delivers a vote of the server's current term.
func (s *Step) wins() bool {
	return s.delivered(RequestVoteReply) && s.Input.Message.Granted && s.Input.Message.Term == s.After.Term
}

// countedBefore reports whether the server counted this vote in the same term before the step.
func (s *Step) countedBefore(voter ServerID) bool {
	return s.candidateBefore() && slices.Contains(s.Before.Granted, voter)
}

// candidateBefore reports whether the votes that the server showed before the step are votes of its current term.
func (s *Step) candidateBefore() bool {
	return (s.Before.Role == Candidate || s.Before.Role == Leader) && s.Before.Term == s.After.Term
}

// uncounted is the breach of counting a reply that is no vote of this term.
func (s *Step) uncounted(m *Message) *Breach {
	b := s.breachAfter("%s counts the reply of %s of term %d as a vote in term %d", s.Server, m.From, m.Term, s.After.Term).
		allowing("%s stays %s in term %d", s.Server, s.Before.Role, s.Before.Term).since("the reply that was counted", PartInput)
	if m.Term != s.After.Term {
		b.refusing("reply.term = currentTerm", "%d is not %d", m.Term, s.After.Term)
	}
	if !m.Granted {
		b.refusing("the reply grants the vote", "it refuses")
	}
	return b
}

var majorityElects = &Rule{
	ID: "R5.2-06", Name: "majority-elects",
	Sentence: "A server becomes leader only with votes from a strict majority of every active configuration.",
	Why: "Any two majorities share a server, and that server votes once. Half is not a majority: two halves share nobody. " +
		"What usually breaks it: n/2 instead of n/2+1, votes counted that were not given, or one majority over the union of two configurations.",
	Section: "Raft paper, 5.2 and 6", Level: Must, Profile: Core,
	Catches: []string{"cm-quorum-half", "el-union-quorum", "el-stale-vote-resp", "el-vote-counted-twice"},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldVotes | FieldConfig,
	Step:    judgeMajorityElects,
}

func judgeMajorityElects(s *Step) *Breach {
	if !TookOffice(s) || s.elects(&s.Before.Config, s.voted) {
		return nil
	}
	var votes []ServerID
	for _, id := range slices.Concat(s.Before.Config.Voters, s.Before.Config.Outgoing) {
		if s.voted(id) && !slices.Contains(votes, id) {
			votes = append(votes, id)
		}
	}
	return s.breachAfter("%s becomes leader of term %d with the votes of %s", s.Server, s.After.Term, listed(votes)).
		refusing("votes are "+s.enough(&s.Before.Config, electing), "%s of %s", listed(votes), configured(&s.Before.Config)).
		allowing("%s stays candidate in term %d", s.Server, s.After.Term)
}

// voted reports whether the server that takes office in this step has that server's vote: counted before, brought by this
// step, or its own. Where a record does not say what the step was, what the leader shows is believed.
func (s *Step) voted(id ServerID) bool {
	switch {
	case s.countedBefore(id), s.wins() && id == s.Input.Message.From:
		return true
	case s.Input.Kind == 0 || s.Input.Kind == BecomeLeader:
		return slices.Contains(s.After.Granted, id)
	}
	return id == s.Server && (!s.After.Knows(FieldVotedFor) || s.After.VotedFor == s.Server)
}

var oneVoteEach = &Rule{
	ID: "R5.2-07", Name: "one-vote-each",
	Sentence: "Several votes of one server in one term count once.",
	Why: "Networks deliver messages twice and candidates ask again, so the same vote arrives more than once. " +
		"What usually breaks it: votes are counted in a number and not kept as a set of servers.",
	Section: "Raft paper, 5.2", Level: Must, Profile: Core,
	Catches: []string{"el-vote-counted-twice"},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldVotes | FieldConfig,
	Step:    judgeOneVoteEach,
}

func judgeOneVoteEach(s *Step) *Breach {
	for k, voter := range s.After.Granted {
		if slices.Contains(s.After.Granted[:k], voter) {
			return s.breachAfter("%s counts the vote of %s in term %d twice", s.Server, voter, s.After.Term).
				refusing("every voter is counted once", "%s is there twice", voter).
				allowing("%s counts %s once", s.Server, voter)
		}
	}
	if !TookOffice(s) || !s.wins() || !s.countedBefore(s.Input.Message.From) || s.elects(&s.Before.Config, s.voted) {
		return nil
	}
	voter := s.Input.Message.From
	return s.breachAfter("%s becomes leader of term %d on a vote of %s that it had counted already", s.Server, s.After.Term, voter).
		refusing("every voter is counted once", "%s is in %s", voter, listed(s.Before.Granted)).
		allowing("%s stays candidate in term %d", s.Server, s.After.Term).since("the vote that came again", PartInput)
}

var noVoteAway = &Rule{
	ID: "R5.2-08", Name: "no-vote-away",
	Sentence: "A candidate or leader gives no other server its vote in its term.",
	Why: "It has voted for itself. A second vote lets another candidate win the same term with it. " +
		"What usually breaks it: the handler of requests for votes does not compare with the vote for oneself, or a leader forgets its vote on taking office.",
	Section: "Raft paper, 5.2", Level: Must, Profile: Core,
	Catches: []string{"el-leader-votes"},
	Unless:  []Variant{SelfVoteByMessage},
	Needs:   FieldRole | FieldTerm,
	Step:    judgeNoVoteAway,
}

func judgeNoVoteAway(s *Step) *Breach {
	for k, m := range s.Output.Sent {
		if m.Kind != RequestVoteReply || !m.Granted || m.To == s.Server {
			continue
		}
		for _, o := range [...]*Observation{&s.Before, &s.After} {
			if (o.Role == Candidate || o.Role == Leader) && o.Term == m.Term {
				return s.breachSent(k, "%s, %s of term %d, gives its vote in that term to %s", s.Server, o.Role, m.Term, m.To).
					refusing("role = follower", "it is %s", o.Role).
					allowing("%s refuses %s in term %d", s.Server, m.To, m.Term).before("its role in that term", FieldRole)
			}
		}
	}
	return nil
}

var candidateYields = &Rule{
	ID: "R5.2-09", Name: "candidate-yields",
	Sentence: "A server that hears from the leader of its own term is its follower, and keeps the vote it gave in that term.",
	Why: "The leader has won the term's election, so the candidacy is over; but the term is not, and neither is the vote given in it. " +
		"What usually breaks it: one function makes a server a follower for new terms and for the same one, and clears the vote for both.",
	Section: "Raft paper, 5.2", Level: Must, Profile: Core,
	Catches: []string{"el-candidate-stepdown-clears-vote", "el-revote-same-term"},
	Varies:  []Variant{DropsVoteForLeader},
	Needs:   FieldRole | FieldTerm,
	Step:    judgeCandidateYields,
}

func judgeCandidateYields(s *Step) *Breach {
	m := &s.Input.Message
	if !s.delivered(AppendEntries) && !s.delivered(InstallSnapshot) || !s.runs() {
		return nil
	}
	if m.Term != s.Before.Term || s.After.Term != m.Term || s.Before.Role == Leader || m.From == s.Server {
		return nil
	}
	if s.After.Role != Follower {
		return s.breachAfter("%s hears from %s, the leader of term %d, and is %s in that term", s.Server, m.From, m.Term, s.After.Role).
			refusing("role = follower", "it is %s", s.After.Role).
			allowing("%s follows %s in term %d", s.Server, m.From, m.Term).since("the message of the leader", PartInput)
	}
	if s.show(FieldVotedFor) && s.Before.VotedFor != None && s.After.VotedFor != s.Before.VotedFor && !s.dropsVote() {
		return s.breachAfter("%s follows the leader of term %d and its vote in that term changes from %s to %s",
			s.Server, m.Term, s.Before.VotedFor, s.After.VotedFor).
			refusing("votedFor stays in its term", "it was %s and is %s", s.Before.VotedFor, s.After.VotedFor).
			allowing("%s keeps its vote for %s", s.Server, s.Before.VotedFor).before("the vote", FieldVotedFor).
			hinting("becoming a follower clears the vote, which is right only when the term is new")
	}
	return nil
}

// listed prints servers one after the other: "n1 n2", or "nobody".
func listed(ids []ServerID) string {
	if len(ids) == 0 {
		return None.String()
	}
	text := ids[0].String()
	for _, id := range ids[1:] {
		text += " " + id.String()
	}
	return text
}

// configured prints a configuration: "n1 n2 n3", or both halves of a joint one.
func configured(c *Configuration) string {
	if len(c.Outgoing) == 0 {
		return listed(c.Voters)
	}
	return listed(c.Voters) + " and of " + listed(c.Outgoing)
}

var heartbeatToAll = &Rule{
	ID: "R5.2-10", Name: "heartbeat-to-all",
	Sentence: "A leader whose heartbeat timer fires sends every other server of its configuration AppendEntries or a snapshot, or the one that the timer is for.",
	Why: "Whoever hears nothing campaigns, and deposes a leader that works. " +
		"What usually breaks it: a loop over the followers ends at the first one to which something cannot be sent.",
	Section: "Raft paper, 5.2", Level: Must, Profile: Core,
	Catches: []string{"rp-hb-stop-on-fail"},
	Unless:  []Variant{StoresLater, VolatileUntilReady}, // what the timer makes a server send may leave later
	Only:    []Variant{HeartbeatsToAll},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step: func(s *Step) *Breach {
		if s.Input.Kind != Heartbeat || !s.runs() || !s.leads() {
			return nil
		}
		c := &s.After.Config
		for _, half := range [...][]ServerID{c.Voters, c.Outgoing, c.Learners} {
			for _, id := range half {
				if id != s.Server && (s.Input.Peer == None || s.Input.Peer == id) && !s.keepsQuiet(id) {
					return s.breachAfter("%s, leader of term %d, sends heartbeats and none to %s", s.Server, s.After.Term, id).
						refusing("every server of the configuration is sent one", "%s is not", id).allowing("%s sends %s one too", s.Server, id)
				}
			}
		}
		return nil
	},
}

// keepsQuiet reports whether the step sends a server what keeps it from campaigning.
func (s *Step) keepsQuiet(id ServerID) bool {
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind == Send && e.Message.To == id && (e.Message.Kind == AppendEntries || e.Message.Kind == InstallSnapshot) {
			return true
		}
	}
	return false
}
