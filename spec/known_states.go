package spec

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
			hinting(nothingBetween).
			after("what was known", s.Server, k.from))
		k.forget()
		return
	}
	if o.Knows(FieldApplied|FieldCommit) && k.now.Knows(FieldApplied) && o.LastApplied > k.now.LastApplied && o.LastApplied > o.CommitIndex && !s.Declared.Has(CommitMayFall) {
		yield(applyInOrder, s.breach(PartBefore, 0, "%s begins this step with lastApplied %d and commitIndex %d, and ended the one before with lastApplied %d", s.Server, o.LastApplied, o.CommitIndex, k.now.LastApplied).
			refusing("lastApplied ≤ commitIndex", "%d is above %d", o.LastApplied, o.CommitIndex).
			allowing("%s applies up to index %d", s.Server, o.CommitIndex).after("what was known", s.Server, k.from))
	}
	if what, was, is, field := k.now.difference(o); what != "" {
		yield(traceConsistent, s.breach(PartBefore, 0, "%s begins this step with %s %s, and ended the one before with %s", s.Server, what, is, was).
			refusing(what+" before the step = "+what+" after the one before", "%s is not %s", is, was).hinting(nothingBetween).showing(field).after("what was known", s.Server, k.from))
		k.forget() // it went on, and no line says how
	}
}

const nothingBetween = "between the two lines nothing is said to have happened to the server; if steps are left out, leave out their numbers too"

// difference names a field that two observations show differently, and says what each of them shows; "" if there is none. A log is none of them.
func (o *Observation) difference(p *Observation) (what, was, is string, field Field) {
	both := func(f Field) bool { return o.Knows(f) && p.Knows(f) }
	switch {
	case both(FieldTerm) && o.Term != p.Term:
		return "term", number(o.Term), number(p.Term), FieldTerm
	case both(FieldRole) && o.Role != p.Role:
		return "role", o.Role.String(), p.Role.String(), FieldRole
	case both(FieldVotedFor) && o.VotedFor != p.VotedFor:
		return "votedFor", o.VotedFor.String(), p.VotedFor.String(), FieldVotedFor
	case both(FieldCommit) && o.CommitIndex != p.CommitIndex:
		return "commitIndex", number(o.CommitIndex), number(p.CommitIndex), FieldCommit
	case both(FieldConfig) && !o.Config.same(&p.Config):
		return "configuration", o.Config.String(), p.Config.String(), FieldConfig
	}
	return "", "", "", 0
}

// fallsUntold reports whether the term, the commit index or the applied index that a step begins with is below what the server showed last, though nothing says that it
// started again in between: whatever else no line tells, none of them falls.
func (k *Known) fallsUntold(s *Step) bool {
	o, now := &s.Before, &k.now
	both := func(f Field) bool { return o.Knows(f) && now.Knows(f) }
	return k.seen && !s.Gap && !s.Hole && s.Input.Kind != Restart && !k.down() && !(o.Knows(FieldRole) && o.Role == Crashed) &&
		(both(FieldTerm) && o.Term < now.Term || both(FieldCommit) && o.CommitIndex < now.CommitIndex || both(FieldApplied) && o.LastApplied < now.LastApplied)
}

// elsewhere reports whether a step begins otherwise than the one before ended.
func (k *Known) elsewhere(o *Observation) bool {
	return k.now.differs(o) || o.Knows(FieldTerm) && o.Term < k.term.least || o.Knows(FieldCommit) && o.CommitIndex < k.commit.least || o.Knows(FieldApplied) && o.LastApplied < k.ran.least
}

// outgrew reports whether a state before a step is no more than what the server showed last, and messages that arrived since told of more: in a record in which
// steps may be missing, it went on in one of them.
func (k *Known) outgrew(o *Observation) bool {
	both := func(f Field) bool { return o.Knows(f) && k.now.Knows(f) }
	return both(FieldTerm) && o.Term == k.now.Term && o.Term < k.term.least || both(FieldTerm|FieldVotedFor) && k.now.Term == o.Term && k.now.VotedFor == o.VotedFor &&
		k.vote.term == o.Term && k.vote.vote != None && k.vote.vote != o.VotedFor
}

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

// ends compares the state after a step with what is known, where the state before is not.
func (k *Known) ends(s *Step, declared *binding, unnumbered bool, yield func(*Rule, *Breach)) {
	if s.crashes() {
		return
	}
	o := &s.After
	if b := k.storesLess(s); b != nil {
		yield(durableBeforeSend, b)
	}
	if s.Input.Kind == Restart || k.down() {
		k.comesBack(s, declared, unnumbered, yield)
		return
	}
	k.falls(s, PartAfter, s.Before.Unknown, declared, yield)
	if acked := &k.promised.acked; o.Knows(FieldTerm|FieldLog) && o.Term == acked.term && o.Log.LastIndex() < acked.index {
		yield(storesWhatWasSent, s.breachAfter("%s acknowledged entries up to index %d in term %d, and in that term its log ends with index %d", s.Server, acked.index, acked.term, o.Log.LastIndex()).
			refusing("last index ≥ matchIndex acknowledged in the term", "%d is below %d", o.Log.LastIndex(), acked.index).
			allowing("%s holds its entries up to index %d", s.Server, acked.index).promised("the acknowledgement", s.Server, acked.at))
	}
	if b := s.judgeVoteGiven(); b != nil {
		if !s.show(voteOnce.Needs) {
			yield(voteOnce, b) // the rule itself is not asked
		}
		return
	}
	if heard := &k.promised.vote; o.Knows(FieldTerm|FieldVotedFor) && heard.vote != None && heard.term == o.Term && o.VotedFor == None && k.vote.vote == None && !drops(declared, o) {
		yield(voteOnce, s.breachAfter("%s gave %s its vote in term %d and holds none in that term", s.Server, heard.vote, heard.term).
			refusing("votedFor = the candidate that was told of the vote", "it is %s", o.VotedFor).
			allowing("%s holds a vote for %s", s.Server, heard.vote).promised("the vote", s.Server, heard.at))
	}
}

// falls calls yield for what is certain of a running server and taken back in a state before or after a step: its term, its vote in it, its commit
// index and how far it has applied. asked are the fields to compare. It reports whether there is any.
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
	given := declared.dropsVote && part == PartAfter && s.votesAnew()
	if vote := &k.vote; (compare(FieldTerm|FieldVotedFor) || given) && vote.vote != None && o.Term == vote.term && o.VotedFor != vote.vote && !drops(declared, o) {
		say(voteOnce, s.breach(part, 0, "%s voted for %s in term %d and now holds a vote for %s in that term", s.Server, vote.vote, vote.term, o.VotedFor).
			refusing("votedFor stays in its term", "it was %s and is %s", vote.vote, o.VotedFor).
			allowing("%s keeps its vote for %s as long as term %d lasts", s.Server, vote.vote, vote.term), "the vote", vote.at)
	}
	if compare(FieldCommit) && o.CommitIndex < k.commit.least {
		say(commitMonotonic, s.breach(part, 0, "%s has commitIndex %d and had %d before", s.Server, o.CommitIndex, k.commit.least).
			refusing("commitIndex ≥ commitIndex before", "%d is below %d", o.CommitIndex, k.commit.least).
			allowing("%s keeps commitIndex %d", s.Server, k.commit.least), "commitIndex before", k.commit.at)
	}
	if was := k.ran.least; compare(FieldApplied) && o.LastApplied < was && !s.Declared.Has(CommitMayFall) {
		say(applyInOrder, s.breach(part, 0, "%s has applied entries up to index %d and had applied up to %d before", s.Server, o.LastApplied, was).
			refusing("lastApplied ≥ lastApplied before", "%d is below %d", o.LastApplied, was).
			allowing("%s applies what follows index %d", s.Server, was), "lastApplied before", k.ran.at)
	}
	return any
}

// votesAnew reports whether a server that held no vote ends the step with one, in the same term.
func (s *Step) votesAnew() bool {
	const vote = FieldTerm | FieldVotedFor
	return s.show(vote) && s.Before.Term == s.After.Term && s.Before.VotedFor == None && s.After.VotedFor != None
}

// drops reports whether a server that shows no vote may have dropped it, since it knows the leader of the term, or may have taken that leader for it.
func drops(declared *binding, o *Observation) bool {
	return declared.dropsVote && (o.VotedFor == None || !o.Knows(FieldLeader) || o.LeaderID == o.VotedFor)
}

// comesBack compares what a server is after a crash with what it had promised, where its disk was not shown.
func (k *Known) comesBack(s *Step, declared *binding, unnumbered bool, yield func(*Rule, *Breach)) {
	o, p := &s.After, &k.promised
	k.keepsAcknowledged(s, yield)
	if k.down() && k.topKnown && !unnumbered && o.Knows(FieldTerm) && o.Term > k.top && !s.Gap && !s.Hole && !s.Declared.Has(LateTerm) && !s.Declared.Has(TermJumps) && declared.promises() {
		yield(termHasSource, s.breachAfter("%s was in no later term than %d when it went down and comes back in term %d", s.Server, k.top, o.Term).
			refusing("currentTerm after ≤ the highest term before", "%d is above %d", o.Term, k.top).
			allowing("%s comes back in term %d or earlier", s.Server, k.top).after("where it went down", s.Server, k.from))
	}
	if b := &s.Before; b.Knows(FieldTerm|FieldVotedFor|FieldLog) && (b.Knows(FieldDurable) && p.isOn(b.Durable.Term, b.Durable.VotedFor) || s.comesBack() && p.isOn(b.Term, b.VotedFor)) {
		return // the rules about disks see it
	}
	term := p.term
	if p.asked.least > term.least && !unnumbered {
		term = p.asked
	}
	if o.Knows(FieldTerm) && o.Term < term.least {
		yield(termMonotonic, s.breachAfter("%s comes back in term %d and had promised in term %d", s.Server, o.Term, term.least).
			refusing("currentTerm after ≥ term promised", "%d is below %d", o.Term, term.least).
			allowing("%s comes back in term %d or later", s.Server, term.least).hinting(syncHint).promised("the promise", s.Server, term.at))
		return
	}
	vote := p.vote
	if p.own.term > vote.term && !unnumbered {
		vote = p.own
	}
	if o.Knows(FieldTerm|FieldVotedFor) && vote.vote != None && vote.term == o.Term && o.VotedFor != vote.vote && !drops(declared, o) {
		yield(durableBeforeSend, s.breachAfter("%s gave its vote in term %d to %s and comes back with a vote for %s", s.Server, vote.term, vote.vote, o.VotedFor).
			refusing("votedFor after = vote promised", "%s is not %s", o.VotedFor, vote.vote).
			allowing("%s comes back with its vote for %s", s.Server, vote.vote).showing(FieldVotedFor).hinting(syncHint).promised("the vote", s.Server, vote.at))
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
		allowing("%s comes back with its entries up to index %d", s.Server, p.log.LastIndex()).showing(FieldLog).hinting(syncHint).promised("what it had for good", s.Server, p.logAt))
}

// isOn reports whether the term and the vote that were promised are on a disk that holds these.
func (p *promise) isOn(term Term, vote ServerID) bool {
	return max(p.term.least, p.asked.least) <= term && (p.vote.term < term || p.vote.vote == None || p.vote.vote == vote) &&
		(p.own.term < term || p.own.vote == None || p.own.vote == vote)
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
				allowing("%s comes back with what it acknowledged", s.Server).showing(FieldLog).hinting(syncHint).promised("the acknowledgement", s.Server, lost.of.at))
			return
		}
	}
}
