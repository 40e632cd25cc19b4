package checker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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

func TestThatProvesNothingFails(t *testing.T) {
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
