package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// promiseCases are of what servers tell as leaders, of terms and roles out of nowhere, of entries and disks that are not what was said, and of
// refusals that hide something.
var promiseCases = []stepCase{
	{"R5.1-04", "entries accepted", step(follower(2), receives(appendEntries(1, 0, 0, 0)), follower(2), sends(accepts(2, 0))),
		"n1 in term 2 accepts AppendEntries of term 1 from n2"},
	{"R5.1-04", "a vote in another term than was asked for", step(is(spec.Follower, 9, unknown(spec.FieldTerm)), receives(requestVote(1, 0, 0)), follower(9, vote(2)), sends(voteReply(9, true))),
		"n1 in term 9 grants RequestVote of term 1 from n2"},
	{"R5.1-04", "a request whose term is not shown", step(follower(2), receives(lacking(spec.MessageTerm, requestVote(0, 0, 0))), follower(2, vote(2)), sends(voteReply(2, true))), ""},

	{"R5.1-09", "a campaign", step(follower(1), input(spec.Timeout), candidate(2)), ""},
	{"R5.1-09", "the term of a message", step(follower(1), receives(requestVote(5, 0, 0)), follower(5)), ""},
	{"R5.1-09", "a campaign that the leader asked for", step(follower(1), receives(spec.Message{Kind: spec.TimeoutNow, Term: 2}), candidate(3)), ""},
	{"R5.1-09", "a pre-vote that is won", step(is(spec.PreCandidate, 1), receives(spec.Message{Kind: spec.PreVoteReply, Term: 2, Granted: true}), candidate(2)), ""},
	{"R5.1-09", "storage brings it to light", step(follower(1), input(spec.Stored), follower(2)), ""},
	{"R5.1-09", "a restart", step(crashed(1), input(spec.Restart), follower(2)), ""},
	{"R5.1-09", "a message whose term is not shown", step(follower(1), receives(lacking(spec.MessageTerm, requestVote(0, 0, 0))), follower(2)), ""},
	{"R5.1-09", "more than the message tells", step(follower(1), receives(requestVote(2, 0, 0)), follower(9)), "n1 goes from term 1 to term 9 over RequestVote from n2"},
	{"R5.1-09", "two terms at once", step(follower(1), input(spec.Timeout), candidate(3)), "n1 goes from term 1 to term 3 over timeout"},
	{"R5.1-09", "over a command", step(leader(1), input(spec.Propose), follower(2)), "n1 goes from term 1 to term 2 over propose"},
	{"R5.1-09", "over a pre-vote", step(follower(1), receives(spec.Message{Kind: spec.PreVote, Term: 2}), follower(2)), "n1 goes from term 1 to term 2 over PreVote from n2"},

	{"R5.2-03", "a vote on disk changes", step(follower(2, vote(3)), input(spec.Heartbeat), follower(2, vote(3), disk(2, 2))),
		"n1 had a vote for n3 in term 2 on its disk and now has a vote for n2 there"},
	{"R5.2-04", "candidate in a term of which it voted for another", step(follower(2, vote(3)), input(spec.Heartbeat), candidate(2, vote(3))),
		"n1 is candidate in term 2 and its vote is for n3"},
	{"R5.2-04", "candidate again without an election", step(follower(2, vote(1)), receives(refuses(1)), candidate(2)),
		"n1, follower of term 2, becomes candidate in that term over AppendEntriesReply from n2"},
	{"R5.2-04", "a leader is candidate again", step(leader(2), input(spec.Heartbeat), candidate(2)),
		"n1, leader of term 2, becomes candidate in that term over heartbeat"},

	{"R5.2-15", "by the leader", step(leader(2), input(spec.Heartbeat), leader(2), sends(appendEntries(2, 0, 0, 0))), ""},
	{"R5.2-15", "by a leader that steps down in the same step", step(leader(2), input(spec.Timeout), follower(2, vote(1)), sends(appendEntries(2, 0, 0, 0))), ""},
	{"R5.2-15", "late, by one that may have led the term", step(follower(2, vote(1)), input(spec.Stored), follower(2, vote(1)), sends(appendEntries(2, 0, 0, 0))), ""},
	{"R5.2-15", "late, of a term that is over", step(follower(3), input(spec.Stored), follower(3), sends(appendEntries(2, 0, 0, 0))), ""},
	{"R5.2-15", "in the step that elects it", step(candidate(2), receives(voteReply(2, true)), leader(2), sends(appendEntries(2, 0, 0, 0))), ""},
	{"R5.2-15", "by a candidate", step(candidate(2), input(spec.Heartbeat), candidate(2), sends(appendEntries(2, 0, 0, 0))),
		"n1, candidate of term 2, sends AppendEntries in that term"},
	{"R5.2-15", "by a follower that voted for another", step(follower(2, vote(3)), input(spec.Heartbeat), follower(2, vote(3)), sends(spec.Message{Kind: spec.InstallSnapshot, Term: 2})),
		"n1, follower of term 2, sends InstallSnapshot in that term"},

	{"R5.3-22", "what was sent", step(follower(1), receives(appendEntries(1, 0, 0, 0, 1, 1)), follower(1, log(1, 1)), sends(accepts(1, 2))), ""},
	{"R5.3-22", "the first of what was sent", step(follower(1), receives(appendEntries(1, 0, 0, 0, 1, 1)), follower(1, log(1)), sends(accepts(1, 1))), ""},
	{"R5.3-22", "what it has and more", step(follower(1, log(1, 1)), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1, 1)), sends(accepts(1, 1))), ""},
	{"R5.3-22", "what it has compacted", step(follower(1, compacted(2, 1)), receives(appendEntries(1, 0, 0, 0, 1, 1)), follower(1, compacted(2, 1)), sends(accepts(1, 2))), ""},
	{"R5.3-22", "refused", step(follower(1), receives(appendEntries(1, 3, 1, 0, 1)), follower(1), sends(refuses(1))), ""},
	{"R5.3-22", "entries that are not shown", step(follower(1), receives(lacking(spec.MessageEntries, appendEntries(1, 0, 0, 0))), follower(1, log(1)), sends(accepts(1, 1))), ""},
	{"R5.3-22", "acknowledged and not stored", step(follower(1), receives(appendEntries(1, 0, 0, 0, 1)), follower(1), sends(accepts(1, 1))),
		"n1 acknowledges a@1 at index 1 and has nothing there"},
	{"R5.3-22", "acknowledged up to where it has nothing", step(follower(1), receives(appendEntries(1, 0, 0, 0)), follower(1), sends(accepts(1, 1))),
		"n1 acknowledges entries up to index 1 and its log ends with index 0"},
	{"R5.3-22", "stored under another term", step(follower(2), receives(appendEntries(2, 0, 0, 0, 1)), follower(2, log(2))),
		"n1 adds a@2 at index 1 over a message with entries 1 to 1"},
	{"R5.3-22", "more than was sent", step(follower(2), receives(appendEntries(2, 0, 0, 0, 2)), follower(2, log(2, 2)), sends(accepts(2, 1))),
		"n1 adds b@2 at index 2 over a message with entries 1 to 1"},

	{"R5.6-08", "a new term and vote", step(follower(1, vote(3)), receives(requestVote(2, 0, 0)), follower(2, vote(2)), syncs(durable(2, 2))), ""},
	{"R5.6-08", "entries are replaced", step(follower(2, log(1, 1)), receives(appendEntries(2, 0, 0, 0, 2)), follower(2, log(2))), ""},
	{"R5.6-08", "entries are replaced in memory first", step(follower(2, log(2), disk(2, 0, 1)), input(spec.Stored), follower(2, log(2))), ""},
	{"R5.6-08", "entries are compacted", step(follower(1, log(1, 1), commit(1)), input(spec.Compact), follower(1, compacted(1, 1), log(1), commit(1))), ""},
	{"R5.6-08", "a write from before a snapshot is done", step(follower(2, compacted(1, 2), disk(2, 0, 1)), input(spec.Stored), follower(2, compacted(1, 2), disk(2, 0, 2))), ""},
	{"R5.6-08", "what was not synced is lost in a crash", step(follower(2, log(2), disk(1, 0)), input(spec.Crash), crashed(1)), ""},
	{"R5.6-08", "a write that was not synced is no loss", step(follower(1), receives(requestVote(2, 0, 0)), follower(2, vote(2), disk(1, 0)), writes(durable(1, 0))), ""},
	{"R5.6-08", "entries are replaced, and then a crash", cut(step(follower(2, log(1)), receives(appendEntries(2, 0, 0, 0, 2)), crashed(2, log(2)))), ""},
	{"R5.6-08", "the term falls", step(follower(2), input(spec.Heartbeat), follower(2, disk(1, 0))),
		"n1 had term 2 safe on its disk and now has term 1 there"},
	{"R5.6-08", "an entry is gone", step(follower(1, log(1, 1)), input(spec.Heartbeat), follower(1, log(1, 1), disk(1, 0, 1))),
		"n1 had b@1 at index 2 safe on its disk and now has nothing there"},
	{"R5.6-08", "an entry is gone in a crash", step(follower(1, log(1, 1)), input(spec.Crash), crashed(1, log(1))),
		"n1 had b@1 at index 2 safe on its disk and now has nothing there"},
	{"R5.6-08", "what a snapshot covers is gone", step(follower(1, compacted(1, 1), disk(1, 0, 1)), input(spec.Stored), follower(1, compacted(1, 1), disk(1, 2))),
		"n1 had a@1 at index 1 safe on its disk and now has nothing there"},
	{"R5.6-08", "less than was synced in the step", step(is(spec.Follower, 1, unknown(spec.FieldDurable)), receives(requestVote(2, 0, 0)), follower(2, vote(2), disk(1, 0)), syncs(durable(2, 2))),
		"n1 had term 2 safe on its disk and now has term 1 there"},

	{"R7-09", "its own term there", step(leader(2, log(1, 2), commit(1)), input(spec.Heartbeat), leader(2, log(1, 2), commit(1)), sends(snapshot(2, 1, 1))), ""},
	{"R7-09", "of what it has compacted", step(leader(2, compacted(1, 1)), input(spec.Heartbeat), leader(2, compacted(1, 1)), sends(snapshot(2, 1, 1))), ""},
	{"R7-09", "of what it does not show", step(leader(2, compacted(3, 1)), input(spec.Heartbeat), leader(2, compacted(3, 1)), sends(snapshot(2, 1, 7))), ""},
	{"R7-09", "a term that is not told", step(leader(2, compacted(1, 1)), input(spec.Heartbeat), leader(2, compacted(1, 1)), sends(lacking(spec.MessagePrevTerm, snapshot(2, 1, 0)))), ""},
	{"R7-09", "the current term", step(leader(2, compacted(1, 1)), input(spec.Heartbeat), leader(2, compacted(1, 1)), sends(snapshot(2, 1, 2))),
		"n1 sends n2 a snapshot up to index 1 of term 2, where its entry is of term 1"},
	{"R7-09", "no term", step(leader(2, compacted(1, 1)), input(spec.Heartbeat), leader(2, compacted(1, 1)), sends(snapshot(2, 1, 0))),
		"n1 sends n2 a snapshot up to index 1 of term 0, where its entry is of term 1"},

	{"R8-11", "at the index noted", step(waitingRead(leader(1, log(1, 1), commit(2)), 1), receives(accepts(1, 2)), leader(1, log(1, 1), commit(2)), answers(true, 1)), ""},
	{"R8-11", "at a later one", step(waitingRead(leader(1, log(1, 1), commit(2)), 1), receives(accepts(1, 2)), leader(1, log(1, 1), commit(2)), answers(true, 2)), ""},
	{"R8-11", "below it", step(waitingRead(leader(1, log(1, 1), commit(2)), 2), receives(accepts(1, 2)), leader(1, log(1, 1), commit(2)), answers(true, 1)),
		"n1 answers a read at index 1, for which it had noted index 2 when it came"},

	{"X-TR-02", "nothing happened", refused(step(leader(2), input(spec.Timeout), leader(2))), ""},
	{"X-TR-02", "it was not refused", step(follower(1), input(spec.Timeout), candidate(2)), ""},
	{"X-TR-02", "a term and a vote", refused(step(follower(1), input(spec.Timeout), candidate(2))), "n1 refuses timeout and its term changes"},
	{"X-TR-02", "a vote", refused(step(follower(1), input(spec.Timeout), follower(1, vote(2)))), "n1 refuses timeout and its vote changes"},
	{"X-TR-02", "the disk", refused(step(follower(1, log(1)), input(spec.Compact), follower(1, log(1), disk(1, 2)))), "n1 refuses compact and its disk changes"},
	{"X-TR-02", "a message", refused(step(follower(1), input(spec.Timeout), follower(1), sends(requestVote(2, 0, 0)))), "n1 refuses timeout and acts on it all the same"},
}

// lacking is the message without parts that are not known.
func lacking(f spec.MessageField, m spec.Message) spec.Message {
	m.Unknown |= f
	return m
}

// refused makes the step one of which the server says that nothing happened.
func refused(s *spec.Step) *spec.Step {
	s.Output.Refused = true
	return s
}

// What a leader tells of as committed is compared with its own commit index, and with what anybody is known to have committed.
func TestLeaderCommitIsTrue(t *testing.T) {
	tells := func(before, after spec.Observation, m spec.Message) []*spec.Breach {
		judge := spec.NewJudge([]*spec.Rule{ruleNamed(t, "leader-commit-true")}, nil)
		return judge.Step(1, step(before, input(spec.Heartbeat), after, sends(m)))
	}
	has := leader(2, log(1, 2), commit(1))
	require.Empty(t, tells(has, has, appendEntries(2, 0, 0, 1)))
	require.Empty(t, tells(has, leader(2, log(1, 2), commit(2)), appendEntries(2, 0, 0, 2)), "committed in this step")
	require.Empty(t, tells(has, crashed(2), appendEntries(2, 0, 0, 2)), "what it had committed is gone")
	require.Empty(t, tells(has, leader(2, log(1, 2), unknown(spec.FieldCommit)), appendEntries(2, 0, 0, 2)))
	require.Empty(t, tells(has, leader(2, compacted(2, 2)), snapshot(2, 2, 2)), "compacted, so it was committed")

	found := tells(has, has, appendEntries(2, 0, 0, 2))
	require.Len(t, found, 1)
	require.Equal(t, "n1 tells n2 that entries up to index 2 are committed and has committed up to 1", found[0].Message)
	found = tells(has, has, snapshot(2, 2, 2))
	require.Len(t, found, 1)
	require.Equal(t, "n1 sends n2 a snapshot up to index 2 and has committed up to 1", found[0].Message)

	judge := spec.NewJudge([]*spec.Rule{ruleNamed(t, "leader-commit-true")}, nil)
	require.Empty(t, judge.Step(1, by(2, step(follower(1, log(1)), input(spec.Heartbeat), follower(1, log(1), commit(1))))))
	require.Empty(t, judge.Step(2, step(leader(2, log(1)), input(spec.Heartbeat), leader(2, log(1)), sends(appendEntries(2, 1, 1, 1)))), "another server had committed it")
}

// Who leads a term is told by roles, by whom servers follow, and by who sends what only a leader sends.
func TestWhoLeadsIsToldByAll(t *testing.T) {
	sent := func(from spec.ServerID) spec.Input {
		m := appendEntries(2, 0, 0, 0)
		m.From, m.To = from, 1
		return spec.Input{Kind: spec.Deliver, Message: m}
	}
	blind := func(id spec.ServerID, in spec.Input, effects ...spec.Effect) *spec.Step {
		o := spec.Observation{Unknown: ^spec.Field(0)}
		return &spec.Step{Server: id, Before: o, Input: in, Output: spec.Output{Effects: effects}, After: o}
	}
	sending := func(id spec.ServerID) *spec.Step {
		m := appendEntries(2, 0, 0, 0)
		m.From, m.To = id, 9
		return blind(id, spec.Input{}, spec.Effect{Kind: spec.Send, Message: m})
	}
	follows := func(id, leader spec.ServerID) *spec.Step {
		return by(id, step(follower(2), input(spec.Heartbeat), follower(2, knows(leader))))
	}
	leads := func(id spec.ServerID) *spec.Step {
		return by(id, step(leader(2), input(spec.Timeout), leader(2)))
	}
	for _, test := range []struct {
		first, second *spec.Step
		want          string
	}{
		{blind(1, sent(2)), blind(1, sent(2)), ""},
		{leads(2), follows(3, 2), ""},
		{sending(2), blind(1, sent(2)), ""},
		{blind(1, sent(2)), blind(1, sent(3)), "n3 and n2 both lead term 2"},
		{sending(2), sending(3), "n3 and n2 both lead term 2"},
		{leads(2), sending(3), "n3 and n2 both lead term 2"},
		{leads(2), follows(3, 4), "n3 takes n4 for the leader of term 2, which n2 leads"},
		{follows(3, 4), leads(2), "n2 leads term 2, of which n3 takes n4 for the leader"},
		{follows(3, 4), blind(1, sent(2)), "n2 leads term 2, of which n3 takes n4 for the leader"},
	} {
		judge := spec.NewJudge([]*spec.Rule{ruleNamed(t, "election-safety")}, nil)
		require.Empty(t, judge.Step(1, test.first))
		found := judge.Step(2, test.second)
		if test.want == "" {
			require.Empty(t, found)
			continue
		}
		require.Len(t, found, 1)
		require.Equal(t, test.want, found[0].Message)
	}
}

// A term may come from where a declared difference says, and from nowhere else.
func TestTermsOfVariants(t *testing.T) {
	for _, test := range []struct {
		variant spec.Variant
		step    *spec.Step
		legal   bool
	}{
		{spec.TermJumps, step(follower(1), input(spec.Timeout), candidate(4)), true},
		{spec.TermJumps, step(follower(1), receives(requestVote(2, 0, 0)), follower(4)), false},
		{spec.PreVoteOwnTerm, step(follower(1), receives(spec.Message{Kind: spec.PreVote, Term: 2}), follower(2)), true},
		{spec.PreVoteOwnTerm, step(follower(1), receives(spec.Message{Kind: spec.PreVote, Term: 2}), follower(3)), false},
	} {
		r := ruleNamed(t, "term-has-source")
		require.NotNil(t, r.JudgeStep(test.step))
		test.step.Declared = spec.Variants{test.variant}
		require.Equal(t, test.legal, r.JudgeStep(test.step) == nil, test.step.Input)
	}
}

func ruleNamed(t *testing.T, name string) *spec.Rule {
	t.Helper()
	r, known := spec.RuleByName(name)
	require.True(t, known, name)
	return r
}
