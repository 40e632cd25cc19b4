// Code generated from ../goroutines_test.go by go generate; DO NOT EDIT.

package etcd_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/etcd/raft36"
)

// member is a server with a goroutine of its own, as in a program.
type member struct {
	node    *etcd.RawNode
	disk    disk
	in      chan message
	propose chan []byte
	applied int
}

// Servers that share a recorder, each in a goroutine of its own, record messages before they arrive.
func TestServersInGoroutinesShareARecorder(t *testing.T) {
	var out bytes.Buffer
	recorder, err := record.New(&out, record.Header{Servers: servers(three), Variants: etcd.Variants}, record.Options{})
	require.NoError(t, err)
	const proposals = 300
	members := map[uint64]*member{}
	for _, id := range three {
		m := &member{disk: newDisk(t, three), in: make(chan message, 4096), propose: make(chan []byte)}
		config := &raft.Config{ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: m.disk, Applied: 1, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16, Logger: silent{}}
		plain, err := raft.NewRawNode(config)
		require.NoError(t, err)
		m.node, err = etcd.Wrap(plain, config, recorder.Server(spec.ServerID(id)), etcd.Options{})
		require.NoError(t, err)
		members[id] = m
	}
	require.NoError(t, members[1].node.Campaign())
	ctx, cancel := context.WithCancel(t.Context())
	var all, proposed sync.WaitGroup
	proposed.Add(3)
	for _, m := range members {
		all.Go(func() { m.run(t, ctx, members, proposals, proposed.Done) })
	}
	for k := range proposals {
		members[1].propose <- fmt.Append(nil, k)
	}
	proposed.Wait()
	cancel()
	all.Wait()
	require.NoError(t, recorder.Close())
	result := verify(t, out.Bytes())
	for _, f := range result.Findings {
		require.Fail(t, f.Message)
	}
	require.Equal(t, spec.Held, result.Verdict)
}

// run serves until the end, and says when all is applied that was proposed.
func (m *member) run(t *testing.T, ctx context.Context, members map[uint64]*member, proposals int, done func()) {
	for {
		for m.node.HasReady() {
			rd := m.node.Ready()
			m.disk.save(t, &rd)
			m.node.Saved()
			for _, message := range rd.Messages {
				members[toOf(message)].in <- clone(message)
			}
			for range rd.CommittedEntries {
				if m.applied++; m.applied == proposals+1 { // and one that the leader begins with
					done()
				}
			}
			m.node.Advance(rd)
		}
		propose := m.propose
		if m.node.BasicStatus().RaftState != raft.StateLeader {
			propose = nil
		}
		select {
		case message := <-m.in:
			_ = m.node.Step(message)
		case data := <-propose:
			_ = m.node.Propose(data)
		case <-ctx.Done():
			return
		}
	}
}

var three = []uint64{1, 2, 3}
