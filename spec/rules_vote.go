package spec

// The rules about who may be voted for (Raft paper, 5.4.1).

var voteUpToDate = &Rule{
	ID: "R5.4.1-01", Name: "vote-up-to-date",
	Sentence: "A server votes only for a candidate whose log is at least as up to date as its own: the later last term, then the longer log.",
	Why: "A committed entry is on a majority, and so on one of any majority of voters. That voter's refusal keeps those from winning who lack the entry. " +
		"What usually breaks it: length compared before terms, or commit indexes compared in place of logs.",
	Section: "Raft paper, 5.4.1 and Figure 2 (RequestVote, step 2)", Level: Must, Profile: Core,
	Catches: []string{"el-uptodate-index-first"},
	Varies:  []Variant{DropsUnacknowledged},
	Needs:   FieldTerm | FieldLog,
	Step:    judgeVoteUpToDate,
}

func judgeVoteUpToDate(s *Step) *Breach {
	m := &s.Input.Message
	if !s.delivered(RequestVote) || !s.Before.Log.lastTermKnown() {
		return nil
	}
	for k, reply := range s.Output.Sent {
		if !reply.Granted || !s.answeredBy(reply) || m.From == s.Server {
			continue
		}
		if s.Before.Term == reply.Term && !(m.Knows(MessageTerm) && m.Term > s.Before.Term) && (s.Before.VotedFor == m.From || !s.Before.Knows(FieldVotedFor) || !m.Knows(MessageFrom)) {
			continue // the same vote again; the voter's log may have grown since it gave it
		}
		log := s.votesWith()
		if log.UpToDate(m.LastLogTerm, m.LastLogIndex) {
			continue
		}
		term := reply.Term
		if !reply.Knows(MessageTerm) {
			term = m.Term
		}
		return s.votesAhead(k, term, log)
	}
	return nil
}

// votesAhead is the breach of a vote in a term by a server whose log is ahead of the candidate's.
func (s *Step) votesAhead(effect int, term Term, log *Log) *Breach {
	m := &s.Input.Message
	return s.breachSent(effect, "%s votes for %s in term %d, whose log ends with index %d of term %d while its own ends with index %d of term %d",
		s.Server, m.From, term, m.LastLogIndex, m.LastLogTerm, log.LastIndex(), log.LastTerm()).
		refusing("the candidate's (last term, last index) ≥ the voter's", "(%d, %d) is below (%d, %d)", m.LastLogTerm, m.LastLogIndex, log.LastTerm(), log.LastIndex()).
		allowing("%s refuses %s in term %d", s.Server, m.From, term).since("the request for the vote", PartInput)
}

// votesWith returns the log with which a voter compares a candidate's: its own before the step, or after it where it may remove entries first.
func (s *Step) votesWith() *Log {
	if s.dropsTail() {
		return &s.After.Log
	}
	return &s.Before.Log
}

var candidateLastLog = &Rule{
	ID: "R5.4.1-02", Name: "candidate-last-log",
	Sentence: "A candidate tells voters the index and term of the last entry in its log.",
	Why: "Voters judge by it whether the candidate lacks an entry that is committed, and it is the log the candidate has that it will lead with. " +
		"What usually breaks it: the last committed or last applied entry is told instead.",
	Section: "Raft paper, 5.4.1 and Figure 2 (RequestVote)", Level: Must, Profile: Core,
	Catches: []string{"el-uptodate-wrong-key"},
	Needs:   FieldLog,
	Step: func(s *Step) *Breach {
		for k, m := range s.Output.Sent {
			if m.Kind != RequestVote || s.Input.Kind == Stored || // it was asked for when its term was handed to storage
				s.After.Log.endsAs(m) || s.Before.Log.endsAs(m) {
				continue
			}
			log, shown := s.After.Log, (*Breach).beside
			if s.crashes() {
				log, shown = s.Before.Log, (*Breach).before
			}
			b := s.breachSent(k, "%s asks for votes with a log that ends with index %d of term %d, and its log ends with index %d of term %d",
				s.Server, m.LastLogIndex, m.LastLogTerm, log.LastIndex(), log.LastTerm()).
				refusing("(lastLogTerm, lastLogIndex) is the end of the log", "(%d, %d) is not (%d, %d)",
					m.LastLogTerm, m.LastLogIndex, log.LastTerm(), log.LastIndex()).
				allowing("last index %d and last term %d", log.LastIndex(), log.LastTerm())
			return shown(b, "its log", FieldLog)
		}
		return nil
	},
}

// endsAs reports whether a log ends where a request for votes says.
func (l Log) endsAs(m *Message) bool {
	return m.LastLogIndex == l.LastIndex() && (m.LastLogTerm == l.LastTerm() || !l.lastTermKnown())
}

var termIsNoVote = &Rule{
	ID: "R5.4.1-03", Name: "term-is-no-vote",
	Sentence: "Taking over a higher term does not by itself give a vote in it, and nobody gets a vote that it does not ask for.",
	Why: "The vote in a new term is given by the rules for votes, to a candidate whose log is up to date, or not at all. " +
		"What usually breaks it: term and vote are one value, and the sender of a higher term is stored whole.",
	Section: "Raft paper, 5.1 and 5.4.1", Level: Must, Profile: Core,
	Catches: []string{"el-higher-vote-granted"},
	Varies:  []Variant{DropsUnacknowledged, DropsVoteForLeader},
	Needs:   FieldTerm | FieldVotedFor,
	Step:    judgeTermIsNoVote,
}

func judgeTermIsNoVote(s *Step) *Breach {
	m := &s.Input.Message
	if s.Before.Term == s.After.Term {
		return s.judgeVoteUnasked()
	}
	if s.Input.Kind != Deliver || m.Term <= s.Before.Term || !tellsSendersTerm(m.Kind) || s.Before.Role == Crashed ||
		s.After.Term != m.Term || s.After.VotedFor == None {
		return nil
	}
	if (m.Kind == AppendEntries || m.Kind == InstallSnapshot) && s.takesLeader(s.After.VotedFor) {
		return nil
	}
	log := s.votesWith()
	behind := s.Before.Knows(FieldLog) && log.lastTermKnown() && !log.UpToDate(m.LastLogTerm, m.LastLogIndex)
	if m.Kind == RequestVote && s.After.VotedFor == m.From && !behind && !s.refusesVote(m) {
		return nil
	}
	b := s.breachAfter("%s takes over term %d from %s and holds a vote for %s in it", s.Server, m.Term, m.Kind, s.After.VotedFor).
		allowing("%s has not voted in term %d", s.Server, m.Term).since("the higher term", PartInput)
	switch {
	case m.Kind != RequestVote:
		return b.refusing("the message asks for a vote", "it is %s", m.Kind)
	case s.After.VotedFor != m.From:
		return b.refusing("votedFor = candidate", "%s is not %s", s.After.VotedFor, m.From)
	case behind:
		return b.refusing("the candidate's (last term, last index) ≥ the voter's", "(%d, %d) is below (%d, %d)",
			m.LastLogTerm, m.LastLogIndex, log.LastTerm(), log.LastIndex())
	}
	return b.refusing("the reply grants the vote", "it refuses")
}

// judgeVoteUnasked sees a vote for another server that appears in a term though the step brings no request of that server for it. Storage brings to light
// what earlier requests did.
func (s *Step) judgeVoteUnasked() *Breach {
	m, vote := &s.Input.Message, s.After.VotedFor
	switch {
	case vote == None || vote == s.Server || s.Before.VotedFor != None || !s.runs() || s.Input.Kind == 0 || s.Input.Kind == Stored || s.Declared.Has(DropsVoteForLeader):
		return nil
	case s.delivered(RequestVote) && (m.From == vote || !m.Knows(MessageFrom)):
		return nil
	}
	b := s.breachAfter("%s holds a vote for %s in term %d over %s", s.Server, vote, s.After.Term, s.happened()).
		allowing("%s has not voted in term %d", s.Server, s.After.Term).before("no vote before", FieldVotedFor)
	if s.delivered(RequestVote) {
		return b.refusing("votedFor = candidate", "%s is not %s", vote, m.From)
	}
	return b.refusing("the candidate asks for the vote", "the input is %s", s.happened())
}

// refusesVote reports whether the step answers a request for a vote with a refusal.
func (s *Step) refusesVote(m *Message) bool {
	for _, reply := range s.Output.Sent {
		if !reply.Granted && s.answeredBy(reply) {
			return true
		}
	}
	return false
}

var leaderCompleteness = &Rule{
	ID: "R5.4.1-04", Name: "leader-completeness",
	Sentence: "A leader holds every entry that was committed in an earlier term.",
	Why: "Entries flow only from leaders to followers. A leader that lacks a committed entry overwrites it everywhere, and the client was told that it is safe. " +
		"What usually breaks it: an entry of an earlier term committed by counting, entries acknowledged before they are on disk, or a vote for a log that is behind.",
	Section: "Raft paper, 5.4 and Figure 3", Level: Must, Profile: Core, Outcome: true,
	Catches: []string{"cm-old-term", "el-uptodate-index-first", "rp-erase-matching", "rp-stale-nack-truncate", "rp-rollback-too-far",
		"cm-leader-counts-unsynced", "cm-follower-ack-unsynced", "st-lazy-fsync", "st-minority-corruption"},
	Needs:   FieldRole | FieldTerm | FieldLog | FieldCommit,
	Elected: judgeElected,
	Pair:    judgeCompleteness,
}

// judgeElected compares a new leader with what was seen to be committed by servers in lower terms. What was seen in the leader's
// own term may have been committed after its election.
func judgeElected(s *Step, committed []Fact) *Breach {
	for k := range committed {
		f := &committed[k]
		if f.In >= s.After.Term || f.Index <= s.After.Log.Base {
			continue
		}
		if e, held := s.After.Log.At(f.Index); held && e.mayBe(f.Entry) {
			continue
		}
		b := s.breachAfter("%s becomes leader of term %d with %s at index %d, where %s was committed by term %d",
			s.Server, s.After.Term, s.After.Log.at(f.Index), f.Index, f.Entry, f.In).
			refusing("log[index] = the entry committed there", "%s is not %s", s.After.Log.at(f.Index), f.Entry).
			allowing("no majority votes for %s in term %d", s.Server, s.After.Term)
		b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: f.By, Part: PartFact, Origin: f.Origin})
		return b
	}
	return nil
}

// judgeCompleteness compares what a has committed with the log of a leader in the same or a later term. In the same term it was
// the leader itself that committed it, or an earlier one.
func judgeCompleteness(a, b *Sight) *Breach {
	if b.Role != Leader || a.Role == Crashed || b.Term < a.Term || a.CommitIndex <= b.Log.Base {
		return nil
	}
	e, held := a.Log.At(a.CommitIndex)
	if !held {
		return nil
	}
	if f, held := b.Log.At(a.CommitIndex); held && f.agrees(e) {
		return nil
	}
	return pairBreach(a, b, "%s has committed %s at index %d, where %s, leader of term %d, has %s",
		a.Server, e, a.CommitIndex, b.Server, b.Term, b.Log.at(a.CommitIndex)).
		refusing("leader.log[index] = the entry committed there", "%s is not %s", b.Log.at(a.CommitIndex), e)
}
