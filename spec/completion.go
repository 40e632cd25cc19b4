package spec

import (
	"math/rand/v2"
	"slices"
)

// What a record does not show may have been anything. A rule is broken by a step only if it is broken whatever that was. Rules say what they
// need and are not asked without it; this is the second lock: before a breach in a step that is not shown whole is believed, what is
// not shown is filled in in many ways, and if the rule is kept in one of them nothing is certain.

// completions is how many ways to fill in are tried. What a rule reads beyond what it needs is seldom more than two or three values, each of them
// one of a handful that make a difference.
const completions = 400

// certain reports whether a breach stays whatever is not shown. judge judges a step that is shown whole.
func (s *Step) certain(judge func(*Step) *Breach) bool {
	if s.shownWhole() {
		return true
	}
	c := completer{Rand: rand.New(rand.NewPCG(1, uint64(s.Server))), shown: s}
	for k := range completions {
		if judge(c.complete(k)) == nil {
			return false
		}
	}
	return true
}

// Certain returns the breach that judge finds in the step, if it stays whatever the step does not show; nil otherwise. A Judge tells no other.
func (s *Step) Certain(judge func(*Step) *Breach) *Breach {
	if b := judge(s); b != nil && s.certain(judge) {
		return b
	}
	return nil
}

// shownWhole reports whether a record shows all that rules may look at.
func (s *Step) shownWhole() bool {
	const all = ^FieldCompacted
	if s.Before.Unknown&all != 0 || s.After.Unknown&all != 0 || s.Output.Unseen || s.Input.Message.Unknown != 0 {
		return false
	}
	return !slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Message.Unknown != 0 || e.Durable.Unknown != 0 || e.Reply.NoIndex })
}

type completer struct {
	*rand.Rand
	shown *Step
	step  Step
}

func oneOf[T any](c *completer, all ...T) T { return all[c.IntN(len(all))] }

// complete fills in what is not shown, the n-th way.
func (c *completer) complete(n int) *Step {
	c.step = *c.shown
	c.step.scanned = nil
	s := &c.step
	m := &s.Input.Message
	if n%2 == 0 { // what changed is what the message says, or the message says what changed
		c.observation(&s.Before, &s.After, m)
		c.message(m, &s.Before, &s.After)
	} else {
		c.message(m, &s.Before, &s.After)
		c.observation(&s.Before, &s.After, m)
	}
	c.observation(&s.After, &s.Before, m)
	c.rises(s)
	c.effects(s)
	return s
}

// rises keeps what does not fall while a server runs from falling as it is filled in.
func (c *completer) rises(s *Step) {
	if !s.runs() {
		return
	}
	b, a := &s.Before, &s.After
	before, after := c.shown.Before.Unknown, c.shown.After.Unknown
	switch {
	case before&FieldTerm != 0:
		b.Term = min(b.Term, a.Term)
	case after&FieldTerm != 0:
		a.Term = max(b.Term, a.Term)
	}
	switch {
	case s.Declared.Has(CommitMayFall):
	case before&FieldCommit != 0:
		b.CommitIndex = min(b.CommitIndex, a.CommitIndex)
	case after&FieldCommit != 0:
		a.CommitIndex = max(b.CommitIndex, a.CommitIndex)
	}
}

// observation fills in what one state does not show, from the other one, from the message and at random.
func (c *completer) observation(o, other *Observation, m *Message) {
	missing := o.Unknown &^ FieldCompacted
	if missing == 0 {
		return
	}
	s := c.shown
	take := func(f Field) bool { return missing&f != 0 }
	if take(FieldRole) {
		o.Role = oneOf(c, Follower, PreCandidate, Candidate, Leader, other.Role)
		if take(FieldUp) {
			o.Role = oneOf(c, o.Role, Crashed)
		} else if o.Role == Crashed {
			o.Role = Follower
		}
	}
	if take(FieldTerm) {
		o.Term = oneOf(c, other.Term, m.Term, max(other.Term, 1)-1, other.Term+1, max(other.Term, m.Term))
	}
	if take(FieldVotedFor) {
		o.VotedFor = oneOf(c, None, s.Server, m.From, other.VotedFor)
	}
	if take(FieldLeader) {
		o.LeaderID = oneOf(c, None, s.Server, m.From, other.LeaderID)
	}
	if take(FieldLog) {
		o.Log = oneOf(c, other.Log, other.Log.with(m), Log{}, o.Durable.Log, Log{Base: m.PrevLogIndex, BaseTerm: m.PrevLogTerm, Entries: m.Entries}, o.Log, other.Log.withSent(s),
			Log{Base: max(s.After.CommitIndex, m.LeaderCommit), BaseTerm: m.Term})
	}
	if take(FieldCommit) {
		o.CommitIndex = oneOf(c, other.CommitIndex, m.LeaderCommit, o.Log.LastIndex(), m.PrevLogIndex, 0, min(m.LeaderCommit, m.LastEntryIndex()))
	}
	if take(FieldApplied) {
		o.LastApplied = oneOf(c, other.LastApplied, o.CommitIndex, 0)
	}
	everybody := c.everybody()
	if take(FieldVotes) {
		o.Granted = oneOf(c, other.Granted, everybody, nil, []ServerID{s.Server})
	}
	if take(FieldRefused) {
		o.Refused = oneOf(c, other.Refused, nil)
	}
	if take(FieldConfig) {
		o.Config = oneOf(c, other.Config, Configuration{Voters: everybody}, Configuration{Voters: []ServerID{s.Server}}, Configuration{})
	}
	if take(FieldProgress) {
		o.Progress = oneOf(c, other.Progress, nil, progressOfAll(everybody, 0), progressOfAll(everybody, o.Log.LastIndex()), progressOfAll(everybody, m.MatchIndex))
	}
	if take(FieldContact) {
		o.Contact = oneOf(c, other.Contact, everybody, nil)
	}
	if take(FieldReads) {
		o.Reads = oneOf(c, other.Reads, nil, c.reads(o, everybody))
	}
	if take(FieldDurable) {
		o.Durable = oneOf(c, other.Durable, Durable{Term: o.Term, VotedFor: o.VotedFor, Log: o.Log}, Durable{})
		c.behind(o)
	}
	o.Unknown &^= missing
}

// behind keeps a disk that is filled in from being ahead of its server while that is up: it holds no later term, no vote that the server does not know of,
// and no entry that it does not hold, unless storage is told of a change later.
func (c *completer) behind(o *Observation) {
	d, declared := &o.Durable, c.shown.Declared
	if o.Role == Crashed {
		return
	}
	if !declared.Has(DropsVoteForLeader) && (d.Term > o.Term || d.Term == o.Term && d.VotedFor != None && o.VotedFor == None) {
		d.Term, d.VotedFor = o.Term, o.VotedFor
	}
	if !slices.ContainsFunc([]Variant{StoresLater, VolatileUntilReady, DropsUnacknowledged, MendsLog}, declared.Has) && !d.Log.begins(o.Log) {
		d.Log = o.Log
	}
}

// with is the log after it took in AppendEntries (Raft paper, Figure 2, steps 3 and 4).
func (l Log) with(m *Message) Log {
	if len(m.Entries) == 0 || m.PrevLogIndex < l.Base || m.PrevLogIndex > l.LastIndex() {
		return l
	}
	l.Entries = append(slices.Clip(l.Entries[:m.PrevLogIndex-l.Base]), m.Entries...)
	return l
}

// withSent is the log with all entries that a step sends.
func (l Log) withSent(s *Step) Log {
	for _, m := range s.Output.Sent {
		switch {
		case m.Kind != AppendEntries || m.LastEntryIndex() <= l.LastIndex():
		case m.PrevLogIndex > l.LastIndex():
			l = Log{Base: m.PrevLogIndex, BaseTerm: m.PrevLogTerm, Entries: m.Entries}
		default:
			l = l.with(m)
		}
	}
	return l
}

func progressOfAll(all []ServerID, match Index) (progress []Progress) {
	for _, id := range all {
		progress = append(progress, Progress{id, match + 1, match})
	}
	return progress
}

// far is an index beyond all that the step shows.
func (c *completer) far() Index {
	s := c.shown
	return max(s.Before.Log.LastIndex(), s.After.Log.LastIndex(), s.Input.Message.LastEntryIndex()) + 100
}

// everybody returns every server that the step names.
func (c *completer) everybody() (all []ServerID) {
	s := c.shown
	named := []ServerID{s.Server, s.Input.Message.From, s.Input.Message.To}
	for _, o := range [...]*Observation{&s.Before, &s.After} {
		named = append(slices.Concat(named, o.Config.Voters, o.Config.Outgoing, o.Config.Learners, o.Granted), o.VotedFor, o.LeaderID)
		for _, p := range o.Progress {
			named = append(named, p.Server)
		}
	}
	for _, m := range s.Output.Sent {
		named = append(named, m.To)
	}
	slices.Sort(named)
	named = slices.Compact(named)
	if len(named) > 0 && named[0] == None {
		named = named[1:]
	}
	return named
}

// reads are reads that wait for whatever the step answers, confirmed by all.
func (c *completer) reads(o *Observation, everybody []ServerID) (all []PendingRead) {
	for k := range c.shown.Output.Effects {
		if e := &c.shown.Output.Effects[k]; e.Kind == Answer && e.Reply.Read {
			all = append(all, PendingRead{Value: e.Reply.Value, Index: min(e.Reply.Index, o.CommitIndex), Confirmed: everybody})
		}
	}
	return all
}

// message fills in what a message does not show, from the states of the server that receives it, or sends it.
func (c *completer) message(m *Message, before, after *Observation) {
	missing := m.Unknown
	if missing == 0 {
		return
	}
	take := func(f MessageField) bool { return missing&f != 0 }
	everybody := c.everybody()
	if take(MessageFrom) {
		m.From = oneOf(c, everybody...)
		for _, reply := range c.shown.Output.Sent {
			if m == &c.step.Input.Message && reply.Knows(MessageTo) && c.shown.answeredBy(reply) {
				m.From = reply.To
			}
		}
	}
	if take(MessageTo) {
		m.To = oneOf(c, everybody...)
	}
	if take(MessageTerm) {
		m.Term = oneOf(c, before.Term, after.Term, after.Term+1, max(before.Term, 1)-1)
	}
	if take(MessageLastIndex) {
		m.LastLogIndex = oneOf(c, before.Log.LastIndex(), after.Log.LastIndex(), 0, c.far())
	}
	if take(MessageLastTerm) {
		m.LastLogTerm = oneOf(c, before.Log.LastTerm(), after.Log.LastTerm(), 0, after.Term)
	}
	if take(MessageGranted) {
		m.Granted = c.IntN(2) == 0
	}
	if take(MessagePrevIndex) {
		var acknowledged Index
		for _, sent := range c.shown.Output.Sent {
			acknowledged = max(acknowledged, sent.MatchIndex)
		}
		m.PrevLogIndex = oneOf(c, before.Log.LastIndex(), after.Log.LastIndex(), 0, after.CommitIndex, before.CommitIndex, acknowledged,
			max(after.Log.LastIndex(), Index(len(m.Entries)))-Index(len(m.Entries)), before.Log.Base)
	}
	if take(MessagePrevTerm) {
		here, _ := before.Log.TermAt(m.PrevLogIndex)
		there, _ := after.Log.TermAt(m.PrevLogIndex)
		m.PrevLogTerm = oneOf(c, here, there, 0, after.Log.BaseTerm)
	}
	if take(MessageEntries) {
		m.Entries = nil
		switch log := after.Log; {
		case c.IntN(3) == 0:
		case m.PrevLogIndex >= log.Base && m.PrevLogIndex < log.LastIndex() && c.IntN(2) == 0:
			m.Entries = log.Entries[m.PrevLogIndex-log.Base:]
		default:
			m.Entries = slices.Repeat([]Entry{{Term: m.Term}}, 1+c.IntN(8))
		}
	}
	if take(MessageCommit) {
		m.LeaderCommit = oneOf(c, after.CommitIndex, before.CommitIndex, 0, c.far())
	}
	if take(MessageSuccess) {
		m.Success = c.IntN(2) == 0
	}
	if take(MessageMatch) {
		m.MatchIndex = oneOf(c, 0, before.Log.LastIndex(), after.Log.LastIndex(), c.far())
		if p := after.progressOf(m.From, int(m.From)-1); p != nil && c.IntN(2) == 0 {
			m.MatchIndex = p.MatchIndex
		}
	}
	m.Unknown = 0
}

// effects fills in what the messages and writes that are shown leave out, and adds some that a record may have left out: what was synced
// before anything was sent, what the state machine did, what was answered and sent besides.
func (c *completer) effects(s *Step) {
	effects := slices.Clone(s.Output.Effects)
	s.Output.Effects = effects // what is promised rests on what is filled in
	for k := range effects {
		e := &effects[k]
		if e.Message.Unknown != 0 {
			answer := s.answeredBy(&c.shown.Output.Effects[k].Message)
			c.message(&e.Message, &s.Before, &s.After)
			if answer {
				e.Message.To = s.Input.Message.From
			}
		}
		if e.Durable.Unknown != 0 {
			c.disk(s, &e.Durable)
		}
		if e.Reply.NoIndex {
			e.Reply.Index, e.Reply.NoIndex = oneOf(c, s.After.CommitIndex, s.After.LastApplied, s.Before.LastApplied+1, s.After.Log.LastIndex(), c.far()), false
		}
	}
	if s.Output.Unseen && c.IntN(8) > 0 {
		effects = c.more(s, effects)
	}
	s.Output.Effects, s.Output.Unseen = effects, false
}

// disk fills in what an effect does not show of the disk: as it is in the end, as messages promise it, or anything that the step has.
func (c *completer) disk(s *Step, d *Durable) {
	from := Durable{Term: oneOf(c, s.Before.Term, s.After.Term), VotedFor: oneOf(c, s.Before.VotedFor, s.After.VotedFor, s.Input.Message.From), Log: oneOf(c, s.Before.Log, s.After.Log)}
	switch c.IntN(3) {
	case 0:
		from = s.After.Durable
	case 1:
		from = s.promised()
	}
	if d.Unknown&FieldTerm != 0 {
		d.Term = from.Term
	}
	if d.Unknown&FieldVotedFor != 0 {
		d.VotedFor = from.VotedFor
	}
	if d.Unknown&FieldLog != 0 {
		d.Log = from.Log
	}
	d.Unknown = 0
}

// promised is what a server in its state after the step would have on disk if it kept all that it promises in it.
func (s *Step) promised() Durable {
	disk := Durable{Term: s.After.Term, VotedFor: s.After.VotedFor, Log: s.After.Log}
	for _, m := range s.Output.Sent { // what left before a crash may have been on disk then
		disk.Term = max(disk.Term, m.Term)
		switch {
		case m.Kind == RequestVoteReply && m.Granted:
			disk.VotedFor = m.To
		case m.Kind == RequestVote:
			disk.VotedFor = s.Server
		case m.Kind == AppendEntriesReply && m.Success && m.MatchIndex > disk.Log.LastIndex():
			disk.Log = s.Before.Log.with(&s.Input.Message)
		}
	}
	return disk
}

// more adds effects that are not shown.
func (c *completer) more(s *Step, shown []Effect) (all []Effect) {
	now, disk := &s.After, s.promised()
	all = append(all, Effect{Kind: Sync, Durable: disk})
	next := s.Before.LastApplied
	apply := func(upTo Index) {
		for i := max(next, now.Log.Base) + 1; i < min(upTo, now.Log.LastIndex()+1); i++ {
			if e, held := now.Log.At(i); held && e.Kind == Command {
				all = append(all, Effect{Kind: Apply, Reply: Reply{Value: e.Value, Index: i}})
			}
		}
		next = max(next, upTo)
	}
	for k := range shown {
		e := shown[k]
		if e.Kind == Apply {
			apply(e.Reply.Index)
		}
		all = append(all, e)
		if e.Kind == Write || e.Kind == Sync { // a later write, before what comes next
			all = append(all, Effect{Kind: Sync, Durable: disk})
		}
	}
	apply(now.LastApplied + 1)
	m := &s.Input.Message
	if m.Kind.IsRequest() && s.Input.Kind == Deliver && !slices.ContainsFunc(shown, func(e Effect) bool {
		return e.Kind == Send && e.Message.To == m.From && answers(m.Kind, e.Message.Kind)
	}) {
		reply := Message{Kind: m.Kind + 1, From: s.Server, To: m.From, Term: now.Term, Granted: c.IntN(2) == 0, Success: c.IntN(2) == 0}
		if m.Kind != TimeoutNow {
			all = append(all, Effect{Kind: Send, Message: reply})
		}
	}
	if now.Role == Leader || s.Before.Role == Leader {
		prev := min(now.CommitIndex, now.Log.LastIndex())
		term, _ := now.Log.TermAt(prev)
		for _, id := range c.everybody() {
			if id != s.Server {
				all = append(all, Effect{Kind: Send, Message: Message{Kind: AppendEntries, From: s.Server, To: id, Term: now.Term, PrevLogIndex: prev, PrevLogTerm: term}})
			}
		}
	}
	return all
}
