package fuzz_test

import (
	"context"
	"fmt"

	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl/mutant"
)

func ExampleRun() {
	m, _ := mutant.ByName("cm-old-term") // Figure 8 of the Raft paper
	world := fuzz.Default(m.Factory())
	r, err := fuzz.Run(context.Background(), &world, fuzz.Options{Seed: 1, Runs: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Verdict)
	fmt.Println(r.Findings[0].Rule.Name)
	fmt.Println(len(r.Findings[0].Trace.Records) <= 19, "at most 19 steps")
	// Output:
	// violated
	// commit-own-term
	// true at most 19 steps
}

func ExampleSketch() {
	monday, tuesday := fuzz.NewSketch(), fuzz.NewSketch()
	for k := range uint64(1000) {
		monday.Add(k)
		tuesday.Add(k + 500)
	}
	monday.Unite(tuesday)
	fmt.Println(monday.Count() > 1450 && monday.Count() < 1550)
	// Output:
	// true
}
