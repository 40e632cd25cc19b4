package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// TestSayingMoreFindsNoLess takes random parts out of illegal traces, one after the other. Where a finding is left, every fuller version of the
// trace has one too, at the same record or an earlier one. -forgettings says how many in all; this law is tried a fifth as often as the first.
func TestSayingMoreFindsNoLess(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(*lawSeed, 2))
	documents := append(mutantDocuments(t, chance), changedDocuments(t, chance)...)
	for _, d := range tracesHere(t) {
		if r := judged(d.bytesOf(d.lines)); r != nil && len(r.Findings) > 0 {
			documents = append(documents, d)
		}
	}
	folder := keptIn(t)
	const round = 500
	tries, tried := 0, atomic.Int64{}
	for ; int(tried.Load()) < *forgettings/5 && tries < 5**forgettings; tries += round {
		each(tries, tries+round, func(n int) {
			chance := chanceOf(n, 2)
			d := documents[chance.IntN(len(documents))]
			if d.finds(t, chance, folder, n) {
				tried.Add(1)
			}
		})
	}
	require.GreaterOrEqual(t, int(tried.Load()), *forgettings/5, "illegal traces of which something was taken out still show it often enough")
}

// finds takes parts out of an illegal trace. If a finding is left, it reports true, and compares that with a version of which less was taken out.
func (d *document) finds(t *testing.T, chance *rand.Rand, folder string, n int) bool {
	versions := d.versions(chance)
	least := versions[len(versions)-1]
	text := d.bytesOf(least)
	said := judged(text)
	if said == nil || len(said.Findings) == 0 {
		return false
	}
	more := versions[chance.IntN(len(versions)-1)]
	fuller := d.bytesOf(more)
	r := judged(fuller)
	if r != nil && len(r.Findings) > 0 && guiltyNumber(more, r) <= guiltyNumber(least, said) {
		return true
	}
	says := "nothing"
	if r == nil {
		says = "an error"
	} else if len(r.Findings) > 0 {
		says = fmt.Sprintf("record %d: %s: %s", guiltyNumber(more, r), r.Findings[0].Rule.Name, r.Findings[0].Message)
	}
	d.keep(folder, fmt.Sprintf("more-%d-fuller", n), fuller)
	t.Errorf("%s, %d:\nwith less, record %d: %s: %s (%s)\nwith more, %s", d.name, n, guiltyNumber(least, said), said.Findings[0].Rule.Name,
		said.Findings[0].Message, d.keep(folder, fmt.Sprintf("more-%d-least", n), text), says)
	return true
}

// versions are the lines as they are, and then with one random part less each.
func (d *document) versions(chance *rand.Rand) (all [][]map[string]any) {
	all = append(all, d.lines)
	for range 1 + chance.IntN(1<<chance.IntN(4)) {
		lines := slices.Clone(all[len(all)-1])
		d.randomPart(chance)(lines)
		all = append(all, lines)
	}
	return all
}

// guiltyNumber is the number of the guilty record of the first finding. Lines move when records are taken out, and numbers do not.
func guiltyNumber(lines []map[string]any, r *traces.Result) int64 {
	left := r.Findings[0].Evidence[0].Line - 1 // the header is the first line
	for _, line := range lines {
		if line == nil {
			continue
		}
		if left--; left == 0 {
			return number(line["n"])
		}
	}
	return 0
}

// mutantDocuments are random walks of mutants that break a rule.
func mutantDocuments(t *testing.T, chance *rand.Rand) (all []*document) {
	for _, m := range mutant.All {
		for range 2 {
			config := subject.Mutant(m).Config
			trace, broken, err := checker.Run(&config, randomActions(t, &config, chance, 40), spec.Rules)
			require.NoError(t, err)
			if len(broken) == 0 {
				continue
			}
			trace.Header.Records = 0
			d := documentOf(t, m.Name, trace)
			r := judged(d.bytesOf(d.lines))
			require.NotNil(t, r, "%s", m.Name)
			require.NotEmpty(t, r.Findings, "%s breaks a rule in memory, and its trace does not", m.Name)
			all = append(all, d)
			break
		}
	}
	require.Greater(t, len(all), 20, "random walks find some mutants")
	return all
}

// changedDocuments are legal executions with one thing changed, of as many kinds as there are.
func changedDocuments(t *testing.T, chance *rand.Rand) (all []*document) {
	legal := executions(t)
	for _, c := range allChanges() {
		for range 200 {
			d := legal[chance.IntN(len(legal))]
			s := newScene(d, chance.IntN(len(d.lines)), chance)
			if legal := c.make(s); legal != "" {
				continue
			}
			changed := &document{name: strings.TrimSpace(d.name + ", " + c.name), header: d.header, lines: s.lines, known: d.known, size: d.size}
			if r := judged(changed.bytesOf(changed.lines)); r != nil && len(r.Findings) > 0 {
				all = append(all, changed)
				break
			}
		}
	}
	return all
}
