package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// Starving lists the mutants that break no promise in finitely many steps and only keep something from ever being reached. Liveness rules
// catch them, on the graph of all states; in their Bounds nothing bounds campaigns. Steps is how many steps the execution has, its
// round gone once.
var Starving = []Mutant{
	{
		Name:      "el-prevote-lead-kept",
		Mechanism: Election,
		Title:     "a server stays loyal to a leader that it has not heard from for an election timeout",
		Source:    "etcd#9586, fixed with pull request 8334; raft-rs#84",
		Story: "The leader fails. The others ask each other for pre-votes, and refuse each other, because each still has a leader on record, as if it were heard from. Nobody ever campaigns, " +
			"and the two that are left have no leader though they are a majority.",
		Rules:   []string{"R5.2-13"},
		Steps:   22,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 0, Messages: 1, Crashes: 1},
		Options: impl.Options{PreVote: true, Decisions: loyalForEver{}},
	},
	{
		Name:      "el-prevote-migration",
		Mechanism: Election,
		Title:     "a server that does not ask for pre-votes itself does not answer them either",
		Source:    "etcd#8501; cockroach#18151; raft-rs#42",
		Story: "A cluster is moved to pre-votes server by server. The one that has been moved has the longer log, and nobody else can win without its vote. It asks whether it could win, and the other, " +
			"which has not been moved, does not know what to do with the question. The other campaigns, and loses, for ever.",
		Rules:   []string{"R5.2-13"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Crashes: 1},
		Options: impl.Options{PreVote: true, PreVoters: 1, Decisions: doesNotAnswer{}},
	},
	{
		Name:      "el-leader-hung-hb",
		Mechanism: Election,
		Title:     "a leader whose disk hangs goes on sending heartbeats",
		Source:    "hashicorp/raft#503, by way of a case study",
		Story: "The leader's disk takes nothing any more, and it stores no entry. Another part of the program sends its heartbeats, and they are answered. So the leader has its majority, the others hear from " +
			"their leader, and nobody does anything about it.",
		Rules:   []string{"R5.2-14"},
		Steps:   17,
		Bounds:  Bounds{Servers: 2, Terms: 1, Log: 1, Messages: 1},
		Options: impl.Options{AsyncStorage: true, CheckQuorum: true, Decisions: doesNotNotice{}},
	},
	{
		Name:      "rp-nack-overwrites-probe",
		Mechanism: Replication,
		Title:     "every refusal makes the leader begin again at the end of its log",
		Source:    "after CCF pull requests 3723 and 5630",
		Story: "A leader goes back from entry to entry to find where a follower's log agrees. But a refusal, whatever it refused, sets nextIndex to the end of the log again. A follower that lacks one entry is brought up; " +
			"one that lacks two never is.",
		Rules:   []string{"R5.3-09"},
		Steps:   16,
		Bounds:  Bounds{Servers: 2, Terms: 3, Log: 2, Messages: 1},
		Options: impl.Options{Decisions: beginsAgain{}},
	},
	{
		Name:      "rp-many-conflicts-livelock",
		Mechanism: Replication,
		Title:     "a leader never goes back as far as the first entry that a follower may lack",
		Source:    "after openraft, by way of databend#3914",
		Story:     "The search for the place where two logs agree goes back a fixed distance and no further. The follower lacks everything, so nothing that the leader tries can match, and it tries the same for ever.",
		Rules:     []string{"R5.3-09"},
		Steps:     15,
		Bounds:    Bounds{Servers: 2, Terms: 3, Log: 1, Messages: 1},
		Options:   impl.Options{Decisions: stopsShort{}},
	},
	{
		Name:      "rp-pipeline-swallow",
		Mechanism: Replication,
		Title:     "a refusal is not passed on to the part of the leader that could try again",
		Source:    "hashicorp/raft#612, by way of a case study",
		Story: "A follower says that it cannot append what it was sent. The pipeline that sent it does not look at the answer, and goes on from where it believes to be. Replication to that follower has stopped, " +
			"and nobody is told.",
		Rules:   []string{"R5.5-01", "R5.3-09"},
		Steps:   16,
		Bounds:  Bounds{Servers: 2, Terms: 3, Log: 2, Messages: 1},
		Options: impl.Options{Decisions: refusalsSwallowed{}},
	},
	{
		Name:      "rp-retry-empty",
		Mechanism: Replication,
		Title:     "only the newest entry is sent; what is sent again is empty",
		Source:    "WRaft#118; WRaft#5 of SandTable (EuroSys 2024)",
		Story: "An entry is sent when it comes in. If it is lost, or another comes in before it was acknowledged, the leader sends AppendEntries without entries in its place. The follower agrees with everything and " +
			"gets nothing.",
		Rules:   []string{"R5.3-12"},
		Steps:   10,
		Bounds:  Bounds{Servers: 2, Terms: 1, Log: 2, Messages: 1},
		Options: impl.Options{Decisions: retriesEmpty{}},
	},
	{
		Name:      "rp-progress-snapshot-stuck",
		Mechanism: Snapshot,
		Title:     "a follower counts as having its snapshot only if it acknowledges exactly what is expected",
		Source:    "etcd-io/raft#124",
		Story: "A follower takes its snapshot and says so. Meanwhile the leader expects more of it, compares for equality, and goes on as if the follower were still waiting for the snapshot. It is sent the snapshot again, " +
			"and again, and never an entry.",
		Rules:   []string{"R7-08"},
		Steps:   25,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 1, Compactions: 1},
		Options: impl.Options{Snapshots: true, Decisions: expectsExactly{}},
	},
	{
		Name:      "mb-joint-stuck",
		Mechanism: Membership,
		Title:     "a leader leaves only those joint configurations that it appended itself",
		Source:    "etcd#12136",
		Story:     "A leader appends a joint configuration and fails. The next one leads in it and waits for somebody to leave it. Nobody does, every decision needs two majorities from now on, and no further change can begin.",
		Rules:     []string{"R6-04"},
		Steps:     16,
		Bounds:    Bounds{Servers: 2, Terms: 2, Log: 4, Messages: 1, Proposals: -1, Changes: 1, To: "voters=n1,n2 joint"},
		Options:   members(1, leavesOnlyItsOwn{}),
	},
	{
		Name:      "mb-premature-retire",
		Mechanism: Membership,
		Title:     "a server takes part no more as soon as its log says that it was removed",
		Source:    "CCF#5919, pull requests 5951 and 5973; dissertation, 4.2.2",
		Story:     "A leader appends the configuration without itself and loses its office before anybody has it. Its log is the longest, so nobody else can be elected; and it does not campaign, because it is no voter any more.",
		Rules:     []string{"R5.2-13", "R6-11"},
		Steps:     15,
		Bounds:    Bounds{Servers: 2, Terms: 1, Log: 2, Messages: 1, Proposals: -1, Changes: 1, To: "voters=n2"},
		Options:   impl.Options{Membership: true, NoOp: true, PreVote: true, CheckQuorum: true, Decisions: retiresEarly{}},
	},
	{
		Name:      "mb-config-divergence",
		Mechanism: Membership,
		Title:     "a server votes only for members of the configuration that it knows",
		Source:    "after hashicorp/raft#472",
		Story:     "A server was added, and one of the old ones does not know it yet when the leader fails. The new one has the log that must win, and needs the vote of the old one, who has never heard of it.",
		Rules:     []string{"R5.2-13"},
		Steps:     19,
		Bounds:    Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 1, Proposals: -1, Changes: 1, Crashes: 1, To: "voters=n1,n2,n3"},
		Options:   impl.Options{Membership: true, NoOp: true, PreVote: true, Voters: 2, Decisions: votesForMembers{}},
	},
}

// NotModelled lists documented bugs that keep something from being reached and that no mutant shows, and the rule that they are said to break.
var NotModelled = []Remark{
	{"el-timer-reset", "R5.2-11", "A timer that is reset too often fires too late, and nothing here is late: an election timeout may always happen. What can be reset, the loyalty to a " +
		"leader, is in el-prevote-lead-kept."},
	{"el-corrupt-node-wins", "R5.2-14", "It takes a disk that writes votes and no entries, and there is one disk here, which writes both or none: a server that cannot write cannot win an " +
		"election either. A leader that cannot write and leads on is el-leader-hung-hb."},
	{"mb-paper-joint-liveness", "R6-04", "The source says that there was such a fault in the paper's joint consensus and not which executions show it."},
}

// loyalForEver does not notice that its leader is silent.
type loyalForEver struct{ impl.Paper }

func (loyalForEver) GivesUp() bool { return false }

// doesNotAnswer knows pre-votes only if it asks for them.
type doesNotAnswer struct{ impl.Paper }

func (doesNotAnswer) AnswersPreVotes(asks bool) bool { return asks }

// doesNotNotice does not look at its own disk.
type doesNotNotice struct{ impl.Paper }

func (doesNotNotice) NoticesHungDisk() bool { return false }

// beginsAgain tries the last entry after every refusal.
type beginsAgain struct{ impl.Paper }

func (beginsAgain) RetryAt(p spec.Progress, _ *spec.Message, last spec.Index) spec.Index {
	if p.NextIndex > last {
		return p.NextIndex - 1
	}
	return last
}

// stopsShort never tries without a previous entry.
type stopsShort struct{ impl.Paper }

func (s stopsShort) Rejected(p spec.Progress, next spec.Index) spec.Progress {
	return s.Paper.Rejected(p, max(next, p.MatchIndex+2))
}

// refusalsSwallowed does nothing about a refusal.
type refusalsSwallowed struct{ impl.Paper }

func (refusalsSwallowed) Rejected(p spec.Progress, _ spec.Index) spec.Progress { return p }

// retriesEmpty sends the last entry and no other.
type retriesEmpty struct{ impl.Paper }

func (retriesEmpty) CarriesEntries(p spec.Progress, last spec.Index) bool { return p.NextIndex >= last }

// expectsExactly wants the follower to have all that the leader has.
type expectsExactly struct{ impl.Paper }

func (expectsExactly) HasSnapshot(match, last spec.Index) bool { return match == last }

// leavesOnlyItsOwn does not finish what another leader began.
type leavesOnlyItsOwn struct{ impl.Paper }

func (leavesOnlyItsOwn) LeavesJoint(committed, own bool) bool { return committed && own }

// retiresEarly does not wait until its removal is committed.
type retiresEarly struct{ impl.Paper }

func (retiresEarly) NeededUntilCommitted() bool { return false }

// votesForMembers wants the candidate to be in its configuration.
type votesForMembers struct{ impl.Paper }

func (votesForMembers) VotesFor(c spec.Configuration, candidate spec.ServerID) bool {
	return len(c.Voters) == 0 || c.Has(candidate)
}
