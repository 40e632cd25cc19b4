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

func TestParity(t *testing.T) {
	for _, row := range []struct {
		log             spec.Index
		messages        int
		symmetry        bool
		distinct, depth int
		long            bool
	}{
		{0, 1, true, 44925, 37, false},
		{0, 1, false, 268430, 37, false},
		{1, 1, true, 199722, 52, false},
		{1, 1, false, 1196381, 52, false},
		{0, 2, true, 627283, 39, false},
		{0, 2, false, 3759860, 39, false},
	} {
		r, err := checker.Check(context.Background(), tla(2, row.log, row.messages), checker.Options{Symmetry: row.symmetry})
		require.NoError(t, err)
		t.Logf("%+v", r.Search)
		require.Equal(t, row.distinct, int(r.Search.Distinct))
		require.Equal(t, row.depth, r.Search.Depth)
		require.True(t, r.Search.Complete)
	}
}
