package spec

// The rules about what a server says as the leader of a term (Raft paper, 5.2, 5.3 and 7). A receiver believes it.

var sentByLeader = &Rule{
	ID: "R5.2-15", Name: "sent-by-leader",
	Sentence: "Only the leader of a term sends AppendEntries or a snapshot in it.",
	Why: "Whoever receives them takes the sender for the leader that the term's election made, gives up its own candidacy and lets its log be overwritten. " +
		"Sent by anybody else they are a second leader of the term. " +
		"What usually breaks it: a timer or a thread of a leadership that is over, or has not begun, goes on sending and stamps the current term.",
	Section: "Raft paper, 5.2 and Figure 2 (AppendEntries, invoked by leader)", Level: Must, Profile: Core,
	Catches:    []string{"el-candidate-sends-heartbeats"},
	NeedsAfter: FieldRole | FieldTerm,
	Step:       judgeSentByLeader,
}

// judgeSentByLeader sees a sender that cannot have led the term: it is still a candidate in it, or its vote in it is not its own. One that led
// the term and stepped down may have messages that leave late, and one that was candidate before the step may have led the term in between.
func judgeSentByLeader(s *Step) *Breach {
	for k, m := range s.Output.Sent {
		if !m.Knows(MessageTerm) || !m.saysLeader() || s.leadsOrLed(m.Term) {
			continue
		}
		for _, o := range [...]*Observation{&s.After, &s.Before} {
			if o.neverLed(m.Term, s.Server) && (o == &s.After || o.VotedFor != s.Server && o.VotedFor != None) {
				return s.breachSent(k, "%s, %s of term %d, sends %s in that term", s.Server, o.Role, m.Term, m.Kind).
					refusing("role = leader", "it is %s", o.Role).allowing("%s sends nothing as leader of term %d", s.Server, m.Term)
			}
		}
	}
	return nil
}

// leadsOrLed reports whether the server is seen to lead a term before or after the step. A leader is candidate of its term no more.
func (s *Step) leadsOrLed(term Term) bool {
	leads := func(o *Observation) bool { return o.Knows(FieldRole|FieldTerm) && o.Role == Leader && o.Term == term }
	return leads(&s.After) || leads(&s.Before) && !(s.After.Role == Candidate && s.After.Term == term)
}

// neverLed reports whether what a server shows excludes that it has led its term, which is the given one: it is still a candidate, or
// did not vote for itself.
func (o *Observation) neverLed(term Term, id ServerID) bool {
	if !o.Knows(FieldRole|FieldTerm) || o.Term != term || o.Role == Crashed {
		return false
	}
	return o.Role == Candidate || o.Role != Leader && o.Knows(FieldVotedFor) && o.VotedFor != id
}

var leaderCommitTrue = &Rule{
	ID: "R5.3-21", Name: "leader-commit-true",
	Sentence: "The commit index that a leader tells, and the last entry of a snapshot that it sends, are at most its own commit index.",
	Why: "Followers commit what they are told is committed, and nobody counts again. Told too much they commit entries that are on no majority, and the next leader replaces them. " +
		"It may take another election, and so many more steps, until the loss can be seen. " +
		"What usually breaks it: the end of the log is sent where the commit index is meant, or a snapshot is taken of what is merely stored.",
	Section: "Raft paper, 5.3, 7 and Figure 2 (AppendEntries, leaderCommit)", Level: Must, Profile: Core,
	Catches:    []string{"cm-tells-last-index"},
	NeedsAfter: FieldCommit,
	Claimed:    judgeLeaderCommitTrue,
}

// ClaimsCommit reports whether the step tells another server of more as committed than its own server has committed.
func ClaimsCommit(s *Step) bool {
	_, _, claims := s.claim()
	return claims
}

// tellsCommit reports whether the step tells another server how far entries are committed, and shows how far its own server has committed.
func (s *Step) tellsCommit() bool {
	if !s.After.Knows(FieldCommit) || s.crashes() {
		return false
	}
	for _, m := range s.Output.Sent {
		if _, known := s.compacted(); m.Kind == AppendEntries && m.Knows(MessageCommit) || m.Kind == InstallSnapshot && m.Knows(MessagePrevIndex) && known {
			return true
		}
	}
	return false
}

// compacted returns up to where the server's log is known to be compacted, which was committed: after the step, or before it, as what it compacts since then is
// what it has committed.
func (s *Step) compacted() (base Index, known bool) {
	switch {
	case s.After.Knows(FieldLog):
		return s.After.Log.Base, true
	case s.Before.Knows(FieldLog) && s.runs() && s.Input.Kind != Stored && !s.delivered(InstallSnapshot):
		return s.Before.Log.Base, true
	}
	return 0, false
}

// claim returns the first message of a step that tells of more as committed than its server has committed, and up to which index. What
// a server had committed that is down now is gone.
func (s *Step) claim() (effect int, upTo Index, claims bool) {
	if !s.After.Knows(FieldCommit) || s.crashes() {
		return 0, 0, false
	}
	for k, m := range s.Output.Sent {
		switch own := s.committed(); {
		case m.Kind == AppendEntries && m.LeaderCommit > own:
			return k, m.LeaderCommit, true
		case m.Kind == InstallSnapshot:
			if base, known := s.compacted(); known && m.PrevLogIndex > max(own, base) {
				return k, m.PrevLogIndex, true
			}
		}
	}
	return 0, 0, false
}

// committed returns how far the server has committed, before or after the step.
func (s *Step) committed() Index {
	if s.Before.Knows(FieldCommit) && s.Before.Role != Crashed {
		return max(s.Before.CommitIndex, s.After.CommitIndex)
	}
	return s.After.CommitIndex
}

// judgeLeaderCommitTrue: what anybody has committed is committed, however the leader came to know of it.
func judgeLeaderCommitTrue(s *Step, committed []Fact) *Breach {
	k, upTo, _ := s.claim()
	if n := len(committed); n > 0 && committed[n-1].Index >= upTo {
		return nil
	}
	m, own := &s.Output.Effects[k].Message, s.committed()
	if m.Kind == InstallSnapshot {
		return s.breachSent(k, "%s sends %s a snapshot up to index %d and has committed up to %d", s.Server, m.To, upTo, own).
			refusing("last included index ≤ commitIndex", "%d is above %d", upTo, own).
			allowing("a snapshot up to index %d", own).beside("its commit index", FieldCommit)
	}
	return s.breachSent(k, "%s tells %s that entries up to index %d are committed and has committed up to %d", s.Server, m.To, upTo, own).
		refusing("leaderCommit ≤ commitIndex", "%d is above %d", upTo, own).
		allowing("leaderCommit %d", own).beside("its commit index", FieldCommit)
}

var snapshotTermTrue = &Rule{
	ID: "R7-09", Name: "snapshot-term-true",
	Sentence: "A snapshot names the term of the last entry that it covers.",
	Why: "It is what the follower compares its own entry and the next AppendEntries with, and what its votes go by. With another term a follower keeps entries that it should drop, " +
		"drops some that it acknowledged, or refuses its leader for ever. " +
		"What usually breaks it: the leader's current term, or 0, where the entry is not in the log any more.",
	Section: "Raft paper, 7 and Figure 13 (lastIncludedTerm)", Level: Must, Profile: Snapshot,
	Catches: []string{"sn-stamps-current-term"},
	Varies:  []Variant{LateTerm},
	Step:    judgeSnapshotTermTrue,
}

func judgeSnapshotTermTrue(s *Step) *Breach {
	if b := judgeOwnSnapshotTerm(s); b != nil {
		return b
	}
	for k, m := range s.Output.Sent {
		if m.Kind != InstallSnapshot || !m.Knows(MessagePrevIndex|MessagePrevTerm) || m.PrevLogIndex == 0 {
			continue
		}
		own, known := s.entryTerm(m.PrevLogIndex, m.PrevLogTerm)
		if known && own != m.PrevLogTerm {
			return s.breachSent(k, "%s sends %s a snapshot up to index %d of term %d, where its entry is of term %d", s.Server, m.To, m.PrevLogIndex, m.PrevLogTerm, own).
				refusing("last included term = log[last included index].term", "%d is not %d", m.PrevLogTerm, own).
				allowing("last included term %d", own)
		}
	}
	return nil
}

// entryTerm returns the term at an index of the server's log, before or after the step, and whether it is shown; of two the one that is likely.
func (s *Step) entryTerm(i Index, likely Term) (own Term, known bool) {
	for _, o := range [...]*Observation{&s.Before, &s.After} {
		if term, held := o.Log.termKnownAt(i); held && o.Knows(FieldLog) && (!known || term == likely) {
			own, known = term, true
		}
	}
	return own, known
}

// judgeOwnSnapshotTerm compares the term at which a server's own log begins with what stood there before: what is compacted is committed, and is replaced
// by nothing.
func judgeOwnSnapshotTerm(s *Step) *Breach {
	base := s.After.Log.Base
	if !s.runs() || !s.show(FieldLog|FieldCompacted) || base == 0 || s.After.Log.BaseTerm == 0 {
		return nil
	}
	if committed := s.Before.Knows(FieldCommit) && base <= s.Before.CommitIndex; base != s.Before.Log.Base && s.Input.Kind != Compact && !committed {
		return nil // a snapshot that was sent replaces what was not committed
	}
	own, known := s.Before.Log.termKnownAt(base)
	if !known || own == s.After.Log.BaseTerm {
		return nil
	}
	return s.breachAfter("%s has compacted its log up to index %d of term %d, where its entry was of term %d", s.Server, base, s.After.Log.BaseTerm, own).
		refusing("last included term = log[last included index].term", "%d is not %d", s.After.Log.BaseTerm, own).
		allowing("last included term %d", own).before("the log before", FieldLog)
}
