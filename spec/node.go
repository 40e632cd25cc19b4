package spec

import (
	"fmt"
	"slices"
)

// Node is one server as a deterministic state machine: the same state and the same input always give the same output.
// A node has no clock, no sockets and no goroutines that outlive a call; time passes only as Timeout and Heartbeat inputs.
// A node keeps its own disk: what it told in Write and Sync effects is what it comes back with after a crash.
type Node interface {
	// Step gives the node one input and returns all it did, in order.
	Step(Input) Output
	// Observe shows what rules may look at. The result must not change when the node steps on.
	Observe() Observation
	// AppendState appends canonical bytes of everything that can influence future behaviour, the disk included.
	// Two nodes of one server with equal bytes must behave alike for ever.
	AppendState([]byte) []byte
}

// Factory makes a server as it is before its first step, with an empty disk. servers lists the whole cluster, ascending.
type Factory func(id ServerID, servers []ServerID) Node

// Permuter is a Node that can write its state as it would be if servers had other names.
// rename maps every server, value maps every client value. It is needed for symmetry reduction only.
type Permuter interface {
	Node
	AppendPermuted(dst []byte, rename func(ServerID) ServerID, value func(string) string) []byte
}

// Renamer is a Node of servers that are interchangeable, and that can say what a message would be if servers and values had other names. It is for
// symmetry reduction of nodes that cannot write their state with other names (Permuter): it is reached instead, by the same inputs with other names.
type Renamer interface {
	Node
	// Rename returns the message with every server in it renamed, the Payload included; an EntryRenamer renames every client value too. It changes
	// nothing, and does not depend on the node's state. rename maps every server, value maps every client value and keeps any other text.
	Rename(m Message, rename func(ServerID) ServerID, value func(string) string) Message
}

// EntryRenamer is a Renamer that renames what entries hold as well: the values of clients, and the servers that a change of the configuration names.
type EntryRenamer interface {
	Renamer
	// RenamesEntries does nothing.
	RenamesEntries()
}

// Cloner is a Node that can be copied. It is an accelerator only: without it a state is reached again by replaying its inputs.
type Cloner interface {
	Node
	// Clone returns a node in the same state. Neither of the two sees what the other does from now on.
	Clone() Node
}

// Copier is a Node that can be copied at a price: less than to reach its state again, but too much to look ahead with it as with a Cloner. It is an
// accelerator only.
type Copier interface {
	Node
	// Copy is Clone, and reports false, with no node, where the state is one that cannot be copied.
	Copy() (Node, bool)
}

// Differ is a Node that can say where it differs from another one of the same server, in something that Observe need not show.
// It is for messages only: the first difference between two states that should be equal.
type Differ interface {
	Node
	// Difference names the first part of the state that differs, with both values; "" if it finds none.
	Difference(Node) string
}

// Composer is a Node whose messages are more than their fields: what a peer sends it must have the form that its own code gives it. It is needed
// only where somebody plays its peers, as the conformance suite does. Without it a request has no Payload, and a reply that of the request it answers.
type Composer interface {
	Node
	// Compose returns a message as another server of the implementation would send it, with the Payload that belongs to it, and whether it can be
	// sent at all. asked is the request of this server that a reply answers; nil for requests. It changes nothing.
	Compose(m Message, asked *Message) (Message, bool)
}

// InputKind says what happens to a server.
type InputKind uint8

// The inputs. SendRequestVote to AdvanceCommit are the finer-grained actions of the published TLA+ specification, used by
// spec/abstract only.
const (
	Timeout     InputKind = iota + 1 // the election timer fires
	Heartbeat                        // the leader's timer fires: it sends AppendEntries to every other server
	Deliver                          // Message arrives
	Propose                          // a client asks for Value to be appended
	Crash                            // the server stops; with Lossy, writes that were not synced are gone
	Restart                          // a crashed server starts again from its disk
	ReadIndex                        // a client asks for a linearizable read; Value names the request
	Transfer                         // the leader is asked to hand over to Peer
	Reconfigure                      // a client asks for Change of the configuration
	Compact                          // the server discards its log up to what it applied
	Stored                           // the oldest write handed to asynchronous storage is done

	SendRequestVote   // a candidate asks Peer for its vote
	SendAppendEntries // a leader sends Peer one AppendEntries
	BecomeLeader      // a candidate with a majority takes office
	AdvanceCommit     // a leader looks whether more is committed

	Tick         // the clock of the server, Peer, goes on by one
	StorageError // from now on the disk is full: the next durable effect fails
	Append       // a leader appends the oldest command that it has taken on (variant AppendsLater)
	ApplyNext    // the state machine carries out the next entry that is committed (variant AppliesLater)
	Resume       // the goroutine that is held at a gate goes on; with Gate, one that waits at that gate for a timer
)

var inputKindNames = [...]string{"none", "timeout", "heartbeat", "deliver", "propose", "crash", "restart",
	"read", "transfer", "reconfigure", "compact", "stored",
	"request-vote", "append-entries", "become-leader", "advance-commit", "tick", "storage-error", "append", "apply", "resume"}

// String returns the kind as it is written in traces.
func (k InputKind) String() string { return nameOf(inputKindNames[:], int(k)) }

// Input is one thing that happens to one server.
type Input struct {
	Kind    InputKind
	Message Message  // Deliver
	Value   string   // Propose, ReadIndex
	Peer    ServerID // Transfer, SendRequestVote, SendAppendEntries, Tick
	Change  Change   // Reconfigure
	Client  string   // Propose: who asks; "" is not told. With TellsClients, whoever asks again for the same Value repeats the same request
	Request string   // Propose: the client's name for the request, which it repeats with it; "" is not told

	// Cut, when above 0, crashes the server in the middle of this very step: at crash point 1 just before its first durable
	// effect (Write or Sync), …, at crash point W just before its W-th and last, at crash point W+1 right after that one.
	// What was sent before the crash point has left; nothing after it happens. The server is Crashed afterwards.
	Cut int
	// Gate, of any input but Resume, holds a goroutine of the server in the middle of this very step: the first that comes to the gate of that
	// name stays there, while the rest of the step happens, and until Resume. It is one of the Output.Gates of the step without it.
	Gate string
	// Lossy, with Crash or Cut: writes that were not synced are lost. Without it they survive (a process dies, the machine does not).
	Lossy bool
}

// String prints an input as it is written in traces.
func (in Input) String() string {
	s := in.Kind.String()
	switch in.Kind {
	case Deliver:
		s += " " + in.Message.String()
	case Propose:
		s += " " + in.Value
	case ReadIndex:
		s += " " + in.Value
	case Transfer, SendRequestVote, SendAppendEntries:
		s += " " + in.Peer.String()
	case Reconfigure:
		s += " " + in.Change.String()
	}
	if in.Cut > 0 {
		s += fmt.Sprintf(" crash-at=%d", in.Cut)
	}
	if in.Lossy {
		s += " lossy"
	}
	if in.Gate != "" {
		s += " gate " + in.Gate
	}
	return s
}

// Change is a change of the configuration: the servers to be voters and learners from now on. It prints and compares as text,
// so that a record of it needs no more: "voters=n1,n2 learners=n3".
type Change struct {
	Voters   string // ascending names, joined by commas: "n1,n2"
	Learners string // likewise; "" is none
	Joint    bool   // through a joint configuration (Raft paper, 6), however few servers change
}

// String prints the change as it is written in traces.
func (c Change) String() string {
	s := "voters=" + c.Voters
	if c.Learners != "" {
		s += " learners=" + c.Learners
	}
	if c.Joint {
		s += " joint"
	}
	return s
}

// EffectKind says what a server did to the world outside its memory.
type EffectKind uint8

// The effects of a step. Write and Sync are durable effects, and crash points lie before each of them and after the last.
const (
	Send   EffectKind = iota + 1 // a message leaves
	Write                        // the disk is written; a power failure may still undo it
	Sync                         // everything written so far is safe
	Answer                       // a client is told Reply
	Apply                        // the state machine carries out the command Reply.Value, which stands at Reply.Index
	Fail                         // a write was tried and the disk refused it: what was on disk still is, and nothing else
)

var effectKindNames = [...]string{"none", "send", "write", "sync", "answer", "apply", "fail"}

// String returns the kind's name.
func (k EffectKind) String() string { return nameOf(effectKindNames[:], int(k)) }

// Effect is one of the things a step did, in order.
type Effect struct {
	Kind    EffectKind
	Message Message // Send
	Durable Durable // Write, Sync: what the server would recover from the disk after a power failure at this moment
	Reply   Reply   // Answer, Apply
}

// Reply is what a server tells a client.
type Reply struct {
	Read  bool   // it answers a ReadIndex; otherwise it says that a Propose is committed
	Value string // the request it answers: Input.Value of the ReadIndex or Propose
	Index Index  // of a read: the index up to which a state machine must have applied before it may be served; else of the entry

	Term   Term   // of the entry that the command became; 0 where that is not shown, and of reads
	Client string // Input.Client of the Propose
	// Request is Input.Request of the Propose. Of one client, and of all that are not named, equal names are the same request
	Request string
	NoIndex bool // a record does not show Index, which is then 0

	Failed bool // Answer: the command has not taken effect and never will. The client may take it for one that was never sent
	Passed bool // Apply: the state machine knew the request again and left it as it is
}

// command names what a client asked for as reports say it: the command, or its request where that is not shown.
func (r *Reply) command() string {
	switch {
	case r.Value != "":
		return Shown(r.Value)
	case r.Request != "":
		return "request " + Shown(r.Request)
	}
	return "a command"
}

// Durable is what a server has on disk and would find again after a power failure: Figure 2's persistent state.
type Durable struct {
	Unknown Field // which of FieldTerm, FieldVotedFor and FieldLog a record does not show

	Term     Term
	VotedFor ServerID
	Log      Log
	Config   string // the configuration in the snapshot that Log begins with, as Configuration.String; "" where that is not shown
}

// Equal reports whether two disks hold the same, in every field.
func (d *Durable) Equal(e *Durable) bool {
	return d.Unknown == e.Unknown && d.Term == e.Term && d.VotedFor == e.VotedFor && d.Config == e.Config && d.Log.Base == e.Log.Base &&
		d.Log.BaseTerm == e.Log.BaseTerm && slices.Equal(d.Log.Entries, e.Log.Entries)
}

// Output is what one step did.
type Output struct {
	Effects  []Effect // in the order in which they happened
	Unseen   bool     // of a record: there may have been more effects between these than it shows
	Refused  bool     // the input is not possible in this state: nothing happened, and no step is counted
	Keep     bool     // Deliver: the message stays in the network (sub-steps of the TLA+ specification)
	Redirect ServerID // Propose: the client was sent on to this server
	Gates    []string // where a goroutine could have been held in this step (Input.Gate), by name, ascending
	Fault    error    // the implementation broke (panic, protocol error): the run stops with exit 5
}

// Sent calls yield for every message that left, in order.
func (o Output) Sent(yield func(k int, m *Message) bool) {
	for k := range o.Effects {
		if o.Effects[k].Kind == Send && !yield(k, &o.Effects[k].Message) {
			return
		}
	}
}

// CrashPoints returns how many crash points the step has: 0 when it made nothing durable, else one more than its durable effects.
func (o Output) CrashPoints() int {
	n := 0
	for _, e := range o.Effects {
		if e.Kind == Write || e.Kind == Sync {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return n + 1
}

// UntilCrash returns those of a step's effects that happen before a crash point, which is ≥ 1 and ≤ CrashPoints: nothing that comes after the last
// durable effect happens at the last crash point.
func UntilCrash(effects []Effect, point int) []Effect {
	durable, end := 0, 0
	for k, e := range effects {
		if e.Kind != Write && e.Kind != Sync {
			continue
		}
		if durable++; durable == point {
			return effects[:k]
		}
		end = k + 1
	}
	return effects[:end]
}

// Field names a part of an Observation, to say which are unknown.
type Field uint32

// The fields of an Observation.
const (
	FieldRole Field = 1 << iota
	FieldTerm
	FieldVotedFor
	FieldLog
	FieldCommit
	FieldApplied
	FieldVotes // Granted
	FieldProgress
	FieldConfig
	FieldDurable
	FieldLeader
	FieldCompacted // that what Log.Base says is compacted, and not only where a record begins to show the log
	FieldRefused   // Refused
	FieldContact
	FieldReads // Reads and LastToken
	FieldUp    // whether the server is up, which its Role says where that is known
)

// Observation is what a server shows of itself between two steps. Its zero value knows everything and is a fresh follower.
type Observation struct {
	Unknown Field // the fields below that this observation does not show

	Role        Role
	Term        Term
	VotedFor    ServerID
	LeaderID    ServerID // the leader it knows of in Term
	Log         Log
	CommitIndex Index
	LastApplied Index

	Granted  []ServerID // candidate: who gave it a vote in Term, itself included; ascending
	Refused  []ServerID // candidate: who refused it a vote in Term; ascending
	Progress []Progress // leader: one for each other server; ascending by server

	Config  Configuration
	Durable Durable // what would survive a power failure now

	// Contact is who answered a leader in its term since its election timer last fired, itself not counted; ascending. Only
	// leaders that check whether a majority answers show it (variant ChecksQuorum).
	Contact []ServerID
	// Reads are the reads that wait for a majority to confirm that the server still leads, in the order in which they came. Only
	// implementations that declare the variant ConfirmsReads show them.
	Reads []PendingRead
	// Early is the AppendEntries that a follower keeps until what precedes them is there (variant CachesEntries).
	Early []Message
	// LastToken is the Token of the last read that a leader asked confirmation for in its term, waiting or not; "" is none. Only shown
	// with Reads.
	LastToken string
}

// PendingRead is a read that waits at a leader (dissertation, 6.4).
type PendingRead struct {
	Value     string     // the request: Input.Value of the ReadIndex
	Index     Index      // it is answered at this index
	Token     string     // Message.Payload of the heartbeats that ask for confirmation, and of the replies that give it, or what that begins with, before a space
	Confirmed []ServerID // who gave it, the leader itself not counted; ascending
}

// Progress is what a leader believes of one follower.
type Progress struct {
	Server     ServerID
	NextIndex  Index // next entry to send, ≥ 1
	MatchIndex Index // highest entry known to be replicated there
}

// Knows reports whether the observation shows all the given fields.
func (o *Observation) Knows(f Field) bool { return o.Unknown&f == 0 }

// Step is one local step of one server, the unit every rule looks at.
type Step struct {
	Server ServerID
	Before Observation
	Input  Input
	Output Output
	After  Observation

	// Declared is how the implementation declares to differ from the paper, for rules that it changes. Whoever judges fills it in.
	Declared Variants
	recalled *recollection // what earlier steps tell, where Declared needs it; nil is nothing
	scanned  *scanned      // what was found in earlier logs of the server; nil is nothing
	inferred bool          // After.Config is what the log says, and the record does not show it

	Gap  bool // of a record: steps of this server between this one and the one recorded before it may not be recorded
	Hole bool // of a record: steps of any server may have come right before this one that are not recorded
}
