package etcd

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/raftcheck/raftcheck/traces/record/rawnode"
)

func ready(rd *raft.Ready) rawnode.Ready {
	out := rawnode.Ready{Entries: entries(rd.Entries), Hard: !raft.IsEmptyHardState(rd.HardState), Term: rd.HardState.Term, Vote: rd.HardState.Vote}
	if !raft.IsEmptySnap(rd.Snapshot) {
		meta := &rd.Snapshot.Metadata
		conf := confState(&meta.ConfState)
		out.SnapshotIndex, out.SnapshotTerm, out.Conf = meta.Index, meta.Term, &conf
	}
	for k := range rd.Messages {
		out.Messages = append(out.Messages, message(&rd.Messages[k]))
	}
	return out
}

func message(m *raftpb.Message) rawnode.Message {
	told := rawnode.Message{Type: rawnode.MessageType(m.Type), From: m.From, To: m.To, Term: m.Term, LogTerm: m.LogTerm,
		Index: m.Index, Commit: m.Commit, RejectHint: m.RejectHint, Reject: m.Reject, Entries: entries(m.Entries)}
	if m.Snapshot != nil {
		told.SnapshotIndex, told.SnapshotTerm = m.Snapshot.Metadata.Index, m.Snapshot.Metadata.Term
	}
	return told
}

func entries(all []raftpb.Entry) []rawnode.Entry {
	if len(all) == 0 {
		return nil
	}
	out := make([]rawnode.Entry, len(all))
	for k, e := range all {
		out[k] = rawnode.Entry{Term: e.Term, Index: e.Index, Type: int32(e.Type), Data: e.Data}
	}
	return out
}

func confState(c *raftpb.ConfState) rawnode.ConfState {
	return rawnode.ConfState{Voters: c.Voters, Outgoing: c.VotersOutgoing, Learners: c.Learners}
}

// stored is what a MsgStorageAppend asks for.
func stored(m *raftpb.Message) rawnode.Ready {
	out := rawnode.Ready{Entries: entries(m.Entries), Hard: m.Term > 0, Term: m.Term, Vote: m.Vote}
	if m.Snapshot != nil && !raft.IsEmptySnap(*m.Snapshot) {
		out.SnapshotIndex, out.SnapshotTerm = m.Snapshot.Metadata.Index, m.Snapshot.Metadata.Term
	}
	for k := range m.Responses {
		out.Messages = append(out.Messages, message(&m.Responses[k]))
	}
	return out
}
