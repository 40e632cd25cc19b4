package linearizability

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// BenchmarkTransactions judges transactions of 20 clients, correct ones and with an anomaly in the middle. RAFTCHECK_TRANSACTIONS says how many.
func BenchmarkTransactions(b *testing.B) {
	n := 100_000
	if s := os.Getenv("RAFTCHECK_TRANSACTIONS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for _, w := range []load{
		{transactions: n, clients: 20, keys: 10, actions: 4, readers: 0.5, unknown: 0.01},
		{transactions: n, clients: 20, keys: 10, actions: 4, readers: 0.5, unknown: 0.01, plant: AntiDependency},
		{transactions: n, clients: 20, keys: 10, actions: 4, readers: 0.5, unknown: 0.01, plant: SingleRead + realtime},
		{transactions: n, clients: 20, keys: 1000, actions: 4, readers: 0.5, unknown: 0.01},
		{transactions: n, clients: 20, keys: 1000, actions: 4, readers: 0.5, unknown: 0.01, plant: DirtyWrite},
		{transactions: n, clients: 20, keys: 10, actions: 4, readers: 0.5, unknown: 0.01, registers: true},
		{transactions: n, clients: 20, keys: 1000, actions: 4, readers: 0.5, unknown: 0.01, registers: true},
		{transactions: n, clients: 20, keys: 10, actions: 4, readers: 0.5, unknown: 0.01, registers: true, plant: SingleRead},
	} {
		b.Run(w.String(), func(b *testing.B) {
			h := generated(w)
			p := wholePart(h)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				j, err := judge(h, p, guidedBudget)
				require.NoError(b, err)
				require.Equal(b, w.plant, j.anomalyName())
				require.Equal(b, w.plant == "", j.verdict[0] == spec.Held, "%s", j)
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
	for _, w := range []load{
		{transactions: 2000, clients: 5, keys: 10, actions: 3, readers: 0.5},
		{transactions: 400, clients: 8, keys: 10, actions: 3, readers: 0.5},
		{transactions: 400, clients: 8, keys: 10, actions: 3, readers: 0.5, plant: SingleRead},
		{transactions: 400, clients: 9, keys: 10, actions: 3, readers: 0.5, registers: true},
	} {
		h := generated(w)
		p := wholePart(h)
		b.Run("graph/"+w.String(), func(b *testing.B) {
			for b.Loop() {
				j, err := judge(h, p, guidedBudget)
				require.NoError(b, err)
				require.Equal(b, w.plant == "", j.verdict[StrictSerializable] == spec.Held)
			}
		})
		b.Run("porcupine/"+w.String(), func(b *testing.B) {
			for b.Loop() {
				v := askPorcupine(context.Background(), h, p.keys, p.ops, time.Minute)
				require.Equal(b, w.plant == "", v == spec.Held, "%s", v)
			}
		})
	}
}
