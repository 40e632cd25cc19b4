package spec

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
