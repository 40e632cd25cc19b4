package spec

import "fmt"

// FactKind is a kind of thing about which no two observations may ever disagree.
type FactKind uint8

// The kinds of facts.
const (
	FactNone      FactKind = iota
	FactLeader             // leader(term) = server
	FactVote               // vote(server, term) = candidate
	FactEntry              // entry(index, term) = (term of the entry before, kind, value)
	FactCommitted          // committed(index) = (term, kind, value)
)

// Key is what a fact is about.
type Key struct {
	Kind   FactKind
	Server ServerID // FactVote
	Index  Index    // FactEntry, FactCommitted
	Term   Term     // FactLeader, FactVote, FactEntry
}

// Fact is one thing a step established for ever.
type Fact struct {
	Key
	Holder ServerID // FactLeader: the leader; FactVote: the candidate
	Prev   Term     // FactEntry: term of the entry before
	Entry  Entry    // FactEntry, FactCommitted
	By     ServerID // who showed it
	In     Term     // FactCommitted: the term of the server that showed it first
	Origin Origin   // where
	Part   Part     // the part of the step that shows it
	Effect int      // PartEffect: which effect
}

// Same reports whether two facts about the same key say the same. An entry whose value a record does not show agrees with any value.
func (f *Fact) Same(g *Fact) bool {
	return f.Holder == g.Holder && f.Prev == g.Prev && f.Entry.Term == g.Entry.Term && f.Entry.Kind == g.Entry.Kind &&
		(f.Entry.Value == g.Entry.Value || f.Entry.Value == "" || g.Entry.Value == "")
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
	}
	return "no fact"
}

// Facts calls yield for every fact that a step establishes, in a fixed order: leaders, votes, entries, commitments.
// Only what the step changed is told, so that a long log costs nothing when it stays as it is.
func Facts(s *Step, declared Variants, yield func(*Fact)) {
	leaderFacts(s, yield)
	voteFacts(s, declared, yield)
	entryFacts(s, yield)
	committedFacts(s, yield)
}

func leaderFacts(s *Step, yield func(*Fact)) {
	if !s.After.Knows(FieldRole|FieldTerm) || s.After.Role != Leader {
		return
	}
	if s.Before.Knows(FieldRole|FieldTerm) && s.Before.Role == Leader && s.Before.Term == s.After.Term {
		return
	}
	yield(&Fact{Key: Key{Kind: FactLeader, Term: s.After.Term}, Holder: s.Server, By: s.Server, Part: PartAfter})
}

// voteFacts tells the votes that were promised to somebody: a grant that left, and a request for votes that left,
// since a candidate votes for itself before it asks others. A vote that is only in memory binds nobody yet.
func voteFacts(s *Step, declared Variants, yield func(*Fact)) {
	for k, m := range s.Output.Sent {
		fact := Fact{Key: Key{Kind: FactVote, Server: s.Server, Term: m.Term}, By: s.Server, Part: PartEffect, Effect: k}
		switch {
		case m.Kind == RequestVoteReply && m.Granted:
			fact.Holder = m.To
		case m.Kind == RequestVote && !declared.Has(SelfVoteByMessage):
			fact.Holder = s.Server
		default:
			continue
		}
		yield(&fact)
	}
}

func entryFacts(s *Step, yield func(*Fact)) {
	if !s.After.Knows(FieldLog) || s.After.Role == Crashed {
		return
	}
	log := s.After.Log
	first := log.Base + 1
	if s.Before.Knows(FieldLog) && s.Before.Role != Crashed { // what a crashed server shows was told by nobody yet
		first = firstDifference(s.Before.Log, log)
	}
	for i := first; i <= log.LastIndex(); i++ {
		e, _ := log.At(i)
		prev, known := log.TermAt(i - 1)
		if !known {
			continue
		}
		yield(&Fact{Key: Key{Kind: FactEntry, Index: i, Term: e.Term}, Prev: prev, Entry: e, By: s.Server, Part: PartAfter})
	}
}

func committedFacts(s *Step, yield func(*Fact)) {
	if !s.After.Knows(FieldLog|FieldCommit) || s.After.Role == Crashed {
		return
	}
	from := s.After.Log.Base
	if s.Before.Knows(FieldCommit|FieldLog) && s.Before.Role != Crashed {
		from = min(s.Before.CommitIndex, firstDifference(s.Before.Log, s.After.Log)-1)
	}
	for i := max(from, s.After.Log.Base) + 1; i <= s.After.CommitIndex; i++ {
		e, held := s.After.Log.At(i)
		if !held {
			return
		}
		yield(&Fact{Key: Key{Kind: FactCommitted, Index: i}, Entry: e, By: s.Server, In: s.After.Term, Part: PartAfter})
	}
}
