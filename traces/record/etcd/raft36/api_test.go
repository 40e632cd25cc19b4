package etcd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// What differs between releases of the library is in this file. The others are the same for all of them.

type (
	message = raftpb.Message
	entry   = raftpb.Entry
)

// clone is a message as it comes over a wire.
func clone(m message) message {
	data, err := m.Marshal()
	if err != nil {
		panic(err)
	}
	var other message
	if err := other.Unmarshal(data); err != nil {
		panic(err)
	}
	return other
}

func fromOf(m message) uint64             { return m.From }
func toOf(m message) uint64               { return m.To }
func typeOf(m message) raftpb.MessageType { return m.Type }
func responsesOf(m message) []message     { return m.Responses }
func entriesOf(m message) []entry         { return m.Entries }
func indexOf(e entry) uint64              { return e.Index }

// disk is what survives a crash.
type disk struct{ *raft.MemoryStorage }

// newDisk is the disk of a server of a cluster that begins, as the library recommends, with a snapshot that holds the configuration.
func newDisk(t testing.TB, voters []uint64) disk {
	d := disk{raft.NewMemoryStorage()}
	require.NoError(t, d.ApplySnapshot(raftpb.Snapshot{Metadata: raftpb.SnapshotMetadata{Index: 1, Term: 1, ConfState: raftpb.ConfState{Voters: voters}}}))
	require.NoError(t, d.SetHardState(raftpb.HardState{Term: 1, Commit: 1}))
	return d
}

// save writes what a Ready asks for.
func (d disk) save(t testing.TB, rd *raft.Ready) { d.write(t, rd.Snapshot, rd.Entries, rd.HardState) }

// saveMessage writes what a MsgStorageAppend asks for.
func (d disk) saveMessage(t testing.TB, m message) {
	var snapshot raftpb.Snapshot
	if m.Snapshot != nil {
		snapshot = *m.Snapshot
	}
	d.write(t, snapshot, m.Entries, raftpb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit})
}

func (d disk) write(t testing.TB, snapshot raftpb.Snapshot, entries []entry, hard raftpb.HardState) {
	if !raft.IsEmptySnap(snapshot) {
		require.NoError(t, d.ApplySnapshot(snapshot))
	}
	require.NoError(t, d.Append(entries))
	if !raft.IsEmptyHardState(hard) {
		require.NoError(t, d.SetHardState(hard))
	}
}

func (d disk) hard() (term, vote, commit uint64) {
	hard, _, _ := d.InitialState()
	return hard.Term, hard.Vote, hard.Commit
}

func (d disk) setHard(t testing.TB, term, vote, commit uint64) {
	require.NoError(t, d.SetHardState(raftpb.HardState{Term: term, Vote: vote, Commit: commit}))
}

// raisesTerm reports whether one of some MsgStorageAppend brings a term or a vote that is not on disk.
func (d disk) raisesTerm(all []message) bool {
	term, vote, _ := d.hard()
	for _, m := range all {
		if m.Term > 0 && (m.Term != term || m.Vote != vote) {
			return true
		}
	}
	return false
}

// compact takes a snapshot and drops the log but for a few entries. It may be compacted further already.
func (d disk) compact(applied uint64, conf *raftpb.ConfState) {
	if _, err := d.CreateSnapshot(applied, conf, nil); err == nil {
		_ = d.Compact(applied - 5)
	}
}

// keep takes a snapshot and drops nothing. Where one is as new already, it does nothing.
func (d disk) keep(applied uint64, conf *raftpb.ConfState) {
	_, _ = d.CreateSnapshot(applied, conf, nil)
}

// snapshot returns up to where the snapshot goes that a server starts from, and the configuration there.
func (d disk) snapshot() (uint64, *raftpb.ConfState) {
	s, _ := d.Snapshot()
	return s.Metadata.Index, &s.Metadata.ConfState
}

// snapshotOf returns what a Ready or a MsgStorageAppend brings of a snapshot; false for none.
func snapshotOf(s raftpb.Snapshot) (index uint64, conf *raftpb.ConfState, is bool) {
	if raft.IsEmptySnap(s) {
		return 0, nil, false
	}
	return s.Metadata.Index, &s.Metadata.ConfState, true
}

func readySnapshot(rd *raft.Ready) (uint64, *raftpb.ConfState, bool) { return snapshotOf(rd.Snapshot) }

func messageSnapshot(m message) (uint64, *raftpb.ConfState, bool) {
	if m.Snapshot == nil {
		return 0, nil, false
	}
	return snapshotOf(*m.Snapshot)
}

// changeOf returns the change of the configuration that an entry is, or nil.
func changeOf(t testing.TB, e entry) raftpb.ConfChangeI {
	switch e.Type {
	case raftpb.EntryConfChange:
		change := &raftpb.ConfChange{}
		require.NoError(t, change.Unmarshal(e.Data))
		return change
	case raftpb.EntryConfChangeV2:
		change := &raftpb.ConfChangeV2{}
		require.NoError(t, change.Unmarshal(e.Data))
		return change
	}
	return nil
}

const (
	storageAppend = raftpb.MsgStorageAppend
	storageApply  = raftpb.MsgStorageApply
	sendsSnapshot = raftpb.MsgSnap
	addNode       = raftpb.ConfChangeAddNode
	addLearner    = raftpb.ConfChangeAddLearnerNode
	removeNode    = raftpb.ConfChangeRemoveNode
)

// change is a change of some servers at once; more than one is joint.
func change(kind raftpb.ConfChangeType, ids ...uint64) raftpb.ConfChangeI {
	c := raftpb.ConfChangeV2{}
	for _, id := range ids {
		c.Changes = append(c.Changes, raftpb.ConfChangeSingle{Type: kind, NodeID: id})
	}
	return c
}

func withoutEntries(m message) message {
	m.Entries = nil
	return m
}
