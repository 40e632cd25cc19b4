package spec

import (
	"cmp"
	"fmt"
)

// FactKind is a kind of thing about which no two observations may ever disagree.
type FactKind uint8

// The kinds of facts.
const (
	FactNone         FactKind = iota
	FactLeader                // leader(term) = server
	FactVote                  // vote(server, term) = candidate
	FactEntry                 // entry(index, term) = (term of the entry before, kind, value)
	FactCommitted             // committed(index) = (term, kind, value)
	FactRead                  // a leader of the term answered a read at the index as soon as it came; nothing can disagree with it
	FactAcknowledged          // a client was told that its command, the entry at the index, is done; disagrees with another command that is committed there
	FactFailed                // a client was told that the entry of (index, term) will never take effect; disagrees with its commitment
	FactApplied               // applied(index) = the command there, and whether the state machine carried it out (Entry.Kind Command) or knew it again (NoOp)
)

// Key is what a fact is about.
type Key struct {
	Kind   FactKind
	Server ServerID // FactVote
	Index  Index    // FactEntry, FactCommitted, FactRead
	Term   Term     // FactLeader, FactVote, FactEntry, FactRead
}

// Fact is one thing a step established for ever.
type Fact struct {
	Key
	Holder ServerID // FactLeader: the leader; FactVote: the candidate
	Prev   Term     // FactEntry: term of the entry before; 0 at index 1, and where it is not known
	Entry  Entry    // FactEntry, FactCommitted
	By     ServerID // who showed it
	In     Term     // FactCommitted: the term of the server that showed it first; above every term if that was not shown
	Origin Origin   // where
	Part   Part     // the part of the step that shows it
	Effect int      // PartEffect: which effect
}

// Same reports whether two facts about the same key say the same. What a record does not show of an entry, its value or the term
// of the entry before, agrees with anything.
func (f *Fact) Same(g *Fact) bool {
	return f.Holder == g.Holder && (f.Prev == g.Prev || f.Prev == 0 || g.Prev == 0) && f.Entry.mayBe(g.Entry)
}

// with is a fact with what an earlier one that says the same shows besides.
func (f *Fact) with(earlier *Fact) Fact {
	both := *f
	if both.Prev == 0 {
		both.Prev = earlier.Prev
	}
	both.Entry = f.Entry.and(earlier.Entry)
	return both
}

// and is what two parts of records show of one entry. Where only one of them shows the term, that one tells of which kind the entry is.
func (e Entry) and(f Entry) Entry {
	switch {
	case e.Kind != f.Kind && e.Term > 0:
		return e
	case e.Kind != f.Kind:
		return f
	}
	return Entry{Term: max(e.Term, f.Term), Kind: e.Kind, Value: cmp.Or(e.Value, f.Value)}
}

// mayBe is agrees for entries of which a record need not show the term, because only what a client was told of them is known, or what a state machine
// did. Such a one may be any that is not another command.
func (e Entry) mayBe(f Entry) bool {
	if e.Term > 0 && f.Term > 0 || e.Term == f.Term {
		return e.agrees(f)
	}
	return e.Kind != f.Kind || e.Value == f.Value || e.Value == "" || f.Value == ""
}

// String says the fact in words.
func (f *Fact) String() string {
	switch f.Kind {
	case FactLeader:
		return fmt.Sprintf("%s leads term %d", f.Holder, f.Term)
	case FactVote:
		return fmt.Sprintf("%s votes for %s in term %d", f.Server, f.Holder, f.Term)
	case FactEntry:
		return fmt.Sprintf("%s has %s at index %d after an entry of term %d", f.By, f.Entry, f.Index, f.Prev)
	case FactCommitted:
		return fmt.Sprintf("%s holds %s committed at index %d", f.By, f.Entry, f.Index)
	case FactRead:
		return fmt.Sprintf("%s, leader of term %d, answers a read at index %d", f.By, f.Term, f.Index)
	case FactAcknowledged:
		return fmt.Sprintf("%s tells a client that %s at index %d is done", f.By, f.Entry, f.Index)
	case FactFailed:
		return fmt.Sprintf("%s tells a client that %s at index %d will never take effect", f.By, f.Entry, f.Index)
	case FactApplied:
		return fmt.Sprintf("%s %s %s at index %d", f.By, f.handled(), f.Entry.Value, f.Index)
	}
	return "no fact"
}

// Facts calls yield for every fact that a step establishes, in a fixed order: leaders, votes, entries, commitments, reads.
// Only what the step changed is told, so that a long log costs nothing when it stays as it is. A fact is the caller's to read and
// change until yield returns, and no longer.
func Facts(s *Step, declared Variants, yield func(*Fact)) {
	is := bindingOf(declared)
	tell := teller{yield: yield}
	tell.facts(&s.Before, s, &is)
}

// facts is Facts of a step before which facts were told of the server as it is in before.
func (t *teller) facts(before *Observation, s *Step, declared *binding) {
	t.before = before
	t.leader(s)
	t.votes(s, declared)
	t.entries(s)
	t.committed(s)
	if declared.reads {
		t.reads(s)
	}
	t.clients(s)
}

// binding is what of the declared variants says which messages bind their senders, looked up once.
type binding struct {
	volatile    bool // VolatileUntilReady
	selfVote    bool // SelfVoteByMessage
	dropsVote   bool // DropsVoteForLeader
	storesLater bool // StoresLater
	healsFirst  bool // HealsFirst
	reads       bool // LeaseReads or ConfirmsReads: an answer to a read tells a fact
}

func bindingOf(declared Variants) binding {
	return binding{volatile: declared.Has(VolatileUntilReady), selfVote: declared.Has(SelfVoteByMessage), dropsVote: declared.Has(DropsVoteForLeader),
		storesLater: declared.Has(StoresLater), healsFirst: declared.Has(HealsFirst), reads: declared.Has(LeaseReads) || declared.Has(ConfirmsReads)}
}

// promises reports whether a message that a server sends binds it as soon as it is sent.
func (b *binding) promises() bool { return !b.volatile && !b.selfVote }

// Heard calls yield for every fact that a message which arrives tells of its sender: whom it votes for, and what the log of a leader holds. Where
// the sender is recorded too it has told them itself; of others nobody else tells. What a leader sends tells the same of a log that it does not show.
func Heard(s *Step, declared Variants, yield func(*Fact)) {
	is := bindingOf(declared)
	tell := teller{yield: yield}
	tell.heard(s, &is)
}

func (t *teller) heard(s *Step, declared *binding) {
	if !declared.volatile && !s.After.Knows(FieldLog) {
		for k, m := range s.Output.Sent {
			if m.Kind == AppendEntries && m.From == s.Server && m.Knows(MessageEntries|MessagePrevIndex) {
				t.sent(s, m, PartEffect, k)
			}
		}
	}
	m := &s.Input.Message
	if s.Input.Kind != Deliver || !m.Knows(MessageFrom|MessageTerm) || m.From == None || m.From == s.Server {
		return
	}
	promises := declared.promises()
	switch {
	case m.Kind == RequestVoteReply && promises && m.Knows(MessageGranted) && m.Granted:
		t.tell(Fact{Key: Key{Kind: FactVote, Server: m.From, Term: m.Term}, Holder: s.Server, By: m.From, Part: PartInput})
	case m.Kind == RequestVote && promises:
		t.tell(Fact{Key: Key{Kind: FactVote, Server: m.From, Term: m.Term}, Holder: m.From, By: m.From, Part: PartInput})
	case m.Kind == AppendEntries && m.Knows(MessageEntries|MessagePrevIndex):
		t.sent(s, m, PartInput, 0)
	}
}

// sent tells the entries that a message brings, where the server at hand does not show them in its own log.
func (t *teller) sent(s *Step, m *Message, part Part, effect int) {
	prev := m.PrevLogTerm
	if !m.Knows(MessagePrevTerm) {
		prev = 0
	}
	for k, e := range m.Entries {
		i := m.PrevLogIndex + 1 + Index(k)
		if own, held := s.After.Log.At(i); !held || own != e || !s.After.Knows(FieldLog) {
			t.tell(Fact{Key: Key{Kind: FactEntry, Index: i, Term: e.Term}, Prev: prev, Entry: e, By: m.From, Part: part, Effect: effect})
		}
		prev = e.Term
	}
}

// teller tells facts one after the other in the same place, since there are as many as entries.
type teller struct {
	before *Observation // of which all facts were told
	fact   Fact
	yield  func(*Fact)
}

func (t *teller) tell(f Fact) {
	t.fact = f
	t.yield(&t.fact)
}

// leader tells who leads a term: the server itself, whom it follows, and who sends AppendEntries or a snapshot in it.
func (t *teller) leader(s *Step) {
	leads := Key{Kind: FactLeader, Term: s.After.Term}
	switch holder := s.After.leader(s.Server); {
	case holder == None:
	case holder == t.before.leader(s.Server) && t.before.Term == s.After.Term:
	default:
		t.tell(Fact{Key: leads, Holder: holder, By: s.Server, Part: PartAfter})
	}
	if o := &s.After; o.Role == Leader && o.Knows(FieldRole|FieldTerm|FieldLeader) && o.LeaderID != None && o.LeaderID != s.Server {
		t.tell(Fact{Key: leads, Holder: o.LeaderID, By: s.Server, Part: PartAfter})
	}
	if m := &s.Input.Message; s.Input.Kind == Deliver {
		if holder := m.leader(); holder != None && !s.After.saysLeads(holder, m.Term, s.Server) {
			leads.Term = m.Term
			t.tell(Fact{Key: leads, Holder: holder, By: s.Server, Part: PartInput})
		}
	}
	for k, m := range s.Output.Sent {
		if holder := m.leader(); holder != None && !s.After.saysLeads(holder, m.Term, s.Server) && !t.before.saysLeads(holder, m.Term, s.Server) {
			leads.Term = m.Term
			t.tell(Fact{Key: leads, Holder: holder, By: s.Server, Part: PartEffect, Effect: k})
		}
	}
}

// believes reports whether the fact is whom one server takes for the leader, as it shows it.
func (f *Fact) believes() bool {
	return f.Kind == FactLeader && f.Part == PartAfter && f.By != f.Holder && f.By != None
}

// leader returns whom a server with that name shows to lead its term: itself, or the leader that it knows of; None if it shows nobody.
func (o *Observation) leader(id ServerID) ServerID {
	switch {
	case !o.Knows(FieldTerm):
		return None
	case o.Knows(FieldRole) && o.Role == Leader:
		return id
	case !o.Knows(FieldLeader) || o.Knows(FieldRole) && o.Role == Crashed:
		return None
	}
	return o.LeaderID
}

// saysLeads reports whether what a server with that name shows says already that a server leads a term.
func (o *Observation) saysLeads(holder ServerID, term Term, id ServerID) bool {
	return o.Knows(FieldTerm) && o.Term == term && o.leader(id) == holder
}

// leader returns who leads the term of a message, as the message tells: only its leader sends AppendEntries, a snapshot or TimeoutNow in it, and only
// its leader is told that such a one is accepted. None is nobody.
func (m *Message) leader() ServerID {
	switch m.Kind {
	case AppendEntries, InstallSnapshot, TimeoutNow:
		if m.Knows(MessageFrom | MessageTerm) {
			return m.From
		}
	case AppendEntriesReply, InstallSnapshotReply:
		if m.Success && m.Knows(MessageTo|MessageTerm|MessageSuccess) && m.To != m.From {
			return m.To
		}
	}
	return None
}

// saysLeader reports whether such a message is sent by the leader of its term only.
func (m *Message) saysLeader() bool {
	return (m.Kind == AppendEntries || m.Kind == InstallSnapshot) && m.Knows(MessageFrom|MessageTerm)
}

// votes tells the votes that were promised to somebody: a grant that left, and a request for votes that left,
// since a candidate votes for itself before it asks others. A vote that is only in memory binds nobody yet: where messages wait for
// the next hand-over to storage, who reads the record knows which of them left.
func (t *teller) votes(s *Step, declared *binding) {
	if declared.volatile {
		return
	}
	if declared.dropsVote {
		t.dropped(s, declared)
	}
	for k, m := range s.Output.Sent {
		fact := Fact{Key: Key{Kind: FactVote, Server: s.Server, Term: m.Term}, By: s.Server, Part: PartEffect, Effect: k}
		switch {
		case !m.Knows(MessageTerm|MessageTo) || m.To == None:
			continue
		case m.Kind == RequestVoteReply && m.Knows(MessageGranted) && m.Granted:
			fact.Holder = m.To
		case m.Kind == RequestVote && !declared.selfVote:
			fact.Holder = s.Server
		default:
			continue
		}
		t.tell(fact)
	}
}

// dropped tells a vote that the step takes back for the leader of its term: nobody else gets it. Where storage takes its time, one that was not
// on disk yet was promised to nobody, and a crash may undo it.
func (t *teller) dropped(s *Step, declared *binding) {
	if on := &s.Before.Durable; declared.storesLater && (!s.Before.Knows(FieldDurable) || on.Term != s.Before.Term || on.VotedFor != s.Before.VotedFor) {
		return
	}
	if s.show(FieldTerm|FieldVotedFor) && s.Before.Term == s.After.Term && s.Before.VotedFor != None && s.After.VotedFor != s.Before.VotedFor {
		t.tell(Fact{Key: Key{Kind: FactVote, Server: s.Server, Term: s.After.Term}, Holder: s.Before.VotedFor, By: s.Server, Part: PartBefore})
	}
}

func (t *teller) entries(s *Step) {
	if !s.After.Knows(FieldLog) || s.crashes() {
		return
	}
	log := s.After.Log
	first := log.Base + 1
	if t.before.Knows(FieldLog) && t.before.Role != Crashed { // what a crashed server shows was told by nobody yet
		first = firstDifference(t.before.Log, log)
		if was, known := t.before.Log.TermAt(log.Base); known && was != log.BaseTerm {
			first = log.Base + 1 // what it follows is said to be another entry than before
		}
	}
	for i := first; i <= log.LastIndex(); i++ {
		e, _ := log.At(i)
		prev, _ := log.TermAt(i - 1)
		t.tell(Fact{Key: Key{Kind: FactEntry, Index: i, Term: e.Term}, Prev: prev, Entry: e, By: s.Server, Part: PartAfter})
	}
}

func (t *teller) committed(s *Step) {
	if !s.After.Knows(FieldLog|FieldCommit) || s.crashes() {
		return
	}
	from := s.After.Log.Base
	if t.before.Knows(FieldCommit|FieldLog) && t.before.Role != Crashed {
		from = min(t.before.CommitIndex, firstDifference(t.before.Log, s.After.Log)-1)
	}
	in := s.After.Term
	if !s.After.Knows(FieldTerm) {
		in = anyTerm
	}
	for i := max(from, s.After.Log.Base) + 1; i <= s.After.CommitIndex; i++ {
		e, held := s.After.Log.At(i)
		if !held {
			return
		}
		t.tell(Fact{Key: Key{Kind: FactCommitted, Index: i}, Entry: e, By: s.Server, In: in, Part: PartAfter})
	}
}

// clients tells what became of commands: what clients are told of them, and what the state machine did with them. What it carries out is committed.
func (t *teller) clients(s *Step) {
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Apply && (e.Kind != Answer || e.Reply.Read) || e.Reply.Index == 0 {
			continue
		}
		fact := Fact{Key: Key{Index: e.Reply.Index}, Entry: Entry{Term: e.Reply.Term, Value: e.Reply.Value}, By: s.Server, In: s.After.Term, Part: PartEffect, Effect: k}
		if !s.After.Knows(FieldTerm) {
			fact.In = anyTerm
		}
		switch {
		case e.Kind == Apply:
			fact.Kind, fact.Entry.Term = FactApplied, 0
			if e.Reply.Passed {
				fact.Entry.Kind = NoOp
			}
			t.tell(fact)
			fact.Kind, fact.Entry.Kind = FactCommitted, Command
			if own := s.entryOf(&e.Reply); !s.crashes() && own.Kind == Command {
				fact.Entry = own
			}
			if fact.Entry.Value == "" || s.showsCommitted(e.Reply.Index, fact.Entry) {
				continue // committed tells it
			}
		case e.Reply.Failed && e.Reply.Term == 0:
			continue
		case e.Reply.Failed:
			fact.Kind, fact.Term, fact.In = FactFailed, e.Reply.Term, 0
		default:
			fact.Kind, fact.Entry = FactAcknowledged, s.entryOf(&e.Reply)
		}
		t.tell(fact)
	}
}

// entryOf is the entry that a state machine applies or a client is told of, with what the server's own log tells of it if it may be the one there.
func (s *Step) entryOf(r *Reply) Entry {
	told := Entry{Term: r.Term, Value: r.Value}
	own, held := s.After.Log.At(r.Index)
	if !held || !s.After.Knows(FieldLog) || r.Term > 0 && own.Term != r.Term || own.Value != "" && r.Value != "" && own.Value != r.Value {
		return told
	}
	if own.Value == "" && own.Kind == Command {
		own.Value = r.Value
	}
	return own
}

// showsCommitted reports whether the server shows that very entry in its log, and that it has committed it.
func (s *Step) showsCommitted(i Index, e Entry) bool {
	own, held := s.After.Log.At(i)
	return held && own == e && s.After.Knows(FieldLog|FieldCommit) && i <= s.After.CommitIndex && !s.crashes()
}

// reads tells the reads that were answered in the step in which they came.
func (t *teller) reads(s *Step) {
	if r := s.answersAtOnce(); r != nil {
		t.tell(Fact{Key: Key{Kind: FactRead, Index: r.Index, Term: s.After.Term}, By: s.Server, Part: PartAfter})
	}
}

// handled says what a state machine did with a command.
func (f *Fact) handled() string {
	if f.Entry.Kind == NoOp {
		return "passes over"
	}
	return "carries out"
}

// contradicts returns the kind of fact by whose promise two facts that disagree are judged.
func contradicts(earlier, later *Fact) FactKind {
	switch {
	case earlier.Kind == FactFailed || later.Kind == FactFailed:
		return FactFailed
	case earlier.Kind == FactAcknowledged || later.Kind == FactAcknowledged:
		return FactAcknowledged
	case later.Kind == FactApplied && earlier.Entry.Value != later.Entry.Value:
		return FactCommitted
	}
	return later.Kind
}
