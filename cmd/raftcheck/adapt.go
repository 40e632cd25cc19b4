package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/scanner"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
	"github.com/raftcheck/raftcheck/adapters/rpc/skeleton"
)

// adapt writes a test for a Raft in Go.
func (a *app) adapt() *cobra.Command {
	gates, overlay := false, false
	cmd := &cobra.Command{
		Use:   "adapt DIR.TYPE | --gates DIR | --overlay DIR",
		Short: "Write a test that searches a Raft in Go as it is",
		Long: `adapt reads the source of a Raft in Go, with goroutines, timers and calls that block, and writes the test that searches every
execution of its servers within a bound: how a server is made, ended and given commands, and what is called otherwise than
usual. TYPE is the type of a server, in the package in the folder DIR. What the source does not tell says TODO in the test.
It goes into the package's own folder; docs/raft-in-go.md says what to do next.

With --gates it proposes where goroutines of the package in DIR could be held in the middle of a step: where a function that several
of them run reads or writes what they share, and no lock is held, or takes a lock again. Such a list goes into the file gates in DIR. With --overlay it prints the flag
with which go test builds the package with the gates that this file lists; docs/raft-in-go.md says what that finds.`,
		Example: `  raftcheck adapt ./raft.Raft > raft/raftcheck_test.go
  raftcheck adapt examples/lab.Raft
  raftcheck adapt --gates $(go list -m -f '{{.Dir}}' github.com/hashicorp/raft)
  go test $(raftcheck adapt --overlay ./raft) -run TestHeld ./raft`,
		Args: func(cmd *cobra.Command, args []string) error {
			if gates || overlay {
				flag := "--gates"
				if overlay {
					flag = "--overlay"
				}
				switch {
				case gates && overlay:
					return usageError("give one of them", "adapt --gates proposes where goroutines could be held, and --overlay builds with what was chosen")
				case len(args) != 1:
					return usageError("as in raftcheck adapt "+flag+" ./raft", "adapt %s needs the folder of a package", flag)
				}
				return nil
			}
			if len(args) != 1 {
				return usageError("as in raftcheck adapt ./raft.Raft", "adapt needs a folder and the type of a server in it")
			}
			if fileThere(args[0]) {
				return usageError(cmp.Or(taking(args[0], cmd.Flags()), "as in raftcheck adapt ./raft.Raft"), "adapt needs a folder and the type of a server in it, and %q is a file", args[0])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case gates:
				return a.proposeGates(args[0])
			case overlay:
				return a.overlayGates(args[0])
			}
			return a.runAdapt(args[0])
		},
	}
	cmd.Flags().BoolVar(&gates, "gates", false, "propose where goroutines of the package in DIR could be held")
	cmd.Flags().BoolVar(&overlay, "overlay", false, "print the flag with which go test builds the package in DIR with the gates that DIR/gates lists")
	return cmd
}

// proposeGates proposes gates for the package in a folder.
func (a *app) proposeGates(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &failure{exit: exitInput, err: fmt.Errorf("there is no folder %q", dir), hint: "as in raftcheck adapt --gates ./raft"}
	}
	var list bytes.Buffer
	if err := rewrite.Propose(&list, filepath.Clean(dir)); err != nil {
		var places scanner.ErrorList
		return &failure{exit: exitInput, err: err, bare: errors.As(err, &places)}
	}
	if _, err := a.term.out.Write(list.Bytes()); err != nil {
		return &failure{exit: exitFault, err: errors.Join(errors.New("the list could not be written"), err)}
	}
	return nil
}

// overlayGates prints the flag with which the go command builds the package in a folder with its gates.
func (a *app) overlayGates(dir string) error {
	gated, err := rewrite.Here(dir)
	if err != nil {
		return &failure{exit: exitInput, err: err, hint: "raftcheck adapt --gates proposes such a file"}
	}
	if _, err := fmt.Fprintln(a.term.out, "-overlay="+gated); err != nil {
		return &failure{exit: exitFault, err: errors.Join(errors.New("the flag could not be written"), err)}
	}
	return nil
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
