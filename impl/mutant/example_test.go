package mutant_test

import (
	"fmt"

	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// A mutant's servers are reference servers but for one decision: this one becomes leader with its own vote alone.
func ExampleByName() {
	m, _ := mutant.ByName("cm-quorum-half")
	fmt.Println(m.Title)

	n1 := m.Factory()(1, []spec.ServerID{1, 2, 3})
	n1.Step(spec.Input{Kind: spec.Timeout})
	fmt.Println("n1 is", n1.Observe().Role)
	// Output:
	// half the servers, rounded down, count as a majority
	// n1 is leader
}
