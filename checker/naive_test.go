package checker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

// naive is a world and what happened in it that the state must remember.
type naive struct {
	*cluster.World
	past []string
}

// explore searches a world in the slow, obvious way: plain nodes, Go maps, no memo and no fingerprints.
func explore(t *testing.T, c *cluster.Config) (distinct, transitions, depth int) {
	first, err := cluster.New(c)
	require.NoError(t, err)
	seen := map[string]bool{string(first.AppendState(nil)): true}
	layer := []naive{{World: first}}
	for ; len(layer) > 0; depth++ {
		var next []naive
		for _, w := range layer {
			for _, n := range w.Next() {
				if idle(w.World, n) {
					continue
				}
				transitions++
				after := naive{n.World, remember(c, w.past, n.Outcome.Step)}
				key := string(after.AppendState(nil)) + strings.Join(after.past, ",")
				if !seen[key] {
					seen[key] = true
					next = append(next, after)
				}
			}
		}
		layer = next
	}
	return len(seen), transitions, depth - 1
}

// idle reports whether a step leaves the world as it was, but for what it cost.
func idle(before *cluster.World, n cluster.Next) bool {
	a, b := before.AppendState(nil), n.World.AppendState(nil)
	const spent = 4 // bytes at the end
	return n.Outcome.Step != nil && len(n.Outcome.Step.Output.Effects) == 0 && string(a[:len(a)-spent]) == string(b[:len(b)-spent])
}

// remember adds the leaders and commitments that a step establishes.
func remember(c *cluster.Config, past []string, s *spec.Step) []string {
	if c.NoHistory || s == nil {
		return past
	}
	past = slices.Clone(past)
	spec.Facts(s, c.Variants, func(f *spec.Fact) {
		fact := fmt.Sprint(f.Key, f.Holder, f.Entry)
		known := slices.ContainsFunc(past, func(p string) bool { return strings.HasPrefix(p, fact) })
		if (f.Kind == spec.FactLeader || f.Kind == spec.FactCommitted) && !known {
			past = append(past, fmt.Sprint(fact, " in term ", f.In))
		}
	})
	past = slices.DeleteFunc(past, func(p string) bool { return strings.HasPrefix(p, "unsaid "+s.Server.String()) && p != unsaid(s) })
	if vote := unsaid(s); s.After.Role == spec.Crashed && vote != "" && s.After.Durable.VotedFor != spec.None && (s.Before.Durable.VotedFor != s.After.Durable.VotedFor || s.Before.Durable.Term != s.After.Durable.Term) {
		past = append(past, vote)
	}
	slices.Sort(past)
	return past
}

// unsaid names the vote that is on a server's disk, unless this step tells it to somebody.
func unsaid(s *spec.Step) string {
	disk := s.After.Durable
	for _, m := range s.Output.Sent {
		if m.Kind == spec.RequestVote || m.Granted {
			return ""
		}
	}
	return fmt.Sprint("unsaid ", s.Server, disk.Term, disk.VotedFor)
}

// worlds are small worlds with every network and every fault.
func worlds() map[string]*cluster.Config {
	three := func(edit func(c *cluster.Config)) *cluster.Config {
		c := &cluster.Config{Servers: 3, New: impl.New(impl.Options{}), Faults: cluster.Faults{Drop: cluster.Unlimited},
			Bounds: cluster.Bounds{Terms: 1, Log: 1, Messages: 1}}
		edit(c)
		return c
	}
	two := func(restart bool, edit func(c *cluster.Config)) *cluster.Config {
		c := tla(2, 1, 1)
		c.Servers = 2
		edit(c)
		inputs := abstract.Inputs(c.IDs(), c.ValueNames(), restart)
		c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
		return c
	}
	return map[string]*cluster.Config{
		"tla":                two(false, func(c *cluster.Config) {}),
		"tla, restarts":      two(true, func(c *cluster.Config) { c.Bounds.Log = 0 }),
		"tla, two in flight": two(false, func(c *cluster.Config) { c.Bounds.Log, c.Bounds.Messages = 0, 2 }),
		"tla, duplicates": two(false, func(c *cluster.Config) {
			c.Bounds.Log, c.Bounds.Messages, c.Bounds.Copies, c.Duplications = 0, 2, 2, true
		}),
		"tla, two values": two(false, func(c *cluster.Config) { c.Values = 2 }),
		"loss":            three(func(c *cluster.Config) {}),
		"loss of two":     three(func(c *cluster.Config) { c.Bounds.Messages, c.Faults.Drop = 2, 2 }),
		"no loss":         three(func(c *cluster.Config) { c.Bounds.Messages, c.Faults.Drop = 3, 0 }),
		"two messages":    three(func(c *cluster.Config) { c.Bounds.Messages, c.Bounds.Campaigns = 2, 1 }),
		"two copies":      three(func(c *cluster.Config) { c.Servers, c.Bounds.Messages, c.Bounds.Copies = 2, 2, 2 }),
		"strict":          three(func(c *cluster.Config) { c.Bounds.Messages, c.Strict = 2, true }),
		"duplicates":      three(func(c *cluster.Config) { c.Faults.Duplicate = cluster.Unlimited }),
		"one duplicate":   three(func(c *cluster.Config) { c.Faults.Duplicate, c.Bounds.Campaigns = 1, 1 }),
		"network duplicates": three(func(c *cluster.Config) {
			c.Duplications, c.Bounds.Copies, c.Bounds.Messages, c.Bounds.Campaigns = true, 2, 2, 1
		}),
		"crash":             three(func(c *cluster.Config) { c.Faults.Crash, c.Bounds.Campaigns = 1, 1 }),
		"lossy crash":       three(func(c *cluster.Config) { c.Servers, c.Faults.Crash, c.Faults.Lossy = 2, 2, true }),
		"crashes":           three(func(c *cluster.Config) { c.Servers, c.Faults.Crash = 2, cluster.Unlimited }),
		"partition":         three(func(c *cluster.Config) { c.Faults.Partition, c.Bounds.Campaigns = 1, 1 }),
		"fifo":              three(func(c *cluster.Config) { c.Network, c.Bounds.Messages, c.Bounds.Campaigns = cluster.FIFO, 2, 1 }),
		"fifo without loss": three(func(c *cluster.Config) { c.Network, c.Faults.Drop, c.Bounds.Messages = cluster.FIFO, 0, 3 }),
		"ever sent": three(func(c *cluster.Config) {
			c.Network, c.Faults.Drop, c.Bounds.Messages, c.Bounds.Campaigns = cluster.EverSent, 0, 6, 1
		}),
		"two servers": three(func(c *cluster.Config) { c.Servers, c.Bounds.Terms = 2, 2 }),
		"one server":  three(func(c *cluster.Config) { c.Servers, c.Bounds.Terms, c.Bounds.Log, c.Faults.Crash = 1, 3, 2, 2 }),
		"two values":  three(func(c *cluster.Config) { c.Values, c.Bounds.Campaigns = 2, 1 }),
		"two terms":   three(func(c *cluster.Config) { c.Servers, c.Bounds.Terms, c.Bounds.Messages = 2, 2, 2 }),
	}
}

func TestFastSearchEqualsTheObviousOne(t *testing.T) {
	for name, c := range worlds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			distinct, transitions, depth := explore(t, c)
			r, err := checker.Check(context.Background(), c, checker.Options{})
			require.NoError(t, err)
			require.True(t, r.Search.Complete)
			require.Equal(t, distinct, int(r.Search.Distinct), "distinct states")
			require.Equal(t, transitions, int(r.Search.Transitions), "transitions")
			require.Equal(t, depth, r.Search.Depth, "depth")
			require.Greater(t, distinct, 10)
			t.Logf("%d states, %d transitions, depth %d", distinct, transitions, depth)
		})
	}
}
