package etcd

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/raftcheck/raftcheck/traces/record/rawnode"
)

func ready(rd *raft.Ready) rawnode.Ready {
	out := rawnode.Ready{Entries: entries(rd.Entries), Hard: !raft.IsEmptyHardState(rd.HardState), Term: rd.HardState.GetTerm(), Vote: rd.HardState.GetVote()}
	if !raft.IsEmptySnap(rd.Snapshot) {
		meta := rd.Snapshot.GetMetadata()
		conf := confState(meta.GetConfState())
		out.SnapshotIndex, out.SnapshotTerm, out.Conf = meta.GetIndex(), meta.GetTerm(), &conf
	}
	for _, m := range rd.Messages {
		out.Messages = append(out.Messages, message(m))
	}
	return out
}

func message(m *raftpb.Message) rawnode.Message {
	return rawnode.Message{Type: rawnode.MessageType(m.GetType()), From: m.GetFrom(), To: m.GetTo(), Term: m.GetTerm(), LogTerm: m.GetLogTerm(),
		Index: m.GetIndex(), Commit: m.GetCommit(), RejectHint: m.GetRejectHint(), Reject: m.GetReject(), Entries: entries(m.GetEntries()),
		SnapshotIndex: m.GetSnapshot().GetMetadata().GetIndex(), SnapshotTerm: m.GetSnapshot().GetMetadata().GetTerm()}
}

func entries(all []*raftpb.Entry) []rawnode.Entry {
	if len(all) == 0 {
		return nil
	}
	out := make([]rawnode.Entry, len(all))
	for k, e := range all {
		out[k] = rawnode.Entry{Term: e.GetTerm(), Index: e.GetIndex(), Type: int32(e.GetType()), Data: e.GetData()}
	}
	return out
}

func confState(c *raftpb.ConfState) rawnode.ConfState {
	return rawnode.ConfState{Voters: c.GetVoters(), Outgoing: c.GetVotersOutgoing(), Learners: c.GetLearners()}
}

// stored is what a MsgStorageAppend asks for.
func stored(m *raftpb.Message) rawnode.Ready {
	out := rawnode.Ready{Entries: entries(m.GetEntries()), Hard: m.GetTerm() > 0, Term: m.GetTerm(), Vote: m.GetVote()}
	if !raft.IsEmptySnap(m.GetSnapshot()) {
		out.SnapshotIndex, out.SnapshotTerm = m.GetSnapshot().GetMetadata().GetIndex(), m.GetSnapshot().GetMetadata().GetTerm()
	}
	for _, response := range m.GetResponses() {
		out.Messages = append(out.Messages, message(response))
	}
	return out
}
