//go:build with_tla

package generate

import (
	"fmt"
	"math"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// node is one server: raft, its disk, and the application that runs it.
type node struct {
	id      uint64
	cluster *cluster
	raft    *raft.RawNode // nil while the server is down
	storage *raft.MemoryStorage
	conf    pb.ConfState // as of applied
	applied uint64

	ready    *raft.Ready  // taken, but not written yet
	written  bool         // ready is on disk; Advance is due
	appends  []pb.Message // asynchronous storage: writes under way
	applies  []pb.Message
	snapshot uint64 // index of the latest snapshot

	before disk // what was on disk before the latest write, for faults
}

type disk struct {
	hard pb.HardState
	last uint64
}

// keeper is a MemoryStorage that restarts with the latest configuration that was applied.
type keeper struct {
	*raft.MemoryStorage
	conf pb.ConfState
}

func (k keeper) InitialState() (pb.HardState, pb.ConfState, error) {
	hs, _, err := k.MemoryStorage.InitialState()
	return hs, k.conf, err
}

func (n *node) up() bool { return n.raft != nil }

func (n *node) start() {
	o := &n.cluster.options
	config := &raft.Config{
		ID: n.id, ElectionTick: 10, HeartbeatTick: 1, Storage: n.storage, MaxSizePerMsg: math.MaxUint64, MaxInflightMsgs: 256,
		PreVote: o.PreVote, CheckQuorum: o.CheckQuorum, AsyncStorageWrites: o.Async, StepDownOnRemoval: o.StepDown,
		Logger: silent{}, TraceLogger: n.cluster.tracer,
	}
	if o.Small {
		config.MaxSizePerMsg, config.MaxInflightMsgs, config.MaxUncommittedEntriesSize = 30, 2, 200
		config.MaxCommittedSizePerReady = 60
	}
	if o.KeepsConf {
		config.Storage = keeper{n.storage, n.conf}
		config.Applied = n.applied
		if n.applied == 0 {
			config.Storage = n.storage
		}

	} else {
		snap, err := n.storage.Snapshot()
		must(err)
		n.applied, n.conf = snap.Metadata.Index, snap.Metadata.ConfState
		config.Applied = n.applied
	}
	hs, _, err := n.storage.InitialState()
	must(err)
	if n.applied > hs.Commit { // what the application applied it remembers, and that it was committed
		hs.Commit = n.applied
		must(n.storage.SetHardState(hs))
	}
	r, err := raft.NewRawNode(config)
	must(err)
	n.raft = r
}

// crash stops the server. What was not written is lost.
func (n *node) crash() {
	if !n.up() {
		return
	}
	n.cluster.summary.Crashes++
	n.cluster.damage(n)
	n.raft, n.ready, n.written, n.appends, n.applies = nil, nil, false, nil, nil
}

func (n *node) compact() {
	if n.applied <= n.snapshot {
		return
	}
	if _, err := n.storage.CreateSnapshot(n.applied, &n.conf, nil); err != nil {
		return
	}
	n.cluster.summary.Compactions++
	n.snapshot = n.applied
	keep := uint64(n.cluster.chance.IntN(4))
	if n.applied > keep {
		_ = n.storage.Compact(n.applied - keep)
	}
}

func (n *node) propose() {
	o := &n.cluster.options
	entries := 1
	if o.Batch {
		entries += n.cluster.chance.IntN(3)
	}
	m := pb.Message{Type: pb.MsgProp, From: n.id}
	for range entries {
		n.cluster.value++
		m.Entries = append(m.Entries, pb.Entry{Data: fmt.Appendf(nil, "value %d", n.cluster.value)})
	}
	_ = n.raft.Step(m)
}

func (n *node) proposeConf() {
	c := n.cluster
	var change pb.ConfChangeV2
	changes := 1
	if c.options.Joint {
		changes += c.chance.IntN(2)
		change.Transition = []pb.ConfChangeTransition{pb.ConfChangeTransitionAuto, pb.ConfChangeTransitionJointImplicit, pb.ConfChangeTransitionJointExplicit}[c.chance.IntN(3)]
		if c.chance.IntN(3) == 0 && len(n.conf.VotersOutgoing) > 0 {
			_ = n.raft.ProposeConfChange(pb.ConfChangeV2{})
			return
		}
	}
	for range changes {
		change.Changes = append(change.Changes, n.oneChange())
	}
	if len(change.Changes) == 1 && !c.options.Joint && c.chance.IntN(2) == 0 {
		single := change.Changes[0]
		_ = n.raft.ProposeConfChange(pb.ConfChange{Type: single.Type, NodeID: single.NodeID})
		return
	}
	_ = n.raft.ProposeConfChange(change)
}

// oneChange adds a server, removes one of more than two, or makes it a learner.
func (n *node) oneChange() pb.ConfChangeSingle {
	c := n.cluster
	voters := n.conf.Voters
	if c.options.Update && c.chance.IntN(3) == 0 && len(voters) > 0 {
		return pb.ConfChangeSingle{Type: pb.ConfChangeUpdateNode, NodeID: voters[0]}
	}
	if len(n.conf.Learners) > 0 && c.chance.IntN(2) == 0 {
		return pb.ConfChangeSingle{Type: pb.ConfChangeAddNode, NodeID: n.conf.Learners[0]}
	}
	if len(voters) > 3 && c.chance.IntN(2) == 0 {
		id := voters[c.chance.IntN(len(voters))]
		if c.options.Learners && c.chance.IntN(2) == 0 {
			return pb.ConfChangeSingle{Type: pb.ConfChangeAddLearnerNode, NodeID: id}
		}
		return pb.ConfChangeSingle{Type: pb.ConfChangeRemoveNode, NodeID: id}
	}
	c.newest++
	kind := pb.ConfChangeAddNode
	if c.options.Learners && c.chance.IntN(2) == 0 {
		kind = pb.ConfChangeAddLearnerNode
	}
	return pb.ConfChangeSingle{Type: kind, NodeID: c.newest}
}

func (n *node) report() {
	c := n.cluster
	id := c.ids[c.chance.IntN(len(c.ids))]
	switch c.chance.IntN(3) {
	case 0:
		n.raft.ReportUnreachable(id)
	case 1:
		n.raft.ReportSnapshot(id, raft.SnapshotFinish)
	default:
		n.raft.ReportSnapshot(id, raft.SnapshotFailure)
	}
}

// work goes on with what raft has ready.
func (n *node) work() {
	switch {
	case n.cluster.options.Async:
		n.workAsync()
	case n.ready == nil:
		if !n.raft.HasReady() {
			return
		}
		rd := n.raft.Ready()
		n.ready = &rd
		if !n.cluster.happens(n.cluster.options.Lag) {
			n.write()
			n.finish()
		}
	case !n.written:
		n.write()
	default:
		n.finish()
	}
}

// write puts what is ready on disk and sends what waited for it.
func (n *node) write() {
	rd := n.ready
	n.store(rd.Entries, rd.HardState, &rd.Snapshot)
	for _, m := range rd.Messages {
		n.cluster.send(m)
	}
	n.written = true
}

// finish applies what is committed and tells raft so.
func (n *node) finish() {
	rd := n.ready
	n.apply(rd.CommittedEntries)
	n.raft.Advance(*rd)
	n.ready, n.written = nil, false
}

func (n *node) store(entries []pb.Entry, hard pb.HardState, snapshot *pb.Snapshot) {
	was, _, err := n.storage.InitialState()
	must(err)
	last, err := n.storage.LastIndex()
	must(err)
	n.before = disk{was, last}
	if !raft.IsEmptySnap(*snapshot) {
		n.cluster.summary.Snapshots++
		must(n.storage.ApplySnapshot(*snapshot))
		n.applied, n.conf, n.snapshot = snapshot.Metadata.Index, snapshot.Metadata.ConfState, snapshot.Metadata.Index
	}
	must(n.storage.Append(entries))
	if !raft.IsEmptyHardState(hard) {
		must(n.storage.SetHardState(hard))
	}
}

func (n *node) apply(entries []pb.Entry) {
	for _, e := range entries {
		if e.Index <= n.applied {
			panic("generate: an entry is applied twice")
		}
		switch e.Type {
		case pb.EntryConfChange:
			var cc pb.ConfChange
			must(cc.Unmarshal(e.Data))
			if n.cluster.refuses(e.Index) {
				cc.NodeID = 0
			}
			n.conf = *n.raft.ApplyConfChange(cc)
			n.cluster.joined(cc.AsV2())
		case pb.EntryConfChangeV2:
			var cc pb.ConfChangeV2
			must(cc.Unmarshal(e.Data))
			if n.cluster.refuses(e.Index) {
				for k := range cc.Changes {
					cc.Changes[k].NodeID = 0
				}
			}
			n.conf = *n.raft.ApplyConfChange(cc)
			n.cluster.joined(cc)
		}
		n.applied = e.Index
	}
}

// refuses reports whether the application refuses the change of configuration at an index, on every server alike.
func (c *cluster) refuses(index uint64) bool {
	return c.options.Refuse && index > uint64(c.options.Servers) && index%3 == 0
}

// joined starts servers that a change of configuration adds.
func (c *cluster) joined(cc pb.ConfChangeV2) {
	for _, change := range cc.Changes {
		if change.NodeID != 0 && c.nodes[change.NodeID] == nil && change.Type != pb.ConfChangeRemoveNode {
			c.summary.Confs++
			c.create(change.NodeID, false)
		}
	}
}

// workAsync takes a Ready, or goes on with one of the storage threads.
func (n *node) workAsync() {
	switch {
	case len(n.appends) > 0 && n.cluster.chance.IntN(2) == 0:
		m := n.appends[0]
		n.appends = n.appends[1:]
		snapshot := pb.Snapshot{}
		if m.Snapshot != nil {
			snapshot = *m.Snapshot
		}
		n.store(m.Entries, pb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}, &snapshot)
		n.respond(m.Responses)
	case len(n.applies) > 0 && n.cluster.chance.IntN(2) == 0:
		m := n.applies[0]
		n.applies = n.applies[1:]
		n.apply(m.Entries)
		n.respond(m.Responses)
	case n.raft.HasReady():
		rd := n.raft.Ready()
		for _, m := range rd.Messages {
			switch m.To {
			case raft.LocalAppendThread:
				n.appends = append(n.appends, m)
			case raft.LocalApplyThread:
				n.applies = append(n.applies, m)
			default:
				n.cluster.send(m)
			}
		}
	}
}

func (n *node) respond(responses []pb.Message) {
	for _, m := range responses {
		if m.To == n.id {
			_ = n.raft.Step(m)
			continue
		}
		n.cluster.send(m)
	}
}

// silent is a logger that only panics.
type silent struct{}

func (silent) Debug(...any)            {}
func (silent) Debugf(string, ...any)   {}
func (silent) Error(...any)            {}
func (silent) Errorf(string, ...any)   {}
func (silent) Info(...any)             {}
func (silent) Infof(string, ...any)    {}
func (silent) Warning(...any)          {}
func (silent) Warningf(string, ...any) {}
func (silent) Fatal(v ...any)          { panic(fmt.Sprint(v...)) }
func (silent) Fatalf(f string, v ...any) {
	panic(fmt.Sprintf(f, v...))
}
func (silent) Panic(v ...any)            { panic(fmt.Sprint(v...)) }
func (silent) Panicf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
