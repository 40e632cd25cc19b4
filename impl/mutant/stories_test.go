package mutant_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// TestRuleStories holds the shortest story of every rule to the matrix: its mutant and its steps. With -whole it is told again, and must be
// the same one of the several that are as short.
func TestRuleStories(t *testing.T) {
	rows, _ := mutant.Matrix()
	for _, r := range spec.Rules {
		row, steps := soonest(rows, r)
		path := "stories/" + r.ID + ".txt"
		if row == nil {
			require.NoFileExists(t, path)
			continue
		}
		was, known := mutant.StoryOf(r.ID)
		if *update {
			if !known || was.Mutant != row.Mutant || was.Steps != steps || *whole {
				require.NoError(t, os.WriteFile(path, []byte(told(t, r, row, steps)), 0o644))
			}
			continue
		}
		require.True(t, known, "%s has no story; -update tells it", r.ID)
		require.Equal(t, row.Mutant, was.Mutant, "%s; -update tells its story anew", r.ID)
		require.Equal(t, steps, was.Steps, "%s; -update tells its story anew", r.ID)
		if *whole {
			require.Equal(t, told(t, r, row, steps), fmt.Sprintf("%s %d\n%s", was.Mutant, was.Steps, was.Text))
		}
	}
}

// soonest returns the row of the mutant that breaks a rule in the fewest steps, and the steps; nil if none does. Of several it is one that
// the rule is there for, and of those the one with the smallest world.
func soonest(rows []mutant.Row, r *spec.Rule) (*mutant.Row, int) {
	var best *mutant.Row
	steps := 0
	strange := func(row *mutant.Row) int {
		if slices.Contains(r.Catches, row.Mutant) {
			return 0
		}
		return 1
	}
	for k := range rows {
		row := &rows[k]
		for _, b := range row.Breaks {
			if b.Rule == r.ID && (best == nil || cmp.Or(cmp.Compare(b.Steps, steps), strange(row)-strange(best), cmp.Compare(row.States, best.States)) < 0) {
				best, steps = row, b.Steps
			}
		}
	}
	return best, steps
}

// told searches a mutant's world for a breach of one rule, and tells the execution.
func told(t *testing.T, r *spec.Rule, row *mutant.Row, steps int) string {
	m, known := mutant.ByName(row.Mutant)
	require.True(t, known)
	result, err := checker.Check(context.Background(), world(m.Bounds, m.Options),
		checker.Options{Rules: []*spec.Rule{r}, Goals: []*spec.Goal{}, Symmetry: canBeRenamed(m.Options)})
	require.NoError(t, err)
	// Only the whole execution shows some breaches, and such a rule is seen together with others.
	if len(result.Findings) == 0 {
		result = search(t, m.Bounds, m.Options, spec.Rules)
	}
	k := slices.IndexFunc(result.Findings, func(f checker.Finding) bool { return f.Rule == r })
	require.GreaterOrEqual(t, k, 0, "%s by %s", m.Name, r.ID)
	require.Equal(t, steps, len(result.Findings[k].Trace.Records), "%s by %s", m.Name, r.ID)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d\n", m.Name, steps)
	require.NoError(t, traces.Text(&b, result.Findings[k].Trace, &result.Findings[k].Finding))
	return b.String()
}
