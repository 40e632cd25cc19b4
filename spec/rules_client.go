package spec

// The rules about commands of clients (Raft paper, 8; dissertation, 6.3).

var retriedTakesEffectOnce = &Rule{
	ID: "R8-07", Name: "retried-takes-effect-once",
	Sentence: "A command that a client sent more than once is carried out once.",
	Why: "A client that hears nothing tries again, and the first try may be in the log already. Carried out twice, a withdrawal is made twice. " +
		"What usually breaks it: nobody keeps a table of requests, or it is not a part of the state machine and lost with a snapshot or a change of leader.",
	Section: "Raft paper, 8; dissertation, 6.3", Level: Must, Profile: Read,
	Catches: []string{"cl-dup-apply"},
	Varies:  []Variant{TellsClients},
	Step:    judgeRetriedTakesEffectOnce,
}

// judgeRetriedTakesEffectOnce compares a command that is carried out with those before it. They are the same request if they bear the same name;
// with TellsClients the value is the name. Otherwise equal commands may be two clients'.
func judgeRetriedTakesEffectOnce(s *Step) *Breach {
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Apply || e.Reply.Passed {
			continue
		}
		if i := s.carriedOutAt(k); i > 0 {
			return s.breach(PartEffect, k, "%s carries out %s at index %d, as it did at index %d", s.Server, e.Reply.command(), e.Reply.Index, i).
				refusing("the request is new", "it is at index %d too", i).allowing("%s passes over index %d", s.Server, e.Reply.Index)
		}
		if s.recalled == nil {
			continue
		}
		if was, elsewhere := s.recalled.requests.carriedElsewhere(s, k); elsewhere {
			return s.breach(PartEffect, k, "%s carries out %s at index %d, and %s carried it out at index %d", s.Server, e.Reply.command(), e.Reply.Index, was.by, was.index).
				refusing("the request is carried out once", "it is at index %d too", was.index).allowing("%s passes over index %d", s.Server, max(e.Reply.Index, was.index))
		}
	}
	return nil
}

// carriedOutAt returns where the request that the state machine carries out was carried out before; 0 if it is not known to have been.
func (s *Step) carriedOutAt(effect int) Index {
	r := &s.Output.Effects[effect].Reply
	if s.recalled != nil {
		if i := s.recalled.requests.carriedOutAt(s, effect); i > 0 {
			return i
		}
	}
	if !s.Declared.Has(TellsClients) || !s.After.Knows(FieldLog) || r.Value == "" {
		return 0
	}
	for i := s.After.Log.Base + 1; i < r.Index; i++ {
		if f, _ := s.After.Log.At(i); f.Kind == Command && f.Value == r.Value {
			return i
		}
	}
	return 0
}

var completionOfItsEntry = &Rule{
	ID: "R8-09", Name: "completion-of-its-entry",
	Sentence: "A client is told that its command is done only when the entry of that command is committed at that index.",
	Why: "The place in the log where a leader put a command may be given to another one by the next leader. Whoever waits for the index alone gets the other one's result; " +
		"whoever does not wait for the commit is told of what may be lost. " +
		"What usually breaks it: a table of waiting clients by index, which is not cleared when the leader steps down.",
	Section: "Raft paper, 8; dissertation, 6.3", Level: Must, Profile: Read,
	Catches:   []string{"cl-wait-by-index", "rp-claim-after-truncate"},
	Agreement: FactAcknowledged, NeedsAfter: FieldLog,
	Step: func(s *Step) *Breach {
		if s.crashes() {
			return nil
		}
		for k := range s.Output.Effects {
			e := &s.Output.Effects[k]
			if e.Kind != Answer || e.Reply.Read || e.Reply.Failed || e.Reply.Index <= s.After.Log.Base {
				continue
			}
			if s.After.Knows(FieldCommit) && e.Reply.Index > s.After.CommitIndex {
				return s.breach(PartEffect, k, "%s tells a client that %s is done at index %d and has committed up to %d", s.Server, e.Reply.command(), e.Reply.Index, s.After.CommitIndex).
					refusing("index ≤ commitIndex", "%d is above %d", e.Reply.Index, s.After.CommitIndex).allowing("%s waits", s.Server)
			}
			f, held := s.After.Log.At(e.Reply.Index)
			if held && (f.Value != "" && e.Reply.Value != "" && f.Value != e.Reply.Value || f.Kind == NoOp || e.Reply.Term > 0 && f.Term != e.Reply.Term) {
				return s.breach(PartEffect, k, "%s tells a client that %s is done at index %d, where it has %s", s.Server, e.Reply.command(), e.Reply.Index, f).
					refusing("log[index] = the client's command", "%s is not %s", f, Shown(e.Reply.Value)).allowing("%s tells the client nothing", s.Server)
			}
		}
		return nil
	},
}

var acknowledgedKept = &Rule{
	ID: "R8-01", Name: "acknowledged-kept",
	Sentence: "A command of which a client was told that it is done is in the log of every later leader.",
	Why: "It is all that a client can hold a cluster to: whatever fewer than half of the servers lose, what was acknowledged is still there. " +
		"What usually breaks it: what was acknowledged was written and not synced, or was never on a majority.",
	Section: "Raft paper, 5.4 and 8", Level: Must, Profile: Read,
	Catches: []string{"st-lazy-fsync", "cm-single-voter-early", "rp-claim-after-truncate", "cm-leader-counts-unsynced"},
	Needs:   FieldRole | FieldTerm | FieldLog,
	Kept:    judgeAcknowledgedKept,
}

// judgeAcknowledgedKept compares a new leader with what servers in lower terms acknowledged. What was acknowledged in the leader's own term
// or later may have been so after its election.
func judgeAcknowledgedKept(s *Step, acknowledged []Fact) *Breach {
	for k := range acknowledged {
		f := &acknowledged[k]
		if f.In >= s.After.Term || f.Index <= s.After.Log.Base {
			continue
		}
		if e, held := s.After.Log.At(f.Index); held && e.agrees(f.Entry) {
			continue
		}
		b := s.breachAfter("%s becomes leader of term %d with %s at index %d, where a client was told that %s is done",
			s.Server, s.After.Term, s.After.Log.at(f.Index), f.Index, f.Entry).
			refusing("log[index] = what a client was told of", "%s is not %s", s.After.Log.at(f.Index), f.Entry).
			allowing("no majority votes for %s in term %d", s.Server, s.After.Term)
		b.Evidence = append(b.Evidence, Evidence{Role: "what a client was told", Server: f.By, Part: PartFact, Origin: f.Origin})
		return b
	}
	return nil
}

var sessionsInLog = &Rule{
	ID: "R8-08", Name: "sessions-in-log",
	Sentence: "Whether a repeated command is known again follows from the log alone, and so is the same on all servers.",
	Why: "The table of requests is a part of the state machine. A server that has forgotten a session carries out what the others pass over, and is in a state that no other one is in. " +
		"What usually breaks it: sessions are dropped when they are old by the server's own clock, or when its memory runs short.",
	Section: "dissertation, 6.3", Level: Must, Profile: Read,
	Catches:   []string{"cl-session-expiry"},
	Agreement: FactApplied,
}

var failureIsFinal = &Rule{
	ID: "R8-10", Name: "failure-is-final",
	Sentence: "A client is told that its command failed only if it can never be committed.",
	Why: "A client that is told so forgets the command, or sends it under another name. If it is committed after all, it takes effect although it failed, or twice. A leader that steps down does not know what becomes of its entries: " +
		"it must say nothing, or that it does not know. " +
		"What usually breaks it: whoever waits is told of an error when the leader steps down.",
	Section: "Raft paper, 8; dissertation, 6.3", Level: Must, Profile: Read,
	Catches:   []string{"cl-definite-fail"},
	Agreement: FactFailed,
	Step: func(s *Step) *Breach {
		for k := range s.Output.Effects {
			e := &s.Output.Effects[k]
			if e.Kind != Answer || !e.Reply.Failed || e.Reply.Term == 0 || s.crashes() || !s.After.Knows(FieldLog) {
				continue
			}
			if own, held := s.After.Log.At(e.Reply.Index); held && own.Term == e.Reply.Term {
				return s.breach(PartEffect, k, "%s tells a client that %s will never take effect, and has it at index %d of its log", s.Server, e.Reply.command(), e.Reply.Index).
					refusing("the entry can never be committed", "%s may be, by %s itself if it leads", own, s.Server).
					allowing("%s tells the client that it does not know, or nothing", s.Server)
			}
		}
		return nil
	},
}
