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

	past tenures

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
	if why == "" || !k.sends || k.hole != holes {
		return nil
	}
	return s.breach(PartInput, 0, "%s receives %s from %s, and that never sent it: %s", s.Server, m.Kind, m.From, why).
		refusing(condition, "%s", why).
		hinting("the message was made up or changed on its way, or the trace lacks steps of "+m.From.String()).after("what is known of "+m.From.String(), m.From, k.from)
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
	case m.Kind == AppendEntriesReply && m.Knows(MessageSuccess|MessageMatch) && m.Success && !declared.healsFirst:
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
