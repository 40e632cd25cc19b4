// Package etcd records what a server of go.etcd.io/raft/v3 v3.7 does, by a wrapper around its RawNode. For v3.6 there is
// traces/record/etcd/raft36.
//
//	recorder, err := record.Open("n1.trace", record.Header{Servers: []spec.ServerID{1, 2, 3}, Variants: etcd.Variants}, record.Options{})
//	…
//	plain, err := raft.NewRawNode(config)
//	…
//	node, err := etcd.Wrap(plain, config, recorder.Server(1), etcd.Options{})
//
// From then on node is used in place of plain, whose methods it has. A Ready counts as written to disk, and then sent, when Saved is
// called, or else when it is advanced. With AsyncStorageWrites the program calls Storing before it writes a MsgStorageAppend, and
// Stored after.
//
// What the library does by itself is all recorded; what Node of the same library does is not, since it has its RawNode within.
package etcd

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

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
	id      uint64
	records *rawnode.Node
	ready   raft.Ready // what was handed out last; records refer to it
}

// Wrap records a server from here on. config is what the RawNode was made with.
func Wrap(n *raft.RawNode, config *raft.Config, server *record.Server, o Options) (*RawNode, error) {
	if o.Keep == 0 {
		o.Keep = 256
	}
	disk, err := load(config.Storage, o.Keep)
	if err != nil {
		return nil, err
	}
	disk.Async = config.AsyncStorageWrites
	w := &RawNode{RawNode: n, id: config.ID}
	disk.Conf = w.conf()
	w.records = rawnode.Start(server, o, disk, w.status(), w.progress)
	return w, nil
}

// conf is the configuration in force. It is not that of the storage if the cluster was founded with Bootstrap.
func (n *RawNode) conf() rawnode.ConfState {
	c := n.Status().Config
	conf := rawnode.ConfState{Voters: c.Voters[0].Slice(), Outgoing: c.Voters[1].Slice()}
	for id := range c.Learners {
		conf.Learners = append(conf.Learners, id)
	}
	return conf
}

// load reads from a storage what a server starts with: of its log the last entries, and
// those that are not committed.
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
	disk = rawnode.Disk{Term: hard.GetTerm(), Vote: hard.GetVote(), Commit: hard.GetCommit(), FirstIndex: first, Conf: confState(conf)}
	if last >= first+uint64(keep) {
		disk.FirstIndex = max(first, min(last-uint64(keep), hard.GetCommit())+1)
	}
	if disk.BeforeTerm, err = s.Term(disk.FirstIndex - 1); err != nil {
		disk.BeforeTerm = 0 // a storage need not know it
	}
	if last >= disk.FirstIndex {
		stored, err := s.Entries(disk.FirstIndex, last+1, ^uint64(0))
		if err != nil {
			return disk, err
		}
		disk.Entries = entries(stored)
	}
	return disk, nil
}

// Bootstrap is RawNode.Bootstrap. It may also be called before Wrap.
func (n *RawNode) Bootstrap(peers []raft.Peer) error {
	err := n.RawNode.Bootstrap(peers)
	if err == nil {
		n.records.Configured(n.conf())
		n.records.Other(n.status(), n.HasReady())
	}
	return err
}

// Tick is RawNode.Tick.
func (n *RawNode) Tick() {
	before, idle := n.status(), !n.HasReady()
	n.RawNode.Tick()
	in := spec.Input{Kind: spec.Timeout}
	if before.Role == rawnode.Leader {
		in.Kind = spec.Heartbeat
	}
	after, ready := n.status(), n.HasReady()
	if idle && ready && before == after {
		n.records.Input(in, after, ready)
		return
	}
	n.records.Changed(in, before, after, ready)
}

// Campaign is RawNode.Campaign.
func (n *RawNode) Campaign() error {
	before := n.status()
	err := n.RawNode.Campaign()
	n.records.Changed(spec.Input{Kind: spec.Timeout}, before, n.status(), n.HasReady())
	return err
}

// Propose is RawNode.Propose.
func (n *RawNode) Propose(data []byte) error {
	err := n.RawNode.Propose(data)
	if err == nil {
		n.records.Propose(data, n.status(), n.HasReady())
	}
	return err
}

// ProposeConfChange is RawNode.ProposeConfChange.
func (n *RawNode) ProposeConfChange(cc raftpb.ConfChangeI) error {
	err := n.RawNode.ProposeConfChange(cc)
	n.records.Other(n.status(), n.HasReady())
	return err
}

// Step is RawNode.Step.
func (n *RawNode) Step(m *raftpb.Message) error {
	told := message(m) // which the library may change
	err := n.RawNode.Step(m)
	n.records.Receive(&told, n.status(), n.HasReady())
	return err
}

// ReadIndex is RawNode.ReadIndex.
func (n *RawNode) ReadIndex(context []byte) {
	n.RawNode.ReadIndex(context)
	n.records.Input(spec.Input{Kind: spec.ReadIndex, Value: string(context)}, n.status(), n.HasReady())
}

// TransferLeader is RawNode.TransferLeader.
func (n *RawNode) TransferLeader(to uint64) {
	n.RawNode.TransferLeader(to)
	n.records.Input(spec.Input{Kind: spec.Transfer, Peer: spec.ServerID(to)}, n.status(), n.HasReady())
}

// ForgetLeader is RawNode.ForgetLeader.
func (n *RawNode) ForgetLeader() error {
	err := n.RawNode.ForgetLeader()
	n.records.Other(n.status(), n.HasReady())
	return err
}

// ReportUnreachable is RawNode.ReportUnreachable.
func (n *RawNode) ReportUnreachable(id uint64) {
	n.RawNode.ReportUnreachable(id)
	n.records.Other(n.status(), n.HasReady())
}

// ReportSnapshot is RawNode.ReportSnapshot.
func (n *RawNode) ReportSnapshot(id uint64, status raft.SnapshotStatus) {
	n.RawNode.ReportSnapshot(id, status)
	n.records.Other(n.status(), n.HasReady())
}

// ApplyConfChange is RawNode.ApplyConfChange.
func (n *RawNode) ApplyConfChange(cc raftpb.ConfChangeI) *raftpb.ConfState {
	conf := n.RawNode.ApplyConfChange(cc)
	n.records.Configured(confState(conf))
	n.records.Other(n.status(), n.HasReady())
	return conf
}

// Ready is RawNode.Ready.
func (n *RawNode) Ready() raft.Ready {
	n.ready = n.RawNode.Ready()
	n.records.Ready(ready(&n.ready), n.status())
	return n.ready
}

// Saved records the Ready that was handed out last. Call it when what the Ready asks to be written is on disk, and before its
// messages leave, if servers share a recorder or their files are merged: a message must not arrive before it is recorded as
// sent. Otherwise Advance does it.
func (n *RawNode) Saved() { n.records.Saved() }

// Storing notes that a program with asynchronous storage begins to write a MsgStorageAppend. It may be called by any goroutine.
func (n *RawNode) Storing(m *raftpb.Message) {
	rd := stored(m)
	n.records.Storing(&rd)
}

// Stored records that a MsgStorageAppend is on disk. Call it before the message's responses are sent and stepped. It may be called
// by any goroutine.
func (n *RawNode) Stored(m *raftpb.Message) {
	rd := stored(m)
	n.records.Stored(&rd)
}

// Advance is RawNode.Advance.
func (n *RawNode) Advance(rd raft.Ready) {
	n.RawNode.Advance(rd)
	n.records.Advance(n.status(), n.HasReady())
}

func (n *RawNode) status() rawnode.Status {
	b := n.BasicStatus()
	return rawnode.Status{Role: rawnode.Role(b.RaftState), Term: b.GetTerm(), Vote: b.GetVote(), Commit: b.GetCommit(), Applied: b.Applied, Lead: b.Lead}
}

// progress returns what a leader believes of the others; the library tells it in the order of their ids.
func (n *RawNode) progress() (all []spec.Progress) {
	n.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
		if id != n.id {
			all = append(all, spec.Progress{Server: spec.ServerID(id), NextIndex: spec.Index(p.Next), MatchIndex: spec.Index(p.Match)})
		}
	})
	return all
}
