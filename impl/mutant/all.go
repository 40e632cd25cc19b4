package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
)

// All lists every mutant: elections, then replication, commitment and storage, and then those of the parts that are options.
var All = slices.Concat(electionMutants, replicationMutants, commitmentMutants, storageMutants, snapshotMutants, prevoteMutants, readMutants, membershipMutants, failingMutants, moreMutants, basicMutants, promiseMutants)

var electionMutants = []Mutant{
	{
		Name:      "el-stale-vote-resp",
		Mechanism: Election,
		Title:     "a vote of an earlier term is counted in this one",
		Source:    "Xraft#33; Xraft#1 of SandTable (EuroSys 2024)",
		Story: "A candidate asks for votes, gives up waiting and starts another election. Then a vote of the first election " +
			"arrives, and it counts it in the second. The voter is free to vote for somebody else there, and there are two leaders in one term.",
		Rules:   []string{"R5.1-06", "R5.2-05", "R5.2-06", "R5.2-02", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02", "R5.3-20"},
		Steps:   4,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 2, Crashes: 1},
		Options: impl.Options{Decisions: staleVoteCounted{}},
	},
	{
		Name:      "el-leader-votes",
		Mechanism: Election,
		Title:     "a leader gives its vote away in the term it leads",
		Source:    "daos-stack/raft pull request 70; DaosRaft#1 of SandTable (EuroSys 2024)",
		Story: "Whoever handles a request for a vote does not look whether it is the leader itself. A candidate of the same term gets " +
			"the leader's vote on top of its own, and with it a majority.",
		Rules:   []string{"R5.2-08", "R5.2-03", "R5.6-08", "R5.2-02", "R5.4.1-04", "R5.3-20", "R5.4.3-01", "R5.4.3-02"},
		Steps:   6,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: leaderVotes{}},
	},
	{
		Name:      "el-vote-not-durable",
		Mechanism: Election,
		Title:     "a vote is not on disk when it is given",
		Source:    "raft.tla pull request 5, as a remark; a standard fault in student implementations",
		Story:     "A server gives its vote, crashes, comes back without it and gives it again in the same term.",
		Rules:     []string{"R5.6-01", "R5.2-03", "R5.2-02", "R5.4.1-04"},
		Steps:     1,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options:   impl.Options{Decisions: voteNotWritten{}},
	},
	{
		Name:      "el-nonatomic-term-vote",
		Mechanism: Election,
		Title:     "term and vote are written one after the other",
		Source:    "hashicorp/raft#661; sofa-jraft#1241",
		Story: "A server votes for a candidate of a new term. It writes the vote, crashes before it writes the term, and comes back in " +
			"the old term with a vote that it never gave there, in place of the one that it did give.",
		Rules:   []string{"R5.6-02", "R5.2-03", "R5.6-08", "R5.2-02"},
		Steps:   1,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: voteThenTerm{}},
	},
	{
		Name:      "el-send-before-persist",
		Mechanism: Election,
		Title:     "requests for votes leave before the candidate's vote for itself is on disk",
		Source:    "a case study of sofa-jraft (electSelf)",
		Story: "A candidate asks for votes in a new term and crashes before it wrote that term. It comes back in the old one, and votes for " +
			"another candidate in the term in which its own requests are still on their way.",
		Rules:   []string{"R5.6-01", "R5.2-03"},
		Steps:   1,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: asksBeforeItWrites{}},
	},
	{
		Name:      "el-meta-missing-term0",
		Mechanism: Election,
		Title:     "a server whose term and vote are missing on disk starts again in term 0",
		Source:    "a case study of sofa-jraft",
		Story: "The file with term and vote is gone after a restart, and the server takes that for a first start. It votes again in terms " +
			"in which it has voted before.",
		Rules:   []string{"R5.1-01", "R5.6-06", "R6-14", "R5.6-08", "R5.3-15", "R5.2-03", "R5.1-05", "R5.2-02", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02", "R5.3-20"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: metadataLost{}},
	},
	{
		Name:      "el-revote-same-term",
		Mechanism: Election,
		Title:     "a server forgets its vote when it becomes a follower again in the same term",
		Source:    "camunda#5356 and #1068 (Zeebe)",
		Story: "A server has voted and hears from the leader that won. Becoming a follower, it clears its vote as if a new term had begun, " +
			"and votes for another candidate of that term.",
		Rules:   []string{"R5.2-03", "R5.2-09", "R5.6-08", "R5.2-02", "R5.4.1-04", "R5.3-20", "R5.4.3-01", "R5.4.3-02"},
		Steps:   4,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: followingClearsVote{}},
	},
	{
		Name:      "el-candidate-stepdown-clears-vote",
		Mechanism: Election,
		Title:     "a candidate that yields forgets that it voted for itself",
		Source:    "CCF#5891",
		Story: "A candidate hears from the leader of its term and yields. It clears its vote for itself, and gives another " +
			"in the same term to the next candidate that asks. Two leaders cannot come of this, since the yielded candidacy has lost; but a vote was given twice.",
		Rules:   []string{"R5.2-03", "R5.2-09", "R5.6-08"},
		Steps:   5,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: yieldingClearsVote{}},
	},
	{
		Name:      "el-uptodate-wrong-key",
		Mechanism: Election,
		Title:     "a candidate tells voters where its committed entries end, not where its log ends",
		Source:    "CCF#589, fixed with pull request 1641",
		Story: "Votes are decided by comparing logs, but the candidate sends its commitIndex for its last index. Voters judge another log " +
			"than the one that is going to be the leader's.",
		Rules:   []string{"R5.4.1-02"},
		Steps:   6,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: commitForLastLog{}},
	},
	{
		Name:      "el-uptodate-index-first",
		Mechanism: Election,
		Title:     "the longer log is taken for the more up to date one",
		Source:    "from the literature; Raft paper, 5.4.1",
		Story: "A voter compares lengths before terms. A server with a long log of an old term that was never committed wins against " +
			"servers that hold a committed entry of a newer one, and overwrites it.",
		Rules:   []string{"R5.4.1-01", "R5.4.1-03", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   14,
		Bounds:  Bounds{Servers: 3, Terms: 3, Log: 2, Messages: 1, Campaigns: 3, Proposals: 3, Crashes: 1},
		Options: impl.Options{Decisions: indexBeforeTerm{}},
	},
	{
		Name:      "el-higher-vote-granted",
		Mechanism: Election,
		Title:     "seeing a higher term counts as a vote for the server that has it",
		Source:    "openraft pull request 1220, by way of databend#16175",
		Story: "A server that is asked for a vote in a higher term takes over the candidate together with the term. It refuses the vote, " +
			"because the candidate's log is behind, and yet has it on record as given.",
		Rules:   []string{"R5.4.1-03"},
		Steps:   7,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: newTermIsAVote{}},
	},
	{
		Name:      "el-hb-term-unchecked",
		Mechanism: Election,
		Title:     "a leader does not look at the term of replies to its heartbeats",
		Source:    "hashicorp/raft#666",
		Story: "A follower that is in a higher term refuses a heartbeat and says why. The leader does not look at the term of the answer, " +
			"stays leader, and may even take the answer for a sign of life.",
		Rules:   []string{"R5.1-02"},
		Steps:   6,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: replyTermUnchecked{}},
	},
}

var replicationMutants = []Mutant{
	{
		Name:      "rp-match-regress-udp",
		Mechanism: Replication,
		Title:     "matchIndex follows the acknowledgement that arrived last",
		Source:    "RaftOS#25; RaftOS#1 of SandTable (EuroSys 2024)",
		Story: "Two acknowledgements of a follower overtake each other. The leader believes the later one to arrive, which is the earlier " +
			"one, and forgets what it knew to be replicated.",
		Rules:   []string{"R5.3-07"},
		Steps:   10,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 2, Crashes: 1},
		Options: impl.Options{Decisions: matchGoesBack{}},
	},
	{
		Name:      "rp-next-le-match",
		Mechanism: Replication,
		Title:     "an acknowledgement raises matchIndex but not nextIndex",
		Source:    "PySyncObj#167; WRaft#118; PySyncObj#3 and WRaft#7 of SandTable (EuroSys 2024)",
		Story: "The leader notes that a follower has an entry and goes on sending it the same entry. Nothing is lost, but nothing " +
			"after that entry ever arrives either.",
		Rules:   []string{"R5.3-08"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: nextStaysBehind{}},
	},
	{
		Name:      "rp-erase-matching",
		Mechanism: Replication,
		Title:     "AppendEntries removes everything after its previous entry",
		Source:    "RaftOS#26; redpanda pull request 17895; RaftOS#2 of SandTable (EuroSys 2024)",
		Story: "A heartbeat that left before an entry arrives after it. The follower, which has acknowledged the entry, removes it, though " +
			"it agrees with its leader on every entry it has. The entry may be committed.",
		Rules:   []string{"R5.3-04", "R5.3-05", "R5.3-20", "R5.3-18", "R5.4.3-02", "R5.4.1-04", "R5.4.3-01"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 2, Crashes: 1},
		Options: impl.Options{Decisions: erasesAfterPrev{}},
	},
	{
		Name:      "rp-stale-nack-truncate",
		Mechanism: Replication,
		Title:     "a follower removes entries before it looks whether they conflict",
		Source:    "CCF#5927, fixed with pull requests 5991 and 6016",
		Story: "A leader sends entries again that a follower already has. The follower cuts its log where they begin, before it compares, and " +
			"loses the entries after them that it has acknowledged.",
		Rules:   []string{"R5.3-04", "R5.3-05", "R5.3-20", "R5.3-18", "R5.4.3-02", "R5.4.1-04"},
		Steps:   11,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 2, Crashes: 1, Depth: 16},
		Options: impl.Options{Decisions: rollsBackEarly{}},
	},
	{
		Name:      "rp-rollback-too-far",
		Mechanism: Replication,
		Title:     "a new term removes every entry that is not known to be committed",
		Source:    "CCF#2803, fixed with pull request 2852",
		Story: "A follower has acknowledged an entry and has not heard yet that it is committed. A new election begins, the follower drops " +
			"the entry, and votes for a candidate that never had it.",
		Rules:   []string{"R5.3-04", "R5.4.1-01", "R5.4.1-03", "R5.6-08", "R5.3-05", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   7,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: newTermRollsBack{}},
	},
	{
		Name:      "rp-match-from-nack",
		Mechanism: Replication,
		Title:     "the hint of a refusal is taken for an acknowledgement",
		Source:    "CCF#5325, fixed with pull request 5326",
		Story: "A follower refuses AppendEntries and says where to try again. The leader stores that place as matchIndex, and counts the " +
			"follower among those that hold an entry they never got.",
		Rules:   []string{"R5.3-07", "R5.3-20"},
		Steps:   11,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{ConflictHints: true, Decisions: matchFromRefusal{}},
	},
	{
		Name:      "rp-ack-too-far",
		Mechanism: Replication,
		Title:     "a follower acknowledges its whole log",
		Source:    "CCF pull requests 6001 and 6016",
		Story: "A follower takes in an AppendEntries and reports the end of its own log to match. What follows the entries that came with the " +
			"message may be from another leader, and is counted as a copy of what it is not.",
		Rules:   []string{"R5.3-06", "R5.3-10", "R5.3-20"},
		Steps:   9,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: acksWholeLog{}},
	},
	{
		Name:      "rp-prevterm-zero",
		Mechanism: Replication,
		Title:     "AppendEntries without entries names term 0 for the entry before them",
		Source:    "after etcd-io/raft commit 76f1249, where the entry before them was compacted",
		Story: "A leader that has nothing new to send does not look up the term of the previous entry. A follower compares term 0 with " +
			"its own entry, and refuses a heartbeat that it should take.",
		Rules:   []string{"R5.3-10"},
		Steps:   9,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: prevTermForgotten{}},
	},
	{
		Name:      "rp-wal-term-drift",
		Mechanism: Replication,
		Title:     "the previous entry is compared by its index only",
		Source:    "after nats-server pull request 5957",
		Story: "A follower holds an entry that was never committed, at the index where the leader holds another one. It does not compare " +
			"terms, keeps its own, and appends what follows the leader's.",
		Rules:   []string{"R5.3-03", "R5.6-01", "R5.3-02", "R5.3-15", "R5.4.1-04", "R5.4.3-01", "R5.3-20"},
		Steps:   15,
		Bounds:  Bounds{Servers: 3, Terms: 3, Log: 2, Messages: 1, Campaigns: 3, Proposals: 3},
		Options: impl.Options{Decisions: matchesByIndex{}},
	},
}

var commitmentMutants = []Mutant{
	{
		Name:      "cm-old-term",
		Mechanism: Commitment,
		Title:     "an entry of an earlier term is committed by counting (Figure 8)",
		Source:    "Raft paper, 5.4.2 and Figure 8; LogCabin#44; PySyncObj#169; CCF#3828",
		Story: "A leader finds an entry of an earlier term on a majority and takes it for committed. A server with a newer last entry can " +
			"still win an election without it, and overwrites it everywhere.",
		Rules:   []string{"R5.4.2-01", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   13,
		Bounds:  Bounds{Servers: 3, Terms: 4, Log: 1, Messages: 1, Campaigns: 4, Proposals: 2, Crashes: 1},
		Options: impl.Options{Decisions: countsOldTerms{}},
	},
	{
		Name:      "cm-nonmonotone",
		Mechanism: Commitment,
		Title:     "a follower's commitIndex follows its leader's, also downwards",
		Source:    "PySyncObj#166; raft.tla#19, where the specification itself does so; PySyncObj#2 of SandTable (EuroSys 2024)",
		Story: "A message that left before an entry was committed arrives after one that told of it. The follower takes back what it " +
			"has already applied.",
		Rules:   []string{"R5.3-16", "R5.3-19"},
		Steps:   11,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 2, Crashes: 1},
		Options: impl.Options{Decisions: commitFollowsLeader{}},
	},
	{
		Name:      "rp-commit-past-verified",
		Mechanism: Replication,
		Title:     "a follower commits entries that the leader's message did not verify",
		Source:    "copycat#265; scylladb#9965; openraft, by way of databend#3914",
		Story: "A follower has an entry of a leader that failed. The new leader's first, empty message agrees with all before it, and says " +
			"how far the leader has committed. The follower commits that far in its own log, and applies an entry that nobody else has.",
		Rules:   []string{"R5.3-17", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   30,
		Bounds:  Bounds{Servers: 3, Terms: 3, Log: 2, Messages: 1, Campaigns: 3, Proposals: 3, Crashes: 1},
		Options: impl.Options{MaxEntries: 1, ConflictHints: true, Decisions: commitsUnverified{}},
	},
	{
		Name:      "cm-quorum-half",
		Mechanism: Commitment,
		Title:     "half the servers, rounded down, count as a majority",
		Source:    "from the literature",
		Story: "A quorum is computed as n/2. Two of four servers, or one of three, elect a leader and commit entries, while as many others do " +
			"the same without them.",
		Rules:   []string{"R5.2-06", "R5.3-20", "R5.2-02", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   1,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: halfIsEnough{}},
	},
	{
		Name:      "cm-leader-counts-unsynced",
		Mechanism: Commitment,
		Title:     "a leader counts its own copy before it is synced",
		Source:    "discussed with etcd-io/raft pull request 226; a flag of Vanlightly's RaftFsync specification",
		Story: "A leader has written an entry but not synced it, one follower has, and the leader counts both. It loses power and comes back " +
			"without the entry, and with the third server elects a leader that never had it.",
		Rules:   []string{"R5.4.2-03", "R5.4.1-04", "R8-01", "R5.4.3-01", "R5.4.3-02"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Lossy: true},
		Options: impl.Options{Sessions: true, Decisions: leaderCountsUnsynced{}},
	},
	{
		Name:      "cm-follower-ack-unsynced",
		Mechanism: Commitment,
		Title:     "a follower acknowledges entries before they are synced",
		Source:    "the Jepsen report on NATS 2.12.1; a flag of Vanlightly's RaftFsync specification",
		Story: "A follower acknowledges an entry that is written but not synced, the leader commits it, and the follower loses power. It comes " +
			"back without the entry and helps to elect a leader that never had it.",
		Rules:   []string{"R5.6-01", "R5.3-20", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   4,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Lossy: true},
		Options: impl.Options{Decisions: followerAcksUnsynced{}},
	},
}

var storageMutants = []Mutant{
	{
		Name:      "st-lazy-fsync",
		Mechanism: Storage,
		Title:     "the disk is synced now and then",
		Source:    "the Jepsen report on NATS 2.12.1",
		Story: "What a server promises is written at once, but synced only when a timer fires. After a power failure the promises since then " +
			"are gone: votes, terms and acknowledged entries.",
		Rules:   []string{"R5.6-01", "R5.2-03", "R5.4.2-03", "R5.2-02", "R5.3-20", "R5.4.1-04", "R8-01", "R5.4.3-01", "R5.4.3-02"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Lossy: true},
		Options: impl.Options{Sessions: true, Decisions: syncsByTimer{}},
	},
	{
		Name:      "st-truncate-nonatomic",
		Mechanism: Storage,
		Title:     "a conflicting entry is replaced in place, and what follows it removed later",
		Source:    "after a case study of sofa-jraft and braft commit 10cd9e3",
		Story: "A follower has two entries of a leader that failed, and the new leader has one. It overwrites the first, crashes before it " +
			"removes the second, and comes back with an entry of an old term after one of a new term.",
		Rules:   []string{"R5.6-03", "R5.3-02", "R5.3-15"},
		Steps:   13,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Crashes: 1},
		Options: impl.Options{Decisions: overwritesInPlace{}},
	},
}
