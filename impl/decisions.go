package impl

import "github.com/raftcheck/raftcheck/spec"

// Decisions is what a server has to decide, one question a method. The arguments are values, and an answer depends on nothing
// else. Logs and entries that are handed in must not be changed.
type Decisions interface {
	// Majority reports whether count of all the servers are a quorum (5.2).
	Majority(count, servers int) bool

	// Stamp is the term of an entry that a leader creates, and whether it creates one, given the term in which it took the command on and what it
	// is now (5.1, 5.3).
	Stamp(accepted spec.Term, role spec.Role, current spec.Term) (spec.Term, bool)
	// Adopts reports whether a server in the current term takes over the term of the message and follows (5.1).
	Adopts(current spec.Term, m *spec.Message) bool
	// NewTerm is the term that a server goes to as it takes over that of the message (5.1).
	NewTerm(m *spec.Message) spec.Term
	// LeaderInNewTerm is the leader that a server knows as it takes over a new term, given the one of the term before (5.1).
	LeaderInNewTerm(before spec.ServerID) spec.ServerID
	// YieldsToNewTerm reports whether a server in this role is a follower once it took over a higher term (5.1).
	YieldsToNewTerm(role spec.Role) bool
	// VoteInNewTerm is the vote a server holds as it takes over the term of the message, before it looks at the rest of it.
	VoteInNewTerm(m *spec.Message) spec.ServerID
	// LogInNewTerm is the log a server keeps as it takes over a new term.
	LogInNewTerm(log spec.Log, commit spec.Index) spec.Log
	// Outdated reports whether a reply belongs to an earlier term than the current one, and is dropped (5.1).
	Outdated(current spec.Term, reply *spec.Message) bool

	// LastLog is the position that a candidate tells voters its log ends at (5.4.1).
	LastLog(log spec.Log, commit spec.Index) (spec.Index, spec.Term)
	// CampaignTerm is the term of an election that a server in this role and term starts (5.2).
	CampaignTerm(role spec.Role, current spec.Term) spec.Term
	// Counted is who has voted for a candidate, with one more vote that arrives (5.2).
	Counted(granted []spec.ServerID, from spec.ServerID) []spec.ServerID
	// FreeToVote reports whether a server may still vote for the candidate in this term (5.2).
	FreeToVote(role spec.Role, votedFor, candidate spec.ServerID) bool
	// UpToDate reports whether a candidate's log is at least as up to date as the voter's (5.4.1).
	UpToDate(voter spec.Log, lastTerm spec.Term, lastIndex spec.Index) bool
	// VoteAfterFollowing is the vote of a server that hears from the leader of its own term (5.2).
	VoteAfterFollowing(role spec.Role, votedFor spec.ServerID) spec.ServerID

	// PrevTerm is the term that AppendEntries names for the entry before the ones it carries (5.3).
	PrevTerm(log spec.Log, prev spec.Index) spec.Term
	// LogOfLeader is the log that a leader goes on with when its heartbeat timer fires (5.3).
	LogOfLeader(log spec.Log, commit spec.Index) spec.Log
	// HeartbeatAfter is the previous entry that AppendEntries without entries names, given what the leader knows of the follower and how far it
	// has committed (5.2, 5.3).
	HeartbeatAfter(p spec.Progress, commit spec.Index) spec.Index
	// SendsAsLeader reports whether a server in this role sends AppendEntries when its heartbeat timer fires (5.2).
	SendsAsLeader(role spec.Role) bool
	// TellsCommit is the commit index that a leader tells followers, given its own and the end of its log (5.3).
	TellsCommit(commit, last spec.Index) spec.Index
	// AcceptsStale reports whether AppendEntries of an earlier term is answered with success, though nothing of it is taken (5.1).
	AcceptsStale() bool
	// TakesEntriesOf reports whether a server in the current term takes part in the AppendEntries of that term (5.1).
	TakesEntriesOf(m *spec.Message, current spec.Term) bool
	// Matches reports whether a log holds the entry before the ones that AppendEntries carries (5.3).
	Matches(log spec.Log, prev spec.Index, prevTerm spec.Term) bool
	// Merge is a follower's log after AppendEntries whose previous entry it holds (5.3).
	Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log
	// AckIndex is the last index that a follower reports to match, once its log took in the message (5.3).
	AckIndex(m *spec.Message, log spec.Log) spec.Index
	// Acknowledged is what a leader believes of a follower that reports its log to match up to an index (5.3).
	Acknowledged(p spec.Progress, match spec.Index) spec.Progress
	// SendsToAll reports whether a leader goes on to the next follower after one that needs a snapshot (5.2).
	SendsToAll() bool
	// CarriesEntries reports whether AppendEntries carries entries to a follower of which the leader knows this, given the end of its log (5.3).
	CarriesEntries(p spec.Progress, last spec.Index) bool
	// RetryAt is where a leader tries next after a refusal, given the end of its log (5.3).
	RetryAt(p spec.Progress, refusal *spec.Message, last spec.Index) spec.Index
	// Rejected is what a leader believes of a follower that refused AppendEntries; next is where it should try again (5.3).
	Rejected(p spec.Progress, next spec.Index) spec.Progress

	// FollowerCommit is a follower's commitIndex after AppendEntries that verified its log up to an index (5.3).
	FollowerCommit(commit, leaderCommit, verified, last spec.Index) spec.Index
	// CommitsByCounting reports whether a leader in the current term commits an entry of that term by counting copies (5.4.2).
	CommitsByCounting(entry, current spec.Term) bool

	// AsksFirst reports whether a server whose election timer fires in this role asks for pre-votes before it campaigns (D9.6).
	AsksFirst(role spec.Role) bool
	// AnswersPreVote reports whether a request for a pre-vote that is not granted is answered (D9.6).
	AnswersPreVote(current spec.Term, m *spec.Message) bool
	// GivesUp reports whether a server that has not heard from its leader for an election timeout is loyal to it no longer (D4.2.3).
	GivesUp() bool
	// NoticesHungDisk reports whether a leader steps down whose storage finishes nothing for an election timeout.
	NoticesHungDisk() bool
	// CountsAsContact reports whether a reply of that kind shows a leader that a follower is there (D6.2).
	CountsAsContact(reply spec.MessageKind) bool
	// AnswersPreVotes reports whether a server answers requests for pre-votes, given whether it asks for them itself (D9.6).
	AnswersPreVotes(asks bool) bool
	// KeepsOffice reports whether a leader goes on when its election timer fires, given whether a majority answered it (D6.2).
	KeepsOffice(majority bool) bool
	// Disregards reports whether a server that is loyal to a leader, or leads itself, leaves candidates aside (D4.2.3).
	Disregards(role spec.Role, loyal bool) bool
	// ReadyToLead reports whether a leader hands over to a follower of which it knows this, given the end of its own log (D3.10).
	ReadyToLead(p spec.Progress, last spec.Index) bool
	// TakesOver reports whether a server campaigns at once because the message tells it to (D3.10).
	TakesOver(role spec.Role, current spec.Term, m *spec.Message) bool

	// KnowsCommitted reports whether a leader knows how far entries are committed (8, D6.4).
	KnowsCommitted(log spec.Log, commit spec.Index, current spec.Term) bool
	// AsksBeforeReading reports whether a leader asks the others whether it still leads before it answers a read (D6.4).
	AsksBeforeReading() bool
	// WaitsToApply reports whether a read that is confirmed waits until the state machine has applied what was committed when it came (D6.4).
	WaitsToApply() bool
	// ServesUnconfirmed reports whether a server that leads no longer answers reads that were not confirmed (D6.4).
	ServesUnconfirmed() bool
	// NextRound is the number of a new round of heartbeats, given the last one's (D6.4).
	NextRound(round int) int
	// LeaseHolds reports whether a voter that answered what was sent then is certainly loyal now, both by the leader's clock (D6.4.1).
	LeaseHolds(sent, now, electionTicks, drift int) bool
	// LoyalAfterRestart reports whether a server that starts again waits as if it had just heard from a leader (D6.4.1).
	LoyalAfterRestart() bool

	// Quorum reports whether these servers are a quorum of a configuration, given what a majority is (6).
	Quorum(majority func(count, servers int) bool, c spec.Configuration, ids []spec.ServerID) bool
	// MayCampaign reports whether a server with that configuration may start an election (6).
	MayCampaign(c spec.Configuration, id spec.ServerID) bool
	// MayChange reports whether a leader takes on a change of the configuration, given whether one is under way and whether it has
	// committed an entry of its own term (D4.1).
	MayChange(pending, committedInTerm bool) bool
	// MayFollow reports whether these may be the voters after those without a joint configuration (D4.1).
	MayFollow(before, next []spec.ServerID) bool
	// ConfigurationUpTo is the last entry that may be the configuration in force (6).
	ConfigurationUpTo(log spec.Log, commit spec.Index) spec.Index
	// InForce is the configuration in force after a message of that kind, or 0 for a leader's own doing, changed the log: before it was
	// one, and now the log holds another last (6).
	InForce(cause spec.MessageKind, before, found Placed) Placed
	// NeededUntilCommitted reports whether a server that a change removes may campaign until the change is committed (D4.2.2).
	NeededUntilCommitted() bool
	// VotesFor reports whether a server with that configuration may vote for the candidate, member of it or not (6, D4.2).
	VotesFor(c spec.Configuration, candidate spec.ServerID) bool
	// LeavesJoint reports whether a leader appends the new configuration, given whether the joint one is committed, and whether the
	// leader appended it itself (6).
	LeavesJoint(committed, own bool) bool
	// Retires reports whether a leader steps down once that configuration is committed (D4.2.2).
	Retires(c spec.Configuration, id spec.ServerID) bool
	// Forgets reports whether a server that was removed throws away what it knows (D4).
	Forgets() bool

	// CarriesOut reports whether the state machine carries out the command at i, all before it being applied, given up to where in the log
	// requests are forgotten (D6.3).
	CarriesOut(log spec.Log, forgotten, i spec.Index) bool
	// ForgetsSessions is up to where in the log requests are forgotten when the server's own election timer fires, given up to where they were
	// and how far it has applied (D6.3).
	ForgetsSessions(forgotten, applied spec.Index) spec.Index
	// AppliesFrom is the first entry that the state machine is given, once entries up to one are applied and up to another are committed (5.3).
	AppliesFrom(applied, commit spec.Index) spec.Index
	// Fails reports whether a client is told that its command failed, given whether an entry is committed at its index, which is not its own, and
	// the server's role (8).
	Fails(committed bool, role spec.Role) bool
	// Tells reports whether a client is told that its command is done, given whether its index is committed and whether the entry
	// there is the one that was appended for it (8).
	Tells(committed, same bool) bool
	// LeavesBefore reports whether a message leaves before its own write is done, given the log that is stored now (D10.2.1).
	LeavesBefore(stored spec.Log, m *spec.Message) bool
	// CountsItself reports whether a leader counts its own copy of an entry, given whether it is stored (D10.2.1).
	CountsItself(stored bool) bool
	// StopsOnError reports whether a server stops because its disk refuses to write, given whether it was to write a snapshot.
	StopsOnError(snapshot bool) bool

	// SnapshotUpTo is the last entry that a snapshot taken now covers (7).
	SnapshotUpTo(log spec.Log, commit spec.Index) spec.Index
	// SnapshotTerm is the last term that a snapshot names that is sent in the current term, given the term of the last entry that it covers (7).
	SnapshotTerm(last, current spec.Term) spec.Term
	// NeedsSnapshot reports whether a follower is sent a snapshot, given the next entry to send (7).
	NeedsSnapshot(log spec.Log, next spec.Index) bool
	// TermWithSnapshot is the term of a server that takes in a snapshot from the leader of the current one (7).
	TermWithSnapshot(current spec.Term, m *spec.Message) spec.Term
	// Installs reports whether a snapshot that arrives is taken (7).
	Installs(log spec.Log, commit spec.Index, m *spec.Message) bool
	// LogWithSnapshot is a follower's log after a snapshot up to the index, whose entry has the term (7).
	LogWithSnapshot(log spec.Log, index spec.Index, term spec.Term) spec.Log
	// HasSnapshot reports whether a leader takes it that a follower has the snapshot it needed, given what it acknowledges and the end of the
	// leader's log (7).
	HasSnapshot(match, last spec.Index) bool
	// CommitAfterRestart is what a server knows to be committed as it starts again (7).
	CommitAfterRestart(log spec.Log) spec.Index

	// PassesOver reports whether a leader that looks how far it may commit goes on behind an entry that it may not commit by counting (5.4.2).
	PassesOver(entry, current spec.Term) bool

	// Writes are the states that the disk goes through, one write each, on the way from one to another; none if nothing
	// changes (Figure 2, persistent state).
	Writes(disk, memory spec.Durable) []spec.Durable
	// Order puts what a step makes durable and what it sends in the order in which it happens (Figure 2, persistent state).
	Order(in *spec.Input, durable, sends []spec.Effect) []spec.Effect
	// RoleAfterRestart is the role in which a server starts again with what it recovered (5.2).
	RoleAfterRestart(id spec.ServerID, d spec.Durable) spec.Role
	// Recovered is what a server starts again with, given what it finds on disk, and with Backups what the disk was before it was last written.
	Recovered(disk, backup spec.Durable) spec.Durable
}

// Paper decides as the Raft paper does. Its methods are in the files of their subjects.
type Paper struct{}

var _ Decisions = Paper{}
