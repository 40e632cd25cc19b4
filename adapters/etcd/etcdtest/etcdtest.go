// Package etcdtest holds what the tests of every release share: the worlds to search, and how to tell what was found.
package etcdtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Release makes a factory of servers of a release.
type Release func(etcd.Options) spec.Factory

// World is the world of adapters' acceptance: three servers that start in term 0, two terms, two campaigns, one proposal, two
// messages in flight that may be lost and overtake each other. Logs hold two entries, of which the leader's own no-op is one.
func World(release Release, o etcd.Options) *cluster.Config {
	c := &cluster.Config{
		Servers: 3, New: release(o), Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds:   cluster.Bounds{Terms: 2, Log: 2, Messages: 2, Campaigns: 2, Proposals: 1},
		Variants: o.Variants(),
	}
	c.Inputs, c.OutOfReach = o.Inputs(c.IDs(), "x"), o.OutOfReach(c.IDs())
	return c
}

// Small is World with one term and one message in flight, for what multiplies states.
func Small(release Release, o etcd.Options) *cluster.Config {
	c := World(release, o)
	c.Bounds.Terms, c.Bounds.Messages = 1, 1
	return c
}

// After makes room for as many terms and entries as the cluster begins with.
func After(c *cluster.Config, terms spec.Term, entries spec.Index) *cluster.Config {
	c.Bounds.Terms += terms
	c.Bounds.Log += entries
	return c
}

// Search searches a world to the end.
func Search(t testing.TB, c *cluster.Config) *checker.Result {
	t.Helper()
	r, err := checker.Check(context.Background(), c, checker.Options{Name: t.Name()})
	require.NoError(t, err)
	s := &r.Search
	t.Logf("%s: %s: %d states, %d transitions, %d local states, %d messages, %d executions, %d audits, %.1f s",
		c.String(), r.Verdict, s.Distinct, s.Transitions, s.LocalStates, s.Messages, s.Executions, s.Audits, s.Seconds)
	return r
}

// Held searches a world and requires that every rule holds in it, and that it was searched to the end.
func Held(t testing.TB, c *cluster.Config) *checker.Result {
	t.Helper()
	r := Search(t, c)
	if len(r.Findings) > 0 {
		require.Fail(t, "a rule is broken", "%s", Story(&r.Findings[0]))
	}
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.True(t, r.Search.Complete)
	return r
}

// Broken searches a world, and requires that this rule is broken after so many steps, and in these words. It logs the story.
func Broken(t testing.TB, c *cluster.Config, rule string, steps int, message string) {
	t.Helper()
	r := Search(t, c)
	require.Equal(t, spec.Violated, r.Verdict, r.Reason)
	f := &r.Findings[0]
	t.Log(Story(f))
	require.Equal(t, rule, f.Rule.ID)
	require.Regexp(t, message, f.Message)
	require.Len(t, f.Trace.Records, steps)
}

// Story tells a finding.
func Story(f *checker.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n\n", f.Rule.ID, f.Rule.Name, f.Message)
	_ = traces.Text(&b, f.Trace, &f.Finding) // a strings.Builder takes everything
	return b.String()
}
