package mutant_test

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// recorded is a trace that a search made.
type recorded struct {
	*traces.Trace
	next int
}

func (r *recorded) Header() traces.Header           { return r.Trace.Header }
func (r *recorded) Position() (file string, at int) { return "search", r.next }
func (r *recorded) Close()                          {}

func (r *recorded) Next() (*traces.Record, error) {
	if r.next == len(r.Records) {
		return nil, io.EOF
	}
	r.next++
	return &r.Records[r.next-1], nil
}

// Clients notice what servers do wrong with reads. The shortest execution in which one does is no linearizable history either when all
// its operations are looked at together.
func TestClientsNoticeWrongReads(t *testing.T) {
	rule, _ := spec.RuleByName("linearizability")
	for name, steps := range map[string]int{"rd-no-noop": 18, "rd-no-quorum": 16, "rd-lease-restart": 18, "rd-follower-lag": 20, "rd-startup-stale": 21} {
		m, known := mutant.ByName(name)
		require.True(t, known)
		m.Bounds.Log, m.Bounds.Reads, m.Bounds.Proposals = 3, 2, 1
		m.Options.Sessions = false // clients learn of commands only by reading
		r, err := checker.Check(context.Background(), world(m.Bounds, m.Options), checker.Options{Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, Symmetry: canBeRenamed(m.Options), Name: name})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, r.Verdict, name)
		require.Len(t, r.Findings[0].Trace.Records, steps, name)
		requireNotLinearizable(t, r.Findings[0].Trace)
	}
}

// The others take up to 63 million states, or a campaign; docs/linearizability.md has the commands that found these executions. Their
// servers do the same things again, up to the very last answer nobody can tell that anything is wrong, and then a client can.
func TestClientsNoticedWrongReads(t *testing.T) {
	rule, _ := spec.RuleByName("linearizability")
	files, err := filepath.Glob("testdata/clients/*.trace")
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range files {
		m, known := mutant.ByName(strings.TrimSuffix(filepath.Base(file), ".trace"))
		require.True(t, known, file)
		saved, err := traces.ReadFile(file)
		require.NoError(t, err)
		trace, differs, err := traces.Again(saved, m.Factory())
		require.NoError(t, err)
		require.Nil(t, differs, file)
		broken, at := traces.Broken(trace, []*spec.Rule{rule}, m.Variants())
		require.Len(t, broken, 1, file)
		require.Equal(t, len(trace.Records)-1, at, file)
		requireNotLinearizable(t, trace)
		trace.Records = trace.Records[:at]
		require.Equal(t, spec.Held, verdict(t, trace), file)
	}
}

func requireNotLinearizable(t *testing.T, trace *traces.Trace) {
	t.Helper()
	require.Equal(t, spec.Violated, verdict(t, trace))
}

// verdict judges the history of the clients of a trace.
func verdict(t *testing.T, trace *traces.Trace) spec.Verdict {
	t.Helper()
	h, err := linearizability.FromTrace(&recorded{Trace: trace})
	require.NoError(t, err)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	return r.Verdict
}

// Nor are the histories of the mutants that tell clients the wrong thing about their commands: a write that failed and is seen, one that is done
// and is not, one that is seen twice. The shortest execution in which a client notices is no linearizable history.
func TestClientsNoticeWrongWrites(t *testing.T) {
	rule, _ := spec.RuleByName("linearizability")
	for name, steps := range map[string]int{"cl-definite-fail": 16, "cl-dup-apply": 12, "cl-wait-by-index": 19, "rp-claim-after-truncate": 9, "cl-session-expiry": 22} {
		m, known := mutant.ByName(name)
		require.True(t, known)
		m.Options.Reads, m.Bounds.Reads = impl.ReadByRound, max(m.Bounds.Reads, 1)
		r, err := checker.Check(context.Background(), world(m.Bounds, m.Options), checker.Options{Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, Symmetry: canBeRenamed(m.Options), Name: name})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, r.Verdict, name)
		require.Len(t, r.Findings[0].Trace.Records, steps, name)
		requireNotLinearizable(t, r.Findings[0].Trace)
	}
}
