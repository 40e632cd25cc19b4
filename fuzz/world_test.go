package fuzz_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
)

// A connection brings a message once, also in a campaign, unless the world lets it come twice.
func TestAConnectionBringsNothingTwice(t *testing.T) {
	for _, network := range []cluster.Network{cluster.Unordered, cluster.FIFO, cluster.EverSent} {
		for _, may := range []cluster.Budget{cluster.Off, 1, cluster.Unlimited} {
			c := fuzz.Enlarge(cluster.Config{Network: network, Faults: cluster.Faults{Duplicate: may}})
			require.Equal(t, network == cluster.FIFO && may == cluster.Off, c.Faults.Duplicate == cluster.Off, "%s, %d", network, may)
			require.NotEqual(t, cluster.Off, c.Faults.Drop)
		}
	}
}
