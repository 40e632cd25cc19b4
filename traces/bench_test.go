package traces

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkVerify reads and judges a native trace. RAFTCHECK_BENCH_NATIVE names another, as raftcheck run writes them.
func BenchmarkVerify(b *testing.B) {
	data, err := os.ReadFile(cmp.Or(os.Getenv("RAFTCHECK_BENCH_NATIVE"), "testdata/variants/flexible-quorums.trace"))
	require.NoError(b, err)
	b.ReportAllocs()
	records := 0
	for b.Loop() {
		lines, err := NewLines("bench.trace", bytes.NewReader(data))
		require.NoError(b, err)
		r, err := NewReader(lines, Options{})
		require.NoError(b, err)
		result, err := Verify(context.Background(), r, VerifyOptions{})
		require.NoError(b, err)
		records += result.Records
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}
