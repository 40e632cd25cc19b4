package scenario_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

var update = flag.Bool("update", false, "rewrite the table of mutants and scenarios under docs")

const mutantsTable = "../../docs/mutants-and-scenarios.md"

// caught is a scenario in which a mutant breaks a requirement that its page names.
type caught struct {
	scenario *scenario.Scenario
	rule     string
}

// fails lists the scenarios in which a mutant breaks a requirement that its page names.
func fails(t *testing.T, m *mutant.Mutant) (found []caught) {
	runner := scenario.NewRunner(scenario.Subject{Name: m.Name, New: m.Factory(), Variants: m.Variants()})
	for _, s := range scenario.All() {
		r := runner.Run(t.Context(), s)
		if k := slices.IndexFunc(m.Rules, r.Breaks); k >= 0 {
			found = append(found, caught{s, m.Rules[k]})
		}
	}
	return found
}

// TestMutantsFail writes, or holds to what is written, which mutants scenarios alone catch, and in which of them.
func TestMutantsFail(t *testing.T) {
	var table strings.Builder
	number, missed := 0, 0
	every := mutant.Every()
	slices.SortFunc(every, func(a, b mutant.Mutant) int { return cmp.Compare(a.Name, b.Name) })
	for k := range every {
		m := &every[k]
		found := fails(t, m)
		if len(found) == 0 {
			missed++
			fmt.Fprintf(&table, "| `%s` | %s | |\n", m.Name, named(m.Rules[0]))
			continue
		}
		number++
		names := make([]string, len(found))
		for k, c := range found {
			names[k] = c.scenario.Name
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", m.Name, named(found[0].rule), strings.Join(names, ", "))
	}
	text := fmt.Sprintf(tableHead, number, number+missed) + table.String()
	if *update {
		require.NoError(t, os.WriteFile(mutantsTable, []byte(text), 0o644))
	}
	written, err := os.ReadFile(mutantsTable)
	require.NoError(t, err)
	require.Equal(t, string(written), text, "go test ./conformance/scenario -run TestMutantsFail -update")
	require.GreaterOrEqual(t, number, 80)
}

func named(id string) string {
	r, _ := spec.RuleByName(id)
	return id + " `" + r.Name + "`"
}

const tableHead = `# Mutants and scenarios

Written by ` + "`go test ./conformance/scenario -run TestMutantsFail -update`" + `. For each mutant of the reference, the scenarios of the conformance suite, directed tests of one
server, in which it breaks a requirement that [its page](bugs.md) names. Scenarios alone catch %d of %d; where there is none, it takes several servers, or
an execution that no script takes, and the worlds of ` + "`raftcheck conform`" + ` search for it. ` + "`raftcheck explain NAME`" + ` prints a scenario.

| mutant | requirement | broken in |
|---|---|---|
`
