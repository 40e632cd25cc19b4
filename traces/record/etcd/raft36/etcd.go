// Package etcd records what a server of go.etcd.io/raft/v3 v3.6 does, by a wrapper around its RawNode. It is traces/record/etcd with the
// types of that release.
//
//	recorder, err := record.Open("n1.trace", record.Header{Servers: []spec.ServerID{1, 2, 3}, Variants: etcd.Variants}, record.Options{})
//	…
//	plain, err := raft.NewRawNode(config)
//	…
//	node, err := etcd.Wrap(plain, config, recorder.Server(1), etcd.Options{})
//
// From then on node is used in place of plain, whose methods it has. A Ready counts as written to disk, and then sent, when it is
// advanced. AsyncStorageWrites hands out more than a wrapper of RawNode sees, and is refused.
package etcd

import (
	"errors"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/rawnode"
)

// Options say what records show. The zero value tells commands apart without telling them.
type Options = rawnode.Options

// Variants are the ways in which etcd's raft differs from the paper, for the header of a trace.
var Variants = spec.Variants{spec.SilentOnStale}

// RawNode is a raft.RawNode that is recorded. Its methods are those of raft.RawNode, and like that it is used by one goroutine at a time.
type RawNode struct {
	*raft.RawNode
	records *rawnode.Node
	ready   raft.Ready // what was handed out last; records refer to it
}

// Wrap records a server from here on. config is what the RawNode was made with.
func Wrap(n *raft.RawNode, config *raft.Config, server *record.Server, o Options) (*RawNode, error) {
	if config.AsyncStorageWrites {
		return nil, errors.New("traces/record/etcd/raft36: AsyncStorageWrites cannot be recorded")
	}
	if o.Keep == 0 {
		o.Keep = 256
	}
	disk, err := load(config.Storage, o.Keep)
	if err != nil {
		return nil, err
	}
	w := &RawNode{RawNode: n}
	w.records = rawnode.Start(server, o, disk, w.status())
	return w, nil
}

// load reads from a storage what a server starts with: of its log the last entries.
func load(s raft.Storage, keep int) (disk rawnode.Disk, err error) {
	hard, conf, err := s.InitialState()
	if err != nil {
		return disk, err
	}
	first, err := s.FirstIndex()
	if err != nil {
		return disk, err
	}
	last, err := s.LastIndex()
	if err != nil {
		return disk, err
	}
	disk = rawnode.Disk{Term: hard.Term, Vote: hard.Vote, FirstIndex: first, Conf: confState(&conf)}
	if last >= first+uint64(keep) {
		disk.FirstIndex = last - uint64(keep) + 1
	}
	disk.TermAt = func(i uint64) (uint64, bool) {
		term, err := s.Term(i)
		return term, err == nil
	}
	disk.BeforeTerm, _ = disk.TermAt(disk.FirstIndex - 1)
	if last >= disk.FirstIndex {
		stored, err := s.Entries(disk.FirstIndex, last+1, ^uint64(0))
		if err != nil {
			return disk, err
		}
		disk.Entries = entries(stored)
	}
	return disk, nil
}

// Tick is RawNode.Tick.
func (n *RawNode) Tick() {
	before, idle := n.status(), !n.HasReady()
	n.RawNode.Tick()
	after := n.status()
	in := spec.Input{Kind: spec.Timeout}
	if before.Role == rawnode.Leader {
		in.Kind = spec.Heartbeat
	}
	if idle && n.HasReady() && before == after {
		n.records.Input(in, after)
		return
	}
	n.records.Changed(in, before, after)
}

// Campaign is RawNode.Campaign.
func (n *RawNode) Campaign() error {
	before := n.status()
	err := n.RawNode.Campaign()
	n.records.Changed(spec.Input{Kind: spec.Timeout}, before, n.status())
	return err
}

// Propose is RawNode.Propose.
func (n *RawNode) Propose(data []byte) error {
	err := n.RawNode.Propose(data)
	if err == nil {
		n.records.Propose(data, n.status())
	}
	return err
}

// Step is RawNode.Step.
func (n *RawNode) Step(m raftpb.Message) error {
	told := message(&m) // which the library may change
	err := n.RawNode.Step(m)
	n.records.Receive(&told, n.status())
	return err
}

// ReadIndex is RawNode.ReadIndex.
func (n *RawNode) ReadIndex(context []byte) {
	n.RawNode.ReadIndex(context)
	n.records.Input(spec.Input{Kind: spec.ReadIndex, Value: string(context)}, n.status())
}

// TransferLeader is RawNode.TransferLeader.
func (n *RawNode) TransferLeader(to uint64) {
	n.RawNode.TransferLeader(to)
	n.records.Input(spec.Input{Kind: spec.Transfer, Peer: spec.ServerID(to)}, n.status())
}

// ApplyConfChange is RawNode.ApplyConfChange.
func (n *RawNode) ApplyConfChange(cc raftpb.ConfChangeI) *raftpb.ConfState {
	conf := n.RawNode.ApplyConfChange(cc)
	n.records.Configured(confState(conf))
	return conf
}

// Ready is RawNode.Ready.
func (n *RawNode) Ready() raft.Ready {
	n.ready = n.RawNode.Ready()
	n.records.Ready(ready(&n.ready), n.status())
	return n.ready
}

// Advance is RawNode.Advance.
func (n *RawNode) Advance(rd raft.Ready) {
	n.RawNode.Advance(rd)
	n.records.Advance(n.HasReady())
}

func (n *RawNode) status() rawnode.Status {
	b := n.BasicStatus()
	return rawnode.Status{Role: rawnode.Role(b.RaftState), Term: b.Term, Vote: b.Vote, Commit: b.Commit, Applied: b.Applied, Lead: b.Lead}
}
