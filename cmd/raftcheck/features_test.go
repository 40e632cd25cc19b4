package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// TestFeaturesHold searches the reference with each feature, and with those that are known to get into each other's way, in the
// world of --features: it breaks no rule there, and reaches every goal that the world has room for. goals are those that are there
// for the feature's sake.
func TestFeaturesHold(t *testing.T) {
	for _, f := range []struct {
		features string
		goals    []string
	}{
		{"snapshots", []string{"snapshot-installed"}},
	} {
		t.Run(f.features, func(t *testing.T) {
			s, err := reference(referenceName + ":" + f.features)
			require.NoError(t, err)
			r, err := checker.Check(context.Background(), &s.config, checker.Options{Name: s.name})
			require.NoError(t, err)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			reached := map[string]bool{}
			for _, g := range r.Goals {
				reached[g.Goal.Name] = g.Reached > 0
			}
			for _, name := range f.goals {
				require.True(t, reached[name], name)
			}
		})
	}
}
