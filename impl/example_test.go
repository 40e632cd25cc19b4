package impl_test

import (
	"fmt"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// Three servers, of which n1 is elected with the vote of n2.
func ExampleNew() {
	make, servers := impl.New(impl.Options{}), []spec.ServerID{1, 2, 3}
	n1, n2 := make(1, servers), make(2, servers)

	campaign := n1.Step(spec.Input{Kind: spec.Timeout})
	for _, e := range campaign.Effects {
		fmt.Println(e.Kind, e.Durable.Term, e.Message.Kind, e.Message.To)
	}
	for _, request := range campaign.Sent {
		if request.To != 2 {
			continue
		}
		for _, reply := range n2.Step(spec.Input{Kind: spec.Deliver, Message: *request}).Sent {
			fmt.Println(reply)
			n1.Step(spec.Input{Kind: spec.Deliver, Message: *reply})
		}
	}
	fmt.Println("n1 is", n1.Observe().Role)
	// Output:
	// write 0 none nobody
	// sync 1 none nobody
	// send 0 RequestVote n2
	// send 0 RequestVote n3
	// RequestVoteReply n2->n1 term=1 granted=true
	// n1 is leader
}
