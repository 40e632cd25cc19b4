package spec

// The rules about what is on disk before it is promised (Raft paper, 5.6 and Figure 2, persistent state).

var durableBeforeSend = &Rule{
	ID: "R5.6-01", Name: "durable-before-send",
	Sentence: "Term, vote and log are safe on disk before a message that promises them is sent.",
	Why: "A message is a promise, and a server that lost power keeps only what its disk kept. A vote that is lost is given twice; an acknowledged entry that is lost was counted. " +
		"What usually breaks it: messages leave while the write is under way, or the file is written but not synced.",
	Section: "Raft paper, 5.6 and Figure 2 (persistent state)", Level: Must, Profile: Core,
	Catches: []string{"el-vote-not-durable", "el-send-before-persist", "cm-follower-ack-unsynced", "st-lazy-fsync"},
	Unless:  []Variant{VolatileUntilReady, SelfVoteByMessage},
	Needs:   FieldDurable,
	Step:    judgeDurableBeforeSend,
}

func judgeDurableBeforeSend(s *Step) *Breach {
	disk := &s.Before.Durable
	for k := range s.Output.Effects {
		switch e := &s.Output.Effects[k]; e.Kind {
		case Write, Sync:
			disk = &e.Durable
		case Send:
			if b := judgePromise(s, k, &e.Message, disk); b != nil {
				return b
			}
		}
	}
	return nil
}

// judgePromise compares a message with what a power failure would leave at the moment when it is sent.
func judgePromise(s *Step, effect int, m *Message, disk *Durable) *Breach {
	if !tellsSendersTerm(m.Kind) || m.To == s.Server {
		return nil
	}
	if m.Term > disk.Term {
		return s.breachSent(effect, "%s sends %s of term %d while its disk holds term %d", s.Server, m.Kind, m.Term, disk.Term).
			refusing("message.term ≤ term on disk", "%d is above %d", m.Term, disk.Term).
			allowing("%s syncs term %d first", s.Server, m.Term).hinting(syncHint)
	}
	switch {
	case m.Kind == RequestVoteReply && m.Granted:
		return judgePromisedVote(s, effect, m, m.To, disk)
	case m.Kind == RequestVote:
		return judgePromisedVote(s, effect, m, s.Server, disk)
	case (m.Kind == AppendEntriesReply || m.Kind == InstallSnapshotReply) && m.Success:
		return judgePromisedEntries(s, effect, m, disk)
	}
	return nil
}

const syncHint = "check that the write is synced, not only made, before the message leaves"

// judgePromisedVote: the vote that a message promises is on disk, or its term is over.
func judgePromisedVote(s *Step, effect int, m *Message, candidate ServerID, disk *Durable) *Breach {
	if disk.Term > m.Term || disk.VotedFor == candidate {
		return nil
	}
	return s.breachSent(effect, "%s sends %s of term %d while its disk holds a vote for %s, not %s", s.Server, m.Kind, m.Term, disk.VotedFor, candidate).
		refusing("votedFor on disk = candidate", "%s is not %s", disk.VotedFor, candidate).
		allowing("%s syncs its vote for %s first", s.Server, candidate).hinting(syncHint)
}

// judgePromisedEntries: the entries that a message acknowledges are on disk. By log matching it is enough to compare those that
// the request brought, and the last one before them.
func judgePromisedEntries(s *Step, effect int, m *Message, disk *Durable) *Breach {
	for i := m.MatchIndex; i > disk.Log.Base; i-- {
		term, known, more := s.acknowledged(i)
		known = known && (m.Term == s.After.Term || s.Input.Kind == Deliver) // what it acknowledges of an earlier term may be gone from memory
		onDisk, held := disk.Log.TermAt(i)
		if !held || known && onDisk != term {
			return s.breachSent(effect, "%s acknowledges entries up to index %d while its disk holds %s at index %d", s.Server, m.MatchIndex, disk.Log.at(i), i).
				refusing("entries up to matchIndex are on disk", "index %d holds %s", i, disk.Log.at(i)).
				allowing("%s syncs its log up to index %d first", s.Server, m.MatchIndex).hinting(syncHint)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// acknowledged returns the term of the entry at i that an acknowledgement in this step stands for, whether the step shows it,
// and whether the entry before it came with the same message.
func (s *Step) acknowledged(i Index) (term Term, known, more bool) {
	if m := &s.Input.Message; s.delivered(AppendEntries) && i >= m.PrevLogIndex && i <= m.LastEntryIndex() {
		if i == m.PrevLogIndex {
			return m.PrevLogTerm, m.Knows(MessagePrevTerm), false
		}
		return m.Entries[i-m.PrevLogIndex-1].Term, true, true
	}
	if s.After.Knows(FieldLog) && !s.crashes() {
		term, known = s.After.Log.termKnownAt(i)
	}
	return term, known, false
}
