package spec_test

import "github.com/raftcheck/raftcheck/spec"

// snapshot is InstallSnapshot up to an index.
func snapshot(term spec.Term, last spec.Index, lastTerm spec.Term) spec.Message {
	return spec.Message{Kind: spec.InstallSnapshot, Term: term, PrevLogIndex: last, PrevLogTerm: lastTerm}
}

// logOf is a durable effect after which the disk holds this log.
func logOf(base spec.Index, baseTerm spec.Term, terms ...spec.Term) spec.Durable {
	return spec.Durable{Term: 1, Log: spec.Log{Base: base, BaseTerm: baseTerm, Entries: entriesAfter(base, terms...)}}
}

var snapshotCases = []stepCase{
	{"R5.3-14", "an old message", step(follower(1, compacted(2, 1), log(1), commit(2)), receives(appendEntries(1, 0, 0, 2, 1)), follower(1, compacted(2, 1), log(1), commit(2))), ""},
	{"R5.3-14", "a real conflict further on", step(follower(2, compacted(1, 1), log(1), commit(1)), receives(appendEntries(2, 0, 0, 1, 1, 2)), follower(2, compacted(1, 1), log(2), commit(1))), ""},
	{"R5.3-14", "what is not found is removed", step(follower(1, compacted(1, 1), log(1), commit(1)), receives(appendEntries(1, 0, 0, 1)), follower(1, compacted(1, 1), commit(1))),
		"n1 has compacted its log up to index 1, is sent entries after 0, and loses b@1 at index 2"},

	{"R5.3-19", "further on", step(follower(1, log(1, 1), commit(1)), receives(appendEntries(1, 2, 1, 2)), follower(1, log(1, 1), commit(2))), ""},
	{"R5.3-19", "from the snapshot on", step(crashed(1, compacted(2, 1)), input(spec.Restart), follower(1, compacted(2, 1), commit(2))), ""},
	{"R5.3-19", "back", step(follower(1, log(1, 1), commit(2)), receives(appendEntries(1, 0, 0, 1)), follower(1, log(1, 1), commit(2), applied(1))),
		"n1 had applied entries up to index 2 and goes back to 1"},
	{"R5.3-19", "as if there were no snapshot", step(crashed(1, compacted(2, 1)), input(spec.Restart), follower(1, compacted(2, 1))),
		"n1 starts again with a snapshot up to index 2 and as if it had applied entries up to 0"},

	{"R7-01", "what is committed", step(follower(1, log(1, 1), commit(1)), input(spec.Compact), follower(1, compacted(1, 1), log(1), commit(1))), ""},
	{"R7-01", "all there is", step(follower(1, log(1, 1), commit(1)), input(spec.Compact), follower(1, compacted(2, 1), commit(1))),
		"n1 compacts its log up to index 2 and has committed up to 1"},

	{"R7-02", "after the snapshot", step(leader(1, compacted(1, 1), log(1), commit(1)), input(spec.Heartbeat), leader(1, compacted(1, 1), log(1), commit(1)),
		sends(appendEntries(1, 1, 1, 1))), ""},
	{"R7-02", "a bare heartbeat", step(leader(1, compacted(1, 1), commit(1)), input(spec.Heartbeat), leader(1, compacted(1, 1), commit(1)), sends(appendEntries(1, 0, 0, 0))), ""},
	{"R7-02", "a commit index without its entry", step(leader(1, compacted(1, 1), commit(1)), input(spec.Heartbeat), leader(1, compacted(1, 1), commit(1)),
		sends(appendEntries(1, 0, 0, 1))), "n1 sends n2 what follows entry 0, and has compacted its log up to index 1"},

	{"R7-03", "a newer one", step(follower(2), receives(snapshot(2, 3, 1)), follower(2, compacted(3, 1), commit(3))), ""},
	{"R7-03", "an older one", step(follower(2, log(1, 1), commit(2)), receives(snapshot(2, 1, 1)), follower(2, log(1, 1), commit(2))), ""},
	{"R7-03", "its term is taken", step(follower(2), receives(snapshot(2, 3, 1)), follower(1, compacted(3, 1), commit(3))),
		"n1 takes a snapshot up to index 3 of term 1, and its currentTerm falls from 2 to 1"},
	{"R7-03", "back to an older one", step(follower(2, log(1, 1), commit(2)), receives(snapshot(2, 1, 1)), follower(2, compacted(1, 1), commit(1))),
		"n1 takes a snapshot up to index 1 of term 1, and its commitIndex falls from 2 to 1"},
	{"R7-03", "the log of an older one", step(follower(2, log(1, 1), commit(2), applied(1)), receives(snapshot(2, 1, 1)), follower(2, compacted(1, 1), commit(2), applied(1))),
		"n1 has committed up to index 2, takes a snapshot up to 1, and its log changes from [a@1 b@1] to […1@1]"},

	{"R7-04", "a log that agrees", step(follower(1, log(1, 1)), receives(snapshot(1, 1, 1)), follower(1, compacted(1, 1), log(1), commit(1))), ""},
	{"R7-04", "a log that does not", step(follower(2, log(1, 1)), receives(snapshot(2, 1, 2)), follower(2, compacted(1, 2), commit(1))), ""},
	{"R7-04", "of an earlier term", step(follower(2), receives(snapshot(1, 1, 1)), follower(2)), ""},
	{"R7-04", "refused, as a server that is busy does", step(follower(2, log(1)), receives(snapshot(2, 2, 2)), follower(2, log(1))), ""},
	{"R7-04", "taken later", step(follower(2, log(1)), input(spec.Stored), follower(2, compacted(2, 2), commit(2))), ""},
	{"R7-04", "taken later over another log", step(follower(2, log(1, 1)), input(spec.Stored), follower(2, compacted(1, 2), commit(1))), ""},
	{"R7-04", "taken later, and what does not follow it kept", step(follower(2, log(1, 1)), input(spec.Stored), follower(2, compacted(1, 2), log(1), commit(1))),
		"n1 takes a snapshot up to index 1 of term 2 and keeps its entries after that, up to 2, though it has a@1 there"},
	{"R7-04", "its own snapshot", step(follower(1, log(1, 1), commit(1)), input(spec.Timeout), follower(1, compacted(1, 1), log(1), commit(1))), ""},
	{"R7-04", "a part of it", declaring(step(follower(2), receives(chunk(0)), follower(2)), spec.InstallsAtOnce), ""},
	{"R7-04", "refused by who refuses none", declaring(step(follower(2, log(1)), receives(snapshot(2, 2, 2)), follower(2, log(1))), spec.InstallsAtOnce),
		"n1 is sent a snapshot up to index 2 and keeps to index 0"},
	{"R7-04", "refused by who is no member", step(follower(2, voters(2, 3)), receives(snapshot(2, 2, 2)), follower(2, voters(2, 3))), ""},
	{"R7-04", "dropped although it agrees", step(follower(1, log(1, 1)), receives(snapshot(1, 1, 1)), follower(1, compacted(1, 1), commit(1))),
		"n1 takes a snapshot up to index 1 and drops its entries after that, up to 2"},
	{"R7-04", "kept although it does not", step(follower(2, log(1, 1)), receives(snapshot(2, 1, 2)), follower(2, compacted(1, 2), log(1), commit(1))),
		"n1 takes a snapshot up to index 1 of term 2 and keeps its entries after that, up to 2, though it has a@1 there"},

	{"R7-11", "a chunk is acknowledged", step(follower(2), receives(chunk(0)), follower(2), sends(spec.Message{Kind: spec.InstallSnapshotReply, Term: 2, Success: true})), ""},
	{"R7-11", "the last one", step(follower(2), receives(spec.Message{Kind: spec.InstallSnapshot, Term: 2, PrevLogIndex: 2, PrevLogTerm: 2, Offset: 4096}), follower(2, compacted(2, 2), commit(2))), ""},
	{"R7-11", "installed too early", step(follower(2), receives(chunk(4096)), follower(2, compacted(2, 2), commit(2))),
		"n1 is sent a part of a snapshot up to index 2, and its log changes from [] to […2@2]"},
	{"R7-11", "committed too early", step(follower(2, log(2, 2)), receives(chunk(4096)), follower(2, log(2, 2), commit(2))),
		"n1 is sent a part of a snapshot up to index 2 and commits up to index 2"},
	{"R7-11", "acknowledged too early", step(follower(2), receives(chunk(0)), follower(2), sends(spec.Message{Kind: spec.InstallSnapshotReply, Term: 2, Success: true, MatchIndex: 2})),
		"n1 acknowledges a snapshot up to index 2 of which it was sent a part"},

	{"R7-06", "first the snapshot", step(follower(1, log(1, 1), commit(1)), input(spec.Compact), follower(1, compacted(1, 1), log(1), commit(1)),
		syncs(logOf(1, 1, 1)), syncs(logOf(1, 1, 1))), ""},
	{"R7-06", "first the log", step(follower(1, log(1, 1), commit(1)), input(spec.Compact), follower(1, compacted(1, 1), log(1), commit(1)),
		syncs(logOf(0, 0)), syncs(logOf(1, 1, 1))), "n1 compacts its log, and a crash now would lose a@1 at index 1"},
	{"R7-06", "entries are cut at other times", step(follower(1, log(1, 1)), receives(appendEntries(1, 0, 0, 0)), follower(1), syncs(logOf(0, 0))), ""},
}

// chunk is a part of a snapshot up to index 2 of term 2, and not the last.
func chunk(offset uint64) spec.Message {
	return spec.Message{Kind: spec.InstallSnapshot, Term: 2, PrevLogIndex: 2, PrevLogTerm: 2, Offset: offset, Partial: true}
}
