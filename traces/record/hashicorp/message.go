package hashicorp

import (
	"slices"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

func insert(all []spec.ServerID, id spec.ServerID) []spec.ServerID {
	k, _ := slices.BinarySearch(all, id)
	return slices.Insert(all, k, id)
}

// request is a request in the words of the paper; false if the paper has none for it. Whoever sends it and whoever receives it
// record the same.
func (s *server) request(from, to spec.ServerID, command any) (m spec.Message, is bool) {
	m.From, m.To = from, to
	switch r := command.(type) {
	case *raft.RequestVoteRequest:
		m.Kind, m.Term, m.LastLogIndex, m.LastLogTerm = spec.RequestVote, spec.Term(r.Term), spec.Index(r.LastLogIndex), spec.Term(r.LastLogTerm)
	case *raft.RequestPreVoteRequest:
		m.Kind, m.Term, m.LastLogIndex, m.LastLogTerm = spec.PreVote, spec.Term(r.Term), spec.Index(r.LastLogIndex), spec.Term(r.LastLogTerm)
	case *raft.AppendEntriesRequest:
		m.Kind, m.Term, m.PrevLogIndex, m.PrevLogTerm = spec.AppendEntries, spec.Term(r.Term), spec.Index(r.PrevLogEntry), spec.Term(r.PrevLogTerm)
		m.LeaderCommit = spec.Index(r.LeaderCommitIndex)
		m.Entries = s.entries(r.Entries)
	case *raft.InstallSnapshotRequest:
		m.Kind, m.Term, m.PrevLogIndex, m.PrevLogTerm = spec.InstallSnapshot, spec.Term(r.Term), spec.Index(r.LastLogIndex), spec.Term(r.LastLogTerm)
	default:
		return m, false
	}
	return m, true
}

// senderOf returns who sent a request.
func (s *server) senderOf(command any) spec.ServerID {
	switch r := command.(type) {
	case *raft.RequestVoteRequest:
		return s.names.sender(r.RPCHeader, r.Candidate) //nolint:staticcheck // the only name in old versions
	case *raft.RequestPreVoteRequest:
		return s.names.sender(r.RPCHeader, nil)
	case *raft.AppendEntriesRequest:
		return s.names.sender(r.RPCHeader, r.Leader) //nolint:staticcheck // the only name in old versions
	case *raft.InstallSnapshotRequest:
		return s.names.sender(r.RPCHeader, r.Leader)
	}
	return spec.None
}

// reply is the answer to a request, in the words of the paper; false if it tells nobody anything.
func reply(request *spec.Message, response any) (m spec.Message, is bool) {
	m.From, m.To = request.To, request.From
	switch r := response.(type) {
	case *raft.RequestVoteResponse:
		m.Kind, m.Term, m.Granted = spec.RequestVoteReply, spec.Term(r.Term), r.Granted
	case *raft.RequestPreVoteResponse:
		m.Kind, m.Term, m.Granted = spec.PreVoteReply, spec.Term(r.Term), r.Granted
	case *raft.AppendEntriesResponse:
		m.Kind, m.Term, m.Success = spec.AppendEntriesReply, spec.Term(r.Term), r.Success
		if r.Success {
			m.MatchIndex = request.LastEntryIndex()
		} else {
			m.ConflictIndex = spec.Index(r.LastLog) + 1
		}
	case *raft.InstallSnapshotResponse:
		m.Kind, m.Term, m.Success = spec.InstallSnapshotReply, spec.Term(r.Term), r.Success
		if r.Success {
			m.MatchIndex = request.PrevLogIndex
		}
	default:
		return m, false
	}
	return m, true
}

func (s *server) entries(logs []*raft.Log) []spec.Entry {
	if len(logs) == 0 {
		return nil
	}
	all := make([]spec.Entry, len(logs))
	for k, l := range logs {
		all[k] = s.entry(l)
	}
	return all
}

func (s *server) entry(l *raft.Log) spec.Entry {
	e := spec.Entry{Term: spec.Term(l.Term)}
	switch l.Type {
	case raft.LogCommand:
		e.Value = s.options.Value(l.Data)
	case raft.LogNoop, raft.LogBarrier:
		e.Kind = spec.NoOp
	default:
		e.Kind, e.Value = spec.ConfigurationChange, s.options.Value(l.Data)
	}
	return e
}
