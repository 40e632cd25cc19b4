package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/scanner"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/adapters/rpc/skeleton"
)

// adapt writes a test for a Raft in Go.
func (a *app) adapt() *cobra.Command {
	return &cobra.Command{
		Use:   "adapt DIR.TYPE",
		Short: "Write a test that searches a Raft in Go as it is",
		Long: `adapt reads the source of a Raft in Go, with goroutines, timers and calls that block, and writes the test that searches every
execution of its servers within a bound: how a server is made, ended and given commands, and what is called otherwise than
usual. TYPE is the type of a server, in the package in the folder DIR. What the source does not tell says TODO in the test.
It goes into the package's own folder; docs/raft-in-go.md says what to do next.`,
		Example: `  raftcheck adapt ./raft.Raft > raft/raftcheck_test.go
  raftcheck adapt examples/lab.Raft`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("as in raftcheck adapt ./raft.Raft", "adapt needs a folder and the type of a server in it")
			}
			if fileThere(args[0]) {
				return usageError(cmp.Or(taking(args[0], cmd.Flags()), "as in raftcheck adapt ./raft.Raft"), "adapt needs a folder and the type of a server in it, and %q is a file", args[0])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runAdapt(args[0]) },
	}
}

func (a *app) runAdapt(what string) error {
	cut := strings.LastIndexByte(what, '.')
	if cut < 0 || cut == len(what)-1 || strings.ContainsAny(what[cut:], `/\`) {
		return usageError("as in raftcheck adapt ./raft.Raft", "%q is no folder with a type after a dot", what)
	}
	dir := what[:cut]
	if strings.HasSuffix(dir, "/") || dir == "" {
		dir += "."
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &failure{exit: exitInput, err: fmt.Errorf("there is no folder %q with a type %s", filepath.Clean(dir), what[cut+1:]), hint: "as in raftcheck adapt ./raft.Raft"}
	}
	test, err := skeleton.Of(filepath.Clean(dir), what[cut+1:])
	if err != nil {
		var places scanner.ErrorList
		return &failure{exit: exitInput, err: err, bare: errors.As(err, &places)}
	}
	if _, err := a.term.out.Write(test); err != nil {
		return &failure{exit: exitFault, err: errors.Join(errors.New("the test could not be written"), err)}
	}
	return nil
}
