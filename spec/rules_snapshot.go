package spec

// The rules about snapshots and compacted logs (Raft paper, 7). What a log has compacted is below its Base.

var compactedIsCommitted = &Rule{
	ID: "R5.3-14", Name: "compacted-is-no-conflict",
	Sentence: "A follower whose log no longer holds the previous entry, because it was compacted, loses no entry over it.",
	Why: "What was compacted was committed, so the leader has the same there. It cannot be compared any more, but need not be. " +
		"What usually breaks it: an entry that is not found is taken for one that conflicts, and all that follows is removed.",
	Section: "Raft paper, 5.3 and 7", Level: Must, Profile: Snapshot,
	Catches: []string{"rp-purged-prev-conflict"},
	Needs:   FieldTerm | FieldLog | FieldCompacted,
	Step: func(s *Step) *Breach {
		m := &s.Input.Message
		if !s.delivered(AppendEntries) || !s.runs() || m.Term < s.Before.Term || m.PrevLogIndex >= s.Before.Log.Base {
			return nil
		}
		i, lost := firstLoss(s.Before.Log, s.After.Log)
		if from, conflicts := firstConflict(m, s.Before.Log); !lost || conflicts && from <= i {
			return nil
		}
		return s.breachAfter("%s has compacted its log up to index %d, is sent entries after %d, and loses %s at index %d",
			s.Server, s.Before.Log.Base, m.PrevLogIndex, s.Before.Log.at(i), i).
			refusing("an entry sent conflicts with the log", "none does").
			allowing("%s keeps its entry at index %d", s.Server, i).since("what the leader sent", PartInput)
	},
}

var snapshotCommitted = &Rule{
	ID: "R7-01", Name: "snapshot-committed",
	Sentence: "A server compacts only entries that are committed.",
	Why: "A snapshot is the state after the entries it covers, and nothing can take a part of it back. An entry that is not committed may still be replaced. " +
		"What usually breaks it: the snapshot is taken up to the end of the log, or up to what is stored, and not up to what is applied.",
	Section: "Raft paper, 7", Level: Must, Profile: Snapshot,
	Catches: []string{"sn-covers-uncommitted"},
	Needs:   FieldLog | FieldCommit | FieldCompacted,
	Step: func(s *Step) *Breach {
		base := s.After.Log.Base
		if !s.runs() || s.delivered(InstallSnapshot) || base <= s.Before.Log.Base || base <= s.After.CommitIndex {
			return nil
		}
		return s.breachAfter("%s compacts its log up to index %d and has committed up to %d", s.Server, base, s.After.CommitIndex).
			refusing("last included index ≤ commitIndex", "%d is above %d", base, s.After.CommitIndex).
			allowing("%s compacts up to index %d", s.Server, s.After.CommitIndex)
	},
}

var snapshotWhenCompacted = &Rule{
	ID: "R7-02", Name: "snapshot-when-compacted",
	Sentence: "A leader that has compacted the entry that a follower needs next sends it a snapshot.",
	Why: "AppendEntries cannot bring what the leader does not have. A message without it tells the follower how far its leader has committed " +
		"and not what, and the follower may commit something else of its own. " +
		"What usually breaks it: an off-by-one in the comparison of nextIndex with the last index that the snapshot covers.",
	Section: "Raft paper, 7", Level: Must, Profile: Snapshot,
	Catches: []string{"rp-empty-ae-not-snap"},
	Needs:   FieldRole | FieldLog | FieldCompacted,
	Step: func(s *Step) *Breach {
		base := min(s.Before.Log.Base, s.After.Log.Base)
		for k, m := range s.Output.Sent {
			if m.Kind != AppendEntries || m.PrevLogIndex >= base || len(m.Entries) == 0 && m.LeaderCommit <= m.PrevLogIndex {
				continue
			}
			return s.breachSent(k, "%s sends %s what follows entry %d, and has compacted its log up to index %d", s.Server, m.To, m.PrevLogIndex, base).
				refusing("nextIndex > last index of the snapshot", "%d is not above %d", m.PrevLogIndex+1, base).
				allowing("%s sends %s its snapshot up to index %d", s.Server, m.To, base)
		}
		return nil
	},
}

var installRaises = &Rule{
	ID: "R7-03", Name: "install-raises",
	Sentence: "A snapshot lowers neither the term nor the commit index nor the applied index of the server that takes it, and one that is older than what it committed changes nothing.",
	Why: "Snapshots are large and slow, so old ones arrive late and twice. Going back to one undoes what was applied. " +
		"What usually breaks it: the snapshot's last term is stored as the current one, or nobody looks whether it is newer.",
	Section: "Raft paper, 7 and Figure 13", Level: Must, Profile: Snapshot,
	Catches: []string{"sn-term-regress", "sn-older-snapshot"},
	Needs:   FieldTerm | FieldLog | FieldCommit,
	Step:    judgeInstallRaises,
}

func judgeInstallRaises(s *Step) *Breach {
	m := &s.Input.Message
	if !s.delivered(InstallSnapshot) || !s.runs() {
		return nil
	}
	for _, n := range []struct {
		name          string
		before, after uint64
		known         bool
	}{
		{"currentTerm", uint64(s.Before.Term), uint64(s.After.Term), true},
		{"commitIndex", uint64(s.Before.CommitIndex), uint64(s.After.CommitIndex), true},
		{"lastApplied", uint64(s.Before.LastApplied), uint64(s.After.LastApplied), s.show(FieldApplied)},
	} {
		if n.known && n.after < n.before {
			return s.breachAfter("%s takes a snapshot up to index %d of term %d, and its %s falls from %d to %d",
				s.Server, m.PrevLogIndex, m.PrevLogTerm, n.name, n.before, n.after).
				refusing(n.name+" after ≥ "+n.name+" before", "%d is below %d", n.after, n.before).
				allowing("%s keeps %s %d", s.Server, n.name, n.before).since("the snapshot", PartInput)
		}
	}
	if m.PrevLogIndex <= s.Before.CommitIndex && logChanged(s.Before.Log, s.After.Log) {
		return s.breachAfter("%s has committed up to index %d, takes a snapshot up to %d, and its log changes from %s to %s",
			s.Server, s.Before.CommitIndex, m.PrevLogIndex, s.Before.Log.short(), s.After.Log.short()).
			refusing("last included index > commitIndex", "%d is not above %d", m.PrevLogIndex, s.Before.CommitIndex).
			allowing("%s keeps its log", s.Server).since("the snapshot", PartInput)
	}
	return nil
}

var installKeepsSuffix = &Rule{
	ID: "R7-04", Name: "install-keeps-suffix",
	Sentence: "A server that is sent a newer snapshot takes it, keeps the entries after it if its log has the snapshot's last entry, and drops all of them if not.",
	Why: "Entries after a last entry that agrees may have been acknowledged, and the leader counts on them. Entries after one that does not agree belong to " +
		"a history that lost, and would stand behind a prefix that they do not follow. Refusing helps nobody in the end: the leader has nothing else to send. A server that is busy, or installs in the background, takes it later. " +
		"What usually breaks it: the log is always dropped, never dropped, or a conflict is taken for an error.",
	Section: "Raft paper, 7 and Figure 13 (steps 6 and 7)", Level: Must, Profile: Snapshot,
	Catches: []string{"sn-reject-on-conflict", "sn-drops-suffix", "sn-keeps-conflict"},
	Varies:  []Variant{InstallsAtOnce},
	Needs:   FieldTerm | FieldLog | FieldCommit,
	Step:    judgeInstallKeepsSuffix,
}

func judgeInstallKeepsSuffix(s *Step) *Breach {
	index, term, installs := s.snapshotAtHand()
	if !installs || index <= s.Before.CommitIndex {
		return nil
	}
	own, held := s.Before.Log.TermAt(index)
	agrees := held && own == term
	told := func(b *Breach) *Breach {
		if s.delivered(InstallSnapshot) {
			return b.since("the snapshot", PartInput)
		}
		return b.before("the log before", FieldLog)
	}
	switch last := s.After.Log.LastIndex(); {
	case s.After.Log.LastIndex() == s.Before.Log.LastIndex() && s.Before.Knows(FieldConfig) && !s.Before.Config.Has(s.Server):
		return nil // who is to be added need not take a snapshot from a time when it was no member
	case max(s.After.Log.Base, s.After.CommitIndex) < index:
		if !s.Declared.Has(InstallsAtOnce) {
			return nil // it is busy, or takes it in a step of its own
		}
		return told(s.breachAfter("%s is sent a snapshot up to index %d and keeps to index %d", s.Server, index, s.After.CommitIndex).
			refusing("commitIndex ≥ last included index", "%d is below %d", s.After.CommitIndex, index).
			allowing("%s takes the snapshot", s.Server))
	case agrees && last < s.Before.Log.LastIndex():
		return told(s.breachAfter("%s takes a snapshot up to index %d and drops its entries after that, up to %d", s.Server, index, s.Before.Log.LastIndex()).
			refusing("log[last included index].term ≠ last included term", "both are %d", own).
			allowing("%s keeps the entries after index %d", s.Server, index))
	case !agrees && last > index:
		return told(s.breachAfter("%s takes a snapshot up to index %d of term %d and keeps its entries after that, up to %d, though it has %s there",
			s.Server, index, term, last, s.Before.Log.at(index)).
			refusing("log[last included index].term = last included term", "%s is not of term %d", s.Before.Log.at(index), term).
			allowing("%s drops its whole log", s.Server))
	}
	return nil
}

// snapshotAtHand returns the last entry of the snapshot that the step brings or installs, and whether there is one: the message, or a log that begins
// above what was committed, where a server installs in a step of its own what it was sent before.
func (s *Step) snapshotAtHand() (Index, Term, bool) {
	m := &s.Input.Message
	switch {
	case !s.runs():
		return 0, 0, false
	case s.delivered(InstallSnapshot):
		return m.PrevLogIndex, m.PrevLogTerm, m.Term >= s.Before.Term && !m.Partial && m.Knows(MessageTerm|MessagePrevIndex|MessagePrevTerm)
	case s.Input.Kind == Compact || !s.show(FieldCompacted) || s.After.Log.Base <= s.Before.Log.LastIndex() && !s.conflictsWithSnapshot():
		return 0, 0, false // its own snapshot, of what it holds
	}
	return s.After.Log.Base, s.After.Log.BaseTerm, s.After.Log.BaseTerm > 0
}

// conflictsWithSnapshot reports whether the log begins after the step with an entry other than the one that stood there before.
func (s *Step) conflictsWithSnapshot() bool {
	base := s.After.Log.Base
	own, known := s.Before.Log.termKnownAt(base)
	return base > s.Before.Log.Base && known && s.After.Log.BaseTerm > 0 && own != s.After.Log.BaseTerm
}

var snapshotWhole = &Rule{
	ID: "R7-11", Name: "snapshot-whole",
	Sentence: "Nothing of a snapshot that comes in chunks is installed, or acknowledged, before the last of them.",
	Why: "A part of a state machine's state is no state that it was ever in. If it is taken for the whole, the server has committed up to the snapshot's last index and lacks what makes it so. " +
		"What usually breaks it: done is not looked at, or the first chunk is acknowledged like the last.",
	Section: "Raft paper, 7 and Figure 13 (steps 2 to 5)", Level: Must, Profile: Snapshot,
	NoMutant: "The reference sends snapshots in one piece.",
	Step:     judgeSnapshotWhole,
}

func judgeSnapshotWhole(s *Step) *Breach {
	m := &s.Input.Message
	if !s.delivered(InstallSnapshot) || !s.runs() || !m.Partial {
		return nil
	}
	if s.show(FieldLog) && (s.After.Log.Base > s.Before.Log.Base || logChanged(s.Before.Log, s.After.Log)) {
		return s.breachAfter("%s is sent a part of a snapshot up to index %d, and its log changes from %s to %s", s.Server, m.PrevLogIndex, s.Before.Log.short(), s.After.Log.short()).
			refusing("done", "the chunk at offset %d is not the last", m.Offset).allowing("%s keeps its log until the last chunk", s.Server).since("the chunk", PartInput)
	}
	if s.show(FieldCommit) && s.After.CommitIndex > s.Before.CommitIndex {
		return s.breachAfter("%s is sent a part of a snapshot up to index %d and commits up to index %d", s.Server, m.PrevLogIndex, s.After.CommitIndex).
			refusing("done", "the chunk at offset %d is not the last", m.Offset).allowing("%s keeps commitIndex %d", s.Server, s.Before.CommitIndex).since("the chunk", PartInput)
	}
	for k, reply := range s.Output.Sent {
		if reply.Kind != InstallSnapshotReply || !reply.Success || reply.MatchIndex == 0 || reply.MatchIndex < m.PrevLogIndex || s.holdsUpTo(reply.MatchIndex) {
			continue
		}
		return s.breachSent(k, "%s acknowledges a snapshot up to index %d of which it was sent a part", s.Server, reply.MatchIndex).
			refusing("done", "the chunk at offset %d is not the last", m.Offset).allowing("%s acknowledges the chunk, and no index", s.Server).since("the chunk", PartInput)
	}
	return nil
}

// holdsUpTo reports whether the server may hold what stands up to an index, as far as it shows its log: a part of a snapshot adds nothing to that.
func (s *Step) holdsUpTo(i Index) bool {
	o := &s.After
	if !o.Knows(FieldLog) {
		o = &s.Before
	}
	return !o.Knows(FieldLog) || o.Log.LastIndex() >= i
}

var snapshotBeforeTruncation = &Rule{
	ID: "R7-06", Name: "snapshot-before-truncation",
	Sentence: "The snapshot is on disk before the entries that it covers are dropped: no crash in between loses an entry or leaves a gap.",
	Why: "Snapshot and log are two files, and a crash may come between writing the two. With entries in both a restart drops the older ones; with entries in neither " +
		"it has a log that begins in the middle. " +
		"What usually breaks it: the log is cut first, or the snapshot is written and not synced.",
	Section: "Raft paper, 7", Level: Must, Profile: Snapshot,
	Catches: []string{"sn-log-gap-restart"},
	Needs:   FieldDurable,
	Step:    judgeSnapshotBeforeTruncation,
}

// judgeSnapshotBeforeTruncation looks at what a power failure would leave after each durable effect of compacting a log.
func judgeSnapshotBeforeTruncation(s *Step) *Breach {
	if s.Input.Kind != Compact {
		return nil
	}
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Write && e.Kind != Sync {
			continue
		}
		if i, lost := firstLoss(s.Before.Durable.Log, e.Durable.Log); lost {
			return s.breach(PartEffect, k, "%s compacts its log, and a crash now would lose %s at index %d", s.Server, s.Before.Durable.Log.at(i), i).
				refusing("entries are on disk, in the log or in the snapshot", "index %d is in neither", i).
				allowing("%s syncs the snapshot first", s.Server)
		}
	}
	return nil
}
