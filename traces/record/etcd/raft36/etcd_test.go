package etcd_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/etcd/raft36"
)

// cluster is three servers of the real library, one goroutine, and a network that loses, doubles and delays.
type cluster struct {
	t        testing.TB
	chance   *rand.Rand
	config   func(*raft.Config)
	recorder *record.Recorder
	servers  map[uint64]*server
	network  []raftpb.Message
}

// node is a RawNode, recorded or not.
type node interface {
	Tick()
	Campaign() error
	Propose([]byte) error
	Step(raftpb.Message) error
	ReadIndex([]byte)
	TransferLeader(uint64)
	ReportSnapshot(uint64, raft.SnapshotStatus)
	HasReady() bool
	Ready() raft.Ready
	Advance(raft.Ready)
}

var _ node = (*raft.RawNode)(nil)

type server struct {
	node    node
	storage *raft.MemoryStorage
	conf    raftpb.ConfState
	applied uint64
}

var three = []uint64{1, 2, 3}

func start(t testing.TB, seed uint64, out *bytes.Buffer, config func(*raft.Config)) *cluster {
	c := &cluster{t: t, chance: rand.New(rand.NewPCG(seed, 1)), config: config, servers: map[uint64]*server{}}
	if out != nil {
		var err error
		c.recorder, err = record.New(out, record.Header{Servers: []spec.ServerID{1, 2, 3}, Variants: etcd.Variants}, record.Options{})
		require.NoError(t, err)
	}
	for _, id := range three {
		s := &server{storage: raft.NewMemoryStorage(), conf: raftpb.ConfState{Voters: three}}
		// The cluster begins with a snapshot at index 1 that holds its configuration, as the library recommends.
		require.NoError(t, s.storage.ApplySnapshot(raftpb.Snapshot{Metadata: raftpb.SnapshotMetadata{Index: 1, Term: 1, ConfState: s.conf}}))
		require.NoError(t, s.storage.SetHardState(raftpb.HardState{Term: 1, Commit: 1}))
		s.applied = 1
		c.servers[id] = s
		c.boot(id)
	}
	return c
}

// boot starts a server from its storage: a new RawNode, and nothing of the old one.
func (c *cluster) boot(id uint64) {
	s := c.servers[id]
	config := &raft.Config{ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: s.storage, Applied: s.applied, MaxSizePerMsg: 1 << 20,
		MaxInflightMsgs: 16, Logger: silent{}}
	if c.config != nil {
		c.config(config)
	}
	plain, err := raft.NewRawNode(config)
	require.NoError(c.t, err)
	if s.node = plain; c.recorder == nil {
		return
	}
	s.node, err = etcd.Wrap(plain, config, c.recorder.Server(spec.ServerID(id)), etcd.Options{Keep: 8})
	require.NoError(c.t, err)
}

// drain does what the library asks for.
func (c *cluster) drain(id uint64) {
	s := c.servers[id]
	for s.node.HasReady() {
		rd := s.node.Ready()
		if !raft.IsEmptySnap(rd.Snapshot) {
			require.NoError(c.t, s.storage.ApplySnapshot(rd.Snapshot))
			s.applied = rd.Snapshot.Metadata.Index
		}
		require.NoError(c.t, s.storage.Append(rd.Entries))
		if !raft.IsEmptyHardState(rd.HardState) {
			require.NoError(c.t, s.storage.SetHardState(rd.HardState))
		}
		for _, e := range rd.CommittedEntries {
			s.applied = e.Index
		}
		s.node.Advance(rd)
		for _, m := range rd.Messages {
			c.network = append(c.network, m)
			if m.Type == raftpb.MsgSnap {
				s.node.ReportSnapshot(m.To, raft.SnapshotFinish)
			}
		}
	}
}

// step makes one thing happen, by chance.
func (c *cluster) step() {
	id := three[c.chance.IntN(3)]
	s := c.servers[id]
	switch n := c.chance.IntN(100); {
	case n < 55 && len(c.network) > 0:
		k := c.chance.IntN(len(c.network))
		m := c.network[k]
		if c.chance.IntN(20) > 0 { // else it stays in the network too
			c.network = append(c.network[:k], c.network[k+1:]...)
		}
		if c.chance.IntN(20) > 0 { // else it is lost
			id = m.To
			_ = c.servers[id].node.Step(m)
		}
	case n < 85:
		s.node.Tick()
	case n < 87:
		_ = s.node.Campaign()
	case n < 95:
		_ = s.node.Propose([]byte(fmt.Sprint("command ", c.chance.IntN(1000))))
	case n < 97:
		c.boot(id) // it crashed
	case n < 98 && s.applied > 20:
		if _, err := s.storage.CreateSnapshot(s.applied, &s.conf, nil); err == nil {
			_ = s.storage.Compact(s.applied - 5) // it may be compacted further already, by a snapshot
		}
	case n < 99:
		s.node.ReadIndex([]byte("read"))
	default:
		s.node.TransferLeader(three[c.chance.IntN(3)])
	}
	if c.chance.IntN(4) > 0 { // else a Ready is of several inputs
		c.drain(id)
	}
}

func verify(t testing.TB, out *bytes.Buffer) *traces.Result {
	t.Helper()
	lines, err := traces.NewLines("recorded", bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	require.NoError(t, err)
	return result
}

// Nothing is found in what the real library does, whatever happens around it.
func TestACleanRunIsClean(t *testing.T) {
	for name, config := range map[string]func(*raft.Config){
		"plain":                     nil,
		"pre-vote":                  func(c *raft.Config) { c.PreVote = true },
		"pre-vote and check quorum": func(c *raft.Config) { c.PreVote, c.CheckQuorum = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(5) {
				var out bytes.Buffer
				c := start(t, seed, &out, config)
				for range 3000 {
					c.step()
				}
				require.NoError(t, c.recorder.Close())
				result := verify(t, &out)
				for _, f := range result.Findings {
					require.Fail(t, "a rule is broken", "seed %d: %s: %s\n%v", seed, f.Rule.Name, f.Message, f.Evidence)
				}
				require.Equal(t, spec.Held, result.Verdict)
				require.Positive(t, result.Elections)
				require.True(t, reached(result, "entry-committed") && reached(result, "leader-elected"))
				if seed == 0 {
					requireChecked(t, result)
				}
			}
		})
	}
}

func reached(r *traces.Result, goal string) bool {
	for _, g := range r.Goals {
		if g.Goal.Name == goal {
			return g.Reached
		}
	}
	return false
}

// requireChecked expects that the promises which matter were put to the test.
func requireChecked(t *testing.T, r *traces.Result) {
	checked := map[string]int{}
	for _, rule := range r.Rules {
		checked[rule.Rule.Name] = rule.Checked
	}
	for _, name := range []string{"term-monotonic", "election-safety", "vote-once", "log-matching", "state-machine-safety", "leader-completeness",
		"durable-before-send", "commit-monotonic", "leader-append-only", "vote-up-to-date", "prev-matches", "commit-own-term"} {
		require.Positive(t, checked[name], name)
	}
}

// A server that comes back without its vote is found.
func TestALostVoteIsFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, nil)
	campaign := func(id uint64) {
		require.NoError(t, c.servers[id].node.Campaign())
		c.drain(id)
	}
	campaign(1)
	campaign(2) // in the same term
	c.deliver(3, 1)
	hard, _, err := c.servers[3].storage.InitialState()
	require.NoError(t, err)
	require.EqualValues(t, 1, hard.Vote)
	require.NoError(t, c.servers[3].storage.SetHardState(raftpb.HardState{Term: hard.Term, Commit: 1})) // somebody loses the vote
	c.boot(3)
	c.deliver(3, 2)
	result := verify(t, &out)
	require.Equal(t, spec.Violated, result.Verdict)
	require.Equal(t, "vote-once", result.Findings[0].Rule.Name)
}

// deliver delivers everything that is on the way from one server to another.
func (c *cluster) deliver(to, from uint64) {
	for k := 0; k < len(c.network); k++ {
		if m := c.network[k]; m.To == to && m.From == from {
			require.NoError(c.t, c.servers[to].node.Step(m))
			c.drain(to)
			c.network = append(c.network[:k], c.network[k+1:]...)
			k--
		}
	}
}

// Entries that were acknowledged and are gone after a restart are found.
func TestLostEntriesAreFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, nil)
	require.NoError(t, c.servers[1].node.Campaign())
	for range 50 {
		c.settle()
		_ = c.servers[1].node.Propose([]byte("x"))
	}
	c.settle()
	old := c.servers[2].storage
	hard, _, err := old.InitialState()
	require.NoError(t, err)
	fresh := raft.NewMemoryStorage()
	snap, err := old.Snapshot()
	require.NoError(t, err)
	require.NoError(t, fresh.ApplySnapshot(snap))
	require.NoError(t, fresh.SetHardState(raftpb.HardState{Term: hard.Term, Vote: hard.Vote, Commit: snap.Metadata.Index}))
	c.servers[2].storage, c.servers[2].applied = fresh, 1
	c.boot(2)
	result := verify(t, &out)
	require.Equal(t, spec.Violated, result.Verdict, "a follower came back with an empty log")
}

func (c *cluster) settle() {
	for _, id := range three {
		c.drain(id)
	}
	for len(c.network) > 0 {
		m := c.network[0]
		c.network = c.network[1:]
		require.NoError(c.t, c.servers[m.To].node.Step(m))
		c.drain(m.To)
	}
}

func TestAsynchronousStorageIsRefused(t *testing.T) {
	config := &raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: raft.NewMemoryStorage(), MaxInflightMsgs: 1, AsyncStorageWrites: true, Logger: silent{}}
	plain, err := raft.NewRawNode(config)
	require.NoError(t, err)
	_, err = etcd.Wrap(plain, config, nil, etcd.Options{})
	require.ErrorContains(t, err, "AsyncStorageWrites cannot be recorded")
}

// BenchmarkReplicate is a proposal from the leader to two followers and back, with and without a recorder: three servers' worth.
func BenchmarkReplicate(b *testing.B) {
	var out bytes.Buffer
	for name, to := range map[string]*bytes.Buffer{"plain": nil, "recorded": &out} {
		b.Run(name, func(b *testing.B) {
			c := start(b, 1, to, nil)
			require.NoError(b, c.servers[1].node.Campaign())
			c.settle()
			data := make([]byte, 100)
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, c.servers[1].node.Propose(data))
				c.settle()
				out.Reset()
			}
		})
	}
}
