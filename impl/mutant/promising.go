package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// promiseMutants break what servers tell as leaders, or come to by nothing that anybody told them: faults whose consequences a bounded search
// need not reach.
var promiseMutants = []Mutant{
	{
		Name:      "el-overshoots-term",
		Mechanism: Election,
		Title:     "a server that hears of a higher term goes to the one after it",
		Source:    "from the literature; Raft paper, 5.1",
		Story: "The term of a message is taken for the last one that was used, and the server goes on to the next. It is in a term that nobody began, makes others come to it, and " +
			"whoever leads is deposed without an election.",
		Rules:   []string{"R5.1-09"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: overshootsTerm{}},
	},
	{
		Name:      "el-stays-candidate",
		Mechanism: Election,
		Title:     "a candidate that takes over a higher term is candidate of it",
		Source:    "from the literature; Raft paper, 5.1 and Figure 4",
		Story: "The term is taken over in one place and the role changed in another, which is not reached for every message. A candidate votes for another in the new term, and counts " +
			"late votes of its own on.",
		Rules:   []string{"R5.1-02", "R5.2-04", "R5.2-08"},
		Steps:   5,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: staysCandidate{}},
	},
	{
		Name:      "el-old-leader-kept",
		Mechanism: Election,
		Title:     "a server that comes to a new term goes on naming the leader of the last one",
		Source:    "from the literature; Raft paper, 5.1 and 8",
		Story: "The leader is forgotten when a server campaigns and not when another one does. Clients are sent to a server that was deposed, and whoever asks who leads the term is " +
			"told of one that does not.",
		Rules:   []string{"R5.2-02"},
		Steps:   7,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: oldLeaderKept{}},
	},
	{
		Name:      "el-candidate-sends-heartbeats",
		Mechanism: Election,
		Title:     "a candidate sends heartbeats as if it had won",
		Source:    "from the literature; heartbeat threads that outlive a leadership and stamp the current term",
		Story: "The heartbeat timer runs whatever the server is, and only looks whether it may send. A candidate makes the others its followers in a term that another one may win, " +
			"and they give up their own elections for it.",
		Rules:   []string{"R5.2-15", "R5.2-02"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: candidateSends{}},
	},
	{
		Name:      "rp-stale-append-accepted",
		Mechanism: Replication,
		Title:     "AppendEntries of an earlier term is answered with success",
		Source:    "from the literature; Raft paper, Figure 2 (AppendEntries, step 1)",
		Story: "The message is disregarded, and the reply is the one for messages that bring nothing new. Whoever looks at success before it looks at the term takes the sender for " +
			"a leader that is still followed.",
		Rules:   []string{"R5.1-04"},
		Steps:   5,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: staleAccepted{}},
	},
	{
		Name:      "rp-drops-last",
		Mechanism: Replication,
		Title:     "a follower stores less of a message than it acknowledges",
		Source:    "from the literature; Raft paper, Figure 2 (AppendEntries, step 4)",
		Story: "A limit on how much is written at once cuts the last entry off, and the acknowledgement is computed from the message. The leader counts a copy that is not there, and " +
			"an entry that is committed may be on one server only.",
		Rules:   []string{"R5.3-22", "R5.6-01", "R5.3-20", "R5.3-18", "R5.4.1-04"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 2},
		Options: impl.Options{Decisions: dropsLast{}},
	},
	{
		Name:      "cm-tells-last-index",
		Mechanism: Commitment,
		Title:     "a leader tells followers that all of its log is committed",
		Source:    "from the literature; Raft paper, Figure 2 (AppendEntries, leaderCommit)",
		Story: "The last index is sent where the commit index is meant. A follower commits an entry that nobody else has, and the next leader puts another in its place. That takes two more " +
			"elections and an entry, and a search in small bounds ends before.",
		Rules:   []string{"R5.3-21"},
		Steps:   5,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: tellsLastIndex{}},
	},
	{
		Name:      "sn-stamps-current-term",
		Mechanism: Snapshot,
		Title:     "a snapshot names the term of its sender as that of the last entry it covers",
		Source:    "from the literature; Raft paper, Figure 13 (lastIncludedTerm)",
		Story: "The term of the last entry is gone with the entry, and the current one is at hand. The follower's log seems to end in a newer term than it does: it refuses its vote to servers " +
			"that have everything, and the next AppendEntries.",
		Rules:   []string{"R7-09"},
		Steps:   18,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 2, Compactions: 1},
		Options: impl.Options{Snapshots: true, Decisions: stampsCurrentTerm{}},
	},
	{
		Name:      "st-log-write-drops-term",
		Mechanism: Storage,
		Title:     "a write of the log writes the term of its last entry for the current one",
		Source:    "from the literature; Raft paper, 5.6",
		Story: "Log and term share a file, and the part of the program that writes the log makes it anew from what it knows. A term and a vote that were safe are gone from the disk with the first entry " +
			"of an earlier term, and a crash is all it takes to vote again.",
		Rules:   []string{"R5.6-08", "R5.6-01", "R5.1-01", "R5.2-03", "R5.2-02"},
		Steps:   13,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: logWriteDropsTerm{}},
	},
}

type overshootsTerm struct{ impl.Paper }

func (overshootsTerm) NewTerm(m *spec.Message) spec.Term { return m.Term + 1 }

type staysCandidate struct{ impl.Paper }

func (staysCandidate) YieldsToNewTerm(role spec.Role) bool { return role != spec.Candidate }

type oldLeaderKept struct{ impl.Paper }

func (oldLeaderKept) LeaderInNewTerm(before spec.ServerID) spec.ServerID { return before }

type candidateSends struct{ impl.Paper }

func (candidateSends) SendsAsLeader(role spec.Role) bool {
	return role == spec.Leader || role == spec.Candidate
}

type staleAccepted struct{ impl.Paper }

func (staleAccepted) AcceptsStale() bool { return true }

// dropsLast takes no more than the first entry of a message.
type dropsLast struct{ impl.Paper }

func (p dropsLast) Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log {
	return p.Paper.Merge(log, prev, entries[:min(1, len(entries))])
}

type tellsLastIndex struct{ impl.Paper }

func (tellsLastIndex) TellsCommit(_, last spec.Index) spec.Index { return last }

type stampsCurrentTerm struct{ impl.Paper }

func (stampsCurrentTerm) SnapshotTerm(_, current spec.Term) spec.Term { return current }

// logWriteDropsTerm writes the term of the last entry, and no vote, when the log has changed.
type logWriteDropsTerm struct{ impl.Paper }

func (p logWriteDropsTerm) Writes(disk, memory spec.Durable) []spec.Durable {
	if memory.Log.LastIndex() != disk.Log.LastIndex() && memory.Log.LastTerm() < memory.Term {
		memory.Term, memory.VotedFor = memory.Log.LastTerm(), spec.None
	}
	return p.Paper.Writes(disk, memory)
}
