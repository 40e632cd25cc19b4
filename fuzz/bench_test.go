package fuzz_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl"
)

// BenchmarkStrategies makes campaigns of one worker: steps per second, in the world that check searches to the end and in that of a
// campaign. Every campaign begins with an empty memo.
func BenchmarkStrategies(b *testing.B) {
	for _, world := range []struct {
		name   string
		config cluster.Config
	}{{"small", cluster.Default(impl.New(impl.Options{}))}, {"default", fuzz.Default(impl.New(impl.Options{}))}} {
		for k, name := range append(fuzz.Strategies(), "mix") {
			b.Run(world.name+"/"+name, func(b *testing.B) {
				o := fuzz.Options{Steps: 2_000_000, Workers: 1}
				if name != "mix" {
					o.Strategies = []fuzz.Strategy{fuzz.Strategy(k)}
				}
				steps, seconds := 0.0, 0.0
				for b.Loop() {
					o.Seed++
					r := run(b, &world.config, o)
					steps += float64(r.Stats.Steps)
					seconds += r.Stats.Seconds
				}
				b.ReportMetric(steps/seconds, "steps/s")
			})
		}
	}
}

// BenchmarkCheck makes the 100 executions of a property test.
func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		f := &fakeT{name: "Benchmark"}
		fuzz.Check(f, impl.New(impl.Options{}))
	}
}
