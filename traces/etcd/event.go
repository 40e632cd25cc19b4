package etcd

import "github.com/raftcheck/raftcheck/spec"

// name is the name of a trace event.
type name uint8

const (
	initState name = iota + 1
	becomeCandidate
	becomeFollower
	becomeLeader
	commit
	replicate
	changeConf
	applyConfChange
	ready
	sendAppend
	receiveAppend
	sendAppendResponse
	receiveAppendResponse
	sendVote
	receiveVote
	sendVoteResponse
	receiveVoteResponse
)

var names = [...]string{"", "InitState", "BecomeCandidate", "BecomeFollower", "BecomeLeader", "Commit", "Replicate", "ChangeConf",
	"ApplyConfChange", "Ready", "SendAppendEntriesRequest", "ReceiveAppendEntriesRequest", "SendAppendEntriesResponse",
	"ReceiveAppendEntriesResponse", "SendRequestVoteRequest", "ReceiveRequestVoteRequest", "SendRequestVoteResponse",
	"ReceiveRequestVoteResponse"}

func (n name) String() string { return names[n] }

func (n name) sends() bool {
	return n == sendAppend || n == sendAppendResponse || n == sendVote || n == sendVoteResponse
}

func (n name) receives() bool {
	return n == receiveAppend || n == receiveAppendResponse || n == receiveVote || n == receiveVoteResponse
}

// kind is the type of a message.
type kind uint8

const (
	noMessage kind = iota
	msgApp
	msgHeartbeat
	msgSnap
	msgAppResp
	msgHeartbeatResp
	msgVote
	msgVoteResp
)

var kinds = [...]string{"", "MsgApp", "MsgHeartbeat", "MsgSnap", "MsgAppResp", "MsgHeartbeatResp", "MsgVote", "MsgVoteResp"}

func (k kind) String() string { return kinds[k] }

// sender and receiver are the events that show a message of the kind leaving and arriving.
func (k kind) sender() name {
	switch k {
	case msgApp, msgHeartbeat, msgSnap:
		return sendAppend
	case msgAppResp, msgHeartbeatResp:
		return sendAppendResponse
	case msgVote:
		return sendVote
	}
	return sendVoteResponse
}

func (k kind) receiver() name { return k.sender() + 1 }

// waits reports whether a message of the kind leaves only when all that was handed to storage with it or before it is written.
// With asynchronous storage, others may leave earlier.
func (k kind) waits() bool { return k == msgAppResp || k == msgVoteResp }

// message is a message as the trace shows it.
type message struct {
	kind    kind
	reject  bool
	from    spec.ServerID
	to      spec.ServerID
	term    spec.Term
	entries spec.Index // how many; for MsgSnap the index of the snapshot's last entry
	logTerm spec.Term
	index   spec.Index
	commit  spec.Index
	vote    spec.ServerID
	hint    spec.Index
}

// shown is what every event shows of its server.
type shown struct {
	term   spec.Term
	vote   spec.ServerID
	commit spec.Index
	last   spec.Index // "log": index of the last entry
	role   spec.Role
	conf   *config
}

// change is one part of a configuration change.
type change struct {
	action action
	id     spec.ServerID
}

type action uint8

const (
	addVoter action = iota + 1
	removeServer
	addLearner
)

var actions = [...]string{"", "AddNewServer", "RemoveServer", "AddLearner"}

// event is one line of a trace.
type event struct {
	line    int
	name    name
	node    spec.ServerID
	state   shown
	message message

	changes []change        // ChangeConf
	voters  []spec.ServerID // ApplyConfChange: the voters to be
	self    bool            // a MsgApp shows progress: the leader's own, or with another recorder the receiver's
	peers   bool            // it shows what only the receiver's has
	match   spec.Index
	next    spec.Index
}
