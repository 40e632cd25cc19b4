//go:build !with_tla

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "etcd's raft traces only when it is built with its tag: go run -tags with_tla .")
	os.Exit(2)
}
