package etcd

import (
	"encoding/binary"
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

// Rename returns a message with other servers in it: on the wire too, where raftpb.Message has To in field 2 and From in field 3, in all releases.
func (s *server) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, _ func(string) string) spec.Message {
	m.From, m.To = rename(m.From), rename(m.To)
	m.Payload = renamed(m.Payload, func(field uint64) (uint64, bool) {
		switch field {
		case 2:
			return uint64(m.To), true
		case 3:
			return uint64(m.From), true
		}
		return 0, false
	})
	return m
}

// renamed returns an encoded message of protocol buffers with other numbers in some of its fields, which hold numbers.
func renamed(wire string, number func(field uint64) (uint64, bool)) string {
	rest, out := []byte(wire), make([]byte, 0, len(wire)+2)
	for len(rest) > 0 {
		tag, n := binary.Uvarint(rest)
		size := n
		switch value, k := binary.Uvarint(rest[max(n, 0):]); {
		case n <= 0 || k < 0:
			return wire // it is not of that form
		case tag&7 == 0:
			if other, is := number(tag >> 3); is {
				out = binary.AppendUvarint(append(out, rest[:n]...), other)
				rest = rest[n+k:]
				continue
			}
			size += k
		case tag&7 == 2:
			size += k + int(value)
		case tag&7 == 1:
			size += 8
		case tag&7 == 5:
			size += 4
		}
		if size > len(rest) {
			return wire
		}
		out, rest = append(out, rest[:size]...), rest[size:]
	}
	return string(out)
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
