//go:build with_tla

package main

import (
	"io"
	"log"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// cluster is some servers of etcd's raft and the messages between them. Nothing happens by itself: no ticks, no goroutines.
type cluster struct {
	logger  raft.TraceLogger
	servers map[uint64]*server
	ids     []uint64
	flight  []raftpb.Message
	cut     uint64 // the server that nothing reaches or leaves; 0 for none
}

// server is one server and its disk.
type server struct {
	*raft.RawNode
	disk *raft.MemoryStorage
}

func newCluster(logger raft.TraceLogger, size int) *cluster {
	c := &cluster{logger: logger, servers: map[uint64]*server{}}
	for id := uint64(1); id <= uint64(size); id++ {
		c.ids = append(c.ids, id)
	}
	for _, id := range c.ids {
		c.start(id, raft.NewMemoryStorage())
		must(c.servers[id].Bootstrap(c.peers()))
		c.work(id)
	}
	return c
}

func (c *cluster) peers() []raft.Peer {
	var all []raft.Peer
	for _, id := range c.ids {
		all = append(all, raft.Peer{ID: id})
	}
	return all
}

// start makes a server from its disk.
func (c *cluster) start(id uint64, disk *raft.MemoryStorage) {
	node, err := raft.NewRawNode(&raft.Config{ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: disk, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16,
		Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}, TraceLogger: c.logger})
	must(err)
	c.servers[id] = &server{node, disk}
}

// restart stops a server and starts it again from its disk. With forgetting, the vote is gone.
func (c *cluster) restart(id uint64, forgetting bool) {
	disk := c.servers[id].disk
	if forgetting {
		hard, _, err := disk.InitialState()
		must(err)
		hard.Vote = raft.None
		must(disk.SetHardState(hard))
	}
	c.start(id, disk)
}

func (c *cluster) campaign(id uint64) {
	must(c.servers[id].Campaign())
	c.work(id)
}

func (c *cluster) propose(id uint64, value string) {
	must(c.servers[id].Propose([]byte(value)))
	c.work(id)
}

// beat lets a leader send heartbeats.
func (c *cluster) beat(id uint64) {
	c.servers[id].Tick()
	c.work(id)
}

// work does all that a server asks for: it stores, sends and applies.
func (c *cluster) work(id uint64) {
	s := c.servers[id]
	for s.HasReady() {
		ready := s.Ready()
		must(s.disk.Append(ready.Entries))
		if !raft.IsEmptyHardState(ready.HardState) {
			must(s.disk.SetHardState(ready.HardState))
		}
		c.flight = append(c.flight, ready.Messages...)
		for _, e := range ready.CommittedEntries {
			s.apply(e)
		}
		s.Advance(ready)
	}
}

// apply applies a committed entry: a change of the cluster, or a command, which this program has no use for.
func (s *server) apply(e raftpb.Entry) {
	if e.Type == raftpb.EntryConfChange {
		var change raftpb.ConfChange
		must(change.Unmarshal(e.Data))
		s.ApplyConfChange(change)
	}
}

func (c *cluster) cutOff(id uint64) { c.cut = id }
func (c *cluster) join()            { c.cut = 0 }

// deliver lets the first message between two servers arrive.
func (c *cluster) deliver(from, to uint64) {
	if m, found := c.take(from, to); found {
		_ = c.servers[to].Step(m) // what it refuses it refuses
		c.work(to)
	}
}

// drop loses the first message between two servers.
func (c *cluster) drop(from, to uint64) { c.take(from, to) }

func (c *cluster) take(from, to uint64) (raftpb.Message, bool) {
	for k, m := range c.flight {
		if m.From == from && m.To == to {
			c.flight = append(c.flight[:k:k], c.flight[k+1:]...)
			return m, true
		}
	}
	return raftpb.Message{}, false
}

// settle lets messages arrive until none is in flight. Those from and to a server that is cut off are lost.
func (c *cluster) settle() {
	for len(c.flight) > 0 {
		m := c.flight[0]
		if m.From == c.cut || m.To == c.cut {
			c.drop(m.From, m.To)
			continue
		}
		c.deliver(m.From, m.To)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
