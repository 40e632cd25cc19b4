package etcd

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

var _ spec.Composer = (*server)(nil)

// Compose is part of spec.Composer: a message as another server of the library would send it. Nothing of etcd's raft refuses a heartbeat, sends a
// snapshot in parts, or has changes of the configuration in the words of the paper, so such messages cannot be sent.
func (s *server) Compose(m spec.Message, asked *spec.Message) (spec.Message, bool) {
	library := s.library
	if library == nil {
		library = s.start(uint64(s.id), s.options, s.disk.written.content()) // any server knows how to write
	}
	var question Message
	if asked != nil {
		question = library.Read(asked.Payload)
	}
	w := Message{From: uint64(m.From), To: uint64(m.To), Term: uint64(m.Term)}
	if !s.written(&m, &w, &question) {
		return m, false
	}
	m.Payload = library.Write(&w)
	return m, true
}

// written makes a message of raftpb of one in the paper's words; question is what it answers.
func (s *server) written(m *spec.Message, w, question *Message) bool {
	switch m.Kind {
	case spec.RequestVote, spec.PreVote:
		w.Type, w.Index, w.LogTerm = MsgVote, uint64(m.LastLogIndex), uint64(m.LastLogTerm)
		if m.Kind == spec.PreVote {
			w.Type = MsgPreVote
		}
	case spec.RequestVoteReply, spec.PreVoteReply:
		w.Type, w.Reject = MsgVoteResp, !m.Granted
		if m.Kind == spec.PreVoteReply {
			w.Type = MsgPreVoteResp
		}
	case spec.AppendEntries:
		w.Type, w.Index, w.LogTerm, w.Commit = MsgApp, uint64(m.PrevLogIndex), uint64(m.PrevLogTerm), uint64(m.LeaderCommit)
		for k, e := range m.Entries {
			if e.Kind == spec.ConfigurationChange {
				return false
			}
			w.Entries = append(w.Entries, Entry{Term: uint64(e.Term), Index: w.Index + uint64(k) + 1, Data: e.Value})
		}
	case spec.AppendEntriesReply:
		return acknowledgement(m, w, question)
	case spec.InstallSnapshot:
		w.Type, w.Snapshot = MsgSnap, s.snapshotUpTo(m.PrevLogIndex, m.PrevLogTerm)
		return !m.Partial && m.Offset == 0 && len(m.Entries) == 0 && m.PrevLogIndex > 0
	case spec.InstallSnapshotReply:
		m.Kind = spec.AppendEntriesReply // as for entries
		w.Type, w.Index = MsgAppResp, uint64(m.MatchIndex)
		return m.Success
	case spec.TimeoutNow:
		w.Type = MsgTimeoutNow
	default:
		return false
	}
	return true
}

// acknowledgement is the reply to entries, or to a heartbeat, which says of the log only that there is one.
func acknowledgement(m *spec.Message, w, question *Message) bool {
	switch {
	case !m.Success && uint64(m.Term) > question.Term: // to a leader of an earlier term, of which nothing else is said
		w.Type = MsgAppResp
	case question.Type == MsgHeartbeat:
		w.Type, w.Context, m.MatchIndex = MsgHeartbeatResp, question.Context, 0
		return m.Success
	case m.Success:
		w.Type, w.Index = MsgAppResp, uint64(m.MatchIndex)
	default:
		w.Type, w.Reject, w.Index = MsgAppResp, true, question.Index
		w.RejectHint, w.LogTerm = uint64(max(m.ConflictIndex, 1))-1, uint64(m.ConflictTerm)
	}
	return true
}

// snapshotUpTo is a snapshot that a peer made, of a state machine as that of this package: the terms of what it applied. What this server does not hold
// of that has the term of the last.
func (s *server) snapshotUpTo(index spec.Index, term spec.Term) Snapshot {
	var data []byte
	for at := spec.Index(1); at <= index; at++ {
		of := termAt(s.log, &s.disk.written.snap, at)
		if at == index || of == 0 || of > term {
			of = term
		}
		data = binary.AppendUvarint(data, uint64(of))
	}
	conf := s.conf
	if len(conf.Voters) == 0 {
		conf = s.options.first(s.servers[0], s.servers)
	}
	conf.Voters = slices.Clone(conf.Voters)
	return Snapshot{Index: uint64(index), Term: uint64(term), Conf: conf, Data: string(data)}
}
