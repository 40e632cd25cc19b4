package etcdtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

// twoReads is a world in which one leader's reads can be overtaken by another's commit. What is read is named once, or each time anew.
func twoReads(release Release, oneContext bool) *cluster.Config {
	c := World(release, etcd.Options{Reads: 2, OneContext: oneContext})
	c.Bounds.Log, c.Bounds.Reads = 3, 2
	return c
}

// ContextReused returns the story of a leader that does not know that it is deposed, and is asked to read a second time with the context of a read that
// it has answered. A follower's reply to the first round is late, and comes now. It is "" where that reply confirms nothing.
func ContextReused(t testing.TB, release Release) string {
	t.Helper()
	c := twoReads(release, true)
	c.Bounds.Messages = 8
	return Script(t, c, Without(), `
		n1 timeout
		n1>n2
		n2>n1
		n1>n2
		n2>n1
		drop all
		n1 read r
		n1>n2
		n1>n3
		n2>n1
		n2 timeout
		n2>n3
		n3>n2
		n2 propose x
		n2>n3
		n3>n2
		n2>n3
		n3>n2
		n1 read r
		n3>n1`)
}

// stepsOfReuse is how many steps the shortest story of etcd issue 20418 has.
const stepsOfReuse = 20

// searchTwoReads searches the world of two reads until something is found, or until every execution is tried that is as long as that story.
func searchTwoReads(t *testing.T, release Release, oneContext bool) *checker.Result {
	t.Helper()
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	r, err := checker.Check(ctx, twoReads(release, oneContext), checker.Options{Name: t.Name(), Reduce: checker.FastReductions, Progress: func(p checker.Progress) {
		if p.Stats.Depth > stepsOfReuse {
			enough()
		}
	}})
	require.NoError(t, err)
	t.Logf("one context %v: %s, %d states, %d steps deep", oneContext, r.Verdict, r.Search.Distinct, r.Search.Depth)
	return r
}

// ReuseFound searches for the story of a context that is used twice, and requires that it is found, and that it is not where each read has its own.
func ReuseFound(t *testing.T, release Release) {
	t.Helper()
	ReuseNotFound(t, release, false)
	r := searchTwoReads(t, release, true)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "R8-02", r.Findings[0].Rule.ID)
	require.Equal(t, stepsOfReuse, r.Search.Depth)
	t.Log(Story(&r.Findings[0]))
}

// ReuseNotFound searches as deep as ReuseFound finds the story in another release, and requires that nothing is found.
func ReuseNotFound(t *testing.T, release Release, oneContext bool) {
	t.Helper()
	r := searchTwoReads(t, release, oneContext)
	require.Empty(t, r.Findings)
	require.GreaterOrEqual(t, r.Search.Depth, stepsOfReuse)
}
