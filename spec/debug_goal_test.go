package spec_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// What the invariants of debug goals say of two servers at one moment, one way round.
func TestDebugGoals(t *testing.T) {
	for _, test := range []struct {
		name, goal string
		a, b       spec.Observation
		want       string // "" is nothing
	}{
		{"two leaders of two terms", "one-leader-at-a-time", leader(1), leader(2), "n1 leads term 1 while n2 leads term 2"},
		{"one leads no more", "one-leader-at-a-time", follower(1), leader(2), ""},
		{"two of one term are a fault, and no goal", "one-leader-at-a-time", leader(2), leader(2), ""},
		{"an entry of a leader in between", "no-higher-term-beside-committed", follower(3, log(1, 3), commit(2)), follower(2, log(2)),
			"n1 has committed a@1 at index 1, and n2 holds a@2 there"},
		{"beside one that is not committed", "no-higher-term-beside-committed", follower(3, log(1)), follower(2, log(2)), ""},
		{"a lower term", "no-higher-term-beside-committed", follower(3, log(2), commit(1)), follower(2, log(1)), ""},
		{"the winner went on without the one it voted for", "vote-goes-with-committed", follower(1, vote(2), log(1), commit(1)), follower(1),
			"n1 voted for n2, has committed up to index 1, and n2 holds entries up to index 0"},
		{"it holds another entry there", "vote-goes-with-committed", follower(2, vote(2), log(1), commit(1)), follower(2, log(2)),
			"n1 voted for n2, has committed up to index 1, and n2 holds entries up to index 1"},
		{"it voted for another", "vote-goes-with-committed", follower(1, vote(3), log(1), commit(1)), follower(1), ""},
		{"it holds all that is committed", "vote-goes-with-committed", follower(1, vote(2), log(1, 1), commit(1)), follower(1, log(1)), ""},
		{"a later term without the entry", "more-up-to-date-has-committed", follower(2, log(2)), follower(3, log(1), commit(1)),
			"the log of n1 ends with index 1 of term 2, that of n2 with index 1 of term 1, and n1 lacks what n2 has committed up to index 1"},
		{"the other's log is the later one", "more-up-to-date-has-committed", follower(2, log(2)), follower(3, log(1, 3), commit(2)), ""},
		{"a longer log with the entry", "more-up-to-date-has-committed", follower(1, log(1, 1)), follower(1, log(1), commit(1)), ""},
	} {
		t.Run(test.goal+": "+test.name, func(t *testing.T) {
			g, known := spec.DebugGoalByName(test.goal)
			require.True(t, known)
			b := g.Invariant.JudgePair(&spec.Sight{Server: 1, Observation: &test.a}, &spec.Sight{Server: 2, Observation: &test.b})
			if test.want == "" {
				require.Nil(t, b)
				return
			}
			require.NotNil(t, b)
			require.Equal(t, test.want, b.Message)
		})
	}
}

func TestLeaderCommitsWhatItStored(t *testing.T) {
	g, known := spec.DebugGoalByName("X-DG-03")
	require.True(t, known)
	late := step(leader(1, log(1), disk(1, 1)), receives(accepts(1, 1)), leader(1, log(1), disk(1, 1), progress(2, 1, 2, 1), commit(1)))
	require.Equal(t, "n1, leader of term 1, has committed index 1, and its disk ends with index 0", g.Invariant.JudgeStep(late).Message)
	stored := step(leader(1, log(1)), receives(accepts(1, 1)), leader(1, log(1), disk(1, 1, 1), progress(2, 1, 2, 1), commit(1)))
	require.Nil(t, g.Invariant.JudgeStep(stored))
}

// A debug goal is known by the name and the id of its invariant, and no rule by those.
func TestDebugGoalsAreNoRules(t *testing.T) {
	for _, g := range spec.DebugGoals {
		for _, name := range []string{g.Invariant.Name, g.Invariant.ID} {
			found, known := spec.DebugGoalByName(name)
			require.True(t, known)
			require.Same(t, g, found)
			_, known = spec.RuleByName(name)
			require.False(t, known)
		}
	}
	_, known := spec.DebugGoalByName("election-safety")
	require.False(t, known)
}

func ExampleDebugGoalByName() {
	g, known := spec.DebugGoalByName("one-leader-at-a-time")
	fmt.Println(g.Invariant.Sentence, known)
	// Output: No two servers are leaders at the same moment. true
}
