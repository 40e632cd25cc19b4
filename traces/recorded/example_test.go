package recorded_test

import (
	"context"
	"fmt"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/recorded"
)

// A server of this cluster forgets its vote when it restarts.
func ExampleVerify() {
	result, format, err := recorded.Verify(context.Background(), "../etcd/testdata/faulty/forget-vote.ndjson.gz", nil, traces.Options{}, traces.VerifyOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(format, result.Verdict)
	for _, p := range result.Findings[0].Evidence {
		fmt.Printf("line %d: %s\n", p.Line, p.Role)
	}
	fmt.Println(result.Findings[0].Message)
	// Output:
	// etcd with_tla violated
	// line 105: here
	// line 90: the vote
	// n3 voted for n3 in term 2 and now holds a vote for nobody in that term
}
