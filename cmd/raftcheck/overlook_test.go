package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// TestSearchesGoOnAfterWhatIsKnown overlooks what a search finds, again and again: each finding must be of a shape that was not
// overlooked, in no fewer steps than the last, and confirmed by the plain judge, which overlooks the same.
func TestSearchesGoOnAfterWhatIsKnown(t *testing.T) {
	t.Parallel()
	matrix, _ := mutant.Matrix()
	further := 0
	for _, row := range matrix {
		if row.States > 20_000 {
			continue
		}
		m, known := mutant.ByName(row.Mutant)
		require.True(t, known, row.Mutant)
		further += overlook(t, subject.Mutant(m), 5)
	}
	require.Greater(t, further, 20, "hardly any search went on")
}

// overlook searches until nothing is found, or so many times, and returns how many findings came after the first.
func overlook(t *testing.T, s *subject.Subject, times int) (further int) {
	shapes := map[string][]string{}
	steps := 0
	for k := range times {
		var rules []*spec.Rule
		for _, r := range spec.Rules {
			rules = append(rules, r.Overlooking(shapes[r.ID]))
		}
		result, err := checker.Check(context.Background(), &s.Config, checker.Options{Rules: rules, Goals: []*spec.Goal{}, Name: s.Name})
		require.NoError(t, err, "%s %v", s.Name, shapes)
		if len(result.Findings) == 0 {
			return further
		}
		further += min(k, 1)
		for _, f := range result.Findings {
			require.NotContains(t, shapes[f.Rule.ID], f.Shape, s.Name)
			require.NotEmpty(t, f.Shape, s.Name)
			shapes[f.Rule.ID] = append(shapes[f.Rule.ID], f.Shape)
		}
		require.GreaterOrEqual(t, len(result.Findings[0].Trace.Records), steps, s.Name)
		steps = len(result.Findings[0].Trace.Records)
	}
	return further
}
