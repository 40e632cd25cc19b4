package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// What the bounds have a number for may be asked for, and no more often than that.
func TestInputsOfFeaturesAreBounded(t *testing.T) {
	for kind, bound := range map[spec.InputKind]func(*cluster.Config){
		spec.Compact:      func(c *cluster.Config) { c.Bounds.Compactions = 2 },
		spec.Transfer:     func(c *cluster.Config) { c.Bounds.Transfers = 2 },
		spec.Reconfigure:  func(c *cluster.Config) { c.Bounds.Changes = 2 },
		spec.ReadIndex:    func(c *cluster.Config) { c.Bounds.Reads = 2 },
		spec.StorageError: func(c *cluster.Config) { c.Faults.Storage = 2 },
		spec.Tick:         func(c *cluster.Config) { c.Bounds.Ticks, c.Bounds.Drift = 2, 2 },
	} {
		c := cluster.Default(impl.New(impl.Options{}))
		require.Empty(t, inputsOf(&c, kind), "%s", kind)
		bound(&c)
		require.NoError(t, c.Validate())
		offered := inputsOf(&c, kind)
		require.NotEmpty(t, offered, "%s", kind)
		price := c.Price(offered[0])
		require.NotZero(t, price, "%s", kind)
		require.True(t, c.Affords(2*price), "%s", kind)
		require.False(t, c.Affords(3*price), "%s", kind)
	}
}

func inputsOf(c *cluster.Config, kind spec.InputKind) (all []spec.Input) {
	for _, in := range c.Spontaneous(1) {
		if in.Kind == kind {
			all = append(all, in)
		}
	}
	return all
}

func TestClocksDoNotDriftApart(t *testing.T) {
	c := cluster.Default(nil)
	c.Bounds.Ticks, c.Bounds.Drift = 3, 1
	tick := func(id spec.ServerID) cluster.Spent { return c.Price(spec.Input{Kind: spec.Tick, Peer: id}) }
	together := tick(1) + tick(2) + tick(3)
	require.True(t, c.Affords(tick(1)))
	require.False(t, c.Affords(2*tick(1)), "the others are two behind")
	require.True(t, c.Affords(together+tick(2)))
	require.False(t, c.Affords(together+2*tick(2)))
	require.True(t, c.Affords(3*together))
	require.False(t, c.Affords(4*together), "clocks go up to 3")
}

func TestBudgetsHaveToFit(t *testing.T) {
	c := cluster.Default(impl.New(impl.Options{}))
	c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Compactions, c.Bounds.Reads = 9, 9, 9, 9
	require.NoError(t, c.Validate())
	c.Bounds.Transfers, c.Bounds.Changes = 9, 9
	require.EqualError(t, c.Validate(), "too many budgets: they are counted in 24 bits, which these do not fit into; lower some or leave some unlimited")
}

func TestChangesAreReadFromText(t *testing.T) {
	changes, err := cluster.ParseChanges("voters=n1,n2; voters=n2,n3 learners=n1 joint")
	require.NoError(t, err)
	require.Equal(t, []spec.Change{{Voters: "n1,n2"}, {Voters: "n2,n3", Learners: "n1", Joint: true}}, changes)
	_, err = cluster.ParseChanges("voters=n1; joint")
	require.Error(t, err)
	c := cluster.Default(nil)
	require.Len(t, c.AllChanges(), 7)
}
