package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

var standard = flag.Bool("standard", false, "put mutants that level quick misses through level standard too, and the reference with every two features through level quick")

// worldsTable is where the mutants are listed that no scenario catches.
const worldsTable = "mutants-and-worlds.md"

// TestMutantsThatNoScenarioCatches puts them through the suite, and holds docs to what each breaks, where, and at which level. Each that breaks a rule
// about steps is caught by a requirement that its page names. With -standard those that level quick misses go through level standard; without it the
// document is believed about them, and they go through neither.
func TestMutantsThatNoScenarioCatches(t *testing.T) {
	path := filepath.Join(docs, worldsTable)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	directed, err := os.ReadFile(docs + "/mutants-and-scenarios.md")
	require.NoError(t, err)
	var rows bytes.Buffer
	every := mutant.Every()
	slices.SortFunc(every, func(a, b mutant.Mutant) int { return cmp.Compare(a.Name, b.Name) })
	for k := range every {
		m := &every[k]
		if scenarios := rowOf(string(directed), m.Name); !strings.HasSuffix(scenarios, "| |\n") {
			require.NotEmpty(t, scenarios, m.Name)
			continue
		}
		row := rowOf(string(written), m.Name)
		if *standard || row == "" || strings.Contains(row, "| quick |") {
			row = caughtInWorlds(t, m, conformance.Quick)
		}
		if row == "" && *standard && breaksAStep(m) {
			row = caughtInWorlds(t, m, conformance.Standard)
		}
		if row == "" {
			require.False(t, breaksAStep(m), "%s passes", m.Name)
			row = fmt.Sprintf("| `%s` | %s | | it takes executions without end of a world of its own: `raftcheck check --liveness --impl mutant:%[1]s` |\n", m.Name, ruleNamed(m.Rules[0]))
		}
		rows.WriteString(row)
	}
	text := worldsHead + rows.String()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		return
	}
	requireSameLines(t, string(written), text, "go test ./cmd/raftcheck -run MutantsThatNoScenario -standard -update -timeout 0 rewrites it")
}

const worldsHead = `# Mutants and worlds

Written by ` + "`go test ./cmd/raftcheck -run MutantsThatNoScenario -standard -update -timeout 0`" + `. The mutants that no [scenario](mutants-and-scenarios.md) catches, and what
` + "`raftcheck conform --impl mutant:NAME`" + ` says of them: the requirement that [their page](bugs.md) names and that is broken, the lowest level at which it is, and where. What is
caught at one level is caught at those above it.

| mutant | requirement | level | where |
|---|---|---|---|
`

// caughtInWorlds puts a mutant through the suite, and returns its row; "" if no requirement that its page names is broken.
func caughtInWorlds(t *testing.T, m *mutant.Mutant, level conformance.Level) string {
	statement, err := subject.Mutant(*m).Conform(t.Context(), conformance.Options{Level: level, Seed: 1})
	require.NoError(t, err)
	for _, id := range m.Rules {
		k := slices.IndexFunc(statement.Requirements, func(q conformance.Requirement) bool { return q.ID == id && q.Outcome == conformance.Broken })
		if k >= 0 {
			q := &statement.Requirements[k]
			where := q.Because[strings.LastIndex(q.Because, "(in ")+len("(in "):]
			return fmt.Sprintf("| `%s` | %s | %s | %s |\n", m.Name, ruleNamed(id), level, strings.TrimSuffix(where, ")"))
		}
	}
	return ""
}

// TestFeaturesConform: with every feature, and every two of them, the reference conforms at level quick. Without -standard the last two pairs are tried.
func TestFeaturesConform(t *testing.T) {
	t.Parallel()
	tried := append(chosenTogether(1), chosenTogether(2)...)
	if !*standard {
		tried = tried[len(tried)-2:]
	}
	for _, features := range tried {
		t.Run(strings.Join(features, ","), func(t *testing.T) {
			s, err := subject.Named(subject.ReferenceName + ":" + strings.Join(features, ","))
			require.NoError(t, err)
			statement, err := s.Conform(t.Context(), conformance.Options{Level: conformance.Quick, Seed: 1})
			require.NoError(t, err)
			require.Equal(t, conformance.Conforming, statement.Verdict, statement.Because)
			require.NotZero(t, statement.Counts.Met)
		})
	}
}

// rowOf returns the row of a mutant as it is written.
func rowOf(document, name string) string {
	for line := range strings.Lines(document) {
		if strings.HasPrefix(line, "| `"+name+"` |") {
			return line
		}
	}
	return ""
}

// breaksAStep reports whether a mutant's page names a rule about steps.
func breaksAStep(m *mutant.Mutant) bool {
	return slices.ContainsFunc(m.Rules, func(id string) bool {
		r, known := spec.RuleByName(id)
		return known && r.Live == nil
	})
}

func ruleNamed(id string) string {
	r, _ := spec.RuleByName(id)
	return id + " `" + r.Name + "`"
}
