package checker_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
)

func benchmark(b *testing.B, c *cluster.Config, o checker.Options) {
	var states, transitions, seconds float64
	var r *checker.Result
	for b.Loop() {
		var err error
		r, err = checker.Check(context.Background(), c, o)
		require.NoError(b, err)
		require.Empty(b, r.Findings)
		states += float64(r.Search.Distinct)
		transitions += float64(r.Search.Transitions)
		seconds += r.Search.Seconds
	}
	b.ReportMetric(states/seconds, "states/s")
	b.ReportMetric(transitions/seconds, "transitions/s")
	b.ReportMetric(r.Search.BytesPerState(), "bytes/state")
	b.ReportMetric(float64(r.Search.Executions), "executions")
}

// BenchmarkSpec searches raft.tla: the first row is the 1,196,381 states for which TLC needs 207 CPU seconds.
func BenchmarkSpec(b *testing.B) {
	b.Run("log1-messages1", func(b *testing.B) { benchmark(b, tla(2, 1, 1), checker.Options{}) })
	b.Run("log1-messages1-oneworker", func(b *testing.B) { benchmark(b, tla(2, 1, 1), checker.Options{Workers: 1}) })
	b.Run("log1-messages1-symmetry", func(b *testing.B) { benchmark(b, tla(2, 1, 1), checker.Options{Symmetry: true}) })
	b.Run("log0-messages2", func(b *testing.B) { benchmark(b, tla(2, 0, 2), checker.Options{}) })
}

// BenchmarkReference searches the reference implementation with loss, reordering and a crash.
func BenchmarkReference(b *testing.B) {
	one, two := cluster.Default(impl.New(impl.Options{})), cluster.Default(impl.New(impl.Options{}))
	one.Bounds.Messages = 1
	b.Run("messages1", func(b *testing.B) { benchmark(b, &one, checker.Options{}) })
	b.Run("messages2", func(b *testing.B) { benchmark(b, &two, checker.Options{}) })
	b.Run("messages2-oneworker", func(b *testing.B) { benchmark(b, &two, checker.Options{Workers: 1}) })
}
