package spec_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stepCase is a step and what its rule says of it; "" is that the promise is kept.
type stepCase struct {
	rule string
	name string
	step *spec.Step
	want string
}

// stepCases are all of them. testdata/breaches.golden shows all that is said of those that break a rule.
var stepCases = slices.Concat(coreCases, snapshotCases, preVoteCases, readCases, configurationCases, failingCases, moreCases, promiseCases)

// coreCases are in the order of the rulebook.
var coreCases = []stepCase{
	{"R5.1-01", "a higher term", step(follower(1), receives(requestVote(2, 0, 0)), follower(2)), ""},
	{"R5.1-01", "a snapshot's term taken for the current one", step(follower(3), receives(spec.Message{Kind: spec.InstallSnapshot, Term: 3}), follower(1)),
		"n1 goes back from term 3 to term 1"},
	{"R5.1-01", "a term that was only in memory is lost in a crash", step(follower(2, disk(1, 0)), input(spec.Crash), crashed(1)), ""},
	{"R5.1-01", "a term on disk is lost in a crash", step(follower(2), input(spec.Crash), crashed(1)),
		"n1 goes back to term 1 but term 2 was on its disk"},
	{"R5.1-01", "a restart finds the term", step(crashed(2), input(spec.Restart), follower(2)), ""},
	{"R5.1-01", "a restart does not find the term", step(crashed(2), input(spec.Restart), follower(0)),
		"n1 goes back from term 2 to term 0"},
	{"R5.1-01", "a crash during the restart loses what was not synced", cut(step(crashed(2, disk(1, 0)), input(spec.Restart), crashed(1))), ""},
	{"R5.1-01", "a restart without a crash on record, of what is on disk unknown",
		step(follower(2, unknown(spec.FieldDurable)), input(spec.Restart), follower(0)), ""},

	{"R5.1-02", "a leader follows", step(leader(1), receives(refuses(2)), follower(2)), ""},
	{"R5.1-02", "a leader goes on", step(leader(1), receives(refuses(2)), leader(1)),
		"n1 receives AppendEntriesReply of term 2 and stays in term 1"},
	{"R5.1-02", "a leader takes the term over and stays leader", step(leader(1), receives(refuses(2)), leader(2)),
		"n1 receives AppendEntriesReply of term 2 and is leader in that term"},
	{"R5.1-02", "a follower overlooks a request for its vote", step(follower(1), receives(requestVote(2, 0, 0)), follower(1)),
		"n1 receives RequestVote of term 2 and stays in term 1"},
	{"R5.1-02", "a follower that has a leader disregards a request for its vote", step(follower(1, knows(3)), receives(requestVote(2, 0, 0)), follower(1, knows(3))), ""},
	{"R5.1-02", "a candidate that is no member is disregarded", step(follower(1, voters(1, 3)), receives(requestVote(2, 0, 0)), follower(1, voters(1, 3))), ""},
	{"R5.1-02", "a reply of a server that is no member is disregarded", step(follower(1, voters(1, 3)), receives(refuses(2)), follower(1, voters(1, 3))), ""},
	{"R5.1-02", "a leader that is no member is followed", step(follower(1, voters(1, 3)), receives(appendEntries(2, 0, 0, 0)), follower(1, voters(1, 3))),
		"n1 receives AppendEntries of term 2 and stays in term 1"},
	{"R5.1-02", "a pre-vote is about a term that may never begin", step(follower(1), receives(spec.Message{Kind: spec.PreVote, Term: 2}), follower(1)), ""},
	{"R5.1-02", "leadership is handed over", step(follower(1), receives(spec.Message{Kind: spec.TimeoutNow, Term: 2}), candidate(3)), ""},
	{"R5.1-02", "a server that is down hears nothing", step(crashed(1), receives(refuses(2)), crashed(1)), ""},

	{"R5.1-03", "refused", step(follower(2, log(1)), receives(appendEntries(1, 0, 0, 0)), follower(2, log(1)), sends(refuses(2))), ""},
	{"R5.1-03", "obeyed", step(follower(2), receives(appendEntries(1, 0, 0, 0, 1)), follower(2, log(1)), sends(accepts(2, 1))),
		"n1 in term 2 acts on AppendEntries of term 1 from n2: its log changes"},
	{"R5.1-03", "a vote in an earlier term", step(follower(2), receives(requestVote(1, 0, 0)), follower(2, vote(2))),
		"n1 in term 2 acts on RequestVote of term 1 from n2: its vote changes"},
	{"R5.1-03", "compacting meanwhile changes nothing", step(follower(2, log(1, 1)), receives(appendEntries(1, 0, 0, 0)), follower(2, compacted(1, 1), log(1))), ""},

	{"R5.1-04", "refused with the current term", step(follower(2), receives(requestVote(1, 0, 0)), follower(2), sends(voteReply(2, false))), ""},
	{"R5.1-04", "not answered", step(follower(2), receives(requestVote(1, 0, 0)), follower(2)), ""},
	{"R5.1-04", "refused with the request's term", step(follower(2), receives(requestVote(1, 0, 0)), follower(2), sends(voteReply(1, false))),
		"n1 in term 2 answers RequestVote of term 1 with term 1"},
	{"R5.1-04", "granted", step(follower(2), receives(requestVote(1, 0, 0)), follower(2), sends(voteReply(2, true))),
		"n1 in term 2 grants RequestVote of term 1 from n2"},

	{"R5.1-05", "its own term", step(leader(2), input(spec.Heartbeat), leader(2), sends(appendEntries(2, 0, 0, 0))), ""},
	{"R5.1-05", "a term nobody is in", step(leader(2), input(spec.Heartbeat), leader(2), sends(appendEntries(3, 0, 0, 0))),
		"n1 in term 2 sends AppendEntries of term 3"},
	{"R5.1-05", "a pre-vote asks for the next term", step(follower(2), input(spec.Timeout), is(spec.PreCandidate, 2), sends(spec.Message{Kind: spec.PreVote, Term: 3})), ""},
	{"R5.1-05", "what it sent before a crash", cut(step(follower(0), input(spec.Timeout), crashed(0), sends(requestVote(1, 0, 0)))), ""},

	{"R5.1-06", "ignored", step(candidate(2), receives(voteReply(1, true)), candidate(2)), ""},
	{"R5.1-06", "a late vote is counted", step(candidate(2), receives(voteReply(1, true)), candidate(2, granted(1, 2))),
		"n1 in term 2 acts on RequestVoteReply of term 1 from n2: its count of votes changes"},
	{"R5.1-06", "a late vote elects", step(candidate(2), receives(voteReply(1, true)), leader(2)),
		"n1 in term 2 acts on RequestVoteReply of term 1 from n2: its role changes"},
	{"R5.1-06", "a late acknowledgement is counted", step(leader(2), receives(accepts(1, 1)), leader(2, progress(2, 1, 1, 0))),
		"n1 in term 2 acts on AppendEntriesReply of term 1 from n2: its view of its followers changes"},
	{"R5.1-06", "a reply of this term", step(candidate(2), receives(voteReply(2, true)), leader(2)), ""},

	{"R5.1-08", "a leader follows in the new term", step(leader(1), receives(refuses(2)), follower(2)), ""},
	{"R5.1-08", "a leader follows and takes the term over later", step(leader(1), receives(refuses(2)), follower(1)), ""},
	{"R5.1-08", "a leader goes on", step(leader(1), receives(refuses(2)), leader(1)),
		"n1 receives AppendEntriesReply of term 2 and stays leader of term 1"},
	{"R5.1-08", "a candidate goes on", step(candidate(1), receives(voteReply(2, false)), candidate(1)),
		"n1 receives RequestVoteReply of term 2 and stays candidate of term 1"},
	{"R5.1-08", "a leader leads the new term", step(leader(1), receives(refuses(2)), leader(2)),
		"n1 receives AppendEntriesReply of term 2 and is leader in that term"},
	{"R5.1-08", "a request is followed in the old term", step(leader(1), receives(appendEntries(2, 0, 0, 0)), follower(1)),
		"n1 receives AppendEntries of term 2 and stays in term 1"},

	{"R5.2-01", "as follower", step(crashed(1), input(spec.Restart), follower(1)), ""},
	{"R5.2-01", "as leader", step(crashed(1, vote(1)), input(spec.Restart), leader(1)), "n1 starts again as leader"},

	{"R5.2-03", "a vote is given", step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(2)), sends(voteReply(1, true))), ""},
	{"R5.2-03", "a vote is given and not held", step(follower(1), receives(requestVote(1, 0, 0)), follower(1), sends(voteReply(1, true))),
		"n1 gives n2 its vote in term 1 and holds none in that term"},
	{"R5.2-03", "a vote of a new term is given and not held", step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), follower(2), sends(voteReply(2, true))),
		"n1 gives n2 its vote in term 2 and holds none in that term"},
	{"R5.2-03", "a vote is refused", step(follower(1), receives(requestVote(1, 0, 0)), follower(1), sends(voteReply(1, false))), ""},
	{"R5.2-03", "a vote was given in a term that is over", step(follower(2, vote(2)), input(spec.Stored), follower(3), sends(voteReply(2, true))), ""},
	{"R5.2-03", "a candidate votes for itself by a message", step(follower(1), input(spec.Timeout), is(spec.Candidate, 2), toItself(voteReply(2, true))), ""},
	{"R5.2-03", "a vote is given in a step that ends in a crash", cut(step(follower(1), receives(requestVote(1, 0, 0)), crashed(1), sends(voteReply(1, true)))), ""},
	{"R5.2-03", "a vote leaves late, and was dropped for the leader of the term",
		declaring(step(follower(2, knows(3)), input(spec.Stored), follower(2, knows(3)), sends(voteReply(2, true))), spec.DropsVoteForLeader, spec.StoresLater), ""},
	{"R5.2-03", "a vote is given in a term whose leader is known, and the vote may have been dropped",
		declaring(step(follower(2, knows(3)), receives(requestVote(2, 0, 0)), follower(2, knows(3)), sends(voteReply(2, true))), spec.DropsVoteForLeader),
		"n1 knows that n3 leads term 2, and votes for n2 in it"},
	{"R5.2-03", "a vote is given and not held, though no leader is known for whom it was dropped",
		declaring(step(follower(2), receives(requestVote(2, 0, 0)), follower(2), sends(voteReply(2, true))), spec.DropsVoteForLeader),
		"n1 gives n2 its vote in term 2 and holds none in that term"},
	{"R5.2-03", "a new term is a new vote", step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), follower(2, vote(2))), ""},
	{"R5.2-03", "a vote changes", step(follower(1, vote(3)), receives(requestVote(1, 0, 0)), follower(1, vote(2))),
		"n1 voted for n3 in term 1 and now holds a vote for n2 in that term"},
	{"R5.2-03", "a vote on disk is gone", step(crashed(1, vote(3)), input(spec.Restart), follower(1)),
		"n1 voted for n3 in term 1 and now holds a vote for nobody in that term"},
	{"R5.2-03", "a vote in memory is gone", step(follower(1, vote(3), disk(1, 0)), input(spec.Crash), crashed(1)), ""},
	{"R5.2-03", "a vote was written before its term", cut(step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), crashed(1, vote(2)))),
		"n1 voted for n3 in term 1 and now holds a vote for n2 in that term"},

	{"R5.2-04", "as Figure 2 says", step(follower(1), input(spec.Timeout), candidate(2)), ""},
	{"R5.2-04", "a cluster of one is won at once", step(follower(1, voters(1)), input(spec.Timeout), leader(2, voters(1))), ""},
	{"R5.2-04", "two terms at once", step(follower(1), input(spec.Timeout), candidate(3)), "n1 becomes candidate in term 3, coming from term 1"},
	{"R5.2-04", "a second attempt in the same term", step(follower(1), input(spec.Timeout), candidate(1)), "n1 becomes candidate in term 1, coming from term 1"},
	{"R5.2-04", "a candidate that waits on", step(candidate(1), input(spec.Timeout), candidate(1)), ""},
	{"R5.2-04", "a candidate that asks again in the same term", step(candidate(1), input(spec.Timeout), candidate(1), sends(requestVote(1, 0, 0))),
		"n1 becomes candidate in term 1, coming from term 1"},
	{"R5.2-04", "no vote for itself", step(follower(1), input(spec.Timeout), candidate(2, vote(3))), "n1 is candidate in term 2 and its vote is for n3"},
	{"R5.2-04", "handed over by a leader of a higher term", step(follower(1), receives(spec.Message{Kind: spec.TimeoutNow, Term: 2}), candidate(3)), ""},

	{"R5.2-05", "a vote of this term", step(candidate(2), receives(voteReply(2, true)), candidate(2, granted(1, 2), voters(1, 2, 3, 4))), ""},
	{"R5.2-05", "a vote of an earlier term", step(candidate(2), receives(voteReply(1, true)), candidate(2, granted(1, 2))),
		"n1 counts the reply of n2 of term 1 as a vote in term 2"},
	{"R5.2-05", "a vote of an earlier term elects", step(candidate(2), receives(voteReply(1, true)), leader(2)),
		"n1 counts the reply of n2 of term 1 as a vote in term 2"},
	{"R5.2-05", "a refusal is counted", step(candidate(2), receives(voteReply(2, false)), leader(2)),
		"n1 counts the reply of n2 of term 2 as a vote in term 2"},
	{"R5.2-05", "a vote out of nowhere", step(candidate(2), receives(refuses(1)), candidate(2, granted(1, 3))),
		"n1 counts a vote of n3 in term 2 that it was not given"},
	{"R5.2-05", "votes of the last election are kept for the next", step(candidate(2, granted(1, 2)), input(spec.Timeout), candidate(3, granted(1, 2))),
		"n1 counts a vote of n2 in term 3 that it was not given"},

	{"R5.2-06", "two of three", step(candidate(2), receives(voteReply(2, true)), leader(2)), ""},
	{"R5.2-06", "one of three", step(follower(1), input(spec.Timeout), leader(2)), "n1 becomes leader of term 2 with the votes of n1"},
	{"R5.2-06", "two of four", step(candidate(2, voters(1, 2, 3, 4)), receives(voteReply(2, true)), leader(2)),
		"n1 becomes leader of term 2 with the votes of n1 n2"},
	{"R5.2-06", "a majority of the new half only", step(candidate(2, outgoing(1, 3, 4)), receives(voteReply(2, true)), leader(2)),
		"n1 becomes leader of term 2 with the votes of n1 n2"},
	{"R5.2-06", "votes from outside the configuration", step(candidate(2, voters(1, 3, 4)), receives(voteReply(2, true)), leader(2)),
		"n1 becomes leader of term 2 with the votes of n1"},
	{"R5.2-06", "one of one", step(follower(1, voters(1)), input(spec.Timeout), leader(2, voters(1))), ""},
	{"R5.2-06", "taking office in a step of its own", step(candidate(2, granted(1, 2)), input(spec.BecomeLeader), leader(2, granted(1, 2))), ""},

	{"R5.2-07", "the same vote again", step(candidate(2, granted(1, 2), voters(1, 2, 3, 4)), receives(voteReply(2, true)), candidate(2, granted(1, 2), voters(1, 2, 3, 4))), ""},
	{"R5.2-07", "the same vote elects", step(candidate(2, granted(1, 2), voters(1, 2, 3, 4)), receives(voteReply(2, true)), leader(2, voters(1, 2, 3, 4))),
		"n1 becomes leader of term 2 on a vote of n2 that it had counted already"},
	{"R5.2-07", "a list with the same vote twice", step(candidate(2, granted(1, 2)), receives(voteReply(2, true)), candidate(2, granted(1, 2, 2))),
		"n1 counts the vote of n2 in term 2 twice"},

	{"R5.2-08", "a leader refuses", step(leader(2), receives(requestVote(2, 0, 0)), leader(2), sends(voteReply(2, false))), ""},
	{"R5.2-08", "a leader grants", step(leader(2), receives(requestVote(2, 0, 0)), leader(2), sends(voteReply(2, true))),
		"n1, leader of term 2, gives its vote in that term to n2"},
	{"R5.2-08", "a candidate grants in a higher term", step(candidate(2), receives(requestVote(3, 0, 0)), follower(3, vote(2)), sends(voteReply(3, true))), ""},

	{"R5.2-09", "a candidate follows", step(candidate(2), receives(appendEntries(2, 0, 0, 0)), follower(2, vote(1))), ""},
	{"R5.2-09", "a candidate goes on", step(candidate(2), receives(appendEntries(2, 0, 0, 0)), candidate(2)),
		"n1 hears from n2, the leader of term 2, and is candidate in that term"},
	{"R5.2-09", "a candidate follows and forgets its vote", step(candidate(2), receives(appendEntries(2, 0, 0, 0)), follower(2)),
		"n1 follows the leader of term 2 and its vote in that term changes from n1 to nobody"},
	{"R5.2-09", "a follower forgets its vote", step(follower(2, vote(3)), receives(appendEntries(2, 0, 0, 0)), follower(2)),
		"n1 follows the leader of term 2 and its vote in that term changes from n3 to nobody"},

	{"R5.3-01", "a leader appends", step(leader(2, log(1)), input(spec.Propose), leader(2, log(1, 2))), ""},
	{"R5.3-01", "a leader drops an entry", step(leader(2, log(1, 2)), input(spec.Heartbeat), leader(2, log(1))),
		"n1, leader of term 2, had b@2 at index 2 and now has nothing there"},
	{"R5.3-01", "a leader compacts", step(leader(2, log(1, 2)), input(spec.Heartbeat), leader(2, compacted(1, 1), log(2))), ""},
	{"R5.3-01", "it steps down and is corrected", step(leader(2, log(2)), receives(appendEntries(3, 0, 0, 0, 3)), follower(3, log(3))), ""},

	{"R5.3-03", "prev is there", step(follower(2, log(1)), receives(appendEntries(2, 1, 1, 0, 2)), follower(2, log(1, 2)), sends(accepts(2, 2))), ""},
	{"R5.3-03", "prev is missing", step(follower(2), receives(appendEntries(2, 1, 1, 0, 2)), follower(2), sends(accepts(2, 2))),
		"n1 accepts entries after entry 1 of term 1, where it has nothing"},
	{"R5.3-03", "prev has another term", step(follower(2, log(2)), receives(appendEntries(2, 1, 1, 0, 2)), follower(2, log(2, 2))),
		"n1 accepts entries after entry 1 of term 1, where it has a@2"},
	{"R5.3-03", "prev is refused", step(follower(2, log(2)), receives(appendEntries(2, 1, 1, 0, 2)), follower(2, log(2)), sends(refuses(2))), ""},
	{"R5.3-03", "prev was compacted", step(follower(2, compacted(3, 2)), receives(appendEntries(2, 1, 1, 0, 2)), follower(2, compacted(3, 2)), sends(accepts(2, 2))), ""},
	{"R5.3-03", "prev of a term that is not told", step(follower(2, log(1)), receives(termless(appendEntries(2, 1, 0, 1))), follower(2, log(1)), sends(accepts(2, 1))), ""},
	{"R5.3-03", "prev of a term that is not told is missing", step(follower(2), receives(termless(appendEntries(2, 1, 0, 1))), follower(2), sends(accepts(2, 1))),
		"n1 accepts entries after entry 1, where it has nothing"},

	{"R5.3-04", "a conflict", step(follower(3, log(1, 1, 1)), receives(appendEntries(3, 1, 1, 0, 2)), follower(3, log(1, 2))), ""},
	{"R5.3-04", "one entry at a time, from the end", step(follower(3, log(1, 1, 1)), receives(appendEntries(3, 1, 1, 0, 2)), follower(3, log(1, 1))), ""},
	{"R5.3-04", "an empty message cuts the log", step(follower(1, log(1)), receives(appendEntries(1, 0, 0, 0)), follower(1)),
		"n1 had a@1 at index 1 and now has nothing there"},
	{"R5.3-04", "a shorter message cuts the log", step(follower(1, log(1, 1)), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1))),
		"n1 had b@1 at index 2 and now has nothing there"},
	{"R5.3-04", "a term that is not told conflicts with nothing", step(follower(1, log(1)), receives(termless(appendEntries(1, 1, 0, 0))), follower(1)),
		"n1 had a@1 at index 1 and now has nothing there"},
	{"R5.3-04", "more than the conflict goes", step(follower(3, log(1, 1)), receives(appendEntries(3, 1, 1, 0, 2)), follower(3)),
		"n1 had a@1 at index 1 and now has nothing there"},
	{"R5.3-04", "a new term cuts the log", step(follower(1, log(1)), receives(requestVote(2, 1, 1)), follower(2)),
		"n1 had a@1 at index 1 and now has nothing there"},
	{"R5.3-04", "entries in memory are lost in a crash", step(follower(1, log(1), disk(1, 0)), input(spec.Crash), crashed(1)), ""},
	{"R5.3-04", "entries on disk are lost in a crash", step(follower(1, log(1)), input(spec.Crash), crashed(1)),
		"n1 had a@1 at index 1 on its disk and comes back with nothing there"},
	{"R5.3-04", "a restart finds what was written, though not yet synced", step(crashed(2, log(2), disk(2, 0, 1)), input(spec.Restart), follower(2, log(2))), ""},
	{"R5.3-04", "a server that is down is sent something", step(crashed(2, log(2), disk(1, 0, 1)), receives(appendEntries(2, 0, 0, 0)), crashed(2, log(2), disk(1, 0, 1))), ""},
	{"R5.3-04", "a server that is down loses what it will find", step(crashed(2, log(2), disk(2, 0)), input(spec.Crash), crashed(2)),
		"n1 had a@2 at index 1 on its disk and comes back with nothing there"},
	{"R5.3-04", "what replaced an entry was written and not synced", step(follower(2, log(2), disk(2, 0, 1)), input(spec.Crash), crashed(2, log(2), disk(2, 0, 1))), ""},
	{"R5.3-04", "what a snapshot covers was replaced on disk before", step(follower(2, compacted(1, 2), disk(2, 0, 1)), input(spec.Crash), crashed(2, log(2))), ""},
	{"R5.3-04", "what a snapshot covers is lost", step(follower(2, compacted(1, 2), disk(2, 0, 2)), input(spec.Crash), crashed(2)),
		"n1 had a@2 at index 1 on its disk and comes back with nothing there"},
	{"R5.3-04", "a snapshot replaces the log", step(follower(1, log(1, 1)), receives(spec.Message{Kind: spec.InstallSnapshot, Term: 1, PrevLogIndex: 1}), follower(1, compacted(1, 1))), ""},

	{"R5.3-05", "again", step(follower(1, log(1)), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1)), sends(accepts(1, 1))), ""},
	{"R5.3-05", "appended again", step(follower(1, log(1)), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1, 1))),
		"n1 has all that n2 sent, up to index 1, and its log changes from [a@1] to [a@1 b@1]"},
	{"R5.3-05", "appended again, after compaction", step(follower(1, compacted(1, 1)), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, compacted(1, 1), log(1))),
		"n1 has all that n2 sent, up to index 1, and its log changes from […1@1] to […1@1 b@1]"},
	{"R5.3-05", "something new", step(follower(1, log(1)), receives(appendEntries(1, 0, 0, 0, 1, 1)), follower(1, log(1, 1))), ""},
	{"R5.3-05", "appended again, after an entry of a term that is not told",
		step(follower(1, log(1, 1)), receives(termless(appendEntries(1, 1, 0, 0, 1))), follower(1, log(1, 1, 1))),
		"n1 has all that n2 sent, up to index 2, and its log changes from [a@1 b@1] to [a@1 b@1 c@1]"},

	{"R5.3-06", "up to the last entry sent", step(follower(1, log(1)), receives(appendEntries(1, 1, 1, 0, 1)), follower(1, log(1, 1)), sends(accepts(1, 2))), ""},
	{"R5.3-06", "its whole log", step(follower(2, log(1, 1)), receives(appendEntries(2, 1, 1, 0)), follower(2, log(1, 1)), sends(accepts(2, 2))),
		"n1 acknowledges entries up to index 2 of a message that ends at index 1"},
	{"R5.3-06", "what it has committed", step(follower(2, log(1, 1), commit(2)), receives(appendEntries(2, 1, 1, 0)), follower(2, log(1, 1), commit(2)), sends(accepts(2, 2))), ""},

	{"R5.3-07", "an acknowledgement", step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0))), ""},
	{"R5.3-07", "falls", step(leader(1, log(1), progress(2, 1, 1, 0)), receives(accepts(1, 0)), leader(1, log(1))),
		"n1 takes back that n2 holds its entries up to index 1 and believes 0"},
	{"R5.3-07", "rises on a refusal", step(leader(1, log(1)), receives(refuses(1)), leader(1, log(1), progress(2, 1, 1, 0))),
		"n1 believes that n2 holds its entries up to index 1, without an acknowledgement"},
	{"R5.3-07", "rises on another's reply", step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 2, 1))),
		"n1 believes that n3 holds its entries up to index 1, without an acknowledgement"},
	{"R5.3-07", "rises beyond the acknowledgement", step(leader(1, log(1, 1)), receives(accepts(1, 1)), leader(1, log(1, 1), progress(3, 2, 1, 0))),
		"n1 believes that n2 holds its entries up to index 2, without an acknowledgement"},
	{"R5.3-07", "a new term starts at 0", step(candidate(2, log(1)), receives(voteReply(2, true)), leader(2, log(1))), ""},

	{"R5.3-08", "above", step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0))), ""},
	{"R5.3-08", "not above", step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(1, 1, 1, 0))),
		"n1 will send n2 entry 1 next and knows that it holds them up to 1"},
	{"R5.3-08", "0", step(leader(1), receives(refuses(1)), leader(1, progress(0, 0, 1, 0))),
		"n1 will send n2 entry 0 next and knows that it holds them up to 0"},

	{"R5.3-10", "the real term", step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(appendEntries(2, 1, 1, 0))), ""},
	{"R5.3-10", "before the first entry", step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(appendEntries(2, 0, 0, 0, 1))), ""},
	{"R5.3-10", "no term", step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(appendEntries(2, 1, 0, 0))),
		"n1 sends n2 entries after entry 1 of term 0, where it has a@1"},
	{"R5.3-10", "no term for what was compacted", step(leader(2, compacted(3, 1)), input(spec.Heartbeat), leader(2, compacted(3, 1)), sends(appendEntries(2, 2, 0, 0))),
		"n1 sends n2 entries after entry 2 of term 0, where it has an entry it compacted"},
	{"R5.3-10", "an entry it does not have", step(leader(2), input(spec.Heartbeat), leader(2), sends(appendEntries(2, 4, 1, 0))),
		"n1 sends n2 entries after entry 4 of term 1, where it has nothing"},
	{"R5.3-10", "a term that is not told", step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(termless(appendEntries(2, 1, 0, 0)))), ""},
	{"R5.3-10", "an entry that it does not have, of a term that is not told", step(leader(2), input(spec.Heartbeat), leader(2), sends(termless(appendEntries(2, 4, 0, 0)))),
		"n1 sends n2 entries after entry 4, where it has nothing"},

	{"R5.3-11", "its own", step(leader(2, log(1, 2)), input(spec.Heartbeat), leader(2, log(1, 2)), sends(appendEntries(2, 1, 1, 0, 2))), ""},
	{"R5.3-11", "stamped with another term", step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(appendEntries(2, 0, 0, 0, 2))),
		"n1 sends n2 a@2 at index 1, where it has a@1"},
	{"R5.3-11", "more than it has", step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(appendEntries(2, 0, 0, 0, 1, 1))),
		"n1 sends n2 b@1 at index 2, where it has nothing"},

	{"R5.3-15", "rising", step(follower(2, log(1)), receives(appendEntries(2, 1, 1, 0, 2)), follower(2, log(1, 2))), ""},
	{"R5.3-15", "falling", step(follower(2, log(2)), receives(appendEntries(2, 1, 2, 0, 1)), follower(2, log(2, 1))),
		"n1 has b@1 at index 2 after an entry of term 2"},
	{"R5.3-15", "falling, found by a restart", step(crashed(2, log(2, 1)), input(spec.Restart), follower(2, log(2, 1))),
		"n1 has b@1 at index 2 after an entry of term 2"},
	{"R5.3-15", "above the current term", step(crashed(1, log(1)), input(spec.Restart), follower(0, log(1))),
		"n1 in term 0 has a@1 at index 1"},

	{"R5.4.1-01", "a longer log", step(follower(2, log(1)), receives(requestVote(2, 1, 2)), follower(2, log(1), vote(2)), sends(voteReply(2, true))), ""},
	{"R5.4.1-01", "a shorter log", step(follower(2, log(1, 1)), receives(requestVote(2, 1, 1)), follower(2, log(1, 1), vote(2)), sends(voteReply(2, true))),
		"n1 votes for n2 in term 2, whose log ends with index 1 of term 1 while its own ends with index 2 of term 1"},
	{"R5.4.1-01", "a longer log of an earlier term", step(follower(3, log(2)), receives(requestVote(3, 1, 5)), follower(3, log(2), vote(2)), sends(voteReply(3, true))),
		"n1 votes for n2 in term 3, whose log ends with index 5 of term 1 while its own ends with index 1 of term 2"},
	{"R5.4.1-01", "the same vote again, after its log grew", step(follower(2, vote(2), log(2)), receives(requestVote(2, 0, 0)), follower(2, vote(2), log(2)), sends(voteReply(2, true))), ""},
	{"R5.4.1-01", "the end of its own log is unknown", step(follower(2, compacted(4, 0)), receives(requestVote(2, 1, 2)), follower(2, compacted(4, 0), vote(2)), sends(voteReply(2, true))), ""},

	{"R5.4.1-02", "where its log ends", step(follower(1, log(1)), input(spec.Timeout), candidate(2, log(1)), sends(requestVote(2, 1, 1))), ""},
	{"R5.4.1-02", "where its committed entries end", step(follower(1, log(1)), input(spec.Timeout), candidate(2, log(1)), sends(requestVote(2, 0, 0))),
		"n1 asks for votes with a log that ends with index 0 of term 0, and its log ends with index 1 of term 1"},

	{"R5.4.1-03", "no vote yet", step(follower(1, log(1)), receives(requestVote(2, 0, 0)), follower(2, log(1)), sends(voteReply(2, false))), ""},
	{"R5.4.1-03", "a vote by the rules", step(follower(1), receives(requestVote(2, 0, 0)), follower(2, vote(2)), sends(voteReply(2, true))), ""},
	{"R5.4.1-03", "a candidate, after pre-votes", step(is(spec.PreCandidate, 1), receives(spec.Message{Kind: spec.PreVoteReply, Term: 2, Granted: true}), candidate(2)), ""},
	{"R5.4.1-03", "refused, but on record", step(follower(1, log(1)), receives(requestVote(2, 0, 0)), follower(2, log(1), vote(2)), sends(voteReply(2, false))),
		"n1 takes over term 2 from RequestVote and holds a vote for n2 in it"},
	{"R5.4.1-03", "the sender of a refusal", step(leader(1), receives(refuses(2)), follower(2, vote(2))),
		"n1 takes over term 2 from AppendEntriesReply and holds a vote for n2 in it"},

	{"R5.4.2-01", "of its own term", step(leader(2, log(1, 2)), receives(accepts(2, 2)), leader(2, log(1, 2), commit(2))), ""},
	{"R5.4.2-01", "of an earlier term", step(leader(2, log(1, 2)), receives(accepts(2, 1)), leader(2, log(1, 2), commit(1))),
		"n1, leader of term 2, commits index 1, an entry of term 1"},

	{"R5.4.2-03", "the leader is the only voter, and has it on disk", step(leader(1, voters(1)), input(spec.Propose), leader(1, voters(1), log(1)),
		syncs(durable(1, 1, 1)), answers(false, 1)), ""},
	{"R5.4.2-03", "two followers have it, the leader not yet", step(leader(1, log(1), disk(1, 1)), receives(accepts(1, 1)),
		leader(1, log(1), disk(1, 1), progress(2, 1, 2, 1), commit(1)), answers(false, 1)), ""},
	{"R5.4.2-03", "a read", step(leader(1, voters(1)), input(spec.ReadIndex), leader(1, voters(1)), answers(true, 0)), ""},
	{"R5.4.2-03", "the leader is the only voter, and has it in memory", step(leader(1, voters(1)), input(spec.Propose), leader(1, voters(1), log(1)),
		answers(false, 1), syncs(durable(1, 1, 1))),
		"n1 tells a client that a@1 at index 1 is committed, which it knows to be on the disks of nobody"},
	{"R5.4.2-03", "one follower has it, the leader not yet", step(leader(1, log(1), disk(1, 1)), receives(accepts(1, 1)),
		leader(1, log(1), disk(1, 1), progress(2, 1, 1, 0), commit(1)), answers(false, 1)),
		"n1 tells a client that a@1 at index 1 is committed, which it knows to be on the disks of n2"},

	{"R5.3-16", "rises", step(follower(1, log(1, 1)), receives(appendEntries(1, 2, 1, 2)), follower(1, log(1, 1), commit(2))), ""},
	{"R5.3-16", "falls", step(follower(1, log(1), commit(1)), receives(appendEntries(1, 0, 0, 0)), follower(1, log(1))),
		"n1 takes its commit index back from 1 to 0"},
	{"R5.3-16", "starts again at 0", step(follower(1, log(1), commit(1)), input(spec.Restart), follower(1, log(1))), ""},

	{"R5.3-17", "as far as both go", step(follower(1, log(1)), receives(appendEntries(1, 0, 0, 3, 1)), follower(1, log(1), commit(1))), ""},
	{"R5.3-17", "beyond the message", step(follower(2, log(1, 1)), receives(appendEntries(2, 1, 1, 2)), follower(2, log(1, 1), commit(2))),
		"n1 commits up to index 2 on a message that ends at index 1"},
	{"R5.3-17", "beyond the leader", step(follower(1, log(1)), receives(appendEntries(1, 1, 1, 0)), follower(1, log(1), commit(1))),
		"n1 commits up to index 1 and n2 told it of commitIndex 0"},
	{"R5.3-17", "with a snapshot", step(follower(1), receives(spec.Message{Kind: spec.InstallSnapshot, Term: 1, PrevLogIndex: 4}), follower(1, compacted(4, 1), commit(4))), ""},
	{"R5.3-17", "beyond the snapshot", step(follower(1), receives(spec.Message{Kind: spec.InstallSnapshot, Term: 1, PrevLogIndex: 4}), follower(1, compacted(4, 1), commit(5))),
		"n1 commits up to index 5 on a snapshot up to index 4"},

	{"R5.3-20", "on two of three", step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1))), ""},
	{"R5.3-20", "on one of three", step(leader(1), input(spec.Propose), leader(1, log(1), commit(1))),
		"n1, leader of term 1, commits index 1, which it knows to be stored on n1"},
	{"R5.3-20", "on one of one", step(leader(1, voters(1)), input(spec.Propose), leader(1, voters(1), log(1), commit(1))), ""},
	{"R5.3-20", "on two of three, of which one goes with it", step(leader(1, log(1)), receives(accepts(1, 1)),
		leader(1, voters(1, 3), log(1), func(o *spec.Observation) { o.Progress = o.Progress[1:] }, commit(1))), ""},
	{"R5.3-20", "on two of each half", step(leader(1, outgoing(1, 3, 4), log(1)), receives(accepts(1, 1)), leader(1, outgoing(1, 3, 4), log(1), progress(2, 1, 2, 1), commit(1))), ""},
	{"R5.3-20", "on a majority of one half", step(leader(1, outgoing(1, 3, 4), log(1)), receives(accepts(1, 1)), leader(1, outgoing(1, 3, 4), log(1), progress(2, 1, 1, 0), commit(1))),
		"n1, leader of term 1, commits index 1, which it knows to be stored on n1 n2"},

	{"R5.3-18", "what it holds", step(follower(1, log(1)), receives(appendEntries(1, 1, 1, 1)), follower(1, log(1), commit(1))), ""},
	{"R5.3-18", "more than it holds", step(follower(1), receives(appendEntries(1, 0, 0, 1)), follower(1, commit(1))),
		"n1 has commitIndex 1 and its log ends with index 0"},
	{"R5.3-18", "applied with the snapshot that it starts from", step(crashed(1, compacted(4, 1)), input(spec.Restart), follower(1, compacted(4, 1), commit(4), func(o *spec.Observation) { o.CommitIndex = 0 })), ""},
	{"R5.3-18", "applied too early", step(follower(1, log(1)), receives(appendEntries(1, 1, 1, 0)), follower(1, log(1), applied(1))),
		"n1 has applied entries up to index 1 and committed them up to 0"},

	{"R5.4.3-02", "an uncommitted entry is replaced", step(follower(2, log(1, 1), commit(1)), receives(appendEntries(2, 1, 1, 1, 2)), follower(2, log(1, 2), commit(1))), ""},
	{"R5.4.3-02", "a committed entry is removed", step(follower(1, log(1), commit(1)), receives(appendEntries(1, 0, 0, 0)), follower(1, commit(1))),
		"n1 had committed a@1 at index 1 and now has nothing there"},
	{"R5.4.3-02", "a committed entry is compacted", step(follower(1, log(1, 1), commit(1)), input(spec.Heartbeat), follower(1, compacted(1, 1), log(1), commit(1))), ""},
	{"R5.4.3-02", "a committed entry that was not on disk yet is lost in a crash", step(leader(1, log(1), commit(1), disk(1, 1)), input(spec.Crash), crashed(1)), ""},
	{"R5.4.3-02", "a write from before the snapshot is done in a crash", cut(step(follower(2, compacted(1, 2), commit(1), disk(2, 0, 1)), input(spec.Stored), crashed(2, log(2)))), ""},
	{"R5.4.3-02", "what a snapshot covers is lost in a crash", cut(step(follower(2, compacted(1, 2), commit(1), disk(2, 0, 2)), input(spec.Stored), crashed(2))),
		"n1 had committed a@2 at index 1 and now has nothing there"},
	{"R5.4.3-02", "a committed entry on disk is lost in a crash", step(leader(1, log(1), commit(1)), input(spec.Crash), crashed(1)),
		"n1 had committed a@1 at index 1 and now has nothing there"},

	{"R5.6-01", "a vote, synced and sent", step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(2)),
		writes(durable(1, 0)), syncs(durable(1, 2)), sends(voteReply(1, true))), ""},
	{"R5.6-01", "a vote, written and sent", step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(2), disk(1, 0)),
		writes(durable(1, 0)), sends(voteReply(1, true))),
		"n1 sends RequestVoteReply of term 1 while its disk holds a vote for nobody, not n2"},
	{"R5.6-01", "a vote that was safe before", step(follower(1, vote(2)), receives(requestVote(1, 0, 0)), follower(1, vote(2)), sends(voteReply(1, true))), ""},
	{"R5.6-01", "a new term, sent before it is synced", step(follower(1), input(spec.Timeout), candidate(2),
		sends(requestVote(2, 0, 0)), syncs(durable(2, 1))),
		"n1 sends RequestVote of term 2 while its disk holds term 1"},
	{"R5.6-01", "a candidate whose own vote is not safe", step(follower(1), input(spec.Timeout), candidate(2),
		syncs(durable(2, 0)), sends(requestVote(2, 0, 0))),
		"n1 sends RequestVote of term 2 while its disk holds a vote for nobody, not n1"},
	{"R5.6-01", "entries, synced and acknowledged", step(follower(1), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1)),
		syncs(durable(1, 0, 1)), sends(accepts(1, 1))), ""},
	{"R5.6-01", "entries, acknowledged and synced", step(follower(1), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1)),
		sends(accepts(1, 1)), syncs(durable(1, 0, 1))),
		"n1 acknowledges entries up to index 1 while its disk holds nothing at index 1"},
	{"R5.6-01", "entries replaced in memory only", step(follower(2, log(1)), receives(appendEntries(2, 0, 0, 0, 2)), follower(2, log(2), disk(2, 0, 1)),
		sends(accepts(2, 1))),
		"n1 acknowledges entries up to index 1 while its disk holds a@1 at index 1"},
	{"R5.6-01", "an empty message acknowledges what is not safe yet", step(follower(1, log(1), disk(1, 2)), receives(appendEntries(1, 1, 1, 0)), follower(1, log(1), disk(1, 2)),
		sends(accepts(1, 1))),
		"n1 acknowledges entries up to index 1 while its disk holds nothing at index 1"},
	{"R5.6-01", "a leader sends what it has not synced", step(leader(1, log(1), disk(1, 1)), input(spec.Heartbeat), leader(1, log(1), disk(1, 1)),
		sends(appendEntries(1, 0, 0, 0, 1))), ""},
	{"R5.6-01", "a client is answered in between", step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(2)),
		syncs(durable(1, 2)), spec.Effect{Kind: spec.Answer}, sends(voteReply(1, true))), ""},
	{"R5.6-01", "sent, and then a crash", cut(step(follower(1), input(spec.Timeout), crashed(1), sends(requestVote(2, 0, 0)))),
		"n1 sends RequestVote of term 2 while its disk holds term 1"},

	{"R5.6-02", "all of it, and then a crash", cut(step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), crashed(2, vote(2)))), ""},
	{"R5.6-02", "nothing of it", cut(step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), crashed(1, vote(3)))), ""},
	{"R5.6-02", "a term without a vote", cut(step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), crashed(2))), ""},
	{"R5.6-02", "a vote in the same term", cut(step(follower(2), receives(requestVote(2, 0, 0)), crashed(2, vote(2)))), ""},
	{"R5.6-02", "what was only in memory", cut(step(follower(2, vote(3), disk(1, 3)), receives(requestVote(3, 0, 0)), crashed(1, vote(3)))), ""},
	{"R5.6-02", "a candidate's vote for itself", cut(step(follower(1, vote(3)), input(spec.Timeout), crashed(2, vote(1)))), ""},
	{"R5.6-02", "one that was handed over to", cut(step(follower(1), receives(spec.Message{Kind: spec.TimeoutNow, Term: 1}), crashed(2, vote(1)))), ""},
	{"R5.6-02", "a crash between two steps", step(follower(1), input(spec.Crash), crashed(1, vote(3))), ""},
	{"R5.6-02", "the term of a vote was written, and not its candidate", cut(step(follower(1), receives(requestVote(2, 0, 0)), crashed(2, vote(3)))),
		"n1 crashes and leaves a vote for n3 in term 2 on its disk, which it did not give"},
	{"R5.6-02", "a vote was written before its term", cut(step(follower(1), receives(requestVote(2, 0, 0)), crashed(1, vote(2)))),
		"n1 crashes and leaves a vote for n2 in term 1 on its disk, which it did not give"},
	{"R5.6-02", "a candidate's vote was written before its term", cut(step(follower(1), input(spec.Timeout), crashed(1, vote(1)))),
		"n1 crashes and leaves a vote for n1 in term 1 on its disk, which it did not give"},
	{"R5.6-02", "an old vote for itself becomes one in the new term", cut(step(follower(1), receives(requestVote(2, 0, 0)), crashed(2, vote(1)))),
		"n1 crashes and leaves a vote for n1 in term 2 on its disk, which it did not give"},
	{"R5.6-02", "a step that is about no vote", cut(step(follower(1), input(spec.Propose), crashed(1, vote(3)))),
		"n1 crashes and leaves a vote for n3 in term 1 on its disk, which it did not give"},

	{"X-TR-01", "to and from itself", step(follower(1), receives(requestVote(1, 0, 0)), follower(1), sends(voteReply(1, false))), ""},
	{"X-TR-01", "in another's name", step(follower(1), input(spec.Timeout), follower(1), spec.Effect{Kind: spec.Send, Message: spec.Message{Kind: spec.PreVote, From: 3, To: 2}}),
		"n1 sends a message in the name of n3"},

	{"R6-09", "a voter", step(follower(1), input(spec.Timeout), candidate(2)), ""},
	{"R6-09", "an outgoing voter", step(follower(1, voters(2, 3), outgoing(1, 2)), input(spec.Timeout), candidate(2, voters(2, 3), outgoing(1, 2))), ""},
	{"R6-09", "a leader that was removed goes on until it has told the others", step(leader(1, voters(2, 3)), input(spec.Heartbeat), leader(1, voters(2, 3))), ""},
	{"R6-09", "it becomes a voter on the way", step(follower(1, voters(2, 3)), receives(spec.Message{Kind: spec.TimeoutNow, Term: 1}), candidate(2)), ""},
	{"R6-09", "a learner", step(follower(1, voters(2, 3), learners(1)), receives(spec.Message{Kind: spec.TimeoutNow, Term: 1}), candidate(2, voters(2, 3), learners(1))),
		"n1 becomes candidate in term 2 and is no voter but a learner"},
	{"R6-09", "one that was removed", step(follower(1, voters(2, 3)), input(spec.Timeout), is(spec.PreCandidate, 1, voters(2, 3))),
		"n1 becomes pre-candidate in term 1 and is no voter"},

	{"R5.2-10", "everybody", step(leader(1, voters(1, 2)), input(spec.Heartbeat), leader(1, voters(1, 2)), sends(appendEntries(1, 0, 0, 0))), ""},
	{"R5.2-10", "who needs a snapshot is sent one", step(leader(1, voters(1, 2)), input(spec.Heartbeat), leader(1, voters(1, 2)), sends(spec.Message{Kind: spec.InstallSnapshot, Term: 1})), ""},
	{"R5.2-10", "a follower has no heartbeats", step(follower(1), input(spec.Heartbeat), follower(1)), ""},
	{"R5.2-10", "a timer for one of them", step(leader(1), spec.Input{Kind: spec.Heartbeat, Peer: 2}, leader(1), sends(appendEntries(1, 0, 0, 0))), ""},
	{"R5.2-10", "one is left out", step(leader(1), input(spec.Heartbeat), leader(1), sends(appendEntries(1, 0, 0, 0))), "n1, leader of term 1, sends heartbeats and none to n3"},

	{"R6-12", "a member may depose it", step(leader(1), receives(requestVote(2, 0, 0)), follower(2)), ""},
	{"R6-12", "a stranger is disregarded", step(leader(1, voters(1, 3)), receives(requestVote(2, 0, 0)), leader(1, voters(1, 3))), ""},
	{"R6-12", "a stranger deposes it that the leader itself asked to campaign", step(leader(1, voters(1, 3)), receives(marked(requestVote(2, 0, 0))), follower(2, voters(1, 3))), ""},
	{"R6-12", "a stranger deposes it", step(leader(1, voters(1, 3)), receives(requestVote(2, 0, 0)), follower(2, voters(1, 3))),
		"n1 leads term 1 and gives up over a request for a vote of n2, which is not in its configuration"},

	{"R8-03", "an entry of its own term", step(leader(2, log(1, 2), commit(2)), receives(accepts(2, 2)), leader(2, log(1, 2), commit(2)), answers(true, 2)), ""},
	{"R8-03", "a command", step(leader(2, log(1, 2), commit(2)), receives(accepts(2, 2)), leader(2, log(1, 2), commit(2)), answers(false, 1)), ""},
	{"R8-03", "what it committed as a follower", step(leader(2, log(1, 2), commit(1)), receives(accepts(2, 2)), leader(2, log(1, 2), commit(1)), answers(true, 1)),
		"n1, leader of term 2, answers a read at index 1, an entry of term 1"},
	{"R8-03", "nothing is committed", step(leader(1, voters(1)), input(spec.ReadIndex), leader(1, voters(1)), answers(true, 0)),
		"n1, leader of term 1, answers a read at index 0, an entry of term 0"},
}

func TestStepRules(t *testing.T) {
	var golden strings.Builder
	for _, c := range stepCases {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			rule, known := spec.RuleByName(c.rule)
			require.True(t, known)
			b := rule.JudgeStep(c.step)
			if c.want == "" {
				require.Nil(t, b)
				return
			}
			require.NotNil(t, b, "the rule is broken")
			require.Equal(t, c.want, b.Message)
			require.Same(t, rule, b.Rule)
			fmt.Fprintf(&golden, "%s %s: %s\n%s\n", c.rule, rule.Name, c.name, told(b))
		})
	}
	compare(t, "testdata/breaches.golden", golden.String())
}

// told is all that a breach says.
func told(b *spec.Breach) string {
	text := "  " + b.Message + "\n"
	for _, c := range b.Refused {
		text += fmt.Sprintf("  refused  %s: %s\n", c.Text, c.Values)
	}
	if b.Allowed != "" {
		text += "  allowed  " + b.Allowed + "\n"
	}
	if b.Hint != "" {
		text += "  hint     " + b.Hint + "\n"
	}
	for _, e := range b.Evidence {
		text += fmt.Sprintf("  %-8s %s (%s)\n", e.Server, e.Role, place(e))
	}
	return text
}

func place(e spec.Evidence) string {
	switch e.Part {
	case spec.PartAfter:
		return "after"
	case spec.PartBefore:
		return "before"
	case spec.PartInput:
		return "input"
	case spec.PartEffect:
		return fmt.Sprintf("effect %d", e.Effect)
	}
	return fmt.Sprintf("earlier, at %d", e.Origin)
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// Every rule that looks at steps has a step that keeps it and one that breaks it.
func TestEveryStepRuleIsTested(t *testing.T) {
	for _, r := range spec.Rules {
		if r.Step == nil {
			continue
		}
		kept, broken := 0, 0
		for _, c := range stepCases {
			switch {
			case c.rule != r.ID:
			case c.want == "":
				kept++
			default:
				broken++
			}
		}
		require.NotZero(t, kept, "%s has no step that keeps it", r.ID)
		require.NotZero(t, broken, "%s has no step that breaks it", r.ID)
	}
}

// What is not shown breaks nothing.
func TestUnknownFieldsBreakNothing(t *testing.T) {
	for _, c := range stepCases {
		blind := *c.step
		blind.Before.Unknown, blind.After.Unknown = ^spec.Field(0), ^spec.Field(0)
		for _, r := range spec.Rules {
			if r.Needs|r.NeedsAfter != 0 {
				require.Nil(t, r.JudgeStep(&blind), "%s: %s", r.ID, c.name)
			}
		}
	}
}

// A server that is down, or comes back with all of its disk, breaks nothing.
func TestCrashesAndRestartsBreakNothing(t *testing.T) {
	for _, before := range []spec.Observation{
		follower(2, vote(3), log(1, 2), commit(1)), candidate(3, log(1, 2)), leader(3, log(1, 2), commit(1)),
		follower(2, vote(3), log(1, 2), disk(1, 2, 1)), leader(3, log(1, 3), commit(2), disk(3, 1, 1)),
	} {
		down := crashed(before.Durable.Term, vote(before.Durable.VotedFor))
		down.Log, down.Durable = before.Durable.Log, before.Durable
		up := down
		up.Role = spec.Follower
		for _, s := range []*spec.Step{step(before, input(spec.Crash), down), step(down, input(spec.Restart), up), step(before, input(spec.Restart), up),
			cut(step(down, input(spec.Restart), down)), step(down, receives(requestVote(9, 8, 9)), down)} {
			for _, r := range spec.Rules {
				require.Nil(t, r.JudgeStep(s), "%s: %s", r.ID, s.Input)
			}
		}
	}
}

// Rules run for every step of a search and of a trace: where nothing is wrong they leave no garbage. Those that read configurations
// out of entries are not judged unless an implementation declares that they stand there.
func TestStepRulesDoNotAllocate(t *testing.T) {
	for _, c := range stepCases {
		rule, _ := spec.RuleByName(c.rule)
		if c.want == "" && !slices.Contains(rule.Only, spec.ConfigurationInLog) {
			require.Zero(t, testing.AllocsPerRun(10, func() { rule.JudgeStep(c.step) }), "%s: %s", c.rule, c.name)
		}
	}
}
