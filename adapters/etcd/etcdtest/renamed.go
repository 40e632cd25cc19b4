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
	for name, w := range map[string]struct {
		choices   []string
		renamings uint64 // states are fewer by more than two thirds of them
	}{
		"plain": {nil, 6}, "pre-vote": {[]string{"pre-vote"}, 6}, "check-quorum": {[]string{"check-quorum"}, 6}, "crash": {nil, 6}, "values": {nil, 12},
		"compaction": {[]string{"compaction", "remove-voter"}, 2}, "demote": {[]string{"demote-voter"}, 2}, "learner": {[]string{"learner"}, 2}, "any change": {nil, 6},
	} {
		var o etcd.Options
		for _, c := range w.choices {
			require.True(t, o.Choose(c), c)
		}
		if name == "any change" {
			o.Changes = []spec.Change{{Voters: "n1,n2"}, {Voters: "n1,n3"}, {Voters: "n2,n3"}}
		}
		world := Small(release, o)
		begins := world.New(1, world.IDs()).Observe()
		After(world, begins.Term, begins.Log.LastIndex())
		switch name {
		case "crash":
			world.Faults.Crash, world.Bounds.Campaigns = 1, 1
		case "values":
			world.Values, world.Inputs = 2, o.Inputs(world.IDs(), "x", "y")
		case "compaction", "demote", "any change":
			world.Bounds.Campaigns, world.Bounds.Changes = 1, 1
			world.Bounds.Compactions = len(w.choices) - 1
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
		require.Less(t, 2*w.renamings*renamed.Search.Distinct, 3*plain.Search.Distinct, name)
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
