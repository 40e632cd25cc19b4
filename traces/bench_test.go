package traces

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/internal/cpu"
)

// benchTrace is a native trace. RAFTCHECK_BENCH_NATIVE names another, as raftcheck run writes them.
func benchTrace(b *testing.B) []byte {
	data, err := os.ReadFile(cmp.Or(os.Getenv("RAFTCHECK_BENCH_NATIVE"), "testdata/variants/flexible-quorums.trace"))
	require.NoError(b, err)
	return data
}

func benchReader(b *testing.B, data []byte) *Reader {
	lines, err := NewLines("bench.trace", bytes.NewReader(data))
	require.NoError(b, err)
	r, err := NewReader(lines, Options{})
	require.NoError(b, err)
	return r
}

func rate(b *testing.B, started time.Duration, records int) {
	b.ReportMetric(float64(records)/(cpu.Time()-started).Seconds(), "records/cpu-s")
}

// BenchmarkVerify reads and judges a native trace.
func BenchmarkVerify(b *testing.B) {
	data := benchTrace(b)
	b.ReportAllocs()
	records, started := 0, cpu.Time()
	for b.Loop() {
		result, err := Verify(context.Background(), benchReader(b, data), VerifyOptions{})
		require.NoError(b, err)
		records += result.Records
	}
	rate(b, started, records)
}

// BenchmarkRead leaves the rulebook out: it is what one of the two goroutines has to do that verify with VerifyOptions.Ahead.
func BenchmarkRead(b *testing.B) {
	data := benchTrace(b)
	b.ReportAllocs()
	records, started := 0, cpu.Time()
	for b.Loop() {
		r := benchReader(b, data)
		r.streamed()
		for {
			_, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(b, err)
			records++
		}
	}
	rate(b, started, records)
}

// BenchmarkLines only splits into lines.
func BenchmarkLines(b *testing.B) {
	data := benchTrace(b)
	records, started := 0, cpu.Time()
	for b.Loop() {
		lines, err := NewLines("bench.trace", bytes.NewReader(data))
		require.NoError(b, err)
		for {
			_, err := lines.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(b, err)
			records++
		}
	}
	rate(b, started, records)
}
