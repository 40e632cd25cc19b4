package spec

import (
	"fmt"
	"slices"
	"strings"
)

// ServerID names a server. Servers of a searched cluster are 1, 2, 3, …; a recorded cluster may use any number above 0.
type ServerID uint64

// None is the absence of a server: no vote given, no leader known.
const None ServerID = 0

// String returns the server's printed name: n1, n2, …, or "nobody".
func (id ServerID) String() string {
	if id == None {
		return "nobody"
	}
	return fmt.Sprintf("n%d", uint64(id))
}

// Term is a Raft term (Raft paper, 5.1). Terms start at 0 before the first election, except where a specification starts at 1.
type Term uint64

// Index is a position in the log; the first entry has index 1, and 0 stands before it.
type Index uint64

// Role is what a server is in its current term.
type Role uint8

// The roles of Figure 4, the two a real system adds, and a server that is down.
const (
	Follower Role = iota
	PreCandidate
	Candidate
	Leader
	Crashed
)

var roleNames = [...]string{"follower", "pre-candidate", "candidate", "leader", "crashed"}

// String returns the role in the paper's words.
func (r Role) String() string { return nameOf(roleNames[:], int(r)) }

// EntryKind tells a client's command from the entries Raft makes for itself.
type EntryKind uint8

// The kinds of log entries.
const (
	Command EntryKind = iota
	NoOp
	ConfigurationChange
)

var entryKindNames = [...]string{"command", "no-op", "configuration"}

// String returns the kind's name.
func (k EntryKind) String() string { return nameOf(entryKindNames[:], int(k)) }

// Entry is one log entry. Its index is its place in a Log.
type Entry struct {
	Term  Term      // term of the leader that created it
	Kind  EntryKind // who made it: a client, or Raft itself
	Value string    // the command, or what else the entry says; "" where a record does not show it
}

// String prints an entry as value@term.
func (e Entry) String() string {
	switch {
	case e.Kind == NoOp && e.Value == "":
		return fmt.Sprintf("no-op@%d", e.Term)
	case e.Value == "":
		return fmt.Sprintf("%s@%d", e.Kind, e.Term)
	}
	value := e.Value
	if e.Kind == Command {
		value = Shown(value)
	}
	return fmt.Sprintf("%s@%d", value, e.Term)
}

// Log is a server's log: entries at Base+1, Base+2, …. What came before Base is compacted, or
// unknown where an Observation does not show FieldCompacted.
type Log struct {
	Base     Index   // index of the last entry that is not held
	BaseTerm Term    // its term; 0 when Base is 0 or the term is unknown
	Entries  []Entry // Entries[k] has index Base+1+k; never changed in place once shown
}

// LastIndex returns the index of the last entry, or Base when none is held.
func (l Log) LastIndex() Index { return l.Base + Index(len(l.Entries)) }

// LastTerm returns the term of the last entry, or BaseTerm when none is held.
func (l Log) LastTerm() Term {
	if len(l.Entries) == 0 {
		return l.BaseTerm
	}
	return l.Entries[len(l.Entries)-1].Term
}

// At returns the entry at index i, and whether the log holds it.
func (l Log) At(i Index) (Entry, bool) {
	if i <= l.Base || i > l.LastIndex() {
		return Entry{}, false
	}
	return l.Entries[i-l.Base-1], true
}

// TermAt returns the term at index i, and whether it is known: index 0 has term 0, Base has BaseTerm.
func (l Log) TermAt(i Index) (Term, bool) {
	if i == l.Base {
		return l.BaseTerm, true
	}
	e, ok := l.At(i)
	return e.Term, ok
}

// UpToDate reports whether a candidate whose last entry is (lastTerm, lastIndex) is at least as up to date as this log
// (Raft paper, 5.4.1): the later last term wins, then the longer log.
func (l Log) UpToDate(lastTerm Term, lastIndex Index) bool {
	return lastTerm > l.LastTerm() || lastTerm == l.LastTerm() && lastIndex >= l.LastIndex()
}

// String prints a log as [x@1 y@2], with the compacted prefix as an index in front.
func (l Log) String() string {
	parts := make([]string, 0, len(l.Entries)+1)
	if l.Base > 0 {
		parts = append(parts, fmt.Sprintf("…%d@%d", l.Base, l.BaseTerm))
	}
	for _, e := range l.Entries {
		parts = append(parts, e.String())
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// Configuration is the set of servers that vote. Outgoing is not empty only in a joint configuration (Raft paper, 6).
type Configuration struct {
	Voters   []ServerID // ascending
	Outgoing []ServerID // ascending; the old half of a joint configuration
	Learners []ServerID // ascending; they get the log and do not vote
}

// Majority reports whether the servers for which in returns true are a strict majority of every half of the configuration.
// An empty configuration has no majority.
func (c Configuration) Majority(in func(ServerID) bool) bool {
	return len(c.Voters) > 0 && majorityOf(c.Voters, in) && (len(c.Outgoing) == 0 || majorityOf(c.Outgoing, in))
}

// Has reports whether a server is a part of the configuration, as a voter or a learner.
func (c Configuration) Has(id ServerID) bool {
	return slices.Contains(c.Voters, id) || slices.Contains(c.Outgoing, id) || slices.Contains(c.Learners, id)
}

func majorityOf(voters []ServerID, in func(ServerID) bool) bool {
	return 2*countOf(voters, in) > len(voters)
}

// MessageKind is one of the RPCs of Figure 2 (and 13), as a message of its own in each direction.
type MessageKind uint8

// The kinds of messages.
const (
	RequestVote MessageKind = iota + 1
	RequestVoteReply
	AppendEntries
	AppendEntriesReply
	InstallSnapshot
	InstallSnapshotReply
	PreVote
	PreVoteReply
	TimeoutNow
)

var messageKindNames = [...]string{"none", "RequestVote", "RequestVoteReply", "AppendEntries", "AppendEntriesReply",
	"InstallSnapshot", "InstallSnapshotReply", "PreVote", "PreVoteReply", "TimeoutNow"}

// String returns the kind as it is written in traces.
func (k MessageKind) String() string { return nameOf(messageKindNames[:], int(k)) }

// IsRequest reports whether the message asks for something, as opposed to answering.
func (k MessageKind) IsRequest() bool {
	switch k {
	case RequestVote, AppendEntries, InstallSnapshot, PreVote, TimeoutNow:
		return true
	}
	return false
}

// MessageField names a part of a Message, to say which are unknown.
type MessageField uint16

// The fields of a Message.
const (
	MessageFrom MessageField = 1 << iota
	MessageTo
	MessageTerm
	MessageLastIndex
	MessageLastTerm
	MessageGranted
	MessagePrevIndex
	MessagePrevTerm
	MessageEntries
	MessageCommit
	MessageSuccess
	MessageMatch
	MessageOffset // of a chunk; where it is no chunk, it is known
)

var messageFieldNames = [...]string{"from", "to", "term", "lastLogIndex", "lastLogTerm", "granted", "prevLogIndex", "prevLogTerm", "entries",
	"leaderCommit", "success", "matchIndex", "offset"}

// String lists the fields as traces name them, with commas between.
func (f MessageField) String() string {
	var names []string
	for k, name := range messageFieldNames {
		if f&(1<<k) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// MessageFieldsOf reads what String printed, and reports whether every name was one of a field.
func MessageFieldsOf(names string) (f MessageField, known bool) {
	for name := range strings.SplitSeq(names, ",") {
		k := slices.Index(messageFieldNames[:], name)
		if k < 0 {
			return 0, false
		}
		f |= 1 << k
	}
	return f, true
}

// Uses returns the fields that a message of that kind has. Hints where a leader may try next are no part of it: any message may lack them.
func (k MessageKind) Uses() MessageField {
	const all = MessageFrom | MessageTo | MessageTerm
	switch k {
	case RequestVote, PreVote:
		return all | MessageLastIndex | MessageLastTerm
	case RequestVoteReply, PreVoteReply:
		return all | MessageGranted
	case AppendEntries:
		return all | MessagePrevIndex | MessagePrevTerm | MessageEntries | MessageCommit
	case InstallSnapshot:
		return all | MessagePrevIndex | MessagePrevTerm
	case AppendEntriesReply, InstallSnapshotReply:
		return all | MessageSuccess | MessageMatch
	}
	return all
}

// Message is what one server sends another. Fields that a kind does not use are zero.
type Message struct {
	Kind MessageKind

	// Unknown are the fields that the kind uses and that are not known, because the message does not carry them (a heartbeat of etcd's
	// raft tells an index that is known to match, and no term; a reply as in Figure 2 no matchIndex) or a record does not show them. They are zero.
	Unknown MessageField

	From ServerID
	To   ServerID
	Term Term // the sender's term; for PreVote the term it would campaign in

	LastLogIndex Index // RequestVote, PreVote: index of the candidate's last entry
	LastLogTerm  Term  // and its term
	Granted      bool  // RequestVoteReply, PreVoteReply

	PrevLogIndex Index   // AppendEntries: index before the first entry; InstallSnapshot: last included index
	PrevLogTerm  Term    // and its term
	Entries      []Entry // AppendEntries: at PrevLogIndex+1, …; never changed in place once sent
	LeaderCommit Index   // AppendEntries: the leader's commitIndex as told to this follower

	Offset  uint64 // InstallSnapshot: where in the snapshot this chunk begins, in bytes (Figure 13)
	Partial bool   // InstallSnapshot: this is not the last chunk (done = false in Figure 13)

	Success       bool  // AppendEntriesReply
	MatchIndex    Index // AppendEntriesReply: on success the last index known to match, prev + number of entries
	ConflictIndex Index // AppendEntriesReply: on refusal where to try next; 0 is no hint
	ConflictTerm  Term  // AppendEntriesReply: on refusal the term of the conflicting entry; 0 is no hint

	Payload string // what an implementation sends besides, opaque; equal messages have equal payloads
}

// Knows reports whether all the given fields of the message are known.
func (m *Message) Knows(f MessageField) bool { return m.Unknown&f == 0 }

// Complete reports whether all that a message of its kind has is known.
func (m *Message) Complete() bool { return m.Unknown == 0 }

// shown prints a field, or a question mark where it is not known.
func (m *Message) shown(f MessageField, value any) string {
	if !m.Knows(f) {
		return "?"
	}
	return fmt.Sprint(value)
}

// String prints a message on one line, with only the fields that matter to its kind.
func (m Message) String() string {
	var b strings.Builder
	server := func(f MessageField, id ServerID) string { return m.shown(f, id) }
	fmt.Fprintf(&b, "%s %s->%s term=%s", m.Kind, server(MessageFrom, m.From), server(MessageTo, m.To), m.shown(MessageTerm, uint64(m.Term)))
	previous := m.shown(MessagePrevIndex, m.PrevLogIndex) + "@" + m.shown(MessagePrevTerm, m.PrevLogTerm)
	switch m.Kind {
	case RequestVote, PreVote:
		fmt.Fprintf(&b, " last=%s@%s", m.shown(MessageLastIndex, m.LastLogIndex), m.shown(MessageLastTerm, m.LastLogTerm))
	case RequestVoteReply, PreVoteReply:
		fmt.Fprintf(&b, " granted=%s", m.shown(MessageGranted, m.Granted))
	case AppendEntries:
		fmt.Fprintf(&b, " prev=%s entries=%s commit=%s", previous, m.shown(MessageEntries, Log{Entries: m.Entries}), m.shown(MessageCommit, m.LeaderCommit))
	case InstallSnapshot:
		fmt.Fprintf(&b, " last=%s", previous)
		if m.Offset != 0 || m.Partial {
			fmt.Fprintf(&b, " offset=%d done=%t", m.Offset, !m.Partial)
		}
	case AppendEntriesReply, InstallSnapshotReply:
		fmt.Fprintf(&b, " success=%s match=%s", m.shown(MessageSuccess, m.Success), m.shown(MessageMatch, m.MatchIndex))
		if m.ConflictIndex != 0 || m.ConflictTerm != 0 {
			fmt.Fprintf(&b, " conflict=%d@%d", m.ConflictIndex, m.ConflictTerm)
		}
	}
	return b.String()
}

// previous names the entry before those that AppendEntries carries.
func (m *Message) previous() string {
	if !m.Knows(MessagePrevTerm) {
		return fmt.Sprintf("entry %d", m.PrevLogIndex)
	}
	return fmt.Sprintf("entry %d of term %d", m.PrevLogIndex, m.PrevLogTerm)
}

// Equal reports whether two messages are the same in every field.
func (m Message) Equal(n Message) bool {
	if !slices.Equal(m.Entries, n.Entries) {
		return false
	}
	return m.Kind == n.Kind && m.Unknown == n.Unknown && m.From == n.From && m.To == n.To && m.Term == n.Term &&
		m.LastLogIndex == n.LastLogIndex && m.LastLogTerm == n.LastLogTerm && m.Granted == n.Granted &&
		m.PrevLogIndex == n.PrevLogIndex && m.PrevLogTerm == n.PrevLogTerm && m.LeaderCommit == n.LeaderCommit &&
		m.Offset == n.Offset && m.Partial == n.Partial && m.Success == n.Success && m.MatchIndex == n.MatchIndex &&
		m.ConflictIndex == n.ConflictIndex && m.ConflictTerm == n.ConflictTerm && m.Payload == n.Payload
}

// LastEntryIndex returns the index of the last entry an AppendEntries carries: prev plus the number of entries.
func (m Message) LastEntryIndex() Index { return m.PrevLogIndex + Index(len(m.Entries)) }

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}
