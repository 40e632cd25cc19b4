package hashicorp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/hashicorp/raft"
)

// snapshot is one snapshot on disk.
type snapshot struct {
	meta raft.SnapshotMeta
	data []byte
}

func (s *snapshot) append(b []byte) []byte {
	b = binary.AppendUvarint(binary.AppendUvarint(b, s.meta.Index), s.meta.Term)
	b = binary.AppendUvarint(b, s.meta.ConfigurationIndex)
	b = appendText(b, changeOf(s.meta.Configuration).String())
	return appendText(b, string(s.data))
}

// snapshotStore is the disk as a raft.SnapshotStore.
type snapshotStore struct{ *stores }

// Create is part of raft.SnapshotStore. Nothing is on disk before the sink is closed, which is one write.
func (s snapshotStore) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration,
	configurationIndex uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	return &sink{store: s, made: &snapshot{meta: raft.SnapshotMeta{
		Version: version, ID: fmt.Sprintf("%d-%d", term, index), Index: index, Term: term,
		Configuration: configuration, ConfigurationIndex: configurationIndex,
	}}}, nil
}

// List is part of raft.SnapshotStore.
func (s snapshotStore) List() ([]*raft.SnapshotMeta, error) {
	var all []*raft.SnapshotMeta
	for _, kept := range s.snapshots {
		meta := kept.meta
		all = append(all, &meta)
	}
	return all, nil
}

// Open is part of raft.SnapshotStore.
func (s snapshotStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	k := slices.IndexFunc(s.snapshots, func(kept *snapshot) bool { return kept.meta.ID == id })
	if k < 0 {
		return nil, nil, fmt.Errorf("no snapshot %q", id)
	}
	meta := s.snapshots[k].meta
	return &meta, io.NopCloser(bytes.NewReader(s.snapshots[k].data)), nil
}

// sink is a snapshot that is being written.
type sink struct {
	store  snapshotStore
	made   *snapshot
	closed bool
}

// Write is part of raft.SnapshotSink.
func (s *sink) Write(p []byte) (int, error) {
	s.made.data = append(s.made.data, p...)
	return len(p), nil
}

// Close is part of raft.SnapshotSink. Only the newest snapshot is kept. Both the state machine and the library close.
func (s *sink) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.made.meta.Size = int64(len(s.made.data))
	s.store.steps.write(s.store.disk, func() { s.store.snapshots = []*snapshot{s.made} })
	return nil
}

// ID is part of raft.SnapshotSink.
func (s *sink) ID() string { return s.made.meta.ID }

// Cancel is part of raft.SnapshotSink.
func (s *sink) Cancel() error { return nil }
