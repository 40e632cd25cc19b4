// Code generated from ../cluster_test.go by go generate; DO NOT EDIT.

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

// world says what a cluster is made of and what happens to it.
type world struct {
	config  func(*raft.Config)
	changes bool // of the configuration, to a fourth server and back
	late    bool // Readies are recorded when they are advanced, not before their messages leave
	apart   bool // every server records by itself
	founded byte // the cluster is founded with Bootstrap, before (b) or after (a) a server is recorded; 0 is a snapshot on disk
}

// cluster is servers of the real library in one goroutine, and a network that loses, doubles and delays. Timers fire when they are told
// to, since the library draws timeouts from the operating system's random numbers.
type cluster struct {
	world
	t        testing.TB
	chance   *rand.Rand
	recorder map[uint64]*record.Recorder // of every server; nil if none is recorded
	outs     []*bytes.Buffer             // where they write
	servers  map[uint64]*server
	ids      []uint64
	network  []message
}

// node is a RawNode, recorded or not.
type node interface {
	Tick()
	Campaign() error
	Propose([]byte) error
	ProposeConfChange(raftpb.ConfChangeI) error
	ApplyConfChange(raftpb.ConfChangeI) *raftpb.ConfState
	Step(message) error
	ReadIndex([]byte)
	TransferLeader(uint64)
	ForgetLeader() error
	ReportUnreachable(uint64)
	ReportSnapshot(uint64, raft.SnapshotStatus)
	BasicStatus() raft.BasicStatus
	HasReady() bool
	Ready() raft.Ready
	Advance(raft.Ready)
}

var _ node = (*raft.RawNode)(nil)

type server struct {
	node
	recorded *etcd.RawNode // nil if it is not
	disk     disk
	conf     *raftpb.ConfState
	applied  uint64
	storing  []message // MsgStorageAppend on the way to the disk
}

const electionTick = 10

func start(t testing.TB, seed uint64, out *bytes.Buffer, w world) *cluster {
	c := &cluster{world: w, t: t, chance: rand.New(rand.NewPCG(seed, 1)), servers: map[uint64]*server{}, ids: []uint64{1, 2, 3}}
	voters := []uint64{1, 2, 3}
	if w.changes {
		c.ids = append(c.ids, 4)
	}
	if out != nil {
		c.record(out)
	}
	for _, id := range c.ids {
		s := &server{disk: disk{raft.NewMemoryStorage()}, conf: &raftpb.ConfState{}}
		if id <= 3 && w.founded == 0 {
			s.disk, s.conf, s.applied = newDisk(t, voters), &raftpb.ConfState{Voters: voters}, 1
		}
		c.servers[id] = s
		c.boot(id)
		if id <= 3 && w.founded == 'a' {
			require.NoError(t, s.node.(interface{ Bootstrap([]raft.Peer) error }).Bootstrap(founders))
		}
	}
	return c
}

var founders = []raft.Peer{{ID: 1}, {ID: 2}, {ID: 3}}

// record makes the recorders: one for all servers, or one for each.
func (c *cluster) record(out *bytes.Buffer) {
	c.recorder = map[uint64]*record.Recorder{}
	for _, id := range c.ids {
		if id > 1 && !c.apart {
			c.recorder[id] = c.recorder[1]
			continue
		}
		if c.apart {
			out = &bytes.Buffer{}
		}
		r, err := record.New(out, record.Header{Servers: servers(c.ids), Variants: etcd.Variants}, record.Options{})
		require.NoError(c.t, err)
		c.recorder[id], c.outs = r, append(c.outs, out)
	}
}

func servers(ids []uint64) (all []spec.ServerID) {
	for _, id := range ids {
		all = append(all, spec.ServerID(id))
	}
	return all
}

// boot starts a server from its disk: a new RawNode, and nothing of the old one.
func (c *cluster) boot(id uint64) {
	s := c.servers[id]
	s.applied, s.conf = s.disk.snapshot()
	if term, vote, commit := s.disk.hard(); commit < s.applied {
		s.disk.setHard(c.t, term, vote, s.applied)
	}
	config := &raft.Config{ID: id, ElectionTick: electionTick, HeartbeatTick: 1, Storage: s.disk, Applied: s.applied, MaxSizePerMsg: 1 << 20,
		MaxInflightMsgs: 16, Logger: silent{}}
	if c.config != nil {
		c.config(config)
	}
	plain, err := raft.NewRawNode(config)
	require.NoError(c.t, err)
	if last, _ := s.disk.LastIndex(); id <= 3 && c.founded == 'b' && last == 0 {
		require.NoError(c.t, plain.Bootstrap(founders))
	}
	s.node, s.storing = plain, nil
	if c.recorder == nil {
		return
	}
	s.recorded, err = etcd.Wrap(plain, config, c.recorder[id].Server(spec.ServerID(id)), etcd.Options{Keep: 8})
	require.NoError(c.t, err)
	s.node = s.recorded
}

// drain does what the library asks for.
func (c *cluster) drain(id uint64) {
	s := c.servers[id]
	for s.HasReady() {
		rd := s.Ready()
		if s.asynchronous(c) {
			c.handOut(s, &rd)
			continue
		}
		s.disk.save(c.t, &rd)
		if index, conf, is := readySnapshot(&rd); is {
			s.applied, s.conf = index, conf
		}
		if s.recorded != nil && !c.late {
			s.recorded.Saved()
		}
		if !c.late || c.apart {
			c.send(s, rd.Messages)
		}
		c.apply(s, rd.CommittedEntries)
		s.Advance(rd)
		if c.late && !c.apart {
			c.send(s, rd.Messages)
		}
	}
}

// asynchronous tells from the world's configuration.
func (s *server) asynchronous(c *cluster) bool {
	var config raft.Config
	if c.config != nil {
		c.config(&config)
	}
	return config.AsyncStorageWrites
}

func (c *cluster) apply(s *server, entries []entry) {
	for _, e := range entries {
		s.applied = indexOf(e)
		if change := changeOf(c.t, e); change != nil {
			s.conf = s.ApplyConfChange(change)
			s.disk.keep(s.applied, s.conf) // a server that is new is in no older snapshot
		}
	}
}

func (c *cluster) send(s *server, messages []message) {
	for _, m := range messages {
		c.network = append(c.network, clone(m))
		if typeOf(m) == sendsSnapshot {
			s.ReportSnapshot(toOf(m), raft.SnapshotFinish)
		}
	}
}

// handOut takes a Ready of a server with asynchronous storage apart.
func (c *cluster) handOut(s *server, rd *raft.Ready) {
	for _, m := range rd.Messages {
		switch typeOf(m) {
		case storageAppend:
			s.storing = append(s.storing, clone(m))
		case storageApply:
			c.apply(s, entriesOf(m))
			c.respond(s, m)
		default:
			c.send(s, []message{m})
		}
	}
}

// store lets the oldest write reach the disk. A server that crashes before it says so is not recorded to have it there.
func (c *cluster) store(s *server, crashes bool) {
	m := s.storing[0]
	s.storing = s.storing[1:]
	if s.recorded != nil {
		s.recorded.Storing(m)
	}
	s.disk.saveMessage(c.t, m)
	if crashes {
		return
	}
	if index, conf, is := messageSnapshot(m); is {
		s.applied, s.conf = index, conf
	}
	if s.recorded != nil {
		s.recorded.Stored(m)
	}
	c.respond(s, m)
}

func (c *cluster) respond(s *server, m message) {
	for _, r := range responsesOf(m) {
		if toOf(r) == s.BasicStatus().ID {
			_ = s.Step(clone(r))
		} else {
			c.send(s, []message{r})
		}
	}
}

// timeout lets a timer fire: a leader's, or another server's election timer.
func (c *cluster) timeout(s *server) {
	before := s.BasicStatus()
	if before.RaftState == raft.StateLeader {
		s.Tick()
		return
	}
	for range 2 * electionTick { // no timeout is longer
		s.Tick()
		if now := s.BasicStatus(); now.RaftState != before.RaftState || s.HasReady() {
			return
		}
	}
}

// step makes one thing happen, by chance.
func (c *cluster) step() {
	id := c.ids[c.chance.IntN(len(c.ids))]
	s := c.servers[id]
	switch n := c.chance.IntN(200); {
	case n < 130 && len(c.network) > 0:
		id = c.deliverAny(id)
	case n < 160:
		if s.BasicStatus().RaftState == raft.StateLeader || c.chance.IntN(8) == 0 {
			c.timeout(s)
		}
	case n < 162:
		_ = s.Campaign()
	case n < 182:
		_ = s.Propose(fmt.Append(nil, "command ", c.chance.IntN(1000)))
	case n < 185:
		c.crash(id)
	case n < 188 && s.applied > 20:
		s.disk.compact(s.applied, s.conf)
	case n < 190:
		s.ReadIndex([]byte("read"))
	case n < 192:
		s.TransferLeader(c.ids[c.chance.IntN(len(c.ids))])
	case n < 193:
		_ = s.ForgetLeader()
	case n < 194:
		s.ReportUnreachable(c.ids[c.chance.IntN(len(c.ids))])
	case n < 200 && c.changes:
		c.reconfigure(s)
	}
	if s = c.servers[id]; c.chance.IntN(4) > 0 { // else a Ready is of several inputs
		c.drain(id)
	}
	for len(s.storing) > 0 && c.chance.IntN(3) > 0 {
		c.store(s, false)
	}
}

// deliverAny lets a message of the network arrive, and returns the server to which it went.
func (c *cluster) deliverAny(id uint64) uint64 {
	k := c.chance.IntN(len(c.network))
	m := c.network[k]
	if c.chance.IntN(20) > 0 { // else it stays in the network too
		c.network = append(c.network[:k], c.network[k+1:]...)
	}
	if c.servers[toOf(m)] == nil || c.chance.IntN(20) == 0 { // it is lost
		return id
	}
	_ = c.servers[toOf(m)].Step(clone(m))
	return toOf(m)
}

// crash lets a server lose all but its disk, perhaps just after it wrote what nobody was told of. With asynchronous storage no term is
// lost: the library may have asked for votes in it, and would vote for another (docs/adapters.md).
func (c *cluster) crash(id uint64) {
	s := c.servers[id]
	for len(s.storing) > 0 && s.disk.raisesTerm(s.storing) {
		c.store(s, true)
	}
	switch {
	case len(s.storing) > 0 && c.chance.IntN(2) == 0:
		c.store(s, true)
	case !s.asynchronous(c) && s.HasReady() && c.chance.IntN(2) == 0:
		rd := s.Ready()
		s.disk.save(c.t, &rd)
		if index, conf, is := readySnapshot(&rd); is {
			s.applied, s.conf = index, conf
		}
	}
	c.boot(id)
}

func (c *cluster) reconfigure(s *server) {
	changes := []raftpb.ConfChangeI{change(addLearner, 4), change(addNode, 4), change(removeNode, 4), change(addNode, 3, 4), change(removeNode, 3, 4), change(addNode, 3)}
	_ = s.ProposeConfChange(changes[c.chance.IntN(len(changes))])
}

// settle delivers everything, in the order in which it was sent.
func (c *cluster) settle() {
	for _, id := range c.ids {
		c.drain(id)
	}
	for len(c.network) > 0 {
		m := c.network[0]
		c.network = c.network[1:]
		require.NoError(c.t, c.servers[toOf(m)].Step(clone(m)))
		c.drain(toOf(m))
	}
}

// deliver delivers everything that is on the way from one server to another.
func (c *cluster) deliver(to, from uint64) {
	for k := 0; k < len(c.network); k++ {
		if m := c.network[k]; toOf(m) == to && fromOf(m) == from {
			require.NoError(c.t, c.servers[to].Step(clone(m)))
			c.drain(to)
			c.network = append(c.network[:k], c.network[k+1:]...)
			k--
		}
	}
}

// recorded returns the record of all servers.
func (c *cluster) recorded() []byte {
	if len(c.outs) == 1 {
		return c.outs[0].Bytes()
	}
	var sources []traces.Source
	for _, out := range c.outs {
		lines, err := traces.NewLines("recorded", out)
		require.NoError(c.t, err)
		source, err := traces.NewReader(lines, traces.Options{})
		require.NoError(c.t, err)
		sources = append(sources, source)
	}
	var joined bytes.Buffer
	require.NoError(c.t, traces.Join(&joined, sources...))
	return joined.Bytes()
}

// verify judges by some rules, or by all.
func verify(t testing.TB, trace []byte, rules ...*spec.Rule) *traces.Result {
	t.Helper()
	lines, err := traces.NewLines("recorded", bytes.NewReader(trace))
	require.NoError(t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{Rules: rules, KeepGoing: true})
	require.NoError(t, err)
	return result
}
