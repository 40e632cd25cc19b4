package mutant_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
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
// its operations are looked at together. (The others take larger worlds: see docs/linearizability.md.)
func TestClientsNoticeWrongReads(t *testing.T) {
	rule, _ := spec.RuleByName("linearizability")
	for name, steps := range map[string]int{"rd-no-noop": 18, "rd-no-quorum": 16, "rd-lease-restart": 18} {
		m, known := mutant.ByName(name)
		require.True(t, known)
		m.Bounds.Log, m.Bounds.Reads, m.Bounds.Proposals = 3, 2, 1
		m.Options.Sessions = false // clients learn of commands only by reading
		r, err := checker.Check(context.Background(), world(m.Bounds, m.Options), checker.Options{Rules: []*spec.Rule{rule}, Goals: []*spec.Goal{}, Symmetry: canBeRenamed(m.Options), Name: name})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, r.Verdict, name)
		require.Len(t, r.Findings[0].Trace.Records, steps, name)
		h, err := linearizability.FromTrace(&recorded{Trace: r.Findings[0].Trace})
		require.NoError(t, err)
		judged, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, judged.Verdict, name)
	}
}
