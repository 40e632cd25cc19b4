package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
)

// BenchmarkSearch, by way of a test because bubbles need one, searches a small world to the end. Besides the time it tells what a search is made of: executions of the library's
// code by the search and by its audits (steps), bubbles, which are two for each step, and the share of the time inside them.
func BenchmarkSearch(b *testing.B) {
	for b.Loop() {
		outer := b
		var r *hashicorp.Result
		ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: b.Name(), F: func(t *testing.T) {
			var err error
			r, err = hashicorp.Check(context.Background(), t, small)
			require.NoError(t, err)
		}}})
		require.True(outer, ok)
		s := r.Bubbles
		b.ReportMetric(float64(s.Steps)/r.Search.Seconds, "steps/s")
		b.ReportMetric(float64(s.Bubbles)/r.Search.Seconds, "bubbles/s")
		b.ReportMetric(float64(s.Inputs)/s.Inside.Seconds(), "inputs/s")
		b.ReportMetric(100*s.Inside.Seconds()/r.Search.Seconds, "%inside")
	}
}
