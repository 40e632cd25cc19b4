package etcdtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
)

// CopiesAreApart fails unless a copy of a server is in the same state, with every option, and neither of the two sees what the other does.
func CopiesAreApart(t *testing.T, release Release) {
	for _, choice := range append([]string{""}, etcd.ChoiceNames()...) {
		if choice == "forwarding" {
			continue // it sends messages that the paper does not have, which no contract knows
		}
		var o etcd.Options
		if choice != "" {
			require.True(t, o.Choose(choice))
		}
		world := World(release, o)
		world.Faults.Crash = cluster.Unlimited
		r := contract.Try(context.Background(), world, contract.Options{Steps: 1000})
		require.Nil(t, r.Failure, "%s: %v", choice, r.Failure)
		tried := map[string]int{}
		for check, n := range r.Tried {
			tried[check.Name] = n
		}
		require.Greater(t, tried["clone-apart"], 20, choice)
		require.Equal(t, tried["takes-inputs"], tried["clone-apart"], "%s: some states are not copied", choice)
	}
}
