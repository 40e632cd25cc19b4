package checker

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/checker/internal/memfs"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// TestGroupsInFilesChangeNothing holds a search by groups in files against the same in memory, in small random worlds: with all the memory there is, and
// with what is known forgotten before every round, and with one and two workers.
func TestGroupsInFilesChangeNothing(t *testing.T) {
	worlds := uint64(60)
	if testing.Short() {
		worlds = 20
	}
	held, violated := 0, 0
	for seed := range worlds {
		name, config := inGroups(seed)
		if config.Validate() != nil {
			continue
		}
		one, err := newRun(config, Options{States: 20_000, Workers: 1})
		require.NoError(t, err)
		plain, err := one.exhaust(context.Background())
		require.NoError(t, err, name)
		if one.outgrown() != "" {
			continue
		}
		want := searchIn(t, config, Options{Workers: 1})
		for _, how := range []struct{ workers, tight int }{{2, 0}, {1, 7}, {2, 300}} {
			f := &memfs.Folder{}
			got := searchIn(t, config, Options{Workers: how.workers, Keep: &Keep{Dir: "memory", folder: f, tight: how.tight}})
			require.Equal(t, want, got, "%s, %d workers, %d states at once", name, how.workers, how.tight)
			m, err := external.Read(f)
			require.NoError(t, err)
			require.Equal(t, want.Verdict != spec.Violated, m.Sets != nil, "by groups, unless something is found")
		}
		if len(plain.Findings) > 0 {
			violated++
		} else if plain.Search.Distinct > 10 {
			held++
		}
	}
	require.Greater(t, held, int(worlds)/10)
	require.Greater(t, violated, int(worlds)/20)
}

// groupsWorld is a world small enough to be searched thousands of times, by groups.
func groupsWorld() *cluster.Config {
	c := faultWorld()
	c.Bounds.Messages, c.Bounds.Proposals = 2, 0
	return c
}

// brokenWorld is one in which groups find a promise broken.
func brokenWorld(t *testing.T) *cluster.Config {
	m, known := mutant.ByName("el-stale-vote-resp")
	require.True(t, known)
	c := groupsWorld()
	c.Bounds.Terms = 2
	c.New, c.Variants = m.Factory(), m.Variants()
	return c
}

// TestWorldsThatGroupsLeave are searched state by state in the end: there is no memory for groups.
func TestWorldsThatGroupsLeave(t *testing.T) {
	f := &memfs.Folder{}
	want := searchIn(t, groupsWorld(), Options{Workers: 1})
	got := searchIn(t, groupsWorld(), Options{Workers: 1, Keep: &Keep{Dir: "memory", folder: f, crowd: 20}})
	got.Search.Audits = want.Search.Audits // in which order states are expanded says which steps are audited
	require.Equal(t, want, got)
	m, err := external.Read(f)
	require.NoError(t, err)
	require.Nil(t, m.Sets)
}
