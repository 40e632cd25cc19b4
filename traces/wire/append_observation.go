package wire

import "github.com/raftcheck/raftcheck/spec"

// EveryField is all the fields of an observation, for one that shows nothing.
const EveryField = spec.FieldRole | spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog | spec.FieldCommit | spec.FieldApplied |
	spec.FieldVotes | spec.FieldProgress | spec.FieldConfig | spec.FieldDurable | spec.FieldLeader | spec.FieldRefused | spec.FieldContact |
	spec.FieldReads | spec.FieldUp

// Observation writes the fields that an observation shows.
func (o *Object) Observation(name string, s *spec.Observation) {
	o.Name(name)
	inner := Open(o.dst)
	inner.always = o.always
	inner.observation(s)
	o.dst = inner.Close()
}

// Always makes the object's observations show what is empty too, of fields that only some implementations have.
func (o *Object) Always(f spec.Field) { o.always = f }

// ShownBy returns the fields that servers show which declare such variants, besides those that all servers show.
func ShownBy(declared spec.Variants) (f spec.Field) {
	if declared.Has(spec.ChecksQuorum) {
		f |= spec.FieldContact
	}
	if declared.Has(spec.ConfirmsReads) || declared.Has(spec.AppliesLater) {
		f |= spec.FieldReads
	}
	return f
}

func (o *Object) observation(s *spec.Observation) {
	known := func(f spec.Field) bool { return s.Knows(f) }
	if known(spec.FieldRole) {
		o.Text("role", s.Role.String())
	}
	if known(spec.FieldTerm) {
		o.Uint("term", uint64(s.Term))
	}
	if known(spec.FieldVotedFor) {
		o.Server("votedFor", s.VotedFor)
	}
	if known(spec.FieldLeader) {
		o.Server("leader", s.LeaderID)
	}
	if known(spec.FieldLog) {
		o.log("log", s.Log, known(spec.FieldCompacted))
	}
	if known(spec.FieldCommit) {
		o.Uint("commit", uint64(s.CommitIndex))
	}
	if known(spec.FieldApplied) {
		o.Uint("applied", uint64(s.LastApplied))
	}
	if known(spec.FieldVotes) {
		o.Servers("granted", s.Granted)
	}
	if known(spec.FieldRefused) {
		o.Servers("refused", s.Refused)
	}
	if known(spec.FieldProgress) {
		o.progress(s.Progress)
	}
	if known(spec.FieldConfig) {
		o.configuration(s.Config)
	}
	if known(spec.FieldDurable) {
		o.Durable("durable", &s.Durable)
	}
	if known(spec.FieldContact) && (len(s.Contact) > 0 || o.always&spec.FieldContact != 0) {
		o.Servers("contact", s.Contact)
	}
	if len(s.Early) > 0 {
		o.List("early", len(s.Early), func(dst []byte, k int) []byte {
			m := Open(dst)
			m.message(&s.Early[k])
			return m.Close()
		})
	}
	if known(spec.FieldReads) && (len(s.Reads) > 0 || s.LastToken != "" || o.always&spec.FieldReads != 0) {
		o.reads(s.Reads)
		o.Bytes("lastToken", s.LastToken)
	}
}

func (o *Object) reads(all []spec.PendingRead) {
	o.List("reads", len(all), func(dst []byte, k int) []byte {
		r := Open(dst)
		r.Bytes("value", all[k].Value)
		r.Uint("index", uint64(all[k].Index))
		r.Bytes("token", all[k].Token)
		r.Servers("confirmed", all[k].Confirmed)
		return r.Close()
	})
}

func (o *Object) progress(all []spec.Progress) {
	o.List("progress", len(all), func(dst []byte, k int) []byte {
		p := Open(dst)
		p.Server("server", all[k].Server)
		p.Uint("next", uint64(all[k].NextIndex))
		p.Uint("match", uint64(all[k].MatchIndex))
		return p.Close()
	})
}

func (o *Object) configuration(c spec.Configuration) {
	o.Object("config", func(o *Object) {
		o.Servers("voters", c.Voters)
		if len(c.Outgoing) > 0 {
			o.Servers("outgoing", c.Outgoing)
		}
		if len(c.Learners) > 0 {
			o.Servers("learners", c.Learners)
		}
	})
}
