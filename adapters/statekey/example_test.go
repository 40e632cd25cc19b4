package statekey_test

import (
	"fmt"

	"github.com/raftcheck/raftcheck/adapters/statekey"
)

type raft struct {
	term  uint64
	votes map[uint64]bool
	ticks int // how far the clock is, which no longer matters when elections are inputs
}

func ExampleKey() {
	key := statekey.New(statekey.Skip("github.com/raftcheck/raftcheck/adapters/statekey_test.raft", "ticks"))
	a := &raft{term: 2, votes: map[uint64]bool{1: true, 2: true}, ticks: 5}
	b := &raft{term: 2, votes: map[uint64]bool{2: true, 1: true}}
	fmt.Println(string(key.Append(nil, a)) == string(key.Append(nil, b)))
	b.votes[2] = false
	fmt.Println(key.Difference(a, b))
	// Output:
	// true
	// votes[2]: true and false
}
