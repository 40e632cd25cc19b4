package spec

// told adds what a message promised when it left. now is what its sender was then, as far as that is known. A request that arrives may have left before its
// sender lost what was not synced, which may be longer ago than the record begins.
func (k *Known) told(m *Message, arrives bool, now *Observation, declared *binding, at Origin) {
	if !tellsSendersTerm(m.Kind) || !m.Knows(MessageTerm|MessageTo) || m.To == m.From {
		return
	}
	p := &k.promised
	if arrives && m.Kind.IsRequest() {
		return
	}
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
		k.grants(m.Term, m.To, at)
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

// gave adds a vote that is promised, and so was given.
func (k *Known) gave(term Term, vote ServerID, at Origin) {
	k.promised.vote.cast(term, vote, at)
	k.vote.cast(term, vote, at)
}

// grants adds a vote of which somebody was told.
func (k *Known) grants(term Term, vote ServerID, at Origin) {
	k.promised.granted.cast(term, vote, at)
	k.gave(term, vote, at)
}

// end notes up to which entry a server has acknowledged what it was sent: from now on its log is at least as up to date as one that ends there. What it
// acknowledges up to the previous entry, or further, proves that entry as it proves those that came.
func (k *Known) end(s *Step, declared *binding, where func(Part, int) Origin) {
	p, m := &k.promised, &s.Input.Message
	unbound := !declared.promises() && (s.crashes() || s.Input.Kind == Restart)
	if s.Gap || s.Hole || unbound || s.Input.Kind == Stored || s.Input.Kind == 0 || (s.delivered(AppendEntries) || s.delivered(InstallSnapshot)) && (!m.Knows(MessageTerm) || m.Term != p.endIn) {
		p.end, p.endIn = reach{}, 0
	}
	if !s.delivered(AppendEntries) || !m.Knows(MessageTerm|MessagePrevIndex) || s.After.Knows(FieldLog) || s.growsOtherwise() {
		return
	}
	for n, reply := range s.Output.Sent {
		i := min(reply.MatchIndex, m.LastEntryIndex())
		term, told := m.termOf(i)
		if reply.Kind == AppendEntriesReply && reply.Success && reply.Knows(MessageTerm|MessageMatch|MessageSuccess) && reply.Term == m.Term && told {
			p.end.extend(term, i, where(PartEffect, n))
			p.endIn = m.Term
		}
	}
}

// growsOtherwise reports whether a log may come and go in other ways than by what a leader sends.
func (s *Step) growsOtherwise() bool {
	for _, v := range [...]Variant{HealsFirst, StoresLater, DropsUnacknowledged, CachesEntries} {
		if s.Declared.Has(v) {
			return true
		}
	}
	return false
}

// votesBehind returns the breach of a vote for a candidate whose log is behind the voter's, where the step shows no log after it, or behind what the voter
// acknowledged, where it shows none at all.
func (k *Known) votesBehind(s *Step, unnumbered bool) *Breach {
	m, end := &s.Input.Message, &k.promised.end
	if !s.delivered(RequestVote) || s.Gap || s.Hole || !s.runs() || !m.Knows(MessageTerm|MessageFrom|MessageLastIndex|MessageLastTerm) {
		return nil
	}
	if s.Before.Knows(FieldLog) {
		if unnumbered {
			return nil
		}
		return s.votesBehindLog()
	}
	if end.index == 0 || m.Term <= k.promised.endIn {
		return nil
	}
	if m.LastLogTerm > end.term || m.LastLogTerm == end.term && m.LastLogIndex >= end.index {
		return nil
	}
	for n, reply := range s.Output.Sent {
		if reply.Kind == RequestVoteReply && reply.Granted && reply.Knows(MessageGranted|MessageTo) && reply.To == m.From {
			return s.breachSent(n, "%s votes for %s in term %d, whose log ends with index %d of term %d, and has acknowledged an entry of term %d at index %d", s.Server, m.From, m.Term, m.LastLogIndex, m.LastLogTerm, end.term, end.index).
				refusing("the candidate's (last term, last index) ≥ the voter's", "(%d, %d) is below (%d, %d)", m.LastLogTerm, m.LastLogIndex, end.term, end.index).
				allowing("%s refuses %s", s.Server, m.From).promised("the acknowledgement", s.Server, end.at)
		}
	}
	return nil
}

// answersAsBefore returns the breach of an answer with a term below one that the server promised something in, where its term is not shown.
func (k *Known) answersAsBefore(s *Step, declared *binding) *Breach {
	m, term := &s.Input.Message, &k.promised.term
	if s.Input.Kind != Deliver || !m.Kind.IsRequest() || !m.Knows(MessageFrom|MessageTerm) || m.Term >= term.least || s.Before.Knows(FieldTerm) || s.crashes() || !declared.promises() {
		return nil
	}
	for n, reply := range s.Output.Sent {
		if reply.To == m.From && answers(m.Kind, reply.Kind) && reply.Knows(MessageTo|MessageTerm) && reply.Term < term.least {
			return s.breachSent(n, "%s answers %s of term %d with term %d, and has promised in term %d", s.Server, m.Kind, m.Term, reply.Term, term.least).
				refusing("reply.term ≥ a term promised", "%d is below %d", reply.Term, term.least).
				allowing("%s refuses with term %d or a later one", s.Server, term.least).promised("the promise", s.Server, term.at)
		}
	}
	return nil
}

// votesBehindLog is [judgeVoteUpToDate] of a step that does not show all that this needs: a request for a vote changes no log, and a vote in a later term is
// none that was given before.
func (s *Step) votesBehindLog() *Breach {
	m, log := &s.Input.Message, &s.Before.Log
	if voteUpToDate.checkable(s) || !log.lastTermKnown() || !s.Before.Knows(FieldTerm) || m.Term <= s.Before.Term || s.Declared.Has(DropsUnacknowledged) || log.UpToDate(m.LastLogTerm, m.LastLogIndex) {
		return nil
	}
	for n, reply := range s.Output.Sent {
		if reply.Kind == RequestVoteReply && reply.Granted && reply.Knows(MessageGranted|MessageTo) && reply.To == m.From && m.From != s.Server {
			return s.votesAhead(n, m.Term, log)
		}
	}
	return nil
}

// asksBehind returns the breach of a request for votes that does not name the end of the log: where the step shows none after it, since what begins a
// campaign changes no log before the request is made; and where none is shown at all, by what the candidate acknowledged.
func (k *Known) asksBehind(s *Step, unnumbered bool) *Breach {
	if !s.leavesEntries() || s.Gap || s.Hole || !s.runs() {
		return nil
	}
	log, end := s.Before.Log, &k.promised.end
	known := s.Input.Kind == Timeout && s.Before.Knows(FieldTerm|FieldLog) && !s.After.Knows(FieldLog) && !unnumbered && !s.Declared.Has(DropsUnacknowledged)
	for n, m := range s.Output.Sent {
		if b := k.asksShort(s, n, m); b != nil {
			return b
		}
		if m.Kind != RequestVote || !m.Knows(MessageTerm|MessageLastIndex|MessageLastTerm) {
			continue
		}
		if known && m.Term > s.Before.Term && !log.endsAs(m) {
			return s.breachSent(n, "%s asks for votes with a log that ends with index %d of term %d, and its log ends with index %d of term %d",
				s.Server, m.LastLogIndex, m.LastLogTerm, log.LastIndex(), log.LastTerm()).
				refusing("(lastLogTerm, lastLogIndex) is the end of the log", "(%d, %d) is not (%d, %d)", m.LastLogTerm, m.LastLogIndex, log.LastTerm(), log.LastIndex()).
				allowing("last index %d and last term %d", log.LastIndex(), log.LastTerm()).before("its log", FieldLog)
		}
		if end.index > 0 && m.Term > k.promised.endIn && (m.LastLogTerm < end.term || m.LastLogTerm == end.term && m.LastLogIndex < end.index) {
			return s.breachSent(n, "%s asks for votes with a log that ends with index %d of term %d, and has acknowledged an entry of term %d at index %d", s.Server, m.LastLogIndex, m.LastLogTerm, end.term, end.index).
				refusing("(lastLogTerm, lastLogIndex) ≥ what was acknowledged", "(%d, %d) is below (%d, %d)", m.LastLogTerm, m.LastLogIndex, end.term, end.index).
				allowing("%s names the end of its log", s.Server).promised("the acknowledgement", s.Server, end.at)
		}
	}
	return nil
}

// asksShort returns the breach of a request for votes with a log that ends before what its server acknowledged: a snapshot, of which all is committed, or entries in the term
// before the one in which it asks. It was in no term between the two in which a leader could have taken back any of them, and in the earlier one their leader does not.
func (k *Known) asksShort(s *Step, effect int, m *Message) *Breach {
	p := &k.promised
	if m.Kind != RequestVote || !m.Knows(MessageTerm|MessageLastIndex) || s.growsOtherwise() || s.Declared.Has(MendsLog) {
		return nil
	}
	what, of := "entries", &p.acked
	switch {
	case m.LastLogIndex < p.snapshot.index && m.Term > p.snapshot.term:
		what, of = "a snapshot", &p.snapshot
	case m.Term != p.acked.term+1 || m.LastLogIndex >= p.acked.index:
		return nil
	}
	return s.breachSent(effect, "%s asks for votes in term %d with a log that ends with index %d, and has acknowledged %s up to index %d in term %d", s.Server, m.Term, m.LastLogIndex, what, of.index, of.term).
		refusing("lastLogIndex ≥ the index acknowledged", "%d is below %d", m.LastLogIndex, of.index).
		allowing("%s names the end of its log", s.Server).promised("the acknowledgement", s.Server, of.at)
}

// campaign is the end of the log that a server named as it asked for votes in a term, as long as it has not been down since.
type campaign struct {
	term Term // 0 is none
	last reach
}

// asksOtherwise returns the breach of a candidate whose requests for votes in one term name two ends of its log, or that leads with a log which lacks what it
// named. It notes what is named.
func (k *Known) asksOtherwise(s *Step, declared *binding, where func(Part, int) Origin) *Breach {
	c := &k.campaign
	if s.Gap || s.Hole || !s.runs() || s.Input.Kind == 0 || !declared.promises() {
		*c = campaign{}
		return nil
	}
	for n, m := range s.Output.Sent {
		if m.Kind != RequestVote || m.Term == 0 || !m.Knows(MessageTerm|MessageLastIndex|MessageLastTerm) {
			continue
		}
		if s.growsOtherwise() || s.Declared.Has(MendsLog) {
			return nil
		}
		last := reach{m.LastLogTerm, m.LastLogIndex, where(PartEffect, n)}
		if m.Term != c.term {
			*c = campaign{m.Term, last}
			continue
		}
		if c.last.index != last.index || c.last.term != last.term {
			return s.breachSent(n, "%s asks for votes in term %d with a log that ends with index %d of term %d, and asked others in that term with one that ends with index %d of term %d",
				s.Server, m.Term, last.index, last.term, c.last.index, c.last.term).
				refusing("(lastLogTerm, lastLogIndex) is one in a term", "(%d, %d) is not (%d, %d)", last.term, last.index, c.last.term, c.last.index).
				allowing("last index %d and last term %d", c.last.index, c.last.term).promised("the request before", s.Server, c.last.at)
		}
	}
	if b := c.sendsOtherwise(s); b != nil {
		return b
	}
	o := &s.After
	if !o.Knows(FieldRole|FieldTerm|FieldLog) || o.Role != Leader || o.Term != c.term || c.term == 0 {
		return nil
	}
	term, known := o.Log.termKnownAt(c.last.index)
	if c.last.index <= o.Log.LastIndex() && (!known || term == c.last.term) {
		return nil
	}
	return s.breachAfter("%s asked for votes in term %d with a log that ends with index %d of term %d, and leads that term with a log that has %s there", s.Server, c.term, c.last.index, c.last.term, o.Log.at(c.last.index)).
		refusing("the leader holds the entry that it named as its last", "index %d holds %s", c.last.index, o.Log.at(c.last.index)).
		allowing("%s names the end of its log", s.Server).showing(FieldLog).promised("the request for votes", s.Server, c.last.at)
}

// sendsOtherwise returns the breach of a leader that sends of a log which cannot have ended, as it asked for votes, as it said: nothing came to that since but what
// the leader made in its own term.
func (c *campaign) sendsOtherwise(s *Step) *Breach {
	if c.term == 0 || s.Declared.Has(LateTerm) {
		return nil
	}
	for n, m := range s.Output.Sent {
		if !m.saysLeader() || m.Term != c.term || !m.Knows(MessagePrevIndex) {
			continue
		}
		i, term, differs := m.PrevLogIndex, m.PrevLogTerm, m.Knows(MessagePrevTerm) && c.differs(m.PrevLogIndex, m.PrevLogTerm)
		for k := 0; m.Kind == AppendEntries && m.Knows(MessageEntries) && !differs && k < len(m.Entries); k++ { // what a snapshot carries does not come after it
			i, term = i+1, m.Entries[k].Term
			differs = c.differs(i, term)
		}
		if differs {
			return s.breachSent(n, "%s asked for votes in term %d with a log that ends with index %d of term %d, and sends of its log as leader of that term an entry of term %d at index %d",
				s.Server, c.term, c.last.index, c.last.term, term, i).
				refusing("only what the leader made comes after the entry that it named as its last", "an entry of term %d is at index %d", term, i).
				allowing("%s names the end of its log", s.Server).promised("the request for votes", s.Server, c.last.at)
		}
	}
	return nil
}

// differs reports whether no log that ended so as its server asked for votes has an entry of a term at an index once the server leads.
func (c *campaign) differs(i Index, term Term) bool {
	switch {
	case i == 0 || term == 0:
		return false
	case i > c.last.index:
		return term != c.term
	case i == c.last.index:
		return c.last.term > 0 && term != c.last.term
	}
	return c.last.term > 0 && term > c.last.term
}

// sent returns the breach of a step that brings a message which this server, by all that is known of it, cannot have sent.
func (k *Known) sent(s *Step, holes int) *Breach {
	m := &s.Input.Message
	why, condition := k.otherThanSent(m, holes)
	if why == "" && !m.Kind.IsRequest() {
		why, condition = k.past.rulesOut(m)
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
		if b := k.leadsUnelected(s, n, m); b != nil {
			yield(sentByLeader, b)
			return
		}
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

// leadsUnelected returns the breach of a server that sends what only a leader does, in a term of which all that it was is shown, and it never led.
func (k *Known) leadsUnelected(s *Step, effect int, m *Message) *Breach {
	b, a := &s.Before, &s.After
	if s.Output.Effects[effect].Kind != Send || !m.saysLeader() || m.Term != b.Term || !b.Knows(FieldRole) || !waits(b.Role) || !a.Knows(FieldRole|FieldTerm) || !waits(a.Role) || a.Term != b.Term || s.Gap {
		return nil
	}
	then := k.past.in(m.Term)
	if why, condition := k.past.rulesOut(m); why != "" && then != nil && (!then.roles[Candidate] || !s.Declared.Has(StoresLater)) {
		return s.breachSent(effect, "%s, %s of term %d, sends %s in that term", s.Server, b.Role, m.Term, m.Kind).
			refusing(condition, "%s", why).allowing("%s sends nothing as leader of term %d", s.Server, m.Term).after("what it was before", s.Server, k.from)
	}
	return nil
}

// waits reports whether a server of that role neither leads its term nor may be elected in it any more, or yet.
func waits(r Role) bool { return r == Follower || r == PreCandidate }

// appliesAgain returns the breach of a state machine that carries out an entry, and carried it or a later one out since its server started.
func (k *Known) appliesAgain(s *Step) *Breach {
	if s.Gap || s.Hole || s.Input.Kind == Restart || s.crashes() {
		k.did = reach{}
	}
	did := k.did.index
	for n := range s.Output.Effects {
		e := &s.Output.Effects[n]
		if e.Kind != Apply || e.Reply.NoIndex {
			continue
		}
		if e.Reply.Index <= did && e.Reply.Index > 0 {
			b := s.breach(PartEffect, n, "%s applies %s at index %d and has applied entries up to %d", s.Server, e.Reply.command(), e.Reply.Index, did).
				refusing("index > last index applied", "%d is not above %d", e.Reply.Index, did).allowing("%s applies what follows index %d", s.Server, did)
			if did == k.did.index {
				b.after("what was applied", s.Server, k.did.at)
			}
			return b
		}
		did = e.Reply.Index
	}
	return nil
}

// appliesUncommitted returns the breach of a state machine that carries out an entry beyond what its server has committed when the step is over.
func (s *Step) appliesUncommitted() *Breach {
	o := &s.After
	if s.crashes() || s.Input.Kind == Restart || !o.Knows(FieldCommit) {
		return nil
	}
	for n := range s.Output.Effects {
		e := &s.Output.Effects[n]
		if e.Kind != Apply || e.Reply.NoIndex || e.Reply.Index <= o.CommitIndex || o.Knows(FieldLog|FieldCompacted) && e.Reply.Index <= o.Log.Base {
			continue
		}
		return s.breach(PartEffect, n, "%s applies %s at index %d and has committed entries up to %d", s.Server, e.Reply.command(), e.Reply.Index, o.CommitIndex).
			refusing("index applied ≤ commitIndex", "%d is above %d", e.Reply.Index, o.CommitIndex).
			allowing("%s applies up to index %d", s.Server, o.CommitIndex).beside("its commit index", FieldCommit)
	}
	return nil
}

// appliesAhead returns the breach of a server that shows no log and applies beyond what it has committed. A snapshot that it installs may reach further; so no such one was
// brought to it since it started, and the one that it started with it had applied then.
func (k *Known) appliesAhead(s *Step, unnumbered bool) *Breach {
	b, o := &s.Before, &s.After
	if !k.restored || unnumbered || s.Gap || s.Hole || s.crashes() || s.Input.Kind == Restart || s.Input.Kind == 0 || s.delivered(InstallSnapshot) || !s.show(FieldApplied) || !o.Knows(FieldCommit) ||
		o.Knows(FieldLog) || o.LastApplied <= max(o.CommitIndex, b.LastApplied) {
		return nil
	}
	return s.breachAfter("%s has applied entries up to index %d and committed them up to %d", s.Server, o.LastApplied, o.CommitIndex).
		refusing("lastApplied ≤ commitIndex", "%d is above %d", o.LastApplied, o.CommitIndex).
		allowing("%s applies up to index %d", s.Server, o.CommitIndex).showing(FieldApplied).beside("its commit index", FieldCommit)
}

// applies notes how far a state machine has come.
func (k *Known) applies(s *Step, where func(Part, int) Origin) {
	for n := range s.Output.Effects {
		if e := &s.Output.Effects[n]; e.Kind == Apply && !e.Reply.NoIndex && !s.crashes() {
			k.did = reach{0, e.Reply.Index, where(PartEffect, n)}
		}
	}
}

// actsUp reports whether the step is one that only a server takes which is up, and leaves it so.
func (s *Step) actsUp() bool {
	switch s.Input.Kind {
	case 0, Crash, Restart, Stored:
		return false
	}
	return !s.crashes() && s.After.Knows(FieldRole) && s.After.Role != Crashed
}
