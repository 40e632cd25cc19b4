package mutant_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// search explores a world to the end, or to the first breach of one of the rules.
func search(t *testing.T, b mutant.Bounds, servers spec.Factory, rules []*spec.Rule) *checker.Result {
	t.Helper()
	result, err := checker.Check(context.Background(), world(b, servers), checker.Options{Rules: rules, Symmetry: true})
	require.NoError(t, err)
	return result
}

// without returns every rule but those named.
func without(ids []string) []*spec.Rule {
	return slices.DeleteFunc(slices.Clone(spec.Rules), func(r *spec.Rule) bool { return slices.Contains(ids, r.ID) })
}

func broken(r *checker.Result) (ids []string) {
	for _, f := range r.Findings {
		ids = append(ids, f.Rule.ID)
	}
	return ids
}

// TestEveryMutantIsCaught searches each mutant's world for breaches of all rules: the first to be broken is the one it names.
func TestEveryMutantIsCaught(t *testing.T) {
	for _, m := range mutant.All {
		t.Run(m.Name, func(t *testing.T) {
			r := search(t, m.Bounds, m.Factory(), spec.Rules)
			require.Equal(t, spec.Violated, r.Verdict, r.Reason)
			require.Contains(t, broken(r), m.Rules[0])
			require.Equal(t, m.Steps, r.Search.Depth)
		})
	}
}

// large reports whether a world has millions of states.
func large(b mutant.Bounds) bool { return b.Terms > 2 && b.Campaigns > 0 }

// TestEveryRuleNamedCatches searches for breaches of one rule at a time; in large worlds only for the loss of what was committed.
func TestEveryRuleNamedCatches(t *testing.T) {
	if testing.Short() {
		t.Skip("about a hundred searches")
	}
	for _, m := range mutant.All {
		for _, id := range m.Rules[1:] {
			if large(m.Bounds) && id != "R5.4.1-04" {
				continue
			}
			t.Run(m.Name+"/"+id, func(t *testing.T) {
				rule, known := spec.RuleByName(id)
				require.True(t, known)
				r := search(t, m.Bounds, m.Factory(), []*spec.Rule{rule})
				require.Equal(t, []string{id}, broken(r))
			})
		}
	}
}

// TestNoOtherRuleCatches searches each mutant's world to the end: no mutant breaks a rule that it does not name.
func TestNoOtherRuleCatches(t *testing.T) {
	if testing.Short() {
		t.Skip("every world to the end")
	}
	for _, m := range mutant.All {
		t.Run(m.Name, func(t *testing.T) {
			require.Empty(t, broken(search(t, m.Bounds, m.Factory(), without(m.Rules))))
		})
	}
}

// TestTheReferenceHolds searches every world that a mutant is caught in: the reference breaks nothing there and reaches every goal.
func TestTheReferenceHolds(t *testing.T) {
	type place struct {
		bounds  mutant.Bounds
		options impl.Options
	}
	searched := map[place]bool{}
	for _, m := range mutant.All {
		p := place{m.Bounds, m.Options}
		p.options.Decisions = nil
		if searched[p] {
			continue
		}
		searched[p] = true
		if testing.Short() && large(p.bounds) {
			continue
		}
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			r := search(t, p.bounds, impl.New(p.options), spec.Rules)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			for _, g := range r.Goals {
				require.Positive(t, g.Reached, g.Goal.Name)
			}
		})
	}
}
