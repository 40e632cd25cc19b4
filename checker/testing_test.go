package checker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// fakeT is a test that may fail.
type fakeT struct{ logged, failed string }

func (f *fakeT) Helper()                           {}
func (f *fakeT) Name() string                      { return "TestRaft" }
func (f *fakeT) Logf(format string, args ...any)   { f.logged += fmt.Sprintf(format, args...) }
func (f *fakeT) Fatalf(format string, args ...any) { f.failed += fmt.Sprintf(format, args...) }

func TestThatHoldsSaysWhatItCovered(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeT{}
	checker.Test(f, impl.New(impl.Options{}), func(c *cluster.Config, _ *checker.Options) { c.Bounds.Messages = 1 })
	require.Empty(t, f.failed)
	require.Regexp(t, `^\d+ rules held in all \d+ states: 3 servers, terms up to 2`, f.logged)
}

func TestThatFailsTellsAStoryAndFailsFasterTheNextTime(t *testing.T) {
	t.Chdir(t.TempDir())
	m, known := mutant.ByName("el-stale-vote-resp")
	require.True(t, known)
	only := func(c *cluster.Config, o *checker.Options) { o.Rules = []*spec.Rule{ruleNamed(t, "election-safety")} }

	first := &fakeT{}
	checker.Test(first, m.Factory(), only)
	require.Contains(t, first.failed, "election-safety: ")
	require.Contains(t, first.failed, "LEADER 2")
	require.Contains(t, first.failed, "go test -run '^TestRaft$' .")
	saved, err := os.ReadDir("testdata/raftcheck")
	require.NoError(t, err)
	require.Len(t, saved, 1)

	again := &fakeT{}
	checker.Test(again, m.Factory(), only, func(c *cluster.Config, _ *checker.Options) { c.Bounds.Depth = 1 })
	require.Equal(t, strings.Split(first.failed, "\n")[0], strings.Split(again.failed, "\n")[0], "the saved execution is tried before the search")

	mended := &fakeT{}
	checker.Test(mended, impl.New(impl.Options{}), only, func(c *cluster.Config, _ *checker.Options) { c.Bounds.Messages = 1 })
	require.Empty(t, mended.failed, "an execution that the node no longer repeats is no failure")
}

// TestASavedExecutionThatCannotBeReadIsToldOnceAndSetAside: it may be cut off, of a later format, or hold the marks of a merge.
func TestASavedExecutionThatCannotBeReadIsToldOnceAndSetAside(t *testing.T) {
	t.Chdir(t.TempDir())
	m, _ := mutant.ByName("el-stale-vote-resp")
	only := func(c *cluster.Config, o *checker.Options) { o.Rules = []*spec.Rule{ruleNamed(t, "election-safety")} }
	found := &fakeT{}
	checker.Test(found, m.Factory(), only)
	saved, err := os.ReadDir("testdata/raftcheck")
	require.NoError(t, err)
	path := filepath.Join("testdata/raftcheck", saved[0].Name())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for what, text := range map[string]string{
		"empty": "", "half": string(data[:len(data)/2]), "merge": "<<<<<<< ours\n" + string(data), "later": strings.Replace(string(data), `"version":1`, `"version":99`, 1),
	} {
		require.NoError(t, os.WriteFile("testdata/raftcheck/a-"+what+".trace", []byte(text), 0o666))
	}

	first := &fakeT{}
	checker.Test(first, m.Factory(), only)
	require.Equal(t, strings.Split(found.failed, "\n")[0], strings.Split(first.failed, "\n")[0], "the one that can be read is tried")
	require.Equal(t, 4, strings.Count(first.logged, "a saved execution cannot be read, and is now testdata/raftcheck/"))

	second := &fakeT{}
	checker.Test(second, m.Factory(), only)
	require.NotContains(t, second.logged, "cannot be read")
	left, err := filepath.Glob("testdata/raftcheck/*" + checker.Unreadable)
	require.NoError(t, err)
	require.Len(t, left, 4, "nothing is lost")
}

// hurried is a test with a deadline.
type hurried struct {
	fakeT
	left time.Duration
}

func (h *hurried) Deadline() (time.Time, bool) { return time.Now().Add(h.left), true }

func TestThatRunsOutOfTimeSaysWhatItCovered(t *testing.T) {
	t.Chdir(t.TempDir())
	h := &hurried{left: 300 * time.Millisecond}
	checker.Test(h, impl.New(impl.Options{}), func(c *cluster.Config, o *checker.Options) { c.Servers, c.Bounds.Terms, c.Bounds.Messages = 5, 5, 8 })
	require.Regexp(t, `^raftcheck proves nothing here: the time was used up \(searched 5 servers, .*\)\nno rule is broken in the \d+ states of up to \d+ steps; \d+ states were found and not expanded\nhint: grant more with go test -timeout`, h.failed)
}

func TestThatHoldsSaysWhatItDoesNotCover(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeT{}
	checker.Test(f, impl.New(impl.Options{}), func(c *cluster.Config, _ *checker.Options) { c.Bounds.Messages = 1 })
	require.Contains(t, f.logged, "not exercised: ")
	require.Contains(t, f.logged, "\nnot covered: more than 3 nodes, terms above 2, logs longer than 1 entry, more than 1 message in flight, more than 1 crash in one execution, message duplication, loss of unsynced writes, membership changes, snapshots, reads, transfer of leadership")
}

// TestNodesThatBreakTheContractAreToldBeforeTheSearch: whatever the search would have said of them means nothing.
func TestNodesThatBreakTheContractAreToldBeforeTheSearch(t *testing.T) {
	t.Chdir(t.TempDir())
	for check, node := range map[string]spec.Factory{
		"takes-inputs": spoiled(func(spec.Node, spec.Input) spec.Output { return spec.Output{Refused: true} }, nil),
		"crash-point":  spoiled(func(n spec.Node, in spec.Input) spec.Output { in.Cut = 0; return n.Step(in) }, nil),
	} {
		f := &fakeT{}
		checker.Test(f, node)
		require.True(t, strings.HasPrefix(f.failed, "raftcheck: this is the adapter, not your Raft: "+check+": "), f.failed)
		require.Empty(t, f.logged)
	}
	deaf := spoiled(func(n spec.Node, in spec.Input) spec.Output {
		if in.Kind == spec.Crash || in.Kind == spec.Restart || in.Cut > 0 || in.Kind == spec.ReadIndex {
			panic("no such thing here")
		}
		return n.Step(in)
	}, nil)
	f := &fakeT{}
	checker.Test(f, deaf, func(c *cluster.Config, _ *checker.Options) { c.Faults.Crash, c.Bounds.Messages = cluster.Off, 1 })
	require.Empty(t, f.failed, "a world without crashes asks for none, and for nothing else that it does not have")
}

func TestAPanicIsToldWithItsStack(t *testing.T) {
	t.Chdir(t.TempDir())
	rash := spoiled(func(n spec.Node, in spec.Input) spec.Output {
		if n.Observe().Role == spec.Leader && in.Kind == spec.Propose {
			panic("index out of range")
		}
		return n.Step(in)
	}, nil)
	f := &fakeT{}
	checker.Test(f, rash)
	require.Contains(t, f.failed, "the node panicked: index out of range")
	require.Contains(t, f.failed, "testing_test.go:")
	require.NotContains(t, f.failed, "this is the adapter")

	recovers := spoiled(func(n spec.Node, in spec.Input) spec.Output {
		if n.Observe().Role == spec.Leader && in.Kind == spec.Propose {
			return spec.Output{Fault: bubble.Panic("index out of range", []byte("at line 7"))}
		}
		return n.Step(in)
	}, nil)
	f = &fakeT{}
	checker.Test(f, recovers)
	require.Contains(t, f.failed, "the server panicked: index out of range\nat line 7")
	require.NotContains(t, f.failed, "this is the adapter")
}

// TestAGoalThatIsNeverReachedSaysBySeeingWhat: a node that does not show who refused its candidates.
func TestAGoalThatIsNeverReachedSaysBySeeingWhat(t *testing.T) {
	t.Chdir(t.TempDir())
	silent := func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return unrefused{impl.New(impl.Options{})(id, servers)}
	}
	f := &fakeT{}
	checker.Test(f, silent, func(c *cluster.Config, o *checker.Options) {
		c.Bounds.Messages, c.Bounds.Campaigns, o.Rules = 1, 3, []*spec.Rule{ruleNamed(t, "election-safety")}
	})
	require.Contains(t, f.failed, "goal vote-split was never reached")
	require.Contains(t, f.failed, "\n    seen by: Observation.Refused names who refused a Candidate its vote")
	require.Contains(t, f.failed, `Config.OutOfReach = []string{"vote-split"}`)
	for _, g := range spec.Goals {
		require.NotEmpty(t, g.Sign(), g.Name)
	}
}

// unrefused never shows who refused it a vote.
type unrefused struct{ spec.Node }

func (u unrefused) Observe() spec.Observation {
	o := u.Node.Observe()
	o.Refused = nil
	return o
}

func TestThatProvesNothingFails(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeT{}
	checker.Test(f, impl.New(impl.Options{}), func(c *cluster.Config, _ *checker.Options) {
		c.Bounds.Messages, c.Faults.Drop, c.Bounds.Campaigns = 1, 0, 3
	})
	require.Contains(t, f.failed, "goals leader-elected, candidate-yielded")
}

func ruleNamed(t *testing.T, name string) *spec.Rule {
	for _, r := range spec.Rules {
		if r.Name == name {
			return r
		}
	}
	require.FailNow(t, "no rule is named "+name)
	return nil
}
