package spec

import (
	"slices"
	"strings"
)

// The rules about what clients are told (Raft paper, 8; dissertation, 6.4).

var readAfterOwnTermCommit = &Rule{
	ID: "R8-03", Name: "read-index-after-own-term-commit",
	Sentence: "A leader answers a read only at an index that it reached by committing an entry of its own term.",
	Why: "A new leader holds every committed entry, but does not know how far they are committed until one of its own is. " +
		"Its commit index may be far behind what its predecessor told clients, and a read at that index misses writes that were acknowledged. " +
		"What usually breaks it: the commit index is taken when the read arrives, without a look at the term of the entry there.",
	Section: "Raft paper, 8; dissertation, 6.4", Level: Must, Profile: Read,
	Catches: []string{"rd-no-noop"},
	Varies:  []Variant{InheritsLease},
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
		if !known || term == o.Term || s.inheritsLease(e.Reply.Index) {
			continue
		}
		if s.Declared.Has(InheritsLease) && s.outlivesLease(e.Reply.Index) {
			return s.breach(PartEffect, k, "%s, leader of term %d, answers a read at index %d, an entry of term %d, after the lease that it inherited", s.Server, o.Term, e.Reply.Index, term).
				refusing("ticks since the entry came ≤ ticks that a lease lasts", "%d is above %d", s.recalled.ticks-s.recalled.at, s.Declared.numbers(InheritsLease)["ticks"]).
				allowing("%s answers when it has committed an entry of term %d", s.Server, o.Term)
		}
		return s.breach(PartEffect, k, "%s, leader of term %d, answers a read at index %d, an entry of term %d", s.Server, o.Term, e.Reply.Index, term).
			refusing("log[read index].term = currentTerm", "%d is not %d", term, o.Term).
			allowing("%s answers when it has committed an entry of term %d", s.Server, o.Term)
	}
	return nil
}

var readConfirmed = &Rule{
	ID: "R8-04", Name: "read-confirmed",
	Sentence: "A leader answers a read only after a majority of every active configuration has answered messages that it sent after the read came.",
	Why: "A leader that was deposed does not know it. Only an answer to what was sent after the read came shows that nobody else could commit before it came. " +
		"What usually breaks it: no round of messages at all, or a name for the round that is used again, so that an answer to an earlier one counts.",
	Section: "Raft paper, 8; dissertation, 6.4", Level: Must, Profile: Read,
	Catches: []string{"rd-no-quorum", "rd-ctx-reuse", "rd-follower-lag"},
	Only:    []Variant{ConfirmsReads},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step:    judgeReadConfirmed,
}

func judgeReadConfirmed(s *Step) *Breach {
	for k := range s.After.Reads {
		r := &s.After.Reads[k]
		if s.Input.Kind != ReadIndex || k < len(s.Before.Reads) || !s.askedBefore(r.Token) {
			continue
		}
		return s.breachAfter("%s asks for confirmation of read %q by the name %q, as it did for another read", s.Server, r.Value, r.Token).
			refusing("the name is new in this term", "%q is not", r.Token).allowing("%s uses another name", s.Server)
	}
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Answer || !e.Reply.Read {
			continue
		}
		read, replies := s.confirms(&e.Reply)
		by := func(id ServerID) bool {
			return id == s.Server || read != nil && (slices.Contains(read.Confirmed, id) || replies && id == s.Input.Message.From)
		}
		if s.commits(&s.After.Config, by) || s.commits(&s.Before.Config, by) {
			continue
		}
		var who []ServerID
		for _, id := range slices.Concat(s.After.Config.Voters, s.After.Config.Outgoing) {
			if by(id) && !slices.Contains(who, id) {
				who = append(who, id)
			}
		}
		return s.breach(PartEffect, k, "%s, leader of term %d, answers a read with confirmation by %s", s.Server, s.After.Term, listed(who)).
			refusing("servers that confirmed since the read came are "+s.enough(&s.After.Config, committing), "%s of %s", listed(who), configured(&s.After.Config)).
			allowing("%s waits for a majority", s.Server)
	}
	return nil
}

// confirms returns the read that an answer is for, as it waited before the step, and whether the step brings a confirmation for it: a reply
// with its token, or with that of a read that came later.
func (s *Step) confirms(answer *Reply) (read *PendingRead, replies bool) {
	m := &s.Input.Message
	valid := s.Input.Kind == Deliver && !m.Kind.IsRequest() && (m.Term == s.After.Term || !m.Knows(MessageTerm))
	asked := func(r PendingRead) bool { return r.Value == answer.Value }
	if exact := func(r PendingRead) bool { return r.Value == answer.Value && r.Index == answer.Index }; slices.ContainsFunc(s.Before.Reads, exact) {
		asked = exact
	}
	for k := range s.Before.Reads {
		r := &s.Before.Reads[k]
		if read == nil && asked(*r) {
			read = r
		}
		replies = replies || read != nil && valid && r.confirmedBy(m)
	}
	return read, replies
}

// confirmedBy reports whether a message bears the token of a read.
func (r *PendingRead) confirmedBy(m *Message) bool {
	return m.Payload == r.Token || r.Token != "" && strings.HasPrefix(m.Payload, r.Token+" ")
}

// askedBefore reports whether the leader is seen to have used a name for confirmation before: for a read that waits, or the last time.
func (s *Step) askedBefore(token string) bool {
	return s.Before.Role == Leader && token == s.Before.LastToken || slices.ContainsFunc(s.Before.Reads, func(r PendingRead) bool { return r.Token == token })
}

var leaseReadFresh = &Rule{
	ID: "R8-06", Name: "lease-read-fresh",
	Sentence: "A read that is answered as soon as it comes sees everything that was committed before, by anybody.",
	Why: "A leader answers without asking only because it is certain that nobody else can have been elected. That certainty is made of clocks, of voters that stay loyal, " +
		"and of counting from when a message was sent. If any of it fails, a client reads what another client has already overwritten. " +
		"What usually breaks it: a lease as long as the election timeout, voters that vote before it is over, or contact that is counted from when it was heard of.",
	Section: "dissertation, 6.4.1", Level: Must, Profile: Read,
	Catches: []string{"rd-lease-clock", "rd-lease-checkquorum", "rd-phantom-lease", "rd-no-quorum", "rd-lease-restart"},
	Only:    []Variant{LeaseReads, ConfirmsReads},
	Needs:   FieldRole | FieldTerm,
	Answered: func(s *Step, committed []Fact) *Breach {
		r := s.answersAtOnce()
		for k := range committed {
			f := &committed[k]
			if f.Index <= r.Index {
				continue
			}
			b := s.breachAfter("%s, leader of term %d, answers a read at index %d after %s was committed at index %d", s.Server, s.After.Term, r.Index, f.Entry, f.Index).
				refusing("read index ≥ last index committed", "%d is below %d", r.Index, f.Index).
				allowing("%s asks the others first, or sends the client on", s.Server)
			b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: f.By, Part: PartFact, Origin: f.Origin})
			return b
		}
		return nil
	},
}

var readWaitsToApply = &Rule{
	ID: "R8-05", Name: "read-waits-to-apply",
	Sentence: "A server answers a read from its state machine only when that has applied all that was committed when the read came.",
	Why: "The index of a read says what its client must see; the state machine may not be there yet, above all after a restart. Whoever cannot wait returns an error: an old value without one is a wrong answer. " +
		"What usually breaks it: a server that replays its log serves reads meanwhile, or serves what it has when a time limit is over.",
	Section: "dissertation, 6.4", Level: Must, Profile: Read,
	Catches: []string{"rd-startup-stale"},
	Only:    []Variant{AppliesLater},
	Needs:   FieldRole | FieldCommit | FieldApplied,
	Step: func(s *Step) *Breach {
		for k := range s.Output.Effects {
			e := &s.Output.Effects[k]
			if e.Kind != Answer || !e.Reply.Read || s.crashes() {
				continue
			}
			came := s.readCame(e.Reply.Value)
			if e.Reply.Index <= s.After.LastApplied && e.Reply.Index >= came {
				continue
			}
			return s.breach(PartEffect, k, "%s answers a read at index %d, has applied entries up to %d, and had committed up to %d when the read came",
				s.Server, e.Reply.Index, s.After.LastApplied, came).
				refusing("commitIndex when the read came ≤ index of the answer ≤ lastApplied", "%d, %d, %d", came, e.Reply.Index, s.After.LastApplied).
				allowing("%s waits until it has applied index %d, or returns an error", s.Server, came)
		}
		return nil
	},
}

var readNotBelowNoted = &Rule{
	ID: "R8-11", Name: "read-not-below-noted",
	Sentence: "A read that waited is answered at the index that was noted for it when it came, or at a later one.",
	Why: "The index was noted so that the client sees all that was committed before it asked. An answer at an earlier one shows it an old value, and nothing that the leader asked of others since mends that. " +
		"What usually breaks it: the index of another read that waits, or how far the answering server has applied.",
	Section: "Raft paper, 8; dissertation, 6.4", Level: Must, Profile: Read,
	Catches: []string{"rd-startup-stale"},
	Step: func(s *Step) *Breach {
		for k := range s.Output.Effects {
			e := &s.Output.Effects[k]
			if e.Kind != Answer || !e.Reply.Read {
				continue
			}
			if noted, waited := s.noted(e.Reply.Value); waited && e.Reply.Index < noted {
				return s.breach(PartEffect, k, "%s answers a read at index %d, for which it had noted index %d when it came", s.Server, e.Reply.Index, noted).
					refusing("index of the answer ≥ index noted", "%d is below %d", e.Reply.Index, noted).
					allowing("%s answers at index %d", s.Server, noted).before("the read that waits", FieldReads)
			}
		}
		return nil
	},
}

// noted returns the lowest index that was noted for a read of that name, and whether one waits.
func (s *Step) noted(request string) (lowest Index, waits bool) {
	for k := range s.Before.Reads {
		if r := &s.Before.Reads[k]; r.Value == request && (!waits || r.Index < lowest) {
			lowest, waits = r.Index, true
		}
	}
	return lowest, waits
}

// readCame returns how far the leader had committed when a read came that it answers in this step: the oldest of that name that waited, or one
// that this step begins.
func (s *Step) readCame(request string) Index {
	for k := range s.Before.Reads {
		if s.Before.Reads[k].Value == request {
			return s.Before.Reads[k].Index
		}
	}
	if s.Input.Kind == ReadIndex {
		return s.Before.CommitIndex
	}
	return 0
}
