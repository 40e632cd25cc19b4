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
			field = spec.FieldRole | spec.FieldUp
			s.Role = spec.Role(r.OneOf("role", func(k int) string { return spec.Role(k).String() }, int(spec.Crashed)+1))
		case "term":
			field, s.Term = spec.FieldTerm, spec.Term(r.Uint())
		case "votedFor":
			field, s.VotedFor = spec.FieldVotedFor, r.Server()
		case "leader":
			field, s.LeaderID = spec.FieldLeader, r.Server()
		case "log":
			var compacted, whole bool
			if s.Log, compacted, whole = r.log(); !compacted {
				s.Unknown |= spec.FieldCompacted
			}
			if whole {
				field = spec.FieldLog
			}
		case "commit":
			field, s.CommitIndex = spec.FieldCommit, spec.Index(r.Uint())
		case "applied":
			field, s.LastApplied = spec.FieldApplied, spec.Index(r.Uint())
		case "granted":
			field, s.Granted = spec.FieldVotes, r.Servers()
		case "refused":
			field, s.Refused = spec.FieldRefused, r.Servers()
		case "progress":
			var whole bool
			if s.Progress, whole = r.progress(); whole {
				field = spec.FieldProgress
			}
		case "config":
			var whole bool
			if s.Config, whole = r.configuration(); whole {
				field = spec.FieldConfig
			}
		case "contact":
			field, s.Contact = spec.FieldContact, r.Servers()
		case "reads":
			var whole bool
			if s.Reads, whole = r.reads(); whole {
				field = spec.FieldReads
			}
		case "early":
			for r.Open('['); r.More(']'); {
				s.Early = append(s.Early, r.Message())
			}
		case "lastToken", "lastTokenBase64":
			s.LastToken = r.Bytes(key)
		case "durable":
			if s.Durable = r.Durable(spec.Durable{}); s.Durable.Unknown == 0 {
				field = spec.FieldDurable
			}
		default:
			r.Unknown(at, key)
		}
		s.Unknown &^= field
	}
	return s
}

// reads takes the reads that wait, and tells whether each is shown whole.
func (r *Reader) reads() (all []spec.PendingRead, whole bool) {
	whole = true
	for r.Open('['); r.More(']'); {
		var read spec.PendingRead
		members := 0
		for r.Open('{'); r.More('}'); {
			at := r.At()
			members++
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
		all, whole = append(all, read), whole && (members == 4 || r.strict)
	}
	return all, whole
}

// progress takes what a leader believes of its followers, and tells whether it is shown whole of each.
func (r *Reader) progress() (all []spec.Progress, whole bool) {
	whole = true
	for r.Open('['); r.More(']'); {
		var p spec.Progress
		members := 0
		for r.Open('{'); r.More('}'); {
			at := r.At()
			members++
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
		all, whole = append(all, p), whole && (members == 3 || r.strict)
	}
	return all, whole
}

// configuration takes who votes, and tells whether that is shown.
func (r *Reader) configuration() (c spec.Configuration, whole bool) {
	whole = r.strict
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "voters":
			c.Voters, whole = r.Servers(), true
		case "outgoing":
			c.Outgoing = r.Servers()
		case "learners":
			c.Learners = r.Servers()
		default:
			r.Unknown(at, key)
		}
	}
	return c, whole
}
