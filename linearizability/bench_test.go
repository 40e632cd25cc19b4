package linearizability

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// large makes a linearizable history of registers with unique values: clients that take turns at random, and of ten operations one
// that never returns.
func large(ops, clients, keys int) *History {
	r := rand.New(rand.NewPCG(1, uint64(ops)))
	h := &History{Operations: make([]Operation, 0, ops)}
	held := make([]Value, keys)
	names := make([]string, keys)
	for k := range names {
		names[k] = "k" + strconv.Itoa(k)
	}
	for c := range clients {
		h.Clients = append(h.Clients, strconv.Itoa(c))
	}
	open := make([]int, clients)
	for len(h.Operations) < ops {
		c := r.IntN(clients)
		if k := open[c]; k > 0 {
			o := &h.Operations[k-1]
			a := &o.Do[0]
			slot := o.Do[0].Key[1:]
			n, _ := strconv.Atoi(slot)
			h.now++
			o.Return, o.Outcome, open[c] = h.now, Returned, 0
			switch {
			case r.IntN(10) == 0:
				o.Outcome = Unknown
				if a.Kind == Write && r.IntN(2) == 0 {
					held[n] = a.Value
				}
			case a.Kind == Write:
				held[n] = a.Value
			default:
				a.Value, a.Shown = held[n], true
			}
			continue
		}
		h.now++
		a := ReadOf(names[r.IntN(keys)])
		if r.IntN(2) == 0 {
			a = WriteOf(a.Key, Literal(strconv.Itoa(len(h.Operations))))
		}
		h.Operations = append(h.Operations, Operation{Client: c, Call: h.now, Outcome: Pending, Do: []Action{a}})
		open[c] = len(h.Operations)
	}
	return h
}

// BenchmarkZones judges registers with unique values: BENCHMARKS.md asks for a million operations in less than 2 CPU seconds, and for
// memory that grows no faster than the history.
func BenchmarkZones(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		for _, keys := range []int{1, 1000} {
			h := large(n, 50, keys)
			b.Run(fmt.Sprintf("operations=%d/keys=%d", n, keys), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r, err := Verify(context.Background(), h, Options{})
					require.NoError(b, err)
					require.Equal(b, spec.Held, r.Verdict)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
			})
		}
		runtime.GC()
	}
}

// BenchmarkCheck judges histories as an exhaustive search meets them.
func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{2, 4, 8, 16} {
		s := shape{ops: n, clients: 3, keys: 1, unique: true, lists: true, kinds: []Kind{Read, Append}, honest: 10}
		r := rand.New(rand.NewPCG(1, 1))
		var all []*History
		for range 100 {
			all = append(all, random(r, s))
		}
		b.Run(fmt.Sprintf("new/operations=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			var m Memo
			for k := 0; b.Loop(); k++ {
				m.search.history(all[k%len(all)])
			}
		})
		b.Run(fmt.Sprintf("known/operations=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			var m Memo
			for k := 0; b.Loop(); k++ {
				m.Check(all[k%len(all)])
			}
		})
	}
}

// BenchmarkReadJepsen reads EDN as Jepsen prints it.
func BenchmarkReadJepsen(b *testing.B) {
	var file bytes.Buffer
	for k := range 100_000 {
		for _, kind := range []string{"invoke", "ok"} {
			fmt.Fprintf(&file, "{:index %d, :time %d, :type :%s, :process %d, :f :write, :value [%d %d]}\n", 2*k, 1000*k, kind, k%10, k%100, k)
		}
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		h, err := ReadFrom("file", bytes.NewReader(file.Bytes()), ReadOptions{})
		require.NoError(b, err)
		require.Len(b, h.Operations, 100_000)
	}
}

// BenchmarkRead reads the native format.
func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	require.NoError(b, WriteTo(&file, large(100_000, 50, 100)))
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		h, err := ReadFrom("file", bytes.NewReader(file.Bytes()), ReadOptions{})
		require.NoError(b, err)
		require.Len(b, h.Operations, 100_000)
	}
}
