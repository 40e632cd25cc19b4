package spec

import "slices"

// What a judge compares beyond a step by itself: with what others said and showed, with what was committed, and with what clients know.

// tellsFacts reports whether the step may tell a fact that its server did not tell before.
func (j *Judge) tellsFacts(s *Step, t traits) bool {
	const concernsVotes = sendsMessage | sendsMessage<<(RequestVoteReply-RequestVote)
	const concernsClients = tellsCommand | doesEffect<<(Apply-Send)
	last := &j.of(s.Server).sighting
	return !last.seen || j.binding.dropsVote || t&(concernsVotes|concernsClients) != 0 || !last.told.tellsNoMore(&s.After) || s.namesLeader()
}

// namesLeader reports whether a message of the step says who leads a term, and the server itself does not.
func (s *Step) namesLeader() bool {
	names := func(m *Message) bool {
		holder := m.leader()
		return holder != None && !s.After.saysLeads(holder, m.Term, s.Server)
	}
	if s.Input.Kind == Deliver && names(&s.Input.Message) {
		return true
	}
	for _, m := range s.Output.Sent {
		if names(m) {
			return true
		}
	}
	return false
}

// agree tells the step's facts. They are what is new since the server last showed the fields that they rest on, which a record
// with gaps may have done before the step's Before.
func (j *Judge) agree(where func(Part, int) Origin, s *Step) (found []*Breach) {
	j.hears(where, s)
	j.teller.facts(&j.of(s.Server).sighting.told, s, &j.binding)
	return j.disagree
}

// heard tells what the message that a step brings says of its sender.
func (j *Judge) heard(where func(Part, int) Origin, s *Step) (found []*Breach) {
	if !j.recorded || j.incomplete || s.Input.Kind != Deliver && s.After.Knows(FieldLog) {
		return nil
	}
	j.hears(where, s)
	j.teller.heard(s, &j.binding)
	return j.disagree
}

// hears makes the judge ready for the facts of a step.
func (j *Judge) hears(where func(Part, int) Origin, s *Step) {
	j.disagree = nil
	if j.teller.yield == nil {
		j.teller.yield = func(f *Fact) { j.disagree = append(j.disagree, j.fact(j.where, j.step, f)...) }
	}
	j.where, j.step = where, s
}

// fact adds a fact that a step tells, and judges it by what is known.
func (j *Judge) fact(where func(Part, int) Origin, s *Step, f *Fact) (found []*Breach) {
	f.Origin = where(f.Part, f.Effect)
	if f.Kind == FactCommitted && j.history.termCommitted(f.Index) == nil && slices.Contains(j.rules, stateMachineSafety) {
		if b := j.unlikeSettled(s, f); b != nil {
			if b = stateMachineSafety.stepBreach(s, b); b != nil {
				found = append(found, b)
			}
		}
	}
	if f.Kind == FactEntry && j.recorded && !j.incomplete {
		j.hearsay.made(f.Term, stood{f.Index, f.By, f.Origin, f.Part, f.Effect})
	}
	if (f.Kind == FactCommitted || f.Kind == FactAcknowledged) && f.Entry.Term > 0 && j.recorded && !j.incomplete && slices.Contains(j.rules, logTermsOrdered) {
		if b := j.history.disorders(s, f); b != nil {
			if b = logTermsOrdered.stepBreach(s, b); b != nil {
				found = append(found, b)
			}
		}
	}
	earlier := j.history.Agree(f)
	if f.Kind == FactVote {
		j.of(f.Server).known.votedIn(f.Term)
	}
	j.compared(f.Kind)
	if earlier == nil || !j.recorded && (earlier.Kind == FactAcknowledged || f.Kind == FactAcknowledged) {
		return found // what is not recorded shows its commitments, and they are seen themselves
	}
	for _, r := range j.rules {
		if b := r.JudgeFacts(s, earlier, f); b != nil {
			found = append(found, b)
		}
	}
	return found
}

// compared counts that a fact of a kind was compared with what is known.
func (j *Judge) compared(kind FactKind) {
	for _, k := range j.agreeing[kind] {
		j.checked[k]++
	}
}

// tellsNoMore reports whether a later observation tells no fact that this one did not tell: leadership, log and commitment are
// as they were, and known as far as they are.
func (o *Observation) tellsNoMore(later *Observation) bool {
	const telling = FieldRole | FieldTerm | FieldLog | FieldCommit | FieldLeader
	if o.Unknown&telling != later.Unknown&telling || o.Role != later.Role || o.Term != later.Term || o.CommitIndex != later.CommitIndex || o.LeaderID != later.LeaderID {
		return false
	}
	a, b := &o.Log, &later.Log
	if a.Base != b.Base || len(a.Entries) != len(b.Entries) {
		return false
	}
	return len(a.Entries) == 0 || &a.Entries[0] == &b.Entries[0]
}

func (j *Judge) elected(s *Step, t traits) (found []*Breach) {
	const claims = sendsMessage<<(AppendEntries-RequestVote) | sendsMessage<<(InstallSnapshot-RequestVote)
	if t&isTakeOffice != 0 {
		found = j.kept(s)
	} else if t&(givenReadIndex|claims) == 0 {
		return nil
	}
	for _, k := range j.looking {
		r := j.rules[k]
		if r.Claimed != nil && s.tellsCommit() && !ClaimsCommit(s) {
			j.checked[k]++
		}
		if r.looksBack(s) == nil || (j.incomplete || j.causal) && r.Answered != nil && !TookOffice(s) {
			continue // when a read came, compared with what others committed, is not known of such a record
		}
		if r.Claimed != nil && j.holes > 0 {
			continue // somebody may have committed it in a step that is not recorded
		}
		if r.Claimed != nil && j.recorded && !j.claimsUncommitted(s) {
			continue
		}
		found = j.ask(found, k, s, func(s *Step) *Breach { return r.JudgeElected(s, j.history.Committed()) })
	}
	return found
}

// kept compares a new leader with what clients were told.
func (j *Judge) kept(s *Step) (found []*Breach) {
	acknowledged := j.history.Acknowledged()
	if len(acknowledged) == 0 {
		return nil // and nothing can be lost
	}
	for _, k := range j.keeping {
		if r := j.rules[k]; r.checkable(s) {
			found = j.ask(found, k, s, func(s *Step) *Breach { return r.JudgeKept(s, acknowledged) })
		}
	}
	return found
}

// ask adds what a rule finds in a step, and counts that it was put to the test, unless what it finds rests on what is not known.
func (j *Judge) ask(found []*Breach, rule int, s *Step, judge func(*Step) *Breach) []*Breach {
	b := judge(s)
	if b != nil && !s.certain(judge) {
		return found
	}
	j.checked[rule]++
	if b != nil {
		found = append(found, b)
	}
	return found
}

// told judges what clients are told, and remembers it. In a record that may order steps of different servers otherwise than they
// happened, nobody knows what was told before a read began.
func (j *Judge) told(where func(Part, int) Origin, s *Step, t traits) (found []*Breach) {
	const concerns = tellsCommand | tellsRead | doesEffect<<(Apply-Send) | givenPropose | givenReadIndex | isCrash
	if j.incomplete || j.causal {
		return nil
	}
	j.clients.looks(s)
	if t&concerns == 0 {
		return nil
	}
	for _, k := range j.answering {
		r := j.rules[k]
		if !r.checkable(s) || t&(tellsCommand|tellsRead) == 0 {
			continue
		}
		found = j.ask(found, k, s, func(s *Step) *Breach { return r.JudgeTold(&j.clients, s) })
	}
	j.clients = j.clients.After(s, where)
	return found
}

// pairs judges the server beside every other as it showed itself last. A promise on which facts must agree is left to them:
// they see all that a pair sees, and remember it.
func (j *Judge) pairs(where func(Part, int) Origin, s *Step) (found []*Breach) {
	j.look(s, where(PartAfter, 0))
	if j.incomplete {
		return nil
	}
	here, there := &j.beside[0], &j.beside[1]
	*here = Sight{s.Server, &s.After}
	for _, k := range j.pairing {
		r := j.rules[k]
		if !s.After.Knows(r.Needs | FieldUp) {
			continue
		}
		for _, id := range j.order {
			other := &j.of(id).sighting
			if id == s.Server || !other.now.Knows(r.Needs|FieldUp) || other.holes != j.holes {
				continue
			}
			j.checked[k]++
			*there = Sight{id, &other.now}
			b := r.JudgePair(here, there)
			if b == nil {
				b = r.JudgePair(there, here)
			}
			if b != nil {
				found = append(found, b.placeBeside(s.Server, where(PartAfter, 0), other.at))
			}
		}
	}
	return found
}
