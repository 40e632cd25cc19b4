package wire

import "github.com/raftcheck/raftcheck/spec"

// The names of the members of an observation.
const (
	nameRole uint8 = iota
	nameTerm
	nameVotedFor
	nameLeader
	nameLog
	nameCommit
	nameApplied
	nameGranted
	nameRefused
	nameProgress
	nameConfig
	nameContact
	nameReads
	nameEarly
	nameLastToken
	nameDurable
	noName // of a member that is not known
)

// Observation takes what a server shows; the fields that are missing are unknown.
func (r *Reader) Observation() (s spec.Observation) {
	r.ObservationInto(&s)
	return s
}

// ObservationInto is Observation that says where it goes, whatever stands there.
func (r *Reader) ObservationInto(s *spec.Observation) {
	var last *spec.Observation
	var w walk
	if r.memory != nil {
		m := &r.memory.observations[r.about]
		w.last, last = &m.text, &m.value
	}
	w.begin(r)
	if w.whole(&r.Line) {
		*s = *last
		return
	}
	*s = spec.Observation{Unknown: EveryField}
	for {
		if name, again := w.again(&r.Line); again {
			showAgain(s, last, name)
			continue
		}
		if !r.More('}') {
			break
		}
		name, field := r.shown(s)
		s.Unknown &^= field
		w.read(&r.Line, name)
	}
	if w.end(r) {
		*last = *s
	}
}

// fieldsShown are the fields that members of an observation show, if they show them whole.
var fieldsShown = [...]spec.Field{nameRole: spec.FieldRole | spec.FieldUp, nameTerm: spec.FieldTerm, nameVotedFor: spec.FieldVotedFor, nameLeader: spec.FieldLeader,
	nameLog: spec.FieldLog, nameCommit: spec.FieldCommit, nameApplied: spec.FieldApplied, nameGranted: spec.FieldVotes, nameRefused: spec.FieldRefused,
	nameProgress: spec.FieldProgress, nameConfig: spec.FieldConfig, nameContact: spec.FieldContact, nameReads: spec.FieldReads, nameEarly: 0, nameLastToken: 0,
	nameDurable: spec.FieldDurable}

// showAgain has an observation show of a member what another one shows of it.
func showAgain(s, as *spec.Observation, name uint8) {
	switch name {
	case nameRole:
		s.Role = as.Role
	case nameTerm:
		s.Term = as.Term
	case nameVotedFor:
		s.VotedFor = as.VotedFor
	case nameLeader:
		s.LeaderID = as.LeaderID
	case nameLog:
		s.Log = as.Log
		s.Unknown |= as.Unknown & spec.FieldCompacted
	case nameCommit:
		s.CommitIndex = as.CommitIndex
	case nameApplied:
		s.LastApplied = as.LastApplied
	case nameGranted:
		s.Granted = as.Granted
	case nameRefused:
		s.Refused = as.Refused
	case nameProgress:
		s.Progress = as.Progress
	case nameConfig:
		s.Config = as.Config
	case nameContact:
		s.Contact = as.Contact
	case nameReads:
		s.Reads = as.Reads
	case nameEarly:
		s.Early = append(s.Early, as.Early...)
	case nameLastToken:
		s.LastToken = as.LastToken
	case nameDurable:
		s.Durable = as.Durable
	}
	s.Unknown &^= fieldsShown[name] &^ as.Unknown
}

// shown takes a member of an observation, and returns its name and the fields that it shows.
func (r *Reader) shown(s *spec.Observation) (name uint8, field spec.Field) {
	at, whole := r.At(), true
	switch key := r.Key(); string(key) {
	case "role":
		name = nameRole
		s.Role = spec.Role(r.OneOf("role", func(k int) string { return spec.Role(k).String() }, int(spec.Crashed)+1))
	case "term":
		name, s.Term = nameTerm, spec.Term(r.Uint())
	case "votedFor":
		name, s.VotedFor = nameVotedFor, r.Server()
	case "leader":
		name, s.LeaderID = nameLeader, r.Server()
	case "log":
		var compacted bool
		name = nameLog
		if s.Log, compacted, whole = r.log(); !compacted {
			s.Unknown |= spec.FieldCompacted
		}
	case "commit":
		name, s.CommitIndex = nameCommit, spec.Index(r.Uint())
	case "applied":
		name, s.LastApplied = nameApplied, spec.Index(r.Uint())
	case "granted":
		name, s.Granted = nameGranted, r.Servers()
	case "refused":
		name, s.Refused = nameRefused, r.Servers()
	case "progress":
		name = nameProgress
		s.Progress, whole = r.progress()
	case "config":
		name = nameConfig
		s.Config, whole = r.configuration()
	case "contact":
		name, s.Contact = nameContact, r.Servers()
	case "reads":
		name = nameReads
		s.Reads, whole = r.reads()
	case "early":
		name = nameEarly
		for r.Open('['); r.More(']'); {
			s.Early = append(s.Early, r.Message())
		}
	case "lastToken", "lastTokenBase64":
		name, s.LastToken = nameLastToken, r.Bytes(key)
	case "durable":
		name, s.Durable = nameDurable, spec.Durable{}
		r.durable(&s.Durable)
		whole = s.Durable.Unknown == 0
	default:
		r.Unknown(at, key)
		return noName, 0
	}
	if !whole {
		return name, 0
	}
	return name, fieldsShown[name]
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
