package hashicorp_test

import (
	"bytes"
	"testing"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/hashicorp"
)

// tracking is a store that keeps how far its log is committed, as raft.CommitTrackingLogStore does since v1.8.0.
type tracking struct {
	*raft.InmemStore
	index uint64
}

func (t *tracking) StageCommitIndex(index uint64) error { t.index = index; return nil }
func (t *tracking) GetCommitIndex() (uint64, error)     { return t.index, nil }

// commitTracker is what the library looks for in a log store.
type commitTracker interface {
	raft.LogStore
	StageCommitIndex(uint64) error
	GetCommitIndex() (uint64, error)
}

// The library sees of a wrapped log store what the store can do, and no more.
func TestCommitTrackingIsPassedOn(t *testing.T) {
	wrap := func(logs raft.LogStore) raft.LogStore {
		recorder, err := record.New(&bytes.Buffer{}, record.Header{Variants: hashicorp.Variants}, record.Options{})
		require.NoError(t, err)
		conf := raft.DefaultConfig()
		conf.LocalID = "s1"
		_, transport := raft.NewInmemTransport("s1:1")
		w, err := hashicorp.Wrap(recorder, hashicorp.Parts{Config: conf, Logs: logs, Stable: raft.NewInmemStore(), Snapshots: raft.NewInmemSnapshotStore(), Transport: transport},
			hashicorp.Options{Servers: []raft.Server{{ID: "s1", Address: "s1:1"}}})
		require.NoError(t, err)
		t.Cleanup(w.Close)
		return w.Logs
	}
	_, can := wrap(raft.NewInmemStore()).(commitTracker)
	require.False(t, can)

	store := &tracking{InmemStore: raft.NewInmemStore()}
	tracker, can := wrap(store).(commitTracker)
	require.True(t, can)
	require.NoError(t, tracker.StageCommitIndex(7))
	require.EqualValues(t, 7, store.index)
	index, err := tracker.GetCommitIndex()
	require.NoError(t, err)
	require.EqualValues(t, 7, index)
	require.NoError(t, tracker.StoreLog(&raft.Log{Index: 1, Term: 1}))
	last, err := store.LastIndex()
	require.NoError(t, err)
	require.EqualValues(t, 1, last)
}
