package checker_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// TestTheStoryToldHasTheFewestFaults: as few as any execution of its length that breaks a rule, by the slow, obvious way of counting.
func TestTheStoryToldHasTheFewestFaults(t *testing.T) {
	all, told := 0, 0
	for _, m := range mutant.All {
		c := small(m.Factory())
		c.Faults.Crash, c.Faults.Lossy, c.Faults.Duplicate = 1, true, 1
		c.Bounds.Depth = 7
		r, err := checker.Check(context.Background(), c, checker.Options{States: 1500, Workers: 1})
		require.NoError(t, err, m.Name)
		if len(r.Findings) == 0 {
			continue
		}
		f := r.Findings[0]
		require.True(t, f.Fewest, m.Name)
		require.Equal(t, fewestFaults(t, c, r.Search.Depth), f.Faults, m.Name)
		all++
		if f.Faults > 0 {
			told++
		}
		if _, renamed := c.New(1, c.IDs()).(spec.Permuter); renamed {
			same, err := checker.Check(context.Background(), c, checker.Options{Symmetry: true, Workers: 3})
			require.NoError(t, err, m.Name)
			require.Equal(t, f.Faults, same.Findings[0].Faults, "%s, with symmetry", m.Name)
		}
	}
	t.Logf("%d mutants, of which %d need a fault", all, told)
	require.Greater(t, told, 5, "mutants that need a fault")
}

// fewestFaults goes through all executions of that many steps, those that end in the same state only once, and returns the least number
// of faults with which one breaks a rule at its last step.
func fewestFaults(t *testing.T, c *cluster.Config, steps int) int {
	type execution struct {
		naive
		way    []cluster.Action
		faults int
	}
	first, err := cluster.New(c)
	require.NoError(t, err)
	layer := map[string]*execution{"": {naive: naive{World: first}}}
	least := -1
	for at := 1; at <= steps; at++ {
		next := map[string]*execution{}
		for _, e := range layer {
			for _, n := range e.Next() {
				after := &execution{naive{n.World, remember(c, e.past, n.Outcome.Step)}, append(e.way[:len(e.way):len(e.way)], n.Action), e.faults + faultsOf(n.Action)}
				if at == steps {
					if least >= 0 && after.faults >= least {
						continue
					}
					_, broken, err := checker.Run(c, after.way, spec.Rules)
					require.NoError(t, err)
					if broken != nil {
						least = after.faults
					}
					continue
				}
				key := string(n.World.AppendState(nil)) + strings.Join(after.past, ",")
				if known := next[key]; known == nil || known.faults > after.faults {
					next[key] = after
				}
			}
		}
		layer = next
	}
	return least
}

func faultsOf(a cluster.Action) int {
	n := len(a.Lost)
	for _, wrong := range []bool{a.Kind == cluster.Drop, a.Kind == cluster.Copy, a.Kind == cluster.Partition, a.Stays,
		a.Input.Cut > 0, a.Input.Kind == spec.Crash, a.Input.Kind == spec.StorageError} {
		if wrong {
			n++
		}
	}
	return n
}
