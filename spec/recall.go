package spec

import "slices"

// recollection is what earlier steps of a server's term tell that a later one need not show, for variants under which a step may make use of
// it, declared or not: a finding says which of them would explain it. A search has none: what a node knows it shows.
type recollection struct {
	term     Term
	early    []Message // AppendEntries of the term that came, with entries beyond the end of the log; CachesEntries
	vague    bool      // others may have come that are not shown whole
	requests *requests // of all servers
	acked    Index     // the highest index that a follower acknowledged to the leader of the term; DropsUnacknowledged
	told     Term      // the highest term that a reply may have told the server of since it started, in all terms; LateTerm

	members    []ServerID // whom the server has asked something in the term as one that wants to lead it or does, and that it cannot have removed since
	asksSender bool       // a reply of one of them is at hand, and the configuration is not shown

	counted counted

	scanned scanned // its latest log

	ticks    int   // of the server's clock so far, in all terms; InheritsLease
	received Index // the last entry that it was sent by a leader,
	at       int   // and ticks when it was
}

// mostEarly bounds the messages that are remembered; a follower's cache is bounded too.
const mostEarly = 1024

// recall returns what is remembered of the server for a step that begins now.
func (j *Judge) recall(s *Step) *recollection {
	j.requests.asked(s)
	r := &j.of(s.Server).recalled
	s.scanned = &r.scanned
	if s.Before.Knows(FieldTerm) && s.Before.Term != r.term || !s.runs() {
		r.begin(s.Before.Term)
		r.vague = s.runs() && s.Before.Term > 0
	}
	r.vague = r.vague || s.Gap || s.Hole
	if j.recorded {
		r.hear(s, !j.of(s.Server).sighting.seen)
	}
	return r
}

// hear takes in what term a reply tells, which the server may take over in any later step. Where steps are not recorded, as those before the first are not, any
// term may have been told; and what was told before a start was in memory only.
func (r *recollection) hear(s *Step, first bool) {
	m := &s.Input.Message
	switch {
	case s.Input.Kind == Restart:
		r.told = 0
	case first || s.Gap || s.Hole || s.Input.Kind == 0 || s.Input.Kind == Deliver && !m.Kind.IsRequest() && !m.Knows(MessageTerm):
		r.told = anyTerm
	case s.Input.Kind == Deliver && !m.Kind.IsRequest():
		r.told = max(r.told, m.Term)
	}
}

// toldTerm returns the highest term that the server is in or may know of from replies whose term it may take over later (LateTerm).
func (s *Step) toldTerm() Term {
	if !s.Declared.Has(LateTerm) || s.recalled == nil {
		return s.Before.Term
	}
	return max(s.Before.Term, s.recalled.told)
}

// begin forgets what belongs to another term.
func (r *recollection) begin(term Term) { r.term, r.early, r.acked, r.members = term, nil, 0, nil }

// asks says whether a reply is at hand of one that is certain to be a member for the server, though its configuration is not shown.
func (r *recollection) asks(s *Step) {
	r.asksSender = len(r.members) > 0 && s.Input.Kind == Deliver && !s.Input.Message.Kind.IsRequest() && !s.Gap && !s.Hole && !s.Before.Knows(FieldConfig) &&
		s.Before.Knows(FieldTerm) && slices.Contains(r.members, s.Input.Message.From)
}

// rememberMembers takes in whom a server asks. It forgets all of them where its configuration may have changed: as it is told to change it, as it
// commits what it is told to, and while it follows another.
func (r *recollection) rememberMembers(s *Step) {
	if s.After.Knows(FieldConfig) || !s.After.Knows(FieldRole|FieldTerm) || s.After.Role != Candidate && s.After.Role != Leader || s.Gap || s.Hole || s.mayReconfigure() {
		r.members = nil
	}
	if s.After.Knows(FieldConfig) || !s.After.Knows(FieldRole|FieldTerm) || s.After.Role != Candidate && s.After.Role != Leader {
		return
	}
	for _, m := range s.Output.Sent {
		if (m.Kind == RequestVote || m.Kind == AppendEntries || m.Kind == InstallSnapshot) && m.Term == s.After.Term && m.Knows(MessageTerm|MessageTo) && !slices.Contains(r.members, m.To) {
			r.members = append(r.members, m.To)
		}
	}
}

// mayReconfigure reports whether a server that seeks office may go by another configuration after the step than before.
func (s *Step) mayReconfigure() bool {
	if s.show(FieldCommit) && s.Before.CommitIndex != s.After.CommitIndex {
		return true
	}
	switch s.Input.Kind {
	case Timeout, Heartbeat, Propose, ReadIndex, Tick, SendRequestVote, SendAppendEntries, BecomeLeader:
		return false
	case Deliver:
		m := &s.Input.Message
		commits := (m.Kind == AppendEntriesReply || m.Kind == InstallSnapshotReply) && (m.Success || !m.Knows(MessageSuccess)) && !s.show(FieldCommit)
		return m.Kind.IsRequest() || commits
	}
	return true
}

// remember takes in what came with a step, after it was judged.
func (r *recollection) remember(s *Step) {
	r.requests.remember(s)
	m := &s.Input.Message
	if s.After.Knows(FieldTerm) && s.After.Term != r.term {
		r.begin(s.After.Term)
		r.vague = !s.Before.Knows(FieldTerm) || s.Gap || s.Hole
	}
	r.vague = r.vague || s.delivered(AppendEntries) && (!s.After.Knows(FieldTerm) || !m.Knows(MessageFrom|MessageTerm|MessagePrevIndex|MessageEntries|MessageCommit))
	r.rememberMembers(s)
	if (s.Input.Kind == Tick || !s.Before.Log.is(&s.After.Log)) && s.Declared.Has(InheritsLease) {
		r.age(s)
	}
	last := Index(0) // up to where nothing is early
	if s.After.Knows(FieldLog) {
		last = s.After.Log.LastIndex()
		r.early = slices.DeleteFunc(r.early, func(m Message) bool { return m.LastEntryIndex() <= last })
	}
	switch {
	case !s.runs() || s.Input.Kind != Deliver || m.Term != r.term:
	case m.Kind == AppendEntriesReply && m.Success:
		r.acked = max(r.acked, m.MatchIndex)
	case m.Kind == AppendEntries && len(m.Entries) > 0 && m.LastEntryIndex() > last:
		r.early = append(r.early, *m)
	}
	if more := len(r.early) - mostEarly; more > 0 {
		r.early = slices.Delete(r.early, 0, more)
	}
}

// age counts the ticks of the server's clock, and notes when it was sent entries.
func (r *recollection) age(s *Step) {
	if s.Input.Kind == Tick {
		r.ticks++
	}
	if _, gained := firstGain(s.Before.Log, s.After.Log); gained && s.show(FieldLog|FieldRole) && s.After.Role != Leader {
		r.received, r.at = s.After.Log.LastIndex(), r.ticks
	}
}

// proves returns how far the AppendEntries that the step delivers proves the log to match, and how far it lets the server commit: together with
// what came before it where a follower keeps that (CachesEntries).
func (s *Step) proves() (last, commit Index) {
	m := &s.Input.Message
	last, commit = m.LastEntryIndex(), m.LeaderCommit
	early := s.kept()
	for grows := true; grows; {
		grows = false
		for k := range early {
			e := &early[k]
			if e.From != m.From || e.Term != m.Term || e.PrevLogIndex > last {
				continue
			}
			commit = max(commit, e.LeaderCommit)
			if e.LastEntryIndex() > last {
				last, grows = e.LastEntryIndex(), true
			}
		}
	}
	return last, commit
}

// keepsUnseen reports whether the server may keep AppendEntries that are not shown, or not whole, and make use of them in the step.
func (s *Step) keepsUnseen() bool {
	return s.Declared.Has(CachesEntries) && s.recalled != nil && s.recalled.vague
}

// kept returns the AppendEntries that the server keeps of those that came before (CachesEntries); nil where it does not declare that.
func (s *Step) kept() []Message {
	switch {
	case !s.Declared.Has(CachesEntries):
		return nil
	case s.recalled != nil:
		return s.recalled.early
	}
	return s.Before.Early
}

// sentAt returns the entry for an index that the step's AppendEntries carries, or one that is kept of the same leader and term.
func (s *Step) sentAt(i Index) (Entry, bool) {
	m := &s.Input.Message
	if e, carried := m.entryAt(i); carried {
		return e, true
	}
	early := s.kept()
	for k := range early {
		if e, carried := early[k].entryAt(i); carried && early[k].From == m.From && early[k].Term == m.Term {
			return e, true
		}
	}
	return Entry{}, false
}

// dropsUnacknowledged reports whether a leader that steps down may, from an index on, remove its own entries: nobody has acknowledged any of them
// to it. What is not shown does not forbid it.
func (s *Step) dropsUnacknowledged(from Index) bool {
	if !s.Declared.Has(DropsUnacknowledged) {
		return false
	}
	before, after := &s.Before, &s.After
	if !before.Knows(FieldRole|FieldTerm) || !after.Knows(FieldRole|FieldTerm) {
		return true
	}
	if s.crashes() && (s.Input.Cut == 0 || s.Input.Kind != Deliver || s.Input.Message.Term <= before.Term) {
		return false // it crashes, and does not step down
	}
	if before.Role != Leader || s.leads() || before.Knows(FieldCommit) && from <= before.CommitIndex {
		return false
	}
	if after.Log.LastIndex() >= from && !s.delivered(AppendEntries) {
		return false
	}
	for i := from; i <= before.Log.LastIndex(); i++ {
		if e, held := before.Log.At(i); held && e.Term != before.Term {
			return false
		}
	}
	acked := Index(0)
	if s.recalled != nil {
		acked = s.recalled.acked
	}
	if before.Knows(FieldProgress) {
		for _, p := range before.Progress {
			if p.Server != s.Server {
				acked = max(acked, p.MatchIndex)
			}
		}
	}
	return acked < from
}

// inheritsLease reports whether a leader may answer a read with what its predecessor had committed: at its commit index, and not once the lease must be
// over by its own clock, if that ticks.
func (s *Step) inheritsLease(index Index) bool {
	if !s.Declared.Has(InheritsLease) || s.After.Knows(FieldCommit) && index != s.After.CommitIndex {
		return false
	}
	return !s.outlivesLease(index)
}

// outlivesLease reports whether more ticks have gone by than a lease lasts, since the leader was sent the entry from which it counts.
func (s *Step) outlivesLease(index Index) bool {
	lasts := s.Declared.numbers(InheritsLease)["ticks"]
	return lasts > 0 && s.recalled != nil && s.recalled.received >= index && s.recalled.ticks-s.recalled.at > lasts
}

// dropsTail reports whether a leader that steps down removes such entries in the step.
func (s *Step) dropsTail() bool {
	i, lost := firstLoss(s.Before.Log, s.After.Log)
	return lost && s.show(FieldLog) && s.dropsUnacknowledged(i)
}

// mayLead reports whether a server may be the leader of the term, as far as the step shows: it sends what only a leader does, or is shown to lead, or nothing of
// the leader is shown and it does not just ask for the vote.
func (s *Step) mayLead(id ServerID) bool {
	m := &s.Input.Message
	switch {
	case s.delivered(AppendEntries), s.delivered(InstallSnapshot):
		return m.From == id || !m.Knows(MessageFrom)
	case s.After.Knows(FieldLeader) && s.After.LeaderID != None:
		return s.After.LeaderID == id
	}
	return !s.After.Knows(FieldLeader) && !(s.delivered(RequestVote) && (m.From == id || !m.Knows(MessageFrom)))
}

// takesLeader reports whether a vote that is shown may be the leader of the term, whom the server has taken for it.
func (s *Step) takesLeader(vote ServerID) bool {
	return s.Declared.Has(DropsVoteForLeader) && (vote == None || s.mayLead(vote))
}

// dropsVote reports whether the step takes a vote back for the leader of its term, or takes that leader for it, as far as that is shown.
func (s *Step) dropsVote() bool {
	switch {
	case !s.takesLeader(s.After.VotedFor):
		return false
	case s.delivered(AppendEntries), s.delivered(InstallSnapshot):
		return s.Input.Message.Term == s.After.Term // perhaps it crashes over it
	case s.crashes():
		// Storage may just have come to a vote that was dropped, perhaps long ago.
		return s.Declared.Has(StoresLater) || s.Before.Knows(FieldLeader) && s.Before.LeaderID != None && s.Before.Term == s.After.Term
	case s.After.Knows(FieldLeader):
		return s.After.LeaderID != None
	}
	return s.runs()
}

// judgeVoteAfterDrop sees a vote in a term whose leader the server knows: it may have given its vote and dropped it. What leaves as it is stored was given
// before.
func (s *Step) judgeVoteAfterDrop() *Breach {
	if !s.Declared.Has(DropsVoteForLeader) || s.Input.Kind == Stored || !s.Before.Knows(FieldLeader) || s.Before.LeaderID == None || s.Before.VotedFor != None || s.Before.Role == Crashed {
		return nil
	}
	for k, m := range s.Output.Sent {
		if m.Kind == RequestVoteReply && m.Granted && m.Term == s.Before.Term && m.To != s.Before.LeaderID && m.To != s.Server {
			return s.breachSent(k, "%s knows that %s leads term %d, and votes for %s in it", s.Server, s.Before.LeaderID, m.Term, m.To).
				refusing("nobody gets a vote in a term whose leader is known", "%s leads term %d", s.Before.LeaderID, m.Term).
				allowing("%s refuses %s in term %d", s.Server, m.To, m.Term).before("the leader that it knows", FieldLeader)
		}
	}
	if o := &s.After; s.runs() && s.show(FieldTerm|FieldVotedFor) && o.Term == s.Before.Term && o.VotedFor != None && o.VotedFor != s.Before.LeaderID {
		return s.breachAfter("%s knows that %s leads term %d, and now holds a vote for %s in it", s.Server, s.Before.LeaderID, o.Term, o.VotedFor).
			refusing("nobody gets a vote in a term whose leader is known", "%s leads term %d", s.Before.LeaderID, o.Term).
			allowing("%s holds no vote in term %d", s.Server, o.Term).before("the leader that it knows", FieldLeader)
	}
	return nil
}

// tellsSendersTerm reports whether the term of such a message is the sender's own.
func (s *Step) tellsSendersTerm(kind MessageKind) bool {
	return tellsSendersTerm(kind) || s.Declared.Has(PreVoteOwnTerm)
}
