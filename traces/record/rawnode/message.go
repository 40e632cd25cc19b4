package rawnode

import "github.com/raftcheck/raftcheck/spec"

// message is a message in the words of the paper; false if the paper has none for it. It depends on nothing but the message, so that
// whoever sends it and whoever receives it record the same. A heartbeat is an AppendEntries without entries that proves the
// follower's log to match up to the commit index it tells, since a leader tells no follower more than it knows to match. It does
// not tell the term of the entry there.
func (n *Node) message(m *Message) (told spec.Message, is bool) {
	told = spec.Message{From: spec.ServerID(m.From), To: spec.ServerID(m.To), Term: spec.Term(m.Term)}
	index, logTerm := spec.Index(m.Index), spec.Term(m.LogTerm)
	switch m.Type {
	case MsgVote, MsgPreVote:
		told.Kind, told.LastLogIndex, told.LastLogTerm = spec.RequestVote, index, logTerm
		if m.Type == MsgPreVote {
			told.Kind = spec.PreVote
		}
	case MsgVoteResp, MsgPreVoteResp:
		told.Kind, told.Granted = spec.RequestVoteReply, !m.Reject
		if m.Type == MsgPreVoteResp {
			told.Kind = spec.PreVoteReply
		}
	case MsgApp:
		told.Kind, told.PrevLogIndex, told.PrevLogTerm, told.LeaderCommit = spec.AppendEntries, index, logTerm, spec.Index(m.Commit)
		for k := range m.Entries {
			told.Entries = append(told.Entries, n.entry(&m.Entries[k]))
		}
	case MsgHeartbeat:
		told.Kind, told.PrevLogIndex, told.LeaderCommit = spec.AppendEntries, spec.Index(m.Commit), spec.Index(m.Commit)
		if told.PrevLogIndex > 0 {
			told.Unknown = spec.MessagePrevTerm
		}
	case MsgHeartbeatResp:
		told.Kind, told.Success = spec.AppendEntriesReply, true
	case MsgAppResp:
		told.Kind = spec.AppendEntriesReply
		switch {
		case m.Reject:
			told.ConflictIndex, told.ConflictTerm = spec.Index(m.RejectHint)+1, logTerm
		case index > 0: // 0 answers a leader of an earlier term, and accepts nothing
			told.Success, told.MatchIndex = true, index
		}
	case MsgSnap:
		told.Kind, told.PrevLogIndex, told.PrevLogTerm = spec.InstallSnapshot, spec.Index(m.SnapshotIndex), spec.Term(m.SnapshotTerm)
	case MsgTimeoutNow:
		told.Kind = spec.TimeoutNow
	default:
		return told, false
	}
	return told, true
}

func (n *Node) entry(e *Entry) spec.Entry {
	switch {
	case e.Type != 0:
		return spec.Entry{Term: spec.Term(e.Term), Kind: spec.ConfigurationChange, Value: n.options.Value(e.Data)}
	case len(e.Data) == 0:
		return spec.Entry{Term: spec.Term(e.Term), Kind: spec.NoOp}
	}
	return spec.Entry{Term: spec.Term(e.Term), Value: n.options.Value(e.Data)}
}
