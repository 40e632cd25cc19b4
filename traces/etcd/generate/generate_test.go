//go:build with_tla

package generate

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/etcd"
)

// run simulates a cluster. In a bubble, raft's pauses of a millisecond for every message take no time.
func run(t *testing.T, o Options) (trace []byte, summary *Summary) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s, err := Run(&out, o)
		require.NoError(t, err)
		trace, summary = out.Bytes(), s
	})
	return trace, summary
}

func verify(t *testing.T, trace []byte) *traces.Result {
	lines, err := traces.NewLines("trace.ndjson", bytes.NewReader(trace))
	require.NoError(t, err)
	source, err := etcd.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	reopen := func() (*traces.Lines, error) { return traces.NewLines("trace.ndjson", bytes.NewReader(trace)) }
	r, err := traces.Verify(context.Background(), source, traces.VerifyOptions{Reopen: reopen})
	require.NoError(t, err)
	return r
}

// many is how many seeds are tried; RAFTCHECK_SEEDS asks for more.
func many() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("RAFTCHECK_SEEDS"), 10, 64); err == nil {
		return n
	}
	return 3
}

func TestLegalTracesHold(t *testing.T) {
	for _, f := range Families {
		t.Run(f.Name, func(t *testing.T) {
			for seed := range many() {
				o, err := Family(f.Name, 2000, seed+1)
				require.NoError(t, err)
				trace, _ := run(t, o)
				r := verify(t, trace)
				if len(r.Findings) > 0 {
					keep(t, trace, f.Name, seed+1)
				}
				for _, finding := range r.Findings {
					t.Errorf("seed %d: %s: %s\n%s", seed+1, finding.Rule.ID, finding.Message, places(&finding))
				}
				if len(r.Findings) == 0 && o.Events >= 2000 {
					require.Equal(t, spec.Held, r.Verdict)
				}
			}
		})
	}
}

// keep saves a trace for a closer look when RAFTCHECK_KEEP names a folder.
func keep(t *testing.T, trace []byte, name string, seed uint64) {
	if dir := os.Getenv("RAFTCHECK_KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.ndjson", name, seed)), trace, 0o644))
	}
}

func places(f *traces.Finding) (text string) {
	for _, p := range f.Evidence {
		text += fmt.Sprintf("  %s %s: %s\n", p, p.Server, p.Role)
	}
	return text
}

// caughtBy are the rules under which each fault may be reported.
var caughtBy = map[Fault][]string{
	ForgetVote:     {"R5.2-03", "R5.6-01"},
	ForgetState:    {"R5.1-01", "R5.2-03", "R5.6-01"},
	ForgetEntries:  {"R5.3-04", "R5.6-01"},
	SendFirst:      {"R5.1-01", "R5.2-03", "R5.3-04", "R5.6-01"},
	GrantAlways:    {"R5.2-03", "R5.2-08", "R5.4.1-01", "R5.4.1-03", "R5.1-04", "X-TR-01"},
	ForgeGrant:     {"R5.2-05"},
	ForgeAck:       {"R5.3-06", "R5.6-01"},
	InventAck:      {"R5.3-06", "R5.1-05", "R5.6-01", "X-TR-01"},
	ReplayVote:     {"R5.2-05", "R5.1-05", "R5.6-01"},
	RaiseCommit:    {"R5.3-17", "R5.6-01"},
	ForgeLastIndex: {"R5.1-05", "R5.4.1-02", "X-TR-01"},
}

// TestFaultsAreCaught injects one fault at a time. A fault that took effect must be reported where it did or right after, under one
// of its rules, and nothing may be reported before.
func TestFaultsAreCaught(t *testing.T) {
	for _, fault := range Faults {
		t.Run(string(fault), func(t *testing.T) {
			caught, unseen := 0, 0
			for seed := range 4 * many() {
				o, err := Family("storm3", 2000, seed+1)
				require.NoError(t, err)
				o.Fault, o.Crash = fault, 0.005
				trace, summary := run(t, o)
				r := verify(t, trace)
				if len(r.Findings) == 0 {
					if summary.Fault > 0 {
						unseen++
						keep(t, trace, "unseen-"+string(fault), seed+1)
						t.Logf("seed %d: no finding, though the fault took effect at event %d", seed+1, summary.Fault)
					}
					continue
				}
				caught++
				f := r.Findings[0]
				require.Contains(t, caughtBy[fault], f.Rule.ID, "seed %d: %s\n%s", seed+1, f.Message, places(&f))
				guilty := f.Evidence[0].Line
				require.NotZero(t, summary.Fault, "seed %d: %s at line %d, but the fault never took effect", seed+1, f.Message, guilty)
				require.GreaterOrEqual(t, guilty, summary.Fault, "seed %d: %s", seed+1, f.Message)
			}
			require.NotZero(t, caught, "the fault was never caught")
			t.Logf("caught in %d executions, explained away in %d", caught, unseen)
		})
	}
}

// TestTracesMayBeginAnywhere cuts off the beginning of legal traces, and leaves out servers. What is left is legal too.
func TestTracesMayBeginAnywhere(t *testing.T) {
	for _, f := range Families {
		t.Run(f.Name, func(t *testing.T) {
			for seed := range many() {
				o, err := Family(f.Name, 2000, seed+1)
				require.NoError(t, err)
				trace, _ := run(t, o)
				whole := bytes.SplitAfter(bytes.TrimSpace(trace), []byte("\n"))
				chance := rand.New(rand.NewPCG(seed, 5))
				for n := range 8 {
					lines := whole[chance.IntN(len(whole)-100):]
					gone := `"nid":"` + strconv.Itoa(1+chance.IntN(o.Servers+1)) + `","state"`
					if n%3 == 2 {
						lines = slices.DeleteFunc(slices.Clone(lines), func(line []byte) bool { return bytes.Contains(line, []byte(gone)) })
					}
					if len(lines) < 20 {
						continue
					}
					part := bytes.Join(lines, nil)
					for _, finding := range verify(t, part).Findings {
						keep(t, part, fmt.Sprint(f.Name, "-cut-", n), seed+1)
						t.Errorf("seed %d, cut %d: %s: %s\n%s", seed+1, n, finding.Rule.ID, finding.Message, places(&finding))
					}
				}
			}
		})
	}
}
