package spec

// marks are what more there is to say of a step, beyond its traits: each is what one rule, or two, ask about the states before and after. They look at
// what is in the states whether or not it is shown, as rules do, of which a judge knows that they have what they need.
type marks uint64

// The marks of a step.
const (
	mayLowerTerm    marks = 1 << iota // the term falls, or the server does not run all the time
	lowersCommit                      // the commit index falls
	beyondCommit                      // the commit index is above the last index afterwards, or what is applied above the commit index
	appliesAnew                       // what is applied falls, or the state machine is seen to act, or begins anew
	hasApplied                        // something is applied, before or after
	commitsAfter                      // something is committed afterwards
	entriesAfter                      // there are entries in the log afterwards
	touchesDisk                       // the disk is written, or another one before than after
	hadDisk                           // there is something on disk before, or it is written
	mayMoveVote                       // the vote, or that on disk, is another one before than after, or the server does not run all the time, or answers who asks for it
	holdsVoteBefore                   // a vote is held that must be held on
	becomesBlank                      // the server is as it was at first, and was not before
	notBlankBefore                    // it was not before
	votesAnew                         // there is a vote afterwards, and none before or another term
	mayVote                           // a message of a higher term arrives, or there is a vote where there was none
	countsVotes                       // votes are counted, or the server takes office
	countsSomeVotes                   // more than one, likewise
	seeksAnew                         // the server seeks office afterwards, and does not lead before and after in one term
	givenHigher                       // the term of the message is above the server's
	givenLower                        // it is below
	sendsHigher                       // the message is of a lower term than the server, or than a message that leaves
	tellsOfTerms                      // a message tells of terms besides its own
	movesProgress                     // what the leader knows of others is not the very same before and after
	progressBefore                    // there is something that it knows, before
	progressAfter                     // and after
	losesEntries                      // the log loses entries
	mayLoseEntries                    // likewise, or the server does not run all the time
	changesLog                        // the log loses or gains entries
	gainsEntries                      // it gains some
	gainsOwn                          // likewise, and not by what a leader sent
	takesEntries                      // it loses or gains entries, or acknowledges some
	baseRises                         // it begins later
	mayInstall                        // likewise, as the record shows, or a snapshot arrives
	tellsBase                         // a snapshot is sent, or what is said of the term at which the log begins can be another one than before
	hasBase                           // a snapshot is sent or taken, or the log begins with one before and after
	refuses                           // the server says that nothing happened
	hadTerm                           // its term was above 0
)

// marks returns all that are the step's, whose traits are known.
func (s *Step) marks(t traits) marks {
	return s.termMarks(t) | s.electionMarks(t) | s.logMarks(t) | s.commitMarks(t) | s.messageMarks(t)
}

// mark returns the mark if it is one of the step.
func mark(m marks, is bool) marks {
	if is {
		return m
	}
	return 0
}

func (s *Step) termMarks(t traits) marks {
	b, a := &s.Before, &s.After
	stops, durable := t&isStop != 0, t&(Write.doing()|Sync.doing()) != 0
	was, is := &b.Durable, &a.Durable
	m := mark(mayLowerTerm, stops || a.Term < b.Term) |
		mark(hadTerm, b.Term > 0) |
		mark(touchesDisk, durable || was.Term != is.Term || was.VotedFor != is.VotedFor || !was.Log.is(&is.Log)) |
		mark(hadDisk, durable || b.Knows(FieldDurable) && (was.Term > 0 || was.Log.LastIndex() > 0)) |
		mark(mayMoveVote, stops || b.VotedFor != a.VotedFor || was.VotedFor != is.VotedFor || t&RequestVoteReply.sending() != 0) |
		mark(holdsVoteBefore, b.VotedFor != None && b.Term == a.Term || t&isSeenToRun == 0 && b.Knows(FieldDurable) && was.VotedFor != None)
	newVote := b.VotedFor == None && a.VotedFor != None
	m |= mark(votesAnew, newVote || b.Term != a.Term && a.VotedFor != None) |
		mark(mayVote, ofHigherTerm.possible(t) || newVote && b.Term == a.Term)
	if !b.blank() {
		m |= notBlankBefore | mark(becomesBlank, a.blank())
	}
	return m
}

func (s *Step) electionMarks(t traits) marks {
	granted := len(s.After.Granted)
	return mark(countsVotes, granted > 0 || t&isTakeOffice != 0) |
		mark(countsSomeVotes, granted > 1 || t&isTakeOffice != 0) |
		mark(seeksAnew, t&isSeeking != 0 && t&isLeading == 0)
}

func (s *Step) logMarks(t traits) (m marks) {
	b, a := &s.Before.Log, &s.After.Log
	m = mark(entriesAfter, len(a.Entries) > 0) | mark(mayLoseEntries, t&isStop != 0) | mark(takesEntries, t&acceptsAppend != 0) | mark(baseRises, a.Base > b.Base) |
		mark(mayInstall, t&InstallSnapshot.bringing() != 0 || a.Base > b.Base && s.show(FieldCompacted))
	if t&otherLog != 0 {
		_, lost := firstLoss(*b, *a)
		_, gained := firstGain(*b, *a)
		m |= mark(losesEntries|mayLoseEntries, lost) | mark(changesLog|takesEntries, lost || b.LastIndex() != a.LastIndex()) | mark(gainsEntries, gained) |
			mark(gainsOwn, gained && t&(AppendEntries.bringing()|InstallSnapshot.bringing()) == 0)
	}
	sends, compacts := t&InstallSnapshot.sending() != 0, t&givenCompact != 0
	return m | mark(tellsBase, sends || a.Base > 0 && (compacts || a.Base > b.Base || a.Base == b.Base && a.BaseTerm != b.BaseTerm)) |
		mark(hasBase, sends || compacts || a.Base > 0 && (b.Base > 0 || a.Base <= s.Before.CommitIndex))
}

func (s *Step) commitMarks(t traits) marks {
	b, a := &s.Before, &s.After
	same := len(b.Progress) == len(a.Progress) && (len(a.Progress) == 0 || &b.Progress[0] == &a.Progress[0])
	return mark(lowersCommit, a.CommitIndex < b.CommitIndex) |
		mark(commitsAfter, a.CommitIndex > 0) |
		mark(beyondCommit, a.CommitIndex > a.Log.LastIndex() || a.LastApplied > a.CommitIndex) |
		mark(appliesAnew, a.LastApplied < b.LastApplied || t&(givenRestart|Apply.doing()) != 0) |
		mark(hasApplied, a.LastApplied > 0 || b.LastApplied > 0) |
		mark(movesProgress, !same) | mark(progressBefore, len(b.Progress) > 0) | mark(progressAfter, len(a.Progress) > 0)
}

func (s *Step) messageMarks(t traits) (m marks) {
	in := &s.Input.Message
	lower := in.Term < s.Before.Term
	m = mark(refuses, s.Output.Refused) | mark(givenLower|sendsHigher, lower) | mark(givenHigher, in.Term > s.Before.Term) | mark(tellsOfTerms, t&givenDeliver != 0 && in.tellsTerms())
	for k := range s.Output.Effects {
		if e := &s.Output.Effects[k]; e.Kind == Send {
			m |= mark(sendsHigher, e.Message.Term > in.Term) | mark(tellsOfTerms, s.After.Knows(FieldTerm) || e.Message.tellsTerms())
		}
	}
	return m
}
