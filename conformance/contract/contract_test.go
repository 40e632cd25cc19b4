package contract_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
)

// TestMutantsKeepTheContract: a bug in the Raft is no fault of the adapter.
func TestMutantsKeepTheContract(t *testing.T) {
	for _, m := range mutant.Every() {
		t.Run(m.Name, func(t *testing.T) {
			config := cluster.Config{Servers: m.Bounds.Servers, New: m.Factory(), Variants: m.Variants(), Faults: cluster.Faults{Crash: 1}, Bounds: cluster.Bounds{Ticks: m.Bounds.Ticks, Messages: 1}}
			r := contract.Try(context.Background(), &config, contract.Options{})
			if r.Failure != nil {
				require.NoError(t, r.Failure, r.Failure.Story())
			}
		})
	}
}

// TestReferenceKeepsTheContract tries every check.
func TestReferenceKeepsTheContract(t *testing.T) {
	config := cluster.Default(impl.New(impl.Options{}))
	r := contract.Try(context.Background(), &config, contract.Options{Pause: 1})
	if r.Failure != nil {
		require.NoError(t, r.Failure, r.Failure.Story())
	}
	for _, c := range contract.Checks {
		require.Positive(t, r.Tried[c], c.Name)
	}
	for kind, a := range r.Asked {
		require.GreaterOrEqual(t, a.Given, a.Taken, kind)
	}
}
