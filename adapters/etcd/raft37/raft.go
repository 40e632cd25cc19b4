// Package raft37 makes servers of go.etcd.io/raft/v3 v3.7.
package raft37

import (
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// New returns a factory of servers.
func New(o etcd.Options) spec.Factory {
	key, copier := newKey(&o), statekey.NewCopier("google.golang.org/protobuf/internal/impl.MessageState")
	return etcd.New(func(id uint64, o *etcd.Options, disk *etcd.Disk) etcd.Library {
		return start(key, id, o, disk).(*server).by(copier)
	}, o)
}

// Words says what the payload of a message holds.
func Words(payload string) string {
	m := &raftpb.Message{}
	must(proto.Unmarshal([]byte(payload), m))
	told := message(m)
	return told.Words()
}

// newKey says what of a server is its state. Timers are not, where elections are inputs.
func newKey(o *etcd.Options) *statekey.Key {
	const raft, pb = "go.etcd.io/raft/v3.", "go.etcd.io/raft/v3/raftpb."
	skip := []string{"heartbeatElapsed", "randomizedElectionTimeout", "tick", "logger", "traceLogger"}
	if o.SkipsElapsed() {
		skip = append(skip, "electionElapsed")
	}
	return statekey.New(
		statekey.Skip(raft+"raft", skip...),
		statekey.Skip(raft+"raftLog", "logger"), statekey.Skip(raft+"unstable", "logger"),
		statekey.Skip(raft+"MemoryStorage", "Mutex", "callStats"),
		statekey.Skip("google.golang.org/protobuf/internal/impl.MessageState"),
		statekey.Skip(pb+"Entry", "sizeCache"), statekey.Skip(pb+"Message", "sizeCache"), statekey.Skip(pb+"HardState", "sizeCache"),
		statekey.Skip(pb+"Snapshot", "sizeCache"), statekey.Skip(pb+"SnapshotMetadata", "sizeCache"), statekey.Skip(pb+"ConfState", "sizeCache"),
		statekey.Ring("go.etcd.io/raft/v3/tracker.Inflights", "buffer", "start", "count"),
	)
}

// server is a RawNode and its storage.
type server struct {
	node    *raft.RawNode
	storage *storage
	votes   *map[uint64]bool  // in the node
	ready   raft.Ready        // the latest
	appends []*raftpb.Message // handed to asynchronous storage and not done, oldest first
	key     *statekey.Key
	copier  *statekey.Copier
}

// storage is a MemoryStorage that knows the configuration which the cluster begins with.
type storage struct {
	*raft.MemoryStorage
	first *raftpb.ConfState
}

// InitialState returns the configuration of the snapshot, or the first one.
func (s *storage) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	hard, conf, err := s.MemoryStorage.InitialState()
	if snap, _ := s.Snapshot(); snap.GetMetadata().GetIndex() == 0 {
		conf = s.first
	}
	return hard, conf, err
}

func start(key *statekey.Key, id uint64, o *etcd.Options, disk *etcd.Disk) etcd.Library {
	s := &server{storage: load(disk), key: key}
	perMessage := o.MaxSizePerMsg
	if perMessage == 0 {
		perMessage = ^uint64(0)
	}
	node, err := raft.NewRawNode(&raft.Config{
		ID: id, ElectionTick: o.ElectionTick(), HeartbeatTick: 1, Storage: s.storage, Applied: disk.Snapshot.Index,
		AsyncStorageWrites: o.AsyncStorage, MaxSizePerMsg: perMessage, MaxCommittedSizePerReady: ^uint64(0), MaxInflightMsgs: 256,
		CheckQuorum: o.CheckQuorum, PreVote: o.PreVote, Logger: etcd.Silent{}, ReadOnlyOption: readOnly(o),
	})
	if err != nil {
		panic(err)
	}
	s.lead(node)
	return s
}

// lead makes a node the server's.
func (s *server) lead(node *raft.RawNode) {
	votes, known := statekey.Find[map[uint64]bool](node, "raft.trk.Votes")
	if !known {
		panic("this release keeps its votes elsewhere")
	}
	s.node, s.votes = node, votes
}

// by makes the server one that is copied.
func (s *server) by(copier *statekey.Copier) etcd.Library {
	s.copier = copier
	return s
}

// memory is all that a server changes.
type memory struct {
	node    *raft.RawNode
	storage *storage
	ready   raft.Ready
	appends []*raftpb.Message
}

// Copy is part of etcd.Copier.
func (s *server) Copy() (etcd.Library, bool) {
	if s.copier == nil {
		return nil, false
	}
	var m memory
	if err := statekey.Copy(s.copier, &m, &memory{s.node, s.storage, s.ready, s.appends}); err != nil {
		return nil, false
	}
	c := &server{storage: m.storage, ready: m.ready, appends: m.appends, key: s.key, copier: s.copier}
	c.lead(m.node)
	return c, true
}

// readOnly is how leaders answer reads.
func readOnly(o *etcd.Options) raft.ReadOnlyOption {
	if o.LeaseReads {
		return raft.ReadOnlyLeaseBased
	}
	return raft.ReadOnlySafe
}

// load makes a storage that holds what is on a disk.
func load(disk *etcd.Disk) *storage {
	s := &storage{MemoryStorage: raft.NewMemoryStorage(), first: confState(&disk.Snapshot.Conf)}
	if disk.Snapshot.Index > 0 {
		must(s.ApplySnapshot(&raftpb.Snapshot{Data: []byte(disk.Snapshot.Data), Metadata: &raftpb.SnapshotMetadata{
			Index: &disk.Snapshot.Index, Term: &disk.Snapshot.Term, ConfState: s.first}}))
	}
	hard := disk.Hard
	must(s.SetHardState(&raftpb.HardState{Term: &hard.Term, Vote: &hard.Vote, Commit: &hard.Commit}))
	var entries []*raftpb.Entry
	for _, e := range disk.Entries {
		entry := &raftpb.Entry{Term: &e.Term, Index: &e.Index, Type: raftpb.EntryType(e.Type).Enum()}
		if e.Data != "" {
			entry.Data = []byte(e.Data)
		}
		entries = append(entries, entry)
	}
	must(s.Append(entries))
	return s
}

// must is for what fails only if the adapter misuses the library.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *server) Campaign() { _ = s.node.Campaign() }
func (s *server) Tick()     { s.node.Tick() }
func (s *server) Lapse() {
	for elapsed, _ := statekey.Find[int](s.node, "raft.electionElapsed"); *elapsed < 2; {
		s.node.TickQuiesced()
	}
}

func (s *server) Elapsed() int {
	elapsed, _ := statekey.Find[int](s.node, "raft.electionElapsed")
	return *elapsed
}

// Patient makes the library's own timeout longer than any execution: it is drawn again with each term.
func (s *server) Patient() {
	timeout, _ := statekey.Find[int](s.node, "raft.randomizedElectionTimeout")
	*timeout = 1 << 30
}

// ForgetLeader makes a follower forget its leader.
func (s *server) ForgetLeader() bool { return s.node.ForgetLeader() == nil }

func (s *server) Propose(data string)      { _ = s.node.Propose([]byte(data)) }
func (s *server) ReadIndex(context string) { s.node.ReadIndex([]byte(context)) }
func (s *server) TransferLeader(to uint64) { s.node.TransferLeader(to) }
func (s *server) ReportSnapshot(to uint64) { s.node.ReportSnapshot(to, raft.SnapshotFinish) }
func (s *server) HasReady() bool           { return s.node.HasReady() }

// Changes reports that every change can be made.
func (s *server) Changes([]etcd.ConfChange, bool) bool { return true }

// ProposeChange proposes one change as such, and several, or one that is to be joint, through a joint configuration that is left
// by itself.
func (s *server) ProposeChange(changes []etcd.ConfChange, joint bool) {
	if len(changes) == 1 && !joint {
		_ = s.node.ProposeConfChange(&raftpb.ConfChange{Type: raftpb.ConfChangeType(changes[0].Type).Enum(), NodeId: &changes[0].Server})
		return
	}
	cc := &raftpb.ConfChangeV2{Transition: raftpb.ConfChangeTransitionJointImplicit.Enum()}
	for _, c := range changes {
		cc.Changes = append(cc.Changes, &raftpb.ConfChangeSingle{Type: raftpb.ConfChangeType(c.Type).Enum(), NodeId: &c.Server})
	}
	_ = s.node.ProposeConfChange(cc)
}

// Step hands over a message. That a message is not wanted any more is no fault.
func (s *server) Step(wire string) {
	m := &raftpb.Message{}
	must(proto.Unmarshal([]byte(wire), m))
	_ = s.node.Step(m)
}

// Write returns the bytes of a message.
func (s *server) Write(m *etcd.Message) string {
	out := &raftpb.Message{Type: raftpb.MessageType(m.Type).Enum(), From: &m.From, To: &m.To, Term: &m.Term, LogTerm: &m.LogTerm, Index: &m.Index,
		Commit: &m.Commit, Reject: &m.Reject, RejectHint: &m.RejectHint, Context: []byte(m.Context)}
	for k := range m.Entries {
		e := &m.Entries[k]
		out.Entries = append(out.Entries, &raftpb.Entry{Term: &e.Term, Index: &e.Index, Type: raftpb.EntryType(e.Type).Enum(), Data: []byte(e.Data)})
	}
	if m.Snapshot.Index > 0 {
		out.Snapshot = &raftpb.Snapshot{Data: []byte(m.Snapshot.Data), Metadata: &raftpb.SnapshotMetadata{Index: &m.Snapshot.Index, Term: &m.Snapshot.Term,
			ConfState: confState(&m.Snapshot.Conf)}}
	}
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(out)
	must(err)
	return string(wire)
}

// Read returns what bytes of a message hold.
func (s *server) Read(wire string) etcd.Message {
	m := &raftpb.Message{}
	must(proto.Unmarshal([]byte(wire), m))
	return message(m)
}

func (s *server) Ready() etcd.Ready {
	rd := s.node.Ready()
	s.ready = rd
	out := etcd.Ready{Entries: entries(rd.Entries), Hard: hardState(rd.HardState), Snapshot: snapshot(rd.Snapshot),
		Committed: entries(rd.CommittedEntries)}
	for _, r := range rd.ReadStates {
		out.Reads = append(out.Reads, spec.Reply{Read: true, Value: string(r.RequestCtx), Index: spec.Index(r.Index)})
	}
	for _, m := range rd.Messages {
		switch m.GetTo() {
		case raft.LocalAppendThread:
			s.appends = append(s.appends, m)
			out.Work = append(out.Work, etcd.Work{Entries: entries(m.Entries), Snapshot: snapshot(m.Snapshot), Responses: messages(m.Responses),
				Hard: hardState(&raftpb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit})})
		case raft.LocalApplyThread:
			out.Work = append(out.Work, etcd.Work{Apply: true, Entries: entries(m.Entries), Responses: messages(m.Responses)})
		default:
			out.Messages = append(out.Messages, message(m))
		}
	}
	return out
}

func (s *server) Persist() {
	if len(s.appends) == 0 {
		s.store(s.ready.Entries, s.ready.HardState, s.ready.Snapshot)
		return
	}
	m := s.appends[0]
	s.store(m.Entries, &raftpb.HardState{Term: m.Term, Vote: m.Vote, Commit: m.Commit}, m.Snapshot)
	s.appends = slices.Clone(s.appends[1:])
}

func (s *server) store(entries []*raftpb.Entry, hard *raftpb.HardState, snap *raftpb.Snapshot) {
	if !raft.IsEmptySnap(snap) {
		must(s.storage.ApplySnapshot(snap))
	}
	must(s.storage.Append(entries))
	if !raft.IsEmptyHardState(hard) {
		must(s.storage.SetHardState(hard))
	}
}

func (s *server) Advance() {
	s.node.Advance(s.ready)
	s.ready = raft.Ready{}
}

func (s *server) Apply(e etcd.Entry) etcd.ConfState {
	cc, _ := change(e.Type, []byte(e.Data))
	return shown(s.node.ApplyConfChange(cc))
}

// change reads a configuration change, and lists what it does.
func change(t etcd.EntryType, data []byte) (raftpb.ConfChangeI, []etcd.ConfChange) {
	if t == etcd.EntryConfChange {
		cc := &raftpb.ConfChange{}
		must(proto.Unmarshal(data, cc))
		return cc, []etcd.ConfChange{{Type: etcd.ConfChangeType(cc.GetType()), Server: cc.GetNodeId()}}
	}
	cc := &raftpb.ConfChangeV2{}
	must(proto.Unmarshal(data, cc))
	var changes []etcd.ConfChange
	for _, c := range cc.Changes {
		changes = append(changes, etcd.ConfChange{Type: etcd.ConfChangeType(c.GetType()), Server: c.GetNodeId()})
	}
	return cc, changes
}

func (s *server) Compact(snap etcd.Snapshot) {
	_, err := s.storage.CreateSnapshot(snap.Index, confState(&snap.Conf), []byte(snap.Data))
	must(err)
	must(s.storage.Compact(snap.Index))
}

var roles = [...]spec.Role{spec.Follower, spec.Candidate, spec.Leader, spec.PreCandidate}

func (s *server) Office() (spec.Role, uint64, uint64) {
	b := s.node.BasicStatus()
	return roles[b.RaftState], b.GetTerm(), b.Lead
}

func (s *server) Status() etcd.Status {
	b := s.node.BasicStatus()
	status := etcd.Status{Role: roles[b.RaftState], Lead: b.Lead, Applied: b.Applied,
		Hard: etcd.HardState{Term: b.GetTerm(), Vote: b.GetVote(), Commit: b.GetCommit()}}
	status.Votes = *s.votes
	if status.Role == spec.Leader {
		s.node.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
			status.Progress = append(status.Progress, etcd.Progress{Server: id, Match: p.Match, Next: p.Next, Active: p.RecentActive})
		})
	}
	return status
}

// state is what AppendState writes.
type state struct {
	node    *raft.RawNode
	appends []*raftpb.Message
}

func (s *server) AppendState(dst []byte) []byte { return s.key.Append(dst, &state{s.node, s.appends}) }

func (s *server) Difference(other etcd.Library) string {
	o := other.(*server)
	return s.key.Difference(&state{s.node, s.appends}, &state{o.node, o.appends})
}

func confState(c *etcd.ConfState) *raftpb.ConfState {
	return &raftpb.ConfState{Voters: c.Voters, Learners: c.Learners, VotersOutgoing: c.VotersOutgoing, LearnersNext: c.LearnersNext,
		AutoLeave: &c.AutoLeave}
}

func shown(c *raftpb.ConfState) etcd.ConfState {
	return etcd.ConfState{Voters: c.GetVoters(), Learners: c.GetLearners(), VotersOutgoing: c.GetVotersOutgoing(),
		LearnersNext: c.GetLearnersNext(), AutoLeave: c.GetAutoLeave()}
}

func hardState(h *raftpb.HardState) *etcd.HardState {
	if raft.IsEmptyHardState(h) {
		return nil
	}
	return &etcd.HardState{Term: h.GetTerm(), Vote: h.GetVote(), Commit: h.GetCommit()}
}

func snapshot(s *raftpb.Snapshot) *etcd.Snapshot {
	if raft.IsEmptySnap(s) {
		return nil
	}
	m := s.GetMetadata()
	return &etcd.Snapshot{Index: m.GetIndex(), Term: m.GetTerm(), Data: string(s.GetData()), Conf: shown(m.GetConfState())}
}

func entries(all []*raftpb.Entry) []etcd.Entry {
	if len(all) == 0 {
		return nil
	}
	out := make([]etcd.Entry, len(all))
	for k, e := range all {
		out[k] = etcd.Entry{Term: e.GetTerm(), Index: e.GetIndex(), Type: etcd.EntryType(e.GetType()), Data: string(e.GetData())}
		if e.GetType() != raftpb.EntryNormal {
			_, changes := change(out[k].Type, e.GetData())
			out[k].Text = etcd.Describe(changes)
		}
	}
	return out
}

func messages(all []*raftpb.Message) []etcd.Message {
	out := make([]etcd.Message, len(all))
	for k, m := range all {
		out[k] = message(m)
	}
	return out
}

func message(m *raftpb.Message) etcd.Message {
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	must(err)
	out := etcd.Message{Type: etcd.MessageType(m.GetType()), From: m.GetFrom(), To: m.GetTo(), Term: m.GetTerm(), LogTerm: m.GetLogTerm(),
		Index: m.GetIndex(), Commit: m.GetCommit(), Reject: m.GetReject(), RejectHint: m.GetRejectHint(),
		Entries: entries(m.Entries), Context: string(m.GetContext()), Wire: string(wire)}
	if s := snapshot(m.Snapshot); s != nil {
		out.Snapshot = *s
	}
	return out
}
