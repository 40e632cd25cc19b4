package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/impl/runtime/processes"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// runningCluster is a cluster that runs, and where it is told of.
type runningCluster struct {
	*app
	flags *runFlags
	name  string // of the implementation
	ids   []spec.ServerID
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
	doors, err := processes.Open(f.server.nodes, f.port)
	if err != nil {
		return usageError("--port 0 finds free ones", "no door for clients: %w", err)
	}
	defer doors.Close()
	if err := f.folder(); err != nil {
		return err
	}
	r := &runningCluster{app: a, flags: f, name: name}
	for k := range f.server.nodes {
		r.ids = append(r.ids, spec.ServerID(k+1))
	}
	summary, fault := processes.Run(ctx, processes.Config{Dir: f.dir, Doors: doors, Seed: f.server.seed, Clients: f.load, Limit: f.limit, KillEvery: f.killEvery,
		PartitionEvery: f.partitionEvery, RestartAfter: f.restartAfter, Introduce: r.introduce, Tell: r.tell,
		Command: f.server.command(program, f.dir)})
	var long *processes.LongNameError
	switch {
	case errors.As(fault, &long):
		return usageError("as in TMPDIR=/tmp raftcheck run", "%w", fault)
	case summary == nil:
		return &failure{exit: exitFault, err: fault}
	}
	a.ctx = context.WithoutCancel(ctx) // what ended the run is no reason not to judge it
	return r.conclude(a.ctx, summary, fault)
}

// command returns how a server's process is started.
func (f *serverFlags) command(program, dir string) func(id spec.ServerID, sockets string, doors []string) *exec.Cmd {
	return func(id spec.ServerID, sockets string, doors []string) *exec.Cmd {
		args := append([]string{oneServer, "--id", strconv.Itoa(int(id)), "--dir", dir, "--sockets", sockets, "--doors", strings.Join(doors, ",")}, f.args()...)
		command := exec.Command(program, args...)
		for _, v := range os.Environ() {
			if !strings.HasPrefix(v, "RAFTCHECK_") { // which would be flags
				command.Env = append(command.Env, v)
			}
		}
		return command
	}
}

// tell says on stderr what happens, and when.
func (r *runningCluster) tell(since time.Duration, happens string) {
	r.term.note("%7.1fs  %s", since.Seconds(), happens)
}

// introduce says who is there and how to talk to them.
func (r *runningCluster) introduce(doors []string, numbers []int) {
	r.term.say("%s of %s, in %s\n\n", report.Some(len(r.ids), "server"), r.name, r.flags.dir)
	for k, id := range r.ids {
		r.term.say("  %s  %s  pid %d\n", id, doors[k], numbers[k])
	}
	some := func(k int) string { return doors[k%len(doors)] }
	end := "Ctrl-C ends the run and judges it"
	if r.flags.limit > 0 {
		end = fmt.Sprintf("Ctrl-C, or it ends after %s", r.flags.limit)
	}
	if !r.flags.judge {
		end = strings.Replace(end, " and judges it", "", 1)
	}
	r.term.say("\n")
	for _, may := range [][2]string{
		{"write", "curl -L -X PUT -d hello " + some(0) + "/kv/x"},
		{"read", "curl -L " + some(1) + "/kv/x"},
		{"append", "curl -L -X POST -d ' world' " + some(2) + "/kv/x"},
		{"compare", "curl -L -X PUT -d bye '" + some(0) + "/kv/x?if=hello%20world'"},
		{"look", "curl " + some(1) + "/status"},
		{"kill", fmt.Sprintf("kill -9 %d", numbers[0])},
	} {
		r.term.sayCommand(fmt.Sprintf("     %-9s", may[0]), may[1])
	}
	r.term.say("     %-9s%s\n\n", "end", end)
}

// conclude joins the records and judges them.
func (r *runningCluster) conclude(ctx context.Context, s *processes.Summary, fault error) error {
	if fault != nil { // what was recorded up to there is judged all the same
		r.term.complain(&failure{exit: exitFault, err: fault})
		fault = outcome(exitFault)
	}
	r.term.say("After %.1fs: %s of clients, %s, %s, %s.\n\n", s.Time.Seconds(), report.Some(s.Requests, "request"), report.Some(s.Elections, "election"),
		report.Some(s.Kills, "kill"), report.Some(s.Partitions, "partition"))
	var recorded, names []string
	for _, id := range r.ids {
		recorded, names = append(recorded, processes.TraceOf(r.flags.dir, id)), append(names, filepath.Base(processes.TraceOf(r.flags.dir, id)))
	}
	trace, clients := filepath.Join(r.flags.dir, "cluster.trace"), processes.HistoryOf(r.flags.dir)
	if err := r.runJoin(trace, recorded); err != nil {
		return worse(err, fault)
	}
	r.files = files{} // what was written is read now
	r.term.say("     %s  what the servers did, joined from %s\n", trace, strings.Join(names, " "))
	if s.Requests == 0 {
		r.term.say("     no client asked for anything; --load 4 does\n")
	} else {
		r.term.say("     %s  what the clients saw\n", clients)
	}
	if !r.flags.judge {
		r.term.say("\n")
		r.term.sayCommand("     judge    ", "raftcheck verify "+trace)
		r.term.sayCommand("     judge    ", "raftcheck linearize "+clients)
		return fault
	}
	return worse(r.judge(ctx, trace, clients, s.Requests > 0), fault)
}

// judge is raftcheck verify, and raftcheck linearize if any client asked for anything.
func (r *runningCluster) judge(ctx context.Context, trace, clients string, asked bool) error {
	r.term.say("\n")
	r.term.sayCommand("$ ", "raftcheck verify "+trace)
	verdict := r.runVerify(ctx, &verifyFlags{reading: reading{format: "auto"}, outputs: outputs{formats: []string{"text"}}}, []string{trace})
	if !asked {
		return verdict
	}
	r.term.say("\n")
	r.term.sayCommand("$ ", "raftcheck linearize "+clients)
	return worse(verdict, r.runLinearize(ctx, newLinearizeFlags(), []string{clients}))
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
