// Command with prints the flags with which `go test` builds this module with a release of nats-server:
//
//	go test $(go run ./with v2.12.5) -run TestWorld .
//
// Without an argument it is the release that go.mod requires. With -gates GATES goroutines can be held at the gates that this file lists. With -release it prints two lines
// for a module with a go.mod of its own: the folder to take the release from, and the file to name after -overlay.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/nats/overlay"
	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

func main() {
	release := flag.Bool("release", false, "print the folder of the release and the file of the overlay")
	gates := flag.String("gates", "", "a `file` that lists where goroutines can be held")
	flag.Parse()
	if flag.NArg() > 1 || *release && flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./with [-gates gates] [-release] [version]")
		os.Exit(2)
	}
	list, err := listed(*gates)
	words, between := make([]string, 2), "\n"
	switch {
	case err != nil:
	case *release:
		words[0], words[1], err = overlay.Release(".", flag.Arg(0), list)
	default:
		between = " "
		words, err = overlay.Flags(".", flag.Arg(0), list)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	fmt.Println(strings.Join(words, between))
}

// listed reads a list of gates; none of no file.
func listed(path string) (rewrite.List, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return rewrite.Read(path, f)
}
