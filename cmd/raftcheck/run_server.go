package main

import (
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/impl/runtime/processes"
	"github.com/raftcheck/raftcheck/spec"
)

// oneServer is the verb that run starts its processes with. It is not for people.
const oneServer = "run-server"

// oneServerFlags are what one server is told.
type oneServerFlags struct {
	server  serverFlags
	id      int
	dir     string
	sockets string
	doors   []string
}

// runServer is one server of a cluster that run started. It lives as long as its standard input, from which it is also told whom not to
// reach; on standard output it says what it is.
func (a *app) runServer() *cobra.Command {
	f := &oneServerFlags{}
	cmd := &cobra.Command{Use: oneServer, Short: "Run one server, for raftcheck run", Hidden: true, Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.serve(f) }}
	flags := cmd.Flags()
	f.server.addTo(flags)
	flags.IntVar(&f.id, "id", 1, "which server")
	flags.StringVar(&f.dir, "dir", ".", "folder of its state and trace")
	flags.StringVar(&f.sockets, "sockets", ".", "folder where servers listen")
	flags.StringSliceVar(&f.doors, "doors", nil, "where clients turn to for each server")
	return cmd
}

// serve runs the server until standard input ends.
func (a *app) serve(f *oneServerFlags) error {
	signal.Ignore(ending...) // they are for run, which ends its servers
	options, name, err := f.server.options()
	if err != nil {
		return err
	}
	timing, err := f.server.timing()
	if err != nil {
		return err
	}
	s := &processes.Server{ID: spec.ServerID(f.id), Servers: f.server.nodes, Dir: f.dir, Sockets: f.sockets, Doors: f.doors,
		Name: name, Options: options, Timing: timing, Compact: f.server.compact, Seed: f.server.seed}
	if err := s.Serve(a.in, a.term.out); err != nil {
		return &failure{exit: exitFault, err: err}
	}
	return nil
}
