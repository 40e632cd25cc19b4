package spec

import "strconv"

// A message that arrives was sent by somebody who was in a state to send it. What a record shows of the sender may rule that out, whether or
// not it shows what the sender sent: nobody gives a vote that it does not hold, or acknowledges an entry that it never had.

// keptTenures is how many terms of a server are remembered. What came earlier may have been anything.
const keptTenures = 16

// tenures is what a server was in its latest terms, ascending, as long as no step of it is missing in the record.
type tenures struct {
	all        []tenure
	since      Term // every step since the server was in this term, or came to be known in it, is recorded
	begun      bool
	showsRoles bool // the server has shown its role, when it was up
	batches    bool // some record of it does not show its term, so what a later one shows may be of several steps
}

// tenure is what a server was in one term.
type tenure struct {
	term    Term
	entered bool  // the record shows how the server came into the term
	unknown Field // what some step in the term did not show
	roles   [Crashed + 1]bool
	votes   [2]ServerID // whom it voted for; a second one if it took a vote back
	last    Index       // of its log, at the highest
}

func (t *tenures) learn(s *Step) {
	t.showsRoles = t.showsRoles || s.After.Knows(FieldRole) && s.After.Role != Crashed
	if s.Gap || s.Input.Cut > 0 || !s.oneTerm() {
		t.begun = false // what it was for a moment is not shown
	}
	t.batches = t.batches || !s.After.Knows(FieldTerm)
	if !t.begun || !s.Before.Knows(FieldTerm) || !s.After.Knows(FieldTerm) {
		t.restart(s)
	}
	if s.After.Knows(FieldTerm) {
		t.add(&s.After, true)
	}
}

// oneTerm reports whether a step that changes the term goes to the next one, or to that of the message that it brings.
func (s *Step) oneTerm() bool {
	from, to := s.Before.Term, s.After.Term
	return !s.show(FieldTerm) || to == from || to == from+1 || s.Input.Kind == Deliver && s.Input.Message.Knows(MessageTerm) && s.Input.Message.Term == to
}

// restart forgets all terms, and begins with what the server is before a step.
func (t *tenures) restart(s *Step) {
	t.all, t.begun = t.all[:0], s.After.Knows(FieldTerm)
	if s.Before.Knows(FieldTerm) && s.oneTerm() {
		t.since = s.Before.Term
		t.add(&s.Before, s.Before.Term == 0 && s.Before.Knows(FieldRole) && s.Before.Role == Follower)
	} else {
		t.since = s.After.Term
		t.add(&s.After, false)
	}
}

func (t *tenures) add(o *Observation, entered bool) {
	n := len(t.all)
	if n == 0 || t.all[n-1].term != o.Term {
		if n > 0 && t.all[n-1].term > o.Term {
			t.all, t.begun = t.all[:0], false // a term that fell: whatever was known of later ones is not certain
			return
		}
		if n == keptTenures {
			t.since = t.all[1].term
			t.all = append(t.all[:0], t.all[1:]...)
		}
		t.all = append(t.all, tenure{term: o.Term, entered: entered})
		n = len(t.all)
	}
	now := &t.all[n-1]
	now.unknown |= o.Unknown
	now.roles[min(o.Role, Crashed)] = true
	if o.VotedFor != None && now.votes[0] == None {
		now.votes[0] = o.VotedFor
	} else if o.VotedFor != None && now.votes[0] != o.VotedFor {
		now.votes[1] = o.VotedFor
	}
	now.last = max(now.last, o.Log.LastIndex())
}

// rulesOut says why a server cannot have sent a message, in words and as a condition; "" if it may have.
func (t *tenures) rulesOut(m *Message) (why, condition string) {
	if !t.begun || t.batches || len(t.all) == 0 || !m.Knows(MessageTerm) || !tellsSendersTerm(m.Kind) || m.Term < t.since {
		return "", ""
	}
	then := t.in(m.Term)
	switch {
	case then == nil && (m.Term > t.since || t.all[0].entered):
		return "it was never in term " + number(m.Term), "the sender has been in the message's term"
	case then == nil || !then.entered:
		return "", ""
	}
	shows := func(f Field) bool { return then.unknown&f == 0 }
	voted := func(id ServerID) bool { return then.votes[0] == id || then.votes[1] == id }
	switch m.Kind {
	case RequestVoteReply:
		if m.Knows(MessageGranted|MessageTo) && m.Granted && shows(FieldVotedFor) && !voted(m.To) {
			return "it gave " + m.To.String() + " no vote in term " + number(m.Term), "the sender voted for " + m.To.String()
		}
	case RequestVote:
		if shows(FieldRole) && !then.roles[Candidate] && !then.roles[Leader] {
			return "it was no candidate in term " + number(m.Term), "the sender was a candidate in the message's term"
		}
	case AppendEntries, InstallSnapshot, TimeoutNow:
		if shows(FieldRole) && !then.roles[Leader] {
			return "it did not lead term " + number(m.Term), "the sender led the message's term"
		}
	case AppendEntriesReply:
		if m.Knows(MessageSuccess|MessageMatch) && m.Success && shows(FieldLog) && m.MatchIndex > then.last {
			return "its log ended with index " + number(then.last) + " in term " + number(m.Term), "the sender's last index ≥ matchIndex"
		}
	}
	return "", ""
}

// in returns what the server was in a term, or nil.
func (t *tenures) in(term Term) *tenure {
	for k := range t.all {
		if t.all[k].term == term {
			return &t.all[k]
		}
	}
	return nil
}

// number prints a term or an index.
func number[T ~uint64](n T) string { return strconv.FormatUint(uint64(n), 10) }
