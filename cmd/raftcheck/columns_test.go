package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
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

// toldBy has for every verb what makes it tell something: what held and what was covered, stories of what is broken, statements, tables, and where
// two go another way. FOLDER is one of the test, in which there are the files below.
var toldBy = map[string][]string{
	"check": {
		"check --nodes 2 --log 0 --messages 1",
		"check --nodes 2 --log 0 --messages 1 --liveness",
		"check --nodes 2 --log 0 --messages 1 --expect-states 1",
		"check --impl mutant:el-stale-vote-resp --log 0 --save FOLDER/saved",
		"check --nodes 2 --log 0 --messages 1 --goal entry-committed",
	},
	"fuzz":      {"fuzz --runs 3 --save none", "fuzz --impl mutant:cm-quorum-half --seed 2 --runs 100 --save FOLDER/saved"},
	"conform":   {"conform --impl mutant:el-stale-vote-resp --profile core"},
	"merge":     {"merge FOLDER/1.json FOLDER/2.json", "merge FOLDER/1.json"},
	"diff":      {"diff --impl reference --impl mutant:el-stale-vote-resp --nodes 2 --terms 1 --log 0 --messages 1"},
	"simulate":  {"simulate --trials 5 --limit 2s"},
	"verify":    {"verify FOLDER/votes.ndjson --per-rule", "verify FOLDER/two.trace FOLDER/votes.ndjson --keep-going", "verify FOLDER/nothing.ndjson FOLDER/broken.ndjson", "verify FOLDER/*"},
	"join":      {"join FOLDER/broken.ndjson FOLDER/nowhere.trace"},
	"linearize": {"linearize FOLDER/history.edn"},
	"replay":    {"replay FOLDER/two.trace", "replay --impl reference FOLDER/two.trace", "replay --impl reference --mended FOLDER/two.trace"},
	"shrink":    {"shrink FOLDER/two.trace --save none", "shrink --rule log-matching FOLDER/two.trace --save none"},
	"show":      {"show FOLDER/two.trace", "show FOLDER/two.trace FOLDER/votes.ndjson", "show --verbose FOLDER/two.trace", "show --around 3 FOLDER/votes.ndjson"},
	"gate":      {"gate --file FOLDER/raftcheck.yaml", "gate --file FOLDER/none.yaml", "gate --file FOLDER/raftcheck.yaml --known FOLDER/known.yaml"},
	"explain":   {"explain", "explain rules", "explain election-safety"},
	"demo":      {"demo"},
	"version":   {"version"},
	"help":      {"help", "help check"},
}

// forPrograms are the verbs whose output programs read: Go code, an address, a manual page, what a server and its keeper tell each other.
// TestRunIntroducesItselfInColumns is for run.
var forPrograms = []string{"adapt", "serve", "man", "run-server", "run"}

var toldOf = map[string]string{
	"votes.ndjson": `{"format":"raftcheck-trace","version":1,"servers":["n1","n2","n3"]}
{"n":1,"server":"n1","event":"timeout","post":{"role":"candidate","term":7,"votedFor":"n1"}}
{"n":2,"server":"n3","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n3","term":7},"effects":[{"send":{"kind":"RequestVoteReply","from":"n3","to":"n1","term":7,"granted":true}}],"post":{"role":"follower","term":7,"votedFor":"n1"}}
{"n":3,"server":"n2","event":"timeout","post":{"role":"candidate","term":7,"votedFor":"n2"}}
{"n":4,"server":"n3","event":"deliver","message":{"kind":"RequestVote","from":"n2","to":"n3","term":7},"effects":[{"send":{"kind":"RequestVoteReply","from":"n3","to":"n2","term":7,"granted":true}}],"post":{"role":"follower","term":7,"votedFor":"n2"}}
`,
	"broken.ndjson": `{"format":"raftcheck-trace","version":1,"servers":["n1","n2","n3"]}
{"n":1,"server":"n1","event":"a kind of event that nobody knows, which takes more room than there is on any line of a terminal"}
`,
	"history.edn": `{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 2}
`,
	"raftcheck.yaml": `version: 1
checks:
  - name: recorded votes
    verify: votes.ndjson
  - name: what clients saw
    linearize: history.edn
  - name: nothing at all
    verify: nothing/*.trace
  - name: every execution
    check: {impl: "mutant:el-stale-vote-resp", log: 0}
`,
	"known.yaml": `known:
  - rule: vote-once
    reason: "a reason that is written at some length, since somebody may have had much to say of why this has to wait"
    expires: 2020-01-31
`,
}

// tellingFolder makes the folder that toldBy is about.
func tellingFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range toldOf {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666))
	}
	for _, command := range []string{
		"check --impl mutant:el-stale-vote-resp --rule election-safety --save FOLDER/first",
		"fuzz --seed 7 --runs 6 --shard 1/2 -o json=FOLDER/1.json",
		"fuzz --seed 7 --runs 6 --shard 2/2 -o json=FOLDER/2.json",
	} {
		toldAt(t, 80, strings.Fields(strings.ReplaceAll(command, "FOLDER", folder))...)
	}
	saved, err := filepath.Glob(filepath.Join(folder, "first", "*.trace"))
	require.NoError(t, err)
	require.Len(t, saved, 1)
	require.NoError(t, os.Rename(saved[0], filepath.Join(folder, "two.trace")))
	for _, shard := range []string{"1.json", "2.json"} {
		require.FileExists(t, filepath.Join(folder, shard))
	}
	return folder
}

// TestWhatVerbsTellFits: whatever verb it is, and wherever it is written, no line is wider than the terminal.
func TestWhatVerbsTellFits(t *testing.T) {
	folder := tellingFolder(t)
	a := &app{term: newTerminal(&bytes.Buffer{}, &bytes.Buffer{}, func(string) (string, bool) { return "", false })}
	for _, verb := range a.verbs() {
		require.True(t, len(toldBy[verb.Name()]) > 0 || slices.Contains(forPrograms, verb.Name()), "nobody has looked at how wide %s is", verb.Name())
	}
	for _, width := range widths {
		for _, commands := range toldBy {
			for _, command := range commands {
				requireFits(t, toldAt(t, width, strings.Fields(strings.ReplaceAll(command, "FOLDER", folder))...), width, command)
			}
		}
	}
}

// TestRunIntroducesItselfInColumns also wants each command to be one that a shell takes as it stands there.
func TestRunIntroducesItselfInColumns(t *testing.T) {
	for _, width := range widths {
		var out bytes.Buffer
		env := func(name string) (string, bool) {
			return map[string]string{"COLUMNS": fmt.Sprint(width)}[name], name == "COLUMNS"
		}
		r := &runningCluster{app: &app{term: newTerminal(&out, &bytes.Buffer{}, env)}, flags: &runFlags{dir: strings.Repeat("deep/", 20), judge: true}, name: "mutant:el-stale-vote-resp",
			ids: []spec.ServerID{1, 2, 3}}
		r.introduce([]string{"http://127.0.0.1:47001", "http://127.0.0.1:47002", "http://127.0.0.1:47003"}, []int{1234567, 1234568, 1234569})
		requireFits(t, out.String(), width, "run")
		whole := regexp.MustCompile(`\\\n +`).ReplaceAllString(out.String(), "")
		for _, command := range []string{"curl -L -X PUT -d hello http://127.0.0.1:47001/kv/x\n", "curl -L -X PUT -d bye 'http://127.0.0.1:47001/kv/x?if=hello%20world'\n", "kill -9 1234567\n"} {
			require.Contains(t, whole, command, "%d columns", width)
		}
	}
}

// Mutants are searched as `check` does, and their stories told at every width, with what was lost and without. Those that docs/bugs.md says to take 100,000
// states are searched with -standard.
func TestStoriesOfMutantsFit(t *testing.T) {
	t.Parallel()
	written := measuredMutants(t)
	for _, m := range mutant.All {
		s := subject.Mutant(m)
		if measured, known := written[rowHead(s)]; known && !small(measured) && !*standard {
			continue
		}
		_, renamed := s.Config.New(1, s.Config.IDs()).(spec.Permuter)
		result, err := checker.Check(context.Background(), &s.Config, checker.Options{Name: s.Name, Symmetry: renamed})
		require.NoError(t, err, m.Name)
		require.Equal(t, spec.Violated, result.Verdict, m.Name)
		path := filepath.Join(traces.SavedUnder, result.Findings[0].Rule.Name+"-5f1c09.trace")
		var broken []traces.Finding
		for _, f := range result.Findings {
			broken = append(broken, f.Finding)
		}
		r := newReport("check", s.Name, result.Verdict)
		r.Bounds, r.Faults, r.Search = boundsOf(&s.Config, false), faultWords(s.Faults()), searchOf(&result.Search)
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
