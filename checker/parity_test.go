package checker_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

// tla is raft.tla in the bounds of the published parity table.
func tla(terms spec.Term, log spec.Index, messages int) *cluster.Config {
	c := &cluster.Config{Servers: 3, New: abstract.New, Variants: abstract.Variants, NoHistory: true, Strict: true,
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: terms, Log: log, Messages: messages}}
	inputs := abstract.Inputs(c.IDs(), c.ValueNames(), false)
	c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
	return c
}

// TestParity holds the search against the counts that TLC printed for the same model and bounds. TLC counts the initial state
// into the depth, so its depth is one more. Larger rows are in docs/benchmarks.md.
func TestParity(t *testing.T) {
	for _, row := range []struct {
		log             spec.Index
		messages        int
		symmetry        bool
		distinct, depth int
	}{
		{0, 1, true, 44925, 37},
		{0, 1, false, 268430, 37},
		{1, 1, true, 199722, 52},
		{1, 1, false, 1196381, 52},
		{0, 2, true, 627283, 39},
	} {
		r, err := checker.Check(context.Background(), tla(2, row.log, row.messages), checker.Options{Symmetry: row.symmetry})
		require.NoError(t, err)
		require.Equal(t, row.distinct, int(r.Search.Distinct))
		require.Equal(t, row.depth, r.Search.Depth)
		require.True(t, r.Search.Complete)
		require.LessOrEqual(t, r.Search.BytesPerState(), 24.0)
	}
}
