package processes

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// Server is one server of a cluster, as its process is told.
type Server struct {
	ID      spec.ServerID
	Servers int      // in the cluster
	Dir     string   // of its state and its trace
	Sockets string   // folder where servers listen; sockets have short names
	Doors   []string // where clients turn to, for each server

	Name    string // of the implementation, for the trace
	Options impl.Options
	Timing  runtime.Timing
	Compact int    // committed entries after which a log is compacted
	Seed    uint64 // where election timeouts begin
}

// Serve runs the server until orders end. They say whom not to reach; on says it tells that it is ready, and what it is whenever that changes.
func (s *Server) Serve(orders io.Reader, says io.Writer) error {
	config, recorder, err := s.config()
	if err != nil {
		return err
	}
	defer recorder.Close()
	config.Changed = func(o spec.Observation) { fmt.Fprintf(says, "%s %d\n", o.Role, o.Term) }
	server, err := runtime.Start(config)
	if err != nil {
		return err
	}
	listener, err := runtime.Listen(socketOf(s.Sockets, config.ID, "http"))
	if err != nil {
		return err
	}
	clients := &http.Server{Handler: server}
	go func() { _ = clients.Serve(listener) }()
	fmt.Fprintln(says, "ready")
	ended := make(chan struct{})
	go func() {
		obey(bufio.NewScanner(orders), server)
		close(ended)
	}()
	select {
	case <-ended:
	case <-server.Done():
	}
	clients.Close()
	if err := server.Close(); err != nil {
		return fmt.Errorf("%s stops: %w", config.ID, err)
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

func (s *Server) config() (runtime.ServerConfig, *record.Recorder, error) {
	c := runtime.ServerConfig{
		Config:    runtime.Config{ID: s.ID, Servers: serversUpTo(s.Servers), Options: s.Options, Timing: s.Timing, Compact: s.Compact, Seed: s.Seed ^ uint64(os.Getpid())<<20},
		State:     filepath.Join(s.Dir, s.ID.String()+".state"),
		Addresses: map[spec.ServerID]string{},
		Clients:   map[spec.ServerID]string{},
	}
	for k, other := range c.Servers {
		c.Addresses[other] = socketOf(s.Sockets, other, "raft")
		if k < len(s.Doors) {
			c.Clients[other] = s.Doors[k]
		}
	}
	recorder, err := record.Open(TraceOf(s.Dir, s.ID), record.Header{Servers: c.Servers, Implementation: s.Name, Variants: s.Options.Variants()}, record.Options{})
	if err != nil {
		return c, nil, err
	}
	c.Recorder = recorder.Server(s.ID)
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

// TraceOf is the file in which a server is recorded, in the folder of its cluster.
func TraceOf(dir string, id spec.ServerID) string { return filepath.Join(dir, id.String()+".trace") }

// HistoryOf is the file of what clients ask and are told, in the folder of the cluster.
func HistoryOf(dir string) string { return filepath.Join(dir, "history.ndjson") }

// dialer connects to a server's socket for clients.
func dialer(socket string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return runtime.Dial(socket, dialWithin) }
}
