package wire

import "github.com/raftcheck/raftcheck/spec"

// Observation takes what a server shows; the fields that are missing are unknown.
func (r *Reader) Observation() spec.Observation {
	s := spec.Observation{Unknown: EveryField}
	for r.Open('{'); r.More('}'); {
		at := r.At()
		var field spec.Field
		switch key := r.Key(); string(key) {
		case "role":
			field = spec.FieldRole
			s.Role = spec.Role(r.OneOf("role", func(k int) string { return spec.Role(k).String() }, int(spec.Crashed)+1))
		case "term":
			field, s.Term = spec.FieldTerm, spec.Term(r.Uint())
		case "votedFor":
			field, s.VotedFor = spec.FieldVotedFor, r.Server()
		case "leader":
			field, s.LeaderID = spec.FieldLeader, r.Server()
		case "log":
			var compacted bool
			if s.Log, compacted = r.log(); !compacted {
				s.Unknown |= spec.FieldCompacted
			}
			field = spec.FieldLog
		case "commit":
			field, s.CommitIndex = spec.FieldCommit, spec.Index(r.Uint())
		case "applied":
			field, s.LastApplied = spec.FieldApplied, spec.Index(r.Uint())
		case "granted":
			field, s.Granted = spec.FieldVotes, r.Servers()
		case "refused":
			field, s.Refused = spec.FieldVotes, r.Servers()
		case "progress":
			field, s.Progress = spec.FieldProgress, r.progress()
		case "config":
			field, s.Config = spec.FieldConfig, r.configuration()
		case "contact":
			s.Contact = r.Servers()
		case "reads":
			s.Reads = r.reads()
		case "lastToken", "lastTokenBase64":
			s.LastToken = r.Bytes(key)
		case "durable":
			field, s.Durable = spec.FieldDurable, r.Durable(spec.Durable{})
		default:
			r.Unknown(at, key)
		}
		s.Unknown &^= field
	}
	return s
}

func (r *Reader) reads() (all []spec.PendingRead) {
	for r.Open('['); r.More(']'); {
		var read spec.PendingRead
		for r.Open('{'); r.More('}'); {
			at := r.At()
			switch key := r.Key(); string(key) {
			case "value", "valueBase64":
				read.Value = r.Bytes(key)
			case "index":
				read.Index = spec.Index(r.Uint())
			case "token", "tokenBase64":
				read.Token = r.Bytes(key)
			case "confirmed":
				read.Confirmed = r.Servers()
			default:
				r.Unknown(at, key)
			}
		}
		all = append(all, read)
	}
	return all
}

func (r *Reader) progress() (all []spec.Progress) {
	for r.Open('['); r.More(']'); {
		var p spec.Progress
		for r.Open('{'); r.More('}'); {
			at := r.At()
			switch key := r.Key(); string(key) {
			case "server":
				p.Server = r.Server()
			case "next":
				p.NextIndex = spec.Index(r.Uint())
			case "match":
				p.MatchIndex = spec.Index(r.Uint())
			default:
				r.Unknown(at, key)
			}
		}
		all = append(all, p)
	}
	return all
}

func (r *Reader) configuration() (c spec.Configuration) {
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "voters":
			c.Voters = r.Servers()
		case "outgoing":
			c.Outgoing = r.Servers()
		case "learners":
			c.Learners = r.Servers()
		default:
			r.Unknown(at, key)
		}
	}
	return c
}
