package processes

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/adapters/process/offspring"
	"github.com/raftcheck/raftcheck/spec"
)

// Config is a cluster that is to run.
type Config struct {
	Dir   string // an empty folder for states, traces and the history
	Doors *Doors // one for each server
	// Command is the command of a server's process, which calls Serve. Its streams are the cluster's.
	Command func(id spec.ServerID, sockets string, doors []string) *exec.Cmd
	Seed    uint64 // where load and chaos begin

	Clients        int           // of its own, which read and write all the time
	Limit          time.Duration // when to end; 0 is when the context does
	KillEvery      time.Duration // 0 is never
	PartitionEvery time.Duration // how often a server is cut off, for half of that time; 0 is never
	RestartAfter   time.Duration // how long a server that was killed stays down

	Introduce func(doors []string, processes []int)     // is called once when all servers are there, with the door and the process of each
	Tell      func(since time.Duration, happens string) // is called with what happens then
}

// Summary says what there was of it.
type Summary struct {
	Time                                   time.Duration
	Requests, Elections, Kills, Partitions int
}

// cluster is servers that run, and what is around them.
type cluster struct {
	config  *Config
	sockets string
	keeper  *offspring.Keeper
	ids     []spec.ServerID
	servers map[spec.ServerID]*serverProcess
	happens chan event
	random  *rand.Rand
	started time.Time
	cut     spec.ServerID // off from the others
	leader  spec.ServerID // that took office last

	Summary
}

// serverProcess is one server.
type serverProcess struct {
	id      spec.ServerID
	command *exec.Cmd
	orders  io.WriteCloser // its standard input
	up      bool
}

// event is something that a server says, or its end.
type event struct {
	id     spec.ServerID
	says   string
	ended  bool
	err    string // what it wrote to standard error
	code   int    // its exit code; -1 if it was killed
	of     *serverProcess
	revive bool // it is time to start it again
}

// LongNameError says that the folder for temporary files has too long a name for sockets in it.
type LongNameError struct{ Folder string }

// mostOfAName is how many bytes the name of a folder has at most in which there are sockets: systems allow some hundred for the name of one.
const mostOfAName = 90

// Error returns the limit and the name.
func (e *LongNameError) Error() string {
	return fmt.Sprintf("the folder for temporary files has a name of more than %d bytes: %s", mostOfAName, e.Folder)
}

// Run runs a cluster until its end: its limit, that of ctx, or that a server ended by itself, which is then the error. Without a summary the error is
// why it did not begin.
func Run(ctx context.Context, config Config) (*Summary, error) {
	c := &cluster{config: &config, keeper: offspring.New(), ids: serversUpTo(len(config.Doors.addresses)), servers: map[spec.ServerID]*serverProcess{},
		happens: make(chan event, 64), random: rand.New(rand.NewPCG(config.Seed, 0)), started: time.Now()}
	defer c.keeper.Close()
	var err error
	if c.sockets, err = c.keeper.Folder(); err != nil {
		return nil, err
	}
	if len(c.sockets) > mostOfAName {
		return nil, &LongNameError{c.sockets}
	}
	h, err := newHistory(HistoryOf(config.Dir))
	if err != nil {
		return nil, err
	}
	fault := c.lifetime(ctx, h)
	if err := h.close(); err != nil {
		fault = errors.Join(fault, fmt.Errorf("the history could not be written: %w", err))
	}
	c.Time, c.Requests = time.Since(c.started), h.calls
	return &c.Summary, fault
}

// lifetime runs the servers until the end. The error is why it ended early.
func (c *cluster) lifetime(ctx context.Context, h *history) error {
	for _, id := range c.ids {
		if err := c.start(id); err != nil {
			c.end()
			return err
		}
	}
	w := newWays(c.sockets, c.ids)
	var open []*http.Server
	for k, id := range c.ids {
		s := &http.Server{Handler: newDoor(id, w, h)}
		open = append(open, s)
		go func() { _ = s.Serve(c.config.Doors.listeners[k]) }()
	}
	var numbers []int // as kill takes them
	for _, id := range c.ids {
		numbers = append(numbers, c.servers[id].command.Process.Pid)
	}
	c.config.Introduce(c.config.Doors.addresses, numbers)
	clients := startLoad(c.config.Clients, c.config.Seed, w, h, c.ids)
	fault := c.watch(ctx)
	clients.end()
	for _, s := range open {
		s.Close()
	}
	c.end()
	return fault
}

// start starts a server's process.
func (c *cluster) start(id spec.ServerID) error {
	command := c.config.Command(id, c.sockets, c.config.Doors.addresses)
	orders, err := command.StdinPipe()
	if err != nil {
		return err
	}
	says, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	complaints, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := c.keeper.Start(command); err != nil {
		return err
	}
	s := &serverProcess{id: id, command: command, orders: orders, up: true}
	c.servers[id] = s
	ready := make(chan struct{})
	go c.follow(s, says, complaints, ready)
	select {
	case <-ready:
	case <-time.After(10 * time.Second):
	}
	c.isolate(c.cut)
	return nil
}

// follow turns what a process says, and its end, into events. It closes ready when the process serves, or ended.
func (c *cluster) follow(s *serverProcess, says, complaints io.Reader, ready chan struct{}) {
	var told strings.Builder
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(&told, io.LimitReader(complaints, 64<<10))
		_, _ = io.Copy(io.Discard, complaints)
		close(read)
	}()
	waiting := ready
	lines := bufio.NewScanner(says)
	for lines.Scan() {
		if lines.Text() == "ready" && waiting != nil {
			close(waiting)
			waiting = nil
			continue
		}
		c.happens <- event{id: s.id, says: lines.Text(), of: s}
	}
	<-read
	_ = s.command.Wait()
	c.keeper.Ended(s.command)
	if waiting != nil {
		close(waiting)
	}
	c.happens <- event{id: s.id, ended: true, code: s.command.ProcessState.ExitCode(), err: strings.TrimSpace(told.String()), of: s}
}

// watch lets time pass: servers are killed and started again, and cut off, until the end.
func (c *cluster) watch(ctx context.Context) error {
	over := after(c.config.Limit)
	kill, stopKilling := every(c.config.KillEvery)
	defer stopKilling()
	partition, stopCutting := every(c.config.PartitionEvery)
	defer stopCutting()
	var healing <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-over:
			return nil
		case <-kill:
			c.kill(c.someServer())
		case <-partition:
			c.cutOff(c.someServer())
			healing = time.After(c.config.PartitionEvery / 2)
		case <-healing:
			c.tell("%s is back among the others", c.cut)
			c.isolate(spec.None)
		case e := <-c.happens:
			if err := c.event(&e); err != nil {
				return err
			}
		}
	}
}

// someServer chooses any server, or every other time the leader, whose loss is felt most.
func (c *cluster) someServer() spec.ServerID {
	if c.leader != spec.None && c.random.IntN(2) == 0 {
		return c.leader
	}
	return c.ids[c.random.IntN(len(c.ids))]
}

// after is time.After, and never for 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// every is time.NewTicker and its Stop, and never ticks for 0.
func every(d time.Duration) (<-chan time.Time, func()) {
	if d == 0 {
		return nil, func() {}
	}
	t := time.NewTicker(d)
	return t.C, t.Stop
}

func (c *cluster) event(e *event) error {
	s := c.servers[e.id]
	switch {
	case e.revive:
		if s.up {
			return nil
		}
		if err := c.start(e.id); err != nil {
			return err
		}
		c.tell("%s is started again, pid %d", e.id, c.servers[e.id].command.Process.Pid)
	case e.ended && e.of == s:
		return c.ended(e)
	case strings.HasPrefix(e.says, spec.Leader.String()+" "):
		c.Elections++
		c.leader = e.id
		c.tell("%s leads term %s", e.id, strings.TrimPrefix(e.says, spec.Leader.String()+" "))
	}
	return nil
}

// ended: a server that was killed is started again; one that ended by itself has found a fault.
func (c *cluster) ended(e *event) error {
	c.servers[e.id].up = false
	if e.code >= 0 {
		return fmt.Errorf("%s ended with exit code %d: %s", e.id, e.code, e.err)
	}
	c.Kills++
	c.tell("%s is killed", e.id)
	time.AfterFunc(c.config.RestartAfter, func() {
		select {
		case c.happens <- event{id: e.id, revive: true}:
		case <-time.After(time.Second): // it is over
		}
	})
	return nil
}

func (c *cluster) kill(id spec.ServerID) {
	if s := c.servers[id]; s.up {
		_ = s.command.Process.Kill()
	}
}

// cutOff cuts one server off from all others.
func (c *cluster) cutOff(id spec.ServerID) {
	c.Partitions++
	c.tell("%s is cut off from the others", id)
	c.isolate(id)
}

// isolate tells every server whom not to reach.
func (c *cluster) isolate(id spec.ServerID) {
	c.cut = id
	for _, other := range c.ids {
		s := c.servers[other]
		if s == nil || !s.up {
			continue
		}
		order := "isolate"
		for _, from := range c.ids {
			if id != spec.None && from != other && (from == id || other == id) {
				order += " " + from.String()
			}
		}
		_, _ = fmt.Fprintln(s.orders, order)
	}
}

// end stops all processes, in order if they can.
func (c *cluster) end() {
	left := 0
	for _, s := range c.servers {
		if s.up {
			left++
			s.orders.Close()
		}
	}
	patience := time.After(5 * time.Second)
	for left > 0 {
		select {
		case e := <-c.happens:
			if e.ended && c.servers[e.id] == e.of && e.of.up {
				e.of.up = false
				left--
			}
		case <-patience:
			for _, id := range c.ids {
				c.kill(id)
			}
			patience = nil
		}
	}
}

// tell says what happens, and when.
func (c *cluster) tell(format string, args ...any) {
	c.config.Tell(time.Since(c.started), fmt.Sprintf(format, args...))
}
