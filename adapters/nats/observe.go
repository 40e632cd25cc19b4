//go:build overlaid

package nats

import (
	"encoding/binary"
	"strings"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// Observe is part of spec.Node. While the server is down it shows what is on its disk.
func (s *server) Observe() spec.Observation {
	on := s.disk.durable()
	o := spec.Observation{Role: spec.Crashed, Term: on.Term, VotedFor: on.VotedFor, Log: on.Log, Durable: on,
		Unknown: spec.FieldProgress | spec.FieldLeader}
	if s.raft == nil {
		o.Unknown |= spec.FieldConfig // it is put together when it starts
		return o
	}
	shown := s.raft.Show()
	o.Role, o.Term, o.VotedFor = s.role(), spec.Term(shown.Term), serverOf(shown.Vote)
	o.CommitIndex, o.LastApplied = spec.Index(shown.Commit), spec.Index(shown.Applied)
	o.Config.Voters = s.members()
	o.Granted, o.Refused = s.granted, s.refused
	if s.holdsMain() {
		o.Unknown |= unsettled
	}
	return o
}

// members are the servers of the group as the server knows it.
func (s *server) members() []spec.ServerID { return serversOf(s.raft.Members()) }

// role is what the server is, in the paper's words.
func (s *server) role() spec.Role {
	switch s.raft.Show().State {
	case natsserver.Leader:
		return spec.Leader
	case natsserver.Candidate:
		return spec.Candidate
	}
	return spec.Follower
}

// AppendState is part of spec.Node: the disk, the library's fields, the inboxes that were named, and the votes that it was given.
func (s *server) AppendState(b []byte) []byte {
	b = binary.AppendUvarint(s.disk.append(b), uint64(s.incarnation))
	if s.raft == nil {
		return append(b, "down"...)
	}
	b = append(b, "up"...)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.host.inboxes)), uint64(s.host.catchups))
	for _, set := range [][]spec.ServerID{s.granted, s.empty, s.refused} {
		b = append(b, '/')
		for _, id := range set {
			b = binary.AppendUvarint(b, uint64(id))
		}
	}
	if _, stalled := s.raft.Stalled(); stalled {
		b = append(b, "stalled"...)
	}
	b = append(append(b, s.raft.CatchupInbox()...), '|')
	b = append(append(b, s.raft.SnapshotFile()...), '|')
	b = append(append(b, strings.Join(s.raft.Removed(), " ")...), '|')
	if s.raft.Lingers() {
		b = append(b, "lingers"...)
	}
	if s.options.Transfers {
		b = append(append(b, strings.Join(s.raft.Heard(), " ")...), '|')
	}
	return s.key.Append(s.appendHeld(b), s.raft.Raft())
}

// newKey returns what writes the library's own state. Left out are the ways in, which are empty when all is quiet, what never changes, timers and
// times, which nothing is made to depend on, locks, what AppendState writes otherwise, and where a message came from that is kept.
func newKey() *statekey.Key {
	const path = "github.com/nats-io/nats-server/v2/server."
	return statekey.New(
		statekey.Skip(path+"raft",
			"RWMutex", "snapLock", "wg", "created", "accName", "acc", "group", "sd", "id", "dios", "wal", "hh", "s", "c", "js", "sq", "t", "cf",
			"elect", "etlr", "active", "llqrt", "lsut", "nlt", "lgt", "leaderSince", "rescue", "snapreq",
			"psubj", "rpsubj", "vsubj", "vreply", "asubj", "areply", "aesub", "snapsub",
			"snapfile", "removed", // a path, and names with times
			"hcterm", "hcindex", "hcbehind", // whether it is healthy, for who looks from outside
			"prop", "entry", "resp", "apply", "reqs", "votes", "stepdown", "leadc", "quit", "progress"),
		statekey.Skip(path+"lps", "ts", "fs"),
		statekey.Skip(path+"catchupState", "sub", "active"),
		statekey.Skip(path+"appendEntry", "sub", "reply", "buf"),
	)
}
