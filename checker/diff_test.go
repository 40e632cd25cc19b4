package checker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// little is a world that is learnt in no time.
func little(node spec.Factory) *cluster.Config {
	c := cluster.Default(node)
	c.Bounds.Messages, c.Bounds.Campaigns = 1, 2
	c.Faults.Crash = cluster.Off
	return &c
}

func learn(t *testing.T, name string, node spec.Factory) *checker.Automaton {
	t.Helper()
	a, err := checker.Learn(context.Background(), little(node), checker.LearnOptions{Name: name})
	require.NoError(t, err)
	return a
}

func TestAnImplementationDoesNotDifferFromItself(t *testing.T) {
	a, b := learn(t, "one", impl.New(impl.Options{})), learn(t, "other", impl.New(impl.Options{}))
	require.Empty(t, checker.Compare(a, b, 0))
	var x, y strings.Builder
	_, err := a.WriteTo(&x)
	require.NoError(t, err)
	_, err = b.WriteTo(&y)
	require.NoError(t, err)
	require.Equal(t, x.String(), y.String())
	require.Contains(t, x.String(), "n1 state 0: follower, term 0, vote for nobody")
}

// An automaton has all states and all steps of the search, and comes back from a file as it was.
func TestAutomataAreComplete(t *testing.T) {
	a := learn(t, "reference", impl.New(impl.Options{}))
	r, err := checker.Check(context.Background(), little(impl.New(impl.Options{})), checker.Options{})
	require.NoError(t, err)
	states := 0
	for _, server := range a.Servers {
		states += len(server)
	}
	require.Equal(t, r.Search.LocalStates, states)

	stored, err := json.Marshal(a)
	require.NoError(t, err)
	var back checker.Automaton
	require.NoError(t, json.Unmarshal(stored, &back))
	require.Empty(t, checker.Compare(a, &back, 0))
}

func TestDifferencesBeginWhereTheMutantDiffers(t *testing.T) {
	for _, test := range []struct{ slug, input, reference, mutant string }{
		{"el-revote-same-term", "deliver AppendEntries", "sends AppendEntriesReply", "vote for nobody"},
		{"rp-ack-too-far", "deliver AppendEntries", "success=true match=0", "success=true match=1"},
	} {
		t.Run(test.slug, func(t *testing.T) {
			broken, known := mutant.ByName(test.slug)
			require.True(t, known)
			found := checker.Compare(learn(t, "reference", impl.New(impl.Options{})), learn(t, test.slug, broken.Factory()), 0)
			require.NotEmpty(t, found)
			for _, d := range found {
				if d.Does[0] != "" && d.Does[1] != "" && strings.HasPrefix(d.Input, test.input) {
					require.Contains(t, d.Does[0], test.reference, d.String())
					require.Contains(t, d.Does[1], test.mutant, d.String())
					return
				}
			}
			require.Fail(t, "no such difference", "%v", found)
		})
	}
}

func TestDifferenceInBounds(t *testing.T) {
	a := learn(t, "reference", impl.New(impl.Options{}))
	require.Len(t, checker.Compare(a, learn(t, "hints", impl.New(impl.Options{ConflictHints: true})), 1), 1)
}

func ExampleDiff() {
	world := func(o impl.Options) *cluster.Config {
		c := cluster.Default(impl.New(o))
		c.Bounds.Messages, c.Faults.Crash = 1, cluster.Off
		return &c
	}
	found, err := checker.Diff(context.Background(), world(impl.Options{}), world(impl.Options{ConflictHints: true}), checker.DiffOptions{
		A: checker.LearnOptions{Name: "without hints"}, B: checker.LearnOptions{Name: "with hints"}, Most: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0].String())
	// Output:
	// n1, after nothing
	// on deliver AppendEntries n2->n1 term=2 prev=1@1 entries=[] commit=0
	//   without hints writes, and has on disk term 0, vote for nobody, log []; syncs, and has on disk term 2, vote for nobody, log []; sends AppendEntriesReply n1->n2 term=2 success=false match=0
	//   with hints writes, and has on disk term 0, vote for nobody, log []; syncs, and has on disk term 2, vote for nobody, log []; sends AppendEntriesReply n1->n2 term=2 success=false match=0 conflict=1@0
}
