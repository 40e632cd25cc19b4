package spec

// The rules about what a crash in the middle of a step may leave on disk (Raft paper, 5.6).

var voteAtomic = &Rule{
	ID: "R5.6-02", Name: "vote-atomic",
	Sentence: "Term and vote change together with respect to a crash: no crash leaves a vote on disk that was not given in that term.",
	Why: "A term without its vote, or a vote with another's term, is a promise that nobody made. The server will keep it all the same: " +
		"it repeats the vote to the candidate of an earlier term without looking at its log, or refuses its vote to all others. " +
		"What usually breaks it: term and vote are written one after the other, and what the first write leaves reads like a vote.",
	Section: "Raft paper, 5.6 and Figure 2 (persistent state)", Level: Must, Profile: Storage,
	Catches: []string{"el-nonatomic-term-vote"},
	Varies:  []Variant{TermJumps, LateTerm},
	Needs:   FieldTerm | FieldVotedFor,
	Step:    judgeVoteAtomic,
}

var countDurableCopies = &Rule{
	ID: "R5.4.2-03", Name: "count-durable-copies",
	Sentence: "A client is told that its command is committed only when a majority of every active configuration has it on disk, the leader counted only if it has.",
	Why: "A committed entry survives the crash of any minority because a majority has it on disk. A copy that is only in the leader's memory is none: " +
		"the leader loses power, and with it the entry that a client was told is safe. " +
		"What usually breaks it: the leader counts itself as soon as it appends. With one voter that is a majority already.",
	Section: "Raft paper, 5.3 and 5.6", Level: Must, Profile: Storage,
	Catches: []string{"cm-single-voter-early", "cm-leader-counts-unsynced"},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldLog | FieldProgress | FieldConfig | FieldDurable,
	Step:    judgeCountDurableCopies,
}

func judgeCountDurableCopies(s *Step) *Breach {
	if s.After.Role != Leader {
		return nil
	}
	disk := &s.Before.Durable
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		switch {
		case e.Kind == Write || e.Kind == Sync:
			disk = &e.Durable
		case e.Kind == Answer && !e.Reply.Read:
			if b := s.judgeAnswered(k, e.Reply, disk); b != nil {
				return b
			}
		}
	}
	return nil
}

// judgeAnswered compares the entry that a leader tells a client of with what is known to be on disk at that moment: on its own, and
// on those of the followers that acknowledged it.
func (s *Step) judgeAnswered(effect int, reply Reply, disk *Durable) *Breach {
	told, _ := s.After.Log.At(reply.Index)
	own, held := disk.Log.At(reply.Index)
	safe := func(id ServerID) bool {
		if id == s.Server {
			return held && own.agrees(told) || reply.Index <= disk.Log.Base
		}
		return s.acknowledgedBy(id, reply.Index)
	}
	if s.commits(&s.After.Config, safe) || s.commits(&s.Before.Config, safe) {
		return nil
	}
	var copies []ServerID
	for _, id := range s.After.Config.Voters {
		if safe(id) {
			copies = append(copies, id)
		}
	}
	return s.breach(PartEffect, effect, "%s tells a client that %s at index %d is committed, which it knows to be on the disks of %s",
		s.Server, told, reply.Index, listed(copies)).
		refusing("servers with the entry on disk are a strict majority", "%s of %s", listed(copies), configured(&s.After.Config)).
		allowing("%s tells the client after the entry is synced", s.Server).
		hinting("committed entries are handed out before they are written; look whether the leader counts its own copy too early")
}

// acknowledgedBy reports whether a follower is known to hold an entry: by what the leader believes before or after the step, or by
// the reply that the step brings, since the leader may drop a follower that this very entry removes.
func (s *Step) acknowledgedBy(id ServerID, i Index) bool {
	for _, o := range [...]*Observation{&s.After, &s.Before} {
		if p := o.progressOf(id, int(id)-1); p != nil && o.Role == Leader && o.Term == s.After.Term && p.MatchIndex >= i {
			return true
		}
	}
	m := &s.Input.Message
	return s.delivered(AppendEntriesReply) && m.From == id && m.Success && m.MatchIndex >= i
}

// judgeVoteAtomic looks at what a crash in the middle of a step left: what was there before, or a vote that the step gives.
func judgeVoteAtomic(s *Step) *Breach {
	term, vote := s.After.Term, s.After.VotedFor
	if s.Input.Cut == 0 || s.Input.Kind == Stored || vote == None || s.leftAsItWas(term, vote) {
		return nil
	}
	candidate, in := s.votes()
	if vote == candidate && (in == 0 || in == term) {
		return nil
	}
	b := s.breachAfter("%s crashes and leaves a vote for %s in term %d on its disk, which it did not give", s.Server, vote, term).
		before("the vote before", FieldVotedFor).
		allowing("term %d and no vote, or the vote and the term as they were", max(term, in)).
		hinting("look whether term and vote are written, and read back, together")
	if candidate == None {
		return b.refusing("the step gives a vote", "it does not")
	}
	return b.refusing("(term, vote) is what the step gives", "(%d, %s) is not (%d, %s)", term, vote, in, candidate)
}

// leftAsItWas reports whether a crash left the vote as it was before the step, in memory or on disk.
func (s *Step) leftAsItWas(term Term, vote ServerID) bool {
	if s.Before.Term == term && s.Before.VotedFor == vote {
		return true
	}
	disk := &s.Before.Durable
	return s.Before.Knows(FieldDurable) && disk.Term == term && disk.VotedFor == vote
}

// votes returns the candidate whom a step may vote for, and the term: itself in the next term if the step starts a campaign, and
// the sender of the message if it brings one. A term of 0 is any term. Whether such a message asks for a vote is for other rules.
func (s *Step) votes() (ServerID, Term) {
	m := &s.Input.Message
	switch {
	case (s.Input.Kind == Timeout || s.delivered(PreVoteReply)) && !s.Declared.Has(TermJumps) && s.toldTerm() <= s.Before.Term:
		return s.Server, s.Before.Term + 1
	case s.Input.Kind == Timeout, s.delivered(PreVoteReply), s.delivered(TimeoutNow):
		return s.Server, 0
	case s.Input.Kind == Deliver:
		return m.From, m.Term
	}
	return None, 0
}

var truncationAtomic = &Rule{
	ID: "R5.6-03", Name: "truncation-atomic",
	Sentence: "A crash while entries are replaced leaves a log that ends early, and never a mixture of old entries and new ones.",
	Why: "Where new entries take the place of others, the others go together with all that follows them. A log that has a new entry before an old one was on no leader, and what was true of every log is not true of it. " +
		"What usually breaks it: entries are overwritten where they are, and the rest is cut off by a second write.",
	Section: "Raft paper, 5.3 and 5.6", Level: Must, Profile: Storage,
	Catches: []string{"st-truncate-nonatomic"},
	Unless:  []Variant{MendsLog},
	Needs:   FieldLog,
	Step:    judgeTruncationAtomic,
}

// judgeTruncationAtomic compares what a crash in the middle of AppendEntries left with the logs that may be left: a beginning of the one
// before, in memory or on disk, or of the one that the message leads to.
func judgeTruncationAtomic(s *Step) *Breach {
	m := &s.Input.Message
	left, before := s.After.Log, s.Before.Log
	if s.Input.Cut == 0 || !s.delivered(AppendEntries) || left.begins(before) || s.Before.Knows(FieldDurable) && left.begins(s.Before.Durable.Log) {
		return nil
	}
	i := before.firstUnlike(m, left)
	if i > left.LastIndex() {
		return nil
	}
	return s.breachAfter("%s crashes while it replaces entries, and its disk holds %s at index %d after the entries that were sent", s.Server, left.at(i), i).
		refusing("the log on disk begins the log before, or the log after", "it differs from both at index %d", i).
		allowing("%s comes back with its entries up to index %d", s.Server, i-1).since("what the leader sent", PartInput).before("the log before", FieldLog)
}

// begins reports whether all that a log holds is in another log too, at the same place. What either has compacted is not compared.
func (l Log) begins(longer Log) bool {
	return l.LastIndex() <= longer.LastIndex() && firstDifference(longer, l) > l.LastIndex()
}

// firstUnlike returns the first index at which another log holds what this one does not hold once it took in AppendEntries (Raft paper,
// Figure 2, steps 3 and 4); it is above the other's last index if there is none.
func (l Log) firstUnlike(m *Message, other Log) Index {
	changes := m.PrevLogIndex + 1
	for ; changes <= m.LastEntryIndex(); changes++ {
		if own, held := l.At(changes); changes > l.Base && (!held || own.Term != m.Entries[changes-m.PrevLogIndex-1].Term) {
			break
		}
	}
	for i := max(l.Base, other.Base) + 1; i <= other.LastIndex(); i++ {
		e, held := l.At(i)
		switch {
		case i >= changes && i <= m.LastEntryIndex():
			e, held = m.Entries[i-m.PrevLogIndex-1], true
		case i >= changes && changes <= m.LastEntryIndex():
			return i // cut off
		}
		if f, _ := other.At(i); !held || !f.agrees(e) {
			return i
		}
	}
	return other.LastIndex() + 1
}
