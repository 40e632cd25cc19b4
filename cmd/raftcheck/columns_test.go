package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

var widths = []int{60, 80, 120}

// requireFits holds every line of a text to a width, and at least one to be there.
func requireFits(t *testing.T, text string, width int, what string) {
	t.Helper()
	require.NotEmpty(t, text, what)
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, fold.Columns(strings.TrimRight(line, "\n")), width, "%s at %d columns:\n%s", what, width, line)
	}
}

// toldAt runs raftcheck on a terminal of so many columns, and returns both streams.
func toldAt(t *testing.T, width int, args ...string) string {
	t.Helper()
	t.Setenv("COLUMNS", fmt.Sprint(width))
	var out bytes.Buffer
	run(args, strings.NewReader(""), &out, &out)
	return out.String()
}

func TestTracesOfThisRepositoryFit(t *testing.T) {
	var files []string
	require.NoError(t, filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		for _, end := range []string{".trace", ".ndjson", ".ndjson.gz", ".jsonl", ".edn"} {
			if strings.HasSuffix(path, end) {
				files = append(files, path)
				break
			}
		}
		return err
	}))
	require.NotEmpty(t, files)
	for _, width := range widths {
		for _, file := range files {
			requireFits(t, toldAt(t, width, "verify", "--keep-going", file), width, "verify "+file)
			requireFits(t, toldAt(t, width, "show", file), width, "show "+file)
			requireFits(t, toldAt(t, width, "linearize", file), width, "linearize "+file)
		}
		for k, file := range files[1:] {
			requireFits(t, toldAt(t, width, "show", files[k], file), width, "show "+files[k]+" "+file)
		}
	}
}

func TestHelpAndExplanationsFit(t *testing.T) {
	a := &app{term: newTerminal(&bytes.Buffer{}, &bytes.Buffer{}, func(string) (string, bool) { return "", false })}
	for _, width := range widths {
		requireFits(t, toldAt(t, width, "explain"), width, "explain")
		requireFits(t, toldAt(t, width, "--help"), width, "help")
		for _, verb := range a.verbs() {
			requireFits(t, toldAt(t, width, verb.Name(), "--help"), width, verb.Name()+" --help")
			requireFits(t, toldAt(t, width, verb.Name(), "--no-such-flag", strings.Repeat("long/", 40)), width, verb.Name())
		}
		for _, c := range chapters() {
			if c.name == "schemas" {
				continue // documents for programs
			}
			for _, topic := range c.topics {
				requireFits(t, toldAt(t, width, "explain", topic.names[0]), width, "explain "+topic.names[0])
			}
		}
	}
}

// What verbs tell fits: what held and what was covered, statements with the stories of what is broken, and where two go another way.
func TestWhatVerbsTellFits(t *testing.T) {
	for _, width := range widths {
		for _, command := range []string{
			"check --nodes 2 --log 0 --messages 1",
			"check --nodes 2 --log 0 --messages 1 --liveness",
			"check --nodes 2 --log 0 --messages 1 --expect-states 1",
			"fuzz --runs 3 --save none",
			"conform --impl mutant:el-stale-vote-resp --profile core",
			"diff --impl reference --impl mutant:el-stale-vote-resp --nodes 2 --terms 1 --log 0 --messages 1",
			"demo",
		} {
			requireFits(t, toldAt(t, width, strings.Fields(command)...), width, command)
		}
	}
}

// Every mutant is searched as `check` does, and its story told at every width, with what was lost and without.
func TestStoriesOfMutantsFit(t *testing.T) {
	t.Parallel()
	for _, m := range mutant.All {
		s := mutated(m)
		_, renamed := s.config.New(1, s.config.IDs()).(spec.Permuter)
		result, err := checker.Check(context.Background(), &s.config, checker.Options{Name: s.name, Symmetry: renamed})
		require.NoError(t, err, m.Name)
		require.Equal(t, spec.Violated, result.Verdict, m.Name)
		path := filepath.Join(traces.SavedUnder, result.Findings[0].Rule.Name+"-5f1c09.trace")
		var broken []traces.Finding
		for _, f := range result.Findings {
			broken = append(broken, f.Finding)
		}
		r := newReport("check", s.name, result.Verdict)
		r.Bounds, r.Faults, r.Search = boundsOf(&s.config, false), faultWords(s.faults()), searchOf(&result.Search)
		r.Findings, err = storyFindings(result.Findings[0].Trace, broken, path, true)
		require.NoError(t, err)
		for _, width := range widths {
			for _, verbose := range []bool{false, true} {
				var told bytes.Buffer
				require.NoError(t, report.Text(&told, r, report.Style{Width: width, Verbose: verbose, Palette: report.Palette{On: verbose}}))
				requireFits(t, told.String(), width, m.Name)
			}
		}
	}
}

func TestProgressStaysOnOneLine(t *testing.T) {
	line := "check  12s  depth 11  1.9M states (158k/s)  frontier 402k  1.1 GB  goals 3/4  48s left"
	for width := range 100 {
		short := shortened(line, max(width, narrowest))
		require.Less(t, fold.Columns(short), max(width, narrowest))
		require.True(t, strings.HasPrefix(line, short), short)
	}
	require.Equal(t, line, shortened(line, 0))
	require.Equal(t, "check  12s  depth 11", shortened(line, 30))
}

func TestWithoutAWidthNothingIsFolded(t *testing.T) {
	t.Setenv("COLUMNS", "")
	var out bytes.Buffer
	run([]string{"show", "../../impl/mutant/testdata/clients/rd-ctx-reuse.trace"}, strings.NewReader(""), &out, &out)
	rows := 0
	for line := range strings.Lines(out.String()) {
		if fold.Columns(line) > 120 {
			rows++
		}
	}
	require.Positive(t, rows, "a table that needs more room than a terminal has takes it")
}
