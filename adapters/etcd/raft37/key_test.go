package raft37

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
)

// What the state key leaves out is there to be left out: a misspelt name would be written after all.
func TestEveryOptionOfTheStateKeyMatches(t *testing.T) {
	o := etcd.Options{}
	key := newKey(&o)
	s := start(key, 1, &o, &etcd.Disk{Hard: etcd.HardState{Term: 1, Commit: 1}, Snapshot: etcd.Snapshot{Index: 1, Term: 1, Conf: etcd.ConfState{Voters: []uint64{1}}}})
	s.AppendState(nil)
	require.Empty(t, key.Unmatched())
}
