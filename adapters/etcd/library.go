package etcd

import "github.com/raftcheck/raftcheck/spec"

// Library is one server of a release of etcd's raft: a RawNode and the storage it reads from. Its methods are those of RawNode,
// in words that all releases share.
type Library interface {
	Campaign()
	Tick()
	// Lapse lets the election timer run out without a campaign, so that the server no longer feels bound to its leader.
	Lapse()
	// Elapsed is how many ticks the election timer has gone, and Patient keeps it from ever running out by itself.
	Elapsed() int
	Patient()
	// ForgetLeader makes a follower forget who leads, and reports whether the release can.
	ForgetLeader() bool
	Propose(data string)
	// Changes reports whether the release has such a change: several at once, a joint one, of learners.
	Changes(changes []ConfChange, joint bool) bool
	ProposeChange(changes []ConfChange, joint bool)
	ReadIndex(context string)
	TransferLeader(to uint64)
	// ReportSnapshot tells a leader that its snapshot was sent.
	ReportSnapshot(to uint64)
	// Step hands over a message as it came over the wire.
	Step(wire string)
	// Write returns a message as it goes over the wire, and Read what such a one holds. Neither changes anything.
	Write(*Message) (wire string)
	Read(wire string) Message

	HasReady() bool
	Ready() Ready
	// Persist puts into the storage what the oldest Ready that wants it brought.
	Persist()
	// Advance ends the latest Ready. It is not used with asynchronous storage.
	Advance()
	// Apply makes a committed configuration change take effect.
	Apply(change Entry) ConfState
	// Compact makes the snapshot of the state machine at its index, and discards the log up to there.
	Compact(Snapshot)

	// Office is the part of Status that is needed all the time.
	Office() (role spec.Role, term, lead uint64)
	Status() Status
	// AppendState appends canonical bytes of the RawNode, its storage and what is on the way to it.
	AppendState(dst []byte) []byte
	// Difference names the first field in which two servers of one release differ.
	Difference(other Library) string
}

// Copier is a Library that can be copied.
type Copier interface {
	Library
	// Copy returns a library in the same state, which shares nothing with this one that either changes; false if it holds what cannot be copied.
	Copy() (Library, bool)
}

// Start makes a server of a release from what is on its disk.
type Start func(id uint64, o *Options, disk *Disk) Library

// Entry is a log entry, as in raftpb.
type Entry struct {
	Term, Index uint64
	Type        EntryType
	Data        string
	Text        string // of a configuration change: what it says, to be read
}

// EntryType is raftpb.EntryType.
type EntryType int32

// The types of entries.
const (
	EntryNormal EntryType = iota
	EntryConfChange
	EntryConfChangeV2
)

// ConfChange is one change of one server, with raftpb.ConfChangeType.
type ConfChange struct {
	Type   ConfChangeType
	Server uint64
}

// ConfChangeType is raftpb.ConfChangeType.
type ConfChangeType int32

// The types of changes.
const (
	AddNode        ConfChangeType = 0
	RemoveNode     ConfChangeType = 1
	AddLearnerNode ConfChangeType = 3
)

// ConfState is a configuration, as in raftpb. Releases before v3.4 have Voters and at most Learners.
type ConfState struct {
	Voters, Learners, VotersOutgoing, LearnersNext []uint64
	AutoLeave                                      bool
}

// HardState is what must survive besides the log, as in raftpb.
type HardState struct{ Term, Vote, Commit uint64 }

// Snapshot is a snapshot, as in raftpb. The state machine's state, in Data, is the terms of the entries that it applied.
type Snapshot struct {
	Index, Term uint64
	Conf        ConfState
	Data        string
}

// Disk is what a server starts from. Entries may begin at or below the snapshot's index + 1.
type Disk struct {
	Hard     HardState
	Snapshot Snapshot // Index 0 is the configuration that the cluster begins with
	Entries  []Entry
}

// MessageType is raftpb.MessageType.
type MessageType int32

// The types of messages between servers.
const (
	MsgProp          MessageType = 2
	MsgApp           MessageType = 3
	MsgAppResp       MessageType = 4
	MsgVote          MessageType = 5
	MsgVoteResp      MessageType = 6
	MsgSnap          MessageType = 7
	MsgHeartbeat     MessageType = 8
	MsgHeartbeatResp MessageType = 9
	MsgTimeoutNow    MessageType = 14
	MsgReadIndex     MessageType = 15
	MsgReadIndexResp MessageType = 16
	MsgPreVote       MessageType = 17
	MsgPreVoteResp   MessageType = 18
)

// Message is a message, as in raftpb, and what it is on the wire.
type Message struct {
	Type                                               MessageType
	From, To, Term, LogTerm, Index, Commit, RejectHint uint64
	Reject                                             bool
	Entries                                            []Entry
	Snapshot                                           Snapshot
	Context                                            string
	Wire                                               string
}

// Ready is what a release asks for: to write, to send, to apply. With asynchronous storage the writes and what is to be applied
// are in Work.
type Ready struct {
	Entries   []Entry
	Hard      *HardState // nil when it does not change
	Snapshot  *Snapshot  // nil when there is none
	Committed []Entry
	Messages  []Message
	Reads     []spec.Reply
	Work      []Work
}

// Work is what asynchronous storage has to do, in order: write, or apply; and then to hand over the responses.
type Work struct {
	Apply     bool
	Entries   []Entry // to write, or to apply
	Hard      *HardState
	Snapshot  *Snapshot
	Responses []Message
}

// Status is what a release shows of a server.
type Status struct {
	Role     spec.Role
	Hard     HardState
	Lead     uint64
	Applied  uint64
	Votes    map[uint64]bool // of a candidate or leader: who granted and who refused
	Progress []Progress      // of a leader: of all servers, in any order
}

// Progress is what a leader believes of a server.
type Progress struct {
	Server, Match, Next uint64
	Active              bool // it was heard from since the leader's election timer last fired
}
