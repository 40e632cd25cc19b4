//go:build overlaid

package nats_test

import (
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/nats"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// issue is a fault of releases that has a number in the library's own list. It is searched for in the release that the test is built with.
type issue struct {
	rule     string
	steps    int
	releases []string // that have it, of those that .ci/long builds with
	world    func(*cluster.Config)
}

// A follower whose log is cut takes the term of what is left of it for its own.
func TestIssue5975(t *testing.T) {
	issue{"term-monotonic", 6, []string{"2.10.22"}, func(c *cluster.Config) {
		c.Bounds.Terms, c.Bounds.Messages, c.Bounds.Campaigns = 2, 1, 1
	}}.search(t)
}

// search finds the issue, in as many steps as are known, in a release that has it. In others it must not be found, no less deep.
func (i issue) search(t *testing.T) {
	world := nats.World(nats.Servers(t).Node)
	i.world(&world)
	rule, known := spec.RuleByName(i.rule)
	require.True(t, known)
	r, err := checker.Check(t.Context(), &world, checker.Options{Workers: 1, Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, States: 1_000_000})
	require.NoError(t, err)
	t.Logf("%s: %s, %d states, %d steps deep, %.1f s", server.VERSION, r.Verdict, r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
	if !slices.Contains(i.releases, server.VERSION) {
		require.NotEqual(t, spec.Violated, r.Verdict)
		require.GreaterOrEqual(t, r.Search.Depth, i.steps)
		return
	}
	require.Equal(t, spec.Violated, r.Verdict, r.Reason)
	require.Len(t, r.Findings[0].Trace.Records, i.steps)
}
