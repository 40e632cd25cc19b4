// Command with prints the flags with which `go test` builds this module with a release of nats-server:
//
//	go test $(go run ./with v2.12.5) -run TestWorld .
//
// Without an argument it is the release that go.mod requires. With -release it prints two lines for a module with a go.mod of its own: the folder to take the
// release from, and the file to name after -overlay.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/nats/overlay"
)

func main() {
	release := flag.Bool("release", false, "print the folder of the release and the file of the overlay")
	flag.Parse()
	if flag.NArg() > 1 || *release && flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./with [-release] [version]")
		os.Exit(2)
	}
	words, between, err := make([]string, 2), "\n", error(nil)
	if *release {
		words[0], words[1], err = overlay.Release(".", flag.Arg(0))
	} else {
		between = " "
		words, err = overlay.Flags(".", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	fmt.Println(strings.Join(words, between))
}
