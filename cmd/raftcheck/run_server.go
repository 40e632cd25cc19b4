package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// oneServer is the verb that run starts its processes with. It is not for people.
const oneServer = "run-server"

// oneServerFlags are what one server is told.
type oneServerFlags struct {
	server  serverFlags
	id      int
	dir     string   // of its state and its trace
	sockets string   // folder where servers listen; sockets have short names
	doors   []string // where clients turn to, for each server
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
	config, recorder, err := f.config()
	if err != nil {
		return err
	}
	defer recorder.Close()
	config.Changed = func(o spec.Observation) { fmt.Fprintf(a.term.out, "%s %d\n", o.Role, o.Term) }
	server, err := runtime.Start(config)
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	listener, err := runtime.Listen(socketOf(f.sockets, config.ID, "http"))
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	clients := &http.Server{Handler: server}
	go func() { _ = clients.Serve(listener) }()
	fmt.Fprintln(a.term.out, "ready")
	ended := make(chan struct{})
	go func() {
		obey(bufio.NewScanner(a.in), server)
		close(ended)
	}()
	select {
	case <-ended:
	case <-server.Done():
	}
	clients.Close()
	if err := server.Close(); err != nil {
		return &failure{exit: exitFault, err: fmt.Errorf("%s stops: %w", config.ID, err)}
	}
	return nil
}

// obey does what each line says: "isolate n2 n3" cuts off the server from those, "isolate" from nobody.
func obey(lines *bufio.Scanner, server *runtime.Server) {
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] != "isolate" {
			continue
		}
		var from []spec.ServerID
		for _, name := range words[1:] {
			var n uint64
			if _, err := fmt.Sscanf(name, "n%d", &n); err == nil {
				from = append(from, spec.ServerID(n))
			}
		}
		server.Isolate(from...)
	}
}

func (f *oneServerFlags) config() (runtime.ServerConfig, *record.Recorder, error) {
	options, name, err := f.server.options()
	if err != nil {
		return runtime.ServerConfig{}, nil, err
	}
	timing, err := f.server.timing()
	if err != nil {
		return runtime.ServerConfig{}, nil, err
	}
	id := spec.ServerID(f.id)
	c := runtime.ServerConfig{
		Config:    runtime.Config{ID: id, Servers: serversUpTo(f.server.nodes), Options: options, Timing: timing, Compact: f.server.compact, Seed: f.server.seed ^ uint64(os.Getpid())<<20},
		State:     filepath.Join(f.dir, id.String()+".state"),
		Addresses: map[spec.ServerID]string{},
		Clients:   map[spec.ServerID]string{},
	}
	for k, other := range c.Servers {
		c.Addresses[other] = socketOf(f.sockets, other, "raft")
		if k < len(f.doors) {
			c.Clients[other] = f.doors[k]
		}
	}
	recorder, err := record.Open(traceOf(f.dir, id), record.Header{Servers: c.Servers, Implementation: name, Variants: options.Variants()}, record.Options{})
	if err != nil {
		return c, nil, &failure{exit: exitFault, err: err}
	}
	c.Recorder = recorder.Server(id)
	return c, recorder, nil
}

func serversUpTo(n int) (ids []spec.ServerID) {
	for id := range n {
		ids = append(ids, spec.ServerID(id+1))
	}
	return ids
}

// socketOf is where a server listens, to other servers (raft) or to clients (http).
func socketOf(folder string, id spec.ServerID, what string) string {
	return "unix:" + filepath.Join(folder, id.String()+"."+what)
}

func traceOf(dir string, id spec.ServerID) string { return filepath.Join(dir, id.String()+".trace") }

// dialer connects to a server's socket for clients.
func dialer(socket string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return runtime.Dial(socket, dialWithin) }
}
