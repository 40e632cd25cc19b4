package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// walked is how tests call a verb. In words, {trace} and other names of [inputs] stand for files that are read.
type walked struct {
	quick string // comes to its result soon; it may have a flag that writes besides
	long  string // goes on until it is ended; "" for verbs that never take long
}

// walk is every verb. A verb that is not here fails TestNoVerbIsForgotten.
var walk = map[string]walked{
	"check":      {"check --nodes 2 --terms 1 --messages 1 --log 0 --goal leader-elected --save none", "check --nodes 5 --terms 4 --log 3 --messages 4"},
	"fuzz":       {"fuzz --runs 5 --save none --allow inconclusive", "fuzz --for 1h --allow inconclusive --save none"},
	"merge":      {"merge {shard} --save none", "merge {shard} -"},
	"conform":    {"conform --profile core", "conform --level deep"},
	"diff":       {"diff --impl reference --impl mutant:el-stale-vote-resp --nodes 2 --terms 1 --log 0 --messages 1", "diff --impl reference:snapshots --impl reference --terms 4 --log 4 --messages 4"},
	"run":        {"run --for 200ms", "run --load 2"},
	oneServer:    {},
	"simulate":   {"simulate --election-timeout 150ms-300ms --trials 2", "simulate --trials 1000000"},
	"verify":     {"verify {trace}", "verify {trace} -"},
	"gate":       {"gate --file {gate}", "gate --file {longgate}"},
	"join":       {"join {n1} {n2}", "join {n1} -"},
	"linearize":  {"linearize {history}", "linearize {history} -"},
	"replay":     {"replay {trace}", "replay -"},
	"shrink":     {"shrink {trace} --save none", "shrink - --save none"},
	"show":       {"show {trace}", "show -"},
	"serve":      {"serve {trace} --for 100ms", "serve {trace}"},
	"explain":    {"explain election-safety", ""},
	"demo":       {"demo", ""},
	"adapt":      {"adapt ../../examples/lab.Raft", ""},
	"version":    {"version", ""},
	"man":        {"man", ""},
	"help":       {"help check", ""},
	"bash":       {"completion bash", ""},
	"fish":       {"completion fish", ""},
	"powershell": {"completion powershell", ""},
	"zsh":        {"completion zsh", ""},
}

// inputs makes the files that verbs read, in a folder of their own.
func inputs(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"history":  `{"format":"raftcheck-history","version":1}` + "\n" + `{"client":"a","event":"call","op":"write","key":"x","value":1}` + "\n" + `{"client":"a","event":"return"}` + "\n",
		"n1":       `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}` + "\n" + `{"n":1,"server":"n1","event":"timeout","effects":[{"send":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}],"post":{"term":1}}` + "\n",
		"n2":       `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}` + "\n" + `{"n":1,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":1},"post":{"term":1}}` + "\n",
		"gate":     "version: 1\nchecks:\n  - name: one\n    verify:\n      traces: [trace]\n",
		"longgate": "version: 1\nchecks:\n  - name: long\n    check: {nodes: 5, terms: 4, log: 3, messages: 4}\n",
		"bad":      "this is nothing\n",
		"empty":    "",
	}
	paths := map[string]string{}
	for name, text := range files {
		paths[name] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(paths[name], []byte(text), 0o666))
	}
	saved := filepath.Join(dir, "saved")
	require.Equal(t, 1, quietly("check", "--impl", "mutant:el-stale-vote-resp", "--rule", "election-safety", "--save", saved))
	found, err := filepath.Glob(filepath.Join(saved, "*.trace"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	paths["trace"], paths["shard"] = filepath.Join(dir, "trace"), filepath.Join(dir, "shard")
	require.NoError(t, os.Rename(found[0], paths["trace"]))
	require.NoError(t, os.Remove(saved))
	require.Equal(t, 1, quietly("fuzz", "--impl", "mutant:cm-quorum-half", "--seed", "2", "--runs", "100", "--shard", "2/2", "--save", "none", "-o", "json="+paths["shard"]))
	return paths
}

func quietly(args ...string) int { return run(args, strings.NewReader(""), io.Discard, io.Discard) }

// words are a call as arguments, and the files that it reads.
func words(call string, inputs map[string]string) (args, reads []string) {
	for word := range strings.FieldsSeq(call) {
		if path := inputs[strings.Trim(word, "{}")]; strings.HasPrefix(word, "{") {
			word, reads = path, append(reads, path)
		}
		args = append(args, word)
	}
	return args, reads
}

// verbsOf lists every verb of the command tree, hidden ones and those below others too.
func verbsOf(t *testing.T) (verbs []*cobra.Command) {
	t.Helper()
	root := newRoot(&app{term: newTerminal(io.Discard, io.Discard, os.LookupEnv), env: os.LookupEnv})
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	var collect func(*cobra.Command)
	collect = func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			verbs = append(verbs, cmd)
		}
		for _, c := range cmd.Commands() {
			collect(c)
		}
	}
	collect(root)
	return verbs
}

// TestNoVerbIsForgotten: every verb is walked, and every flag that names a file is marked as one that is written, or is known to be read.
func TestNoVerbIsForgotten(t *testing.T) {
	var names []string
	for _, verb := range verbsOf(t) {
		names = append(names, verb.Name())
		require.Contains(t, walk, verb.Name(), "say in walk_test.go how tests call it")
		verb.Flags().VisitAll(func(f *pflag.Flag) {
			what, usage := pflag.UnquoteUsage(f)
			isFile := strings.EqualFold(what, "file") || strings.Contains(usage, "=FILE")
			require.True(t, !isFile || f.Annotations[writes] != nil || slices.Contains([]string{"known", "map", "file", "against"}, f.Name),
				"--%s of %s: markWrites, if it names a file that is written", f.Name, verb.Name())
		})
	}
	for name := range walk {
		require.Contains(t, names, name, "there is no such verb any more")
	}
}

// byHand are the files of this package that write in another way than all others, and why that is right.
var byHand = map[string]string{
	"source.go": "a temporary file",
	"run.go":    "the folder of a run",
	"verify.go": "a temporary file",
	"output.go": "the summary of a job, to which every step adds",
}

// TestFilesAreWrittenByOneHelper and by nothing else.
func TestFilesAreWrittenByOneHelper(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") || byHand[source] != "" {
			continue
		}
		text, err := os.ReadFile(source)
		require.NoError(t, err)
		require.Empty(t, regexp.MustCompile(`\bos\.(Create|CreateTemp|WriteFile|OpenFile|Rename)\(`).FindAllString(string(text), -1), "%s: use app.create or package whole", source)
	}
}

// writing calls do for every flag of a verb that writes a file: before is what stands in front of the path in its value.
func writing(verb *cobra.Command, do func(flag *pflag.Flag, before string)) {
	verb.Flags().VisitAll(func(f *pflag.Flag) {
		if before := f.Annotations[writes]; before != nil {
			do(f, before[0])
		}
	})
}

// TestNothingIsWrittenOverThatIsRead by any verb, flag, or name of the file.
func TestNothingIsWrittenOverThatIsRead(t *testing.T) {
	files := inputs(t)
	dir := t.TempDir()
	for _, verb := range verbsOf(t) {
		args, reads := words(walk[verb.Name()].quick, files)
		writing(verb, func(flag *pflag.Flag, before string) {
			for _, input := range reads {
				was, err := os.ReadFile(input)
				require.NoError(t, err)
				for name, path := range fileNames(t, dir, input) {
					if flag.Name == "exec-transcript" {
						continue // what a program is made of: see TestATranscriptIsNotTheProgram
					}
					require.Equal(t, exitUsage.code(), quietly(append(args, "--"+flag.Name, before+path)...), "%s --%s, %s of %s", verb.Name(), flag.Name, name, input)
					is, err := os.ReadFile(input)
					require.NoError(t, err)
					require.Equal(t, was, is)
				}
			}
		})
	}
}

// fileNames are names of one file.
func fileNames(t *testing.T, dir, file string) map[string]string {
	t.Helper()
	hard, soft := filepath.Join(dir, "hard"), filepath.Join(dir, "soft")
	for _, link := range []string{hard, soft} {
		if err := os.Remove(link); !errors.Is(err, os.ErrNotExist) {
			require.NoError(t, err)
		}
	}
	require.NoError(t, os.Link(file, hard))
	require.NoError(t, os.Symlink(file, soft))
	return map[string]string{"itself": file, "a hard link": hard, "a link": soft, "a way round": filepath.Join(filepath.Dir(file), ".", "..", filepath.Base(filepath.Dir(file)), filepath.Base(file))}
}

func TestATranscriptIsNotTheProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "raft.sh")
	require.NoError(t, os.WriteFile(program, []byte("exit 1\n"), 0o777))
	require.Equal(t, exitUsage.code(), quietly("check", "--exec", "/bin/sh "+program, "--exec-transcript", program))
	text, err := os.ReadFile(program)
	require.NoError(t, err)
	require.Equal(t, "exit 1\n", string(text))
}

// TestFilesAppearWhole or stay as they were: for every verb and flag that writes, where it can, cannot, and is not let to.
func TestFilesAppearWhole(t *testing.T) {
	files := inputs(t)
	t.Chdir(t.TempDir())
	for _, verb := range verbsOf(t) {
		args, _ := words(walk[verb.Name()].quick, files)
		writing(verb, func(flag *pflag.Flag, before string) {
			into := func(path string) (int, string) {
				var errs bytes.Buffer
				all := append(slices.Clone(args), "--"+flag.Name, before+path)
				if flag.Name == "exec-transcript" {
					all = append(all, "--exec", "sh -c 'read x; echo hello'")
				}
				return run(all, strings.NewReader(""), io.Discard, &errs), errs.String()
			}
			what := verb.Name() + " --" + flag.Name
			for _, path := range []string{"none/report", ".", ""} {
				code, _ := into(path)
				require.True(t, code == exitUsage.code() || path == "" && before == "", "%s %q: %d", what, path, code)
			}
			if info, err := os.Stat("/dev/full"); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				code, said := into("/dev/full")
				require.True(t, code == exitFault.code() || code == exitViolated.code() || flag.Name == "exec-transcript", "%s: %d", what, code)
				require.True(t, strings.Contains(said, syscall.ENOSPC.Error()) || code == exitViolated.code(), "%s: %s", what, said)
			}
			require.NoError(t, os.WriteFile("report", []byte("old"), 0o666))
			code, said := into("report")
			require.NotEqual(t, exitUsage.code(), code, "%s: %s", what, said)
			text, err := os.ReadFile("report")
			require.NoError(t, err)
			if before == "json=" || before == "sarif=" {
				require.True(t, json.Valid(text), what)
			}
			require.True(t, len(text) > 0, what)
			entries, err := os.ReadDir(".")
			require.NoError(t, err)
			for _, e := range entries {
				require.False(t, strings.HasPrefix(e.Name(), "."), "%s leaves %s", what, e.Name())
				require.NoError(t, os.RemoveAll(e.Name()))
			}
		})
	}
}

// full is where nothing can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestAResultThatNobodyGotIsNoPass, whoever prints it.
func TestAResultThatNobodyGotIsNoPass(t *testing.T) {
	files := inputs(t)
	t.Chdir(t.TempDir())
	for name, verb := range walk {
		if name == oneServer {
			continue
		}
		args, _ := words(verb.quick, files)
		var errs bytes.Buffer
		code := run(args, strings.NewReader(""), full{}, &errs)
		require.NotEqual(t, exitHeld.code(), code, "%s: %s", name, errs.String())
	}
}
