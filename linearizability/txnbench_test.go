package linearizability

import (
	"os"
	"runtime"
	"strconv"
	"testing"

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
