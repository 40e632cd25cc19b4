package fuzz_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// TestMain gives rapid a seed, which is otherwise another one in every run, and a number of executions, so that no test goes on for five seconds.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "100"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// fakeT is a test that may fail.
type fakeT struct{ name, logged, failed string }

func (f *fakeT) Helper()                           {}
func (f *fakeT) Name() string                      { return f.name }
func (f *fakeT) Logf(format string, args ...any)   { f.logged += fmt.Sprintf(format, args...) }
func (f *fakeT) Fatalf(format string, args ...any) { f.failed += fmt.Sprintf(format, args...) }

func factory(t testing.TB, name string) spec.Factory {
	t.Helper()
	m, known := mutant.ByName(name)
	require.True(t, known, name)
	return m.Factory()
}

func TestCheckHoldsForTheReference(t *testing.T) {
	fuzz.Check(t, impl.New(impl.Options{}))
	require.NoDirExists(t, "testdata/rapid")
}

func TestCheckTellsAStoryAndTriesItFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	first := &fakeT{name: "TestRaft"}
	fuzz.Check(first, factory(t, "el-stale-vote-resp"))
	require.Contains(t, first.failed, "go test -run '^TestRaft$' .")
	require.Contains(t, first.failed, "times out")
	saved, err := filepath.Glob("testdata/raftcheck/*.trace")
	require.NoError(t, err)
	require.Len(t, saved, 1)
	require.NoDirExists(t, "testdata/rapid", "rapid's own files are of no use")

	trace, err := traces.ReadFile(saved[0])
	require.NoError(t, err)
	require.LessOrEqual(t, len(trace.Records), 6, "the shortest has 4 steps")
	_, err = traces.Replay(trace, factory(t, "el-stale-vote-resp"))
	require.NoError(t, err)

	again := &fakeT{name: "TestRaft"}
	fuzz.Check(again, factory(t, "el-stale-vote-resp"), func(c *cluster.Config) { c.Bounds.Terms = 0 })
	require.Equal(t, first.failed, again.failed, "no execution of a world without terms breaks anything, so this is the saved one")

	mended := &fakeT{name: "TestRaft"}
	fuzz.Check(mended, impl.New(impl.Options{}))
	require.Empty(t, mended.failed)
}

func TestCheckSaysWhatIsWrongWithANode(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeT{name: "TestRaft"}
	fuzz.Check(f, func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return rash{impl.New(impl.Options{})(id, servers)}
	})
	require.Contains(t, f.failed, "the node panicked: index out of range")
	wrong := &fakeT{name: "TestRaft"}
	fuzz.Check(wrong, impl.New(impl.Options{}), func(c *cluster.Config) { c.Servers = 9 })
	require.Contains(t, wrong.failed, "9 servers")
}

// TestNodesThatShowNothingFail: one that refuses everything, one that never leads, and one that ignores crash points.
func TestNodesThatShowNothingFail(t *testing.T) {
	t.Chdir(t.TempDir())
	for want, step := range map[string]func(n spec.Node, in spec.Input) spec.Output{
		"this is the adapter, not your Raft: takes-inputs: ": func(spec.Node, spec.Input) spec.Output { return spec.Output{Refused: true} },
		"this is the adapter, not your Raft: crash-point: ":  func(n spec.Node, in spec.Input) spec.Output { in.Cut = 0; return n.Step(in) },
		"raftcheck proves nothing here: goals leader-elected, candidate-yielded, ": func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Deliver && in.Message.Kind == spec.RequestVoteReply && in.Message.Granted {
				return spec.Output{}
			}
			return n.Step(in)
		},
	} {
		f := &fakeT{name: "TestRaft"}
		fuzz.Check(f, func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			return spoiled{impl.New(impl.Options{})(id, servers), step}
		})
		require.Contains(t, f.failed, want)
	}
}

// spoiled is a node that does something else.
type spoiled struct {
	spec.Node
	step func(spec.Node, spec.Input) spec.Output
}

func (s spoiled) Step(in spec.Input) spec.Output { return s.step(s.Node, in) }

// TestAPassSaysWhatWasDone: how much, and what not.
func TestAPassSaysWhatWasDone(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeT{name: "TestRaft"}
	fuzz.Check(f, impl.New(impl.Options{}))
	require.Empty(t, f.failed)
	require.Regexp(t, `^\d+ rules held in \d+ executions of up to \d+ steps, \d+ steps in all: 3 servers, .*\nnot covered: executions that chance did not make, more than 3 nodes, `, f.logged)
}

// rash panics when it leads.
type rash struct{ spec.Node }

func (r rash) Step(in spec.Input) spec.Output {
	out := r.Node.Step(in)
	if r.Observe().Role == spec.Leader {
		panic("index out of range")
	}
	return out
}

// FuzzReference is a native target as users write them.
func FuzzReference(f *testing.F) {
	fuzz.Add(f, impl.New(impl.Options{}))
}

// TestANativeTarget runs go test -fuzz on the five lines of a user, whose Raft has a bug: bytes that fail become a short trace, which
// plain go test tries first from then on.
func TestANativeTarget(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "user.test")
	out, err := exec.Command("go", "test", "-c", "-o", bin, "./testdata/user").CombinedOutput()
	require.NoError(t, err, string(out))
	dir := t.TempDir()
	run := func(args ...string) (string, error) {
		cmd := exec.Command(bin, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	said, err := run("-test.run=^$", "-test.fuzz=FuzzRaft", "-test.fuzzcachedir="+t.TempDir(), "-test.fuzztime=100000x", "-test.fuzzminimizetime=100x", "-test.parallel=1")
	require.Error(t, err, said)
	require.Contains(t, said, "times out and asks for votes")
	require.Contains(t, said, "again   go test -run '^FuzzRaft$' .")
	saved, err := filepath.Glob(filepath.Join(dir, "testdata/raftcheck/*.trace"))
	require.NoError(t, err)
	require.NotEmpty(t, saved)
	for _, path := range saved {
		trace, err := traces.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "FuzzRaft", trace.Header.Implementation)
		require.LessOrEqual(t, len(trace.Records), 6, "the shortest has 4 steps")
	}

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "testdata/fuzz")), "go test saves the bytes too; the trace is enough")
	said, err = run("-test.run=FuzzRaft")
	require.Error(t, err)
	require.Contains(t, said, filepath.Base(saved[0]))
}

func TestBytesThatFailAreSavedAsATrace(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeT{name: "FuzzRaft"}
	election := []byte{0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0}
	fuzz.Try(f, factory(t, "cm-quorum-half"), election)
	require.Contains(t, f.failed, "majority-elects: ")
	require.Contains(t, f.failed, "go test -run '^FuzzRaft$' .")
	files, err := os.ReadDir("testdata/raftcheck")
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.True(t, strings.HasPrefix(files[0].Name(), "majority-elects-"))
}
