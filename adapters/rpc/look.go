package rpc

import (
	"encoding/binary"
	"reflect"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// onDisk is what a server makes of what is on disk, with the configuration that it goes by then.
type onDisk struct {
	spec.Durable
	config spec.Configuration
	hidden spec.Field // FieldConfig, if that is not known
}

// durable returns what a server makes of what is on disk.
func (s *server[S]) durable(d *disks) spec.Durable { return s.recovered(d).Durable }

// recovered returns what a server makes of what is on disk, which is found out by starting one.
func (s *server[S]) recovered(d *disks) onDisk {
	key := string(d.append([]byte{byte(s.id)}))
	s.plan.mu.Lock()
	known, is := s.plan.durables[key]
	s.plan.mu.Unlock()
	if is {
		return known
	}
	s.at(d, func(raft S) {
		o := s.observed(raft)
		known.Durable = spec.Durable{Unknown: o.Unknown & (spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog), Term: o.Term, VotedFor: o.VotedFor, Log: o.Log}
		known.config, known.hidden = o.Config, o.Unknown&spec.FieldConfig
	})
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	s.plan.durables[key] = known
	return known
}

// observed shows a server as it shows itself.
func (s *server[S]) observed(raft S) (o spec.Observation) {
	shown := false
	if s.plan.Observe != nil {
		o = s.plan.Observe(raft)
	} else {
		server := reflect.ValueOf(&raft)
		o = s.plan.observer.observe(server, s.others(), s.founders)
		o.Config, shown = s.plan.observer.configuration(server)
		if s.plan.Amend != nil {
			s.plan.Amend(raft, &o)
		}
	}
	if !shown && len(o.Config.Voters) == 0 {
		if c, known := s.inForce(o.Log); known {
			o.Config = c
		} else {
			o.Unknown |= spec.FieldConfig
		}
	}
	return o
}

func (s *server[S]) others() []spec.ServerID {
	return slices.DeleteFunc(slices.Clone(s.servers), func(id spec.ServerID) bool { return id == s.id })
}

// look shows the server that is up, with the votes that it was given where it does not show them.
func (s *server[S]) look() spec.Observation {
	if s.shown == nil {
		o := s.observed(s.raft)
		s.shown = &o
	}
	o := *s.shown
	if o.Unknown&spec.FieldVotes != 0 && o.Role == spec.Candidate {
		o.Granted, o.Unknown = s.granted, o.Unknown&^spec.FieldVotes
		if s.election != o.Term {
			o.Granted = []spec.ServerID{s.id}
		}
	}
	return o
}

// Observe is part of spec.Node. While the server is down it shows what is on its disk.
func (s *server[S]) Observe() spec.Observation {
	var o spec.Observation
	if s.env == nil {
		on := s.recovered(s.disks)
		o = spec.Observation{Role: spec.Crashed, Unknown: on.Unknown | on.hidden, Term: on.Term, VotedFor: on.VotedFor, Log: on.Log, Config: on.config, Durable: s.durable(s.disks.failed())}
	} else {
		o = s.look()
		if o.Unknown&spec.FieldRefused != 0 && o.Role == spec.Candidate && s.election == o.Term {
			o.Refused = s.refused
		}
		o.Unknown &^= spec.FieldRefused
		if s.plan.Variants.Has(spec.ConfirmsReads) {
			o.Unknown &^= spec.FieldReads
			if r := s.env.reading; r != nil {
				o.Reads = []spec.PendingRead{r.pending}
			}
		}
		if s.heldBy != nil {
			o.Unknown |= unsettled
		}
		o.Durable = s.durable(s.env.disks.failed())
	}
	return o
}

// AppendState is part of spec.Node.
func (s *server[S]) AppendState(b []byte) []byte {
	if s.env == nil {
		return s.disks.append(append(b, 0))
	}
	b = s.env.disks.append(append(b, 1))
	b = binary.AppendUvarint(b, uint64(s.election))
	for _, set := range [][]spec.ServerID{s.granted, s.refused} {
		b = binary.AppendUvarint(b, uint64(len(set)))
		for _, id := range set {
			b = append(b, byte(id))
		}
	}
	if s.heldBy != nil {
		b = append(append(append(b, '='), s.held()...), s.heldBy...)
	}
	return s.plan.key.Append(s.env.append(b), s.raft)
}

// Difference is part of spec.Differ.
func (s *server[S]) Difference(other spec.Node) string {
	o, is := other.(*server[S])
	if !is || s.env == nil || o.env == nil {
		return ""
	}
	return s.plan.key.Difference(s.raft, o.raft)
}

// tally counts the votes that the server was given, as far as they still matter.
func (s *server[S]) tally(in *spec.Input) {
	o := s.look()
	m := &in.Message
	if o.Role != spec.Leader {
		clear(s.env.asked)
	}
	switch {
	case o.Role != spec.Candidate:
		s.election, s.granted, s.refused = 0, nil, nil
	case s.election != o.Term:
		s.election, s.granted, s.refused = o.Term, []spec.ServerID{s.id}, nil
	case in.Kind == spec.Deliver && m.Kind == spec.RequestVoteReply && m.Term == o.Term:
		set := &s.refused
		if m.Granted {
			set = &s.granted
		}
		if at, there := slices.BinarySearch(*set, m.From); !there {
			*set = slices.Insert(slices.Clone(*set), at, m.From)
		}
	}
}
