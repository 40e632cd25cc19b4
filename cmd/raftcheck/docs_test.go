package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

const docs = "../../docs"

const generated = "<!-- Generated: go test ./cmd/raftcheck -run TestDocs -update -->\n\n"

// TestDocsAreUpToDate holds the documents that are generated from the code to what the code says now.
func TestDocsAreUpToDate(t *testing.T) {
	for name, write := range map[string]func(*testing.T, *bytes.Buffer){
		"rules.md": writeRules, "bugs.md": writeMutants, "commands.md": writeCommands, "goals.md": writeGoals, "published-specifications.md": writePublished, "matrix.md": writeMatrix, "variants.md": writeVariants,
		"conformance.md": writeConformance,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			got.WriteString(generated)
			write(t, &got)
			path := filepath.Join(docs, name)
			if *update {
				require.NoError(t, os.WriteFile(path, got.Bytes(), 0o666))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			requireSameLines(t, clockless(string(want)), clockless(got.String()), "go test ./cmd/raftcheck -run TestDocs -update rewrites it")
		})
	}
}

// milliseconds is the one column of the generated documents that no two runs agree on.
var milliseconds = regexp.MustCompile(`\d+ ms`)

func clockless(s string) string { return milliseconds.ReplaceAllString(s, "TIME") }

// TestReadmeShowsWhatTheDemoPrints holds the README's sample to the real output.
func TestReadmeShowsWhatTheDemoPrints(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 0, run([]string{"demo"}, strings.NewReader(""), &out, &out))
	const path = "../../README.md"
	readme, err := os.ReadFile(path)
	require.NoError(t, err)
	sample := regexp.MustCompile("(?s)<!-- demo -->\n```\n.*?```\n")
	require.Regexp(t, sample, string(readme))
	want := sample.ReplaceAllLiteralString(string(readme), "<!-- demo -->\n```\n"+out.String()+"```\n")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o666))
		return
	}
	requireSameLines(t, seconds.ReplaceAllString(string(readme), "TIME"), seconds.ReplaceAllString(want, "TIME"), "go test ./cmd/raftcheck -run Readme -update rewrites it")
}

// TestDocsShowThePictureOfTheDemo holds the README's picture to what the demo draws.
func TestDocsShowThePictureOfTheDemo(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 0, run([]string{"demo", "-o", "svg"}, strings.NewReader(""), &out, io.Discard))
	path := filepath.Join(docs, "two-leaders.svg")
	if *update {
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o666))
	}
	drawn, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(out.Bytes(), drawn), "raftcheck demo -o svg=docs/two-leaders.svg draws it anew")
}

// requireSameLines shows only the first line that differs, since the documents are long.
func requireSameLines(t *testing.T, written, now, hint string) {
	t.Helper()
	a, b := strings.Split(written, "\n"), strings.Split(now, "\n")
	for k := range max(len(a), len(b)) {
		if k >= len(a) || k >= len(b) || a[k] != b[k] {
			t.Fatalf("line %d is out of date; %s\nit says: %s\nnow it is: %s", k+1, hint, lineAt(a, k), lineAt(b, k))
		}
	}
}

func lineAt(lines []string, k int) string {
	if k < len(lines) {
		return lines[k]
	}
	return "(no line)"
}

func writeVariants(_ *testing.T, b *bytes.Buffer) {
	b.WriteString("# What systems may do\n\nRaft leaves choices, and real systems make others. A system that does by design what the paper does not says so: in the header of a trace, as\n" +
		"`\"variants\":[\"heartbeats-anywhere\"]`, or with `--variant heartbeats-anywhere` for `verify`, `check` and `fuzz`. Rules are then judged otherwise, or not at all: each variant says\n" +
		"which, and under which condition nothing is lost. Where that can be judged it is. A finding that a variant would explain names it: the step was judged again with it.\n\n" +
		"Some variants are no liberties but promises: rules that ask more are judged only of systems that declare them. `raftcheck explain variants` lists all, and `raftcheck explain NAME` tells this about each.\n")
	for _, h := range spec.Habits {
		fmt.Fprintf(b, "\n## %s\n\n%s\n\n* Seen in: %s.\n* Safe if: %s\n", h.Variant, h.Sentence, h.Seen, h.Safe)
		if h.Instead != "" {
			fmt.Fprintf(b, "* Judged: %s\n", h.Instead)
		}
		for _, c := range concerns(h) {
			fmt.Fprintf(b, "* %s: %s.\n", report.Title(c.what), strings.Join(quotedNames(c.names), ", "))
		}
		if h.Takes != "" {
			fmt.Fprintf(b, "* Written: `%s`%s.\n", h.Takes, map[bool]string{true: "", false: ", or without the number"}[h.Needs])
		}
	}
}

func quotedNames(names []string) []string {
	quoted := make([]string, len(names))
	for k, n := range names {
		quoted[k] = "`" + n + "`"
	}
	return quoted
}

func writeRules(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# The rules\n\nWhat every Raft promises, as raftcheck judges it. `raftcheck explain NAME` tells more about each.\n" +
		"R5.x are the sections of the extended Raft paper.\n\n")
	b.WriteString("| id | name | promise | source | judged on | caught in |\n|---|---|---|---|---|---|\n")
	for _, r := range spec.AllRules() {
		fmt.Fprintf(b, "| %s | `%s` | %s | %s | %s | %s |\n", r.ID, r.Name, cell(r.Sentence), cell(r.Section), cell(strings.Join(waysToJudge(r), "; ")),
			quoted(mutantsCaughtBy(r)))
	}
	b.WriteString("\n*caught in*: mutants of the reference that the rule catches in the bounds of [bugs.md](bugs.md).\n")
	b.WriteString("[matrix.md](matrix.md) has all of them, with the steps it takes. These rules no mutant breaks:\n\n")
	for _, r := range spec.Rules {
		if r.NoMutant != "" {
			fmt.Fprintf(b, "* `%s`. %s\n", r.Name, r.NoMutant)
		}
	}
	b.WriteString("\nThese promises no rule judges:\n\n")
	for _, u := range spec.NotJudged {
		fmt.Fprintf(b, "* %s `%s`. %s (%s.) %s\n", u.ID, u.Name, u.Sentence, u.Section, u.Because)
	}
	var void []string
	for _, r := range spec.AllRules() {
		for _, v := range r.Unless {
			void = append(void, fmt.Sprintf("* `%s` is void for implementations that declare `%s`.", r.Name, v))
		}
		if len(r.Only) > 0 {
			one := make([]string, len(r.Only))
			for k, v := range r.Only {
				one[k] = fmt.Sprintf("`%s`", v)
			}
			void = append(void, fmt.Sprintf("* `%s` is judged only for implementations that declare %s.", r.Name, strings.Join(one, " or ")))
		}
		for _, v := range r.Varies {
			void = append(void, fmt.Sprintf("* `%s` is judged otherwise for implementations that declare `%s`.", r.Name, v))
		}
	}
	fmt.Fprintf(b, "\nAn implementation may differ from the paper on purpose. It says so, and the rules that this makes void are not judged. What each means: [variants](variants.md).\n\n%s\n", strings.Join(void, "\n"))
	b.WriteString("\n## How each is broken\n\nThe shortest execution known that breaks it, of the mutant that needs the fewest steps.\n")
	for _, r := range spec.Rules {
		if story, known := mutant.StoryOf(r.ID); known {
			fmt.Fprintf(b, "\n### %s %s\n\n%s `%s`, in %s:\n\n```\n%s```\n", r.ID, r.Name, r.Sentence, story.Mutant, report.Some(story.Steps, "step"), story.Text)
		}
	}
}

// writeMatrix writes which rules each mutant breaks, and what of that needs a word.
func writeMatrix(t *testing.T, b *bytes.Buffer) {
	rows, _ := mutant.Matrix()
	b.WriteString("# Mutants and rules\n\nWhich rules some execution of each mutant breaks in its own world, and in how many steps at the least. Every rule is looked for to the end of\n" +
		"the world, whatever other rules are broken before. **Bold** are the rules that the rulebook names for the fault. *Italic* are those about what becomes of any\n" +
		"fault in the end: two leaders, two logs, a lost entry. The others are explained below: a rule that breaks without a reason is a finding about the rule.\n\n" +
		"The numbers are those of `impl/mutant/matrix.txt`. The tests measure worlds with few states again; all of them, in about two minutes:\n\n" +
		"    go test ./impl/mutant -run TestMatrix -whole            compares\n    go test ./impl/mutant -run TestMatrix -whole -update    writes\n\n" +
		"With a new rule or a new mutant only that is measured, and then the stories and documents follow:\n\n" +
		"    go test ./impl/mutant -run TestMatrix -update\n    go test ./impl/mutant -run TestRuleStories -update\n    go test ./cmd/raftcheck -run TestDocs -update\n\n" +
		"| mutant | states of its world | rules it breaks, with steps |\n|---|---:|---|\n")
	for _, row := range rows {
		var cells []string
		for _, br := range row.Breaks {
			r := ruleCalled(br.Rule)
			require.NotNil(t, r, br.Rule)
			name := fmt.Sprintf("%s %d", r.Name, br.Steps)
			switch {
			case slices.Contains(r.Catches, row.Mutant):
				name = "**" + name + "**"
			case r.Outcome:
				name = "*" + name + "*"
			}
			cells = append(cells, name)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", row.Mutant, report.Count(row.States), strings.Join(cells, ", "))
	}
	b.WriteString("\n## Why other rules break\n\n| mutant | rule | why |\n|---|---|---|\n")
	for _, c := range mutant.Consequences {
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", c.Mutant, ruleName(c.Rule), cell(c.Why))
	}
	b.WriteString("\n## What the rulebook names and the mutant's world does not show\n\n| mutant | rule | why |\n|---|---|---|\n")
	for _, c := range mutant.Beyond {
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", c.Mutant, ruleName(c.Rule), cell(c.Why))
	}
}

func writeGoals(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# The goals\n\nWhat bounds must let happen before a pass means anything. A search that leaves out one that its bounds allow is\n" +
		"inconclusive (exit code 3).\n\n| goal | reached when |\n|---|---|\n")
	for _, g := range spec.Goals {
		fmt.Fprintf(b, "| `%s` | %s |\n", g.Name, cell(g.Sentence))
	}
	b.WriteString("\n## Debug goals\n\nWhat looks like a promise of Raft and is none: right executions break it, so no implementation is judged by it. To see it broken\n" +
		"shows that bounds are wide enough for what sets Raft apart from what one expects. A debug goal that is reached ends with exit code 0 and\n" +
		"the execution as a story, one that is not is inconclusive (exit code 3). They have bounds of their own, which flags override, and\n" +
		"`--impl` looks for them in another implementation.\n")
	for _, g := range spec.DebugGoals {
		s, err := debugSubject(g)
		require.NoError(t, err)
		fmt.Fprintf(b, "\n### %s\n\nOne might expect: %s It is no promise of Raft. %s\n\nSource: %s.\n\n    %s\n\nBounds: %s.\n", g.Invariant.Name, g.Invariant.Sentence, g.False, g.Source, debugCommand(g), s.Config.String())
	}
	b.WriteString("\nThe last one takes so many steps that no search comes to its end; guided random executions find it in seconds. The execution that they\n" +
		"found is in [testdata](../cmd/raftcheck/testdata/debug/more-up-to-date.trace), for `raftcheck replay`.\n")
}

// writeMutants searches every mutant in its own world and writes down what it took. Without -update the large searches are
// taken to be as they are written.
func writeMutants(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# The bugs\n\nThe mutants: the reference Raft with one documented bug each: the proof that the rules have teeth. `raftcheck explain NAME` tells the\n" +
		"story of each, `raftcheck check --impl mutant:NAME` shows it caught.\n\n## What they are\n\n| mutant | bug | seen |\n|---|---|---|\n")
	for _, m := range mutant.All {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", m.Name, cell(m.Title), cell(m.Source))
	}
	b.WriteString("\n## What goes wrong\n")
	for _, m := range mutant.All {
		fmt.Fprintf(b, "\n### %s\n\n%s. Seen: %s.\n\n%s\n", m.Name, report.Sentence(m.Title), m.Source, m.Story)
	}
	b.WriteString("\n## What it takes\n\n*caught by* are the rules that the shortest execution breaks at its last step; `raftcheck explain NAME` lists those that catch the\n" +
		"mutant on their own, with `--rule`. *states* and *steps* are exact: what a whole search, shortest executions first, needs until a\n" +
		"rule is broken. *time* is that of the machine that wrote this table, and only says how the mutants compare.\n\n" +
		"| mutant | world | caught by | states | steps | time |\n|---|---|---|---:|---:|---:|\n")
	written := measuredMutants(t)
	for _, m := range mutant.All {
		s := subject.Mutant(m)
		row := rowHead(s)
		measured, known := written[row]
		if *update || !known || small(measured) {
			measured = measure(t, s)
		}
		fmt.Fprintf(b, "%s%s\n", row, measured)
	}
	writeStarving(t, b, written)
}

// writeStarving judges the mutants that break nothing in finitely many steps, and writes down what it took.
func writeStarving(t *testing.T, b *bytes.Buffer, written map[string]string) {
	b.WriteString("\n## Mutants that only starve\n\nThey break nothing in finitely many steps, and keep something from ever being reached. Rules about [liveness](liveness.md) catch them, on the\n" +
		"graph of all states. *steps* are those of the way to what is repeated, and of repeating it once; *states* those of the graph.\n\n| mutant | bug | seen |\n|---|---|---|\n")
	for _, m := range mutant.Starving {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", m.Name, cell(m.Title), cell(m.Source))
	}
	b.WriteString("\n| mutant | world | caught by | states | steps | time |\n|---|---|---|---:|---:|---:|\n")
	for _, m := range mutant.Starving {
		s := subject.Mutant(m)
		row := rowHead(s)
		measured, known := written[row]
		if *update || !known || small(measured) {
			measured = measureStarving(t, s, m.Rules)
		}
		fmt.Fprintf(b, "%s%s\n", row, measured)
	}
	b.WriteString("\nDocumented bugs of that kind that no mutant shows:\n\n")
	for _, r := range mutant.NotModelled {
		fmt.Fprintf(b, "* `%s` (%s): %s\n", r.Mutant, r.Rule, r.Why)
	}
}

// rowHead are the columns before the measured ones.
func rowHead(s *subject.Subject) string {
	return fmt.Sprintf("| `%s` | %s |", strings.TrimPrefix(s.Name, subject.MutantPrefix), cell(s.Config.String()))
}

// measureStarving judges the first rule that a mutant names and writes the measured columns.
func measureStarving(t *testing.T, s *subject.Subject, ids []string) string {
	rule, _ := spec.RuleByName(ids[0])
	r, err := checker.Check(context.Background(), &s.Config, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: []*spec.Rule{rule}, Name: s.Name})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict, "%s is not caught", s.Name)
	var names []string
	for _, id := range ids {
		names = append(names, ruleName(id))
	}
	return fmt.Sprintf(" %s | %s | %d | %.0f ms |", quoted(names), report.Count(r.Liveness.States), len(r.Findings[0].Trace.Records), 1000*(r.Search.Seconds+r.Liveness.Seconds))
}

// measuredMutants returns the measured columns of the table as it is written, by the columns before them.
func measuredMutants(t *testing.T) map[string]string {
	data, err := os.ReadFile(filepath.Join(docs, "bugs.md"))
	require.NoError(t, err)
	rows := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if cells := strings.SplitAfterN(line, "|", 4); len(cells) == 4 {
			rows[strings.Join(cells[:3], "")] = strings.TrimSuffix(cells[3], "\n")
		}
	}
	return rows
}

// small reports whether measured columns are of a search of less than 100,000 states.
func small(measured string) bool {
	cells := strings.Split(measured, "|")
	return len(cells) < 2 || len(strings.TrimSpace(cells[1])) < len("100,000")
}

// measure searches a world and writes the measured columns.
func measure(t *testing.T, s *subject.Subject) string {
	r, err := checker.Check(context.Background(), &s.Config, checker.Options{Name: s.Name})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict, "%s is not caught", s.Name)
	var rules []string
	for _, f := range r.Findings {
		rules = append(rules, f.Rule.Name)
	}
	return fmt.Sprintf(" %s | %s | %d | %.0f ms |", quoted(rules), report.Count(r.Search.Distinct), len(r.Findings[0].Trace.Records), 1000*r.Search.Seconds)
}

func writeCommands(t *testing.T, b *bytes.Buffer) {
	b.WriteString("# The commands\n\nEvery flag is also an environment variable: `--expect-states` is `RAFTCHECK_EXPECT_STATES`. A flag that was typed wins.\n\n" +
		"The result goes to stdout, progress and hints to stderr. Colour is only for terminals, and not if `NO_COLOR` is set.\n\n" +
		"## Exit codes\n\nThe same for every verb and every format.\n\n| code | name | meaning |\n|---|---|---|\n")
	for k, c := range exitCodes {
		fmt.Fprintf(b, "| %d | %s | %s |\n", k, c.name, cell(c.meaning))
	}
	b.WriteString("\nNothing turns 1 or 4 into 0. If one trace is violated and another cannot be read, the code is 1 and both are told. `demo` ends with 0: its\n" +
		"violation is the point.\n")
	for _, args := range [][]string{{}, {"check"}, {"fuzz"}, {"merge"}, {"run"}, {"simulate"}, {"verify"}, {"join"}, {"linearize"}, {"replay"}, {"shrink"}, {"show"}, {"serve"}, {"gate"}, {"explain"}, {"demo"}, {"version"}, {"completion"}} {
		var out bytes.Buffer
		require.Equal(t, 0, run(append(args, "--help"), strings.NewReader(""), &out, &out))
		fmt.Fprintf(b, "\n## raftcheck %s\n\n```\n%s```\n", strings.Join(args, " "), out.String())
	}
}

// cell makes text safe in a table of Markdown.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func quoted(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return "`" + strings.Join(names, "` `") + "`"
}
