package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mistakes are plausible ones of each verb, with the exit code and a part of what is said to do. The files are those of writeFiles.
var mistakes = []struct {
	command string
	code    int
	says    string
}{
	{"completion tcsh", 2, "hint: one of bash, fish, powershell, zsh"},
	{"help check fuzz", 2, `raftcheck check has no verb "fuzz"`},
	{"check election-safety", 2, "hint: --rule election-safety"},
	{"check el-stale-vote-resp", 2, "hint: --impl mutant:el-stale-vote-resp"},
	{"check raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"check a.trace", 2, "hint: raftcheck verify a.trace"},
	{"check --impl raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"check --exec raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"check --impl mutant", 2, "hint: raftcheck explain mutants lists them"},
	{"check --impl mutant:", 2, "hint: raftcheck explain mutants lists them"},
	{"check --features snapshot", 2, `hint: did you mean "snapshots"?`},
	{"check --for 10", 2, "hint: with its unit, as in 30s, 10m or 1h30m"},
	{"check --rule=", 2, "hint: leave it out, or say which"},
	{"check --known raftcheck.yaml", 4, "hint: raftcheck gate --file raftcheck.yaml"},
	{"check -o json=none/x.json", 2, "hint: mkdir -p none makes the folder"},
	{"check -o json=folder", 2, "hint: name a file in it"},
	{"fuzz reference", 2, "hint: --impl reference"},
	{"fuzz a.trace", 2, "hint: raftcheck verify a.trace"},
	{"fuzz --workers 2147483648", 2, "at most 1024"},
	{"fuzz --for 5", 2, "hint: with its unit, as in 30s, 10m or 1h30m"},
	{"fuzz --impl raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"fuzz --features snapshot", 2, `hint: did you mean "snapshots"?`},
	{"fuzz --known a.trace", 4, "hint: raftcheck verify a.trace"},
	{"conform reference", 2, "hint: --impl reference"},
	{"conform raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"conform --against a.trace", 4, "hint: raftcheck verify a.trace"},
	{"conform --against h.history", 4, "hint: raftcheck linearize h.history"},
	{"conform --impl mutant", 2, "hint: raftcheck explain mutants lists them"},
	{"verify b.trace", 4, `hint: did you mean "a.trace"?`},
	{"verify none*.trace", 4, "hint: the pattern matches no file"},
	{"verify folder", 4, "hint: give the files in it, as in folder/*"},
	{"verify h.history", 4, "hint: raftcheck linearize h.history"},
	{"verify raftcheck.yaml", 4, "hint: raftcheck gate --file raftcheck.yaml"},
	{"verify statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"verify --map a.trace a.trace", 4, "hint: raftcheck verify a.trace"},
	{"linearize statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"linearize h.histori", 4, `hint: did you mean "h.history"?`},
	{"linearize none*", 4, "hint: the pattern matches no file"},
	{"linearize --for 5 h.history", 2, "hint: with its unit, as in 30s, 10m or 1h30m"},
	{"linearize report.sarif", 4, "this is a report in SARIF"},
	{"replay b.trace", 4, `hint: did you mean "a.trace"?`},
	{"replay folder", 4, "hint: give the files in it, as in folder/*"},
	{"replay statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"replay a.trace --impl raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"replay a.trace --rule=", 2, "hint: leave it out, or say which"},
	{"shrink b.trace", 4, `hint: did you mean "a.trace"?`},
	{"shrink folder", 4, "hint: give the files in it, as in folder/*"},
	{"shrink h.history", 4, "hint: raftcheck linearize h.history"},
	{"shrink a.trace --impl mutant", 2, "hint: raftcheck explain mutants lists them"},
	{"shrink a.trace --rule=", 2, "hint: leave it out, or say which"},
	{"show b.trace", 4, `hint: did you mean "a.trace"?`},
	{"show folder", 4, "hint: give the files in it, as in folder/*"},
	{"show raftcheck.yaml", 4, "hint: raftcheck gate --file raftcheck.yaml"},
	{"show statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"show none*", 4, "hint: the pattern matches no file"},
	{"join h.history", 4, "hint: raftcheck linearize h.history"},
	{"join raftcheck.yaml", 4, "hint: raftcheck gate --file raftcheck.yaml"},
	{"join statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"join b.trace", 4, `hint: did you mean "a.trace"?`},
	{"join folder", 4, "hint: give the files in it, as in folder/*"},
	{"merge a.trace", 4, "hint: raftcheck verify a.trace"},
	{"merge h.history", 4, "hint: raftcheck linearize h.history"},
	{"merge raftcheck.yaml", 4, "hint: raftcheck gate --file raftcheck.yaml"},
	{"merge statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"merge shard-*.json", 4, "hint: the pattern matches no file"},
	{"gate raftcheck.yaml", 2, "hint: the file is named with --file raftcheck.yaml"},
	{"gate --file a.trace", 4, "hint: raftcheck verify a.trace"},
	{"gate --file h.history", 4, "hint: raftcheck linearize h.history"},
	{"gate --file statement.json", 4, "hint: raftcheck conform --against statement.json"},
	{"gate --known a.trace", 4, "hint: raftcheck verify a.trace"},
	{"diff reference", 2, "hint: --impl reference"},
	{"diff a.trace", 2, "hint: raftcheck verify a.trace"},
	{"diff --impl reference --impl mutant", 2, "hint: raftcheck explain mutants lists them"},
	{"diff --impl reference --impl raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"diff --impl reference --impl reference:snapshot", 2, `hint: did you mean "snapshots"?`},
	{"run reference", 2, "hint: --impl reference"},
	{"run --for 5", 2, "hint: with its unit, as in 30s, 10m or 1h30m"},
	{"run --exec raft.py", 2, "hint: --exec is a flag of check, conform, fuzz, replay, serve and shrink"},
	{"run --impl etcd", 2, "hint: --impl reference or mutant:NAME"},
	{"run a.trace", 2, "hint: raftcheck verify a.trace"},
	{"run --features snapshot", 2, `hint: did you mean "snapshots"?`},
	{"run 150ms-300ms", 2, "hint: --election-timeout 150ms-300ms"},
	{"simulate a.trace", 2, "hint: raftcheck verify a.trace"},
	{"simulate 150ms-300ms", 2, "hint: --election-timeout 150ms-300ms"},
	{"simulate --election-timeout 300", 2, "hint: as in --election-timeout 150ms-300ms"},
	{"simulate --delay 5", 2, "hint: as in --delay 1ms-5ms"},
	{"simulate --impl etcd", 2, "hint: --impl is a flag of "},
	{"simulate --faults crash", 2, "hint: --faults is a flag of "},
	{"demo election-safety", 2, "hint: raftcheck explain election-safety"},
	{"demo el-stale-vote-resp", 2, "hint: raftcheck check --impl mutant:el-stale-vote-resp"},
	{"demo --impl etcd", 2, "hint: --impl is a flag of "},
	{"demo raft.py", 2, "hint: raftcheck check --exec 'python3 raft.py'"},
	{"demo -o pdf", 2, "hint: one of text, json, html, svg"},
	{"demo --nodes 5", 2, "hint: --nodes is a flag of "},
	{"man", 2, "hint: as in raftcheck man share/man/man1"},
	{"man check", 2, "hint: raftcheck help check"},
	{"man a.trace", 2, "hint: as in raftcheck man share/man/man1"},
	{"man 1 check", 2, "hint: as in raftcheck man share/man/man1"},
	{"man -o pages", 2, "hint: -o is a flag of "},
	{"completion Bash", 2, "hint: one of bash, fish, powershell, zsh"},
	{"completion zhs", 2, "hint: one of bash, fish, powershell, zsh"},
	{"completion bash zsh", 2, "hint: raftcheck completion bash --help"},
	{"completion fish a.trace", 2, "hint: raftcheck verify a.trace"},
	{"completion bash -o raftcheck.bash", 2, "hint: -o is a flag of "},
	{"adapt", 2, "hint: as in raftcheck adapt ./raft.Raft"},
	{"adapt folder", 2, "hint: as in raftcheck adapt ./raft.Raft"},
	{"adapt nowhere.Raft", 4, `there is no folder "nowhere"`},
	{"adapt raft.py", 2, "hint: raftcheck check --exec 'python3 raft.py'"},
	{"adapt a.trace", 2, "hint: raftcheck verify a.trace"},
	{"help chekc", 2, `hint: did you mean "check"?`},
	{"help a.trace", 2, "hint: raftcheck verify a.trace"},
	{"help election-safety", 2, "hint: raftcheck explain election-safety"},
	{"help raft.py", 2, "hint: raftcheck check --exec 'python3 raft.py'"},
	{"a.trace", 2, "hint: raftcheck verify a.trace"},
	{"explain a.trace", 2, "hint: raftcheck verify a.trace"},
	{"explain raft.py", 2, "hint: raftcheck check --exec 'python3 raft.py'"},
	{"explain dropp", 2, `hint: did you mean "drop"?`},
	{"explain swarms", 2, `hint: did you mean "swarm"?`},
	{"explain sarrif", 2, `hint: did you mean "sarif"?`},
	{"serve b.trace", 4, `hint: did you mean "a.trace"?`},
	{"serve folder", 4, "hint: give the files in it, as in folder/*"},
	{"serve h.history", 4, "hint: raftcheck linearize h.history"},
	{"serve raftcheck.yaml", 4, "hint: raftcheck gate --file raftcheck.yaml"},
	{"serve a.trace a.trace", 2, "hint: raftcheck serve TRACE"},
	{"serve --impl mutant", 2, "hint: raftcheck explain mutants lists them"},
	{"serve --impl raft.py", 2, "hint: --exec 'python3 raft.py'"},
	{"serve --mutant el-stale-vote-resp", 2, `unknown flag "--mutant"`},
	{"serve --port 70000", 2, "hint: 0 takes one that is free"},
	{"serve --port http", 2, "it is a whole number"},
	{"serve --for 10", 2, "hint: with its unit, as in 30s, 10m or 1h30m"},
	{"serve --ticks 3", 2, "hint: --features lease-reads"},
	{"serve a.trace --variant sprevotes", 2, "unknown variant"},
	{"serve a.trace --nodes 0", 2, "--nodes 0: it is at least 1"},
	{"serve a.trace --network posted", 2, "network"},
	{"serve --rule election-safty", 2, `did you mean "election-safety"?`},
	{"version a.trace", 2, "hint: raftcheck verify a.trace"},
	{"version etcd", 2, "hint: raftcheck check --impl etcd"},
	{"version check", 2, "hint: raftcheck help check"},
	{"version -o json", 2, "hint: -o is a flag of "},
	{"version --verbos", 2, `hint: did you mean "--verbose"?`},
	{"version --impl etcd", 2, "hint: --impl is a flag of "},
}

// TestEveryVerbHasMistakes: for a verb that people call there are five at least.
func TestEveryVerbHasMistakes(t *testing.T) {
	of := map[string]int{}
	for _, m := range mistakes {
		of[strings.Fields(m.command)[0]]++
	}
	for verb := range walk {
		switch verb {
		case oneServer, "bash", "fish", "powershell", "zsh":
			verb = "completion"
		}
		require.GreaterOrEqual(t, of[verb], 5, verb)
	}
}

// TestMistakesAreToldWithWhatToDo: none of them is passed over, and each is answered with something to do.
func TestMistakesAreToldWithWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFiles(t)
	for _, m := range mistakes {
		var out, errs bytes.Buffer
		code := run(strings.Fields(m.command), strings.NewReader(""), &out, &errs)
		assert.Equal(t, m.code, code, "raftcheck %s\n%s%s", m.command, &out, &errs)
		assert.Contains(t, oneLine(errs.String()+out.String()), m.says, "raftcheck %s", m.command)
	}
}

// TestNothingGivenIsNotPassedOver tries every flag of every verb with nothing for a value, as where a variable of the shell is not set.
func TestNothingGivenIsNotPassedOver(t *testing.T) {
	files := inputs(t)
	tried := 0
	for _, verb := range verbsOf(t) {
		args, _ := words(walk[verb.Name()].quick, files)
		try := func(f *pflag.Flag) {
			if f.Name == "help" || slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--"+f.Name) }) {
				return
			}
			tried++
			var out, errs bytes.Buffer
			code := run(append(slices.Clone(args), "--"+f.Name+"="), strings.NewReader(""), &out, &errs)
			assert.Equal(t, exitUsage.code(), code, "raftcheck %s --%s=\n%s%s", verb.Name(), f.Name, &out, &errs)
			assert.Contains(t, errs.String(), "hint: ", "raftcheck %s --%s=", verb.Name(), f.Name)
		}
		verb.LocalFlags().VisitAll(try)
		verb.InheritedFlags().VisitAll(try)
	}
	require.Greater(t, tried, 150)
}

// kinds are the files of writeFiles, each with what is said to do where a verb takes it for another, and the verbs that read it. Those of a flag are
// named with it.
var kinds = map[string]struct {
	says string
	by   []string
}{
	"a.trace":        {"raftcheck verify a.trace", []string{"verify", "linearize", "replay", "shrink", "show", "join", "serve"}},
	"h.history":      {"raftcheck linearize h.history", []string{"linearize"}},
	"raftcheck.yaml": {"raftcheck gate --file raftcheck.yaml", []string{"gate --file"}},
	"known.yaml":     {"--known known.yaml", []string{"gate --known", "verify a.trace --known"}},
	"mapping.yaml":   {"raftcheck verify --map MAPPING LOG", []string{"verify a.trace --map"}},
	"statement.json": {"raftcheck conform --against statement.json", []string{"conform --against"}},
	"report.sarif":   {"it tells of files that were judged", nil},
	"shard.json":     {"raftcheck merge shard.json", []string{"merge"}},
	"story.html":     {"raftcheck verify story.html", []string{"verify", "replay", "shrink", "show", "join", "serve"}},
	"picture.svg":    {"is not the record", nil},
	"summary.md":     {"it tells of files that were judged", nil},
	"raft.py":        {"raftcheck check --exec", nil},
}

// TestWrongFilesAreToldByTheVerbThatTakesThem tries every kind of file where every other is read.
func TestWrongFilesAreToldByTheVerbThatTakesThem(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFiles(t)
	for _, reader := range []string{"verify", "linearize", "replay", "shrink", "show", "join", "merge", "serve", "gate --file", "gate --known", "verify a.trace --known", "conform --against", "verify a.trace --map"} {
		for file, kind := range kinds {
			if slices.Contains(kind.by, reader) {
				continue
			}
			var out, errs bytes.Buffer
			code := run(append(strings.Fields(reader), file), strings.NewReader(""), &out, &errs)
			assert.Equal(t, exitInput.code(), code, "raftcheck %s %s\n%s%s", reader, file, &out, &errs)
			said := oneLine(errs.String() + out.String())
			assert.Contains(t, said, kind.says, "raftcheck %s %s", reader, file)
			assert.Contains(t, said, file+":1: this is a", "raftcheck %s %s", reader, file)
		}
	}
}

// writeFiles writes a file of each kind.
func writeFiles(t *testing.T) {
	t.Helper()
	require.NoError(t, os.Mkdir("folder", 0o755))
	var out bytes.Buffer
	require.Equal(t, 1, run([]string{"check", "--impl", "mutant:el-stale-vote-resp", "--save", "saved", "-o", "html=story.html", "-o", "markdown=summary.md"}, strings.NewReader(""), &out, &out))
	saved, err := filepath.Glob("saved/*.trace")
	require.NoError(t, err)
	require.Len(t, saved, 1)
	require.NoError(t, os.Rename(saved[0], "a.trace"))
	for name, text := range map[string]string{
		"h.history":      `{"format":"raftcheck-history","version":1}` + "\n",
		"raftcheck.yaml": "version: 1\nchecks:\n- name: a\n  verify: a.trace\n",
		"statement.json": `{"format":1,"suite":"devel","implementation":"reference","level":"quick","verdict":"conforming"}`,
		"report.sarif":   `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[]}`,
		"known.yaml":     "- rule: vote-once\n  subject: trace\n  fingerprint: \"c358e7d04fd43163\"\n  reason: a\n  expires: \"2027-01-31\"\n",
		"mapping.yaml":   "format: raftcheck-mapping\nversion: 1\n",
		"shard.json":     "{\n\"format\": 1,\n\"version\": \"devel\",\n\"command\": \"fuzz\",\n\"verdict\": \"held\"\n}\n",
		"picture.svg":    `<svg xmlns="http://www.w3.org/2000/svg"></svg>`,
		"raft.py":        "#!/usr/bin/env python3\nimport sys\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
}
