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
		all = append(all, r.effect())
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
	if e.Kind == 0 {
		r.FailAt(start, "an effect that is none of send, write, sync, answer")
	}
	return e
}

// Reply takes what a server tells a client.
func (r *Reader) Reply() (reply spec.Reply) {
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "read":
			reply.Read = r.Bool()
		case "value", "valueBase64":
			reply.Value = r.Bytes(key)
		case "index":
			reply.Index = spec.Index(r.Uint())
		case "term":
			reply.Term = spec.Term(r.Uint())
		case "client", "clientBase64":
			reply.Client = r.Bytes(key)
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

// Durable takes what is on disk. Members that are missing are as in before.
func (r *Reader) Durable(before spec.Durable) spec.Durable {
	d := before
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "term":
			d.Term = spec.Term(r.Uint())
		case "votedFor":
			d.VotedFor = r.Server()
		case "log":
			d.Log = r.Log()
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
	log, _ := r.log()
	return log
}

// log takes a log and whether its beginning was compacted, and is not only not shown.
func (r *Reader) log() (log spec.Log, compacted bool) {
	compacted = true
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "base":
			log.Base = spec.Index(r.Uint())
		case "baseTerm":
			log.BaseTerm = spec.Term(r.Uint())
		case "from":
			log.Base, compacted = spec.Index(r.Uint()), false
		case "fromTerm":
			log.BaseTerm = spec.Term(r.Uint())
		case "entries":
			log.Entries = r.Entries()
		default:
			r.Unknown(at, key)
		}
	}
	return log, compacted || log.Base == 0
}

// Entries takes a list of log entries.
func (r *Reader) Entries() (all []spec.Entry) {
	for r.Open('['); r.More(']'); {
		var e spec.Entry
		for r.Open('{'); r.More('}'); {
			at := r.At()
			switch key := r.Key(); string(key) {
			case "term":
				e.Term = spec.Term(r.Uint())
			case "kind":
				e.Kind = spec.EntryKind(r.OneOf("entry kind", func(k int) string { return spec.EntryKind(k).String() }, int(spec.ConfigurationChange)+1))
			case "value", "valueBase64":
				e.Value = r.Bytes(key)
			default:
				r.Unknown(at, key)
			}
		}
		all = append(all, e)
	}
	return all
}

// Message takes a message.
func (r *Reader) Message() (m spec.Message) {
	prevTerm := false
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "kind":
			m.Kind = spec.RequestVote + spec.MessageKind(r.OneOf("kind of message", messageKind, int(spec.TimeoutNow)))
		case "from":
			m.From = r.Server()
		case "to":
			m.To = r.Server()
		case "term":
			m.Term = spec.Term(r.Uint())
		case "lastLogIndex":
			m.LastLogIndex = spec.Index(r.Uint())
		case "lastLogTerm":
			m.LastLogTerm = spec.Term(r.Uint())
		case "granted":
			m.Granted = r.Bool()
		case "prevLogIndex":
			m.PrevLogIndex = spec.Index(r.Uint())
		case "prevLogTerm":
			m.PrevLogTerm, prevTerm = spec.Term(r.Uint()), true
		case "entries":
			m.Entries = r.Entries()
		case "leaderCommit":
			m.LeaderCommit = spec.Index(r.Uint())
		case "success":
			m.Success = r.Bool()
		case "matchIndex":
			m.MatchIndex = spec.Index(r.Uint())
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
	m.PrevTermUnknown = m.Kind == spec.AppendEntries && m.PrevLogIndex > 0 && !prevTerm
	if m.Kind == 0 {
		r.Fail("a message without \"kind\"")
	}
	return m
}

func messageKind(k int) string { return (spec.RequestVote + spec.MessageKind(k)).String() }
