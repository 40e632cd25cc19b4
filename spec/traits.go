package spec

import "math/bits"

// traits are what happens in a step as far as many rules ask for it, one bit each, so that it is found out once for all of them.
type traits uint64

// The traits of a step. Those of kinds of messages and effects are in the order of their numbers.
const (
	bringsMessage traits = 1 << iota // RequestVote arrives; the other kinds follow
	_
	_
	_
	_
	_
	_
	_
	_
	sendsMessage // RequestVote leaves; the other kinds follow
	_
	_
	_
	_
	_
	_
	_
	_
	doesEffect // Send; the other kinds follow
	_
	_
	_
	_
	_
	givenTimeout
	givenHeartbeat
	givenDeliver
	givenPropose
	givenRestart
	givenReadIndex
	givenReconfigure
	givenCompact
	givenStored
	isCut         // it crashes in the middle
	isCrash       // the server is down after it
	isRun         // the server is up during all of it
	isSeenToRun   // and the record shows that it was up before
	isStop        // the server is down before, during or after it, or starts
	isComeBack    // the server comes up
	isLeading     // it leads before and after, in one term
	isTakeOffice  // it becomes leader
	showsLeader   // it is leader afterwards, as the record shows
	isSeeking     // it is leader, candidate or pre-candidate afterwards
	ofLowerTerm   // the message is of a lower term than the server's before
	ofSameTerm    // of the same
	ofUpperTerm   // of a higher one, which its sender is in
	isRequest     // the message asks for something; so it seems where there is none
	isWhole       // all of the message is known
	raisesTerm    // its term
	raisesIndex   // its commitIndex
	hasCommitted  // before, something
	hasEntries    // in the log before
	otherLog      // the logs before and after are not the very same
	grantsVote    // in a message that leaves
	acceptsAppend // an AppendEntries or snapshot, likewise
	sendsEntries  // in an AppendEntries
	sendsNone     // an AppendEntries without any
	tellsCommand  // a client what became of its command
	tellsFailure  // a client that its command has failed
	tellsRead     // a client what it asked to read
)

func (k MessageKind) bringing() traits { return bringsMessage << (k - RequestVote) }

func (k MessageKind) sending() traits { return sendsMessage << (k - RequestVote) }

func (k EffectKind) doing() traits { return doesEffect << (k - Send) }

// inputTraits are the traits of inputs that many rules ask for.
var inputTraits = [...]traits{Timeout: givenTimeout, Heartbeat: givenHeartbeat, Deliver: givenDeliver, Propose: givenPropose, Restart: givenRestart,
	ReadIndex: givenReadIndex, Reconfigure: givenReconfigure, Compact: givenCompact, Stored: givenStored, ApplyNext: 0}

// traits returns all that are the step's.
func (s *Step) traits() traits { return s.inputTraits() | s.stateTraits() | s.outputTraits() }

func (s *Step) inputTraits() (t traits) {
	m := &s.Input.Message
	if int(s.Input.Kind) < len(inputTraits) {
		t = inputTraits[s.Input.Kind]
	}
	if s.Input.Cut > 0 {
		t |= isCut
	}
	if m.Kind.IsRequest() {
		t |= isRequest
	}
	if m.Complete() {
		t |= isWhole
	}
	if m.Knows(MessageTerm) {
		switch {
		case m.Term < s.Before.Term:
			t |= ofLowerTerm
		case m.Term == s.Before.Term:
			t |= ofSameTerm
		case tellsSendersTerm(m.Kind):
			t |= ofUpperTerm
		}
	}
	if s.Input.Kind == Deliver && m.Kind >= RequestVote && m.Kind <= TimeoutNow {
		t |= m.Kind.bringing()
	}
	return t
}

func (s *Step) stateTraits() (t traits) {
	b, a := &s.Before, &s.After
	if s.crashes() {
		t |= isCrash
	}
	if s.runs() {
		t |= isRun
		if b.Knows(FieldUp) || b.Knows(FieldRole) {
			t |= isSeenToRun
		}
	} else {
		t |= isStop
	}
	if s.Input.Kind == Restart || s.comesBack() {
		t |= isComeBack
	}
	if a.Role == Leader {
		if s.leads() {
			t |= isLeading
		}
		if TookOffice(s) {
			t |= isTakeOffice
		}
		if a.Knows(FieldRole) {
			t |= showsLeader
		}
	}
	if seeksOffice(a.Role) {
		t |= isSeeking
	}
	if a.Term > b.Term {
		t |= raisesTerm
	}
	if a.CommitIndex > b.CommitIndex {
		t |= raisesIndex
	}
	if b.CommitIndex > 0 {
		t |= hasCommitted
	}
	if len(b.Log.Entries) > 0 {
		t |= hasEntries
	}
	if !b.Log.is(&a.Log) {
		t |= otherLog
	}
	return t
}

// is reports whether two logs are the very same, entry by entry in one place. Logs that are not may still hold the same.
func (l *Log) is(m *Log) bool {
	return l.Base == m.Base && len(l.Entries) == len(m.Entries) && (len(l.Entries) == 0 || &l.Entries[0] == &m.Entries[0])
}

func (s *Step) outputTraits() (t traits) {
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind >= Send && e.Kind <= Fail {
			t |= e.Kind.doing()
		}
		switch e.Kind {
		case Answer:
			t |= e.Reply.traits()
		case Send:
			t |= e.Message.traits()
		}
	}
	return t
}

// traits returns those of a step in which a client is told so.
func (r *Reply) traits() (t traits) {
	t = tellsCommand
	if r.Read {
		t = tellsRead
	}
	if r.Failed {
		t |= tellsFailure
	}
	return t
}

// traits returns those of a step in which the message leaves.
func (m *Message) traits() (t traits) {
	if m.Kind >= RequestVote && m.Kind <= TimeoutNow {
		t = m.Kind.sending()
	}
	if len(m.Entries) > 0 {
		t |= sendsEntries
	} else if m.Kind == AppendEntries {
		t |= sendsNone
	}
	switch m.Kind {
	case RequestVoteReply:
		if m.Knows(MessageGranted) && m.Granted {
			t |= grantsVote
		}
	case AppendEntriesReply, InstallSnapshotReply:
		if m.Knows(MessageSuccess) && m.Success {
			t |= acceptsAppend
		}
	}
	return t
}

// condition is what must be so of a step. The zero condition always holds.
type condition struct {
	all   traits // all of these
	any   []traits
	marks marks // all of these
	also  []func(*Step) bool
}

// possible reports whether a step with these traits may fulfil the condition.
func (c *condition) possible(t traits) bool {
	if t&c.all != c.all {
		return false
	}
	for _, any := range c.any {
		if t&any == 0 {
			return false
		}
	}
	return true
}

// holds reports whether a step with these traits fulfils the condition.
func (c *condition) holds(s *Step, t traits) bool {
	return c.possible(t) && s.marks(t)&c.marks == c.marks && c.rest(s)
}

// rest reports whether what traits and marks do not tell of the condition is fulfilled.
func (c *condition) rest(s *Step) bool {
	for _, also := range c.also {
		if !also(s) {
			return false
		}
	}
	return true
}

// when says that all of the conditions must hold.
func when(conditions ...condition) (all condition) {
	for _, c := range conditions {
		all.all |= c.all
		all.any = append(all.any, c.any...)
		all.marks |= c.marks
		all.also = append(all.also, c.also...)
	}
	return all
}

// either says that one of the conditions must hold, each of which is one trait or one of some.
func either(conditions ...condition) condition {
	var any traits
	for _, c := range conditions {
		if bits.OnesCount64(uint64(c.all))+len(c.any) != 1 || c.marks != 0 || len(c.also) > 0 {
			panic("spec: either takes conditions of one trait")
		}
		any |= c.all
		for _, of := range c.any {
			any |= of
		}
	}
	return condition{any: []traits{any}}
}

// that is a condition which traits and marks do not tell.
func that(holds func(*Step) bool) condition { return condition{also: []func(*Step) bool{holds}} }

// marked is the condition that the step has a mark.
func marked(m marks) condition { return condition{marks: m} }

func brings(kinds ...MessageKind) condition {
	var any traits
	for _, k := range kinds {
		any |= k.bringing()
	}
	return condition{any: []traits{any}}
}

func sends(kinds ...MessageKind) condition {
	var any traits
	for _, k := range kinds {
		any |= k.sending()
	}
	return condition{any: []traits{any}}
}

func does(kinds ...EffectKind) condition {
	var any traits
	for _, k := range kinds {
		any |= k.doing()
	}
	return condition{any: []traits{any}}
}

func given(kinds ...InputKind) condition {
	var any traits
	for _, k := range kinds {
		any |= inputTraits[k]
	}
	return condition{any: []traits{any}}
}

// The conditions that many rules ask for.
var (
	running         = condition{all: isSeenToRun}
	stops           = condition{all: isStop}
	comesUp         = condition{all: isComeBack}
	cutShort        = condition{all: isCut}
	delivers        = condition{all: givenDeliver}
	ofHigherTerm    = condition{all: givenDeliver | ofUpperTerm}
	leading         = condition{all: isLeading}
	tookOffice      = condition{all: isTakeOffice}
	leadsAfter      = condition{all: showsLeader}
	seeking         = condition{all: isSeeking}
	request         = condition{all: givenDeliver | isRequest}
	ofEarlierTerm   = condition{all: givenDeliver | ofLowerTerm}
	ofItsTerm       = condition{all: ofSameTerm}
	notOfEarlier    = condition{any: []traits{ofSameTerm | ofUpperTerm}}
	wholeMessage    = condition{all: isWhole}
	raisesCommit    = condition{all: raisesIndex}
	goesToTerm      = condition{all: raisesTerm}
	commitsAsLeader = condition{all: showsLeader | raisesIndex | isRun}
	committed       = condition{all: hasCommitted}
	holdsEntries    = condition{all: hasEntries}
	otherLogs       = condition{all: otherLog}
	grants          = condition{all: grantsVote}
	acknowledges    = condition{all: acceptsAppend}
	answersCommand  = condition{all: tellsCommand}
	answersRead     = condition{all: tellsRead}
)
