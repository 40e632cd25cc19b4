package checker_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// TestExplorersListWhatTheWorldLists: at random states of worlds with every network and fault, the same actions are possible, and lead to the
// same servers and messages in flight.
func TestExplorersListWhatTheWorldLists(t *testing.T) {
	all := worlds()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	random := rand.New(rand.NewPCG(3, 4))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := all[name]
			e, err := checker.NewExplorer(c, nil)
			require.NoError(t, err)
			for range 3 {
				walkBoth(t, c, e, random, 12)
			}
		})
	}
}

func walkBoth(t *testing.T, c *cluster.Config, e *checker.Explorer, random *rand.Rand, steps int) {
	world, err := cluster.New(c)
	require.NoError(t, err)
	at, err := e.Start()
	require.NoError(t, err)
	for n := range steps {
		possible, err := e.Possible(at)
		require.NoError(t, err)
		next := slices.DeleteFunc(world.Next(), func(n cluster.Next) bool { return n.Action.Stays && idleStay(world, n) })
		require.ElementsMatch(t, actionsOf(next), namesOf(possible))
		if len(possible) == 0 {
			return
		}
		p := &possible[random.IntN(len(possible))]
		k := slices.IndexFunc(next, func(n cluster.Next) bool { return said(n.Action) == said(p.Action) })
		require.Equal(t, p.Idle, idle(world, next[k]) && (p.Action.Input.Kind != spec.Deliver || c.Network == cluster.EverSent || next[k].Outcome.Step.Output.Keep), p.Action)
		record, err := e.Record(n+1, p)
		require.NoError(t, err)
		if record.Step != nil {
			require.Equal(t, next[k].Outcome.Step.After, record.Step.After)
			require.Equal(t, next[k].Outcome.Step.Output, record.Step.Output)
		}
		world, at = next[k].World, e.Take(p)
		for _, id := range c.IDs() {
			require.Equal(t, world.Observe(id), *e.Observe(at, id))
		}
		require.ElementsMatch(t, messagesOf(world.InFlight()), messagesOf(e.InFlight(at)))
	}
}

// idleStay reports whether a message that arrives and stays changes nothing. That it did not arrive is then the same.
func idleStay(w *cluster.World, n cluster.Next) bool {
	return n.Outcome.Step.Output.Keep || idle(w, n)
}

func said(a cluster.Action) string {
	return a.String() + a.Message.Payload + a.Input.Message.Payload
}

func actionsOf(all []cluster.Next) (names []string) {
	for _, n := range all {
		names = append(names, said(n.Action))
	}
	return names
}

func namesOf(all []checker.Possible) (names []string) {
	for _, p := range all {
		names = append(names, said(p.Action))
	}
	return names
}

func messagesOf(all []spec.Message) (names []string) {
	for _, m := range all {
		names = append(names, m.String()+m.Payload)
	}
	return names
}

// TestASearchMayBeginLater: from every state on the way to a shortest violation, what is left of the way is the shortest.
func TestASearchMayBeginLater(t *testing.T) {
	for _, workers := range []int{1, 2} {
		c := small(mutantNamed(t, "el-stale-vote-resp"))
		o := checker.Options{Workers: workers}
		whole := check(t, c, o)
		require.NotEmpty(t, whole.Way)
		for k := range whole.Way {
			o.Past = whole.Way[:k]
			r := check(t, c, o)
			require.Equal(t, len(whole.Way)-k, len(r.Way), "after %d steps", k)
			require.Equal(t, whole.Findings[0].Rule.ID, r.Findings[0].Rule.ID)
			require.Len(t, r.Findings[0].Trace.Records, len(whole.Way))
		}
		o.Past = append(slices.Clone(whole.Way), whole.Way[0])
		_, err := checker.Check(t.Context(), c, o)
		require.ErrorContains(t, err, "is not possible")
	}
}

// TestWhatIsBrokenBeforeDoesNotCount: a search that begins after a violation goes on to the next one.
func TestWhatIsBrokenBeforeDoesNotCount(t *testing.T) {
	c := small(mutantNamed(t, "el-stale-vote-resp"))
	first := check(t, c, checker.Options{})
	next := check(t, c, checker.Options{Past: first.Way})
	require.Equal(t, spec.Violated, next.Verdict)
	require.NotEmpty(t, next.Way)
	last := next.Findings[0].Evidence[0].Step
	require.Equal(t, len(first.Way)+len(next.Way), last)
}

func TestStatesAreBounded(t *testing.T) {
	r := check(t, small(impl.New(impl.Options{})), checker.Options{States: 100})
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, "the bound of 100 states was reached", r.Reason)
	require.False(t, r.Search.Complete)
}
