package spec

// The rules about commands of clients (Raft paper, 8; dissertation, 6.3).

var retriedTakesEffectOnce = &Rule{
	ID: "R8-07", Name: "retried-takes-effect-once",
	Sentence: "A command that a client sent more than once is carried out once.",
	Why: "A client that hears nothing tries again, and the first try may be in the log already. Carried out twice, a withdrawal is made twice. " +
		"What usually breaks it: nobody keeps a table of requests, or it is not a part of the state machine and lost with a snapshot or a change of leader.",
	Section: "Raft paper, 8; dissertation, 6.3", Level: Must, Profile: Read,
	Catches: []string{"cl-dup-apply"},
	Needs:   FieldLog,
	Step: func(s *Step) *Breach {
		for k := range s.Output.Effects {
			e := &s.Output.Effects[k]
			if e.Kind != Apply {
				continue
			}
			for i := s.After.Log.Base + 1; i < e.Reply.Index; i++ {
				if f, _ := s.After.Log.At(i); f.Kind == Command && f.Value == e.Reply.Value && f.Value != "" {
					return s.breach(PartEffect, k, "%s carries out %s at index %d, as it did at index %d", s.Server, e.Reply.Value, e.Reply.Index, i).
						refusing("the request is new", "it is at index %d too", i).allowing("%s passes over index %d", s.Server, e.Reply.Index)
				}
			}
		}
		return nil
	},
}

var completionOfItsEntry = &Rule{
	ID: "R8-09", Name: "completion-of-its-entry",
	Sentence: "A client is told that its command is done only when the entry of that command is committed at that index.",
	Why: "The place in the log where a leader put a command may be given to another one by the next leader. Whoever waits for the index alone gets the other one's result; " +
		"whoever does not wait for the commit is told of what may be lost. " +
		"What usually breaks it: a table of waiting clients by index, which is not cleared when the leader steps down.",
	Section: "Raft paper, 8; dissertation, 6.3", Level: Must, Profile: Read,
	Catches: []string{"cl-wait-by-index", "rp-claim-after-truncate"},
	Needs:   FieldLog | FieldCommit,
	Step: func(s *Step) *Breach {
		if s.crashes() {
			return nil
		}
		for k := range s.Output.Effects {
			e := &s.Output.Effects[k]
			if e.Kind != Answer || e.Reply.Read || e.Reply.Index <= s.After.Log.Base {
				continue
			}
			if e.Reply.Index > s.After.CommitIndex {
				return s.breach(PartEffect, k, "%s tells a client that %s is done at index %d and has committed up to %d", s.Server, e.Reply.Value, e.Reply.Index, s.After.CommitIndex).
					refusing("index ≤ commitIndex", "%d is above %d", e.Reply.Index, s.After.CommitIndex).allowing("%s waits", s.Server)
			}
			if f, _ := s.After.Log.At(e.Reply.Index); f.Value != "" && f.Value != e.Reply.Value {
				return s.breach(PartEffect, k, "%s tells a client that %s is done at index %d, where it has %s", s.Server, e.Reply.Value, e.Reply.Index, f).
					refusing("log[index] = the client's command", "%s is not %s", f, e.Reply.Value).allowing("%s tells the client nothing", s.Server)
			}
		}
		return nil
	},
}
