//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/subject"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// The long runs: go test ./cmd/raftcheck -run 'TestRandomMoments|TestRandomCommandLines' -moments 1000 -lines 2000 -timeout 0
var (
	moments = flag.Int("moments", 6, "random moments at which a verb is ended, killed or finds the disk full")
	lines   = flag.Int("lines", 40, "random command lines")
	kills   = flag.Int("kills", 1, "random moments at which a large search in a directory is killed; above 1 it is larger")
	chance  = flag.Uint64("chance", 1, "where random moments and command lines begin")
)

// begun is raftcheck as a process of its own. What it starts inherits a mark, by which what it leaves behind is found.
type begun struct {
	*exec.Cmd
	mark      string
	out, errs bytes.Buffer
	ended     chan error
}

// begin starts raftcheck in a folder. A limit above 0 is how large a file may become, in blocks of 512 bytes: a disk that is full then.
func begin(t *testing.T, dir string, limit int, args ...string) *begun {
	t.Helper()
	command := append([]string{"-c", `if [ "$0" -gt 0 ]; then ulimit -f "$0"; fi; exec "$@"`, strconv.Itoa(limit), os.Args[0]}, args...)
	p := &begun{Cmd: exec.Command("/bin/sh", command...), mark: fmt.Sprintf("TESTING_MARK=%d-%d", os.Getpid(), time.Now().UnixNano()), ended: make(chan error, 1)}
	p.Dir, p.Stdout, p.Stderr = dir, &p.out, &p.errs
	p.Env = append(os.Environ(), asRaftcheck+"=always", p.mark, "TMPDIR="+dir)
	p.WaitDelay = 10 * time.Second
	_, err := p.StdinPipe() // which nobody writes to
	require.NoError(t, err)
	require.NoError(t, p.Start())
	go func() { p.ended <- p.Wait() }()
	return p
}

// inTime is far more than a verb, or a search of millions of states, needs to end on a machine that is busy with other things: it says that something hangs.
const inTime = 10 * time.Minute

// end waits for the end, and returns the exit code; -1 if the process was killed.
func (p *begun) end(t *testing.T, what string) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(inTime):
		_ = p.Process.Signal(syscall.SIGQUIT)
		<-p.ended
		require.Fail(t, "it does not end", "%s\n%s", what, p.errs.String())
	}
	require.NotContains(t, p.errs.String(), "has a bug", what)
	require.NotContains(t, p.errs.String(), "panic:", what)
	return p.ProcessState.ExitCode()
}

// alone expects that nothing of it is left.
func (p *begun) alone(t *testing.T, what string) {
	t.Helper()
	require.Eventually(t, func() bool { return marked(p.mark) == "" }, inTime, 10*time.Millisecond, "%s leaves a process: %s", what, marked(p.mark))
}

// marked returns a process that has the mark in its environment, or "" if there is none. Elsewhere than on Linux nobody can tell.
func marked(mark string) string {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range all {
		if env, err := os.ReadFile(file); err == nil && bytes.Contains(env, []byte(mark)) {
			name, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			if len(name) > 0 { // else it has ended and waits for its parent
				return string(bytes.ReplaceAll(name, []byte{0}, []byte(" ")))
			}
		}
	}
	return ""
}

// hanging is a program that answers nothing, ends for nobody, and has a child that does neither.
const hanging = `sh -c "trap '' INT TERM HUP; sleep 1000 & while :; do sleep 1; done"`

// way is how a verb is ended.
type way struct {
	name   string
	signal syscall.Signal // 0 is none
	limit  int            // of a file, in blocks
}

var endings = []way{{"SIGINT", syscall.SIGINT, 0}, {"SIGTERM", syscall.SIGTERM, 0}, {"SIGHUP", syscall.SIGHUP, 0}, {"kill -9", syscall.SIGKILL, 0}, {"a full disk", 0, 1}}

// heeded is the way itself, or another where its signal is ignored, as under nohup: what a program is told to ignore it ignores.
func (w way) heeded() way {
	if w.signal != 0 && w.signal != syscall.SIGKILL && signal.Ignored(w.signal) {
		return endings[1]
	}
	return w
}

// moment runs a verb, ends it that way after a while, and expects that no input changed, no report is half there and no process is left.
func moment(t *testing.T, files map[string]string, call string, w way, after time.Duration) {
	t.Helper()
	dir := t.TempDir()
	args, reads := words(call, files)
	report := filepath.Join(dir, "report.json")
	if hasOutput(t, args[0]) {
		require.NoError(t, os.WriteFile(report, []byte("{}"), 0o666))
		args = append(args, "-o", "json="+report)
	}
	sums := sumsOf(t, reads)
	what := strings.Join(args, " ") + ", " + w.name + " after " + after.String()
	p := begin(t, dir, w.limit, args...)
	if w.signal != 0 {
		time.Sleep(after)
		_ = p.Process.Signal(w.signal) // it may have ended
	} else {
		time.AfterFunc(2*time.Second, func() { _ = p.Process.Signal(syscall.SIGTERM) })
	}
	code := p.end(t, what)
	if w.signal != syscall.SIGKILL && code != -1 {
		require.Less(t, code, len(exitCodes), "%s\n%s", what, p.errs.String())
	}
	require.Equal(t, sums, sumsOf(t, reads), what)
	if text, err := os.ReadFile(report); !errors.Is(err, os.ErrNotExist) {
		require.True(t, json.Valid(text), "%s: half a report:\n%s", what, text)
	}
	p.alone(t, what)
	require.Eventually(t, func() bool { return leftIn(t, dir) == "" }, inTime, 10*time.Millisecond, "%s leaves %s", what, leftIn(t, dir))
}

// leftIn returns what is left in a folder that was for temporary files; "" if nothing is. A verb may make a folder of its results there.
func leftIn(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range all {
		if temporary.MatchString(e.Name()) {
			return e.Name()
		}
	}
	return ""
}

// temporary are the names of temporary files and folders.
var temporary = regexp.MustCompile(`^raftcheck-[0-9]+$|^\.`)

func hasOutput(t *testing.T, verb string) bool {
	for _, v := range verbsOf(t) {
		if f := v.Flags().Lookup("output"); v.Name() == verb && f != nil {
			return strings.Contains(f.Usage, "json")
		}
	}
	return false
}

func sumsOf(t *testing.T, files []string) (sums []string) {
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(data)))
	}
	return sums
}

// longCalls are the verbs that can run long, and those with a program that hangs.
func longCalls() (calls []string) {
	for _, verb := range walk {
		if verb.long != "" {
			calls = append(calls, verb.long)
		}
	}
	slices.Sort(calls)
	return calls
}

// TestVerbsEndWhenTheyAreAsked: each that can run long, in some way, at some moment.
func TestVerbsEndWhenTheyAreAsked(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	files := inputs(t)
	random := rand.New(rand.NewPCG(*chance, 1))
	for k, call := range longCalls() {
		w := endings[k%(len(endings)-1)].heeded()
		t.Run(strings.Fields(call)[0]+" "+w.name, func(t *testing.T) { moment(t, files, call, w, time.Duration(random.IntN(800))*time.Millisecond) })
	}
}

// TestProgramsThatHangAreEnded with raftcheck, whatever ends it.
func TestProgramsThatHangAreEnded(t *testing.T) {
	for _, verb := range []string{"check", "fuzz", "serve"} {
		for _, w := range endings[:4] {
			w = w.heeded()
			t.Run(verb+" "+w.name, func(t *testing.T) {
				p := begin(t, t.TempDir(), 0, verb, "--exec", hanging, "--exec-limit", "1h")
				time.Sleep(300 * time.Millisecond)
				require.NoError(t, p.Process.Signal(w.signal))
				if code := p.end(t, verb); w.signal != syscall.SIGKILL && code != -1 {
					require.Equal(t, exitInconclusive.code(), code, p.errs.String())
				}
				p.alone(t, verb)
			})
		}
	}
}

// TestRandomMoments tries random verbs, endings and moments; -moments says how many.
func TestRandomMoments(t *testing.T) {
	files := inputs(t)
	random := rand.New(rand.NewPCG(*chance, 2))
	var calls []string
	for _, verb := range []string{"check", "fuzz", "verify", "linearize", "join", "merge", "run", "shrink"} {
		calls = append(calls, walk[verb].quick, walk[verb].long)
	}
	for k := range *moments {
		call, w, after := calls[random.IntN(len(calls))], endings[random.IntN(len(endings))].heeded(), time.Duration(random.IntN(1500))*time.Millisecond
		t.Run(strconv.Itoa(k), func(t *testing.T) { moment(t, files, call, w, after) })
	}
}

// TestRandomCommandLines makes command lines from the command tree, with values at their ends and beyond, and expects of each that it ends
// with a code that is documented, in time, and without a panic; -lines says how many.
func TestRandomCommandLines(t *testing.T) {
	files := inputs(t)
	random := rand.New(rand.NewPCG(*chance, 3))
	g := &liner{t, random, files}
	for k := range *lines {
		args := g.line()
		if !t.Run(strconv.Itoa(k), func(t *testing.T) {
			dir := t.TempDir()
			p := begin(t, dir, 0, args...)
			go func() { // no budget of the line's own may be above this
				time.Sleep(2 * time.Second)
				_ = p.Process.Signal(syscall.SIGTERM)
			}()
			what := fmt.Sprintf("%q", args)
			code := p.end(t, what)
			require.True(t, code == -1 || code < len(exitCodes), "%s: %d", what, code)
			p.alone(t, what)
		}) {
			return
		}
	}
}

// liner makes command lines.
type liner struct {
	t      *testing.T
	random *rand.Rand
	files  map[string]string
}

func (g *liner) line() []string {
	verbs := slices.DeleteFunc(verbsOf(g.t), func(c *cobra.Command) bool { return c.Name() == oneServer }) // it is for raftcheck run alone, and ends with its input
	verb := verbs[g.random.IntN(len(verbs))]
	args := strings.Fields(strings.TrimPrefix(verb.CommandPath(), verb.Root().Name()))
	if g.random.IntN(4) > 0 {
		args, _ = words(walk[verb.Name()].quick, g.files)
		if len(args) == 0 {
			args = []string{verb.Name()}
		}
	}
	var flags []*pflag.Flag
	verb.InitDefaultHelpFlag()
	verb.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f) })
	for range 1 + g.random.IntN(3) {
		f := flags[g.random.IntN(len(flags))]
		if f.Name == "help" || f.Name == "exec" && g.random.IntN(2) > 0 {
			continue
		}
		args = append(args, "--"+f.Name+"="+g.value(f))
	}
	for g.random.IntN(5) == 0 {
		args = append(args, g.pick([]string{"none", "-", ".", g.files["bad"], g.files["empty"], g.files["trace"], g.files["history"], "--nothing", "-x"}))
	}
	return args
}

func (g *liner) pick(of []string) string { return of[g.random.IntN(len(of))] }

// value is one at an end of what a flag takes, beyond it, or of another kind.
func (g *liner) value(f *pflag.Flag) string {
	if g.random.IntN(8) == 0 {
		return g.pick([]string{"", "x", "\x1b[31m", "-1", "1e9", ",", "=", "\n", strings.Repeat("9", 40)})
	}
	switch f.Value.Type() {
	case "int", "uint", "int64", "uint64":
		return g.pick([]string{"-1", "0", "1", "2", "3", "4", "7", "100", "65536", "2147483648", "9223372036854775807"})
	case "bool":
		return g.pick([]string{"true", "false"})
	case "duration":
		return g.pick([]string{"-1s", "0s", "1ns", "10ms", "1s", "2540400h"})
	}
	return g.pick(g.texts(f.Name))
}

// texts are values of flags that are texts.
func (g *liner) texts(flag string) []string {
	switch flag {
	case "impl":
		return append(subject.Names(), "reference:no-op,snapshots", "etcd", "nobody")
	case "features":
		return append(subject.Choices(), strings.Join(subject.Choices(), ","), "membership,joint", "none")
	case "faults":
		return append(slices.Clone(faultNames), "none", "drop,crash=1", "crash=0", "partition,duplicate")
	case "rule":
		return append(ruleNames(), "R9-99", "!election-safety")
	case "goal":
		return goalNames()
	case "debug-goal":
		return debugGoalNames()
	case "network":
		return []string{"unordered", "fifo", "ever-sent"}
	case "election-timeout", "delay", "disk":
		return []string{"150ms-300ms", "0s", "1ms-1h", "300ms-150ms", "1ns-1ns"}
	case "memory":
		return []string{"1", "1MB", "1GiB", "1TiB"}
	case "shard":
		return []string{"1/1", "2/3", "3/2", "0/0", "1/9223372036854775807"}
	case "output":
		return []string{"text", "json", "json=r.json", "text=/dev/full", "svg=x.svg", "witness=w", "porcupine=p.html", "html", "sarif=/none/x"}
	case "strategy":
		return []string{"mix", "uniform,pct", "swarm", "guided"}
	case "exec":
		return []string{"true", "cat", "sleep 1000", "none", hanging, "'"}
	case "change-to":
		return []string{"voters=n1", "voters=n1,n2 learners=n3; voters=n1 joint", "voters=", "n1"}
	case "initial":
		return []string{"0", "nil", `"x"`, "x=1", "unknown"}
	}
	return []string{"auto", "always", "never", "native", "etcd", "inconclusive", "none", "name", g.files["trace"], g.files["bad"]}
}
