package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/adapters/process/offspring"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// processes is a cluster that runs: its servers' processes, and what is around them.
type processes struct {
	*app
	flags   *runFlags
	name    string // of the implementation
	program string
	sockets string
	keeper  *offspring.Keeper
	ids     []spec.ServerID
	servers map[spec.ServerID]*serverProcess
	doors   []string
	happens chan event
	random  *rand.Rand
	started time.Time
	cut     spec.ServerID // off from the others
	leader  spec.ServerID // that took office last

	kills, elections, partitions int
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

// runCluster runs a cluster to its end and judges it.
func (a *app) runCluster(ctx context.Context, f *runFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	_, name, _ := f.server.options()
	p := &processes{app: a, flags: f, name: name, program: program, keeper: offspring.New(), ids: serversUpTo(f.server.nodes), servers: map[spec.ServerID]*serverProcess{},
		happens: make(chan event, 64), random: rand.New(rand.NewPCG(f.server.seed, 0)), started: time.Now()}
	listeners, err := p.listen()
	if err != nil {
		return err
	}
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	if err := f.folder(); err != nil {
		return err
	}
	defer p.keeper.Close()
	if p.sockets, err = p.keeper.Folder(); err != nil {
		return &failure{exit: exitFault, err: err}
	}
	if most := 90; len(p.sockets) > most { // systems allow some hundred bytes for the name of a socket
		return usageError("as in TMPDIR=/tmp raftcheck run", "the folder for temporary files has a name of more than %d bytes: %s", most, p.sockets)
	}
	h, err := newHistory(p.path("history.ndjson"))
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	fault := p.lifetime(ctx, listeners, h)
	p.keeper.Close()
	a.ctx = context.WithoutCancel(ctx) // what ended the run is no reason not to judge it
	return p.conclude(a.ctx, h, fault)
}

func (p *processes) path(name string) string { return filepath.Join(p.flags.dir, name) }

// listen opens the doors for clients.
func (p *processes) listen() (all []net.Listener, err error) {
	for k := range p.ids {
		port := 0
		if p.flags.port > 0 {
			port = p.flags.port + k
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, usageError("--port 0 finds free ones", "no door for clients: %w", err)
		}
		all = append(all, l)
		p.doors = append(p.doors, "http://"+l.Addr().String())
	}
	return all, nil
}

// lifetime runs the servers until the end. The error is why it ended early.
func (p *processes) lifetime(ctx context.Context, listeners []net.Listener, h *history) error {
	for _, id := range p.ids {
		if err := p.start(id); err != nil {
			p.end()
			return err
		}
	}
	w := newWays(p.sockets, p.ids)
	var open []*http.Server
	for k, id := range p.ids {
		s := &http.Server{Handler: newDoor(id, w, h)}
		open = append(open, s)
		go func() { _ = s.Serve(listeners[k]) }()
	}
	p.introduce()
	clients := startLoad(p.flags.load, p.flags.server.seed, w, h, p.ids)
	fault := p.watch(ctx)
	clients.end()
	for _, s := range open {
		s.Close()
	}
	p.end()
	return fault
}

// start starts a server's process.
func (p *processes) start(id spec.ServerID) error {
	args := append([]string{oneServer, "--id", strconv.Itoa(int(id)), "--dir", p.flags.dir, "--sockets", p.sockets, "--doors", strings.Join(p.doors, ",")}, p.flags.server.args()...)
	command := exec.Command(p.program, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "RAFTCHECK_") { // which would be flags
			command.Env = append(command.Env, v)
		}
	}
	orders, err := command.StdinPipe()
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	says, err := command.StdoutPipe()
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	complaints, err := command.StderrPipe()
	if err != nil {
		return &failure{exit: exitFault, err: err}
	}
	if err := p.keeper.Start(command); err != nil {
		return &failure{exit: exitFault, err: err}
	}
	s := &serverProcess{id: id, command: command, orders: orders, up: true}
	p.servers[id] = s
	ready := make(chan struct{})
	go p.follow(s, says, complaints, ready)
	select {
	case <-ready:
	case <-time.After(10 * time.Second):
	}
	p.isolate(p.cut)
	return nil
}

// follow turns what a process says, and its end, into events. It closes ready when the process serves, or ended.
func (p *processes) follow(s *serverProcess, says, complaints io.Reader, ready chan struct{}) {
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
		p.happens <- event{id: s.id, says: lines.Text(), of: s}
	}
	<-read
	_ = s.command.Wait()
	p.keeper.Ended(s.command)
	if waiting != nil {
		close(waiting)
	}
	p.happens <- event{id: s.id, ended: true, code: s.command.ProcessState.ExitCode(), err: strings.TrimSpace(told.String()), of: s}
}

// watch lets time pass: servers are killed and started again, and cut off, until the end.
func (p *processes) watch(ctx context.Context) error {
	over := after(p.flags.limit)
	kill, stopKilling := every(p.flags.killEvery)
	defer stopKilling()
	partition, stopCutting := every(p.flags.partitionEvery)
	defer stopCutting()
	var healing <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-over:
			return nil
		case <-kill:
			p.kill(p.someServer())
		case <-partition:
			p.cutOff(p.someServer())
			healing = time.After(p.flags.partitionEvery / 2)
		case <-healing:
			p.tell("%s is back among the others", p.cut)
			p.isolate(spec.None)
		case e := <-p.happens:
			if err := p.event(&e); err != nil {
				return err
			}
		}
	}
}

// someServer chooses any server, or every other time the leader, whose loss is felt most.
func (p *processes) someServer() spec.ServerID {
	if p.leader != spec.None && p.random.IntN(2) == 0 {
		return p.leader
	}
	return p.ids[p.random.IntN(len(p.ids))]
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

func (p *processes) event(e *event) error {
	s := p.servers[e.id]
	switch {
	case e.revive:
		if s.up {
			return nil
		}
		if err := p.start(e.id); err != nil {
			return err
		}
		p.tell("%s is started again, pid %d", e.id, p.servers[e.id].command.Process.Pid)
	case e.ended && e.of == s:
		return p.ended(e)
	case strings.HasPrefix(e.says, spec.Leader.String()+" "):
		p.elections++
		p.leader = e.id
		p.tell("%s leads term %s", e.id, strings.TrimPrefix(e.says, spec.Leader.String()+" "))
	}
	return nil
}

// ended: a server that was killed is started again; one that ended by itself has found a fault.
func (p *processes) ended(e *event) error {
	p.servers[e.id].up = false
	if e.code >= 0 {
		return &failure{exit: exitFault, err: fmt.Errorf("%s ended with exit code %d: %s", e.id, e.code, e.err)}
	}
	p.kills++
	p.tell("%s is killed", e.id)
	time.AfterFunc(p.flags.restartAfter, func() {
		select {
		case p.happens <- event{id: e.id, revive: true}:
		case <-time.After(time.Second): // it is over
		}
	})
	return nil
}

func (p *processes) kill(id spec.ServerID) {
	if s := p.servers[id]; s.up {
		_ = s.command.Process.Kill()
	}
}

// cutOff cuts one server off from all others.
func (p *processes) cutOff(id spec.ServerID) {
	p.partitions++
	p.tell("%s is cut off from the others", id)
	p.isolate(id)
}

// isolate tells every server whom not to reach.
func (p *processes) isolate(id spec.ServerID) {
	p.cut = id
	for _, other := range p.ids {
		s := p.servers[other]
		if s == nil || !s.up {
			continue
		}
		order := "isolate"
		for _, from := range p.ids {
			if id != spec.None && from != other && (from == id || other == id) {
				order += " " + from.String()
			}
		}
		_, _ = fmt.Fprintln(s.orders, order)
	}
}

// end stops all processes, in order if they can.
func (p *processes) end() {
	left := 0
	for _, s := range p.servers {
		if s.up {
			left++
			s.orders.Close()
		}
	}
	patience := time.After(5 * time.Second)
	for left > 0 {
		select {
		case e := <-p.happens:
			if e.ended && p.servers[e.id] == e.of && e.of.up {
				e.of.up = false
				left--
			}
		case <-patience:
			for _, id := range p.ids {
				p.kill(id)
			}
			patience = nil
		}
	}
}

// tell says on stderr what happens, and when.
func (p *processes) tell(format string, args ...any) {
	p.term.note("%7.1fs  %s", time.Since(p.started).Seconds(), fmt.Sprintf(format, args...))
}

// introduce says who is there and how to talk to them.
func (p *processes) introduce() {
	p.term.say("%s of %s, in %s\n\n", report.Some(len(p.ids), "server"), p.name, p.flags.dir)
	for k, id := range p.ids {
		p.term.say("  %s  %s  pid %d\n", id, p.doors[k], p.servers[id].command.Process.Pid)
	}
	some := func(k int) string { return p.doors[k%len(p.doors)] }
	end := "Ctrl-C ends the run and judges it"
	if p.flags.limit > 0 {
		end = fmt.Sprintf("Ctrl-C, or it ends after %s", p.flags.limit)
	}
	if !p.flags.judge {
		end = strings.Replace(end, " and judges it", "", 1)
	}
	p.term.say("\n")
	for _, may := range [][2]string{
		{"write", "curl -L -X PUT -d hello " + some(0) + "/kv/x"},
		{"read", "curl -L " + some(1) + "/kv/x"},
		{"append", "curl -L -X POST -d ' world' " + some(2) + "/kv/x"},
		{"compare", "curl -L -X PUT -d bye '" + some(0) + "/kv/x?if=hello%20world'"},
		{"look", "curl " + some(1) + "/status"},
		{"kill", fmt.Sprintf("kill -9 %d", p.servers[p.ids[0]].command.Process.Pid)},
	} {
		p.term.sayCommand(fmt.Sprintf("     %-9s", may[0]), may[1])
	}
	p.term.say("     %-9s%s\n\n", "end", end)
}

// conclude joins the records and judges them.
func (p *processes) conclude(ctx context.Context, h *history, fault error) error {
	if err := h.close(); err != nil {
		fault = errors.Join(fault, &failure{exit: exitFault, err: fmt.Errorf("the history could not be written: %w", err)})
	}
	var f *failure
	if errors.As(fault, &f) { // what was recorded up to there is judged all the same
		p.term.complain(f)
		fault = outcome(f.exit)
	}
	p.term.say("After %.1fs: %s of clients, %s, %s, %s.\n\n", time.Since(p.started).Seconds(), report.Some(h.calls, "request"), report.Some(p.elections, "election"),
		report.Some(p.kills, "kill"), report.Some(p.partitions, "partition"))
	var recorded, names []string
	for _, id := range p.ids {
		recorded, names = append(recorded, traceOf(p.flags.dir, id)), append(names, filepath.Base(traceOf(p.flags.dir, id)))
	}
	trace, clients := p.path("cluster.trace"), p.path("history.ndjson")
	if err := p.runJoin(trace, recorded); err != nil {
		return worse(err, fault)
	}
	p.files = files{} // what was written is read now
	p.term.say("     %s  what the servers did, joined from %s\n", trace, strings.Join(names, " "))
	if h.calls == 0 {
		p.term.say("     no client asked for anything; --load 4 does\n")
	} else {
		p.term.say("     %s  what the clients saw\n", clients)
	}
	if !p.flags.judge {
		p.term.say("\n")
		p.term.sayCommand("     judge    ", "raftcheck verify "+trace)
		p.term.sayCommand("     judge    ", "raftcheck linearize "+clients)
		return fault
	}
	return worse(p.judge(ctx, trace, clients, h.calls > 0), fault)
}

// judge is raftcheck verify, and raftcheck linearize if any client asked for anything.
func (p *processes) judge(ctx context.Context, trace, clients string, asked bool) error {
	p.term.say("\n")
	p.term.sayCommand("$ ", "raftcheck verify "+trace)
	verdict := p.runVerify(ctx, &verifyFlags{reading: reading{format: "auto"}, outputs: outputs{formats: []string{"text"}}}, []string{trace})
	if !asked {
		return verdict
	}
	p.term.say("\n")
	p.term.sayCommand("$ ", "raftcheck linearize "+clients)
	return worse(verdict, p.runLinearize(ctx, newLinearizeFlags(), []string{clients}))
}

// worse returns the worse of two verdicts.
func worse(a, b error) error {
	for _, e := range []exit{exitViolated, exitFault, exitInput, exitUsage, exitInconclusive} {
		for _, err := range []error{a, b} {
			var done outcome
			var f *failure
			if errors.As(err, &done) && exit(done) == e || errors.As(err, &f) && f.exit == e {
				return err
			}
		}
	}
	return nil
}
