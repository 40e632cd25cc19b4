package process_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// sample is one of the servers under examples.
type sample struct {
	language string
	needs    string // the program that runs it
	file     string
}

var samples = []sample{
	{"go", "go", "../../examples/servers/go/main.go"},
	{"python", "python3", "../../examples/servers/python/raft.py"},
	{"javascript", "node", "../../examples/servers/javascript/raft.js"},
}

// needAll makes a language that is not on this machine a failure. Without it the sample is skipped, and says so.
const needAll = "RAFTCHECK_SAMPLES"

// command returns how to run a sample; it skips the test where that is not possible.
func (s *sample) command(t testing.TB) []string {
	t.Helper()
	tool, err := exec.LookPath(s.needs)
	switch {
	case err == nil:
	case os.Getenv(needAll) == "all":
		t.Fatalf("%s=all, and %s is not on this machine: the %s sample cannot run", needAll, s.needs, s.language)
	default:
		t.Skipf("%s is not on this machine: the %s sample did not run", s.needs, s.language)
	}
	if s.language != "go" {
		return []string{tool, s.file}
	}
	goSample.once.Do(func() {
		goSample.dir, goSample.err = os.MkdirTemp("", "raftcheck-sample")
		if goSample.err == nil {
			goSample.said, goSample.err = exec.Command(tool, "build", "-o", filepath.Join(goSample.dir, "raft"), s.file).CombinedOutput()
		}
	})
	require.NoError(t, goSample.err, "%s", goSample.said)
	return []string{filepath.Join(goSample.dir, "raft")}
}

// goSample is the sample in Go, built once for all tests. TestMain removes it.
var goSample struct {
	once sync.Once
	dir  string
	said []byte
	err  error
}

func (s *sample) program(t testing.TB, o process.Options, arguments ...string) *process.Program {
	t.Helper()
	p := process.New(append(s.command(t), arguments...), o)
	t.Cleanup(p.Close)
	return p
}

// documented is the world of the guide: cluster.Default with one message in flight, which reaches every goal.
func documented(node spec.Factory) *cluster.Config {
	c := cluster.Default(node)
	c.Bounds.Messages = 1
	return &c
}

// The samples are the same Raft, so they have the same states.
func TestSamplesAreRight(t *testing.T) {
	var states uint64
	for _, s := range samples {
		t.Run(s.language, func(t *testing.T) {
			p := s.program(t, process.Options{})
			can, err := p.Probe(three)
			require.NoError(t, err)
			require.Equal(t, process.Abilities{Start: true, Load: true, State: true}, can)
			r, err := checker.Check(context.Background(), documented(p.Node), checker.Options{})
			require.NoError(t, err)
			require.Equal(t, spec.Held, r.Verdict, r.Reason)
			require.True(t, r.Search.Complete)
			if states == 0 {
				states = r.Search.Distinct
			}
			require.Equal(t, states, r.Search.Distinct)
			for _, g := range r.Goals {
				require.True(t, g.Reached > 0 || !g.Possible, g.Goal.Name)
			}
			t.Logf("the %s sample ran: %d executions of its code, %d more as audits", s.language, r.Search.Executions, r.Search.Audits)
		})
	}
}

// Every bug is caught by the rule that is about it.
func TestBugsOfSamplesAreCaught(t *testing.T) {
	for _, s := range samples {
		for bug, rule := range map[string]string{
			"stale-votes":     "stale-reply-ignored",
			"forget-vote":     "vote-once", // which takes a crash
			"truncate":        "truncate-on-conflict",
			"commit-old-term": "commit-own-term",
		} {
			t.Run(s.language+"/"+bug, func(t *testing.T) {
				p := s.program(t, process.Options{}, "--bug", bug)
				c := documented(p.Node)
				if bug != "forget-vote" {
					c.Faults.Crash = cluster.Off
				}
				r, err := checker.Check(context.Background(), c, checker.Options{})
				require.NoError(t, err)
				require.Equal(t, spec.Violated, r.Verdict)
				var rules []string
				for _, f := range r.Findings {
					rules = append(rules, f.Rule.Name)
				}
				require.Contains(t, rules, rule)
			})
		}
	}
}

func TestSamplesSayWhatBugsThereAre(t *testing.T) {
	for _, s := range samples {
		t.Run(s.language, func(t *testing.T) {
			_, err := s.program(t, process.Options{}, "--bug", "no-such").Probe(three)
			require.ErrorContains(t, err, "ends with exit status 1 without an answer; it says on stderr:")
		})
	}
}

func TestSamplesAreShort(t *testing.T) {
	for _, s := range samples {
		text, err := os.ReadFile(s.file)
		require.NoError(t, err)
		require.Less(t, bytes.Count(text, []byte("\n")), 200, s.file)
		others, err := filepath.Glob(filepath.Join(filepath.Dir(s.file), "*"))
		require.NoError(t, err)
		require.Len(t, others, 1, "all of a sample is in one file: %s", strings.Join(others, " "))
	}
}
