package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// SandTableFault is a fault of Raft that SandTable (EuroSys 2024) found by searching a specification, with the numbers it published:
// table 2 of the paper, and the logs in its artefact where those say otherwise.
type SandTableFault struct {
	Bug      string // as the paper numbers it
	Fault    string // in a few words
	States   uint64 // distinct states that TLC found until then
	Depth    int    // events
	Seconds  int    // on 10 cores at 3.5 GHz
	Mutant   string // the mutant that has the fault
	Property string // the id of the rule that is nearest to the property by which SandTable caught it

	// Decisions, unless nil, are the mutant's with what else it takes to break Property: the faults of one implementation help each
	// other, and a mutant has only one.
	Decisions impl.Decisions
	With      string // in words
}

// SandTable lists the fifteen faults of Raft that SandTable found by model checking.
var SandTable = []SandTableFault{
	{Bug: "PySyncObj#2", Fault: "commitIndex falls", States: 93_713, Depth: 13, Seconds: 6, Mutant: "cm-nonmonotone", Property: "R5.3-16"},
	{Bug: "PySyncObj#3", Fault: "nextIndex ≤ matchIndex", States: 189_725, Depth: 18, Seconds: 7, Mutant: "rp-next-le-match", Property: "R5.3-08"},
	{Bug: "PySyncObj#4", Fault: "matchIndex falls", States: 1_512_679, Depth: 25, Seconds: 35, Mutant: "rp-match-regress", Property: "R5.3-07"},
	{Bug: "PySyncObj#5", Fault: "an entry of an older term is committed", States: 2_364_779, Depth: 14, Seconds: 120, Mutant: "cm-old-term", Property: "R5.4.2-01"},
	{Bug: "WRaft#1", Fault: "a compacted entry is appended again", States: 5_954_049, Depth: 22, Seconds: 528, Mutant: "rp-dup-append-compacted", Property: "R5.4.3-01"},
	{Bug: "WRaft#2", Fault: "AppendEntries in place of a snapshot", States: 20_955_790, Depth: 20, Seconds: 1308, Mutant: "rp-empty-ae-not-snap", Property: "R5.4.3-01",
		Decisions: snapshotTooLateUnverified{}, With: "rp-commit-past-verified"},
	{Bug: "WRaft#4", Fault: "the term falls to that of a snapshot", States: 48_338_241, Depth: 23, Seconds: 2344, Mutant: "sn-term-regress", Property: "R5.1-01"},
	{Bug: "WRaft#5", Fault: "a retry carries no entries", States: 10_576_917, Depth: 24, Seconds: 659, Mutant: "rp-retry-empty", Property: "R5.3-12"},
	{Bug: "WRaft#7", Fault: "nextIndex ≤ matchIndex", States: 7_401_586, Depth: 23, Seconds: 491, Mutant: "rp-next-le-match", Property: "R5.3-08"},
	{Bug: "DaosRaft#1", Fault: "a leader votes for another", States: 476, Depth: 8, Seconds: 5, Mutant: "el-leader-votes", Property: "R5.2-08"},
	{Bug: "RaftOS#1", Fault: "matchIndex falls", States: 60_101, Depth: 10, Seconds: 5, Mutant: "rp-match-regress-udp", Property: "R5.3-07"},
	{Bug: "RaftOS#2", Fault: "entries that match are erased", States: 19_455, Depth: 9, Seconds: 4, Mutant: "rp-erase-matching", Property: "R5.4.3-02"},
	{Bug: "RaftOS#4", Fault: "commitIndex does not go on", States: 16_938_773, Depth: 14, Seconds: 247, Mutant: "cm-loop-break", Property: "R5.4.2-02"},
	{Bug: "Xraft#1", Fault: "two leaders in one term", States: 3_534, Depth: 8, Seconds: 3, Mutant: "el-stale-vote-resp", Property: "R5.2-02"},
	{Bug: "Xraft-KV#1", Fault: "a stale read", States: 124_409, Depth: 10, Seconds: 15, Mutant: "rd-no-quorum", Property: "R8-02"},
}

// snapshotTooLateUnverified is snapshotTooLate whose followers commit what no message verified.
type snapshotTooLateUnverified struct{ snapshotTooLate }

func (snapshotTooLateUnverified) FollowerCommit(commit, leaderCommit, verified, last spec.Index) spec.Index {
	return commitsUnverified{}.FollowerCommit(commit, leaderCommit, verified, last)
}
