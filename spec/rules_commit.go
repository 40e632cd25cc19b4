package spec

import "slices"

// The rules about commitment (Raft paper, 5.3, 5.4.2 and 5.4.3).

var commitOwnTerm = &Rule{
	ID: "R5.4.2-01", Name: "commit-own-term",
	Sentence: "A leader advances its commit index by counting copies only to an entry of its own term.",
	Why: "An entry of an earlier term may be on a majority and still be overwritten, by a server whose last entry is newer (Figure 8). " +
		"An entry of the leader's own term on a majority keeps such servers from being elected, and commits all before it. " +
		"What usually breaks it: the comparison of terms is left out, and nothing goes wrong for a long time.",
	Section: "Raft paper, 5.4.2 and Figure 8", Level: Must, Profile: Core,
	Catches: []string{"cm-old-term"},
	Needs:   FieldRole | FieldTerm | FieldLog | FieldCommit,
	Step: func(s *Step) *Breach {
		if !s.commitsAsLeader() {
			return nil
		}
		i := s.After.CommitIndex
		term, known := s.After.Log.termKnownAt(i)
		if !known || term == s.After.Term {
			return nil
		}
		return s.breachAfter("%s, leader of term %d, commits index %d, an entry of term %d", s.Server, s.After.Term, i, term).
			refusing("log[commitIndex].term = currentTerm", "%d is not %d", term, s.After.Term).
			allowing("%s keeps commitIndex %d until an entry of term %d is on a majority", s.Server, s.Before.CommitIndex, s.After.Term).
			before("commitIndex before", FieldCommit)
	},
}

// commitsAsLeader reports whether the server raises its commitIndex while it leads, or as it takes office.
func (s *Step) commitsAsLeader() bool {
	return s.After.Role == Leader && s.After.CommitIndex > s.Before.CommitIndex && s.runs()
}

var commitWhatIsStored = &Rule{
	ID: "R5.4.2-02", Name: "commit-what-is-stored",
	Sentence: "A leader that learns that an entry of its own term is on a majority of every active configuration commits it, also if older entries stand before it.",
	Why: "Entries of earlier terms are committed with the first one of the leader's own. If they stop it from looking further, nothing is ever committed again. " +
		"What usually breaks it: a loop over the entries that ends at the first one that may not be counted.",
	Section: "Raft paper, 5.3, 5.4.2 and Figure 2 (leaders)", Level: Must, Profile: Core,
	Catches: []string{"cm-loop-break"},
	Only:    []Variant{CommitsAtOnce},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldLog | FieldCommit | FieldProgress | FieldConfig | FieldDurable,
	Step:    judgeCommitWhatIsStored,
	Live:    liveCommit,
}

// judgeCommitWhatIsStored looks at what a leader knows after an acknowledgement. Its own copy counts if it is on disk.
func judgeCommitWhatIsStored(s *Step) *Breach {
	if !s.delivered(AppendEntriesReply) || !s.Input.Message.Success || !s.leads() {
		return nil
	}
	log := &s.After.Log
	for i := log.LastIndex(); i > s.After.CommitIndex && i > log.Base; i-- {
		e := log.Entries[i-log.Base-1]
		if e.Term != s.After.Term {
			return nil
		}
		own, held := s.Before.Durable.Log.TermAt(i)
		stored := func(id ServerID) bool {
			if id == s.Server {
				return held && own == e.Term
			}
			p := s.After.progressOf(id, int(id)-1)
			return p != nil && p.MatchIndex >= i
		}
		if !s.commits(&s.After.Config, stored) || !s.commits(&s.Before.Config, stored) {
			continue
		}
		return s.breachAfter("%s, leader of term %d, knows %s at index %d to be on a majority and stays at commitIndex %d",
			s.Server, s.After.Term, e, i, s.After.CommitIndex).
			refusing("commitIndex ≥ last entry of its term on a majority", "%d is below %d", s.After.CommitIndex, i).
			allowing("%s commits up to index %d", s.Server, i).since("the acknowledgement", PartInput)
	}
	return nil
}

var commitMonotonic = &Rule{
	ID: "R5.3-16", Name: "commit-monotonic",
	Sentence: "A server's commit index never decreases while it runs.",
	Why: "What is committed is applied, and cannot be taken back. A commit index that falls lets entries be applied twice, or others in their place. " +
		"What usually breaks it: a follower takes its leader's commit index as it is, also from a message that comes late or from a leader that knows less.",
	Section: "Raft paper, Figure 2 (volatile state on all servers)", Level: Must, Profile: Core,
	Catches: []string{"cm-nonmonotone"},
	Unless:  []Variant{CommitMayFall},
	Needs:   FieldCommit,
	Step: func(s *Step) *Breach {
		if !s.runs() || s.After.CommitIndex >= s.Before.CommitIndex {
			return nil
		}
		return s.breachAfter("%s takes its commit index back from %d to %d", s.Server, s.Before.CommitIndex, s.After.CommitIndex).
			refusing("commitIndex after ≥ commitIndex before", "%d is below %d", s.After.CommitIndex, s.Before.CommitIndex).
			allowing("%s keeps commitIndex %d", s.Server, s.Before.CommitIndex).before("commitIndex before", FieldCommit)
	},
}

var commitVerified = &Rule{
	ID: "R5.3-17", Name: "commit-verified",
	Sentence: "A follower commits no further than its leader has committed, and no further than the message, or an entry of the leader's own term, proves its log to match.",
	Why: "Beyond what the message covers a follower may hold entries of another leader. They stand at indexes that are committed, but are not what was committed there. " +
		"What usually breaks it: the smaller of leaderCommit and the follower's own last index, where the last entry of the message is meant.",
	Section: "Raft paper, 5.3 and Figure 2 (AppendEntries, step 5)", Level: Must, Profile: Core,
	Catches: []string{"rp-commit-past-verified"},
	Varies:  []Variant{CachesEntries},
	Needs:   FieldCommit,
	Step:    judgeCommitVerified,
}

func judgeCommitVerified(s *Step) *Breach {
	if s.After.CommitIndex <= s.Before.CommitIndex || !s.runs() || s.delivered(AppendEntries) && s.keepsUnseen() {
		return nil
	}
	m := &s.Input.Message
	last, commit := s.proves()
	switch {
	case s.delivered(AppendEntries) && s.After.CommitIndex > commit:
		return s.breachAfter("%s commits up to index %d and %s told it of commitIndex %d", s.Server, s.After.CommitIndex, m.From, m.LeaderCommit).
			refusing("commitIndex ≤ leaderCommit", "%d is above %d", s.After.CommitIndex, m.LeaderCommit).
			allowing("%s commits up to index %d", s.Server, max(s.Before.CommitIndex, min(m.LeaderCommit, m.LastEntryIndex()))).
			since("what the leader sent", PartInput)
	case s.delivered(AppendEntries) && s.After.CommitIndex > last && !s.hasLeadersOwn(s.After.CommitIndex):
		return s.breachAfter("%s commits up to index %d on a message that ends at index %d", s.Server, s.After.CommitIndex, m.LastEntryIndex()).
			refusing("commitIndex ≤ prevLogIndex + number of entries", "%d is above %d + %d", s.After.CommitIndex, m.PrevLogIndex, len(m.Entries)).
			allowing("%s commits up to index %d", s.Server, max(s.Before.CommitIndex, min(m.LeaderCommit, m.LastEntryIndex()))).
			since("what the leader sent", PartInput)
	case s.delivered(InstallSnapshot) && s.After.CommitIndex > m.PrevLogIndex:
		return s.breachAfter("%s commits up to index %d on a snapshot up to index %d", s.Server, s.After.CommitIndex, m.PrevLogIndex).
			refusing("commitIndex ≤ last index of the snapshot", "%d is above %d", s.After.CommitIndex, m.PrevLogIndex).
			allowing("%s commits up to index %d", s.Server, max(s.Before.CommitIndex, m.PrevLogIndex)).
			since("what the leader sent", PartInput)
	}
	return nil
}

// hasLeadersOwn reports whether the follower's log has an entry of the message's term at an index or behind it, or may have one as far as it is shown. Only
// the leader of the term can have created that, so the logs match up to there, whatever the message covers (Log Matching).
func (s *Step) hasLeadersOwn(i Index) bool {
	o, term := &s.After, s.Input.Message.Term
	if !o.Knows(FieldLog) || !s.Input.Message.Knows(MessageTerm) || i <= o.Log.Base && o.Log.BaseTerm == 0 {
		return true
	}
	for at := o.Log.LastIndex(); at >= max(i, o.Log.Base); at-- {
		if t, known := o.Log.TermAt(at); known && t == term {
			return true
		}
	}
	return false
}

var commitMajority = &Rule{
	ID: "R5.3-20", Name: "commit-majority",
	Sentence: "A leader advances its commit index only to an entry that is stored on a majority of every active configuration.",
	Why: "Only then does every later majority of voters have a server that holds the entry, and that keeps those without it from winning. " +
		"What usually breaks it: half taken for a majority, a refusal counted as a copy, or a follower that acknowledges more than it was sent.",
	Section: "Raft paper, 5.3 and Figure 2 (leaders)", Level: Must, Profile: Core, Outcome: true,
	Catches: []string{"cm-quorum-half", "rp-match-from-nack", "rp-ack-too-far", "el-count-nonmember-votes", "mb-learner-in-quorum"},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldLog | FieldCommit | FieldProgress | FieldConfig,
	Step:    judgeCommitMajority,
	Pair:    judgeCountedCopy,
}

func judgeCommitMajority(s *Step) *Breach {
	if !s.commitsAsLeader() || s.commits(&s.After.Config, s.stores) || s.commits(s.committedUnder(), s.stores) {
		return nil
	}
	var copies []ServerID
	for _, id := range slices.Concat(s.After.Config.Voters, s.After.Config.Outgoing) {
		if s.stores(id) && !slices.Contains(copies, id) {
			copies = append(copies, id)
		}
	}
	return s.breachAfter("%s, leader of term %d, commits index %d, which it knows to be stored on %s", s.Server, s.After.Term, s.After.CommitIndex, listed(copies)).
		refusing("servers with matchIndex ≥ commitIndex are "+s.enough(&s.After.Config, committing), "%s of %s", listed(copies), configured(&s.After.Config)).
		allowing("%s keeps commitIndex %d", s.Server, s.Before.CommitIndex).before("commitIndex before", FieldCommit)
}

// committedUnder returns the configuration that was in force before the step changed it last: the one before the step, or one that the step itself
// appended and committed, which is in force from then on (Raft paper, 6).
func (s *Step) committedUnder() *Configuration {
	if s.Declared.Has(ConfigurationInLog) && s.Before.Knows(FieldLog) {
		if c, at, found := s.lastConfiguration(&s.After.Log, s.After.CommitIndex); found && at > s.Before.Log.LastIndex() {
			return &c
		}
	}
	return &s.Before.Config
}

// stores reports whether the leader knows that a server stores its entries up to the leader's commitIndex.
func (s *Step) stores(id ServerID) bool {
	if id == s.Server {
		return s.After.Log.LastIndex() >= s.After.CommitIndex
	}
	i := s.After.CommitIndex
	if p := s.After.progressOf(id, int(id)-1); p != nil {
		return p.MatchIndex >= i
	}
	// What it commits may remove the very server whose acknowledgement commits it.
	if p := s.Before.progressOf(id, int(id)-1); p != nil && p.MatchIndex >= i {
		return true
	}
	m := &s.Input.Message
	return s.delivered(AppendEntriesReply) && m.From == id && m.Success && m.Term == s.After.Term && m.MatchIndex >= i
}

// commitsAndLeaves returns the breach of a leader that commits over an acknowledgement what too few servers store, and leads no more when the step is over, as one that is
// removed: what it counted is what it believed of others before, and that acknowledgement.
func (s *Step) commitsAndLeaves() *Breach {
	const shown = FieldRole | FieldTerm | FieldCommit | FieldConfig
	b, o, m := &s.Before, &s.After, &s.Input.Message
	if !s.show(shown) || !b.Knows(FieldProgress|FieldLog) || !s.runs() || !s.delivered(AppendEntriesReply) || s.Gap ||
		b.Role != Leader || o.Role != Follower || b.Term != o.Term || o.CommitIndex <= b.CommitIndex {
		return nil
	}
	stores := func(id ServerID) bool {
		switch p := b.progressOf(id, int(id)-1); {
		case id == s.Server:
			return b.Log.LastIndex() >= o.CommitIndex
		case p != nil && p.MatchIndex >= o.CommitIndex:
			return true
		}
		return (m.From == id || !m.Knows(MessageFrom)) && (m.Success || !m.Knows(MessageSuccess)) && (m.MatchIndex >= o.CommitIndex || !m.Knows(MessageMatch))
	}
	if s.commits(&b.Config, stores) || s.commits(&o.Config, stores) {
		return nil
	}
	return s.breachAfter("%s, leader of term %d, commits index %d as it steps down, which it does not know to be stored on a majority", s.Server, o.Term, o.CommitIndex).
		refusing("servers with matchIndex ≥ commitIndex are "+s.enough(&b.Config, committing), "not of %s", configured(&b.Config)).
		allowing("%s keeps commitIndex %d", s.Server, b.CommitIndex).before("commitIndex before", FieldCommit)
}

// judgeCountedCopy sees a leader that counts, for what it has committed, a copy on a follower of its term that is not there.
func judgeCountedCopy(a, b *Sight) *Breach {
	if a.Role != Leader || b.Role == Crashed || a.Term != b.Term || a.CommitIndex <= b.Log.Base {
		return nil
	}
	p := a.progressOf(b.Server, int(b.Server)-1)
	if p == nil || p.MatchIndex < a.CommitIndex {
		return nil
	}
	e, held := a.Log.At(a.CommitIndex)
	if !held {
		return nil
	}
	if f, held := b.Log.At(a.CommitIndex); held && f.agrees(e) {
		return nil
	}
	return pairBreach(a, b, "%s, leader of term %d, has committed %s at index %d counting a copy on %s, which has %s there",
		a.Server, a.Term, e, a.CommitIndex, b.Server, b.Log.at(a.CommitIndex)).
		refusing("follower.log[commitIndex] = leader.log[commitIndex]", "%s is not %s", b.Log.at(a.CommitIndex), e).
		allowing("%s does not count %s", a.Server, b.Server)
}

var commitInLog = &Rule{
	ID: "R5.3-18", Name: "commit-in-log",
	Sentence: "A server commits only entries that it holds, and applies only entries that it has committed.",
	Why: "A commit index beyond the log commits whatever comes to stand there, and an entry applied too early may be taken back. " +
		"What usually breaks it: a commit index taken from a message before its entries are stored.",
	Section: "Raft paper, 5.3 and Figure 2", Level: Must, Profile: Core,
	NeedsAfter: FieldLog | FieldCommit,
	Step: func(s *Step) *Breach {
		o := &s.After
		if s.crashes() {
			return nil
		}
		if o.CommitIndex > o.Log.LastIndex() && !s.founded() {
			return s.breachAfter("%s has commitIndex %d and its log ends with index %d", s.Server, o.CommitIndex, o.Log.LastIndex()).
				refusing("commitIndex ≤ last index", "%d is above %d", o.CommitIndex, o.Log.LastIndex())
		}
		if o.Knows(FieldApplied) && (s.applies() || o.CommitIndex > o.Log.Base) && o.LastApplied > max(o.CommitIndex, o.Log.Base) { // what is compacted was committed
			return s.breachAfter("%s has applied entries up to index %d and committed them up to %d", s.Server, o.LastApplied, o.CommitIndex).
				refusing("lastApplied ≤ commitIndex", "%d is above %d", o.LastApplied, o.CommitIndex).showing(FieldApplied).beside("its commit index", FieldCommit)
		}
		return nil
	},
}

// applies reports whether the step raises lastApplied. After a restart it may be ahead of a commitIndex that begins anew, since that is not kept on
// disk and the state machine may be (dissertation, 3.8).
func (s *Step) applies() bool {
	return s.show(FieldApplied) && s.After.LastApplied > s.Before.LastApplied && s.Input.Kind != Restart
}

var applyInOrder = &Rule{
	ID: "R5.3-19", Name: "apply-in-order",
	Sentence: "A server applies entries in the order of their indexes, each once, beginning after what its snapshot contains.",
	Why: "A state machine that skips an entry or applies it twice is in a state that no other one is in. " +
		"What usually breaks it: a snapshot that goes back, or a restart that knows the snapshot and begins to apply from nothing.",
	Section: "Raft paper, 5.3, 7 and Figure 2 (lastApplied)", Level: Must, Profile: Core,
	Catches:    []string{"cm-restart-no-commit", "cm-nonmonotone", "sn-older-snapshot", "cm-apply-gap"},
	Unless:     []Variant{CommitMayFall},
	Needs:      FieldRole,
	NeedsAfter: FieldApplied,
	Step:       judgeApplyInOrder,
}

func judgeApplyInOrder(s *Step) *Breach {
	if s.crashes() {
		return nil
	}
	if b := judgeCommandsApplied(s); b != nil {
		return b
	}
	after := s.After.LastApplied
	if s.runs() && s.Before.Knows(FieldApplied) && after < s.Before.LastApplied {
		return s.breachAfter("%s had applied entries up to index %d and goes back to %d", s.Server, s.Before.LastApplied, after).
			refusing("lastApplied after ≥ lastApplied before", "%d is below %d", after, s.Before.LastApplied).
			allowing("%s applies what follows index %d", s.Server, s.Before.LastApplied).before("lastApplied before", FieldApplied)
	}
	if base := s.After.Log.Base; s.Input.Kind == Restart && s.After.Knows(FieldLog|FieldCompacted) && after < base {
		return s.breachAfter("%s starts again with a snapshot up to index %d and as if it had applied entries up to %d", s.Server, base, after).
			refusing("lastApplied ≥ last index of the snapshot", "%d is below %d", after, base).
			allowing("%s starts with lastApplied %d", s.Server, base)
	}
	return nil
}

// judgeCommandsApplied compares what a state machine is seen to do in a step, if that is seen, with the commands that the step applies.
func judgeCommandsApplied(s *Step) *Breach {
	if !s.runs() || !s.show(FieldApplied) || s.After.LastApplied <= s.Before.LastApplied || !slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Apply }) {
		return nil
	}
	next := s.Before.LastApplied
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Apply {
			continue
		}
		if e.Reply.NoIndex {
			return nil // it may be any of the commands
		}
		if e.Reply.Index <= next {
			return s.breach(PartEffect, k, "%s applies %s at index %d and has applied entries up to %d", s.Server, e.Reply.command(), e.Reply.Index, next).
				refusing("index > lastApplied", "%d is not above %d", e.Reply.Index, next).allowing("%s applies what follows index %d", s.Server, next)
		}
		if own, held := s.After.Log.At(e.Reply.Index); held && own.Kind == Command && own.Value != "" && e.Reply.Value != "" && own.Value != e.Reply.Value {
			return s.breach(PartEffect, k, "%s applies %s at index %d, where it has %s", s.Server, e.Reply.command(), e.Reply.Index, own).
				refusing("what is applied = log[index]", "%s is not %s", Shown(e.Reply.Value), own).allowing("%s applies %s", s.Server, own)
		}
		if i, skips := s.After.Log.commandBetween(next, e.Reply.Index); skips {
			return s.breach(PartEffect, k, "%s applies %s at index %d and has not applied %s at index %d", s.Server, e.Reply.command(), e.Reply.Index, s.After.Log.at(i), i).
				refusing("every command before is applied", "%s is not", s.After.Log.at(i)).allowing("%s applies index %d first", s.Server, i)
		}
		next = e.Reply.Index
	}
	if i, skips := s.After.Log.commandBetween(next, s.After.LastApplied+1); skips {
		return s.breachAfter("%s says that it has applied entries up to index %d and has not applied %s at index %d", s.Server, s.After.LastApplied, s.After.Log.at(i), i).
			refusing("every command up to lastApplied is applied", "%s is not", s.After.Log.at(i)).allowing("%s applies index %d", s.Server, i)
	}
	return nil
}

// commandBetween returns the first index between two at which a log holds a command.
func (l Log) commandBetween(after, before Index) (Index, bool) {
	for i := max(after, l.Base) + 1; i < min(before, l.LastIndex()+1); i++ {
		if e, held := l.At(i); held && e.Kind == Command {
			return i, true
		}
	}
	return 0, false
}

var stateMachineSafety = &Rule{
	ID: "R5.4.3-01", Name: "state-machine-safety",
	Sentence: "No two servers ever commit different entries at the same index.",
	Why: "This is what Raft is for: all state machines apply the same commands in the same order. " +
		"It is the last promise to break; look for the one that broke before it.",
	Section: "Raft paper, 5.4.3 and Figure 3", Level: Must, Profile: Core, Outcome: true,
	Catches:   []string{"cm-old-term", "rp-commit-past-verified"},
	Needs:     FieldLog | FieldCommit,
	Agreement: FactCommitted,
	Pair: func(a, b *Sight) *Breach {
		if a.Role == Crashed || b.Role == Crashed {
			return nil
		}
		i := firstDifference(a.Log, b.Log)
		if i > min(a.CommitIndex, b.CommitIndex, a.Log.LastIndex(), b.Log.LastIndex()) {
			return nil
		}
		return pairBreach(a, b, "%s has committed %s at index %d and %s has committed %s there",
			a.Server, a.Log.at(i), i, b.Server, b.Log.at(i)).
			allowing("one of the two is committed at index %d and nothing else", i)
	},
}

var committedKept = &Rule{
	ID: "R5.4.3-02", Name: "committed-kept",
	Sentence: "A committed entry is never removed from a log or replaced, except by a snapshot that contains it.",
	Why: "It has been applied and may have been acknowledged to a client. " +
		"What usually breaks it: a log that is cut after an old message, a missing entry that was compacted and is taken for a conflict, or a commit index that ran ahead.",
	Section: "Raft paper, 5.4.3 and Figure 3 (leader completeness)", Level: Must, Profile: Core, Outcome: true,
	Catches: []string{"rp-erase-matching", "rp-catchup-truncates", "rp-purged-prev-conflict", "rp-stale-nack-truncate", "sn-total-loss"},
	Needs:   FieldLog,
	Step:    judgeCommittedKept,
}

func judgeCommittedKept(s *Step) *Breach {
	if !s.Before.Knows(FieldCommit) || s.Before.CommitIndex == 0 || s.Before.Role == Crashed {
		return nil
	}
	before := s.Before.Log
	if !s.runs() {
		// A commitment that was only in memory, or whose entry was, may be lost in a crash: the majority that stores it remains.
		if !s.Before.Knows(FieldDurable) {
			return nil
		}
		before = s.Before.Durable.Log
	}
	i, lost := firstLoss(before, s.After.Log)
	if !lost || i > s.Before.CommitIndex {
		return nil
	}
	if own, held := s.Before.Log.At(i); held && !own.agrees(before.Entries[i-before.Base-1]) {
		return nil // what its disk still held was not what it had committed there
	}
	if _, replaced := s.After.Log.At(i); replaced && !s.runs() && i <= s.Before.Log.Base {
		return nil // a write that came before the snapshot; which of the two entries the snapshot contains is not shown
	}
	return s.breachAfter("%s had committed %s at index %d and now has %s there", s.Server, before.at(i), i, s.After.Log.at(i)).
		refusing("entries up to commitIndex stay", "index %d is not above commitIndex %d", i, s.Before.CommitIndex).
		allowing("%s keeps its entries up to index %d", s.Server, s.Before.CommitIndex).before("the log before", FieldLog)
}
