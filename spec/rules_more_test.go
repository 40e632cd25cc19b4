package spec_test

import "github.com/raftcheck/raftcheck/spec"

// moreCases are of entries stamped with another term, of heartbeats, of torn and damaged logs, and of servers that are no voters.
var moreCases = []stepCase{
	{"R5.1-07", "a leader appends", step(leader(2), input(spec.Propose), leader(2, log(2))), ""},
	{"R5.1-07", "a new leader appends a no-op", step(candidate(2), receives(voteReply(2, true)), leader(2, log(2))), ""},
	{"R5.1-07", "a leader appends and steps down", step(leader(2), input(spec.Propose), follower(3, log(2))), ""},
	{"R5.1-07", "a follower is sent entries", step(follower(2), receives(appendEntries(2, 0, 0, 0, 1)), follower(2, log(1))), ""},
	{"R5.1-07", "a leader that was deposed appends in the new term", step(follower(3), input(spec.Propose), follower(3, log(3))),
		"n1, follower of term 3, creates a@3 at index 1"},
	{"R5.1-07", "a leader appends in another term", step(leader(2), input(spec.Propose), leader(2, log(3))), "n1, leader of term 2, creates a@3 at index 1"},

	{"R5.3-13", "before the next entry", step(leader(1, log(1, 1), progress(3, 0, 1, 0)), input(spec.Heartbeat), leader(1, log(1, 1), progress(3, 0, 1, 0)), sends(appendEntries(1, 2, 1, 0))), ""},
	{"R5.3-13", "after what is known to match", step(leader(1, log(1, 1), progress(3, 2, 1, 0)), input(spec.Heartbeat), leader(1, log(1, 1), progress(3, 2, 1, 0)), sends(appendEntries(1, 1, 1, 0))), ""},
	{"R5.3-13", "with entries", step(leader(1, log(1, 1), progress(1, 0, 1, 0)), input(spec.Heartbeat), leader(1, log(1, 1), progress(1, 0, 1, 0)), sends(appendEntries(1, 1, 1, 0, 1))), ""},
	{"R5.3-13", "after what is committed", step(leader(1, log(1, 1, 1), commit(1), progress(4, 0, 1, 0)), input(spec.Heartbeat), leader(1, log(1, 1, 1), commit(1), progress(4, 0, 1, 0)), sends(appendEntries(1, 1, 1, 1))),
		"n1 sends n2 a heartbeat after entry 1, knows that it holds entries up to 0, and would send entry 4 next"},

	{"R5.6-03", "as it was", cut(step(follower(2, log(1, 1)), receives(appendEntries(2, 0, 0, 0, 2)), crashed(2, log(1, 1)))), ""},
	{"R5.6-03", "as it will be", cut(step(follower(2, log(1, 1)), receives(appendEntries(2, 0, 0, 0, 2)), crashed(2, log(2)))), ""},
	{"R5.6-03", "cut off", cut(step(follower(2, log(1, 1)), receives(appendEntries(2, 1, 1, 0, 2)), crashed(2, log(1)))), ""},
	{"R5.6-03", "a mixture", cut(step(follower(2, log(1, 1)), receives(appendEntries(2, 0, 0, 0, 2)), crashed(2, log(2, 1)))),
		"n1 crashes while it replaces entries, and its disk holds b@1 at index 2 after the entries that were sent"},

	{"R5.6-05", "with its log", step(crashed(2, log(1, 1)), input(spec.Restart), follower(2, log(1, 1))), ""},
	{"R5.6-05", "as a learner", step(crashed(2, log(1, 1), voters(2, 3)), input(spec.Restart), follower(2, log(1), voters(2, 3))), ""},
	{"R5.6-05", "cut off", step(crashed(2, log(1, 1)), input(spec.Restart), follower(2, log(1))),
		"n1 has b@1 at index 2 on its disk, and comes back as a voter with a log that ends before it"},

	{"R6-10", "elected by voters", step(candidate(2), receives(voteReply(2, true)), leader(2)), ""},
	{"R6-10", "elected by a server that is no voter", step(candidate(2, voters(1, 3)), receives(voteReply(2, true)), leader(2, voters(1, 3))),
		"n1 becomes leader of term 2 with a vote of n2, and the voters are n1 n3"},
	{"R6-10", "elected with a vote that was counted before", step(candidate(2, voters(1, 3, 4), granted(1, 5)), input(spec.Timeout), leader(2, voters(1, 3, 4))),
		"n1 becomes leader of term 2 with a vote of n5, and the voters are n1 n3 n4"},
	{"R6-10", "committed by voters", step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), commit(1), progress(2, 1, 1, 0))), ""},
	{"R6-10", "committed with a learner", step(leader(1, log(1), voters(1, 3), learners(2)), receives(accepts(1, 1)), leader(1, log(1), commit(1), voters(1, 3), learners(2), progress(2, 1, 1, 0))),
		"n1 commits index 1 with a copy on n2, and the voters are n1 n3"},
	{"R6-10", "committed by a leader that is no voter", step(leader(1, log(1), voters(2, 3)), receives(accepts(1, 1)), leader(1, log(1), commit(1), voters(2, 3), progress(1, 0, 2, 1))),
		"n1 commits index 1 with its own copy, and the voters are n2 n3"},

	{"R6-14", "it keeps what it knew", step(follower(2, log(1)), receives(refuses(3)), follower(3, log(1))), ""},
	{"R6-14", "a new server", step(follower(0), input(spec.Restart), follower(0)), ""},
	{"R6-14", "blank after its removal", step(leader(2, log(1)), receives(accepts(2, 1)), follower(0)),
		"n1 was in term 2 with a log up to index 1, and is blank under the same name"},
	{"R6-14", "blank after a restart", step(crashed(2, log(1)), input(spec.Restart), follower(0)),
		"n1 was in term 2 with a log up to index 1, and is blank under the same name"},

	{"R8-05", "it has applied all", step(waitingRead(leader(1, log(1, 1), commit(2)), 2), input(spec.ApplyNext), leader(1, log(1, 1), commit(2)), answers(true, 2)), ""},
	{"R8-05", "it has applied less", step(waitingRead(leader(1, log(1, 1), commit(2), applied(0)), 2), receives(accepts(1, 2)), leader(1, log(1, 1), commit(2), applied(1)), answers(true, 1)),
		"n1 answers a read at index 1, has applied entries up to 1, and had committed up to 2 when the read came"},
	{"R8-05", "at once", step(leader(1, log(1), commit(1), applied(0), voters(1)), spec.Input{Kind: spec.ReadIndex, Value: "x"}, leader(1, log(1), commit(1), applied(0), voters(1)), answers(true, 0)),
		"n1 answers a read at index 0, has applied entries up to 0, and had committed up to 1 when the read came"},
}

// waitingRead is a leader at which a read x waits, that came when so much was committed.
func waitingRead(o spec.Observation, index spec.Index) spec.Observation {
	o.Reads = []spec.PendingRead{{Value: "x", Index: index, Token: "1"}}
	return o
}
