package spec_test

import "github.com/raftcheck/raftcheck/spec"

func applies(value string, i spec.Index) spec.Effect {
	return spec.Effect{Kind: spec.Apply, Reply: spec.Reply{Value: value, Index: i}}
}

func tellsClient(value string, i spec.Index) spec.Effect {
	return spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Value: value, Index: i}}
}

// holding is a log of commands of term 1.
func holding(values ...string) feature {
	return func(o *spec.Observation) {
		for _, v := range values {
			o.Log.Entries = append(o.Log.Entries, spec.Entry{Term: 1, Value: v})
		}
	}
}

var failed = spec.Effect{Kind: spec.Fail}

var failingCases = []stepCase{
	{"R5.6-04", "it stops", step(follower(1), receives(requestVote(2, 0, 0)), crashed(1), failed), ""},
	{"R5.6-04", "it goes on", step(follower(1), receives(requestVote(2, 0, 0)), follower(2, vote(2), disk(1, 0)), failed, sends(voteReply(2, true))),
		"n1 could not write and sends RequestVoteReply to n2"},
	{"R5.6-04", "it tells a client", step(leader(1), input(spec.Propose), leader(1, log(1), disk(1, 1)), failed, tellsClient("a", 1)),
		"n1 could not write and answers a client"},

	{"R5.4.2-02", "behind an older entry", step(leader(2, log(1, 2), progress(1, 0, 1, 0)), receives(accepts(2, 2)), leader(2, log(1, 2), commit(2), progress(3, 2, 1, 0))), ""},
	{"R5.4.2-02", "of an earlier term only", step(leader(2, log(1)), receives(accepts(2, 1)), leader(2, log(1), progress(2, 1, 1, 0))), ""},
	{"R5.4.2-02", "stopped by an older entry", step(leader(2, log(1, 2)), receives(accepts(2, 2)), leader(2, log(1, 2), progress(3, 2, 1, 0))),
		"n1, leader of term 2, knows b@2 at index 2 to be on a majority and stays at commitIndex 0"},

	{"R5.6-06", "with its disk", step(crashed(2, log(1)), input(spec.Restart), follower(2, log(1))), ""},
	{"R5.6-06", "blank", step(crashed(2, log(1)), input(spec.Restart), follower(0)), "n1 had reached term 2 and comes back as if it were new"},

	{"R5.6-07", "its own write is stored", step(follower(1, log(1), disk(1, 0)), input(spec.Stored), follower(1, log(1)), syncs(durable(1, 0, 1)), sends(accepts(1, 1))), ""},
	{"R5.6-07", "one of an earlier term, gone from memory", step(follower(2, log(2), disk(1, 0)), input(spec.Stored), follower(2, log(2), disk(1, 0, 1)), syncs(durable(1, 0, 1)), sends(accepts(1, 1))), ""},
	{"R5.6-07", "another one is", step(follower(2, log(2), disk(1, 0)), input(spec.Stored), follower(2, log(2), disk(1, 0, 1)), syncs(durable(1, 0, 1)), sends(accepts(2, 1))),
		"n1 acknowledges entries up to index 1 while its disk holds a@1 at index 1"},

	{"R5.4.3-02", "what waited for storage comes in place of what is not committed",
		cut(step(follower(2, log(2), commit(1), disk(1, 0, 1)), input(spec.Stored), crashed(2, log(2)), syncs(durable(2, 0, 2)))), ""},

	{"R8-07", "once", declaring(step(follower(1, holding("x", "x")), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "x"), commit(2)), applies("x", 1)), spec.TellsClients), ""},
	{"R8-07", "two requests that look alike", step(follower(1, holding("x", "x"), commit(1)), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "x"), commit(2)), applies("x", 2)), ""},
	{"R8-07", "twice", declaring(step(follower(1, holding("x", "x"), commit(1)), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "x"), commit(2)), applies("x", 2)), spec.TellsClients),
		"n1 carries out x at index 2, as it did at index 1"},

	{"R8-09", "its own entry", step(leader(1, holding("x")), receives(accepts(1, 1)), leader(1, holding("x"), commit(1)), tellsClient("x", 1)), ""},
	{"R8-09", "another one at its index", step(follower(1, holding("x")), receives(appendEntries(1, 1, 1, 1)), follower(1, holding("x"), commit(1)), tellsClient("y", 1)),
		"n1 tells a client that y is done at index 1, where it has x@1"},
	{"R8-09", "not committed", step(leader(1), input(spec.Propose), leader(1, holding("x")), tellsClient("x", 1)),
		"n1 tells a client that x is done at index 1 and has committed up to 0"},

	{"R8-10", "another entry is committed in its place", step(follower(2, log(1)), receives(appendEntries(2, 0, 0, 1, 2)), follower(2, log(2), commit(1)), tellsFailure("x", 1, 1)), ""},
	{"R8-10", "of a command that never was in the log", step(follower(2, log(1)), input(spec.Propose), follower(2, log(1)), tellsFailure("x", 0, 0)), ""},
	{"R8-10", "a leader steps down and still has it", step(leader(1, holding("x")), receives(requestVote(2, 2, 9)), follower(2, holding("x")), tellsFailure("x", 1, 1)),
		"n1 tells a client that x will never take effect, and has it at index 1 of its log"},

	{"R5.3-19", "one after the other", step(follower(1, holding("x", "y")), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "y"), commit(2)), applies("x", 1), applies("y", 2)), ""},
	{"R5.3-19", "the first is left out", step(follower(1, holding("x", "y")), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "y"), commit(2)), applies("y", 2)),
		"n1 applies y at index 2 and has not applied x@1 at index 1"},
	{"R5.3-19", "the last is left out", step(follower(1, holding("x", "y")), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "y"), commit(2)), applies("x", 1)),
		"n1 says that it has applied entries up to index 2 and has not applied y@1 at index 2"},
	{"R5.3-19", "again", step(follower(1, holding("x", "y"), commit(1)), receives(appendEntries(1, 2, 1, 2)), follower(1, holding("x", "y"), commit(2)), applies("x", 1), applies("y", 2)),
		"n1 applies x at index 1 and has applied entries up to 1"},
}

func tellsFailure(value string, i spec.Index, term spec.Term) spec.Effect {
	return spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Value: value, Index: i, Term: term, Failed: true}}
}
