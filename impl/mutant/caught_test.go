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
func search(t *testing.T, b mutant.Bounds, options impl.Options, rules []*spec.Rule) *checker.Result {
	t.Helper()
	result, err := checker.Check(context.Background(), world(b, options), checker.Options{Rules: rules, Symmetry: canBeRenamed(options)})
	require.NoError(t, err)
	return result
}

// canBeRenamed reports whether servers with these options may have other names.
func canBeRenamed(options impl.Options) bool {
	_, can := impl.New(options)(1, []spec.ServerID{1, 2, 3}).(spec.Permuter)
	return can
}

func broken(r *checker.Result) (ids []string) {
	for _, f := range r.Findings {
		ids = append(ids, f.Rule.ID)
	}
	return ids
}

// TestEveryMutantIsCaught searches each mutant's world for breaches of all rules: the one it names is among the first to be broken. Where
// another that is broken as soon takes fewer faults, it is looked for alone. Mutants that take more than a million states are caught with -whole; package
// fuzz finds them in every run.
func TestEveryMutantIsCaught(t *testing.T) {
	for _, m := range mutant.All {
		if slices.Contains(far, m.Name) && !*whole {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			r := search(t, m.Bounds, m.Options, spec.Rules)
			require.Equal(t, spec.Violated, r.Verdict, r.Reason)
			require.Equal(t, m.Steps, r.Search.Depth)
			if slices.Contains(broken(r), m.Rules[0]) {
				return
			}
			named, known := spec.RuleByName(m.Rules[0])
			require.True(t, known)
			alone := search(t, m.Bounds, m.Options, []*spec.Rule{named})
			require.Equal(t, m.Steps, alone.Search.Depth, "%s breaks %s", m.Name, named.Name)
			require.Less(t, r.Findings[0].Faults, alone.Findings[0].Faults)
		})
	}
}

// far are the mutants that take more than a million states to be caught.
var far = []string{"rp-commit-past-verified", "rd-lease-clock", "rd-lease-checkquorum"}

// large reports whether a world has millions of states.
func large(b mutant.Bounds) bool { return b.Terms > 2 && b.Campaigns > 0 }

// TestTheReferenceHolds searches every world that a mutant is caught in: the reference breaks nothing there and reaches every goal that
// the world has room for. Worlds of millions of states are searched with -whole.
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
		if large(p.bounds) && !*whole {
			continue
		}
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			r := search(t, p.bounds, p.options, spec.Rules)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			for _, g := range r.Goals {
				require.True(t, g.Reached > 0 || !g.Possible, g.Goal.Name)
			}
		})
	}
}
