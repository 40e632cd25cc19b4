package etcd

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Observe shows the server. While it is down it shows what is on its disk.
func (s *server) Observe() spec.Observation {
	o := spec.Observation{Log: s.log, Config: configuration(&s.conf), Durable: s.disk.synced.durable()}
	if s.library == nil {
		d := s.disk.written.durable()
		o.Role, o.Term, o.VotedFor, o.Log = spec.Crashed, d.Term, d.VotedFor, d.Log
		return o
	}
	status := s.library.Status()
	o.Role, o.LeaderID = status.Role, spec.ServerID(status.Lead)
	o.Term, o.VotedFor = spec.Term(status.Hard.Term), spec.ServerID(status.Hard.Vote)
	o.CommitIndex, o.LastApplied = spec.Index(status.Hard.Commit), spec.Index(status.Applied)
	if o.Role == spec.Candidate || o.Role == spec.Leader {
		o.Granted, o.Refused = counted(status.Votes)
	}
	if o.Role == spec.Leader {
		o.Progress = s.progress(status.Progress)
		if s.options.CheckQuorum {
			o.Contact = s.contact(status.Progress)
		}
	}
	return o
}

func counted(votes map[uint64]bool) (granted, refused []spec.ServerID) {
	for id, vote := range votes {
		if vote {
			granted = append(granted, spec.ServerID(id))
		} else {
			refused = append(refused, spec.ServerID(id))
		}
	}
	slices.Sort(granted)
	slices.Sort(refused)
	return granted, refused
}

func (s *server) progress(all []Progress) []spec.Progress {
	var others []spec.Progress
	for _, p := range all {
		if id := spec.ServerID(p.Server); id != s.id {
			others = append(others, spec.Progress{Server: id, NextIndex: spec.Index(p.Next), MatchIndex: spec.Index(p.Match)})
		}
	}
	slices.SortFunc(others, func(a, b spec.Progress) int { return int(a.Server) - int(b.Server) })
	return others
}

// contact is who answered a leader since its election timer last fired.
func (s *server) contact(all []Progress) []spec.ServerID {
	var active []uint64
	for _, p := range all {
		if p.Active && spec.ServerID(p.Server) != s.id {
			active = append(active, p.Server)
		}
	}
	return ids(active)
}

func configuration(c *ConfState) spec.Configuration {
	return spec.Configuration{Voters: ids(c.Voters), Outgoing: ids(c.VotersOutgoing), Learners: ids(c.Learners)}
}

func ids(numbers []uint64) []spec.ServerID {
	var all []spec.ServerID
	for _, n := range numbers {
		all = append(all, spec.ServerID(n))
	}
	slices.Sort(all)
	return all
}

// AppendState appends the library's state, what is on the way to storage, and the disk where the library's storage does not show it.
func (s *server) AppendState(dst []byte) []byte {
	if s.library != nil {
		dst = appendNumbers(dst, 1, uint64(s.reads), number(s.waits))
		dst = s.library.AppendState(dst)
		if s.options.AsyncStorage {
			dst = s.workKey.Append(dst, s.work)
		}
		return dst
	}
	dst = appendImage(append(dst, 0), &s.disk.written)
	if !sameImage(&s.disk.written, &s.disk.synced) {
		dst = appendImage(dst, &s.disk.synced)
	}
	return dst
}

var _ spec.Differ = (*server)(nil)

// Difference names the first field of the library in which two servers differ.
func (s *server) Difference(other spec.Node) string {
	o, ok := other.(*server)
	if !ok || s.library == nil || o.library == nil {
		return ""
	}
	return s.library.Difference(o.library)
}

func appendImage(dst []byte, i *image) []byte {
	dst = appendNumbers(dst, i.hard.Term, i.hard.Vote, i.hard.Commit, i.snap.Index, i.snap.Term, uint64(i.log.Base), uint64(i.log.BaseTerm))
	for _, ids := range [][]uint64{i.snap.Conf.Voters, i.snap.Conf.Learners, i.snap.Conf.VotersOutgoing, i.snap.Conf.LearnersNext} {
		dst = appendNumbers(appendNumbers(dst, uint64(len(ids))), ids...)
	}
	dst = append(appendNumbers(dst, number(i.snap.Conf.AutoLeave), uint64(len(i.snap.Data))), i.snap.Data...)
	dst = appendNumbers(dst, uint64(len(i.raw)))
	for _, e := range i.raw {
		dst = appendNumbers(dst, e.Term, e.Index, uint64(e.Type), uint64(len(e.Data)))
		dst = append(dst, e.Data...)
	}
	return dst
}

func number(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func appendNumbers(dst []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}
