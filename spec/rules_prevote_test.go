package spec_test

import "github.com/raftcheck/raftcheck/spec"

func preVote(term spec.Term) spec.Message { return spec.Message{Kind: spec.PreVote, Term: term} }

func preVoteReply(term spec.Term, granted bool) spec.Message {
	return spec.Message{Kind: spec.PreVoteReply, Term: term, Granted: granted}
}

func timeoutNow(term spec.Term) spec.Message { return spec.Message{Kind: spec.TimeoutNow, Term: term} }

func preCandidate(term spec.Term, features ...feature) spec.Observation {
	return is(spec.PreCandidate, term, features...)
}

func contact(ids ...spec.ServerID) feature { return func(o *spec.Observation) { o.Contact = ids } }

var preVoteCases = []stepCase{
	{"D3.10-01", "the leader hands over", step(leader(1), input(spec.Transfer), leader(1), sends(timeoutNow(1))), ""},
	{"D3.10-01", "in time", step(follower(1), receives(timeoutNow(1)), candidate(2)), ""},
	{"D3.10-01", "too late, and left aside", step(follower(2), receives(timeoutNow(1)), follower(2)), ""},
	{"D3.10-01", "too late", step(follower(2), receives(timeoutNow(1)), candidate(3)), "n1 in term 2 obeys n2, which handed over term 1, and is candidate in term 3"},
	{"D3.10-01", "a follower hands over", step(follower(1), input(spec.Transfer), follower(1), sends(timeoutNow(1))),
		"n1, follower of term 1, tells n2 to campaign in place of the leader of term 1"},

	{"D9.6-01", "asked for", step(follower(1, vote(2)), input(spec.Timeout), preCandidate(1, vote(2))), ""},
	{"D9.6-01", "given", step(follower(1, vote(3)), receives(preVote(2)), follower(1, vote(3)), sends(preVoteReply(2, true))), ""},
	{"D9.6-01", "asking raises the term", step(follower(1), input(spec.Timeout), preCandidate(2)),
		"n1 goes from term 1 and a vote for nobody to term 2 and a vote for nobody over a pre-vote"},
	{"D9.6-01", "giving takes the vote", step(follower(1), receives(preVote(2)), follower(1, vote(2)), sends(preVoteReply(2, true))),
		"n1 goes from term 1 and a vote for nobody to term 1 and a vote for n2 over a pre-vote"},

	{"D9.6-02", "refused with the voter's term", step(follower(3), receives(preVote(2)), follower(3), sends(preVoteReply(3, false))), ""},
	{"D9.6-02", "the refusal is heeded", step(preCandidate(1), receives(preVoteReply(3, false)), follower(3)), ""},
	{"D9.6-02", "no answer", step(follower(3), receives(preVote(2)), follower(3)), "n1 in term 3 leaves n2's request for a pre-vote in term 2 without an answer"},
	{"D9.6-02", "an answer in the term that was asked for", step(follower(3), receives(preVote(2)), follower(3), sends(preVoteReply(2, false))),
		"n1 in term 3 answers a request for a pre-vote in term 2 with term 2"},
	{"D9.6-02", "the refusal is not heeded", step(preCandidate(1), receives(preVoteReply(3, false)), preCandidate(1)),
		"n1 is refused a pre-vote by n2 in term 3 and stays in term 1"},

	{"D9.6-03", "asked again", step(candidate(2), input(spec.Timeout), preCandidate(2)), ""},
	{"D9.6-03", "there is nobody to ask", step(follower(1, voters(1)), input(spec.Timeout), leader(2, voters(1))), ""},
	{"D9.6-03", "not asked again", step(candidate(2), input(spec.Timeout), candidate(3)), "n1 goes from candidate in term 2 to candidate in term 3 as its timer fires"},

	{"X-CQ-01", "answered", step(leader(1, contact(2)), input(spec.Timeout), leader(1)), ""},
	{"X-CQ-01", "a reply is an answer", step(leader(1), receives(spec.Message{Kind: spec.InstallSnapshotReply, Term: 1}), leader(1, contact(2))), ""},
	{"X-CQ-01", "a reply is overlooked", step(leader(1), receives(spec.Message{Kind: spec.InstallSnapshotReply, Term: 1}), leader(1)),
		"n1, leader of term 1, has InstallSnapshotReply from n2 and does not count it as an answer"},
	{"X-CQ-01", "alone", step(leader(1), input(spec.Timeout), follower(1)), ""},
	{"X-CQ-01", "alone, and leading on", step(leader(1, contact(2), voters(1, 2, 3, 4)), input(spec.Timeout), leader(1, voters(1, 2, 3, 4))),
		"n1 goes on as leader of term 1, answered by n2 of n1 n2 n3 n4"},
}
