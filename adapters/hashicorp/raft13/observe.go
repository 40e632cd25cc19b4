// Code generated from ../observe.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"encoding/binary"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// Observe is part of spec.Node. While the server is down it shows what is on its disk.
func (s *server) Observe() spec.Observation {
	on := s.disk.durable()
	o := spec.Observation{Role: spec.Crashed, Term: on.Term, VotedFor: on.VotedFor, Log: on.Log, Durable: on}
	if s.raft == nil {
		o.Config = configurationOf(s.disk.configuration())
		return o
	}
	o.Role, o.Term = s.role(), spec.Term(termOf(s.raft))
	o.LeaderID = serverOf(string(s.raft.Leader()))
	o.CommitIndex, o.LastApplied = spec.Index(commitOf(s.raft)), spec.Index(s.raft.AppliedIndex())
	o.Config = configurationOf(s.raft.GetConfiguration().Configuration())
	o.Granted, o.Refused = s.granted, s.refused
	if o.Role == spec.Leader {
		o.Progress = s.progress()
	}
	if s.held.by != nil {
		o.Unknown = unsettled
	}
	return o
}

// progress shows what a leader knows of voters. What is stored by those without a vote it forgets, and does not ask.
func (s *server) progress() []spec.Progress {
	var all []spec.Progress
	matches := s.matchIndexes()
	for _, id := range s.servers {
		match, votes := matches[raft.ServerID(nameFor(id))]
		if r := s.replication(id); r != nil && votes {
			all = append(all, spec.Progress{Server: id, NextIndex: nextIndexOf(r), MatchIndex: spec.Index(match)})
		}
	}
	return all
}

// configurationOf shows a configuration in the paper's words.
func configurationOf(c raft.Configuration) spec.Configuration {
	var config spec.Configuration
	for _, server := range c.Servers {
		set := &config.Learners
		if server.Suffrage == raft.Voter {
			set = &config.Voters
		}
		*set = append(*set, serverOf(string(server.ID)))
	}
	slices.Sort(config.Voters)
	slices.Sort(config.Learners)
	return config
}

// configuration returns the latest configuration on disk.
func (d *disk) configuration() raft.Configuration {
	for k := len(d.logs) - 1; k >= 0; k-- {
		if d.logs[k].Type == raft.LogConfiguration {
			return raft.DecodeConfiguration(d.logs[k].Data)
		}
	}
	if len(d.snapshots) > 0 {
		return d.snapshots[0].meta.Configuration
	}
	return raft.Configuration{}
}

// AppendState is part of spec.Node: the library's fields, the calls that are out, the votes it was given, and the disk.
func (s *server) AppendState(b []byte) []byte {
	b = s.disk.append(b)
	if s.raft == nil {
		return append(b, "down"...)
	}
	b = append(b, "up"...)
	b = append(b, byte(s.role()))
	for _, set := range [][]spec.ServerID{s.granted, s.refused, s.grantedBefore, s.refusedBefore} {
		b = append(b, '/')
		for _, id := range set {
			b = binary.AppendUvarint(b, uint64(id))
		}
	}
	if s.held.by != nil {
		b = append(append(append(b, '='), s.gates.Held()...), s.held.by...)
	}
	for _, name := range s.courier.names() {
		b = appendText(append(b, '>'), name)
	}
	for _, command := range s.machine.applied {
		b = appendText(append(b, '!'), command)
	}
	return s.options.key.Append(s.reading.append(s.handover.append(b, s), s), s.raft)
}

// names lists the calls that are out, in a fixed order.
func (c *courier) names() []string {
	var all []string
	for _, made := range c.calls {
		all = append(all, made.message.To.String()+" "+made.message.Payload)
	}
	slices.Sort(all)
	return all
}
