package runtime

import (
	"errors"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// ServerConfig is a server that runs for real.
type ServerConfig struct {
	Config
	State     string                   // the file of its state; see OpenFile
	Addresses map[spec.ServerID]string // where each server listens to the others; see Listen
	Clients   map[spec.ServerID]string // what clients are told to turn to for each server, as in "http://127.0.0.1:8001"; may be nil
	// Patience is how long a client waits for an answer; 0 is two seconds.
	Patience time.Duration
	// Changed, unless nil, is called when the server's role or term is another. It must not wait.
	Changed func(spec.Observation)
}

// Server runs a Replica on the real clock: one goroutine owns it and does everything in turn.
type Server struct {
	config  ServerConfig
	replica *Replica
	file    *File
	network *network
	inbox   chan func(now time.Duration)
	started time.Time
	told    spec.Observation

	stopping chan struct{}
	stop     sync.Once
	stopped  chan struct{}
	err      error // once stopped
}

// atOnce is how many inputs share one write to disk at most.
const atOnce = 128

// Start starts a server with the state in its file, or a new one. The error says what is wrong with the file or the addresses.
func Start(c ServerConfig) (*Server, error) {
	if c.Patience <= 0 {
		c.Patience = 2 * time.Second
	}
	file, found, err := OpenFile(c.State)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, file: file, inbox: make(chan func(time.Duration), 1024), started: time.Now(), stopping: make(chan struct{}), stopped: make(chan struct{})}
	s.network, err = startNetwork(c.ID, c.Addresses, s.deliver)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.replica, err = NewReplica(c.Config, file, found, s.network.send, s.now())
	if err != nil {
		s.network.stop()
		return nil, errors.Join(err, file.Close())
	}
	go s.run()
	return s, nil
}

// Isolate cuts the server off from others: it neither writes to them nor hears them. Nobody is everybody's friend again.
func (s *Server) Isolate(from ...spec.ServerID) { s.network.isolate(from) }

// Close stops the server in order. It returns why the server had stopped by itself, if it had.
func (s *Server) Close() error {
	s.stop.Do(func() { close(s.stopping) })
	<-s.stopped
	return s.err
}

// Done is closed when the server has stopped: its disk failed, or Close was called.
func (s *Server) Done() <-chan struct{} { return s.stopped }

// now is the time since the server started.
func (s *Server) now() time.Duration { return time.Since(s.started) }

// deliver hands a message to the server, and waits as long as it has too much to do.
func (s *Server) deliver(e Envelope) {
	s.do(func(now time.Duration) { s.replica.Receive(now, e) })
}

// do lets the server's goroutine do something. It reports whether it will be done.
func (s *Server) do(what func(now time.Duration)) bool {
	select {
	case s.inbox <- what:
		return true
	case <-s.stopping:
	case <-s.stopped:
	}
	return false
}

// run does what comes in, several inputs at once if there are, and what the timers say.
func (s *Server) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for s.replica.Err() == nil {
		s.replica.Settle(s.now())
		s.tell()
		wait := s.replica.NextAt() - s.now()
		timer.Reset(max(wait, 0))
		select {
		case <-s.stopping:
			s.end()
			return
		case <-timer.C:
		case what := <-s.inbox:
			what(s.now())
			s.more()
		}
	}
	s.end()
}

// more does what waits in the inbox too.
func (s *Server) more() {
	for range atOnce - 1 {
		select {
		case what := <-s.inbox:
			what(s.now())
		default:
			return
		}
	}
}

func (s *Server) tell() {
	o := s.replica.Observe()
	if s.config.Changed != nil && (o.Role != s.told.Role || o.Term != s.told.Term) {
		s.config.Changed(o)
	}
	s.told = o
}

func (s *Server) end() {
	s.stop.Do(func() { close(s.stopping) })
	s.network.stop()
	s.err = errors.Join(s.replica.Err(), s.file.Close())
	close(s.stopped)
}
