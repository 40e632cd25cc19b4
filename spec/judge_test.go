package spec_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

// by makes a step another server's.
func by(id spec.ServerID, s *spec.Step) *spec.Step {
	s.Server = id
	if s.Input.Kind == spec.Deliver {
		s.Input.Message.To = id
	}
	for k := range s.Output.Effects {
		s.Output.Effects[k].Message.From = id
	}
	return s
}

// to makes the first effect of a step a message to that server.
func to(id spec.ServerID, s *spec.Step) *spec.Step {
	s.Output.Effects[0].Message.To = id
	return s
}

// histories are executions that break a promise about the past, or about several servers, with their last step and not before.
// testdata/histories.golden shows all that is said.
var histories = []struct {
	rule  string
	name  string
	steps []*spec.Step
	want  string // of the rule, at the last step; "" is that it is kept
}{
	{"R5.2-02", "leaders of different terms", []*spec.Step{
		by(1, step(candidate(1), receives(voteReply(1, true)), leader(1))),
		by(2, step(candidate(2), receives(voteReply(2, true)), leader(2))),
	}, ""},
	{"R5.2-02", "leaders of one term", []*spec.Step{
		by(1, step(candidate(1), receives(voteReply(1, true)), leader(1))),
		by(2, step(candidate(1), receives(voteReply(1, true)), leader(1))),
	}, "n2 and n1 both lead term 1"},
	{"R5.2-02", "leaders of one term, one after the other", []*spec.Step{
		by(1, step(candidate(1), receives(voteReply(1, true)), leader(1))),
		by(1, step(leader(1), receives(refuses(2)), follower(2))),
		by(2, step(candidate(1), receives(voteReply(1, true)), leader(1))),
	}, "n2 and n1 both lead term 1"},
	{"R5.2-03", "the same vote again", []*spec.Step{
		step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(2)), sends(voteReply(1, true))),
		step(follower(1, vote(2)), receives(requestVote(1, 0, 0)), follower(1, vote(2)), sends(voteReply(1, true))),
	}, ""},
	{"R5.2-03", "another vote in the same term, after a crash", []*spec.Step{
		step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(2), disk(1, 0)), sends(voteReply(1, true))),
		step(follower(1, vote(2), disk(1, 0)), input(spec.Crash), crashed(1)),
		step(crashed(1), input(spec.Restart), follower(1)),
		to(3, step(follower(1), receives(requestVote(1, 0, 0)), follower(1, vote(3)), sends(voteReply(1, true)))),
	}, "n1 votes for n3 in term 1 but voted for n2 in term 1"},
	{"R5.2-03", "a candidate votes for another", []*spec.Step{
		step(follower(0), input(spec.Timeout), candidate(1), sends(requestVote(1, 0, 0))),
		step(candidate(1), receives(requestVote(1, 0, 0)), follower(1, vote(2)), sends(voteReply(1, true))),
	}, "n1 voted for n1 in term 1 and now holds a vote for n2 in that term"},
	{"R5.3-02", "the same entry", []*spec.Step{
		by(1, step(leader(1), input(spec.Propose), leader(1, log(1)))),
		by(2, step(follower(1), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1)))),
	}, ""},
	{"R5.3-02", "two values of one index and term", []*spec.Step{
		by(1, step(leader(1), input(spec.Propose), leader(1, log(1)))),
		by(2, step(leader(1), input(spec.Propose), leader(1, valued("z", log(1))))),
	}, "n2 has z@1 at index 1 but n1 has a@1 there, of the same term"},
	{"R5.3-02", "different entries before", []*spec.Step{
		by(1, step(follower(2), receives(appendEntries(2, 0, 0, 0, 1, 2)), follower(2, log(1, 2)))),
		by(2, step(follower(2), receives(appendEntries(2, 1, 1, 0, 2)), follower(2, log(2, 2)))),
	}, "n2 has the entry of index 2 and term 2 after an entry of term 2 but n1 has it after one of term 1"},
	{"R5.3-02", "a torn disk shows when the server is back", []*spec.Step{
		by(1, step(leader(1), input(spec.Propose), leader(1, log(1)))),
		by(2, step(crashed(1, valued("z", log(1))), input(spec.Restart), follower(1, valued("z", log(1))))),
	}, "n2 has z@1 at index 1 but n1 has a@1 there, of the same term"},
	{"R5.3-02", "a value that is not shown agrees", []*spec.Step{
		by(1, step(leader(1), input(spec.Propose), leader(1, log(1)))),
		by(2, step(follower(1), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, valued("", log(1))))),
	}, ""},
	{"R5.4.3-01", "one committed entry", []*spec.Step{
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
		by(2, step(follower(1, log(1)), receives(appendEntries(1, 1, 1, 1)), follower(1, log(1), commit(1)))),
	}, ""},
	{"R5.4.3-01", "two committed entries at one index", []*spec.Step{
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
		by(2, step(follower(2, log(2)), receives(appendEntries(2, 1, 2, 1)), follower(2, log(2), commit(1)))),
	}, "n2 commits a@2 at index 1 but n1 committed a@1 there"},
	{"R5.4.1-04", "the new leader holds what was committed", []*spec.Step{
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
		by(1, step(leader(1, log(1), commit(1)), input(spec.Crash), crashed(1, log(1)))),
		by(2, step(candidate(2, log(1)), receives(voteReply(2, true)), leader(2, log(1)))),
	}, ""},
	{"R5.4.1-04", "the new leader lacks what was committed", []*spec.Step{
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
		by(1, step(leader(1, log(1), commit(1)), input(spec.Crash), crashed(1, log(1)))),
		by(2, step(candidate(2), receives(voteReply(2, true)), leader(2))),
	}, "n2 becomes leader of term 2 with nothing at index 1, where a@1 was committed by term 1"},
	{"R5.4.1-04", "the new leader compacted what was committed", []*spec.Step{
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
		by(2, step(candidate(2, compacted(1, 1)), receives(voteReply(2, true)), leader(2, compacted(1, 1)))),
	}, ""},
	{"R5.4.1-04", "committed after the election, which was seen late", []*spec.Step{
		by(3, step(leader(2, log(2)), receives(accepts(2, 1)), leader(2, log(2), progress(2, 1, 2, 1), commit(1)))),
		by(2, step(candidate(2), receives(voteReply(2, true)), leader(2))),
	}, "n3 has committed a@2 at index 1, where n2, leader of term 2, has nothing"},
	{"R5.4.1-04", "a leader lacks what another has committed", []*spec.Step{
		by(2, step(candidate(2), receives(voteReply(2, true)), leader(2))),
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
	}, "n1 has committed a@1 at index 1, where n2, leader of term 2, has nothing"},
	{"R5.4.1-04", "a deposed leader lacks what its successor has committed", []*spec.Step{
		by(1, step(candidate(1), receives(voteReply(1, true)), leader(1))),
		by(3, step(leader(2, log(2)), receives(accepts(2, 1)), leader(2, log(2), progress(2, 1, 2, 1), commit(1)))),
	}, ""},
	{"R5.3-20", "a copy that is there", []*spec.Step{
		by(2, step(follower(1), receives(appendEntries(1, 0, 0, 0, 1)), follower(1, log(1)))),
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
	}, ""},
	{"R5.3-20", "a copy that is not there", []*spec.Step{
		by(2, step(follower(1), receives(appendEntries(1, 0, 0, 0)), follower(1))),
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
	}, "n1, leader of term 1, has committed a@1 at index 1 counting a copy on n2, which has nothing there"},
	{"R5.3-20", "a copy that was there, in a later term", []*spec.Step{
		by(2, step(follower(1), receives(appendEntries(2, 0, 0, 0)), follower(2))),
		by(1, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1)))),
	}, ""},
}

// valued gives the last entry another value.
func valued(value string, f feature) feature {
	return func(o *spec.Observation) {
		f(o)
		o.Log.Entries[len(o.Log.Entries)-1].Value = value
	}
}

func TestHistories(t *testing.T) {
	var golden strings.Builder
	for _, h := range histories {
		t.Run(h.rule+" "+h.name, func(t *testing.T) {
			rule, _ := spec.RuleByName(h.rule)
			judge := spec.NewJudge([]*spec.Rule{rule}, nil)
			for k, s := range h.steps {
				found := judge.Step(spec.Origin(k+1), s)
				if k < len(h.steps)-1 || h.want == "" {
					require.Empty(t, found, "step %d", k+1)
					continue
				}
				require.Len(t, found, 1)
				require.Equal(t, h.want, found[0].Message)
				golden.WriteString(h.rule + " " + rule.Name + ": " + h.name + "\n" + told(found[0]) + "\n")
			}
			require.NotZero(t, judge.Checked(h.rule))
		})
	}
	compare(t, "testdata/histories.golden", golden.String())
}

// What a pair shows that is remembered too is left to memory; the pair alone says the same.
func TestPairs(t *testing.T) {
	show := func(id spec.ServerID, o spec.Observation) *spec.Sight {
		return &spec.Sight{Server: id, Observation: &o}
	}
	tests := []struct {
		rule string
		a, b *spec.Sight
		want string
	}{
		{"election-safety", show(1, leader(1)), show(2, leader(2)), ""},
		{"election-safety", show(1, leader(1)), show(2, leader(1)), "n1 and n2 both lead term 1"},
		{"log-matching", show(1, follower(2, log(1, 2))), show(2, follower(2, log(1, 1))), ""},
		{"log-matching", show(1, follower(2, log(1, 2))), show(2, follower(2, log(2, 2))),
			"n1 has b@2 and n2 has b@2 at index 2, of the same term, but a@1 and a@2 at index 1"},
		{"log-matching", show(1, follower(2, compacted(1, 2), log(2))), show(2, follower(2, log(2, 2))), ""},
		{"log-matching", show(1, follower(2, compacted(1, 0), log(2))), show(2, follower(2, log(2, 2))), ""},
		{"log-matching", show(1, follower(3, compacted(1, 1), log(3))), show(2, follower(2, log(2, 2))), ""},
		{"log-matching", show(1, follower(2, compacted(1, 1), log(2))), show(2, follower(2, log(2, 2))),
			"n1 has b@2 and n2 has b@2 at index 2, of the same term, but an entry of term 1 that it compacted and a@2 at index 1"},
		{"log-matching", show(1, follower(2, log(1, 2))), show(2, crashed(2, log(2, 2))), ""},
		{"state-machine-safety", show(1, follower(2, log(1, 2), commit(1))), show(2, follower(2, log(1, 1), commit(2))), ""},
		{"state-machine-safety", show(1, follower(2, log(2), commit(1))), show(2, follower(2, log(1), commit(1))),
			"n1 has committed a@2 at index 1 and n2 has committed a@1 there"},
		{"leader-completeness", show(1, follower(1, log(1), commit(1))), show(2, leader(1, log(1))), ""},
		{"leader-completeness", show(1, follower(1, log(1), commit(1))), show(2, leader(1)),
			"n1 has committed a@1 at index 1, where n2, leader of term 1, has nothing"},
	}
	for _, test := range tests {
		rule, _ := spec.RuleByName(test.rule)
		b := rule.JudgePair(test.a, test.b)
		if test.want == "" {
			require.Nil(t, b)
			continue
		}
		require.NotNil(t, b)
		require.Equal(t, test.want, b.Message)
		require.Equal(t, test.a.Server, b.Evidence[0].Server)
		require.Equal(t, test.b.Server, b.Evidence[1].Server)
	}
}

func TestIncompleteRecordsShowNoMoments(t *testing.T) {
	for _, incomplete := range []bool{false, true} {
		judge := spec.NewJudge(spec.Rules, nil)
		if incomplete {
			judge.Incomplete()
		}
		judge.Step(1, by(2, step(follower(1), input(spec.Heartbeat), follower(1))))
		found := judge.Step(2, step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), progress(2, 1, 1, 0), commit(1))))
		require.Equal(t, incomplete, len(found) == 0)
	}
}

// A record may leave out steps. What happened in between is told with the next step that shows it.
func TestFactsOfGapsAreTold(t *testing.T) {
	judge := spec.NewJudge(spec.Rules, nil)
	require.Empty(t, judge.Step(1, by(1, step(leader(1), input(spec.Propose), leader(1, log(1))))))
	require.Empty(t, judge.Step(2, by(2, step(follower(1), input(spec.Heartbeat), follower(1)))))
	after := by(2, step(follower(1, valued("z", log(1))), input(spec.Heartbeat), follower(1, valued("z", log(1)))))
	after.Gap = true
	found := judge.Step(3, after)
	require.Len(t, found, 1)
	require.Equal(t, "n2 has z@1 at index 1 but n1 has a@1 there, of the same term", found[0].Message)
}

func TestBreachesComeInTheOrderOfTheRules(t *testing.T) {
	judge := spec.NewJudge(spec.Rules, nil)
	require.Empty(t, judge.Step(1, by(2, step(candidate(2), receives(voteReply(2, true)), leader(2)))))
	var ids []string
	for _, b := range judge.Step(2, step(candidate(2), receives(voteReply(1, true)), leader(2))) {
		ids = append(ids, b.Rule.ID)
	}
	require.Equal(t, []string{"R5.1-06", "R5.2-02", "R5.2-05", "R5.2-06"}, ids)
}

func TestRefusedInputsAreNoSteps(t *testing.T) {
	judge := spec.NewJudge(spec.Rules, nil)
	s := step(leader(2), input(spec.Timeout), follower(1))
	s.Output.Refused = true
	found := judge.Step(1, s)
	require.Len(t, found, 1)
	require.Equal(t, "n1 refuses timeout and its term changes", found[0].Message)
	require.Zero(t, judge.Checked("R5.1-01"))
	require.Equal(t, 1, judge.Checked("X-TR-02"))
	s.After = s.Before
	require.Empty(t, judge.Step(2, s))
}

func TestDeclaredVariantsMakeRulesVoid(t *testing.T) {
	s := step(follower(1, log(1), commit(1)), receives(appendEntries(1, 0, 0, 0)), follower(1, log(1)))
	require.Len(t, spec.NewJudge(spec.Rules, nil).Step(1, s), 2, "commit-monotonic and apply-in-order")
	require.Empty(t, spec.NewJudge(spec.Rules, spec.Variants{spec.CommitMayFall}).Step(1, s))
}

func TestGoalsNeedToBeSeen(t *testing.T) {
	judge := spec.NewJudge(nil, nil)
	s := step(candidate(1), receives(voteReply(1, true)), leader(1))
	s.Before.Unknown = spec.FieldRole
	judge.Step(1, s)
	require.False(t, judge.Reached("leader-elected"))
	s.Before.Unknown = 0
	judge.Step(2, s)
	require.True(t, judge.Reached("leader-elected"))
}

// Random executions of raft.tla's Raft, with a network that loses, doubles and reorders, break nothing.
func TestLegalStepsBreakNothing(t *testing.T) {
	servers := []spec.ServerID{1, 2, 3}
	inputs := abstract.Inputs(servers, []string{"v", "w"}, true)
	committed := false
	for seed := range uint64(30) {
		chance := rand.New(rand.NewPCG(seed, 0))
		nodes := map[spec.ServerID]spec.Node{}
		for _, id := range servers {
			nodes[id] = abstract.New(id, servers)
		}
		judge := spec.NewJudge(spec.Rules, abstract.Variants)
		var network []spec.Message
		for k := range 3000 {
			in, id := inputs[chance.IntN(len(inputs))], servers[chance.IntN(3)]
			if len(network) > 0 && chance.IntN(3) > 0 {
				in = spec.Input{Kind: spec.Deliver, Message: network[chance.IntN(len(network))]}
				id = in.Message.To
			} else if (in.Kind == spec.Timeout || in.Kind == spec.Restart) && chance.IntN(8) > 0 {
				continue
			}
			s := &spec.Step{Server: id, Before: nodes[id].Observe(), Input: in}
			s.Output = nodes[id].Step(in)
			s.After = nodes[id].Observe()
			for _, m := range s.Output.Sent {
				network = append(network, *m)
			}
			if len(network) > 8 {
				network = network[len(network)-8:]
			}
			for _, b := range judge.Step(spec.Origin(k), s) {
				require.Failf(t, b.Message, "seed %d, step %d: %s", seed, k, b.Rule.ID)
			}
		}
		committed = committed || judge.Reached("entry-committed") && judge.Reached("log-conflict-repaired")
	}
	require.True(t, committed)
}
