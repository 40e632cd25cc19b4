package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/spec"
)

var libraryStatements = flag.String("libraries", "", "make the published statements of libraries too whose page `matches` this, as etcd does; they are downloaded and built")

// TestStatementsArePublished makes the statements under docs/conformance again, each by the command that it names. Those of libraries take the flag
// -libraries: what they say is also looked at in the libraries' own modules.
func TestStatementsArePublished(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	for _, p := range publishedStatements(t) {
		t.Run(p.page, func(t *testing.T) {
			switch needs := p.runs(); {
			case strings.Contains(p.command, "--impl etcd"), strings.Contains(p.command, "--impl hashicorp"):
				if *libraryStatements == "" || !regexp.MustCompile(*libraryStatements).MatchString(p.page) {
					require.NotEmpty(t, p.outcomes)
					return // read only
				}
			case needs != "":
				if _, err := exec.LookPath(needs); err != nil {
					require.NotEqual(t, "all", os.Getenv("RAFTCHECK_SAMPLES"), "%s is not on this machine", needs)
					t.Skipf("%s is not on this machine: the statement was not made again", needs)
				}
			}
			follow(t, "conformance/"+p.page, root)
		})
	}
}

// publishedStatement is what a page under docs/conformance says.
type publishedStatement struct {
	page     string // "etcd-v3.6.md"
	command  string
	headline string // "etcd@v3.6.0 is conforming at level quick (core, …)"
	counts   string
	declares string
	outcomes map[string]string // by the id of the requirement
	because  map[string]string
}

// runs is the program that a sample needs; "" if none.
func (p *publishedStatement) runs() string {
	_, program, _ := strings.Cut(p.command, "--exec '")
	program, _, _ = strings.Cut(program, " ")
	return program
}

// name is the implementation, as the first line says it.
func (p *publishedStatement) name() string {
	name, _, _ := strings.Cut(p.headline, " is ")
	return name
}

// publishedStatements reads the pages, in the order of their names.
func publishedStatements(t *testing.T) (all []*publishedStatement) {
	paths, err := filepath.Glob(docs + "/conformance/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all = append(all, readStatement(filepath.Base(path), string(text)))
	}
	return all
}

var requirementLine = regexp.MustCompile(`^  (met|broken|allowed otherwise|not applicable|not exercised) +([RDX][0-9A-Z][-0-9.A-Z]*) +\S+ +(.*)$`)

func readStatement(page, text string) *publishedStatement {
	p := &publishedStatement{page: page, outcomes: map[string]string{}, because: map[string]string{}}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if command, is := strings.CutPrefix(line, "$ "); is {
			p.command = command
		}
		for _, mark := range []string{"ok   ", "FAIL ", "???? "} {
			if rest, is := strings.CutPrefix(line, mark); is && p.headline == "" {
				p.headline = rest
			}
		}
		if counted := strings.TrimSpace(line); strings.Contains(counted, " requirements: ") {
			p.counts = counted
		}
		if rest, is := strings.CutPrefix(line, "     declares "); is {
			p.declares = rest
		}
		if m := requirementLine.FindStringSubmatch(line); m != nil {
			p.outcomes[m[2]], p.because[m[2]] = m[1], m[3]
		}
	}
	return p
}

// requirementIDs lists the requirements in the rulebook's order, as statements do.
func requirementIDs(all []*publishedStatement) (ids []string) {
	for _, p := range all {
		for id := range p.outcomes {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return strings.Compare(strings.NewReplacer("R", "0", "D", "1", "X", "2").Replace(a[:1])+a, strings.NewReplacer("R", "0", "D", "1", "X", "2").Replace(b[:1])+b)
	})
	return ids
}

// writeConformance writes what the published statements come to.
func writeConformance(t *testing.T, b *bytes.Buffer) {
	all := publishedStatements(t)
	b.WriteString(conformanceHead)
	b.WriteString("| implementation | verdict | requirements | declares | made again by |\n|---|---|---|---|---|\n")
	for _, p := range all {
		_, verdict, _ := strings.Cut(p.headline, " is ")
		verdict, _, _ = strings.Cut(verdict, " at level")
		_, counts, _ := strings.Cut(p.counts, ": ")
		fmt.Fprintf(b, "| [%s](conformance/%s) | %s | %s | %s | `%s` |\n", p.name(), p.page, verdict, counts, p.declares, p.command)
	}
	b.WriteString(deviationsHead)
	for _, d := range deviations {
		fmt.Fprintf(b, "| %s | %s | %s |\n", strings.Join(requirementNames(d.requirements), ", "), strings.Join(d.of, ", "), d.text)
	}
	writeMatrixOfStatements(b, all)
	b.WriteString(readingAStatement)
}

func requirementNames(ids []string) []string {
	names := make([]string, len(ids))
	for k, id := range ids {
		names[k] = ruleNamed(id)
	}
	return names
}

func writeMatrixOfStatements(b *bytes.Buffer, all []*publishedStatement) {
	b.WriteString("\n## Requirement by requirement\n\n*Other* is allowed otherwise, *n/a* not applicable, and an empty cell not exercised; the statements say why.\n\n| requirement |")
	for _, p := range all {
		fmt.Fprintf(b, " [%s](conformance/%s) |", strings.TrimSuffix(p.page, ".md"), p.page)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	words := map[string]string{conformance.Met: "met", conformance.Broken: "**broken**", conformance.AllowedOtherwise: "other", conformance.NotApplicable: "n/a"}
	for _, id := range requirementIDs(all) {
		fmt.Fprintf(b, "| %s |", id)
		for _, p := range all {
			fmt.Fprintf(b, " %s |", words[p.outcomes[id]])
		}
		b.WriteString("\n")
	}
}

// TestEveryDeviationIsExplained: what a published statement says to be broken is explained, and nothing else is.
func TestEveryDeviationIsExplained(t *testing.T) {
	used := map[int]bool{}
	for _, p := range publishedStatements(t) {
		for id, outcome := range p.outcomes {
			if outcome != conformance.Broken {
				continue
			}
			k := slices.IndexFunc(deviations, func(d deviation) bool {
				return slices.Contains(d.requirements, id) && slices.ContainsFunc(d.of, func(of string) bool { return strings.HasPrefix(p.name(), of) })
			})
			require.GreaterOrEqual(t, k, 0, "%s breaks %s (%s), and cmd/raftcheck/deviations_test.go does not say why", p.name(), id, p.because[id])
			used[k] = true
		}
	}
	for k, d := range deviations {
		require.True(t, used[k], "no published statement shows %s of %s", d.requirements, d.of)
		for _, id := range d.requirements {
			_, known := spec.RuleByName(id)
			require.True(t, known, id)
		}
	}
}
