package rawnode

// Status is the part of raft.BasicStatus that records show.
type Status struct {
	Role                              Role
	Term, Vote, Commit, Applied, Lead uint64
}

// sameOffice reports whether term, vote, role and leader are the same.
func (s *Status) sameOffice(t *Status) bool {
	return s.Role == t.Role && s.Term == t.Term && s.Vote == t.Vote && s.Lead == t.Lead
}

// Role is raft.StateType.
type Role int

// The roles, with the numbers of the library.
const (
	Follower Role = iota
	Candidate
	Leader
	PreCandidate
)

// Entry is a log entry, as in raftpb.
type Entry struct {
	Term, Index uint64
	Type        int32  // raftpb.EntryType: 0 is a command or, without data, empty; others change the configuration
	Data        []byte // is only read while the call lasts
}

// ConfState is a configuration, as in raftpb.
type ConfState struct{ Voters, Outgoing, Learners []uint64 }

// MessageType is raftpb.MessageType.
type MessageType int32

// The types of messages between servers that records show, with the numbers of the library.
const (
	MsgProp           MessageType = 2
	MsgApp            MessageType = 3
	MsgAppResp        MessageType = 4
	MsgVote           MessageType = 5
	MsgVoteResp       MessageType = 6
	MsgSnap           MessageType = 7
	MsgHeartbeat      MessageType = 8
	MsgHeartbeatResp  MessageType = 9
	MsgTransferLeader MessageType = 13
	MsgTimeoutNow     MessageType = 14
	MsgReadIndex      MessageType = 15
	MsgPreVote        MessageType = 17
	MsgPreVoteResp    MessageType = 18
)

// Message is a message, as in raftpb.
type Message struct {
	Type                                               MessageType
	From, To, Term, LogTerm, Index, Commit, RejectHint uint64
	Reject                                             bool
	Entries                                            []Entry
	SnapshotIndex, SnapshotTerm                        uint64
}

// Ready is what a RawNode asks for, without what is only to be applied.
type Ready struct {
	Entries                     []Entry
	Hard                        bool // term and vote are to be written: Term, Vote
	Term, Vote                  uint64
	SnapshotIndex, SnapshotTerm uint64     // of a snapshot to be installed; 0 is none
	Conf                        *ConfState // of that snapshot
	Messages                    []Message
}

// Disk is what a server starts from.
type Disk struct {
	Term, Vote, Commit uint64

	FirstIndex uint64 // of the entries that follow
	BeforeTerm uint64 // term of the entry before the first; 0 if that is not known
	Entries    []Entry
	Conf       ConfState
	Async      bool // storage is asynchronous
}
