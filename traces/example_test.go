package traces_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

const votes = `{"format":"raftcheck-trace","version":1,"servers":["n1","n2","n3"]}
{"n":1,"server":"n1","event":"timeout","effects":[{"send":{"kind":"RequestVote","from":"n1","to":"n3","term":7}}],"post":{"role":"candidate","term":7,"votedFor":"n1"}}
{"n":2,"server":"n2","event":"timeout","effects":[{"send":{"kind":"RequestVote","from":"n2","to":"n3","term":7}}],"post":{"role":"candidate","term":7,"votedFor":"n2"}}
{"n":3,"server":"n3","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n3","term":7},"effects":[{"send":{"kind":"RequestVoteReply","from":"n3","to":"n1","term":7,"granted":true}}],"post":{"role":"follower","term":7,"votedFor":"n1"}}
{"n":4,"server":"n3","event":"deliver","message":{"kind":"RequestVote","from":"n2","to":"n3","term":7},"effects":[{"send":{"kind":"RequestVoteReply","from":"n3","to":"n2","term":7,"granted":true}}],"post":{"role":"follower","term":7}}
`

// What a record leaves out is unknown: n3's vote after the second request is not shown, but that it was given twice is.
func ExampleVerify() {
	lines, err := traces.NewLines("votes.ndjson", strings.NewReader(votes))
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := traces.NewReader(lines, traces.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := result.Findings[0]
	fmt.Printf("%s: %s: %s\n", f.Evidence[0], f.Rule.Name, f.Message)
	// Output:
	// votes.ndjson:5: vote-once: n3 votes for n2 in term 7 but voted for n1 in term 7
}

func ExampleText() {
	trace, err := traces.Read("votes.ndjson", strings.NewReader(votes))
	if err != nil {
		fmt.Println(err)
		return
	}
	findings, _ := traces.Broken(trace, spec.Rules, nil)
	if err := traces.Text(os.Stdout, trace, &findings[0]); err != nil {
		fmt.Println(err)
	}
	// Output:
	//   step  n1           n2           n3
	//      0  ? ?          ? ?          ? ?
	//      1  candidate 7  .            .           n1 times out and asks for votes in term 7  (request A on its way)
	//      2  .            candidate 7  .           n2 times out and asks for votes in term 7  (request B on its way)
	//      3  .            .            follower 7  n3 votes for n1 in term 7 (request A arrives)
	//   x  4  .            .            .           n3 votes for n2 in term 7 (request B arrives)
	//
	// Why: n3 votes for n2 in term 7 but voted for n1 in term 7.
}
