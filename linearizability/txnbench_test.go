package linearizability

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// generate makes a history.
func generate(t testing.TB, w Load) *History {
	h, err := Generate(w)
	require.NoError(t, err)
	return h
}

func (w Load) name() string {
	return fmt.Sprintf("operations=%d/clients=%d/keys=%d/registers=%t/plant=%s", w.Operations, w.Clients, w.Keys, w.Registers, w.Plant)
}

// BenchmarkTransactions judges transactions of 20 clients, correct ones and with an anomaly in the middle. RAFTCHECK_TRANSACTIONS says how many.
func BenchmarkTransactions(b *testing.B) {
	n := 100_000
	if s := os.Getenv("RAFTCHECK_TRANSACTIONS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for _, w := range []Load{
		{Operations: n, Clients: 20, Keys: 10, Actions: 4, Readers: 0.5, Unknown: 0.01},
		{Operations: n, Clients: 20, Keys: 10, Actions: 4, Readers: 0.5, Unknown: 0.01, Plant: AntiDependency},
		{Operations: n, Clients: 20, Keys: 10, Actions: 4, Readers: 0.5, Unknown: 0.01, Plant: SingleRead + realtime},
		{Operations: n, Clients: 20, Keys: 1000, Actions: 4, Readers: 0.5, Unknown: 0.01},
		{Operations: n, Clients: 20, Keys: 1000, Actions: 4, Readers: 0.5, Unknown: 0.01, Plant: DirtyWrite},
		{Operations: n, Clients: 20, Keys: 10, Actions: 4, Readers: 0.5, Unknown: 0.01, Registers: true},
		{Operations: n, Clients: 20, Keys: 1000, Actions: 4, Readers: 0.5, Unknown: 0.01, Registers: true},
		{Operations: n, Clients: 20, Keys: 10, Actions: 4, Readers: 0.5, Unknown: 0.01, Registers: true, Plant: SingleRead},
	} {
		b.Run(w.name(), func(b *testing.B) {
			h := generate(b, w)
			p := wholePart(h)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				j, err := judge(h, p, guidedBudget)
				require.NoError(b, err)
				require.Equal(b, w.Plant, j.anomalyName())
				require.Equal(b, w.Plant == "", j.verdict[0] == spec.Held, "%s", j)
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1e6, "MB")
			b.ReportMetric(float64(before.HeapAlloc)/1e6, "MB-history")
		})
	}
}

// BenchmarkBesidePorcupine has the same transactions judged by the graph and by porcupine with our model, correct ones and with an anomaly: as many
// as porcupine decides within some seconds. Both verdicts are the same.
func BenchmarkBesidePorcupine(b *testing.B) {
	for _, w := range []Load{
		{Operations: 2000, Clients: 5, Keys: 10, Actions: 3, Readers: 0.5},
		{Operations: 400, Clients: 8, Keys: 10, Actions: 3, Readers: 0.5},
		{Operations: 400, Clients: 8, Keys: 10, Actions: 3, Readers: 0.5, Plant: SingleRead},
		{Operations: 400, Clients: 9, Keys: 10, Actions: 3, Readers: 0.5, Registers: true},
		{Operations: 2000, Clients: 14, Keys: 10, Actions: 3, Readers: 0.5, Registers: true},
		{Operations: 2000, Clients: 12, Keys: 10, Actions: 3, Readers: 0.5, Registers: true, Plant: SingleRead},
	} {
		h := generate(b, w)
		p := wholePart(h)
		b.Run("graph/"+w.name(), func(b *testing.B) {
			for b.Loop() {
				j, err := judge(h, p, guidedBudget)
				require.NoError(b, err)
				require.Equal(b, w.Plant == "", j.verdict[StrictSerializable] == spec.Held)
			}
		})
		b.Run("porcupine/"+w.name(), func(b *testing.B) {
			for b.Loop() {
				v := askPorcupine(context.Background(), h, p.keys, p.ops, time.Minute)
				require.Equal(b, w.Plant == "", v == spec.Held, "%s", v)
			}
		})
	}
}
