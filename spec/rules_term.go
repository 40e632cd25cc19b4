package spec

import "slices"

// The rules about terms (Raft paper, 5.1).

var termMonotonic = &Rule{
	ID: "R5.1-01", Name: "term-monotonic",
	Sentence: "A server's current term never decreases, also not across a crash and a restart.",
	Why: "A term is Raft's clock: what a server promised in a term binds it only as long as it knows that the term was reached. " +
		"A server that falls back votes and leads in terms it has already voted and led in. " +
		"What usually breaks it: the file with term and vote is missing or old after a restart, or a snapshot's term is taken for the current one.",
	Section: "Raft paper, 5.1 and Figure 2", Level: Must, Profile: Core,
	Catches: []string{"st-stale-disk", "sn-term-regress", "el-meta-missing-term0"},
	Needs:   FieldTerm,
	Step:    judgeTermMonotonic,
}

func judgeTermMonotonic(s *Step) *Breach {
	before, after := s.Before.Term, s.After.Term
	if after >= before && s.runs() {
		return nil
	}
	if s.runs() || s.comesBack() {
		if after < before {
			return s.breachAfter("%s goes back from term %d to term %d", s.Server, before, after).
				refusing("currentTerm after ≥ currentTerm before", "%d is below %d", after, before).
				allowing("%s stays in term %d", s.Server, before).before("the term before", FieldTerm)
		}
		return nil
	}
	// A term that was only in memory may be lost in a crash: R5.6-01 sees to it that nobody was told of it.
	if s.Before.Knows(FieldDurable) && after < s.Before.Durable.Term {
		return s.breachAfter("%s goes back to term %d but term %d was on its disk", s.Server, after, s.Before.Durable.Term).
			refusing("currentTerm after ≥ currentTerm on disk", "%d is below %d", after, s.Before.Durable.Term).
			allowing("%s comes back in term %d or later", s.Server, s.Before.Durable.Term).before("the term on disk", FieldDurable)
	}
	return nil
}

var adoptHigherTerm = &Rule{
	ID: "R5.1-02", Name: "adopt-higher-term",
	Sentence: "A server that receives a message of a higher term takes over that term and is a follower in it before it does anything else.",
	Why: "This is how a leader that was cut off learns that it leads no more, and how servers meet in one term. " +
		"A leader that overlooks a higher term goes on serving clients beside its successor. " +
		"What usually breaks it: one of many handlers, mostly one for replies, does not look at the term.",
	Section: "Raft paper, 5.1 and Figure 2 (all servers)", Level: Must, Profile: Core,
	Catches: []string{"el-hb-term-unchecked", "sn-resp-term-unchecked", "el-stays-candidate"},
	Unless:  []Variant{LateTerm},
	Needs:   FieldTerm,
	Step:    judgeAdoptHigherTerm,
}

func judgeAdoptHigherTerm(s *Step) *Breach {
	m := &s.Input.Message
	if s.Input.Kind != Deliver || m.Term <= s.Before.Term || !s.runs() || !tellsSendersTerm(m.Kind) {
		return nil
	}
	if s.After.Term < m.Term {
		if s.mayDisregard(m) {
			return nil
		}
		return s.breachAfter("%s receives %s of term %d and stays in term %d", s.Server, m.Kind, m.Term, s.After.Term).
			refusing("currentTerm ≥ message.term", "%d is below %d", s.After.Term, m.Term).
			allowing("%s becomes a follower in term %d", s.Server, m.Term).since("the higher term", PartInput)
	}
	if s.After.Term == m.Term && s.After.Knows(FieldRole) && s.After.Role != Follower {
		return s.breachAfter("%s receives %s of term %d and is %s in that term", s.Server, m.Kind, m.Term, s.After.Role).
			refusing("role = follower", "it is %s", s.After.Role).
			allowing("%s becomes a follower in term %d", s.Server, m.Term).since("the higher term", PartInput)
	}
	return nil
}

// tellsSendersTerm reports whether the term of such a message is the sender's own. Pre-votes tell a term that may never begin.
func tellsSendersTerm(kind MessageKind) bool { return kind != PreVote && kind != PreVoteReply }

// mayDisregard reports whether a server may leave a message aside: a request for votes while it believes in a leader, so that
// removed servers do not disturb (Raft paper, 6), and a request for votes or a reply of a server that is no member for it, or need not be one: of whom it
// has just asked something itself, it is.
// Entries and snapshots it takes from anybody, or it would never learn that it was added.
func (s *Step) mayDisregard(m *Message) bool {
	if m.Kind == AppendEntries || m.Kind == InstallSnapshot {
		return false
	}
	if m.Kind == RequestVote && (!s.Before.Knows(FieldLeader) || s.Before.LeaderID != None || s.Before.Role == Leader) {
		return true
	}
	if s.recalled != nil && s.recalled.asksSender {
		return false
	}
	config := &s.Before.Config
	return !s.Before.Knows(FieldConfig) || len(config.Voters) > 0 && !config.Has(m.From)
}

var heedHigherTerm = &Rule{
	ID: "R5.1-08", Name: "heed-higher-term",
	Sentence: "A server that a reply tells of a higher term leads and campaigns no more, and the term of a request it takes over at once.",
	Why: "This is what is left of taking over higher terms where a server that is told of one in a reply may wait for the next request to do it. " +
		"Leading on is what it must not do: its successor is there already. " +
		"What usually breaks it: the reply to a heartbeat counts as contact with a follower, and its term is not looked at.",
	Section: "Raft paper, 5.1 and Figure 2 (all servers)", Level: Must, Profile: Core,
	NoMutant: "It is judged only of implementations that take a term over later than the reference does; those of hashicorp/raft are held to it.",
	Catches:  []string{"el-hb-term-unchecked", "sn-resp-term-unchecked"},
	Only:     []Variant{LateTerm},
	Varies:   []Variant{DropsLateAnswers},
	Needs:    FieldRole | FieldTerm,
	Step:     judgeHeedHigherTerm,
}

func judgeHeedHigherTerm(s *Step) *Breach {
	m := &s.Input.Message
	if m.Kind.IsRequest() || s.After.Term >= m.Term {
		return judgeAdoptHigherTerm(s)
	}
	if s.Input.Kind != Deliver || !s.runs() || !tellsSendersTerm(m.Kind) || s.mayDisregard(m) || s.After.Role != Leader && s.After.Role != Candidate {
		return nil
	}
	if s.Before.Role != Leader && m.answersLeaders() && s.Declared.Has(DropsLateAnswers) {
		return nil
	}
	return s.breachAfter("%s receives %s of term %d and stays %s of term %d", s.Server, m.Kind, m.Term, s.After.Role, s.After.Term).
		refusing("role = follower", "it is %s", s.After.Role).
		allowing("%s becomes a follower", s.Server).since("the higher term", PartInput)
}

// answersLeaders reports whether a message answers what only leaders send.
func (m *Message) answersLeaders() bool {
	return m.Kind == AppendEntriesReply || m.Kind == InstallSnapshotReply
}

var staleRequestHarmless = &Rule{
	ID: "R5.1-03", Name: "stale-request-harmless",
	Sentence: "A request of an earlier term changes nothing: not the log, not the commit index, not the vote, not the role.",
	Why: "A leader that was deposed does not know it and goes on sending. If anybody still obeys, it overwrites what its successor wrote. " +
		"What usually breaks it: the term is checked after the request was acted on, or only for some kinds of requests.",
	Section: "Raft paper, 5.1 and Figure 2 (receivers, step 1)", Level: Must, Profile: Core,
	Catches: []string{"rp-catchup-truncates", "el-timeoutnow-bypass"},
	Needs:   FieldTerm,
	Step:    judgeStaleRequestHarmless,
}

func judgeStaleRequestHarmless(s *Step) *Breach {
	m := &s.Input.Message
	if s.Input.Kind != Deliver || !m.Kind.IsRequest() || m.Term >= s.Before.Term || !s.runs() {
		return nil
	}
	if what, field := s.changed(); what != "" {
		return s.breachAfter("%s in term %d acts on %s of term %d from %s: its %s changes", s.Server, s.Before.Term, m.Kind, m.Term, m.From, what).
			refusing("request.term ≥ currentTerm", "%d is below %d", m.Term, s.Before.Term).
			allowing("%s refuses and stays as it is", s.Server).showing(field).since("the request of an earlier term", PartInput).before("the later term", FieldTerm)
	}
	return nil
}

// changed names the first part of a server's state, of those shown, that the step changed; "" if none.
func (s *Step) changed() (what string, field Field) {
	b, a := &s.Before, &s.After
	switch {
	case s.show(FieldTerm) && b.Term != a.Term:
		return "term", FieldTerm
	case s.show(FieldRole) && b.Role != a.Role:
		return "role", FieldRole
	case s.show(FieldVotedFor) && b.VotedFor != a.VotedFor:
		return "vote", FieldVotedFor
	case s.show(FieldCommit) && b.CommitIndex != a.CommitIndex:
		return "commit index", FieldCommit
	case s.show(FieldLog) && logChanged(b.Log, a.Log):
		return "log", FieldLog
	}
	return "", 0
}

func logChanged(before, after Log) bool {
	_, lost := firstLoss(before, after)
	return lost || before.LastIndex() != after.LastIndex()
}

var staleRequestAnswer = &Rule{
	ID: "R5.1-04", Name: "stale-request-answer",
	Sentence: "A request of an earlier term is refused with the replier's own term, or not answered at all.",
	Why: "The refusal is how a deposed leader and a late candidate learn the new term. " +
		"An answer with an old term keeps them where they are, and with pre-votes two servers can block each other for ever. " +
		"What usually breaks it: the reply is stamped with the request's term.",
	Section: "Raft paper, 5.1 and Figure 2 (receivers, step 1)", Level: Must, Profile: Core,
	Catches: []string{"el-refusal-old-term", "rp-stale-append-accepted"},
	Step:    judgeStaleRequestAnswer,
}

func judgeStaleRequestAnswer(s *Step) *Breach {
	m := &s.Input.Message
	if s.Input.Kind != Deliver || !m.Kind.IsRequest() || !m.Knows(MessageFrom|MessageTerm) {
		return nil
	}
	for k, reply := range s.Output.Sent {
		if s.answeredBy(reply) && (reply.Granted || reply.Success) && reply.Term > m.Term && reply.Kind != PreVoteReply {
			b := s.breachSent(k, "%s in term %d %s %s of term %d from %s", s.Server, reply.Term, reply.consents(), m.Kind, m.Term, m.From).
				refusing("request.term ≥ currentTerm", "%d is below %d", m.Term, reply.Term).
				allowing("%s refuses with term %d", s.Server, reply.Term).since("the request of an earlier term", PartInput)
			if s.Before.Knows(FieldTerm) && s.Before.Term > m.Term {
				b.before("the later term", FieldTerm)
			}
			return b
		}
	}
	if !s.Before.Knows(FieldTerm) || m.Term >= s.Before.Term || !s.runs() {
		return nil
	}
	own := s.Before.Term
	if s.After.Knows(FieldTerm) {
		own = s.After.Term
	}
	for k, reply := range s.Output.Sent {
		if !s.answeredBy(reply) {
			continue
		}
		if reply.Term < own || reply.Term > own && s.After.Knows(FieldTerm) {
			return s.breachSent(k, "%s in term %d answers %s of term %d with term %d", s.Server, own, m.Kind, m.Term, reply.Term).
				refusing("reply.term = currentTerm", "%d is not %d", reply.Term, own).
				allowing("%s refuses with term %d", s.Server, own).since("the request of an earlier term", PartInput).before("the later term", FieldTerm)
		}
		if reply.Granted || reply.Success {
			return s.breachSent(k, "%s in term %d %s %s of term %d from %s", s.Server, own, reply.consents(), m.Kind, m.Term, m.From).
				refusing("request.term ≥ currentTerm", "%d is below %d", m.Term, s.Before.Term).
				allowing("%s refuses with term %d", s.Server, own).since("the request of an earlier term", PartInput).before("the later term", FieldTerm)
		}
	}
	return nil
}

// consents says what a reply that does not refuse does.
func (m *Message) consents() string {
	if m.Granted {
		return "grants"
	}
	return "accepts"
}

// answeredBy reports whether a reply that a step sends answers the request that it brings. Where it is not shown between whom they go, it does, unless
// replies may wait for storage and leave in another step.
func (s *Step) answeredBy(reply *Message) bool {
	m := &s.Input.Message
	if !answers(m.Kind, reply.Kind) {
		return false
	}
	if m.Knows(MessageFrom) && reply.Knows(MessageTo) {
		return reply.To == m.From
	}
	return !s.Declared.Has(StoresLater) && !s.Declared.Has(VolatileUntilReady)
}

// answers reports whether a message of kind reply is the answer to a message of kind request.
func answers(request, reply MessageKind) bool {
	switch request {
	case RequestVote:
		return reply == RequestVoteReply
	case AppendEntries:
		return reply == AppendEntriesReply
	case InstallSnapshot:
		return reply == InstallSnapshotReply
	case PreVote:
		return reply == PreVoteReply
	}
	return false
}

var messageTerm = &Rule{
	ID: "R5.1-05", Name: "message-term",
	Sentence: "A message carries no term above its sender's current term, and tells of no entry of a later term than its own.",
	Why: "Whoever receives it takes the term over, so a term that nobody is in would be handed around as if an election had begun. " +
		"What usually breaks it: a message is built before the term is set, or stamped with a term read from elsewhere.",
	Section: "Raft paper, 5.1", Level: Must, Profile: Core,
	Catches: []string{"el-asks-ahead"},
	Varies:  []Variant{LateTerm, PreVoteOwnTerm},
	Step:    judgeMessageTerm,
}

func judgeMessageTerm(s *Step) *Breach {
	if b := s.judgeTermsTold(&s.Input.Message, PartInput, 0); s.Input.Kind == Deliver && b != nil {
		return b
	}
	for k, m := range s.Output.Sent {
		if b := s.judgeTermsTold(m, PartEffect, k); b != nil {
			return b
		}
	}
	if s.crashes() || !s.After.Knows(FieldTerm) {
		return nil // what it had in memory when it sent is gone
	}
	for k, m := range s.Output.Sent {
		if s.tellsSendersTerm(m.Kind) && m.Term > s.After.Term {
			return s.breachSent(k, "%s in term %d sends %s of term %d", s.Server, s.After.Term, m.Kind, m.Term).
				refusing("message.term ≤ currentTerm", "%d is above %d", m.Term, s.After.Term).
				allowing("%s sends its own term %d", s.Server, s.After.Term).beside("the sender's term", FieldTerm)
		}
		if m.Kind == PreVote && m.Term > s.After.Term+1 && !s.Declared.Has(PreVoteOwnTerm) && !s.Declared.Has(TermJumps) {
			return s.breachSent(k, "%s in term %d asks whether it would be voted for in term %d", s.Server, s.After.Term, m.Term).
				refusing("message.term ≤ currentTerm + 1", "%d is above %d", m.Term, s.After.Term+1).
				allowing("%s asks about term %d", s.Server, s.After.Term+1).beside("the sender's term", FieldTerm)
		}
	}
	return nil
}

// judgeTermsTold compares the terms of the entries that a message tells of with its own. Whoever asks for votes has no entry of the term in which it
// wants to be elected: nobody has led that yet. A leader that takes a later term over late may still be sending, from a log or a snapshot that is no longer its own.
func (s *Step) judgeTermsTold(m *Message, part Part, effect int) *Breach {
	what, term := m.termBeyondItsOwn()
	if what == "" || !m.Knows(MessageTerm) {
		return nil
	}
	if m.Kind != RequestVote && m.Kind != PreVote && s.Declared.Has(LateTerm) {
		return s.tellsBeyondItself(m, part, effect, what, term)
	}
	b := s.breach(part, effect, "%s of term %d from %s tells of an entry of term %d", m.Kind, m.Term, m.From, term)
	if m.Kind == RequestVote {
		return b.refusing(what+" < message.term", "%d is not below %d", term, m.Term).allowing("%s asks with entries of earlier terms", m.From)
	}
	return b.refusing(what+" ≤ message.term", "%d is above %d", term, m.Term).allowing("%s has no entry of a later term than its own", m.From)
}

// tellsBeyondItself returns the breach of a message that leaves and tells of an entry of a later term than the one that its sender is in when it has left: no log has such an entry.
func (s *Step) tellsBeyondItself(m *Message, part Part, effect int, what string, term Term) *Breach {
	if part != PartEffect || s.crashes() || !s.After.Knows(FieldTerm) || term <= s.After.Term {
		return nil
	}
	return s.breachSent(effect, "%s in term %d sends %s of term %d that tells of an entry of term %d", s.Server, s.After.Term, m.Kind, m.Term, term).
		refusing(what+" ≤ currentTerm", "%d is above %d", term, s.After.Term).
		allowing("%s has no entry of a later term than its own", s.Server).beside("the sender's term", FieldTerm)
}

// acceptsBeyondItself returns the breach of a follower that acknowledges an entry of a later term than the one that it answers in, where messages may tell of such ones (LateTerm):
// it refuses them, since no log has an entry of a later term than its server is in.
func (s *Step) acceptsBeyondItself() *Breach {
	m := &s.Input.Message
	if !s.delivered(AppendEntries) || !s.Declared.Has(LateTerm) || s.After.Knows(FieldLog) || !m.Knows(MessagePrevIndex|MessageTerm) {
		return nil
	}
	for n, reply := range s.Output.Sent {
		if !reply.Success || !reply.Knows(MessageTerm|MessageSuccess|MessageMatch) || !s.answeredBy(reply) {
			continue
		}
		if term, told := m.termOf(min(reply.MatchIndex, m.LastEntryIndex())); told && term > reply.Term {
			return s.breachSent(n, "%s in term %d acknowledges an entry of term %d at index %d", s.Server, reply.Term, term, min(reply.MatchIndex, m.LastEntryIndex())).
				refusing("log[last].term ≤ currentTerm", "%d is above %d", term, reply.Term).
				allowing("%s refuses", s.Server).since("what the leader sent", PartInput)
		}
	}
	return nil
}

// termBeyondItsOwn returns a term of an entry that a message tells of though its sender cannot have such an entry, and how the message calls it;
// "" is none.
func (m *Message) termBeyondItsOwn() (what string, term Term) {
	switch m.Kind {
	case RequestVote:
		if m.Knows(MessageLastTerm) && m.LastLogTerm > 0 && m.LastLogTerm >= m.Term {
			return "lastLogTerm", m.LastLogTerm
		}
	case PreVote:
		if m.Knows(MessageLastTerm) && m.LastLogTerm > m.Term {
			return "lastLogTerm", m.LastLogTerm
		}
	case AppendEntries, InstallSnapshot:
		if m.Knows(MessagePrevTerm) && m.PrevLogTerm > m.Term {
			return "prevLogTerm", m.PrevLogTerm
		}
		for k := range m.Entries {
			if m.Entries[k].Term > m.Term {
				return "entry.term", m.Entries[k].Term
			}
		}
	case AppendEntriesReply:
		if m.ConflictTerm > m.Term {
			return "conflictTerm", m.ConflictTerm
		}
	}
	return "", 0
}

// tellsTerms reports whether a message tells of terms besides its own.
func (m *Message) tellsTerms() bool {
	if !m.Knows(MessageTerm) {
		return false
	}
	switch m.Kind {
	case RequestVote, PreVote:
		return m.Knows(MessageLastTerm)
	case AppendEntries, InstallSnapshot:
		return m.Knows(MessagePrevTerm) || len(m.Entries) > 0
	}
	return m.ConflictTerm > 0
}

var staleReplyIgnored = &Rule{
	ID: "R5.1-06", Name: "stale-reply-ignored",
	Sentence: "A reply of an earlier term is ignored.",
	Why: "A reply answers a question that was asked in its term. Counted in a later one it makes leaders that nobody elected and copies that nobody stored. " +
		"What usually breaks it: a handler looks whether the reply's term is higher, but not whether it is lower.",
	Section: "Raft paper, 5.1", Level: Must, Profile: Core,
	Catches: []string{"el-stale-vote-resp"},
	Needs:   FieldTerm,
	Step:    judgeStaleReplyIgnored,
}

func judgeStaleReplyIgnored(s *Step) *Breach {
	m := &s.Input.Message
	if s.Input.Kind != Deliver || m.Term >= s.Before.Term || !s.runs() {
		return nil
	}
	switch m.Kind {
	case RequestVoteReply, AppendEntriesReply, InstallSnapshotReply:
	default:
		return nil
	}
	what, field := s.changed()
	switch {
	case what != "":
	case s.show(FieldVotes) && !(slices.Equal(s.Before.Granted, s.After.Granted) && slices.Equal(s.Before.Refused, s.After.Refused)):
		what, field = "count of votes", FieldVotes
	case s.show(FieldProgress) && !slices.Equal(s.Before.Progress, s.After.Progress):
		what, field = "view of its followers", FieldProgress
	default:
		return nil
	}
	b := s.breachAfter("%s in term %d acts on %s of term %d from %s: its %s changes", s.Server, s.Before.Term, m.Kind, m.Term, m.From, what).
		refusing("reply.term = currentTerm", "%d is not %d", m.Term, s.Before.Term).showing(field).since("the reply of an earlier term", PartInput).before("the later term", FieldTerm)
	if s.Before.Knows(FieldRole) {
		b.allowing("%s stays %s in term %d", s.Server, s.Before.Role, s.Before.Term)
	}
	return b
}

var entryOfItsTerm = &Rule{
	ID: "R5.1-07", Name: "entry-of-its-term",
	Sentence: "A server creates an entry only while it leads, and stamps it with the very term that it leads.",
	Why: "Index and term name one entry for ever, because a term has one leader and only that one creates entries in it. A server that looks whether it leads, and reads its term a moment later, may put the " +
		"next leader's name on an entry of its own. " +
		"What usually breaks it: messages are handled on another thread than commands, and the term changes between the look at the role and the stamp.",
	Section: "Raft paper, 5.1 and 5.3", Level: Must, Profile: Core,
	Catches: []string{"rp-async-heartbeat"},
	Needs:   FieldRole | FieldTerm | FieldLog,
	Step:    judgeEntryOfItsTerm,
}

func judgeEntryOfItsTerm(s *Step) *Breach {
	if s.Input.Kind == 0 || s.Input.Kind == Stored || !s.runs() || s.delivered(AppendEntries) || s.delivered(InstallSnapshot) {
		return nil // storage brings to light what earlier inputs did
	}
	i, gained := firstGain(s.Before.Log, s.After.Log)
	for ; gained && i <= s.After.Log.LastIndex(); i++ {
		e, _ := s.After.Log.At(i)
		if s.Before.Role == Leader && s.Before.Term == e.Term || s.After.Role == Leader && s.After.Term == e.Term || s.founds(i, e) {
			continue
		}
		return s.breachAfter("%s, %s of term %d, creates %s at index %d", s.Server, s.After.Role, s.After.Term, e, i).
			refusing("the server leads the entry's term", "it is %s of term %d", s.After.Role, s.After.Term).
			allowing("%s creates no entry", s.Server).before("its role before", FieldRole).
			hinting("look whether the role is checked and the term read in one piece, with nothing in between that may change either")
	}
	return nil
}
