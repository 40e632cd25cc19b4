package subject_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/subject"
)

// A Raft with one bug, searched as raftcheck check --impl searches it.
func ExampleNamed() {
	raft, err := subject.Named("mutant:el-stale-vote-resp")
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := raft.Search(context.Background(), checker.Options{Name: raft.Name})
	if err != nil {
		fmt.Println(err)
		return
	}
	first := found.Findings[0]
	fmt.Printf("%s: %s, in %d steps\n", found.Verdict, first.Rule.Name, len(first.Trace.Records))
	// Output: violated: stale-reply-ignored, in 4 steps
}

// A user's test of a release of a library: this is all of it.
func TestARelease(t *testing.T) {
	raft := subject.World(t, "etcd@v3.5.35:pre-vote", func(c *cluster.Config) { c.Bounds.Log = 1 })
	checker.Test(t, raft.New, func(c *cluster.Config, _ *checker.Options) { *c = raft })
}

// heard is a test of a test.
type heard struct {
	testing.TB
	said strings.Builder
}

func (h *heard) Helper()                           {}
func (h *heard) Name() string                      { return "TestHeard" }
func (h *heard) Logf(string, ...any)               {}
func (h *heard) Cleanup(func())                    {}
func (h *heard) Fatalf(format string, args ...any) { fmt.Fprintf(&h.said, format, args...) }

// What a name stands for is the same, whoever names it: checker.Test and fuzz.Check find what the command finds.
func TestAMutantIsCaughtInItsWorld(t *testing.T) {
	t.Chdir(t.TempDir()) // where executions are saved
	raft := subject.World(t, "mutant:el-stale-vote-resp")
	searched, fuzzed := &heard{}, &heard{}
	checker.Test(searched, raft.New, func(c *cluster.Config, _ *checker.Options) { *c = raft })
	require.Contains(t, searched.said.String(), "stale-reply-ignored")
	fuzz.Check(fuzzed, raft.New, func(c *cluster.Config) { *c = raft })
	require.Contains(t, fuzzed.said.String(), "stale-reply-ignored")
}

// What cannot be had fails the test, and says what to do.
func TestAWorldThatCannotBe(t *testing.T) {
	for name, says := range map[string]string{
		"etcd@v2.3.8":                          "raftcheck: etcd@v2.3.8 cannot be searched: no adapter is for versions before v3\nhint: versions 3.1 to 3.3, and 3.5 and later",
		"mutant:el-stale-vote-rep":             "raftcheck: unknown mutant \"el-stale-vote-rep\"\nhint: did you mean \"mutant:el-stale-vote-resp\"?",
		"n4=hashicorp@v1.6.1 hashicorp@v1.8.0": "raftcheck: there is no server n4, only n1 n2 n3\nhint: --nodes says how many there are",
	} {
		h := &heard{}
		require.Nil(t, subject.World(h, name).New)
		require.Equal(t, says, h.said.String())
	}
	h := &heard{}
	subject.World(h, "reference", func(c *cluster.Config) { c.Servers = 99 })
	require.Contains(t, h.said.String(), "99")
}
