package hashicorp_test

import (
	"io"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/hashicorp"
)

// BenchmarkFollow is one entry that a follower is sent, stores, acknowledges and applies, with and without a recorder.
func BenchmarkFollow(b *testing.B) {
	for _, recorded := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "recorded"}[recorded], func(b *testing.B) { follow(b, recorded) })
	}
}

func follow(b *testing.B, recorded bool) {
	servers := []raft.Server{{ID: "s1", Address: "s1:1"}, {ID: "s2", Address: "s2:1"}, {ID: "s3", Address: "s3:1"}}
	conf := raft.DefaultConfig()
	conf.LocalID, conf.Logger, conf.SnapshotThreshold = "s1", hclog.NewNullLogger(), 1<<30
	disk, snapshots := raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	_, inner := raft.NewInmemTransport("s1:1")
	require.NoError(b, raft.BootstrapCluster(conf, disk, disk, snapshots, inner, raft.Configuration{Servers: servers}))
	var logs raft.LogStore = disk
	var stable raft.StableStore = disk
	var transport raft.Transport = inner
	var w *hashicorp.Wrapped
	if recorded {
		recorder, err := record.New(io.Discard, record.Header{Variants: hashicorp.Variants}, record.Options{})
		require.NoError(b, err)
		w, err = hashicorp.Wrap(recorder, hashicorp.Parts{Config: conf, Logs: logs, Stable: stable, Snapshots: snapshots, Transport: transport}, hashicorp.Options{Servers: servers})
		require.NoError(b, err)
		logs, stable, transport = w.Logs, w.Stable, w.Transport
	}
	r, err := raft.NewRaft(conf, &machine{}, logs, stable, snapshots, transport)
	require.NoError(b, err)
	if recorded {
		w.Attach(r)
	}
	_, leader := raft.NewInmemTransport("s2:1")
	leader.Connect("s1:1", inner)
	header, index, term, data := raft.RPCHeader{ProtocolVersion: 3, ID: []byte("s2"), Addr: []byte("s2:1")}, uint64(1), uint64(1), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		index++
		var resp raft.AppendEntriesResponse
		entry := &raft.Log{Index: index, Term: 2, Type: raft.LogCommand, Data: data}
		require.NoError(b, leader.AppendEntries("s1", "s1:1", &raft.AppendEntriesRequest{RPCHeader: header, Term: 2, PrevLogEntry: index - 1, PrevLogTerm: term,
			Entries: []*raft.Log{entry}, LeaderCommitIndex: index - 1}, &resp))
		require.True(b, resp.Success)
		term = 2
	}
	require.NoError(b, r.Shutdown().Error())
}
