package etcd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/internal/cpu"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// benchTrace is a trace of about 10,000 events as it lies on disk, compressed. RAFTCHECK_BENCH_TRACE names another.
func benchTrace(b *testing.B) []byte {
	file := filepath.Join("testdata", "base3-10000.ndjson.gz")
	if other := os.Getenv("RAFTCHECK_BENCH_TRACE"); other != "" {
		file = other
	}
	data, err := os.ReadFile(file)
	require.NoError(b, err)
	return data
}

func open(b *testing.B, data []byte) *Reader {
	lines, err := traces.NewLines("trace.ndjson.gz", bytes.NewReader(data))
	require.NoError(b, err)
	r, err := NewReader(lines, traces.Options{})
	require.NoError(b, err)
	return r
}

func rate(b *testing.B, started time.Duration, events int) {
	b.ReportMetric(float64(events)/(cpu.Time()-started).Seconds(), "events/cpu-s")
}

// BenchmarkVerify reads, decodes, explains and judges a whole trace.
func BenchmarkVerify(b *testing.B) {
	data := benchTrace(b)
	events, started := 0, cpu.Time()
	for b.Loop() {
		r := open(b, data)
		result, err := traces.Verify(context.Background(), r, traces.VerifyOptions{})
		require.NoError(b, err)
		require.Equal(b, spec.Held, result.Verdict)
		events += r.Events()
	}
	rate(b, started, events)
}

// BenchmarkExplain leaves the rulebook out.
func BenchmarkExplain(b *testing.B) {
	data := benchTrace(b)
	events, started := 0, cpu.Time()
	for b.Loop() {
		r := open(b, data)
		for {
			if _, err := r.Next(); errors.Is(err, io.EOF) {
				break
			}
		}
		events += r.Events()
	}
	rate(b, started, events)
}

// BenchmarkDecode only reads and decodes.
func BenchmarkDecode(b *testing.B) {
	data := benchTrace(b)
	events, started := 0, cpu.Time()
	for b.Loop() {
		lines, err := traces.NewLines("trace.ndjson.gz", bytes.NewReader(data))
		require.NoError(b, err)
		d := newDecoder()
		for {
			line, err := lines.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			var e event
			if _, err := d.decode(line, &e); err != nil {
				b.Fatal(err)
			}
			events++
		}
	}
	rate(b, started, events)
}

// BenchmarkLines only decompresses and splits into lines.
func BenchmarkLines(b *testing.B) {
	data := benchTrace(b)
	events, started := 0, cpu.Time()
	for b.Loop() {
		lines, err := traces.NewLines("trace.ndjson.gz", bytes.NewReader(data))
		require.NoError(b, err)
		for {
			if _, err := lines.Next(); errors.Is(err, io.EOF) {
				break
			}
			events++
		}
	}
	rate(b, started, events)
}
