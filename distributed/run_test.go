package distributed

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/stretchr/testify/require"
)

// raftcheck is the program, built for these tests.
var raftcheck string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	log.SetupLogging("error", "text")
	flag.Parse()
	beam.Init() // a worker that a pool has started goes no further
	dir, err := os.MkdirTemp("", "raftcheck-beam")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	raftcheck = filepath.Join(dir, "raftcheck")
	build := exec.Command("go", "build", "-o", raftcheck, "./cmd/raftcheck")
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, said)
		return 1
	}
	return m.Run()
}

// report is what raftcheck says as JSON, but for what depends on the clock and on where a search is kept.
type report map[string]any

func parse(t *testing.T, text []byte) report {
	t.Helper()
	var r report
	require.NoError(t, json.Unmarshal(text, &r), "%s", text)
	search, is := r["search"].(map[string]any)
	require.True(t, is, "%s", text)
	// Costs, and how many inputs were given again to audit the servers: a search in memory comes to its states in another order.
	for _, name := range []string{"seconds", "secondsInside", "collisionChance", "fingerprintBits", "diskBytes", "bytesPerState", "audits"} {
		delete(search, name)
	}
	return r
}

// check is what raftcheck check says in memory, and its exit code.
func check(t *testing.T, flags ...string) (report, int) {
	t.Helper()
	c := exec.Command(raftcheck, append([]string{"check", "-o", "json", "--save", "none", "--reduce", "none"}, flags...)...)
	said, err := c.Output()
	require.NotNil(t, c.ProcessState, err)
	return parse(t, said), c.ProcessState.ExitCode()
}

// folder returns a new folder that does not wait for a disk, where the machine has one.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "raftcheck-beam")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// search is what the same search on Beam says, and its exit code.
func search(t *testing.T, program string, o Options, shares int, flags ...string) (report, int) {
	t.Helper()
	s := Search{Command: append([]string{program, "check", "-o", "json", "--save", "none", "--reduce", "none"}, flags...), Folder: folder(t), Shares: shares, Rounds: 1}
	var out bytes.Buffer
	o.Runner, o.Out = "prism", &out
	code, err := Run(context.Background(), s, o)
	require.NoError(t, err)
	return parse(t, out.Bytes()), code
}

// worlds are searches of some thousand states: one that is bounded, and mutants; with -kills more of them.
func worlds() (all [][]string) {
	all = [][]string{{"--depth", "5"}}
	mutants := []string{"el-stale-vote-resp", "el-vote-not-durable", "el-hb-term-unchecked", "cm-quorum-half"}
	if *kills > 0 {
		all = append(all, []string{"--depth", "7"})
		mutants = append(mutants, "el-meta-missing-term0", "el-higher-vote-granted", "rp-next-le-match", "rp-match-from-nack", "rp-prevterm-zero", "sn-resp-term-unchecked")
	}
	for _, name := range mutants {
		all = append(all, []string{"--impl", "mutant:" + name})
	}
	return all
}

// TestBeamChangesNothing holds searches on Prism in this process against the same in memory: verdicts, counts, goals, counterexamples and exit codes.
func TestBeamChangesNothing(t *testing.T) {
	for _, flags := range worlds() {
		want, wantCode := check(t, flags...)
		for k, shares := range []int{1, 3, 16} {
			got, code := search(t, raftcheck, Options{Layers: 1 + 4*k}, shares, flags...)
			require.Equal(t, want, got, "%v, %d shares", flags, shares)
			require.Equal(t, wantCode, code)
		}
	}
}

// TestASearchGoesOn ends a search after one job, by its limit, and goes on with it.
func TestASearchGoesOn(t *testing.T) {
	flags := []string{"--impl", "mutant:rp-next-le-match"}
	want, wantCode := check(t, flags...)
	s := Search{Command: append([]string{raftcheck, "check", "-o", "json", "--save", "none", "--reduce", "none"}, flags...), Folder: folder(t), Shares: 3, Rounds: 1}
	var out bytes.Buffer
	code, err := Run(context.Background(), s, Options{Runner: "prism", Layers: 2, Limit: 1, Out: &out})
	require.NoError(t, err)
	require.Equal(t, 3, code, "ended before it was done: inconclusive")
	require.Equal(t, "inconclusive", parse(t, out.Bytes())["verdict"])
	out.Reset()
	code, err = Run(context.Background(), s, Options{Runner: "prism", Layers: 2, Out: &out})
	require.NoError(t, err)
	require.Equal(t, wantCode, code)
	require.Equal(t, want, parse(t, out.Bytes()))
}

// TestWrongFlagsAreRefused lets raftcheck say what is wrong, with its exit code.
func TestWrongFlagsAreRefused(t *testing.T) {
	s := Search{Command: []string{raftcheck, "check", "--liveness"}, Folder: folder(t), Shares: 1, Rounds: 1}
	_, err := Run(context.Background(), s, Options{Runner: "prism", Layers: 1, Out: &bytes.Buffer{}})
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, exitUsage, refused.Exit)
}

// TestAKilledProgramIsReplaced kills the first programs that do parts of a search, at random moments.
func TestAKilledProgramIsReplaced(t *testing.T) {
	flags := []string{"--impl", "mutant:el-higher-vote-granted"}
	want, wantCode := check(t, flags...)
	dir := t.TempDir()
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 2))
		program := filepath.Join(dir, fmt.Sprint("killed-", seed))
		script := fmt.Sprintf("#!/bin/sh\nif mkdir %q/once-%d 2>/dev/null; then (sleep 0.%02d; kill -9 $$) & fi\nexec %q \"$@\"\n", dir, seed, 5+random.IntN(60), raftcheck)
		require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
		got, code := search(t, program, Options{Layers: 3}, 3, flags...)
		require.Equal(t, want, got)
		require.Equal(t, wantCode, code)
		require.DirExists(t, filepath.Join(dir, fmt.Sprint("once-", seed)))
	}
}

// TestAnIdleProgramIsEnded lets a program wait for work until it is too long.
func TestAnIdleProgramIsEnded(t *testing.T) {
	s := Search{Command: []string{raftcheck, "check"}, Folder: folder(t), Shares: 1, Rounds: 1}
	h, err := s.take()
	require.NoError(t, err)
	_, err = h.ask(request{Do: "begin", Shares: 1})
	require.NoError(t, err)
	s.put(h)
	s.retire(h) // as its timer does
	require.True(t, h.command.ProcessState.Success())
	other, err := s.take()
	require.NoError(t, err)
	require.NotSame(t, h, other)
	s.retire(h) // it is gone already
	require.NoError(t, other.end())
}

// kills is in how many runs of each search a worker is killed.
var kills = flag.Int("kills", 0, "runs of each search that is compared in which a worker is killed")

// TestAKilledWorkerIsReplaced has the work done by workers in processes of their own, which a pool starts, and kills one in the middle of a bundle.
func TestAKilledWorkerIsReplaced(t *testing.T) {
	pooled(t)
	compared := worlds()
	if *kills == 0 {
		compared = [][]string{{"--impl", "mutant:el-higher-vote-granted"}}
	}
	for _, flags := range compared {
		want, wantCode := check(t, flags...)
		replaced(t, max(*kills, 5), want, wantCode, 3, flags...)
	}
}

// replaced makes a search some times on Beam, and kills each time a worker when it asks for a part by chance.
func replaced(t *testing.T, runs int, want report, wantCode, shares int, flags ...string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 3))
	parts := int(want["search"].(map[string]any)["depth"].(float64)) * (4 + shares) // a layer is looked at, expanded, filled, merged and closed
	for range runs {
		n := 1 + random.IntN(parts)
		program, killed := killer(t, n)
		got, code := search(t, program, Options{Layers: 3, Retries: 1, Patient: 5 * time.Minute}, shares, flags...)
		require.Equal(t, want, got, "%v, killed at part %d", flags, n)
		require.Equal(t, wantCode, code)
		require.DirExists(t, killed, "%v, part %d", flags, n)
	}
}

// pooled has workers started by a pool, as processes of the test's program, until the test ends.
func pooled(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	at, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	none := filepath.Join(t.TempDir(), "none") // the pool has the program
	require.NoError(t, os.WriteFile(none, nil, 0o600))
	for option, value := range map[*string]string{jobopts.EnvironmentType: "EXTERNAL", jobopts.EnvironmentConfig: at.Addr().String(), jobopts.WorkerBinary: none, jobopts.Endpoint: ""} {
		before := *option
		*option = value
		t.Cleanup(func() { *option = before })
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ServePool(ctx, at, self) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

// killer is a raftcheck that kills the worker which asks for the n-th part of a search, before it is done. It leaves a folder when it does.
func killer(t *testing.T, n int) (program, killed string) {
	t.Helper()
	dir := t.TempDir()
	program, killed = filepath.Join(dir, "raftcheck"), filepath.Join(dir, "killed")
	script := fmt.Sprintf(`#!/bin/sh
if [ $PPID = %d ] || [ -d %q ]; then exec %q "$@"; fi
exec 3<&0
while IFS= read -r line <&3; do
	printf . >>%q
	if [ $(wc -c <%q) -ge %d ] && mkdir %q 2>/dev/null; then kill -9 $PPID; exit; fi
	printf '%%s\n' "$line"
done | exec %q "$@"
`, os.Getpid(), killed, raftcheck, filepath.Join(dir, "parts"), filepath.Join(dir, "parts"), n, killed, raftcheck)
	require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
	return program, killed
}
