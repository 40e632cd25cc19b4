package abstract

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Observe shows the variables in the words of spec. raft.tla knows neither lastApplied nor who leads.
func (s *server) Observe() spec.Observation {
	log := spec.Log{Entries: s.log}
	o := spec.Observation{
		Unknown:     spec.FieldApplied | spec.FieldLeader,
		Role:        s.state,
		Term:        s.currentTerm,
		VotedFor:    s.votedFor,
		Log:         log,
		CommitIndex: s.commitIndex,
		Config:      spec.Configuration{Voters: s.servers},
		Durable:     spec.Durable{Term: s.currentTerm, VotedFor: s.votedFor, Log: log},
	}
	if s.state != spec.Follower { // a follower's votes are those of an earlier candidacy
		o.Granted = s.members(s.votesGranted)
		o.Refused = s.members(s.votesResponded &^ s.votesGranted)
	}
	if s.state == spec.Leader {
		o.Progress = s.progress()
	}
	return o
}

// Clone copies the server.
func (s *server) Clone() spec.Node {
	c := *s
	c.nextIndex, c.matchIndex = slices.Clone(s.nextIndex), slices.Clone(s.matchIndex)
	return &c
}

// AppendState appends the variables, all of them and nothing else.
func (s *server) AppendState(dst []byte) []byte {
	return s.AppendPermuted(dst, func(id spec.ServerID) spec.ServerID { return id }, func(v string) string { return v })
}

// AppendPermuted appends the variables as they would be if servers and values had other names. rename is a permutation of the
// servers.
func (s *server) AppendPermuted(dst []byte, rename func(spec.ServerID) spec.ServerID, value func(string) string) []byte {
	places := make([]int, len(s.servers)) // where each server stands under its new name
	for k, id := range s.servers {
		places[k] = s.place(rename(id))
	}
	votedFor := spec.None
	if s.votedFor != spec.None {
		votedFor = rename(s.votedFor)
	}
	dst = binary.AppendUvarint(dst, uint64(s.currentTerm))
	dst = append(dst, byte(s.state))
	dst = binary.AppendUvarint(dst, uint64(votedFor))
	dst = binary.AppendUvarint(dst, uint64(s.commitIndex))
	dst = binary.AppendUvarint(dst, uint64(s.votesResponded.permuted(places)))
	dst = binary.AppendUvarint(dst, uint64(s.votesGranted.permuted(places)))
	dst = appendVector(dst, s.nextIndex, places)
	dst = appendVector(dst, s.matchIndex, places)
	dst = binary.AppendUvarint(dst, uint64(len(s.log)))
	for _, e := range s.log {
		v := value(e.Value)
		dst = binary.AppendUvarint(dst, uint64(e.Term))
		dst = binary.AppendUvarint(dst, uint64(len(v)))
		dst = append(dst, v...)
	}
	return dst
}

func (s *server) id() spec.ServerID { return s.servers[s.self] }

func (s *server) members(in set) []spec.ServerID {
	var ids []spec.ServerID
	for place, id := range s.servers {
		if in.contains(place) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *server) progress() []spec.Progress {
	var all []spec.Progress
	for place, id := range s.servers {
		if place != s.self {
			all = append(all, spec.Progress{Server: id, NextIndex: s.nextIndex[place], MatchIndex: s.matchIndex[place]})
		}
	}
	return all
}

// durable is what Restart keeps, in a form that is cheap to compare: logs are replaced, never changed in place.
type durable struct {
	term     spec.Term
	votedFor spec.ServerID
	log      []spec.Entry
}

func (s *server) durable() durable { return durable{s.currentTerm, s.votedFor, s.log} }

func (d durable) same(e durable) bool {
	return d.term == e.term && d.votedFor == e.votedFor && len(d.log) == len(e.log)
}

func (s set) permuted(places []int) set {
	var moved set
	for place, to := range places {
		if s.contains(place) {
			moved = moved.with(to)
		}
	}
	return moved
}

func appendVector(dst []byte, v []spec.Index, places []int) []byte {
	moved := make([]spec.Index, len(v))
	for place, to := range places {
		moved[to] = v[place]
	}
	for _, i := range moved {
		dst = binary.AppendUvarint(dst, uint64(i))
	}
	return dst
}
