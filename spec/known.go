package spec

import "slices"

// Known is what a record has taught of one server, by its own lines and by the messages that it sent. A line adds to it and wipes
// nothing: what a line does not show is as it was, or is not known any more where the step may have changed it. Two things are
// certain without being shown: while a server runs, its term and its commit index do not fall; and what it synced, or promised
// in a message that left, it finds again after a crash. The zero Known knows nothing.
type Known struct {
	now  Observation // what the server is, as far as that is certain
	from Origin      // where the server showed itself last
	seen bool        // the server has shown itself
	hole int         // how many holes the record had up to there

	term   learnt[Term]  // it has reached at least this term, and has not been down since
	commit learnt[Index] // likewise, its commit index
	vote   ballot        // the last vote that it is known to have given, not taken back by a crash

	promised promise

	led     Term // the latest term that it was seen to lead,
	stepped Term // and that it was then seen, in that very term, not to lead any more
	past    tenures

	lost  bool // it may have crashed in steps that are not recorded, and not be up again
	lossy bool // it crashed, and lost what was not synced
	sends bool // its own record shows some of what it sends
}

// learnt is a lower bound and where it was learnt.
type learnt[T Term | Index] struct {
	least T
	at    Origin
}

func (l *learnt[T]) raise(to T, at Origin) {
	if to > l.least {
		l.least, l.at = to, at
	}
}

// ballot is a vote in a term.
type ballot struct {
	term Term
	vote ServerID // None is no vote that is known of
	at   Origin
}

func (b *ballot) cast(term Term, vote ServerID, at Origin) {
	if vote != None && (term > b.term || term == b.term && b.vote == None) {
		*b = ballot{term, vote, at}
	}
}

// promise is what outlasts a crash, and how that is known: what was told in messages, or was on disk.
type promise struct {
	term  learnt[Term]
	own   ballot       // it asked for votes, and so had its own
	asked learnt[Term] // it asked, or led, in this term; a crash that is said to have lost what was not synced may take that back
	vote  ballot
	log   Log // acknowledged, so these entries are on disk, unless the server has taken others in their place since
	logAt Origin

	acked reach // how far it acknowledged entries to the leader of its latest term, which never takes any of them back
	end   reach // an entry, by term and index, that its log holds or goes beyond, unless the server has taken others in its place since
	endIn Term  // the term in which it acknowledged that

	snapshot reach // the last entry of the latest snapshot that it acknowledged: all of it is committed, and so kept for good

	disk   Durable // what was on it when it was shown last, as far as it was
	diskAt Origin
	diskIs bool // it has been shown, and nothing can have replaced its entries since
}

// reach is an index in a term.
type reach struct {
	term  Term
	index Index
	at    Origin
}

func (r *reach) extend(term Term, index Index, at Origin) {
	if term > r.term || term == r.term && index > r.index {
		*r = reach{term, index, at}
	}
}

// meet compares what a record says a server is before a step with what is known, fills in what it leaves out, and compares what it says
// the server is afterwards. It calls yield for each promise that is seen to be broken so.
func (k *Known) meet(s *Step, declared *binding, unnumbered bool, holes int, yield func(*Rule, *Breach)) {
	if s.Gap || !k.seen || unnumbered && k.elsewhere(&s.Before) {
		k.forget()
	}
	k.begins(s, declared, yield)
	k.fill(&s.Before, s.Before.Unknown|FieldCompacted != ^Field(0) && s.Before.Unknown|FieldCompacted != FieldUp<<1-1)
	if b, a := &s.Before, &s.After; s.delivered(RequestVote) && !b.Knows(FieldLog) && a.Knows(FieldLog) && !s.Gap {
		b.Log, b.Unknown = a.Log, b.Unknown&^(FieldLog|FieldCompacted)|a.Unknown&FieldCompacted // a request for a vote changes no log
	}
	k.steps(s, unnumbered, declared, yield)
	k.disks(s, yield)
	if b := k.votesBehind(s); b != nil {
		yield(voteUpToDate, b)
	}
	k.up(s, holes)
	k.ends(s, declared, yield)
}

// up says whether the server is up where its role is not shown: it is, unless it was last heard of as down or may show its role and does not.
func (k *Known) up(s *Step, holes int) {
	b, a := &s.Before, &s.After
	if s.Gap || !k.seen && holes > 0 {
		k.lost = true
	}
	if s.Input.Kind == Restart || a.Knows(FieldRole) && a.Role != Crashed {
		k.lost = false
	}
	silent := !k.past.showsRoles && !a.Knows(FieldRole) && !k.lost
	switch {
	case s.Input.Kind == Crash || s.Input.Cut > 0 || k.down() && s.Input.Kind != Restart && !a.Knows(FieldRole):
		a.Role, a.Unknown = Crashed, a.Unknown&^(FieldRole|FieldUp)
	case s.Input.Kind == Restart || silent:
		a.Unknown &^= FieldUp
	}
	if silent && s.Input.Kind != Restart {
		b.Unknown &^= FieldUp
	}
}

// elsewhere reports whether a step begins otherwise than the one before ended.
func (k *Known) elsewhere(o *Observation) bool {
	return k.now.differs(o) || o.Knows(FieldTerm) && o.Term < k.term.least || o.Knows(FieldCommit) && o.CommitIndex < k.commit.least
}

// forget drops what need not hold any more after steps that are not recorded, a crash among them perhaps.
func (k *Known) forget() {
	k.now = Observation{Unknown: ^Field(0)}
	k.term, k.vote, k.commit = k.promised.term, k.promised.vote, learnt[Index]{}
	k.promised.log.Entries = k.promised.log.Entries[:0:0]
	k.past = tenures{}
}

// begins compares the state before a step, where the record shows it, with the one after the step before.
func (k *Known) begins(s *Step, declared *binding, yield func(*Rule, *Breach)) {
	o := &s.Before
	if !k.seen || o.Unknown == ^Field(0) {
		return
	}
	if k.down() || o.Knows(FieldRole) && o.Role == Crashed {
		return
	}
	if k.falls(s, PartBefore, ^Field(0), declared, yield) {
		return
	}
	if i, lost := firstLoss(k.now.Log, o.Log); lost && k.now.Knows(FieldLog) && o.Knows(FieldLog) && !(k.now.Knows(FieldTerm) && o.Knows(FieldTerm) && o.Term > k.now.Term) {
		yield(traceConsistent, s.breach(PartBefore, 0, "%s begins this step with %s at index %d of its log, and ended the one before with %s there", s.Server, o.Log.at(i), i, k.now.Log.at(i)).
			refusing("the log before the step begins with the log after the one before", "they differ from index %d on", i).
			hinting("between the two lines nothing is said to have happened to the server; if steps are left out, leave out their numbers too").
			after("what was known", s.Server, k.from))
	}
	if k.now.differs(o) {
		k.forget() // it went on, and no line says how
	}
}

// down reports whether the server is known to be down.
func (k *Known) down() bool { return k.now.Knows(FieldRole) && k.now.Role == Crashed }

// differs reports whether two observations show any field differently.
func (o *Observation) differs(p *Observation) bool {
	both := func(f Field) bool { return o.Knows(f) && p.Knows(f) }
	return both(FieldRole) && o.Role != p.Role ||
		both(FieldTerm) && o.Term != p.Term ||
		both(FieldVotedFor) && o.VotedFor != p.VotedFor ||
		both(FieldLog) && !o.Log.sameAs(p.Log) ||
		both(FieldCommit) && o.CommitIndex != p.CommitIndex ||
		both(FieldApplied) && o.LastApplied != p.LastApplied ||
		both(FieldConfig) && !o.Config.same(&p.Config)
}

// sameAs reports whether two logs hold the same where both show entries, and end at the same place.
func (l Log) sameAs(m Log) bool {
	return l.LastIndex() == m.LastIndex() && firstDifference(l, m) > m.LastIndex()
}

// fill adds to what a record shows of the state before a step what is known of it. Where it shows some of it, what a leader believes of others may have
// changed since, by what a program told it.
func (k *Known) fill(o *Observation, explicit bool) {
	missing := o.Unknown &^ k.now.Unknown
	if explicit {
		missing &^= FieldProgress
	}
	if missing == 0 {
		return
	}
	n := &k.now
	take := func(f Field) bool { return missing&f != 0 }
	if take(FieldRole) {
		o.Role = n.Role
	}
	if take(FieldTerm) {
		o.Term = n.Term
	}
	if take(FieldVotedFor) {
		o.VotedFor = n.VotedFor
	}
	if take(FieldLog) {
		o.Log = n.Log
		o.Unknown = o.Unknown&^FieldCompacted | n.Unknown&FieldCompacted
	}
	if take(FieldCommit) {
		o.CommitIndex = n.CommitIndex
	}
	if take(FieldApplied) {
		o.LastApplied = n.LastApplied
	}
	if take(FieldVotes) {
		o.Granted = n.Granted
	}
	if take(FieldRefused) {
		o.Refused = n.Refused
	}
	if take(FieldProgress) {
		o.Progress = n.Progress
	}
	if take(FieldConfig) {
		o.Config = n.Config
	}
	if take(FieldDurable) {
		o.Durable = n.Durable
	}
	if take(FieldLeader) {
		o.LeaderID = n.LeaderID
	}
	if take(FieldContact) {
		o.Contact = n.Contact
	}
	if take(FieldReads) {
		o.Reads, o.LastToken = n.Reads, n.LastToken
	}
	o.Unknown &^= missing &^ FieldCompacted
}

// ends compares the state after a step with what is known, where the state before is not.
func (k *Known) ends(s *Step, declared *binding, yield func(*Rule, *Breach)) {
	if s.crashes() {
		return
	}
	o := &s.After
	if s.Input.Kind == Restart || k.down() {
		k.comesBack(s, declared, yield)
		return
	}
	k.falls(s, PartAfter, s.Before.Unknown, declared, yield)
	if acked := &k.promised.acked; o.Knows(FieldTerm|FieldLog) && o.Term == acked.term && o.Log.LastIndex() < acked.index {
		yield(storesWhatWasSent, s.breachAfter("%s acknowledged entries up to index %d in term %d, and in that term its log ends with index %d", s.Server, acked.index, acked.term, o.Log.LastIndex()).
			refusing("last index ≥ matchIndex acknowledged in the term", "%d is below %d", o.Log.LastIndex(), acked.index).
			allowing("%s holds its entries up to index %d", s.Server, acked.index).after("the acknowledgement", s.Server, acked.at))
	}
	if b := s.judgeVoteGiven(); b != nil && !drops(declared, o) {
		yield(voteOnce, b)
		return
	}
	if heard := &k.promised.vote; o.Knows(FieldTerm|FieldVotedFor) && heard.vote != None && heard.term == o.Term && o.VotedFor == None && k.vote.vote == None && !drops(declared, o) {
		yield(voteOnce, s.breachAfter("%s gave %s its vote in term %d and holds none in that term", s.Server, heard.vote, heard.term).
			refusing("votedFor = the candidate that was told of the vote", "it is %s", o.VotedFor).
			allowing("%s holds a vote for %s", s.Server, heard.vote).after("the vote", s.Server, heard.at))
	}
}

// falls calls yield for what is certain of a running server and taken back in a state before or after a step: its term, its vote in it, its commit
// index. asked are the fields to compare. It reports whether there is any.
func (k *Known) falls(s *Step, part Part, asked Field, declared *binding, yield func(*Rule, *Breach)) (any bool) {
	o := &s.After
	if part == PartBefore {
		o = &s.Before
	}
	compare := func(f Field) bool { return o.Knows(f) && asked&f != 0 }
	say := func(rule *Rule, b *Breach, was string, at Origin) {
		any = true
		yield(rule, b.after(was, s.Server, at))
	}
	if compare(FieldTerm) && o.Term < k.term.least {
		say(termMonotonic, s.breach(part, 0, "%s is in term %d and was in term %d before", s.Server, o.Term, k.term.least).
			refusing("currentTerm ≥ currentTerm before", "%d is below %d", o.Term, k.term.least).
			allowing("%s is in term %d or later", s.Server, k.term.least), "the term before", k.term.at)
	}
	if vote := &k.vote; compare(FieldTerm|FieldVotedFor) && vote.vote != None && o.Term == vote.term && o.VotedFor != vote.vote && !drops(declared, o) {
		say(voteOnce, s.breach(part, 0, "%s voted for %s in term %d and now holds a vote for %s in that term", s.Server, vote.vote, vote.term, o.VotedFor).
			refusing("votedFor stays in its term", "it was %s and is %s", vote.vote, o.VotedFor).
			allowing("%s keeps its vote for %s as long as term %d lasts", s.Server, vote.vote, vote.term), "the vote", vote.at)
	}
	if compare(FieldCommit) && o.CommitIndex < k.commit.least {
		say(commitMonotonic, s.breach(part, 0, "%s has commitIndex %d and had %d before", s.Server, o.CommitIndex, k.commit.least).
			refusing("commitIndex ≥ commitIndex before", "%d is below %d", o.CommitIndex, k.commit.least).
			allowing("%s keeps commitIndex %d", s.Server, k.commit.least), "commitIndex before", k.commit.at)
	}
	return any
}

// drops reports whether a server that shows no vote may have dropped it, since it knows the leader of the term.
func drops(declared *binding, o *Observation) bool {
	return declared.dropsVote && o.VotedFor == None
}

// comesBack compares what a server is after a crash with what it had promised, where its disk was not shown.
func (k *Known) comesBack(s *Step, declared *binding, yield func(*Rule, *Breach)) {
	o, p := &s.After, &k.promised
	k.keepsAcknowledged(s, yield)
	if s.Before.Knows(FieldTerm|FieldVotedFor|FieldLog) && (s.Before.Knows(FieldDurable) || s.comesBack()) {
		return // the rules about disks see it
	}
	term := p.term
	if p.asked.least > term.least && !k.lossy {
		term = p.asked
	}
	if o.Knows(FieldTerm) && o.Term < term.least {
		yield(termMonotonic, s.breachAfter("%s comes back in term %d and had promised in term %d", s.Server, o.Term, term.least).
			refusing("currentTerm after ≥ term promised", "%d is below %d", o.Term, term.least).
			allowing("%s comes back in term %d or later", s.Server, term.least).hinting(syncHint).after("the promise", s.Server, term.at))
		return
	}
	vote := p.vote
	if p.own.term > vote.term && !k.lossy {
		vote = p.own
	}
	if o.Knows(FieldTerm|FieldVotedFor) && vote.vote != None && vote.term == o.Term && o.VotedFor != vote.vote && !drops(declared, o) {
		yield(durableBeforeSend, s.breachAfter("%s gave its vote in term %d to %s and comes back with a vote for %s", s.Server, vote.term, vote.vote, o.VotedFor).
			refusing("votedFor after = vote promised", "%s is not %s", o.VotedFor, vote.vote).
			allowing("%s comes back with its vote for %s", s.Server, vote.vote).hinting(syncHint).after("the vote", s.Server, vote.at))
	}
	if !o.Knows(FieldLog) || len(p.log.Entries) == 0 {
		return
	}
	i, lost := firstLoss(p.log, o.Log)
	if !lost {
		return
	}
	yield(durableBeforeSend, s.breachAfter("%s had %s at index %d for good and comes back with %s there", s.Server, p.log.at(i), i, o.Log.at(i)).
		refusing("what was promised is a prefix of the log after", "they differ from index %d on", i).
		allowing("%s comes back with its entries up to index %d", s.Server, p.log.LastIndex()).hinting(syncHint).after("the acknowledgement", s.Server, p.logAt))
}

// keepsAcknowledged compares how long a log is after a crash with what the server acknowledged.
func (k *Known) keepsAcknowledged(s *Step, yield func(*Rule, *Breach)) {
	o, p := &s.After, &k.promised
	if !o.Knows(FieldLog) {
		return
	}
	last := o.Log.LastIndex()
	for _, lost := range [...]struct {
		of   *reach
		what string
		is   bool
	}{
		{&p.snapshot, "a snapshot", last < p.snapshot.index},
		{&p.acked, "entries", o.Knows(FieldTerm) && o.Term == p.acked.term && last < p.acked.index},
	} {
		if lost.is {
			yield(durableBeforeSend, s.breachAfter("%s acknowledged %s up to index %d and comes back with a log that ends with index %d", s.Server, lost.what, lost.of.index, last).
				refusing("last index ≥ the index acknowledged", "%d is below %d", last, lost.of.index).
				allowing("%s comes back with what it acknowledged", s.Server).hinting(syncHint).after("the acknowledgement", s.Server, lost.of.at))
			return
		}
	}
}

// disks compares what a step says to be on disk with what was there before, where the state before does not show it.
func (k *Known) disks(s *Step, yield func(*Rule, *Breach)) {
	was, before, at := &k.promised.disk, PartFact, k.promised.diskAt
	if k.promised.diskAt == 0 {
		was = nil
	}
	effect := 0
	for n := range s.Output.Effects {
		e := &s.Output.Effects[n]
		if e.Kind != Write && e.Kind != Sync {
			continue
		}
		if was != nil {
			if b := k.diskFalls(s, n, was, &e.Durable, before == PartFact); b != nil {
				b.Evidence = append(b.Evidence, Evidence{Role: "what was on disk", Server: s.Server, Part: before, Effect: effect, Origin: at})
				yield(diskKept, b)
				return
			}
		}
		was, before, effect = &e.Durable, PartEffect, n
	}
}

// diskFalls returns the breach that what an effect says to be on disk is less than what was there; nil if nothing is missing.
func (k *Known) diskFalls(s *Step, effect int, was, is *Durable, earlier bool) *Breach {
	known := func(f Field) bool { return (was.Unknown|is.Unknown)&f == 0 }
	if known(FieldTerm) && is.Term < was.Term {
		return s.breach(PartEffect, effect, "%s had term %d on its disk and now has term %d there", s.Server, was.Term, is.Term).
			refusing("term on disk ≥ term on disk before", "%d is below %d", is.Term, was.Term).allowing("term %d stays on disk", was.Term)
	}
	lenient := s.Declared.Has(LateTerm) || s.Declared.Has(TermThenVote) || s.Declared.Has(DropsVoteForLeader) && is.VotedFor == None
	if known(FieldTerm|FieldVotedFor) && is.Term == was.Term && was.VotedFor != None && is.VotedFor != was.VotedFor && !lenient {
		return s.breach(PartEffect, effect, "%s had its vote for %s in term %d on its disk and now has a vote for %s there", s.Server, was.VotedFor, was.Term, is.VotedFor).
			refusing("votedFor on disk stays in its term", "it was %s and is %s", was.VotedFor, is.VotedFor).allowing("the vote for %s stays on disk", was.VotedFor)
	}
	i, lost := firstLoss(was.Log, is.Log)
	if !lost || !known(FieldLog) || s.crashes() || s.Input.Kind == Restart || s.Declared.Has(StoresLater) || s.Declared.Has(VolatileUntilReady) || s.Declared.Has(MendsLog) ||
		s.dropsUnacknowledged(i) || !k.keepsEntry(s, i, was, earlier) {
		return nil
	}
	return s.breach(PartEffect, effect, "%s had %s at index %d on its disk and now has %s there", s.Server, was.Log.at(i), i, is.Log.at(i)).
		refusing("entries on disk stay until they are replaced or compacted", "index %d is gone", i).allowing("%s stays on disk", was.Log.at(i))
}

// keepsEntry reports whether a server certainly has not replaced an entry of its disk: it holds it in memory before and after, or nothing came that
// may replace any.
func (k *Known) keepsEntry(s *Step, i Index, was *Durable, earlier bool) bool {
	if e, _ := was.Log.At(i); s.show(FieldLog) {
		before, here := s.Before.Log.At(i)
		after, there := s.After.Log.At(i)
		if here && there && before.agrees(e) && after.agrees(e) {
			return true
		}
	}
	return s.leavesEntries() && (!earlier || k.promised.diskIs && !s.Gap && !s.Hole)
}

// leavesEntries reports whether a step is one that replaces no entries.
func (s *Step) leavesEntries() bool {
	switch s.Input.Kind {
	case Timeout, Heartbeat, Propose, Tick, ReadIndex:
		return true
	case Deliver:
		return s.Input.Message.Kind != AppendEntries && s.Input.Message.Kind != InstallSnapshot
	}
	return false
}

// learn adds what a step shows.
func (k *Known) learn(s *Step, declared *binding, holes int, where func(Part, int) Origin) {
	if s.Output.Refused {
		return // nothing happened
	}
	at := where(PartAfter, 0)
	k.seen, k.from, k.hole = true, at, holes
	k.lossy = s.Input.Lossy && s.crashes() || k.lossy && k.down() && s.crashes()
	o := &s.After
	k.past.learn(s)
	if o.Knows(FieldRole|FieldTerm) && o.Role == Leader && !s.crashes() {
		k.led = o.Term
	} else if o.Knows(FieldRole|FieldTerm) && o.Term == k.led && !s.crashes() {
		k.stepped = o.Term
	}
	if s.crashes() || s.Input.Kind == Restart || k.down() && !s.crashes() {
		k.term, k.vote, k.commit = k.promised.term, k.promised.vote, learnt[Index]{}
	}
	disk := k.now.Durable
	diskKnown := k.now.Knows(FieldDurable)
	k.now = *o
	if diskKnown && !o.Knows(FieldDurable) && s.Input.Kind == Crash && !s.Output.durable() {
		k.now.Durable, k.now.Unknown = disk, k.now.Unknown&^FieldDurable
	}
	k.cut(s)
	k.disk(s, where)
	k.end(s, where)
	if !s.crashes() {
		if o.Knows(FieldTerm) {
			k.term.raise(o.Term, at)
		}
		if o.Knows(FieldTerm | FieldVotedFor) {
			k.vote.cast(o.Term, o.VotedFor, at)
		}
		if o.Knows(FieldCommit) {
			k.commit.raise(o.CommitIndex, at)
		}
	}
	if !declared.promises() {
		return // what it sends leaves later, or promises nothing
	}
	last := s.Output.lastDurable()
	for n := range s.Output.Effects {
		switch e := &s.Output.Effects[n]; {
		case n == last && e.Kind == Sync:
			k.stored(&e.Durable, declared, where(PartEffect, n))
		case e.Kind == Send:
			k.sends = true
			k.told(&e.Message, o, declared, where(PartEffect, n))
		}
	}
	if o.Knows(FieldDurable) {
		k.stored(&o.Durable, declared, at)
	}
}

// disk notes what is on disk.
func (k *Known) disk(s *Step, where func(Part, int) Origin) {
	p := &k.promised
	p.diskIs = p.diskIs && s.leavesEntries() && !s.Gap && !s.Hole && !s.crashes()
	switch n := s.Output.lastDurable(); {
	case s.After.Knows(FieldDurable):
		p.disk, p.diskAt, p.diskIs = s.After.Durable, where(PartAfter, 0), !s.crashes()
	case n >= 0:
		now := s.Output.Effects[n].Durable
		if now.Unknown&FieldTerm != 0 && p.diskAt != 0 {
			now.Term, now.VotedFor, now.Unknown = p.disk.Term, p.disk.VotedFor, now.Unknown&FieldLog|p.disk.Unknown&^FieldLog
		}
		p.disk, p.diskAt, p.diskIs = now, where(PartEffect, n), !s.crashes()
	}
}

// end notes up to which entry a server has acknowledged what it was sent: from now on its log is at least as up to date as one that ends there.
func (k *Known) end(s *Step, where func(Part, int) Origin) {
	p, m := &k.promised, &s.Input.Message
	if s.Gap || s.Hole || s.Input.Kind == Stored || s.Input.Kind == 0 || (s.delivered(AppendEntries) || s.delivered(InstallSnapshot)) && (!m.Knows(MessageTerm) || m.Term != p.endIn) {
		p.end, p.endIn = reach{}, 0
	}
	if !s.delivered(AppendEntries) || !m.Knows(MessageTerm|MessagePrevIndex|MessageEntries) || s.After.Knows(FieldLog) {
		return
	}
	for _, v := range [...]Variant{HealsFirst, StoresLater, DropsUnacknowledged, CachesEntries} {
		if s.Declared.Has(v) {
			return
		}
	}
	for n, reply := range s.Output.Sent {
		e, carried := m.entryAt(reply.MatchIndex)
		if reply.Kind == AppendEntriesReply && reply.Success && reply.Knows(MessageTerm|MessageMatch|MessageSuccess) && reply.Term == m.Term && carried {
			p.end.extend(e.Term, reply.MatchIndex, where(PartEffect, n))
			p.endIn = m.Term
		}
	}
}

// votesBehind returns the breach of a vote for a candidate whose log is behind what the voter acknowledged, where the voter shows no log.
func (k *Known) votesBehind(s *Step) *Breach {
	m, end := &s.Input.Message, &k.promised.end
	if !s.delivered(RequestVote) || end.index == 0 || s.Before.Knows(FieldLog) || s.Gap || s.Hole || !s.runs() || !m.Knows(MessageTerm|MessageFrom|MessageLastIndex|MessageLastTerm) || m.Term <= k.promised.endIn {
		return nil
	}
	if m.LastLogTerm > end.term || m.LastLogTerm == end.term && m.LastLogIndex >= end.index {
		return nil
	}
	for n, reply := range s.Output.Sent {
		if reply.Kind == RequestVoteReply && reply.Granted && reply.Knows(MessageGranted|MessageTo) && reply.To == m.From {
			return s.breachSent(n, "%s votes for %s in term %d, whose log ends with index %d of term %d, and has acknowledged an entry of term %d at index %d", s.Server, m.From, m.Term, m.LastLogIndex, m.LastLogTerm, end.term, end.index).
				refusing("the candidate's (last term, last index) ≥ the voter's", "(%d, %d) is below (%d, %d)", m.LastLogTerm, m.LastLogIndex, end.term, end.index).
				allowing("%s refuses %s", s.Server, m.From).after("the acknowledgement", s.Server, end.at)
		}
	}
	return nil
}

// lastDurable returns the index of the last effect that changed what is on disk, -1 if there is none. What stood there for a moment before need
// be no state that the server meant to be in.
func (o *Output) lastDurable() int {
	for k := len(o.Effects) - 1; k >= 0; k-- {
		if kind := o.Effects[k].Kind; kind == Write || kind == Sync {
			return k
		}
	}
	return -1
}

// durable reports whether a step wrote to disk.
func (o *Output) durable() bool {
	return slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Kind == Write || e.Kind == Sync })
}

// stored adds what was on disk.
func (k *Known) stored(d *Durable, declared *binding, at Origin) {
	p := &k.promised
	if d.Unknown&FieldTerm != 0 {
		return
	}
	p.term.raise(d.Term, at)
	if d.Unknown&FieldVotedFor == 0 {
		p.vote.cast(d.Term, d.VotedFor, at)
	}
}

// sent returns the breach of a step that brings a message which this server, by all that is known of it, cannot have sent.
func (k *Known) sent(s *Step, holes int) *Breach {
	m := &s.Input.Message
	why, condition := k.past.rulesOut(m)
	if why == "" {
		why, condition = k.otherThanSent(m, holes)
	}
	if why == "" || !k.sends || k.hole != holes {
		return nil
	}
	return s.breach(PartInput, 0, "%s receives %s from %s, and that never sent it: %s", s.Server, m.Kind, m.From, why).
		refusing(condition, "%s", why).
		hinting("the message was made up or changed on its way, or the trace lacks steps of "+m.From.String()).after("what is known of "+m.From.String(), m.From, k.from)
}

// leadsAsShown reports whether a server is certain to lead the term of a message now, so that what it shows is all that it can have told.
func (k *Known) leadsAsShown(m *Message, holes int) bool {
	o := &k.now
	return m.Knows(MessageTerm) && o.Knows(FieldRole|FieldTerm) && o.Role == Leader && o.Term == m.Term && k.past.begun && !k.past.batches && k.sends && k.hole == holes
}

// otherThanSent says why a server that leads the term of a message cannot have sent that, by its log, which only grows; "" if it may have.
func (k *Known) otherThanSent(m *Message, holes int) (why, condition string) {
	o := &k.now
	if m.Kind != AppendEntries || !k.leadsAsShown(m, holes) {
		return "", ""
	}
	if !o.Knows(FieldLog) || !m.Knows(MessagePrevIndex) {
		return "", ""
	}
	if term, known := o.Log.termKnownAt(m.PrevLogIndex); known && m.Knows(MessagePrevTerm) && term != m.PrevLogTerm {
		return "its entry at index " + number(m.PrevLogIndex) + " is of term " + number(term), "prevLogTerm = the sender's log[prevLogIndex].term"
	}
	for i := range m.Entries {
		at := m.PrevLogIndex + 1 + Index(i)
		if own, held := o.Log.At(at); m.Knows(MessageEntries) && at > o.Log.Base && (!held || !own.agrees(m.Entries[i])) {
			return "it has " + o.Log.at(at) + " at index " + number(at), "an entry sent = the sender's log[index]"
		}
	}
	return "", ""
}

// told adds what a message promised when it left. now is what its sender was then, as far as that is known.
func (k *Known) told(m *Message, now *Observation, declared *binding, at Origin) {
	if !tellsSendersTerm(m.Kind) || !m.Knows(MessageTerm|MessageTo) || m.To == m.From {
		return
	}
	p := &k.promised
	k.term.raise(m.Term, at)
	if m.Kind.IsRequest() {
		p.asked.raise(m.Term, at)
		if m.Kind == RequestVote {
			p.own.cast(m.Term, m.From, at)
		}
		return
	}
	p.term.raise(m.Term, at)
	switch {
	case m.Kind == RequestVoteReply && m.Knows(MessageGranted) && m.Granted:
		p.vote.cast(m.Term, m.To, at)
	case !m.Success || !m.Knows(MessageSuccess|MessageMatch) || declared.healsFirst:
	case m.Kind == InstallSnapshotReply:
		if m.MatchIndex > p.snapshot.index {
			p.snapshot = reach{m.Term, m.MatchIndex, at}
		}
	case m.Kind == AppendEntriesReply:
		p.acked.extend(m.Term, m.MatchIndex, at)
		if log := now.Log; now.Knows(FieldLog|FieldTerm) && now.Term == m.Term && m.MatchIndex <= log.LastIndex() && m.MatchIndex > p.log.LastIndex() {
			log.Entries = log.Entries[:max(m.MatchIndex, log.Base)-log.Base]
			p.log, p.logAt = log, at
		}
	}
}

// cut shortens what is promised of the log to what a step that may have replaced entries leaves of it.
func (k *Known) cut(s *Step) {
	p := &k.promised
	if len(p.log.Entries) == 0 || s.crashes() {
		return
	}
	keep := p.log.LastIndex()
	switch {
	case s.After.Knows(FieldLog):
		if i, lost := firstLoss(p.log, s.After.Log); lost {
			keep = i - 1
		}
	case s.Input.Kind != Timeout && s.Input.Kind != Heartbeat && s.Input.Kind != Propose:
		keep = min(keep, k.commit.least)
	}
	p.log.Entries = p.log.Entries[:max(keep, p.log.Base)-p.log.Base]
}

// steps judges what a server does by what it was before: one that is down does nothing until it starts again, and what it sends of a term that is over
// for it, it was in a state to send then.
func (k *Known) steps(s *Step, unnumbered bool, declared *binding, yield func(*Rule, *Breach)) {
	if k.seen && k.down() && !unnumbered && s.actsUp() {
		yield(traceConsistent, s.breachAfter("%s is down, and then %s happens to it and it is %s", s.Server, s.happened(), s.After.Role).
			refusing("a server that is down does nothing", "it goes on").
			allowing("%s starts again first", s.Server).after("where it went down", s.Server, k.from))
		return
	}
	if !declared.promises() || !s.Before.Knows(FieldTerm) {
		return
	}
	for n := range s.Output.Effects {
		m := &s.Output.Effects[n].Message
		isOver := m.Term < s.Before.Term || m.Term == s.Before.Term && m.Kind == RequestVote && s.After.Knows(FieldTerm) && s.After.Term > m.Term
		if s.Output.Effects[n].Kind != Send || m.To == s.Server || !isOver {
			continue
		}
		if why, condition := k.past.rulesOut(m); why != "" {
			yield(traceConsistent, s.breachSent(n, "%s sends %s of term %d: %s", s.Server, m.Kind, m.Term, why).
				refusing(condition, "%s", why).after("what it was before", s.Server, k.from))
			return
		}
	}
}

// actsUp reports whether the step is one that only a server takes which is up, and leaves it so.
func (s *Step) actsUp() bool {
	switch s.Input.Kind {
	case Timeout, Heartbeat, Deliver, Propose, ReadIndex, Compact, Tick:
		return !s.crashes() && s.After.Knows(FieldRole) && s.After.Role != Crashed
	}
	return false
}
