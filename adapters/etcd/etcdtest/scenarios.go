package etcdtest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/conformance/scenario"
)

// Scenarios puts a server of a release through the directed tests of the conformance suite. Those named in broken fail, and no others; at least
// so many are met.
func Scenarios(t *testing.T, release Release, o etcd.Options, met int, broken ...string) {
	t.Helper()
	var failed []string
	counts := map[scenario.Outcome]int{}
	runner := scenario.NewRunner(scenario.Subject{Name: t.Name(), New: release(o), Variants: o.Variants()})
	for _, s := range scenario.All() {
		r := runner.Run(context.Background(), s)
		counts[r.Outcome]++
		switch r.Outcome {
		case scenario.Broken, scenario.Faulty:
			failed = append(failed, s.Name)
			if !slices.Contains(broken, s.Name) {
				t.Logf("%s line %d: %s\n%s", s.Name, r.Line, r.Because, r.Story)
			}
		case scenario.NotExercised:
			t.Logf("not exercised: %s: %s", s.Name, r.Because)
		}
	}
	t.Log(fmt.Sprint(counts))
	require.ElementsMatch(t, broken, failed)
	require.GreaterOrEqual(t, counts[scenario.Met], met)
}
