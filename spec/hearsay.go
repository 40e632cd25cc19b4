package spec

import "slices"

// What messages and commit indexes tell of logs that no record shows. A leader's log has one term at an index, and only grows; what a snapshot covers is
// committed; and what anybody has committed by a term is in the log of every leader of a later one, however little else is known of it.

// hearsay is what is known in that way, of an execution as far as it went. The zero value knows nothing.
type hearsay struct {
	commits []reach // how far entries were committed by a term: ascending by both
	by      []ServerID

	leaders map[Term]*elect
	terms   [2]map[told]termTold // what leaders say of their logs; the younger first
	settled settled
	chunks  map[ServerID]*chunks // by who receives them

	ownVote ballot // of a leader, told last, without its origin

	logs    map[Term]*led // of the leaders of terms;
	ledIn   Term          // that of this term, asked for last, is
	ledNow  *led
	staleIn Term // the step at hand shows that the leader of this term has an older entry than it made; 0 is none

	broken                    bool // the step at hand breaks a promise, without what is told
	replies, acknowledgements bool // to requests for votes, and to entries: some are recorded
}

// elect is what is known of the log with which a server was elected.
type elect struct {
	leader ServerID // None as long as nobody is known to lead
	asked  map[ServerID]asking
}

// asking is the longest log with which a server asked for votes in a term, and how often it may have lost that term in a crash by then, to ask in it again.
type asking struct {
	reach
	losses int
}

// told is what a message says a term of: an index in the log of a term's leader.
type told struct {
	of    Term
	index Index
}

type termTold struct {
	term Term
	by   ServerID
	at   Origin
}

// mostTold bounds what is remembered of what leaders say of their logs.
const mostTold = 1 << 15

// hear judges a step of a record by what was told, and adds what it tells. Where the step is found to break a promise already, whom a leader
// voted for is no news.
func (j *Judge) hear(where func(Part, int) Origin, s *Step, broken bool) (found []*Breach) {
	if j.incomplete || !j.recorded {
		return nil
	}
	h := &j.hearsay
	h.broken = broken
	report := func(r *Rule, b *Breach) {
		if b == nil || !slices.Contains(j.rules, r) {
			return
		}
		if b = r.stepBreach(s, b); b != nil {
			found = append(found, b)
		}
	}
	h.messages(s, func(part Part, effect int, m *Message) {
		report(leaderCommitTrue, j.toldTooFar(s, m, part))
		report(logTermsOrdered, s.termsFall(m, part, effect))
		j.ledTold(s, m, part, effect, where)
		if j.ofItsTerm(s, m) {
			j.committedTold(m, where(part, effect))
			j.termsTold(s, m, part, effect, where, report)
			j.settles(s, m, part, effect, where, report)
		}
		found = append(found, j.electsTold(s, m, part, effect, where, report)...)
	})
	o := &s.After
	if o.Knows(FieldTerm) && !s.crashes() {
		h.commit(o.Term, s.reached(), s.Server, where(PartAfter, 0))
	}
	if o.Knows(FieldRole|FieldTerm) && (o.Role == Candidate || o.Role == Leader) && !s.crashes() && !(s.Before.Knows(FieldRole|FieldTerm) && s.Before.Role == o.Role && s.Before.Term == o.Term) {
		found = append(found, j.seeksOffice(s, where)...)
	}
	report(stateMachineSafety, j.compacts(s, where))
	if o.Knows(FieldRole|FieldTerm|FieldLog) && o.Role == Leader {
		report(leaderCompleteness, h.tooShort(s, o.Term, o.Log.LastIndex()))
		report(leaderCompleteness, j.leadsUnlike(s))
		if TookOffice(s) && len(found) == 0 {
			h.elect(o.Term).leader = s.Server
		}
	} else if o.Knows(FieldRole|FieldTerm) && o.Role == Leader {
		report(leaderCompleteness, j.leads(s, s.Server, o.Term, PartAfter, 0))
	}
	report(snapshotWhole, h.chunk(s, j.unnumbered))
	report(prevMatches, s.acceptsUnseen())
	report(ackVerified, s.acknowledgedTooFar())
	report(ackVerified, j.acknowledgesBeyond(s))
	report(logTermsOrdered, s.acceptsBeyondItself())
	report(commitOwnTerm, s.commitsEarlier())
	report(commitMajority, s.commitsUnstored())
	report(commitMajority, s.commitsAndLeaves())
	report(transferByLeader, s.handsOverUnseated())
	report(majorityElects, j.of(s.Server).known.leadsAgain(s))
	if !j.unnumbered {
		report(majorityElects, s.leadsUnelected())
	}
	j.counts(s, report)
	alone := func(r *Rule, b *Breach) { // others say better what is wrong
		if !broken && len(found) == 0 {
			report(r, b)
		}
	}
	alone(candidateVotesForItself, s.leadsByAnother())
	if s.Declared.Has(ConfigurationInLog) && !j.unnumbered {
		alone(changeAfterOwnCommit, s.changesUncommitted())
		alone(oneVoterAtATime, s.changesApart())
	}
	j.ledShown(s, where, alone)
	j.withheld(s, where(PartAfter, 0), alone)
	return found
}

// reached returns how far a step shows entries to be committed: by the commit index, by what is applied or compacted, or by what a client is told.
func (s *Step) reached() (index Index) {
	o := &s.After
	if o.Knows(FieldCommit) {
		index = o.CommitIndex
	}
	if o.Knows(FieldApplied) {
		index = max(index, o.LastApplied)
	}
	if o.Knows(FieldLog | FieldCompacted) {
		index = max(index, o.Log.Base)
	}
	for k := range s.Output.Effects {
		if e := &s.Output.Effects[k]; e.Kind == Apply || e.Kind == Answer && !e.Reply.Failed {
			index = max(index, e.Reply.Index)
		}
	}
	return index
}

// acknowledgedTooFar returns the breach of a follower that acknowledges to its leader more than that ever had.
func (s *Step) acknowledgedTooFar() *Breach {
	m := &s.Input.Message
	if !s.delivered(AppendEntriesReply) || !m.Success || !m.Knows(MessageTerm|MessageSuccess|MessageMatch) || s.Input.Message.From == s.Server {
		return nil
	}
	log, known := s.senderLog(m.Term)
	if !known || m.MatchIndex <= log.LastIndex() {
		return nil
	}
	return s.breach(PartInput, 0, "%s acknowledges entries up to index %d to %s, whose log ends with index %d", m.From, m.MatchIndex, s.Server, log.LastIndex()).
		refusing("matchIndex ≤ the leader's last index", "%d is above %d", m.MatchIndex, log.LastIndex()).
		allowing("%s acknowledges what it was sent", m.From)
}

// acknowledgesBeyond returns the breach of a follower whose acknowledgement goes beyond the log that the leader has at that moment.
func (j *Judge) acknowledgesBeyond(s *Step) *Breach {
	if j.causal || j.unnumbered {
		return nil
	}
	for n, m := range s.Output.Sent {
		if m.Kind != AppendEntriesReply || !m.Success || !m.Knows(MessageTo|MessageTerm|MessageSuccess|MessageMatch) || m.To == s.Server || m.To == None {
			continue
		}
		leader := &j.of(m.To).known
		o := &leader.now
		if leader.lost || leader.hole != j.holes || !o.Knows(FieldRole|FieldTerm|FieldLog) || o.Role != Leader || o.Term != m.Term || m.MatchIndex <= o.Log.LastIndex() {
			continue
		}
		return s.breachSent(n, "%s acknowledges entries up to index %d to %s, whose log ends with index %d", s.Server, m.MatchIndex, m.To, o.Log.LastIndex()).
			refusing("matchIndex ≤ the leader's last index", "%d is above %d", m.MatchIndex, o.Log.LastIndex()).
			allowing("%s acknowledges what it was sent", s.Server).after("the leader's log", m.To, leader.from)
	}
	return nil
}

// commitsEarlier returns the breach of a leader that commits an entry of an earlier term, where the step does not show its log any more: it keeps what it had before.
func (s *Step) commitsEarlier() *Breach {
	b, o := &s.Before, &s.After
	if !s.show(FieldRole|FieldTerm|FieldCommit) || !s.leads() || !s.runs() || !b.Knows(FieldLog) || o.Knows(FieldLog) || o.CommitIndex <= b.CommitIndex {
		return nil
	}
	term, known := b.Log.termKnownAt(o.CommitIndex)
	if !known || term == o.Term {
		return nil
	}
	return s.breachAfter("%s, leader of term %d, commits index %d, an entry of term %d", s.Server, o.Term, o.CommitIndex, term).
		refusing("log[commitIndex].term = currentTerm", "%d is not %d", term, o.Term).
		allowing("%s keeps commitIndex %d until an entry of term %d is on a majority", s.Server, b.CommitIndex, o.Term).before("commitIndex before", FieldCommit)
}

// commitsUnstored returns the breach of a leader that counts its own copy of what it commits, which is not on its disk. It need not be there if enough others have it
// (dissertation, 10.2.1).
func (s *Step) commitsUnstored() *Breach {
	o := &s.After
	if !s.show(FieldRole|FieldTerm|FieldCommit|FieldConfig) || !o.Knows(FieldDurable) || !s.leads() || !s.runs() || o.CommitIndex <= s.Before.CommitIndex || o.Durable.Log.LastIndex() >= o.CommitIndex {
		return nil
	}
	for _, v := range [...]Variant{VolatileUntilReady, StoresLater, HealsFirst, MendsLog, CommitMayFall} {
		if s.Declared.Has(v) {
			return nil
		}
	}
	alone := len(o.Config.Voters) == 1 && len(o.Config.Outgoing) == 0 && o.Config.Voters[0] == s.Server
	others := func(id ServerID) bool { return id != s.Server && s.stores(id) }
	if !alone && !s.show(FieldProgress) || len(s.Before.Config.Voters) == 0 || s.commits(&o.Config, others) || s.commits(s.committedUnder(), others) {
		return nil
	}
	return s.breachAfter("%s, leader of term %d, commits index %d, and its own disk ends with index %d", s.Server, o.Term, o.CommitIndex, o.Durable.Log.LastIndex()).
		refusing("a copy that is counted is on disk", "index %d is not on that of %s", o.CommitIndex, s.Server).
		allowing("%s keeps commitIndex %d until its own copy is synced, or enough others have it", s.Server, s.Before.CommitIndex).beside("the disk", FieldDurable)
}

// handsOverUnseated returns the breach of a server that does not lead, and tells another to campaign in place of the leader of its term, where the step does not
// show its role and term any more: a follower of a term does not come to lead it.
func (s *Step) handsOverUnseated() *Breach {
	b := &s.Before
	if !b.Knows(FieldRole|FieldTerm) || s.After.Knows(FieldRole|FieldTerm) || s.After.Knows(FieldRole) && s.After.Role == Leader || b.Role != Follower && b.Role != PreCandidate || s.Input.Kind == Stored || !s.runs() {
		return nil
	}
	for k, m := range s.Output.Sent {
		if m.Kind == TimeoutNow && m.Knows(MessageTerm) && m.Term == b.Term {
			return s.breachSent(k, "%s, %s of term %d, tells %s to campaign in place of the leader of that term", s.Server, b.Role, b.Term, m.To).
				refusing("role = leader", "it is %s", b.Role).allowing("%s sends nothing", s.Server).before("its role before", FieldRole)
		}
	}
	return nil
}

// leadsAgain returns the breach of a server that leads a term again after it had stopped leading it.
func (k *Known) leadsAgain(s *Step) *Breach {
	b, a := &s.Before, &s.After
	if !a.Knows(FieldRole|FieldTerm) || a.Role != Leader || s.crashes() {
		return nil
	}
	if a.Term != k.stepped || a.Term == 0 || b.Knows(FieldRole|FieldTerm) && b.Role == Leader && b.Term == a.Term {
		return nil
	}
	return s.breachAfter("%s led term %d, stopped leading it, and leads it again", s.Server, a.Term).
		refusing("a new election is in a new term", "it is in term %d still", a.Term).allowing("%s campaigns in term %d", s.Server, a.Term+1)
}

// leadsUnelected returns the breach of a follower that leads the very term that it was in: a leader was candidate of its term, and a candidate begins a term. What
// an earlier life campaigned for is over.
func (s *Step) leadsUnelected() *Breach {
	b, a := &s.Before, &s.After
	if !s.show(FieldRole|FieldTerm) || !s.runs() || s.Input.Kind == Stored || s.Input.Kind == 0 || a.Role != Leader || a.Term != b.Term || b.Role != Follower && b.Role != PreCandidate {
		return nil
	}
	return s.breachAfter("%s, %s of term %d, becomes leader of that term over %s", s.Server, b.Role, b.Term, s.happened()).
		refusing("a new election is in a new term", "it is in term %d still", a.Term).
		allowing("%s stays %s", s.Server, b.Role).before("its role before", FieldRole)
}

// leadsByAnother returns the breach of a leader whose vote in its term is for another server.
func (s *Step) leadsByAnother() *Breach {
	o := &s.After
	if !o.Knows(FieldRole|FieldTerm|FieldVotedFor) || o.Role != Leader || s.crashes() || o.VotedFor == s.Server || o.VotedFor == None {
		return nil
	}
	return s.breachAfter("%s leads term %d and its vote in that term is for %s", s.Server, o.Term, o.VotedFor).
		refusing("votedFor = leader", "it is %s", o.VotedFor).
		allowing("%s leads no term in which it voted for another", s.Server)
}

// messages calls yield for the message that a step brings and for those that it sends.
func (h *hearsay) messages(s *Step, yield func(Part, int, *Message)) {
	if s.Input.Kind == Deliver {
		yield(PartInput, 0, &s.Input.Message)
	}
	for k, m := range s.Output.Sent {
		yield(PartEffect, k, m)
	}
}

// termsFall returns the breach of a piece of a log that AppendEntries carries and along which terms decrease.
func (s *Step) termsFall(m *Message, part Part, effect int) *Breach {
	if m.Kind != AppendEntries || !m.Knows(MessageEntries) {
		return nil
	}
	before := m.PrevLogTerm // 0 where it is not known
	for k := range m.Entries {
		e := &m.Entries[k]
		if e.Term < before {
			return s.breach(part, effect, "AppendEntries from %s brings %s after an entry of term %d", m.From, e, before).
				refusing("log[i].term ≥ log[i-1].term", "%d is below %d", e.Term, before)
		}
		before = e.Term
	}
	return nil
}

// toldTooFar returns the breach of a leader whose message tells of more as committed than it has committed, where nobody else can have committed it.
func (j *Judge) toldTooFar(s *Step, m *Message, part Part) *Breach {
	if part != PartInput || !m.Knows(MessageFrom) || m.From == s.Server || j.holes > 0 || j.causal || j.unnumbered || j.binding.volatile {
		return nil
	}
	leader := &j.of(m.From).known
	own, told := &leader.now, m.LeaderCommit
	switch {
	case m.Kind == AppendEntries && m.Knows(MessageCommit):
	case m.Kind == InstallSnapshot && m.Knows(MessagePrevIndex) && own.Knows(FieldLog) && m.PrevLogIndex > own.Log.Base:
		told = m.PrevLogIndex
	default:
		return nil
	}
	if !leader.leadsAsShown(m, j.holes) || !own.Knows(FieldCommit) || told <= own.CommitIndex || !j.uncommitted(own, m, told) {
		return nil
	}
	if m.Kind == InstallSnapshot {
		return s.breach(PartInput, 0, "%s sends %s a snapshot up to index %d and has committed up to %d", m.From, s.Server, told, own.CommitIndex).
			refusing("last included index ≤ commitIndex", "%d is above %d", told, own.CommitIndex).
			allowing("a snapshot up to index %d", own.CommitIndex).after("its commit index", m.From, leader.from)
	}
	return s.breach(PartInput, 0, "%s tells %s that entries up to index %d are committed and has committed up to %d", m.From, s.Server, m.LeaderCommit, leader.now.CommitIndex).
		refusing("leaderCommit ≤ commitIndex", "%d is above %d", m.LeaderCommit, leader.now.CommitIndex).
		allowing("leaderCommit %d", leader.now.CommitIndex).after("its commit index", m.From, leader.from)
}

// ofItsTerm reports whether a message is known to tell of the log and the commit index that its sender had in the message's term. A leader that takes a
// later term over late (LateTerm) may still be sending, from a log that others have written to since.
func (j *Judge) ofItsTerm(s *Step, m *Message) bool {
	if !m.saysLeader() || !s.Declared.Has(LateTerm) {
		return true
	}
	o := &s.After
	if s.crashes() {
		o = &s.Before
	}
	return m.From == s.Server && m.Knows(MessageTerm) && o.Knows(FieldTerm) && o.Term == m.Term
}

// committedTold notes what a message tells to be committed.
func (j *Judge) committedTold(m *Message, at Origin) {
	if !m.Knows(MessageTerm | MessageFrom) {
		return
	}
	switch {
	case m.Kind == AppendEntries && m.Knows(MessageCommit):
		j.hearsay.commit(m.Term, m.LeaderCommit, m.From, at)
	case m.Kind == InstallSnapshot && m.Knows(MessagePrevIndex):
		j.hearsay.commit(m.Term, m.PrevLogIndex, m.From, at)
	}
}

// commit notes that entries up to an index were committed by a term.
func (h *hearsay) commit(term Term, index Index, by ServerID, at Origin) {
	n := len(h.commits)
	if index == 0 || n > 0 && h.commits[n-1].index >= index && h.commits[n-1].term <= term {
		return
	}
	k, _ := slices.BinarySearchFunc(h.commits, term, func(r reach, t Term) int { return int(r.term) - int(t) })
	for k < n && h.commits[k].term == term {
		k++ // after those of the term
	}
	if k > 0 && h.commits[k-1].index >= index {
		return
	}
	if k > 0 && h.commits[k-1].term == term {
		k--
		h.commits[k], h.by[k] = reach{term, index, at}, by
	} else {
		h.commits, h.by = slices.Insert(h.commits, k, reach{term, index, at}), slices.Insert(h.by, k, by)
	}
	end := k + 1
	for end < len(h.commits) && h.commits[end].index <= index {
		end++
	}
	h.commits, h.by = slices.Delete(h.commits, k+1, end), slices.Delete(h.by, k+1, end)
}

// committedBy returns how far entries are known to be committed by a term, and which server told it.
func (h *hearsay) committedBy(term Term) (reach, ServerID) {
	for k := len(h.commits) - 1; k >= 0; k-- {
		if h.commits[k].term <= term {
			return h.commits[k], h.by[k]
		}
	}
	return reach{}, None
}

// tooShort returns the breach of a leader whose log ends before what is committed by its term.
func (h *hearsay) tooShort(s *Step, term Term, last Index) *Breach {
	committed, by := h.committedBy(term)
	if committed.index <= last {
		return nil
	}
	return lacksCommitted(s, s.breachAfter("%s leads term %d with a log that ends with index %d, where entries up to index %d were committed by term %d",
		s.Server, term, last, committed.index, committed.term), last, committed, by)
}

func lacksCommitted(s *Step, b *Breach, last Index, committed reach, by ServerID) *Breach {
	b.refusing("last index ≥ what was committed before", "%d is below %d", last, committed.index)
	b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: by, Part: PartFact, Origin: committed.at})
	return b
}

// elect returns what is known of the election of a term.
func (h *hearsay) elect(term Term) *elect {
	e := h.leaders[term]
	if e == nil {
		if h.leaders == nil || len(h.leaders) >= mostTold {
			h.leaders = map[Term]*elect{}
		}
		e = &elect{}
		h.leaders[term] = e
	}
	return e
}

// electsTold notes with which log a server asks for votes, and judges it as soon as it is seen to lead.
func (j *Judge) electsTold(s *Step, m *Message, part Part, effect int, where func(Part, int) Origin, report func(*Rule, *Breach)) []*Breach {
	if m.Kind == RequestVote && m.Knows(MessageFrom|MessageTerm|MessageLastIndex) {
		if part != PartEffect || m.From != s.Server || j.unnumbered {
			return nil // of a server whose steps are not all recorded, it may not be the last request in the term
		}
		e := j.hearsay.elect(m.Term)
		if e.asked == nil {
			e.asked = map[ServerID]asking{}
		}
		if was, known := e.asked[m.From]; !known || was.index < m.LastLogIndex || was.losses < j.losses(m.From) {
			e.asked[m.From] = asking{reach{m.Term, m.LastLogIndex, where(part, effect)}, j.losses(m.From)}
		}
		return nil
	}
	holder := m.leader()
	if holder == None {
		return nil
	}
	report(leaderCompleteness, j.leads(s, holder, m.Term, part, effect))
	return j.votedForItself(s, holder, m.Term, part, effect, where)
}

// votedForItself tells the vote that whoever leads a term, or is candidate in it, has given itself.
func (j *Judge) votedForItself(s *Step, id ServerID, term Term, part Part, effect int, where func(Part, int) Origin) []*Breach {
	h := &j.hearsay
	if h.broken || !j.binding.promises() || term == 0 {
		return nil
	}
	if h.ownVote == (ballot{term: term, vote: id}) {
		j.compared(FactVote)
		return nil
	}
	key := Key{Kind: FactVote, Server: id, Term: term}
	found := j.fact(where, s, &Fact{Key: key, Holder: id, By: id, Part: part, Effect: effect})
	if part != PartAfter && j.history.facts[key].Holder == id {
		h.ownVote = ballot{term: term, vote: id}
	}
	return found
}

// seeksOffice tells the vote of a server that becomes candidate or leader. That of a candidate is in memory only until it asks others for theirs, and a
// crash may undo it.
func (j *Judge) seeksOffice(s *Step, where func(Part, int) Origin) []*Breach {
	term := s.After.Term
	known := j.history.voted(s.Server, term)
	found := j.votedForItself(s, s.Server, term, PartAfter, 0, where)
	if s.After.Role == Candidate && !known {
		k := &j.of(s.Server).known
		k.candidacies = append(k.candidacies, term)
	}
	return found
}

// withdraw takes back the votes of a candidate that has told nobody of them, once it may have crashed.
func (j *Judge) withdraw(server ServerID) {
	k := &j.of(server).known
	for _, term := range k.candidacies {
		j.history.withdraw(server, term)
	}
	k.candidacies = k.candidacies[:0]
}

// votedIn takes in that a vote is known otherwise than by its candidacy.
func (k *Known) votedIn(term Term) {
	if at := slices.Index(k.candidacies, term); at >= 0 {
		k.candidacies = slices.Delete(k.candidacies, at, at+1)
	}
}

// leads returns the breach of a server that leads a term and was elected with a log that ended before what was committed before that term.
func (j *Judge) leads(s *Step, leader ServerID, term Term, part Part, effect int) *Breach {
	h := &j.hearsay
	e := h.leaders[term]
	if e == nil || e.leader != None || term == 0 {
		return nil
	}
	asked, known := e.asked[leader]
	if !known || asked.losses < j.losses(leader) {
		return nil
	}
	e.leader = leader
	committed, by := h.committedBy(term - 1)
	if committed.index <= asked.index {
		return nil
	}
	b := s.breach(part, effect, "%s leads term %d, and asked for votes with a log that ended with index %d, where entries up to index %d were committed by term %d",
		leader, term, asked.index, committed.index, committed.term).
		allowing("no majority votes for %s in term %d", leader, term)
	b.Evidence = append(b.Evidence, Evidence{Role: "the request for votes", Server: leader, Part: PartFact, Origin: asked.at})
	return lacksCommitted(s, b, asked.index, committed, by)
}
