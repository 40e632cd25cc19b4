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
	ran    learnt[Index] // likewise, how far it has applied
	vote   ballot        // the last vote that it is known to have given, not taken back by a crash

	promised promise

	campaign  campaign // the latest
	candidacy struct { // likewise: in which term it was candidate, and who voted then as it saw it
		term   Term
		config Configuration
	}

	candidacies []Term // in which it was candidate since it started, and told nobody of it

	restored bool // it has started, and since then it showed how far it has applied, and no snapshot was brought to it

	did reach // the entry that its state machine carried out last since it started

	top      Term // it has been in no later term than this,
	topKnown bool // if that is known

	led     Term // the latest term that it was seen to lead,
	stepped Term // and that it was then seen, in that very term, not to lead any more
	past    tenures

	lost    bool // it may have crashed in steps that are not recorded, and not be up again
	running bool // it was certainly up when its last step ended
	failing bool // its disk was said to refuse what it writes next, which stops it
	losses  int  // how often it crashed and lost what was not synced, or may have where its steps are not all recorded
	sends   bool // its own record shows some of what it sends
	started bool // its record begins with its start, so that it tells of others before anything else, and nothing is said to be left out since
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
	term    learnt[Term]
	own     ballot       // it asked for votes, and so had its own
	asked   learnt[Term] // it asked, or led, in this term; a crash that is said to have lost what was not synced may take that back
	vote    ballot
	granted ballot // that part of vote which it, or who was given it, told
	log     Log    // acknowledged or synced, so these entries are on disk, unless the server has taken others in their place since
	logAt   Origin

	acked reach // how far it acknowledged entries to the leader of its latest term, which never takes any of them back
	end   reach // an entry, by term and index, that its log holds or goes beyond, unless the server has taken others in its place since
	endIn Term  // the term in which it acknowledged that

	snapshot reach // the last entry of the latest snapshot that it acknowledged: all of it is committed, and so kept for good

	disk   Durable // what was on it when it was shown last, as far as it was
	diskAt Origin
	diskIs bool // it has been shown, and nothing can have replaced its entries since
	kept   kept
	synced synced
}

// mayLose takes in that the server may have crashed and lost what was not synced: a term in which it only asked for votes or led is among that.
func (k *Known) mayLose() {
	k.losses++
	k.promised.own, k.promised.asked = ballot{}, learnt[Term]{}
}

// anyTerm is as late as a term may be.
const anyTerm = ^Term(0)

// losses is how often a server may have lost a term in which it only asked for votes or led.
func (j *Judge) losses(id ServerID) int { return j.of(id).known.losses }

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
//
// Where no line says whether lines are missing, and the record does not begin with the server's start, what falls between two lines is yielded to unsettled: a start
// that no line tells of explains it.
func (k *Known) meet(s *Step, declared *binding, unnumbered bool, holes int, where func(Part, int) Origin, yield, unsettled func(*Rule, *Breach)) {
	if unnumbered && k.seen && !s.Gap && k.outgrew(&s.Before) {
		s.Before = Observation{Unknown: ^Field(0)}
		k.forget()
	}
	if unnumbered && k.fallsUntold(s) {
		found := unsettled
		if k.started {
			found = yield
		}
		k.falls(s, PartBefore, FieldTerm|FieldCommit|FieldApplied, declared, found)
	}
	if s.Gap || s.Hole {
		k.promised.losesWrites()
	}
	k.started = !s.Gap && (k.started || !k.seen && s.Input.Kind == Restart)
	if s.Gap || !k.seen || unnumbered && k.elsewhere(&s.Before) {
		k.forget()
	}
	k.begins(s, declared, yield)
	k.fill(&s.Before, s.Before.Unknown|FieldCompacted != ^Field(0) && s.Before.Unknown|FieldCompacted != FieldUp<<1-1)
	if b, a := &s.Before, &s.After; s.leavesLog() && !b.Knows(FieldLog) && a.Knows(FieldLog) {
		b.Log, b.Unknown = a.Log, b.Unknown&^(FieldLog|FieldCompacted)|a.Unknown&FieldCompacted
	}
	k.steps(s, unnumbered, declared, yield)
	k.disks(s, yield)
	if declared.promises() {
		if b := k.losesPromised(s, declared); b != nil {
			yield(durableBeforeSend, b)
		} else if !unnumbered {
			if b := s.promisesUnstored(declared); b != nil {
				yield(durableBeforeSend, b)
			}
		}
	}
	if b := k.votesTwice(s, declared, unnumbered); b != nil {
		yield(voteOnce, b)
	}
	if b := k.appliesAgain(s); b != nil && !s.Declared.Has(CommitMayFall) {
		yield(applyInOrder, b)
	}
	b := s.appliesUncommitted()
	if b == nil {
		b = k.appliesAhead(s, unnumbered)
	}
	if b != nil && !s.Declared.Has(CommitMayFall) {
		yield(commitInLog, b)
	}
	if b := k.answersAsBefore(s, declared); b != nil {
		yield(staleRequestAnswer, b)
	}
	if b := k.votesBehind(s, unnumbered); b != nil {
		yield(voteUpToDate, b)
	}
	if b := k.asksBehind(s, unnumbered); b != nil {
		yield(candidateLastLog, b)
	}
	if b := k.asksOtherwise(s, declared, where); b != nil {
		yield(candidateLastLog, b)
	}
	k.up(s, holes)
	k.ends(s, declared, unnumbered, yield)
}

// leavesLog reports whether a step certainly changes no log: a request for a vote does not, nor a campaign that does not elect at once.
func (s *Step) leavesLog() bool {
	return s.delivered(RequestVote) || s.Input.Kind == Timeout && s.After.Knows(FieldRole) && s.After.Role != Leader && !s.crashes()
}

// up says whether the server is up where its role is not shown. One that was up is up until it is said to crash, or its disk to fail; one that acts is up; and one
// of which neither is known is, unless it was last heard of as down or may show its role and does not.
func (k *Known) up(s *Step, holes int) {
	b, a := &s.Before, &s.After
	if s.Gap || !k.seen && holes > 0 {
		k.lost = true
	}
	if s.Input.Kind == Restart || a.Knows(FieldRole) && a.Role != Crashed {
		k.lost = false
	}
	k.failing = s.Input.Kind == StorageError || k.failing && s.Input.Kind != Restart
	isUp := s.acts() || !k.failing && !s.fails() && (k.running || !k.past.showsRoles && !a.Knows(FieldRole) && !k.lost)
	switch {
	case s.Input.Kind == Crash || s.Input.Cut > 0 || k.down() && s.Input.Kind != Restart && !a.Knows(FieldRole):
		a.Role, a.Unknown = Crashed, a.Unknown&^(FieldRole|FieldUp)
	case s.Input.Kind == Restart || isUp:
		a.Unknown &^= FieldUp
	}
	if (isUp || k.running || s.actsUp() || s.Input.Cut > 0) && s.Input.Kind != Restart {
		b.Unknown &^= FieldUp
	}
	k.running = a.Knows(FieldUp) && !s.crashes()
}

// acts reports whether a step certainly begins and ends with a server that is up: it did something, no crash cut it short and no disk failed.
func (s *Step) acts() bool {
	return len(s.Output.Effects) > 0 && s.Input.Kind != Crash && s.Input.Kind != Restart && s.Input.Cut == 0 && !s.fails()
}

// fails reports whether a write was tried that the disk refused.
func (s *Step) fails() bool {
	return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Fail })
}

// forget drops what need not hold any more after steps that are not recorded, a crash among them perhaps.
func (k *Known) forget() {
	k.now, k.running = Observation{Unknown: ^Field(0)}, false
	k.term, k.vote, k.commit, k.ran = k.promised.term, k.promised.vote, learnt[Index]{}, learnt[Index]{}
	k.promised.log.Entries = k.promised.log.Entries[:0:0]
	k.past = tenures{}
	k.did = reach{}
}

// down reports whether the server is known to be down.
func (k *Known) down() bool { return k.now.Knows(FieldRole) && k.now.Role == Crashed }

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

// learn adds what a step shows.
func (k *Known) learn(s *Step, declared *binding, holes int, where func(Part, int) Origin) {
	if s.Output.Refused {
		return // nothing happened
	}
	at := where(PartAfter, 0)
	k.seen, k.from, k.hole = true, at, holes
	o := &s.After
	k.past.learn(s)
	k.tops(s)
	if o.Knows(FieldRole|FieldTerm|FieldConfig) && o.Role == Candidate {
		k.candidacy.term, k.candidacy.config = o.Term, o.Config
	}
	if o.Knows(FieldRole|FieldTerm) && o.Role == Leader && !s.crashes() {
		k.led = o.Term
	} else if o.Knows(FieldRole|FieldTerm) && o.Term == k.led && !s.crashes() {
		k.stepped = o.Term
	}
	if s.crashes() || s.Input.Kind == Restart || k.down() && !s.crashes() {
		k.term, k.vote, k.commit, k.ran = k.promised.term, k.promised.vote, learnt[Index]{}, learnt[Index]{}
	}
	disk := k.now.Durable
	diskKnown := k.now.Knows(FieldDurable)
	k.now = *o
	if diskKnown && !o.Knows(FieldDurable) && s.Input.Kind == Crash && !s.Output.durable() {
		k.now.Durable, k.now.Unknown = disk, k.now.Unknown&^FieldDurable
	}
	k.restored = s.Input.Kind == Restart && o.Knows(FieldApplied) || k.restored && !s.Gap && !s.Hole && s.Input.Kind != 0 && !s.crashes() && !s.delivered(InstallSnapshot)
	k.cut(s)
	k.applies(s, where)
	k.disk(s, where)
	if s.crashes() {
		k.promised.losesWrites()
	}
	k.end(s, declared, where)
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
		if o.Knows(FieldApplied) {
			k.ran.raise(o.LastApplied, at)
		}
	}
	if !declared.promises() {
		return // what it sends leaves later, or promises nothing
	}
	last := s.Output.lastDurable()
	for n := range s.Output.Effects {
		switch e := &s.Output.Effects[n]; {
		case n == last && e.Kind == Sync:
			k.stored(&e.Durable, s, declared, where(PartEffect, n))
		case e.Kind == Send:
			k.sends = true
			k.told(&e.Message, false, o, declared, where(PartEffect, n))
		}
	}
	if o.Knows(FieldDurable) {
		k.stored(&o.Durable, s, declared, at)
	}
	if s.Input.Lossy && s.crashes() {
		k.mayLose()
	}
}

// tops takes in how high the server's term has risen. A crash in the middle of a step may come after the step has raised it, and in one that no line shows:
// then the disk that it leaves behind must be shown.
func (k *Known) tops(s *Step) {
	b, a := &s.Before, &s.After
	switch {
	case !s.crashes():
		k.top, k.topKnown = a.Term, a.Knows(FieldTerm)
	case k.down() && k.topKnown && s.Input.Kind != Restart && !s.Gap && !s.Hole: // nothing happens to it
	case s.Input.Cut == 1 && !s.Gap && !s.Hole: // before anything is written
		k.top, k.topKnown = b.Term, b.Knows(FieldTerm)
	case s.Input.Kind == Crash:
		k.top, k.topKnown = max(b.Term, a.Durable.Term), b.Knows(FieldTerm) && a.Knows(FieldDurable) && !s.Gap && !s.Hole
	default:
		m := &s.Input.Message
		k.top, k.topKnown = max(b.Term+1, m.Term), b.Knows(FieldTerm) && !s.Gap && !s.Hole && (s.Input.Kind != Deliver || m.Knows(MessageTerm))
	}
}

// cut shortens what is promised of the log to what a step that may have replaced entries leaves of it.
func (k *Known) cut(s *Step) {
	p := &k.promised
	if len(p.log.Entries) == 0 {
		return
	}
	keep := p.log.LastIndex()
	switch {
	case s.crashes():
		keep = min(keep, k.outlasts(s))
	case s.After.Knows(FieldLog):
		if i, lost := firstLoss(p.log, s.After.Log); lost {
			keep = i - 1
		}
	case s.Input.Kind != Timeout && s.Input.Kind != Heartbeat && s.Input.Kind != Propose:
		keep = min(keep, k.commit.least)
	}
	p.log.Entries = p.log.Entries[:max(keep, p.log.Base)-p.log.Base]
}

// outlasts returns up to where a step that ends in a crash leaves the log as it was, however far it came.
func (k *Known) outlasts(s *Step) Index {
	m, acked := &s.Input.Message, &k.promised.acked
	switch {
	case s.Input.Kind == Crash || s.Input.Kind == Restart || s.Input.Cut == 1 || s.leavesEntries():
		return ^Index(0)
	case s.Input.Kind == Deliver && m.Knows(MessageTerm) && m.Term == acked.term:
		return acked.index // its leader has that too
	case s.Before.Knows(FieldCommit):
		return s.Before.CommitIndex
	}
	return 0
}
