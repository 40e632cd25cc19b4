package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// debugSteps are the fewest steps in which the debug goals are reached that a search can reach.
var debugSteps = map[string]int{
	"one-leader-at-a-time": 7, "no-higher-term-beside-committed": 20, "leader-commits-what-it-stored": 15, "vote-goes-with-committed": 17,
}

// TestDebugGoalsAreReached searches the world of each debug goal: the reference breaks what is no promise, and keeps every rule until then.
func TestDebugGoalsAreReached(t *testing.T) {
	for _, g := range spec.DebugGoals {
		t.Run(g.Invariant.Name, func(t *testing.T) {
			s, err := debugSubject(g)
			require.NoError(t, err)
			if debugWorlds[g.Invariant.Name].byFuzz {
				require.NotContains(t, debugSteps, g.Invariant.Name)
				requireReached(t, g, replayed(t, s))
				return
			}
			_, symmetric := s.Config.New(1, s.Config.IDs()).(spec.Permuter)
			r, err := checker.Check(context.Background(), &s.Config, checker.Options{Rules: []*spec.Rule{g.Invariant}, Goals: []*spec.Goal{}, Symmetry: symmetric})
			require.NoError(t, err)
			require.Equal(t, spec.Violated, r.Verdict, r.Reason)
			require.Equal(t, debugSteps[g.Invariant.Name], r.Search.Depth)
			requireReached(t, g, r.Findings[0].Trace)
		})
	}
}

// replayed runs the saved execution again that random executions found.
func replayed(t *testing.T, s *subject.Subject) *traces.Trace {
	saved, err := traces.ReadFile("testdata/debug/more-up-to-date.trace")
	require.NoError(t, err)
	happened, differs, err := s.Replay(context.Background(), saved)
	require.NoError(t, err)
	require.Nil(t, differs)
	return happened
}

// requireReached holds a right execution to this: its last step, and none before, breaks what is no promise, and none breaks a rule.
func requireReached(t *testing.T, g *spec.DebugGoal, trace *traces.Trace) {
	broken, at := traces.Broken(trace, []*spec.Rule{g.Invariant}, trace.Header.Variants)
	require.Len(t, broken, 1)
	require.Equal(t, len(trace.Records)-1, at)
	broken, _ = traces.Broken(trace, spec.Rules, trace.Header.Variants)
	require.Empty(t, broken)
}

// Debug goals are well-formed like rules, and no rule has the name of one.
func TestDebugGoalsAreValid(t *testing.T) {
	require.NoError(t, spec.ValidateRules(judgeable()))
	require.Len(t, debugWorlds, len(spec.DebugGoals))
	for _, g := range spec.DebugGoals {
		require.Contains(t, debugWorlds, g.Invariant.Name)
		require.NotEmpty(t, g.False)
		require.NotEmpty(t, g.Source)
	}
}
