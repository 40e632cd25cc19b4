package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

var measureAgain = flag.Bool("measure", false, "with -update: measure again what takes long")

// sandTableNumbers are what was measured: a line for each fault and way to catch it.
const sandTableNumbers = "testdata/sandtable/measured.txt"

// caught is what a search took.
type caught struct {
	rule   string // by which it was caught
	states uint64
	steps  int
	cpu    string // seconds
}

// TestSandTable holds the table in docs/benchmarks.md to the numbers that were measured, and those to what searches find now.
func TestSandTable(t *testing.T) {
	was := measuredFaults(t)
	var file, table strings.Builder
	table.WriteString("| fault | mutant | SandTable: states | depth | time | by the first rule | states | steps | CPU s | by the same property | states | steps | CPU s |\n" +
		"|---|---|---:|---:|---:|---|---:|---:|---:|---|---:|---:|---:|\n")
	for _, f := range mutant.SandTable {
		m, known := mutant.ByName(f.Mutant)
		if !known {
			continue
		}
		first := catchAgain(t, was[f.Bug+" first"], m, spec.Rules)
		property, known := spec.RuleByName(f.Property)
		require.True(t, known, f.Property)
		if f.Decisions != nil {
			m.Options.Decisions = f.Decisions
		}
		same := catchAgain(t, was[f.Bug+" same"], m, []*spec.Rule{property})
		for _, c := range []struct {
			way string
			caught
		}{{"first", first}, {"same", same}} {
			fmt.Fprintf(&file, "%s %s %s %d %d %s\n", f.Bug, c.way, c.rule, c.states, c.steps, c.cpu)
		}
		name := "`" + m.Name + "`"
		if f.With != "" {
			name += ", with `" + f.With + "` for the property"
		}
		fmt.Fprintf(&table, "| %s: %s | %s | %s | %d | %s | `%s` | %s | %d | %s | `%s` | %s | %d | %s |\n", f.Bug, f.Fault, name, report.Count(f.States), f.Depth, minutes(f.Seconds),
			first.rule, report.Count(first.states), first.steps, first.cpu, same.rule, report.Count(same.states), same.steps, same.cpu)
	}
	if *update {
		require.NoError(t, os.WriteFile(sandTableNumbers, []byte(file.String()), 0o666))
	}
	written, err := os.ReadFile(sandTableNumbers)
	require.NoError(t, err)
	requireSameLines(t, string(written), file.String(), "go test ./cmd/raftcheck -run TestSandTable -update rewrites it")
	between(t, "../../docs/benchmarks.md", "sandtable", table.String())
}

// between holds the part of a document between two marks to what it must say, or writes it there.
func between(t *testing.T, path, mark, want string) {
	doc, err := os.ReadFile(path)
	require.NoError(t, err)
	part := regexp.MustCompile("(?s)<!-- " + mark + " -->\n.*?<!-- end -->\n")
	require.Regexp(t, part, string(doc))
	now := part.ReplaceAllLiteralString(string(doc), "<!-- "+mark+" -->\n"+want+"<!-- end -->\n")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(now), 0o666))
		return
	}
	requireSameLines(t, string(doc), now, "the test that failed rewrites it with -update")
}

func minutes(seconds int) string {
	if seconds < 60 {
		return fmt.Sprintf("%d s", seconds)
	}
	return fmt.Sprintf("%d min", (seconds+30)/60)
}

// measuredFaults reads the numbers by fault and way.
func measuredFaults(t *testing.T) map[string]caught {
	data, err := os.ReadFile(sandTableNumbers)
	if !*update {
		require.NoError(t, err)
	}
	all := map[string]caught{}
	for line := range strings.Lines(string(data)) {
		var bug, way string
		var c caught
		_, err := fmt.Sscan(line, &bug, &way, &c.rule, &c.states, &c.steps, &c.cpu)
		require.NoError(t, err, line)
		all[bug+" "+way] = c
	}
	return all
}

// catchAgain searches a mutant's world if that is quick, or was never done, or is asked for. States and steps must be as they were,
// and the time is kept unless they are not.
func catchAgain(t *testing.T, was caught, m mutant.Mutant, rules []*spec.Rule) caught {
	if was.states > 50_000 && !*measureAgain {
		return was
	}
	s := subject.Mutant(m)
	s.Config.New, s.Config.Variants = impl.New(m.Options), m.Options.Variants()
	before := 0.0
	if *update {
		before = cpuSeconds()
	}
	o := checker.Options{Rules: rules, Goals: []*spec.Goal{}, Workers: 1}
	if starving(s.Name) {
		o.Rules, o.Liveness = []*spec.Rule{}, spec.LivenessRules
		if len(rules) == 1 {
			o.Liveness = rules
		}
	}
	r, err := checker.Check(context.Background(), &s.Config, o)
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict, "%s by %s", m.Name, rules[0].Name)
	now := caught{rule: r.Findings[0].Rule.Name, states: r.Search.Distinct, steps: len(r.Findings[0].Trace.Records)}
	if r.Liveness != nil {
		now.states = r.Liveness.States
	}
	if !*measureAgain && now.rule == was.rule && now.states == was.states && now.steps == was.steps {
		return was
	}
	if !slices.Equal(rules, spec.Rules) {
		require.Equal(t, rules[0].Name, now.rule)
	}
	if *update {
		now.cpu = fmt.Sprintf("%.2f", cpuSeconds()-before)
	}
	return now
}

// cpuSeconds is how long this process has computed, on all cores. The runtime adds it up when it collects garbage.
func cpuSeconds() float64 {
	runtime.GC()
	samples := []metrics.Sample{{Name: "/cpu/classes/user:cpu-seconds"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	return samples[0].Value.Float64() + samples[1].Value.Float64()
}
