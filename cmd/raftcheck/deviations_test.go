package main

// deviation is something that published statements say an implementation breaks, and why that is so.
type deviation struct {
	requirements []string
	of           []string // beginnings of names of implementations
	text         string   // what the code does, with the function and the issue if there is one
}

var deviations = []deviation{
	{[]string{"R5.3-08"}, []string{"etcd@v3.5"},
		"A late refusal takes `Next` of a follower that is probed down to `Match`: `MaybeDecrTo` (tracker/progress.go) goes down to 1, where v3.6.0's does not go below `Match + 1`: " +
			"[etcd-io/raft#148](https://github.com/etcd-io/raft/issues/148), changed by [#149](https://github.com/etcd-io/raft/pull/149), which calls it no matter of correctness. Commitment is counted from `Match`, which stays, so nothing is lost; entries are sent again that the follower has."},
	{[]string{"R5.6-02", "R5.4.1-03"}, []string{"hashicorp"},
		"`persistVote` (raft.go) writes the term of a vote and its candidate as two keys. A crash between them leaves the new term with the candidate of the last vote, which was not given in it: " +
			"[hashicorp/raft#661](https://github.com/hashicorp/raft/issues/661). [A committed entry can be lost](adapters-hashicorp.md#what-was-found-in-v180)."},
	{[]string{"R5.1-03", "D3.10-01"}, []string{"hashicorp"},
		"`TimeoutNowRequest` (commands.go) carries no term, so `timeoutNow` (raft.go) campaigns on an order of an earlier term's leader. The dissertation (3.10) has the order come from the leader; a late one disrupts " +
			"the leader of today, and no promise about entries is touched. No issue that we know of."},
	{[]string{"R5.3-17"}, []string{"hashicorp"},
		"`appendEntries` (raft.go) commits up to `min(a.LeaderCommitIndex, r.getLastIndex())`, and not up to the last entry that the message has shown to match (Figure 2, AppendEntries, step 5: *index of last new entry*). " +
			"It takes a leader that sends a part of what it has to a follower whose log differs behind that part; leaders of the library begin at the first entry that differs, and we know of no execution in which one does, and of no issue."},
	{[]string{"R7-03", "R5.3-19"}, []string{"hashicorp"},
		"`installSnapshot` (raft.go) calls `setLastApplied(req.LastLogIndex)` without a look at its own: a snapshot that comes late takes the state machine back, and entries are applied a second time (Figure 13 and 7: a snapshot that is a prefix of the log " +
			"is discarded, and what follows it is kept). No issue that we know of."},
	{[]string{"R7-04", "R5.3-15", "R5.3-02"}, []string{"hashicorp"},
		"`installSnapshot` (raft.go) calls `compactLogs(req.LastLogIndex)`, which keeps the entries behind the snapshot although the entry at its end is another one (Figure 13, step 7: *discard the entire log*). A store that says `MonotonicLogStore` is cleared, " +
			"and does not have it. No issue that we know of."},
	{[]string{"R8-03"}, []string{"hashicorp"},
		"A read is `VerifyLeader` and then a look at the state machine. `verifyLeader` (raft.go) asks a majority whether the server still leads, which is all that its documentation promises, and not whether an entry of its term is committed: " +
			"a leader that was just elected may not have applied what its predecessor committed (dissertation, 6.4, step 1). `Barrier` waits for an entry of the leader's own, and is what to call once after an election. No issue that we know of."},
}

const conformanceHead = `# Conformance

Which of Raft's requirements an implementation was shown to meet, which not, and which could not be tried: the statements of the reference, of the sample servers, of etcd's raft and of
hashicorp/raft, each at level quick and each made by one command. A statement says what was seen, and nothing of what was not tried. These pages are made by

    go test ./cmd/raftcheck -run StatementsArePublished -libraries . -timeout 0 -update
    go test ./cmd/raftcheck -run TestDocs -update

Every test run makes those of the reference and the samples again, and the modules of the adapters those of the newest etcd and hashicorp; counts may differ with the suite's version, outcomes and
reasons may not.

## The statements

`

const deviationsHead = `
## Every deviation

A deviation is a claim about somebody's software. It is made by a scenario or a search that anybody can repeat, and says what the code does; where an execution of real clusters is not known
in which it matters, that is said too. What an adapter declares is in the table above, and [variants](variants.md) says what each allows.

| requirement | of | what the code does |
|---|---|---|
`

const readingAStatement = `
## Reading a statement

Take [hashicorp-v1.8](conformance/hashicorp-v1.8.md).

1. **The first line is the verdict**: conforming, not conforming or inconclusive, at which level, of which parts of Raft. One broken requirement makes it not conforming; exit code 1.
2. **The counts** say how much of the rulebook was decided. *Met* is only what was exercised: by scenarios, by steps of searches, or by both. *Broken* has a story. *Allowed otherwise* is void by a
   variant that the implementation declares, and the line names it. *Not applicable* is about something that it has not got, and the line says how that was seen: what was asked for and refused, or
   what it does not declare. *Not exercised* is open, and the line says what would have been needed.
3. **Declares** is how the implementation says that it differs from the paper, and what it promises besides. ` + "`raftcheck explain VARIANT`" + ` tells what each allows. Who declares more is asked more, or less.
4. **The adapter line**: before anything else the adapter was held to its contract. If that fails, nothing is said about the Raft.
5. **Each broken requirement** comes with the sentence that it breaks and the shortest execution that was found. "(in scenario R7-03/older)" is a directed test of one server:
   ` + "`raftcheck explain R7-03/older`" + ` prints it. "(in core/crash)" is a search of a small world, all of whose servers are the implementation's.
6. **Requirements**: "4 of 5 scenarios; 59,136 steps, 7 worlds" says that four of five scenarios went through (the fifth needs something that is not there), and that so many different steps of servers
   put the requirement to the test, in seven worlds.
7. **Worlds**: "all of them" was searched to the end, "a part" up to the level's bound. A larger level goes further: ` + "`--level standard`" + ` and ` + "`--level deep`" + `.

Hold a release to it: ` + "`raftcheck conform … -o json=conformance.json`" + ` once, then ` + "`raftcheck conform … --against conformance.json`" + `, which tells what changed and fails on what was met and is no longer.
`
