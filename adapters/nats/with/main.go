// Command with prints the flags with which `go test` builds this module with a release of nats-server:
//
//	go test $(go run ./with v2.12.5) -run TestWorld .
//
// Without an argument it is the release that go.mod requires.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/nats/overlay"
)

func main() {
	if len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./with [version]")
		os.Exit(2)
	}
	flags, err := overlay.Flags(".", strings.Join(os.Args[1:], ""))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	fmt.Println(strings.Join(flags, " "))
}
