package spec

// The rules about what leader and followers tell each other of their logs (Raft paper, 5.3).

var ackVerified = &Rule{
	ID: "R5.3-06", Name: "ack-verified",
	Sentence: "A follower that accepts AppendEntries acknowledges no more than the message proved to match.",
	Why: "The leader takes the acknowledgement for a copy of its own entries. What the follower holds beyond the message may be left over from another leader. " +
		"What usually breaks it: the follower reports its own last index.",
	Section: "Raft paper, 5.3 and Figure 2 (leaders)", Level: Must, Profile: Core,
	Catches: []string{"rp-ack-too-far"},
	Varies:  []Variant{CachesEntries},
	Needs:   FieldTerm,
	Step:    judgeAckVerified,
}

func judgeAckVerified(s *Step) *Breach {
	m := &s.Input.Message
	if !s.delivered(AppendEntries) || m.Term < s.Before.Term || !s.Before.Knows(FieldCommit) || s.keepsUnseen() {
		return nil
	}
	// What is committed matches every later leader without proof.
	proved, _ := s.proves()
	verified := max(proved, s.Before.CommitIndex)
	for k, reply := range s.Output.Sent {
		if !reply.Success || !s.answeredBy(reply) || reply.MatchIndex <= verified {
			continue
		}
		return s.breachSent(k, "%s acknowledges entries up to index %d of a message that ends at index %d", s.Server, reply.MatchIndex, m.LastEntryIndex()).
			refusing("matchIndex ≤ prevLogIndex + number of entries", "%d is above %d + %d", reply.MatchIndex, m.PrevLogIndex, len(m.Entries)).
			allowing("%s acknowledges up to index %d", s.Server, m.LastEntryIndex()).since("what the leader sent", PartInput)
	}
	return nil
}

var matchMonotonic = &Rule{
	ID: "R5.3-07", Name: "match-monotonic",
	Sentence: "While a leader leads, its matchIndex for a follower never falls, and rises only with that follower's acknowledgement.",
	Why: "matchIndex is what commitment is counted from. Too high it commits what is not replicated; falling back it sends what was acknowledged again and again. " +
		"What usually breaks it: replies that overtake each other, or a hint in a refusal that is stored as if it were an acknowledgement.",
	Section: "Raft paper, 5.3 and Figure 2 (volatile state on leaders)", Level: Must, Profile: Core,
	Catches: []string{"rp-match-regress", "rp-match-regress-udp", "rp-match-from-nack"},
	Unless:  []Variant{ProgressMayFall},
	Needs:   FieldRole | FieldTerm | FieldProgress,
	Step:    judgeMatchMonotonic,
}

func judgeMatchMonotonic(s *Step) *Breach {
	if !s.leads() {
		return nil
	}
	for k := range s.After.Progress {
		p := &s.After.Progress[k]
		before := s.Before.progressOf(p.Server, k)
		if before == nil || p.Server == s.Server || p.MatchIndex == before.MatchIndex {
			continue
		}
		if p.MatchIndex < before.MatchIndex {
			return s.breachAfter("%s takes back that %s holds its entries up to index %d and believes %d",
				s.Server, p.Server, before.MatchIndex, p.MatchIndex).
				refusing("matchIndex after ≥ matchIndex before", "%d is below %d", p.MatchIndex, before.MatchIndex).
				allowing("%s keeps matchIndex %d for %s", s.Server, before.MatchIndex, p.Server).before("matchIndex before", FieldProgress)
		}
		if b := s.unproved(p); b != nil {
			return b
		}
	}
	return nil
}

// unproved is the breach of a matchIndex that rises without an acknowledgement for it.
func (s *Step) unproved(p *Progress) *Breach {
	m := &s.Input.Message
	replied := s.delivered(AppendEntriesReply) && m.From == p.Server
	if s.Input.Kind == 0 || s.delivered(InstallSnapshotReply) && m.From == p.Server ||
		replied && m.Success && m.Term == s.Before.Term && p.MatchIndex <= m.MatchIndex {
		return nil
	}
	b := s.breachAfter("%s believes that %s holds its entries up to index %d, without an acknowledgement", s.Server, p.Server, p.MatchIndex).
		allowing("%s keeps its matchIndex for %s", s.Server, p.Server)
	switch {
	case !replied:
		return b.refusing("the follower replied", "the input is %s", s.happened())
	case !m.Success:
		return b.refusing("reply.success", "it refuses").since("the refusal", PartInput)
	case m.Term != s.Before.Term:
		return b.refusing("reply.term = currentTerm", "%d is not %d", m.Term, s.Before.Term).since("the reply", PartInput)
	}
	return b.refusing("matchIndex ≤ reply.matchIndex", "%d is above %d", p.MatchIndex, m.MatchIndex).since("the reply", PartInput)
}

// progressOf returns what a leader believes of a follower, or nil. likely is the place to look first, if there is such a place.
func (o *Observation) progressOf(id ServerID, likely int) *Progress {
	if likely >= 0 && likely < len(o.Progress) && o.Progress[likely].Server == id {
		return &o.Progress[likely]
	}
	for k := range o.Progress {
		if o.Progress[k].Server == id {
			return &o.Progress[k]
		}
	}
	return nil
}

var nextAboveMatch = &Rule{
	ID: "R5.3-08", Name: "next-above-match",
	Sentence: "A leader's nextIndex for a follower is above its matchIndex for it, and at least 1.",
	Why: "nextIndex at or below matchIndex means sending what is known to be there, for ever if nothing raises it. " +
		"What usually breaks it: a success raises matchIndex only, or a late refusal lowers nextIndex below it.",
	Section: "Raft paper, 5.3 and Figure 2 (volatile state on leaders)", Level: Must, Profile: Core,
	Catches:    []string{"rp-next-le-match"},
	Unless:     []Variant{ProgressMayFall, OptimisticNext},
	NeedsAfter: FieldRole | FieldProgress,
	Step: func(s *Step) *Breach {
		if s.After.Role != Leader {
			return nil
		}
		for k := range s.After.Progress {
			p := &s.After.Progress[k]
			if p.Server != s.Server && p.NextIndex <= p.MatchIndex || p.NextIndex < 1 {
				return s.breachAfter("%s will send %s entry %d next and knows that it holds them up to %d", s.Server, p.Server, p.NextIndex, p.MatchIndex).
					refusing("nextIndex > matchIndex", "%d is not above %d", p.NextIndex, p.MatchIndex).
					allowing("nextIndex %d", p.MatchIndex+1)
			}
		}
		return nil
	},
}

var prevTermTrue = &Rule{
	ID: "R5.3-10", Name: "prev-term-true",
	Sentence: "AppendEntries names the term that the leader's log really has at the previous index, and 0 only for index 0.",
	Why: "The follower compares with it. A wrong term makes it refuse what it should take, or take what it should refuse. " +
		"What usually breaks it: the previous entry was compacted, or is looked up only when there are entries to send.",
	Section: "Raft paper, 5.3 and Figure 2 (AppendEntries)", Level: Must, Profile: Core,
	Catches: []string{"rp-prevterm-zero"},
	Varies:  []Variant{LateTerm},
	Step:    judgePrevTermTrue,
}

func judgePrevTermTrue(s *Step) *Breach {
	for k, m := range s.Output.Sent {
		if m.Kind != AppendEntries || !m.Knows(MessageTerm|MessagePrevIndex) {
			continue
		}
		log, known := s.senderLog(m.Term)
		if !known || !m.Knows(MessagePrevTerm) && m.PrevLogIndex <= log.LastIndex() {
			continue
		}
		term, held := log.termKnownAt(m.PrevLogIndex)
		if m.PrevLogIndex == 0 && m.PrevLogTerm == 0 {
			continue
		}
		if held && term == m.PrevLogTerm || !held && m.PrevLogTerm > 0 && m.PrevLogIndex <= log.Base {
			continue
		}
		b := s.breachSent(k, "%s sends %s entries after %s, where it has %s", s.Server, m.To, m.previous(), log.at(m.PrevLogIndex))
		if !m.Knows(MessagePrevTerm) {
			return b.refusing("prevLogIndex ≤ last index", "%d is above %d", m.PrevLogIndex, log.LastIndex())
		}
		if !held {
			return b.refusing("prevLogTerm is the term of an entry", "it is %d for index %d", m.PrevLogTerm, m.PrevLogIndex)
		}
		return b.refusing("prevLogTerm = log[prevLogIndex].term", "%d is not %d", m.PrevLogTerm, term).
			allowing("prevLogTerm %d", term)
	}
	return nil
}

var entriesFromLog = &Rule{
	ID: "R5.3-11", Name: "entries-from-log",
	Sentence: "Every entry that a leader sends is the one in its own log at that index.",
	Why: "A follower stores what it is sent under the leader's name. An entry that the leader does not hold itself can be committed and then be found on no leader. " +
		"What usually breaks it: entries are read from the log after it changed, or stamped with a newer term on the way out.",
	Section: "Raft paper, 5.3", Level: Must, Profile: Core,
	Catches: []string{"rp-async-heartbeat", "rp-stamps-anew"},
	Step:    judgeEntriesFromLog,
}

func judgeEntriesFromLog(s *Step) *Breach {
	for k, m := range s.Output.Sent {
		if m.Kind != AppendEntries || len(m.Entries) == 0 || !m.Knows(MessageTerm|MessagePrevIndex|MessageEntries) {
			continue
		}
		log, known := s.senderLog(m.Term)
		if !known {
			continue
		}
		sent := Log{Base: m.PrevLogIndex, Entries: m.Entries}
		i := firstDifference(log, sent)
		if i > sent.LastIndex() {
			continue
		}
		return s.breachSent(k, "%s sends %s %s at index %d, where it has %s", s.Server, m.To, sent.at(i), i, log.at(i)).
			refusing("entry sent = log[index]", "%s is not %s", sent.at(i), log.at(i)).
			allowing("%s sends %s", s.Server, log.at(i))
	}
	return nil
}

var heartbeatAtMatch = &Rule{
	ID: "R5.3-13", Name: "heartbeat-at-match",
	Sentence: "A heartbeat names a previous entry that the follower is known to hold, or the one before the next to be sent to it.",
	Why: "A follower refuses a heartbeat after an entry that it lacks. The refusal is late by the time it arrives, and the leader may know by then that the follower holds that entry: it looks as if the follower had lost " +
		"what it acknowledged. " +
		"What usually breaks it: heartbeats name the last committed entry, whatever the follower has.",
	Section: "Raft paper, 5.2 and 5.3", Level: Must, Profile: Core,
	Catches: []string{"rp-hb-prev-commit"},
	Unless:  []Variant{HeartbeatsAnywhere},
	Needs:   FieldRole | FieldTerm | FieldProgress,
	Step:    judgeHeartbeatAtMatch,
}

func judgeHeartbeatAtMatch(s *Step) *Breach {
	for k, m := range s.Output.Sent {
		if m.Kind != AppendEntries || len(m.Entries) > 0 || s.After.Role != Leader || s.After.Term != m.Term || s.Input.Kind == Stored {
			continue
		}
		p := s.After.progressOf(m.To, int(m.To)-1)
		if p == nil {
			continue
		}
		match, lowest, highest := p.MatchIndex, p.NextIndex, p.NextIndex
		if before := s.Before.progressOf(m.To, int(m.To)-1); before != nil && s.leads() {
			match, lowest, highest = max(match, before.MatchIndex), min(lowest, before.NextIndex), max(highest, before.NextIndex)
		}
		if m.PrevLogIndex <= match || m.PrevLogIndex+1 >= lowest && m.PrevLogIndex < highest {
			continue
		}
		return s.breachSent(k, "%s sends %s a heartbeat after entry %d, knows that it holds entries up to %d, and would send entry %d next",
			s.Server, m.To, m.PrevLogIndex, match, p.NextIndex).
			refusing("prevLogIndex ≤ matchIndex, or prevLogIndex = nextIndex - 1", "%d is above %d, and not %d", m.PrevLogIndex, match, p.NextIndex-1).
			allowing("prevLogIndex %d", match)
	}
	return nil
}
