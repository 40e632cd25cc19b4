package spec

// The rules about what clients are told (Raft paper, 8; dissertation, 6.4).

var readAfterOwnTermCommit = &Rule{
	ID: "R8-03", Name: "read-index-after-own-term-commit",
	Sentence: "A leader answers a read only at an index that it reached by committing an entry of its own term.",
	Why: "A new leader holds every committed entry, but does not know how far they are committed until one of its own is. " +
		"Its commit index may be far behind what its predecessor told clients, and a read at that index misses writes that were acknowledged. " +
		"What usually breaks it: the commit index is taken when the read arrives, without a look at the term of the entry there.",
	Section: "Raft paper, 8; dissertation, 6.4", Level: Must, Profile: Read,
	Catches: []string{"rd-no-noop"},
	Needs:   FieldRole | FieldTerm | FieldLog,
	Step:    judgeReadAfterOwnTermCommit,
}

func judgeReadAfterOwnTermCommit(s *Step) *Breach {
	o := &s.After
	if o.Role != Leader {
		return nil
	}
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Answer || !e.Reply.Read {
			continue
		}
		term, known := o.Log.termKnownAt(e.Reply.Index)
		if !known || term == o.Term {
			continue
		}
		return s.breach(PartEffect, k, "%s, leader of term %d, answers a read at index %d, an entry of term %d", s.Server, o.Term, e.Reply.Index, term).
			refusing("log[read index].term = currentTerm", "%d is not %d", term, o.Term).
			allowing("%s answers when it has committed an entry of term %d", s.Server, o.Term)
	}
	return nil
}
