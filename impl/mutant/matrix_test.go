package mutant_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

var whole = flag.Bool("whole", false, "measure every row of the matrix of mutants and rules again, and search every world")

const matrixFile = "matrix.txt"

const matrixHead = `# The matrix of mutants and rules: which rules some execution of a mutant breaks in its own world, and in how many steps at the
# least. Every rule is looked for to the end of the world, whatever other rules are broken before.
# go test ./impl/mutant -run TestMatrix -update          measures what is missing or was measured in another world
# go test ./impl/mutant -run TestMatrix -update -whole   measures everything
# After that the stories of the rules, and the documents: go test ./impl/mutant -run TestRuleStories -update; go test ./cmd/raftcheck -run TestDocs -update
`

// TestMatrix holds the matrix of mutants and rules to the mutants and rules there are. Rows of worlds with few states are measured
// again, and with -whole all.
func TestMatrix(t *testing.T) {
	rows, rules := mutant.Matrix()
	ids := idsOf(spec.Rules)
	for _, m := range mutant.All {
		k := slices.IndexFunc(rows, func(r mutant.Row) bool { return r.Mutant == m.Name })
		switch {
		case *update && (k < 0 || rows[k].World != m.World() || *whole):
			k = put(&rows, k, measure(t, &m, spec.Rules))
		case *update && !slices.Equal(rules, ids):
			measureNew(t, &m, &rows[k], rules)
		}
		require.GreaterOrEqual(t, k, 0, "mutant %s is not in the matrix; -update measures it", m.Name)
	}
	if *update {
		slices.SortFunc(rows, func(a, b mutant.Row) int { return cmp.Compare(numberOf(a.Mutant), numberOf(b.Mutant)) })
		rows = slices.DeleteFunc(rows, func(r mutant.Row) bool { return numberOf(r.Mutant) < 0 })
		require.NoError(t, os.WriteFile(matrixFile, []byte(printed(rows, ids)), 0o644))
		return
	}
	require.Equal(t, ids, rules, "-update measures the rules that are new")
	require.Len(t, rows, len(mutant.All))
	for _, row := range rows {
		m, _ := mutant.ByName(row.Mutant)
		require.Equal(t, m.World(), row.World, "the world of %s has changed; -update measures it again", m.Name)
		if row.States <= 60_000 || *whole {
			require.Equal(t, row, measure(t, &m, spec.Rules))
		}
	}
}

func idsOf(rules []*spec.Rule) []string {
	ids := make([]string, len(rules))
	for k, r := range rules {
		ids[k] = r.ID
	}
	return ids
}

func numberOf(name string) int {
	return slices.IndexFunc(mutant.All, func(m mutant.Mutant) bool { return m.Name == name })
}

// put replaces row k, or adds one if k is none, and returns where it is.
func put(rows *[]mutant.Row, k int, row mutant.Row) int {
	if k < 0 {
		k = len(*rows)
		*rows = append(*rows, row)
	}
	(*rows)[k] = row
	return k
}

// measure searches a mutant's world again and again, each time without the rules that were found to be broken, until it is searched to
// the end.
func measure(t *testing.T, m *mutant.Mutant, rules []*spec.Rule) mutant.Row {
	t.Helper()
	row := mutant.Row{Mutant: m.Name, World: m.World()}
	for {
		r := search(t, m.Bounds, m.Options, rules)
		if len(r.Findings) == 0 {
			row.States = r.Search.Distinct
			break
		}
		found := broken(r)
		for _, id := range found {
			row.Breaks = append(row.Breaks, mutant.Break{Rule: id, Steps: r.Search.Depth})
		}
		rules = slices.DeleteFunc(slices.Clone(rules), func(r *spec.Rule) bool { return slices.Contains(found, r.ID) })
	}
	sortBreaks(row.Breaks)
	return row
}

// measureNew looks for the rules that a row was not judged by when it was measured, and forgets those that are no more.
func measureNew(t *testing.T, m *mutant.Mutant, row *mutant.Row, judged []string) {
	fresh := slices.DeleteFunc(slices.Clone(spec.Rules), func(r *spec.Rule) bool { return slices.Contains(judged, r.ID) })
	if len(fresh) > 0 {
		row.Breaks = append(row.Breaks, measure(t, m, fresh).Breaks...)
	}
	row.Breaks = slices.DeleteFunc(row.Breaks, func(b mutant.Break) bool { return !slices.Contains(idsOf(spec.Rules), b.Rule) })
	sortBreaks(row.Breaks)
}

// sortBreaks puts the rules that need fewer steps first, and of several the rulebook's first.
func sortBreaks(breaks []mutant.Break) {
	ids := idsOf(spec.Rules)
	slices.SortFunc(breaks, func(a, b mutant.Break) int {
		return cmp.Or(cmp.Compare(a.Steps, b.Steps), cmp.Compare(slices.Index(ids, a.Rule), slices.Index(ids, b.Rule)))
	})
}

func printed(rows []mutant.Row, rules []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\njudged %s\n", matrixHead, strings.Join(rules, " "))
	for _, row := range rows {
		words := make([]string, len(row.Breaks))
		for k, br := range row.Breaks {
			words[k] = fmt.Sprintf("%s=%d", br.Rule, br.Steps)
		}
		fmt.Fprintf(&b, "\n%s\n\tworld %s\n\tstates %d\n\tbreaks %s\n", row.Mutant, row.World, row.States, strings.Join(words, " "))
	}
	return b.String()
}

// TestMutantsNameTheirRules compares what each mutant says that catches it with what was measured.
func TestMutantsNameTheirRules(t *testing.T) {
	rows, _ := mutant.Matrix()
	for _, row := range rows {
		m, _ := mutant.ByName(row.Mutant)
		steps := map[string]int{}
		var measured []string
		for _, b := range row.Breaks {
			measured, steps[b.Rule] = append(measured, b.Rule), b.Steps
		}
		require.ElementsMatch(t, measured, m.Rules, "%s: what it names and what was measured", m.Name)
		require.True(t, slices.IsSortedFunc(m.Rules, func(a, b string) int { return cmp.Compare(steps[a], steps[b]) }), "%s names first what needs fewer steps: %v", m.Name, row.Breaks)
		require.Equal(t, steps[m.Rules[0]], m.Steps, m.Name)
	}
}

// TestMatrixIsReviewed wants a reason for every cell that the rulebook does not have, and for every one that it has and that was not measured.
func TestMatrixIsReviewed(t *testing.T) {
	var surprising, missing []string
	rows, _ := mutant.Matrix()
	for _, row := range rows {
		named := false
		for _, r := range spec.Rules {
			breaks := slices.ContainsFunc(row.Breaks, func(b mutant.Break) bool { return b.Rule == r.ID })
			catches := slices.Contains(r.Catches, row.Mutant)
			named = named || breaks && catches
			switch {
			case breaks && !catches && !r.Outcome:
				surprising = append(surprising, row.Mutant+" "+r.ID)
			case catches && !breaks && r.NoMutant == "":
				missing = append(missing, row.Mutant+" "+r.ID)
			}
		}
		require.True(t, named, "no rule says that it catches %s, which breaks %v", row.Mutant, row.Breaks)
	}
	require.ElementsMatch(t, surprising, remarked(t, mutant.Consequences), "surprising cells, and those with a reason in consequences.go")
	require.ElementsMatch(t, missing, remarked(t, mutant.Beyond), "cells that were not measured, and those with a reason in consequences.go")
}

func remarked(t *testing.T, remarks []mutant.Remark) (cells []string) {
	for _, r := range remarks {
		require.True(t, strings.HasSuffix(r.Why, "."), r)
		cells = append(cells, r.Mutant+" "+r.Rule)
	}
	return cells
}

// TestEveryRuleHasAMutant wants a mutant for every rule, or the reason why there is none.
func TestEveryRuleHasAMutant(t *testing.T) {
	rows, _ := mutant.Matrix()
	for _, r := range spec.Rules {
		caught := slices.ContainsFunc(rows, func(row mutant.Row) bool {
			return slices.ContainsFunc(row.Breaks, func(b mutant.Break) bool { return b.Rule == r.ID })
		})
		require.NotEqual(t, caught, r.NoMutant != "", "%s: either a mutant breaks it, or NoMutant says why none does", r.ID)
	}
}
