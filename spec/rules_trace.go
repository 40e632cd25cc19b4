package spec

import "slices"

// The rule about records themselves. It breaks no promise of Raft by itself, but a record that breaks it is of no Raft.

var traceConsistent = &Rule{
	ID: "X-TR-01", Name: "trace-consistent",
	Sentence: "What a record shows follows from what its server showed before, from messages that were sent, and from what the implementation may do unseen.",
	Why: "A trace is evidence only if every line of it can have happened. A line that nothing explains is an implementation that does what no Raft does, " +
		"a recorder that leaves lines out or writes them twice, or a file that was changed. " +
		"What usually breaks it: events of two runs in one file, a recorder that loses lines under load, an implementation that changes its state outside its handlers.",
	Section: "raftcheck, reading traces", Level: Must, Profile: Recording,
	NoMutant: "It is about records: whatever a server does, a true record of it is consistent. It is shown to fail on records that were changed.",
	Step: func(s *Step) *Breach {
		if m := &s.Input.Message; s.Input.Kind == Deliver && m.To != s.Server {
			return s.breach(PartInput, 0, "%s is given a message to %s", s.Server, m.To).
				refusing("message.to = server", "%s is not %s", m.To, s.Server).allowing("%s receives it", m.To)
		}
		for k, m := range s.Output.Sent {
			if m.From != s.Server {
				return s.breach(PartEffect, k, "%s sends a message in the name of %s", s.Server, m.From).
					refusing("message.from = server", "%s is not %s", m.From, s.Server)
			}
		}
		return nil
	},
}

var refusedHarmless = &Rule{
	ID: "X-TR-02", Name: "refused-changes-nothing",
	Sentence: "An input that a server refuses changes nothing and sends nothing.",
	Why: "What is refused did not happen: no rule looks at it, and no search goes on from it. A change that hides behind a refusal is seen by nobody. " +
		"What usually breaks it: an implementation that returns an error after it has begun to act, or a recorder that looks at the state at another moment.",
	Section: "raftcheck, reading traces", Level: Must, Profile: Recording,
	NoMutant: "A search ends with exit code 5 when a server changes over an input that it refuses. It is shown to fail on records that were changed.",
	Step:     judgeRefusedHarmless,
}

func judgeRefusedHarmless(s *Step) *Breach {
	if !s.Output.Refused {
		return nil
	}
	if len(s.Output.Effects) > 0 {
		return s.breach(PartEffect, 0, "%s refuses %s and acts on it all the same", s.Server, s.happened()).
			refusing("nothing is sent, written or answered", "something is").allowing("%s does nothing", s.Server)
	}
	what, field := s.changedAtAll()
	if what == "" {
		return nil
	}
	return s.breachAfter("%s refuses %s and its %s changes", s.Server, s.happened(), what).
		refusing("its "+what+" stays", "it does not").allowing("%s stays as it is", s.Server).showing(field).before("what it showed before", field)
}

// changedAtAll names the first part of a server's state, of those shown before and after, that is another one; "" if none.
func (s *Step) changedAtAll() (what string, field Field) {
	b, a := &s.Before, &s.After
	if what, field = s.changed(); what != "" {
		return what, field
	}
	switch {
	case s.show(FieldApplied) && b.LastApplied != a.LastApplied:
		return "applied index", FieldApplied
	case s.show(FieldVotes) && !(slices.Equal(b.Granted, a.Granted) && slices.Equal(b.Refused, a.Refused)):
		return "count of votes", FieldVotes
	case s.show(FieldProgress) && !slices.Equal(b.Progress, a.Progress):
		return "view of its followers", FieldProgress
	case s.show(FieldConfig) && !b.Config.same(&a.Config):
		return "configuration", FieldConfig
	case s.show(FieldLeader) && b.LeaderID != a.LeaderID:
		return "leader", FieldLeader
	case s.show(FieldContact) && !slices.Equal(b.Contact, a.Contact):
		return "count of answers", FieldContact
	case s.show(FieldDurable) && (b.Durable.Term != a.Durable.Term || b.Durable.VotedFor != a.Durable.VotedFor || logChanged(b.Durable.Log, a.Durable.Log)):
		return "disk", FieldDurable
	}
	return "", 0
}
