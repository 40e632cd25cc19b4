package etcdtest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// Interchangeable searches small worlds with and without counting states that differ only by the names of servers as one: those that are left stand for
// exactly as many states, and the goals are the same.
func Interchangeable(t *testing.T, release Release) {
	t.Helper()
	for name, choices := range map[string][]string{"plain": nil, "pre-vote": {"pre-vote"}, "check-quorum": {"check-quorum"}, "crash": nil} {
		var o etcd.Options
		for _, c := range choices {
			require.True(t, o.Choose(c), c)
		}
		world := Small(release, o)
		if name == "crash" {
			world.Faults.Crash, world.Bounds.Campaigns = 1, 1
		}
		plain, err := checker.Check(context.Background(), world, checker.Options{Goals: []*spec.Goal{}})
		require.NoError(t, err)
		renamed, err := checker.Check(context.Background(), world, checker.Options{Goals: []*spec.Goal{}, Reduce: checker.Renaming})
		require.NoError(t, err)
		require.Equal(t, plain.Verdict, renamed.Verdict, name)
		if plain.Verdict == spec.Violated {
			require.Equal(t, plain.Findings[0].Trace, renamed.Findings[0].Trace, name)
			continue
		}
		require.Equal(t, []checker.Reduced{{Name: "symmetry"}}, renamed.Reduced, name)
		require.Equal(t, plain.Search.Distinct, renamed.Search.StandsFor, name)
		require.Equal(t, plain.Search.LocalStates, renamed.Search.LocalStates, name)
		require.Equal(t, plain.Search.Depth, renamed.Search.Depth, name)
		require.Less(t, 4*renamed.Search.Distinct, plain.Search.Distinct, name)
		require.Equal(t, reached(plain), reached(renamed), name)
		t.Logf("%s: %d states stand for %d, with %d executions for %d", name, renamed.Search.Distinct, plain.Search.Distinct, renamed.Search.Executions, plain.Search.Executions)
	}
}

func reached(r *checker.Result) []string {
	var names []string
	for _, g := range r.Goals {
		if g.Reached > 0 {
			names = append(names, g.Goal.Name)
		}
	}
	return slices.Clip(names)
}
