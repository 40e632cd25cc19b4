package spec

// The rules about what stands in a log, and how AppendEntries changes it (Raft paper, 5.3).

var leaderAppendOnly = &Rule{
	ID: "R5.3-01", Name: "leader-append-only",
	Sentence: "A leader never overwrites or deletes entries in its log; it only appends.",
	Why: "A leader's log is what all others are made to agree with. An entry it drops may already be on a majority, and its successor will bring it back. " +
		"What usually breaks it: a leader treats a message of its own term like a follower would, or cleans up entries whose clients went away.",
	Section: "Raft paper, 5.3 and Figure 3", Level: Must, Profile: Core,
	Catches: []string{"rp-leader-drops-own"},
	Needs:   FieldRole | FieldTerm | FieldLog,
	Step: func(s *Step) *Breach {
		if !s.leads() {
			return nil
		}
		i, lost := firstLoss(s.Before.Log, s.After.Log)
		if !lost {
			return nil
		}
		return s.breachAfter("%s, leader of term %d, had %s at index %d and now has %s there",
			s.Server, s.After.Term, s.Before.Log.at(i), i, s.After.Log.at(i)).
			refusing("the log before is a prefix of the log after", "they differ from index %d on", i).
			allowing("%s keeps its entries up to index %d", s.Server, s.Before.Log.LastIndex()).before("the log before", FieldLog)
	},
}

var logMatching = &Rule{
	ID: "R5.3-02", Name: "log-matching",
	Sentence: "If two logs have an entry with the same index and term, they are the same up to that entry, on all servers and for ever.",
	Why: "It lets a leader compare one index and term and know that all before it agrees. Once two entries share both, conflicts are no longer seen. " +
		"What usually breaks it: two leaders in one term, an entry stamped with another term than the one in which its leader was elected, " +
		"or a follower that appends without comparing the previous entry.",
	Section: "Raft paper, 5.3 and Figure 3", Level: Must, Profile: Core, Outcome: true,
	Catches:   []string{"rp-async-heartbeat", "rp-wal-term-drift", "st-truncate-nonatomic"},
	Needs:     FieldLog,
	Agreement: FactEntry,
	Pair:      judgeLogMatching,
}

func judgeLogMatching(a, b *Sight) *Breach {
	if a.Role == Crashed || b.Role == Crashed {
		return nil // a disk may be torn until the server has recovered
	}
	differs, base := firstDifference(a.Log, b.Log), max(a.Log.Base, b.Log.Base)
	last := min(a.Log.LastIndex(), b.Log.LastIndex())
	x, known := a.Log.termKnownAt(base)
	if y, shown := b.Log.termKnownAt(base); known && shown && x != y {
		differs = base // what one of them has compacted was another entry
	}
	for i := max(differs, base+1); i <= last; i++ {
		x, _ := a.Log.At(i)
		y, _ := b.Log.At(i)
		if x.Term != y.Term {
			continue
		}
		return pairBreach(a, b, "%s has %s and %s has %s at index %d, of the same term, but %s and %s at index %d",
			a.Server, x, b.Server, y, i, a.Log.at(differs), b.Log.at(differs), differs).
			allowing("an entry of index %d and term %d is the same, after the same entries, on every server", i, x.Term)
	}
	return nil
}

var prevMatches = &Rule{
	ID: "R5.3-03", Name: "prev-matches",
	Sentence: "A follower accepts AppendEntries only if its log holds the previous entry with the index and term that the leader names.",
	Why: "This one comparison is the induction step of log matching: it carries the agreement from the previous entry to the new ones. " +
		"What usually breaks it: only the index is compared, or the check is left out for the first entry after compaction.",
	Section: "Raft paper, 5.3 and Figure 2 (AppendEntries, step 2)", Level: Must, Profile: Core,
	Catches: []string{"rp-wal-term-drift"},
	Needs:   FieldTerm | FieldLog | FieldCommit,
	Step:    judgePrevMatches,
}

func judgePrevMatches(s *Step) *Breach {
	m := &s.Input.Message
	if !s.delivered(AppendEntries) || m.Term < s.Before.Term || s.Before.Role == Crashed {
		return nil
	}
	prev, log := m.PrevLogIndex, s.Before.Log
	if prev <= log.Base || prev <= s.Before.CommitIndex {
		return nil // committed, and so the same on the leader
	}
	term, held := log.TermAt(prev)
	if held && (term == m.PrevLogTerm || !m.Knows(MessagePrevTerm)) {
		return nil
	}
	effect, accepts := s.acknowledges(m)
	part := PartEffect
	if !accepts {
		part = PartAfter
		if _, gained := firstGain(log, s.After.Log); !gained || s.crashes() {
			return nil
		}
	}
	b := s.breach(part, effect, "%s accepts entries after %s, where it has %s", s.Server, m.previous(), log.at(prev)).
		allowing("%s refuses, and the leader tries again further back", s.Server).since("what the leader sent", PartInput)
	if held {
		return b.refusing("log[prevLogIndex].term = prevLogTerm", "%d is not %d", term, m.PrevLogTerm)
	}
	return b.refusing("prevLogIndex ≤ last index", "%d is above %d", prev, log.LastIndex())
}

// acceptsUnseen is judgePrevMatches of a follower that does not show what it is afterwards: that it accepts is said by its acknowledgement, which goes at least as far as
// the previous entry. What it has committed lies within its log.
func (s *Step) acceptsUnseen() *Breach {
	m, b := &s.Input.Message, &s.Before
	if s.show(prevMatches.Needs) || !s.delivered(AppendEntries) || !b.Knows(FieldTerm|FieldLog|FieldCompacted) || !s.runs() ||
		!b.Knows(FieldCommit) && m.PrevLogIndex <= b.Log.LastIndex() {
		return nil
	}
	k, accepts := s.acknowledges(m)
	if !accepts {
		return nil
	}
	if reply := &s.Output.Effects[k].Message; !reply.Knows(MessageMatch) || reply.MatchIndex < m.PrevLogIndex {
		return nil
	}
	return judgePrevMatches(s)
}

// acknowledges returns the first reply of the step that tells the sender of m of success, and whether there is one.
func (s *Step) acknowledges(m *Message) (effect int, yes bool) {
	for k, reply := range s.Output.Sent {
		if reply.Success && s.answeredBy(reply) {
			return k, true
		}
	}
	return 0, false
}

var truncateOnConflict = &Rule{
	ID: "R5.3-04", Name: "truncate-on-conflict",
	Sentence: "A server removes entries only from the first one on whose term conflicts with what its leader sent.",
	Why: "A follower may have acknowledged what it holds, and the leader counts on it. Messages arrive late, so a shorter message proves nothing about what comes after it. " +
		"What usually breaks it: the log is cut after the previous entry before the entries are compared.",
	Section: "Raft paper, 5.3 and Figure 2 (AppendEntries, step 3)", Level: Must, Profile: Core,
	Catches: []string{"rp-erase-matching", "rp-stale-nack-truncate", "rp-rollback-too-far", "rp-purged-prev-conflict"},
	Varies:  []Variant{DropsUnacknowledged},
	Needs:   FieldLog,
	Step:    judgeTruncateOnConflict,
}

func judgeTruncateOnConflict(s *Step) *Breach {
	if s.Input.Kind == 0 || s.delivered(InstallSnapshot) || s.Input.Cut > 0 {
		return nil
	}
	if !s.runs() {
		return judgeDurableLogKept(s)
	}
	i, lost := firstLoss(s.Before.Log, s.After.Log)
	if !lost {
		return nil
	}
	from, conflicts := Index(0), false
	if s.delivered(AppendEntries) {
		from, conflicts = firstConflict(&s.Input.Message, s.Before.Log)
	}
	if conflicts && from <= i || s.conflictsWithSnapshot() && i > s.After.Log.Base || s.dropsUnacknowledged(i) {
		return nil
	}
	b := s.breachAfter("%s had %s at index %d and now has %s there", s.Server, s.Before.Log.at(i), i, s.After.Log.at(i)).
		allowing("%s keeps its entry at index %d", s.Server, i).before("the log before", FieldLog)
	switch {
	case !s.delivered(AppendEntries):
		return b.refusing("a leader sent an entry that conflicts", "the input is %s", s.happened())
	case !conflicts:
		return b.refusing("an entry sent conflicts with the log", "none does").since("what the leader sent", PartInput)
	}
	return b.refusing("entries before the first conflict stay", "it is at index %d", from).since("what the leader sent", PartInput)
}

// judgeDurableLogKept sees that entries on disk are gone after a crash or a restart. What a server that is down shows is what it will find,
// also of what was written and not synced; and what it replaced in memory before the crash may be replaced on its disk too.
func judgeDurableLogKept(s *Step) *Breach {
	down := s.Before.Role == Crashed && s.Before.Knows(FieldRole)
	disk := s.Before.Durable.Log
	switch {
	case down:
		disk = s.Before.Log
	case !s.Before.Knows(FieldDurable):
		return nil
	}
	i, lost := firstLoss(disk, s.After.Log)
	if !lost || !down && s.replacedInMemory(i, disk) {
		return nil
	}
	return s.breachAfter("%s had %s at index %d on its disk and comes back with %s there", s.Server, disk.at(i), i, s.After.Log.at(i)).
		refusing("the log on disk is a prefix of the log after", "they differ from index %d on", i).
		allowing("%s comes back with its entries up to index %d", s.Server, disk.LastIndex()).before("the log on disk", FieldDurable)
}

// replacedInMemory reports whether a server that crashes had something else at an index than its disk, so that a write that was under way
// may have put that there.
func (s *Step) replacedInMemory(i Index, disk Log) bool {
	if _, left := s.After.Log.At(i); i <= s.Before.Log.Base {
		return left
	}
	own, held := s.Before.Log.At(i)
	return !held || !own.agrees(disk.Entries[i-disk.Base-1])
}

// firstConflict returns the first index at which AppendEntries names another term than the log has, and whether there is one.
func firstConflict(m *Message, log Log) (Index, bool) {
	if term, known := log.termKnownAt(m.PrevLogIndex); known && term != m.PrevLogTerm && m.Knows(MessagePrevTerm) {
		return m.PrevLogIndex, true
	}
	for k := range m.Entries {
		i := m.PrevLogIndex + 1 + Index(k)
		if term, known := log.termKnownAt(i); known && term != m.Entries[k].Term {
			return i, true
		}
	}
	return 0, false
}

var appendIdempotent = &Rule{
	ID: "R5.3-05", Name: "append-idempotent",
	Sentence: "AppendEntries that brings nothing new leaves the log as it is.",
	Why: "Leaders send again when no reply comes, and networks deliver twice and out of order, so followers see old messages all the time. " +
		"What usually breaks it: entries are appended without a look at what is there, or below what was compacted.",
	Section: "Raft paper, 5.3 and Figure 2 (AppendEntries, steps 3 and 4)", Level: Must, Profile: Core,
	Catches: []string{"rp-erase-matching", "rp-stale-nack-truncate", "rp-catchup-truncates", "rp-dup-append-compacted"},
	Varies:  []Variant{DropsUnacknowledged},
	Needs:   FieldLog,
	Step: func(s *Step) *Breach {
		if !s.delivered(AppendEntries) || !s.runs() || !logChanged(s.Before.Log, s.After.Log) || !covers(s.Before.Log, &s.Input.Message) || s.dropsTail() {
			return nil
		}
		m := &s.Input.Message
		return s.breachAfter("%s has all that %s sent, up to index %d, and its log changes from %s to %s",
			s.Server, m.From, m.LastEntryIndex(), s.Before.Log.short(), s.After.Log.short()).
			refusing("an entry sent is not in the log", "all are").
			allowing("%s keeps its log", s.Server).since("what the leader sent", PartInput)
	},
}

// covers reports whether a log holds all that AppendEntries brings. What it compacted, it held.
func covers(log Log, m *Message) bool {
	if m.LastEntryIndex() > log.LastIndex() {
		return false
	}
	_, conflicts := firstConflict(m, log)
	return !conflicts
}

// short prints a log, or only how far it goes if it is long.
func (l Log) short() string {
	if len(l.Entries) <= 8 {
		return l.String()
	}
	return "entries up to " + l.at(l.LastIndex())
}

var logTermsOrdered = &Rule{
	ID: "R5.3-15", Name: "log-terms-ordered",
	Sentence: "Terms never decrease along a log, and none is above the server's current term.",
	Why: "Logs are compared by their last term, which says something only if no later term stands before it. " +
		"What usually breaks it: a disk that was written in two steps, of which a crash let only one happen, or a term that was lost while the log was not.",
	Section: "Raft paper, 5.3 and 5.4.1", Level: Must, Profile: Core,
	Catches:    []string{"st-truncate-nonatomic"},
	NeedsAfter: FieldTerm | FieldLog,
	Step:       judgeLogTermsOrdered,
}

func judgeLogTermsOrdered(s *Step) *Breach {
	if s.crashes() {
		return nil // a disk may be torn until the server has recovered
	}
	log := s.After.Log
	known := s.ordered(&log)
	first := known + 1
	const short = 64 // entries that are looked at again although they may have been there before
	if s.Before.Knows(FieldLog) && s.Before.Role != Crashed && len(log.Entries) > short {
		first = max(first, firstDifference(s.Before.Log, log))
	}
	for i := first; i <= log.LastIndex(); i++ {
		e, _ := log.At(i)
		if before, _ := log.TermAt(i - 1); e.Term < before {
			return s.breachAfter("%s has %s at index %d after an entry of term %d", s.Server, e, i, before).
				refusing("log[i].term ≥ log[i-1].term", "%d is below %d", e.Term, before)
		}
	}
	if first == known+1 {
		s.foundOrdered(&log)
	}
	if last := log.LastTerm(); last > s.After.Term {
		return s.breachAfter("%s in term %d has %s at index %d", s.Server, s.After.Term, log.at(log.LastIndex()), log.LastIndex()).
			refusing("log[last].term ≤ currentTerm", "%d is above %d", last, s.After.Term)
	}
	return nil
}
