package spec

// Habit is what an implementation says of itself when it declares a Variant.
type Habit struct {
	Variant  Variant
	Sentence string // what a server does that has the habit, as a sentence with a period
	Seen     string // which systems do it, and where that is written down; no period
	Safe     string // the condition under which nothing is lost by it, as a sentence with a period
	Instead  string // what is judged in place of what is void, as a sentence with a period; "" is that the condition is not judged by itself
	Takes    string // a declaration with the numbers that it takes: "flexible-quorums:elect=4,commit=2"; "" is none
	Needs    bool   // it says nothing without at least one of them
}

// The variants that implementations and specifications declare.
const (
	CommitMayFall       Variant = "commit-may-fall"
	SelfVoteByMessage   Variant = "self-vote-by-message"
	TermThenVote        Variant = "term-then-vote"
	ProgressMayFall     Variant = "progress-may-fall"
	OptimisticNext      Variant = "optimistic-next"
	SilentOnStale       Variant = "silent-on-stale"
	VolatileUntilReady  Variant = "volatile-until-ready"
	PreVotes            Variant = "pre-votes"
	PreVotesBySome      Variant = "pre-votes-by-some"
	ChecksQuorum        Variant = "checks-quorum"
	ConfirmsReads       Variant = "confirms-reads"
	LeaseReads          Variant = "lease-reads"
	ConfigurationInLog  Variant = "configuration-in-log"
	JointConfigurations Variant = "joint-configurations"
	StoresLater         Variant = "stores-later"
	TellsClients        Variant = "tells-clients"
	LeavesWhenHung      Variant = "leaves-when-hung"
	CommitsAtOnce       Variant = "commits-at-once"
	LateTerm            Variant = "late-term"
	AppendsLater        Variant = "appends-later"
	AppliesLater        Variant = "applies-later"
	DropsLateAnswers    Variant = "drops-late-answers"
	HeartbeatsAnywhere  Variant = "heartbeats-anywhere"
	MendsLog            Variant = "mends-log"
	HealsFirst          Variant = "heals-first"
	HeartbeatsToAll     Variant = "heartbeats-to-all"
	InstallsAtOnce      Variant = "installs-at-once"
	PreVoteOwnTerm      Variant = "pre-vote-own-term"
	DropsVoteForLeader  Variant = "drops-vote-for-leader"
	CachesEntries       Variant = "caches-entries"
	InheritsLease       Variant = "inherits-lease"
	FlexibleQuorums     Variant = "flexible-quorums"
	TermJumps           Variant = "term-jumps"
	DropsUnacknowledged Variant = "drops-unacknowledged"
)

// Habits lists every variant: first the liberties that systems take, then the parts of Raft that they have, then what they promise besides.
// It must not be changed.
var Habits = []*Habit{
	{
		Variant: SilentOnStale, Sentence: "A request of an earlier term is dropped without an answer.",
		Seen: "etcd's raft without CheckQuorum and PreVote (raft.go, Step)",
		Safe: "Whoever sent it learns the new term in another way, since its leader sends messages too.",
	},
	{
		Variant: OptimisticNext, Sentence: "nextIndex runs ahead of what was acknowledged, and falls back to matchIndex.",
		Seen: "pipelining in etcd's raft (tracker/progress.go, StateReplicate)",
		Safe: "matchIndex alone is what commitment is counted from.",
	},
	{
		Variant: VolatileUntilReady, Sentence: "What a server shows between two hand-overs to storage is promised to nobody yet, and messages wait for the next one.",
		Seen: "etcd's raft (doc.go, Ready)",
		Safe: "Messages leave only after what they promise was handed to storage.",
	},
	{
		Variant: LateTerm, Sentence: "A leader that a reply tells of a higher term steps down at once and takes the term over later.",
		Seen:    "hashicorp/raft (replication.go, handleStaleTerm)",
		Safe:    "It neither leads nor campaigns any more.",
		Instead: "It must stop leading in the step in which it hears of the term. What it still sends as the leader that it was may tell of entries of later terms, which others have put into its log since, and of what is committed in them.",
	},
	{
		Variant: DropsLateAnswers, Sentence: "A server that does not lead any more drops answers to what it sent as leader unread, even if they tell of a higher term.",
		Seen:    "nats-server (raft.go, runAsFollower and runAsCandidate)",
		Safe:    "It is as if they were lost. The term comes again, with the answers to its next requests for votes and with whatever others send.",
		Instead: "A leader heeds the term of every answer, and a candidate that of an answer to its request for a vote.",
	},
	{
		Variant: HeartbeatsAnywhere, Sentence: "Heartbeats may name any previous entry, as the last one that is committed, whatever the follower has.",
		Seen: "Openraft before 0.9.22 (issue 1500); systems whose heartbeats carry the commit index and nothing of the follower",
		Safe: "A refusal of a heartbeat is not taken for a follower that has lost entries.",
	},
	{
		Variant: PreVoteOwnTerm, Sentence: "A request for a pre-vote carries the asker's own term, and not the one that it would campaign in.",
		Seen:    "Apache Kafka's KRaft (KIP-996)",
		Safe:    "It is a term that exists, so whoever hears of it may take it over like that of any message; the vote in it is still to be given.",
		Instead: "The term is not above the asker's own. Who takes it over has voted for nobody in it. A request of the voter's own term may be granted, one of an earlier term not.",
	},
	{
		Variant: DropsVoteForLeader, Sentence: "A server that learns who leads its term forgets for whom it voted in it, or takes that leader for its vote.",
		Seen:    "Apache Kafka's KRaft (KIP-595: the quorum state of a follower has a leader and no vote); Openraft (the vote of a follower is its leader, committed)",
		Safe:    "It remembers that the term has a leader, and votes for nobody else in it. After a restart too: the leader is on disk with the term, or nobody gets a vote in the term that is found there.",
		Instead: "The vote is dropped for the leader of the term, or becomes that leader, and in no other way, and nobody else is given one afterwards in that term.",
	},
	{
		Variant: CachesEntries, Sentence: "A follower keeps AppendEntries that come before what precedes them, and appends and acknowledges all of them when it is there.",
		Seen:    "braft (raft_enable_append_entries_cache)",
		Safe:    "What waits came from the leader of the very term, and is acknowledged only once there is no gap before it.",
		Instead: "Up to where it acknowledges and commits, its log is what the leader of the term has sent it, with no gap.",
	},
	{
		Variant: InheritsLease, Sentence: "A new leader answers reads at the index up to which its predecessor had committed, while its predecessor's lease lasts.",
		Seen:    "LeaseGuard (Davis and others, SIGMOD 2026; arXiv 2512.15659)",
		Safe:    "No leader commits an entry of its own before the leases of its predecessors are over, by a bound on how far clocks differ; and nothing that the read returns is changed by entries of which it is not known yet whether they are committed.",
		Instead: "The read is answered at the leader's commit index, and at no lower one than anybody is seen to have committed. With the number, and where clocks tick, none is answered so after more ticks of the leader's clock than a lease lasts, since it was sent the entry there.",
		Takes:   "inherits-lease:ticks=10",
	},
	{
		Variant: FlexibleQuorums, Sentence: "Fewer servers than a majority commit an entry, and more than a majority elect a leader.",
		Seen:    "Flexible Paxos (Howard, Malkhi and Spiegelman, 2016); FlexiRaft (Yadav and Rahut, CIDR 2023)",
		Safe:    "Any servers that elect share one with any that commit, and with any others that elect: elect + commit > servers, and 2 · elect > servers. One of the two numbers follows from the other where it is left out. A configuration is changed through a joint one.",
		Instead: "Elections, commitment, confirmed reads and contact are counted with these numbers, in every half of the configuration; a configuration in which they need not meet elects and commits nothing.",
		Takes:   "flexible-quorums:elect=4,commit=2", Needs: true,
	},
	{
		Variant: TermJumps, Sentence: "A candidate may raise its term by more than one, over terms that it heard of or that others may have used.",
		Seen:    "Aeron Cluster (a candidate's term follows the highest that it has seen)",
		Safe:    "The term is above every term that the server has been in, and its vote in it is its own.",
		Instead: "A candidacy raises the term, and the candidate's vote in it is for itself.",
	},
	{
		Variant: DropsUnacknowledged, Sentence: "A leader that steps down removes those of its own entries that nobody has acknowledged to it.",
		Seen:    "systems that undo a transaction whose leader lost its lead before anybody had it",
		Safe:    "The leader itself created them in the term that it led, it has not committed them, and no follower has acknowledged them: so they can never have been counted.",
		Instead: "What is removed is a tail of entries of the term that the leader led, above its commit index and above every matchIndex and acknowledgement that it was given.",
	},
	{
		Variant: MendsLog, Sentence: "A restart drops what a write that a crash cut short has left behind, so a log on disk may be torn while the server is down.",
		Seen: "write-ahead logs with a checksum for each record, as etcd's (wal, ReadAll and repair)",
		Safe: "Nothing that was synced, or promised, is dropped.",
	},
	{
		Variant: HealsFirst, Sentence: "A server that lost entries of its log neither votes nor acknowledges until a leader has sent them again.",
		Seen: "protocol-aware recovery (Alagappan and others, FAST 2018)",
		Safe: "It knows that it lost some, and which.",
	},
	{
		Variant: CommitMayFall, Sentence: "A follower sets its commitIndex to the leader's, also downwards.",
		Seen: "raft.tla (HandleAppendEntriesRequest)",
		Safe: "Nothing is applied twice.",
	},
	{
		Variant: SelfVoteByMessage, Sentence: "A candidate clears its vote, and votes for itself by a message to itself.",
		Seen: "raft.tla (Timeout, RequestVote)",
		Safe: "It gives its vote once in a term, to itself or to another.",
	},
	{
		Variant: TermThenVote, Sentence: "Taking over a higher term and handling the message that told it are two steps.",
		Seen: "raft.tla (UpdateTerm)",
		Safe: "The message is still there for the second.",
	},
	{
		Variant: ProgressMayFall, Sentence: "A leader takes every reply at its word, also a late one, so that matchIndex and nextIndex may fall.",
		Seen: "raft.tla (HandleAppendEntriesResponse)",
		Safe: "commitIndex does not fall with it.",
	},
	{
		Variant: PreVotes, Sentence: "A server asks for pre-votes before it campaigns.",
		Seen: "dissertation, 9.6; etcd's raft, hashicorp/raft since 1.7.0",
		Safe: "Asking changes neither terms nor votes.",
	},
	{
		Variant: PreVotesBySome, Sentence: "Every server answers requests for pre-votes, and some campaign without asking.",
		Seen: "clusters that are moved to pre-votes server by server; dissertation, 9.6",
		Safe: "Asking changes neither terms nor votes.",
	},
	{
		Variant: ChecksQuorum, Sentence: "A leader steps down when its election timer finds that no majority answered, and shows who did.",
		Seen: "dissertation, 6.2; etcd's raft (CheckQuorum)",
		Safe: "Always: it only gives up leading.",
	},
	{
		Variant: ConfirmsReads, Sentence: "A leader answers a read when a majority has confirmed that it still leads, and shows the reads that wait for that.",
		Seen: "dissertation, 6.4; etcd's raft (ReadOnlySafe)",
		Safe: "The confirmations are of messages that were sent after the read came.",
	},
	{
		Variant: LeaseReads, Sentence: "A leader answers reads at once while it holds a lease.",
		Seen: "dissertation, 6.4.1; etcd's raft (ReadOnlyLeaseBased)",
		Safe: "Voters are loyal to it for longer than the lease, by a bound on how far clocks differ.",
	},
	{
		Variant: ConfigurationInLog, Sentence: "Configurations are entries of the log whose values are written voters=n1,n2 outgoing=n2,n3 learners=n4, and the last one in the log is in force, committed or not.",
		Seen: "Raft paper, 6; dissertation, 4",
		Safe: "The rules about membership hold.",
	},
	{
		Variant: JointConfigurations, Sentence: "Changes of the configuration go through a joint one.",
		Seen: "Raft paper, 6; etcd's raft (ConfChangeV2)",
		Safe: "Elections and commitment need a majority of both halves.",
	},
	{
		Variant: StoresLater, Sentence: "A step hands its writes to storage, and what promises them leaves when they are stored.",
		Seen: "dissertation, 10.2.1; etcd's raft (AsyncStorageWrites)",
		Safe: "Nothing is promised before it is stored.",
	},
	{
		Variant: TellsClients, Sentence: "Servers tell clients what became of their commands and show what their state machine does with each; the value of a command names the request, which a client that hears nothing repeats.",
		Seen:    "Raft paper, 8; dissertation, 6.3",
		Safe:    "No two requests have the same value.",
		Instead: "Commands with the same value are one request, and carried out once. Of others only those are known to be one request that bear the same name of a client and of a request.",
	},
	{
		Variant: LeavesWhenHung, Sentence: "A leader steps down whose own storage finishes nothing between two firings of its election timer.",
		Seen: "etcd's raft leaves that to whoever runs it; CockroachDB steps down on a disk that stalls",
		Safe: "Always: it only gives up leading.",
	},
	{
		Variant: CommitsAtOnce, Sentence: "A leader commits what it may in the very step in which it learns of it.",
		Seen: "the reference; etcd's raft (maybeCommit)",
		Safe: "Always: it is a promise.",
	},
	{
		Variant: HeartbeatsToAll, Sentence: "One firing of a leader's heartbeat timer sends every other server of the configuration something.",
		Seen: "the reference; etcd's raft (bcastHeartbeat). Others have a timer for each follower, or take them in turn",
		Safe: "Always: it is a promise.",
	},
	{
		Variant: InstallsAtOnce, Sentence: "A server that is sent a newer snapshot takes it in the very step in which the last of it comes, and refuses none.",
		Seen:    "the reference; etcd's raft (restore). Others install in the background, and refuse while they are busy",
		Safe:    "Always: it is a promise.",
		Instead: "A newer snapshot that is there as a whole is taken in the step that brings the last of it.",
	},
	{
		Variant: AppendsLater, Sentence: "A leader takes a command on in one step and appends it in another.",
		Seen: "hashicorp/raft (applyCh, dispatchLogs)",
		Safe: "The entry gets the term in which the server leads as it appends.",
	},
	{
		Variant: AppliesLater, Sentence: "What is committed is applied in steps of their own, and a server answers a read from its own state machine: the index of the answer is how far that has applied.",
		Seen:    "hashicorp/raft (runFSM); most systems with a state machine of their own",
		Safe:    "A read waits until what was committed when it came is applied.",
		Instead: "A leader that was removed leads until it has applied the configuration without itself, and no longer.",
	},
}
