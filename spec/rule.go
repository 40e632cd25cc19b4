package spec

// Level is how binding a rule is.
type Level uint8

// The levels of RFC 2119 that the rulebook uses.
const (
	Must Level = iota
	Should
)

// String returns "must" or "should".
func (l Level) String() string { return nameOf([]string{"must", "should"}, int(l)) }

// Profile is the part of Raft a rule belongs to; an implementation without that part is not judged by it.
type Profile string

// The profiles.
const (
	Core       Profile = "core"
	Membership Profile = "membership"
	Snapshot   Profile = "snapshot"
	Read       Profile = "read"
	Storage    Profile = "storage"
	PreVoting  Profile = "prevote"   // pre-votes, leaders that check for a majority, transfer of leadership
	Recording  Profile = "recording" // about records of executions, whatever ran
)

// Variant is a way in which an implementation may legitimately differ from the paper. Rules that it makes void name it.
type Variant string

// The variants that implementations and specifications declare.
const (
	// CommitMayFall: a follower sets commitIndex to the leader's, also downwards (raft.tla).
	CommitMayFall Variant = "commit-may-fall"
	// SelfVoteByMessage: a candidate clears its vote and votes for itself by a message to itself (raft.tla).
	SelfVoteByMessage Variant = "self-vote-by-message"
	// TermThenVote: adopting a higher term and handling the message that told it are two steps (raft.tla).
	TermThenVote Variant = "term-then-vote"
	// ProgressMayFall: a leader takes every reply at its word, also a late one, so matchIndex and nextIndex may fall (raft.tla).
	ProgressMayFall Variant = "progress-may-fall"
	// OptimisticNext: nextIndex may run ahead of what was acknowledged and fall back to matchIndex (pipelining).
	OptimisticNext Variant = "optimistic-next"
	// SilentOnStale: a request with a lower term is dropped without an answer.
	SilentOnStale Variant = "silent-on-stale"
	// VolatileUntilReady: what a server shows between two hand-overs to storage is promised to nobody yet (etcd's Ready).
	VolatileUntilReady Variant = "volatile-until-ready"
	// PreVotes: a server asks for pre-votes before it campaigns (dissertation, 9.6).
	PreVotes Variant = "pre-votes"
	// PreVotesBySome: every server answers requests for pre-votes, and some campaign without asking, as while a cluster is moved to pre-votes
	// server by server (dissertation, 9.6).
	PreVotesBySome Variant = "pre-votes-by-some"
	// ChecksQuorum: a leader steps down when its election timer finds that no majority answered, and shows who did (dissertation, 6.2).
	ChecksQuorum Variant = "checks-quorum"
	// ConfirmsReads: a leader answers a read when a majority has confirmed that it still leads, and shows the reads that wait for
	// that (dissertation, 6.4).
	ConfirmsReads Variant = "confirms-reads"
	// LeaseReads: a leader answers reads at once while it holds a lease (dissertation, 6.4.1).
	LeaseReads Variant = "lease-reads"
	// ConfigurationInLog: configurations are entries of the log whose values are as Configuration.String prints them, and the last one in the
	// log is in force, committed or not (Raft paper, 6).
	ConfigurationInLog Variant = "configuration-in-log"
	// JointConfigurations: changes of the configuration go through a joint one (Raft paper, 6).
	JointConfigurations Variant = "joint-configurations"
	// StoresLater: a step hands its writes to storage, and what promises them leaves when they are Stored (dissertation, 10.2.1).
	StoresLater Variant = "stores-later"
	// TellsClients: servers tell clients what became of their commands, and show what their state machine does with each. The value of a
	// command names the request, which a client that hears nothing repeats (Raft paper, 8; dissertation, 6.3).
	TellsClients Variant = "tells-clients"
	// LeavesWhenHung: a leader steps down whose own storage finishes nothing between two firings of its election timer.
	LeavesWhenHung Variant = "leaves-when-hung"
	// CommitsAtOnce: a leader commits what it may in the very step in which it learns of it.
	CommitsAtOnce Variant = "commits-at-once"
	// LateTerm: a leader that a reply tells of a higher term steps down at once and takes the term over later (hashicorp/raft).
	LateTerm Variant = "late-term"
	// AppendsLater: a leader takes a command on in one step and appends it in another (hashicorp/raft's dispatch of commands).
	AppendsLater Variant = "appends-later"
	// AppliesLater: what is committed is applied in steps of their own, and a server answers a read from its own state machine: the index of the
	// answer is how far that has applied.
	AppliesLater Variant = "applies-later"
	// HeartbeatsAnywhere: heartbeats may name any previous entry, and a refusal of one is not taken for a follower that lost entries.
	HeartbeatsAnywhere Variant = "heartbeats-anywhere"
	// MendsLog: a restart drops what a write that a crash cut short has left behind, so a log on disk may be torn while the server is down.
	MendsLog Variant = "mends-log"
	// HealsFirst: a server that lost entries of its log neither votes nor acknowledges until a leader has sent them again.
	HealsFirst Variant = "heals-first"
)

// EveryVariant lists all variants there are. It must not be changed.
var EveryVariant = Variants{
	CommitMayFall, SelfVoteByMessage, TermThenVote, ProgressMayFall, OptimisticNext, SilentOnStale, VolatileUntilReady,
	PreVotes, PreVotesBySome, ChecksQuorum, ConfirmsReads, LeaseReads, ConfigurationInLog, JointConfigurations, StoresLater,
	TellsClients, LeavesWhenHung, CommitsAtOnce, LateTerm, AppendsLater, AppliesLater, HeartbeatsAnywhere, MendsLog, HealsFirst,
}

// Variants is a set of declared variants.
type Variants []Variant

// Names returns the names of the variants, in their order.
func (vs Variants) Names() []string {
	names := make([]string, len(vs))
	for k, v := range vs {
		names[k] = string(v)
	}
	return names
}

// Has reports whether v is declared.
func (vs Variants) Has(v Variant) bool {
	for _, w := range vs {
		if v == w {
			return true
		}
	}
	return false
}

// Rule is one promise of Raft, with the means to tell whether it was broken. A rule has at least one of Step, Pair,
// Agreement, Elected, Answered, Told and Live; where it has several, each sees the same promise from another side.
type Rule struct {
	ID       string // stable, as in "R5.2-02"
	Name     string // plain, as in "election-safety"
	Sentence string // what is promised, one sentence with a period
	Why      string // why it matters and what usually breaks it, in a few plain sentences
	Section  string // where: "Raft paper, 5.2 and Figure 3"
	Level    Level
	Profile  Profile
	Catches  []string // slugs of documented faults that break it
	NoMutant string   // why no mutant of the reference can break it, as a sentence; "" when one does
	// Outcome says that the rule is about what becomes of any fault in the end: two leaders, two logs, a lost entry. That such a rule
	// is broken says little about where the fault is.
	Outcome bool
	Unless  []Variant // declared differences that make it void
	Only    []Variant // declared differences without one of which it is void, because a stricter rule is judged then; empty is none

	Needs      Field // the fields of Before and After without which a step cannot be judged; of both servers for Pair
	NeedsAfter Field // further fields that only After must show; none for Pair

	// Step judges one local step. It returns nil when the promise is kept.
	Step func(*Step) *Breach
	// Pair judges two servers at the same moment. It is called for both orders, and never with a server against itself.
	// Its evidence names a first and b second, both with PartAfter.
	Pair func(a, b *Sight) *Breach
	// Agreement is the kind of fact on which all servers must agree for ever.
	Agreement FactKind
	// Elected judges a server that has just become leader (leader.After) against everything committed so far.
	Elected func(leader *Step, committed []Fact) *Breach
	// Answered judges a leader that answers a read as soon as it comes (After) against everything committed so far.
	Answered func(leader *Step, committed []Fact) *Breach
	// Kept judges a server that has just become leader (leader.After) against what clients were told is done, ascending by index.
	Kept func(leader *Step, acknowledged []Fact) *Breach
	// Told judges what a step tells clients against what clients knew before it.
	Told       func(before *Clients, s *Step) *Breach
	overlooked []string // shapes of breaches that do not count

	// Live is what only executions without end can break; nil is nothing. Rules that have nothing else are in LivenessRules only.
	Live *Liveness
}

// Sight is one server as seen at one moment.
type Sight struct {
	Server ServerID
	*Observation
}

// Part says which part of a step a piece of evidence is.
type Part uint8

// The parts of a step.
const (
	PartAfter  Part = iota // what the server showed after the step
	PartBefore             // what it showed before
	PartInput              // the message or event that it was given
	PartEffect             // one of the effects: Evidence.Effect says which
	PartFact               // a fact established earlier: Evidence.Origin says where
)

// Evidence is one place that a finding rests on.
type Evidence struct {
	Role   string // what it shows, in words: "first vote", "vote in the same term again"
	Server ServerID
	Part   Part
	Effect int    // PartEffect: index into Output.Effects
	Origin Origin // where it was seen; filled by Judge for the step at hand
}

// Origin is where something was observed: a step number of a search or an index of a trace's records. The reader knows which.
type Origin int

// Condition is a condition of the specification that refused a step, with the values that made it false.
type Condition struct {
	Text   string // "reply.term = currentTerm"
	Values string // "1 is not 2"
}

// Breach is a broken rule: what happened, on what evidence, and what would have been right.
type Breach struct {
	Rule     *Rule
	Message  string      // one line, no period: "n3 votes for n2 in term 7 but voted for n1 in term 7"
	Evidence []Evidence  // the guilty place first, then what it contradicts
	Refused  []Condition // the conditions that did not hold
	Allowed  string      // what the server could have done instead; "" when nothing useful can be said
	Hint     string      // a guess at the cause; "" when there is none
	// Shape says in what way the rule is broken: the same whatever the servers, terms, indexes and values are; "" when no step shows it.
	Shape string
}
