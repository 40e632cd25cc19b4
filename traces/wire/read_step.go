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
	for r.Open('['); r.More(']'); {
		e := r.effect()
		if r.Lenient && (e.Kind == 0 || e.Kind == spec.Send && e.Message.Kind == 0) {
			r.Dropped++
			continue
		}
		all = append(all, e)
	}
	return all
}

func (r *Reader) effect() (e spec.Effect) {
	start := r.At()
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "send":
			e = spec.Effect{Kind: spec.Send, Message: r.Message()}
		case "write":
			e = spec.Effect{Kind: spec.Write, Durable: r.Durable(spec.Durable{})}
		case "sync":
			e = spec.Effect{Kind: spec.Sync, Durable: r.Durable(spec.Durable{})}
		case "answer":
			e = spec.Effect{Kind: spec.Answer, Reply: r.Reply()}
		case "apply":
			e = spec.Effect{Kind: spec.Apply, Reply: r.Reply()}
		case "fail":
			e = spec.Effect{Kind: spec.Fail, Durable: r.Durable(spec.Durable{})}
		default:
			r.Unknown(at, key)
		}
	}
	if e.Kind == 0 && !r.Lenient {
		r.FailAt(start, "an effect that is none of send, write, sync, answer")
	}
	return e
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
func (r *Reader) Durable(before spec.Durable) spec.Durable {
	d := before
	if !r.strict {
		d.Unknown = spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog
	}
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "term":
			d.Term, d.Unknown = spec.Term(r.Uint()), d.Unknown&^spec.FieldTerm
		case "votedFor":
			d.VotedFor, d.Unknown = r.Server(), d.Unknown&^spec.FieldVotedFor
		case "log":
			var whole bool
			if d.Log, _, whole = r.log(); whole {
				d.Unknown &^= spec.FieldLog
			}
		case "config", "configBase64":
			d.Config = r.Bytes(key)
		default:
			r.Unknown(at, key)
		}
	}
	return d
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
	whole = true
	for r.Open('['); r.More(']'); {
		var e spec.Entry
		term := false
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
		all, whole = append(all, e), whole && (term || r.strict)
	}
	return all, whole
}

// Message takes a message. What it uses and does not show is unknown; for a strict reader, whose members are all known, it is zero.
func (r *Reader) Message() (m spec.Message) {
	var shown spec.MessageField
	named := false
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "kind":
			m.Kind, named = r.kindOfMessage(), true
		case "from":
			m.From, shown = r.Server(), shown|spec.MessageFrom
		case "to":
			m.To, shown = r.Server(), shown|spec.MessageTo
		case "term":
			m.Term, shown = spec.Term(r.Uint()), shown|spec.MessageTerm
		case "lastLogIndex":
			m.LastLogIndex, shown = spec.Index(r.Uint()), shown|spec.MessageLastIndex
		case "lastLogTerm":
			m.LastLogTerm, shown = spec.Term(r.Uint()), shown|spec.MessageLastTerm
		case "granted":
			m.Granted, shown = r.Bool(), shown|spec.MessageGranted
		case "prevLogIndex":
			m.PrevLogIndex, shown = spec.Index(r.Uint()), shown|spec.MessagePrevIndex
		case "prevLogTerm":
			m.PrevLogTerm, shown = spec.Term(r.Uint()), shown|spec.MessagePrevTerm
		case "entries":
			var whole bool
			if m.Entries, whole = r.entries(); whole {
				shown |= spec.MessageEntries
			}
		case "leaderCommit":
			m.LeaderCommit, shown = spec.Index(r.Uint()), shown|spec.MessageCommit
		case "offset":
			m.Offset = r.Uint()
		case "done":
			m.Partial = !r.Bool() && r.Err() == nil
		case "success":
			m.Success, shown = r.Bool(), shown|spec.MessageSuccess
		case "matchIndex":
			m.MatchIndex, shown = spec.Index(r.Uint()), shown|spec.MessageMatch
		case "conflictIndex":
			m.ConflictIndex = spec.Index(r.Uint())
		case "conflictTerm":
			m.ConflictTerm = spec.Term(r.Uint())
		case "payload", "payloadBase64":
			m.Payload = r.Bytes(key)
		default:
			r.Unknown(at, key)
		}
	}
	if !r.strict {
		m.Unknown = unknown(&m, shown)
	}
	if !named {
		r.Fail("a message without \"kind\"")
	}
	return m
}

// unknown returns the fields of a message that are neither shown nor follow from what is.
func unknown(m *spec.Message, shown spec.MessageField) spec.MessageField {
	if shown&spec.MessagePrevIndex != 0 && m.PrevLogIndex == 0 {
		shown |= spec.MessagePrevTerm // nothing stands at index 0
	}
	return m.Kind.Uses() &^ shown
}

// kindOfMessage takes the name of a kind, and returns 0 for one that is not known if the reader is lenient.
func (r *Reader) kindOfMessage() spec.MessageKind {
	at := r.At()
	text := string(r.String())
	for k := range int(spec.TimeoutNow) {
		if messageKind(k) == text {
			return spec.RequestVote + spec.MessageKind(k)
		}
	}
	if !r.Lenient {
		r.FailAt(at, "unknown kind of message %q", text)
	}
	return 0
}

func messageKind(k int) string { return (spec.RequestVote + spec.MessageKind(k)).String() }
