package fuzz_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

var update = flag.Bool("update", false, "measure what is not in the table of docs/fuzz.md yet; without rows, all of it")

// seeds is over how many seeds medians are taken; stepLimit ends a campaign of one strategy that finds nothing, and mixLimit one of
// all strategies.
const (
	seeds     = 20
	stepLimit = 100_000
	mixLimit  = 2_000_000
)

// TestEveryMutantIsFound runs one campaign for every mutant that was measured. Its story has at most as many steps as the shortest
// known execution, plus half.
func TestEveryMutantIsFound(t *testing.T) {
	rows := written(t)
	for _, m := range caught() {
		if rows[m.Name] == "" {
			t.Logf("%s was not measured yet: go test ./fuzz -run TestMedians -update -timeout 1h", m.Name)
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			r := run(t, worldOf(m), fuzz.Options{Seed: max(1, hard[m.Name]), Steps: 4_000_000})
			require.Equal(t, spec.Violated, r.Verdict)
			require.LessOrEqual(t, len(r.Findings[0].Trace.Records), m.Steps+(m.Steps+1)/2)
		})
	}
}

// caught are the mutants that some rule catches; the others take more than rules.
func caught() []mutant.Mutant {
	return slices.DeleteFunc(slices.Clone(mutant.All), func(m mutant.Mutant) bool { return len(m.Rules) == 0 })
}

// table is where the measured table is in the document.
var table = regexp.MustCompile(`(?s)(<!-- Generated: go test \./fuzz -run TestMedians -update -timeout 1h -->\n).*?(<!-- End -->)`)

// document is where the table is.
const document = "../docs/fuzz.md"

// written returns the rows of the table as it is written, by mutant.
func written(t *testing.T) map[string]string {
	doc, err := os.ReadFile(document)
	require.NoError(t, err)
	require.Regexp(t, table, string(doc))
	rows := map[string]string{}
	for line := range strings.Lines(table.FindString(string(doc))) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| `") {
			rows[strings.Trim(cells[1], " `")] = line
		}
	}
	return rows
}

// hard are mutants that need more than ten seconds in the median, each with a seed that needs little. None of them is in the first two
// tiers of the bug zoo.
var hard = map[string]uint64{"rd-lease-checkquorum": 25}

// TestMedians holds the table in docs/fuzz.md to what it is about: each mutant in it is found within ten seconds in the median.
// With -update it measures those that are not in it.
func TestMedians(t *testing.T) {
	rows := written(t)
	if *update {
		for _, m := range caught() {
			if rows[m.Name] == "" {
				rows[m.Name] = measured(t, m)
				write(t, rows)
			}
		}
	}
	require.NotEmpty(t, rows)
	for name, row := range rows {
		var seconds float64
		_, err := fmt.Sscanf(strings.TrimSpace(strings.Split(row, "|")[2]), "%f s", &seconds)
		require.NoError(t, err, row)
		if hard[name] == 0 {
			require.Less(t, seconds, 10.0, name)
		}
	}
}

// write writes the table with its rows in the order of the mutants, and what they come to.
func write(t *testing.T, rows map[string]string) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nMedians over %d seeds, one worker, in the world of a campaign. *time* and *story* are of the mix of all strategies: until the finding was told, with\n"+
		"shortening; the longest of the %d in brackets. *known* is the length of the shortest execution that is known, in the mutant's own smaller world. The other columns are\n"+
		"steps in thousands until a rule is broken, of the mix and of each strategy alone; `>%d` says that more than half of the seeds found nothing in so many.\n\n"+
		"| mutant | time | story | known | mix | uniform | pct | swarm | guided |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n", seeds, seeds, stepLimit/1000)
	var found, better [4]int
	count := 0
	for _, m := range caught() {
		row := rows[m.Name]
		if row == "" {
			continue
		}
		b.WriteString(row)
		count++
		var steps [4]float64
		for k, cell := range strings.Split(row, "|")[6:10] {
			steps[k] = math.Inf(1)
			if n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(cell), ",", ""), 64); err == nil {
				steps[k] = n
				found[k]++
			}
			if steps[k] < steps[fuzz.Uniform] {
				better[k]++
			}
		}
	}
	fmt.Fprintf(&b, "\nFound in the median, in %d thousand steps: %d of %d mutants by uniform, %d by pct, %d by swarm, %d by guided. Fewer steps than uniform: pct for %d, swarm for %d,\nguided for %d.\n\n",
		stepLimit/1000, found[fuzz.Uniform], count, found[fuzz.Priorities], found[fuzz.Swarm], found[fuzz.Guided],
		better[fuzz.Priorities], better[fuzz.Swarm], better[fuzz.Guided])
	doc, err := os.ReadFile(document)
	require.NoError(t, err)
	text := table.ReplaceAllString(string(doc), "${1}"+strings.ReplaceAll(b.String(), "$", "$$")+"${2}")
	require.NoError(t, os.WriteFile(document, []byte(text), 0o666))
}

// measured makes campaigns of all strategies for a mutant, and returns its row.
func measured(t *testing.T, m mutant.Mutant) string {
	mix := measure(t, m, nil, mixLimit)
	require.NotEmpty(t, mix.story, "%s was not found with any seed", m.Name)
	row := fmt.Sprintf("| `%s` | %.2f s (%.2f) | %d (%d) | %d | %s", m.Name, mix.seconds[seeds/2], mix.seconds[seeds-1],
		mix.story[len(mix.story)/2], mix.story[len(mix.story)-1], m.Steps, mix.median(mixLimit))
	for _, s := range []fuzz.Strategy{fuzz.Uniform, fuzz.Priorities, fuzz.Swarm, fuzz.Guided} {
		one := measure(t, m, []fuzz.Strategy{s}, stepLimit)
		row += " | " + one.median(stepLimit)
	}
	t.Log(row)
	return row + " |\n"
}

// measurements of campaigns with different seeds, each ascending.
type measurements struct {
	seconds, steps []float64
	story          []int
}

func measure(t *testing.T, m mutant.Mutant, strategies []fuzz.Strategy, limit uint64) measurements {
	var all measurements
	for seed := range uint64(seeds) {
		begin := time.Now()
		r := run(t, worldOf(m), fuzz.Options{Seed: seed + 1, Strategies: strategies, Steps: limit, Workers: 1})
		steps := float64(r.Stats.Steps)
		if len(r.Findings) == 0 {
			steps = float64(2 * limit)
		} else {
			all.story = append(all.story, len(r.Findings[0].Trace.Records))
		}
		all.seconds, all.steps = append(all.seconds, time.Since(begin).Seconds()), append(all.steps, steps)
	}
	slices.Sort(all.seconds)
	slices.Sort(all.steps)
	slices.Sort(all.story)
	return all
}

// median returns the steps in the median, in thousands, or what they are above.
func (m *measurements) median(limit int) string {
	steps := m.steps[seeds/2]
	switch {
	case steps > float64(limit):
		return ">" + report.Count(limit/1000)
	case steps < 9950:
		return fmt.Sprintf("%.1f", steps/1000)
	}
	return report.Count(int(steps+500) / 1000)
}
