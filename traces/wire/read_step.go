package wire

import "github.com/raftcheck/raftcheck/spec"

// Change takes a change of the configuration.
func (r *Reader) Change() (c spec.Change) {
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "voters":
			c.Voters = string(r.String())
		case "learners":
			c.Learners = string(r.String())
		case "joint":
			c.Joint = r.Bool()
		default:
			r.Unknown(at, key)
		}
	}
	return c
}

// Effects takes what a step did, in order.
func (r *Reader) Effects() (all []spec.Effect) {
	return r.AppendEffects(nil)
}

// AppendEffects is Effects in memory that is there already, which is overwritten.
func (r *Reader) AppendEffects(all []spec.Effect) []spec.Effect {
	all = all[:0]
	for r.Open('['); r.More(']'); {
		all = append(all, spec.Effect{})
		e := &all[len(all)-1]
		r.effect(e)
		if r.Lenient && (e.Kind == 0 || e.Kind == spec.Send && e.Message.Kind == 0) {
			r.Dropped++
			all = all[:len(all)-1]
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (r *Reader) effect(e *spec.Effect) {
	start := r.At()
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "send":
			*e = spec.Effect{Kind: spec.Send}
			r.MessageInto(&e.Message)
		case "write":
			*e = spec.Effect{Kind: spec.Write}
			r.durable(&e.Durable)
		case "sync":
			*e = spec.Effect{Kind: spec.Sync}
			r.durable(&e.Durable)
		case "answer":
			*e = spec.Effect{Kind: spec.Answer, Reply: r.Reply()}
		case "apply":
			*e = spec.Effect{Kind: spec.Apply, Reply: r.Reply()}
		case "fail":
			*e = spec.Effect{Kind: spec.Fail}
			r.durable(&e.Durable)
		default:
			r.Unknown(at, key)
		}
	}
	if e.Kind == 0 && !r.Lenient {
		r.FailAt(start, "an effect that is none of send, write, sync, answer")
	}
}

// Reply takes what a server tells a client.
func (r *Reader) Reply() (reply spec.Reply) {
	reply.NoIndex = !r.strict
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "read":
			reply.Read = r.Bool()
		case "value", "valueBase64":
			reply.Value = r.Bytes(key)
		case "index":
			reply.Index, reply.NoIndex = spec.Index(r.Uint()), false
		case "term":
			reply.Term = spec.Term(r.Uint())
		case "client", "clientBase64":
			reply.Client = r.Bytes(key)
		case "request", "requestBase64":
			reply.Request = r.Bytes(key)
		case "failed":
			reply.Failed = r.Bool()
		case "passed":
			reply.Passed = r.Bool()
		default:
			r.Unknown(at, key)
		}
	}
	return reply
}

// Durable takes what is on disk. Members that are missing are as in before, and unknown for a reader that is not strict.
func (r *Reader) Durable(before spec.Durable) (d spec.Durable) {
	d = before
	memory := r.memory
	r.memory = nil // of disks of which nothing is known before
	r.durable(&d)
	r.memory = memory
	return d
}

// durable is Durable of what stands there; for a reader that remembers, nothing does.
func (r *Reader) durable(d *spec.Durable) {
	if !r.strict {
		d.Unknown = spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog
	}
	var last *spec.Durable
	var w walk
	if r.memory != nil {
		m := &r.memory.durables[r.about]
		w.last, last = &m.text, &m.value
	}
	w.begin(r)
	if w.whole(&r.Line) {
		*d = *last
		return
	}
	for {
		if name, again := w.again(&r.Line); again {
			storeAgain(d, last, name)
			continue
		}
		if !r.More('}') {
			break
		}
		w.read(&r.Line, r.stored(d))
	}
	if w.end(r) {
		*last = *d
	}
}

// The names of the members of what is on disk, besides those of an observation.
const nameConfigText = noName + 1

// storeAgain has a disk hold of a member what another one holds.
func storeAgain(d, as *spec.Durable, name uint8) {
	switch name {
	case nameTerm:
		d.Term = as.Term
	case nameVotedFor:
		d.VotedFor = as.VotedFor
	case nameLog:
		d.Log = as.Log
	case nameConfigText:
		d.Config = as.Config
		return
	}
	d.Unknown &^= fieldsShown[name] &^ as.Unknown
}

// stored takes a member of what is on disk, and returns its name.
func (r *Reader) stored(d *spec.Durable) (name uint8) {
	at := r.At()
	switch key := r.Key(); string(key) {
	case "term":
		name, d.Term = nameTerm, spec.Term(r.Uint())
	case "votedFor":
		name, d.VotedFor = nameVotedFor, r.Server()
	case "log":
		var whole bool
		if d.Log, _, whole = r.log(); !whole {
			return nameLog
		}
		name = nameLog
	case "config", "configBase64":
		d.Config = r.Bytes(key)
		return nameConfigText
	default:
		r.Unknown(at, key)
		return noName
	}
	d.Unknown &^= fieldsShown[name]
	return name
}

// Log takes a log.
func (r *Reader) Log() spec.Log {
	log, _, _ := r.log()
	return log
}

// log takes a log, whether its beginning was compacted, and is not only not shown, and whether it says of each index what stands there.
func (r *Reader) log() (log spec.Log, compacted, whole bool) {
	compacted = true
	begins, entries := false, false
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "base":
			log.Base, begins = spec.Index(r.Uint()), true
		case "baseTerm":
			log.BaseTerm = spec.Term(r.Uint())
		case "from":
			log.Base, compacted, begins = spec.Index(r.Uint()), false, true
		case "fromTerm":
			log.BaseTerm = spec.Term(r.Uint())
		case "entries":
			log.Entries, entries = r.entries()
		default:
			r.Unknown(at, key)
		}
	}
	return log, compacted || log.Base == 0, r.strict || entries && (begins || log.BaseTerm == 0)
}

// Entries takes a list of log entries.
func (r *Reader) Entries() []spec.Entry {
	all, _ := r.entries()
	return all
}

// entries takes a list of log entries, and tells whether the term of each is shown.
func (r *Reader) entries() (all []spec.Entry, whole bool) {
	if r.memory == nil {
		r.Open('[')
		return r.entriesAfter(nil, true)
	}
	r.Peek()
	start, odd := r.At(), r.odd
	after, rest := r.memory.again(&r.Line)
	switch {
	case rest:
		all, whole = r.entriesAfter(after.entries, after.whole)
	case after != nil:
		return after.entries, after.whole
	default:
		r.Open('[')
		all, whole = r.entriesAfter(nil, true)
	}
	if r.Err() == nil {
		r.memory.keep(after, r.Text(start, r.At()), all, whole, r.odd == odd)
	}
	return all, whole
}

// entriesAfter takes the entries of a list from where it stands.
func (r *Reader) entriesAfter(all []spec.Entry, whole bool) ([]spec.Entry, bool) {
	for r.More(']') {
		e, term := r.entry()
		all, whole = append(all, e), whole && (term || r.strict)
	}
	return all, whole
}

// entry takes a log entry, and tells whether its term is shown.
func (r *Reader) entry() (e spec.Entry, term bool) {
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "term":
			e.Term, term = spec.Term(r.Uint()), true
		case "kind":
			e.Kind = spec.EntryKind(r.OneOf("entry kind", func(k int) string { return spec.EntryKind(k).String() }, int(spec.ConfigurationChange)+1))
		case "value", "valueBase64":
			e.Value = r.Bytes(key)
		default:
			r.Unknown(at, key)
		}
	}
	return e, term
}

// The names of the members of a message. Those that tell a field of it that rules may ask for are in the order of these fields.
const (
	nameFrom uint8 = iota
	nameTo
	nameOfTerm
	nameLastIndex
	nameLastTerm
	nameVoteGranted
	namePrevIndex
	namePrevTerm
	nameEntries
	nameLeaderCommit
	nameSuccess
	nameMatch
	nameOffset
	nameKind
	nameDone
	nameConflictIndex
	nameConflictTerm
	namePayload
	noNameOfMessage // of a member that is not known
)

// Message takes a message. What it uses and does not show is unknown; for a strict reader, whose members are all known, it is zero.
func (r *Reader) Message() (m spec.Message) {
	r.MessageInto(&m)
	return m
}

// MessageInto is Message into memory that is zero.
func (r *Reader) MessageInto(m *spec.Message) {
	var shown, shownLast spec.MessageField
	var last *message
	var w walk
	named := false
	if r.memory != nil {
		last = r.memory.message(&r.Line)
		w.last, shownLast = &last.text, last.shown
	}
	w.begin(r)
	if w.whole(&r.Line) {
		*m = last.value
		return
	}
	for {
		name, again := w.again(&r.Line)
		if again {
			sayAgain(m, &last.value, name)
			shown |= 1 << name & shownLast
		} else if r.More('}') {
			var whole bool
			if name, whole = r.said(m); whole && name <= nameOffset {
				shown |= 1 << name
			}
			w.read(&r.Line, name)
		} else {
			break
		}
		named = named || name == nameKind
	}
	if !r.strict {
		m.Unknown = unknown(m, shown)
	}
	if !named {
		r.Fail("a message without \"kind\"")
	}
	if m.Kind != 0 && w.end(r) { // a kind that is not known need not pass every time
		last.value, last.shown = *m, shown
	}
}

// sayAgain has a message say of a member what another one says.
func sayAgain(m, as *spec.Message, name uint8) {
	switch name {
	case nameFrom:
		m.From = as.From
	case nameTo:
		m.To = as.To
	case nameOfTerm:
		m.Term = as.Term
	case nameLastIndex:
		m.LastLogIndex = as.LastLogIndex
	case nameLastTerm:
		m.LastLogTerm = as.LastLogTerm
	case nameVoteGranted:
		m.Granted = as.Granted
	case namePrevIndex:
		m.PrevLogIndex = as.PrevLogIndex
	case namePrevTerm:
		m.PrevLogTerm = as.PrevLogTerm
	case nameEntries:
		m.Entries = as.Entries
	case nameLeaderCommit:
		m.LeaderCommit = as.LeaderCommit
	case nameSuccess:
		m.Success = as.Success
	case nameMatch:
		m.MatchIndex = as.MatchIndex
	case nameKind:
		m.Kind = as.Kind
	case nameOffset:
		m.Offset = as.Offset
	case nameDone:
		m.Partial = as.Partial
	case nameConflictIndex:
		m.ConflictIndex = as.ConflictIndex
	case nameConflictTerm:
		m.ConflictTerm = as.ConflictTerm
	case namePayload:
		m.Payload = as.Payload
	}
}

// said takes a member of a message, and returns its name and whether it is shown whole.
func (r *Reader) said(m *spec.Message) (name uint8, whole bool) {
	at := r.At()
	whole = true
	switch key := r.Key(); string(key) {
	case "kind":
		name, m.Kind = nameKind, r.kindOfMessage()
	case "from":
		name, m.From = nameFrom, r.Server()
	case "to":
		name, m.To = nameTo, r.Server()
	case "term":
		name, m.Term = nameOfTerm, spec.Term(r.Uint())
	case "lastLogIndex":
		name, m.LastLogIndex = nameLastIndex, spec.Index(r.Uint())
	case "lastLogTerm":
		name, m.LastLogTerm = nameLastTerm, spec.Term(r.Uint())
	case "granted":
		name, m.Granted = nameVoteGranted, r.Bool()
	case "prevLogIndex":
		name, m.PrevLogIndex = namePrevIndex, spec.Index(r.Uint())
	case "prevLogTerm":
		name, m.PrevLogTerm = namePrevTerm, spec.Term(r.Uint())
	case "entries":
		name = nameEntries
		m.Entries, whole = r.entries()
	case "leaderCommit":
		name, m.LeaderCommit = nameLeaderCommit, spec.Index(r.Uint())
	case "offset":
		name, m.Offset = nameOffset, r.Uint()
	case "done":
		name, m.Partial = nameDone, !r.Bool() && r.Err() == nil
	case "success":
		name, m.Success = nameSuccess, r.Bool()
	case "matchIndex":
		name, m.MatchIndex = nameMatch, spec.Index(r.Uint())
	case "conflictIndex":
		name, m.ConflictIndex = nameConflictIndex, spec.Index(r.Uint())
	case "conflictTerm":
		name, m.ConflictTerm = nameConflictTerm, spec.Term(r.Uint())
	case "payload", "payloadBase64":
		name, m.Payload = namePayload, r.Bytes(key)
	default:
		r.Unknown(at, key)
		name = noNameOfMessage
	}
	return name, whole
}

// unknown returns the fields of a message that are neither shown nor follow from what is.
func unknown(m *spec.Message, shown spec.MessageField) spec.MessageField {
	if shown&spec.MessagePrevIndex != 0 && m.PrevLogIndex == 0 {
		shown |= spec.MessagePrevTerm // nothing stands at index 0
	}
	uses := m.Kind.Uses()
	if m.Partial {
		uses |= spec.MessageOffset
	}
	return uses &^ shown
}

// kindOfMessage takes the name of a kind, and returns 0 for one that is not known if the reader is lenient.
func (r *Reader) kindOfMessage() spec.MessageKind {
	at := r.At()
	text := r.String()
	for k := range int(spec.TimeoutNow) {
		if messageKind(k) == string(text) {
			return spec.RequestVote + spec.MessageKind(k)
		}
	}
	if !r.Lenient {
		r.FailAt(at, "unknown kind of message %q", text)
	}
	return 0
}

func messageKind(k int) string { return (spec.RequestVote + spec.MessageKind(k)).String() }
