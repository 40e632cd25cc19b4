package checker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// TestRaft is all that a project needs to search its own node: New is the function that makes one server of it.
func TestRaft(t *testing.T) {
	checker.Test(t, impl.New(impl.Options{}), func(c *cluster.Config, _ *checker.Options) {
		c.Bounds.Messages = 1 // leave this out for a search of some seconds
	})
}

// A search says what it covered.
func ExampleCheck() {
	world := cluster.Default(impl.New(impl.Options{}))
	world.Bounds.Messages = 1

	result, err := checker.Check(context.Background(), &world, checker.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s in all %d states, up to %d steps deep\n", result.Verdict, result.Search.Distinct, result.Search.Depth)
	fmt.Printf("node code ran %d times\n", result.Search.Executions)
	// Output:
	// held in all 257172 states, up to 27 steps deep
	// node code ran 12033 times
}

// A violation comes with the shortest execution that shows it.
func ExampleCheck_violated() {
	broken, _ := mutant.ByName("el-stale-vote-resp")
	world := cluster.Default(broken.Factory())
	electionSafety, _ := spec.RuleByName("election-safety")

	result, err := checker.Check(context.Background(), &world, checker.Options{Rules: []*spec.Rule{electionSafety}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range result.Findings {
		fmt.Printf("%s after %d steps: %s\n", f.Rule.Name, len(f.Trace.Records), f.Message)
	}
	// Output:
	// election-safety after 8 steps: n2 and n3 both lead term 2
}
