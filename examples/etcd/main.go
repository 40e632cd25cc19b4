//go:build with_tla

// Command etcd records an execution of three servers of etcd's raft, to be judged by raftcheck:
//
//	go run -tags with_tla . | raftcheck verify -
//	go run -tags with_tla . -forget-vote | raftcheck verify -
//
// It shows all that a recorder needs (recorder.go) around a small cluster in memory (cluster.go).
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	forget := flag.Bool("forget-vote", false, "servers come back from a restart without the vote they gave")
	flag.Parse()
	script := calm
	if *forget {
		script = forgetful
	}
	if err := record(os.Stdout, script); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// record runs a script and writes the trace.
func record(w io.Writer, script func(*cluster)) error {
	r := newRecorder(w)
	script(newCluster(r, 3))
	return r.err
}

// calm is an election, some entries, a leader that is cut off and comes back to find another, and a restart.
func calm(c *cluster) {
	c.campaign(1)
	c.settle()
	for k := range 3 {
		c.propose(1, fmt.Sprintf("a%d", k))
		c.settle()
	}
	c.cutOff(1)
	c.propose(1, "lost")
	c.settle()
	c.campaign(2)
	c.settle()
	c.propose(2, "b0")
	c.settle()
	c.join()
	c.beat(2)
	c.settle()
	c.propose(2, "b1")
	c.settle()
	c.restart(3, false)
	c.propose(2, "b2")
	c.settle()
}

// forgetful is an election in which a voter restarts, forgets its vote, and gives it to another candidate of the same term.
func forgetful(c *cluster) {
	c.campaign(1)
	c.drop(1, 2)
	c.deliver(1, 3)
	c.restart(3, true)
	c.campaign(2)
	c.drop(2, 1)
	c.deliver(2, 3)
	c.settle()
}
