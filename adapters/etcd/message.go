package etcd

import (
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
)

var typeNames = map[MessageType]string{MsgApp: "MsgApp", MsgAppResp: "MsgAppResp", MsgVote: "MsgVote", MsgVoteResp: "MsgVoteResp",
	MsgSnap: "MsgSnap", MsgHeartbeat: "MsgHeartbeat", MsgHeartbeatResp: "MsgHeartbeatResp", MsgTimeoutNow: "MsgTimeoutNow",
	MsgProp: "MsgProp", MsgReadIndex: "MsgReadIndex", MsgReadIndexResp: "MsgReadIndexResp", MsgPreVote: "MsgPreVote", MsgPreVoteResp: "MsgPreVoteResp"}

// Words says what a message holds in raftpb's words, where two releases can be compared: "MsgApp index=1 logTerm=1 commit=1".
func (m *Message) Words() string {
	text, known := typeNames[m.Type]
	if !known {
		text = fmt.Sprintf("type %d", m.Type)
	}
	for _, f := range []struct {
		name  string
		value uint64
	}{{"index", m.Index}, {"logTerm", m.LogTerm}, {"commit", m.Commit}, {"rejectHint", m.RejectHint}, {"snapshot", m.Snapshot.Index}} {
		if f.value != 0 {
			text += fmt.Sprintf(" %s=%d", f.name, f.value)
		}
	}
	if m.Reject {
		text += " reject"
	}
	if m.Context != "" {
		text += fmt.Sprintf(" context=%q", m.Context)
	}
	return text
}

// answering reports whether a reply that acknowledges no entry is one to entries from the leader of its term, which follow none and are none.
func (s *server) answering(m *Message) bool {
	asked := &s.handled.Message
	return s.handled.Kind == spec.Deliver && asked.Kind == spec.AppendEntries && uint64(asked.From) == m.To && uint64(asked.Term) == m.Term
}

// told is a message in the words of the paper. A heartbeat is an AppendEntries without entries that proves the follower's log to
// match up to the commit index it tells, since a leader tells no follower more than it knows to match. Types that the paper does
// not have keep their wire form only.
func (s *server) told(m *Message) spec.Message {
	t := spec.Message{From: spec.ServerID(m.From), To: spec.ServerID(m.To), Term: spec.Term(m.Term), Payload: m.Wire}
	index, logTerm := spec.Index(m.Index), spec.Term(m.LogTerm)
	switch m.Type {
	case MsgVote, MsgPreVote:
		t.Kind = spec.RequestVote
		if m.Type == MsgPreVote {
			t.Kind = spec.PreVote
		}
		t.LastLogIndex, t.LastLogTerm = index, logTerm
	case MsgVoteResp, MsgPreVoteResp:
		t.Kind = spec.RequestVoteReply
		if m.Type == MsgPreVoteResp {
			t.Kind = spec.PreVoteReply
		}
		t.Granted = !m.Reject
	case MsgApp:
		t.Kind, t.PrevLogIndex, t.PrevLogTerm, t.LeaderCommit = spec.AppendEntries, index, logTerm, spec.Index(m.Commit)
		for _, e := range m.Entries {
			t.Entries = append(t.Entries, shown(e))
		}
	case MsgHeartbeat:
		t.Kind, t.PrevLogIndex, t.LeaderCommit = spec.AppendEntries, spec.Index(m.Commit), spec.Index(m.Commit)
		t.PrevLogTerm = termAt(s.log, &s.disk.written.snap, t.PrevLogIndex)
	case MsgHeartbeatResp:
		t.Kind, t.Success = spec.AppendEntriesReply, true
	case MsgAppResp:
		t.Kind = spec.AppendEntriesReply
		switch {
		case m.Reject:
			t.ConflictIndex, t.ConflictTerm = spec.Index(m.RejectHint)+1, logTerm
		case index > 0 || s.answering(m): // else 0 answers a leader of an earlier term, and accepts nothing
			t.Success, t.MatchIndex = true, index
		}
	case MsgSnap:
		t.Kind, t.PrevLogIndex, t.PrevLogTerm = spec.InstallSnapshot, spec.Index(m.Snapshot.Index), spec.Term(m.Snapshot.Term)
	case MsgTimeoutNow:
		t.Kind = spec.TimeoutNow
	}
	return t
}
