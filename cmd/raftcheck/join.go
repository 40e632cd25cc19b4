package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/whole"
)

// join makes one trace of those that servers recorded apart.
func (a *app) join() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "join TRACE...",
		Short: "Make one trace of those that servers recorded apart",
		Long: `join reads what several servers recorded of themselves, each in a file of its own in the native format, and writes one
trace in which every message arrives after it was sent. Clocks play no part. In one trace raftcheck verify sees what no server
sees alone: two leaders of a term, logs that differ, a message that nobody sent.`,
		Example: `  raftcheck join n1.trace n2.trace n3.trace | raftcheck verify -
  raftcheck join --to cluster.trace n*.trace`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("as in raftcheck join n1.trace n2.trace n3.trace", "join needs the traces of servers")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runJoin(to, args) },
	}
	cmd.Flags().StringVar(&to, "to", "", "the `file` to write; without it, stdout")
	a.addTrust(cmd.Flags())
	markWrites(cmd.Flags(), "to", "")
	return cmd
}

// runJoin leaves the file as it was if a trace cannot be read.
func (a *app) runJoin(to string, paths []string) error {
	if err := errors.Join(a.reads(paths...), a.once(paths)); err != nil {
		return err
	}
	if to == "" {
		return a.joinTo(a.term.out, paths)
	}
	f, err := a.create("--to "+to, to)
	if err != nil {
		return err
	}
	defer f.Abandon()
	if err := a.joinTo(f, paths); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return notJoined(err)
	}
	return nil
}

func notJoined(err error) error {
	return &failure{exit: exitFault, err: fmt.Errorf("the trace could not be written: %w", err)}
}

// once refuses a trace that is given twice, by whatever name: what a server did would have happened twice.
func (a *app) once(paths []string) error {
	for k, path := range paths {
		for _, earlier := range paths[:k] {
			if path == earlier || whole.Same(path, earlier) {
				return usageError("every trace once", "%q and %q are one trace", earlier, path)
			}
		}
	}
	return nil
}

func (a *app) joinTo(w io.Writer, paths []string) error {
	var sources []traces.Source
	for _, path := range paths {
		source, err := a.open(path, &reading{format: "native"})
		if err != nil {
			return a.orAnother(asFailure(err), path, "join", "a trace of raftcheck")
		}
		defer source.done()
		defer source.Close()
		sources = append(sources, source)
	}
	err := traces.Join(w, sources...)
	var fault *traces.InputError
	switch {
	case errors.As(err, &fault):
		return asFailure(err)
	case err != nil:
		return notJoined(err)
	}
	return nil
}
