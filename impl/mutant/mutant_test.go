package mutant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/mutant"
)

func TestEveryMutantTellsItsStory(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutant.All {
		t.Run(m.Name, func(t *testing.T) {
			require.False(t, names[m.Name], "twice")
			names[m.Name] = true
			require.Contains(t, []mutant.Mechanism{mutant.Election, mutant.Replication, mutant.Commitment, mutant.Storage,
				mutant.Snapshot, mutant.Membership, mutant.Reading, mutant.Clients}, m.Mechanism)
			require.NotEmpty(t, m.Title)
			require.NotEmpty(t, m.Source)
			require.True(t, strings.HasSuffix(m.Story, "."), "a story is made of sentences")
			require.NotEmpty(t, m.Rules)
			require.NotNil(t, m.Options.Decisions)
			require.NoError(t, world(m.Bounds, m.Options).Validate())
		})
	}
}

func TestByName(t *testing.T) {
	for _, m := range mutant.All {
		found, known := mutant.ByName(m.Name)
		require.True(t, known)
		require.Equal(t, m, found)
	}
	_, known := mutant.ByName("el-no-such-bug")
	require.False(t, known)
}
