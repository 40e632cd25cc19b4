package scenario_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/impl/mutant"
)

// fails lists the scenarios in which a mutant breaks a requirement that its page names, as "scenario: requirement".
func fails(t *testing.T, m *mutant.Mutant) (found []string) {
	runner := scenario.NewRunner(scenario.Subject{Name: m.Name, New: m.Factory(), Variants: m.Variants()})
	for _, s := range scenario.All() {
		r := runner.Run(t.Context(), s)
		k := slices.IndexFunc(m.Rules, r.Breaks)
		if k >= 0 {
			found = append(found, fmt.Sprintf("%s: %s", s.Name, m.Rules[k]))
		}
	}
	return found
}

func TestMutantsFail(t *testing.T) {
	caught := 0
	var missed []string
	for _, m := range mutant.Every() {
		found := fails(t, &m)
		if len(found) > 0 {
			caught++
		} else {
			missed = append(missed, m.Name)
		}
	}
	t.Logf("%d of %d; missed %s", caught, len(mutant.Every()), strings.Join(missed, " "))
	require.GreaterOrEqual(t, caught, 75)
}
