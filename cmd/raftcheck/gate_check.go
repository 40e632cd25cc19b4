package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/gate"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// gateJob is one run of a verb for a check: replay makes one of each trace.
type gateJob struct {
	check *gate.Check
	name  string
	files []string
	nth   int            // place among all checks of the gate, from 1
	part  bool           // some files of the check fall to other shards
	empty string         // the pattern that matched nothing
	fresh []report.Known // what it found and accepted, with --update-known
}

// expanded resolves the patterns of all checks. It is called in the folder of the file.
func (g *gateRun) expanded() (jobs []gateJob) {
	for k := range g.checks {
		c := &g.checks[k]
		j := gateJob{check: c, name: c.Name}
		for _, pattern := range c.Files {
			found, err := gate.Find(".", pattern)
			if err != nil || len(found) == 0 {
				j.empty = pattern
				break
			}
			j.files = append(j.files, found...)
		}
		slices.Sort(j.files)
		j.files = slices.Compact(j.files)
		if c.Verb != "replay" || len(j.files) < 2 || j.empty != "" {
			jobs = append(jobs, j)
			continue
		}
		for _, file := range j.files {
			jobs = append(jobs, gateJob{check: c, name: c.Name + ": " + file, files: []string{file}})
		}
	}
	return jobs
}

// check runs a verb as the command line would, keeps its report, and says how it ended.
func (g *gateRun) check(ctx context.Context, j *gateJob, beside int) (out report.Check) {
	out = report.Check{Name: j.name}
	defer func() {
		if p := recover(); p != nil {
			out = g.problem(report.Check{Name: j.name}, j, exitFault, fmt.Errorf("raftcheck has a bug: %v\n%s", p, debug.Stack()), "")
		}
	}()
	if why := g.skip[j.check.Name]; why != "" {
		out.Skipped = why
		return out
	}
	if j.empty != "" {
		return g.problem(out, j, exitInput, fmt.Errorf("no file matches %q", j.empty), "a check of nothing is no pass: name what there is, or take the check out")
	}
	var said bytes.Buffer
	nothing := strings.NewReader("")
	inner := &app{args: g.arguments(j, beside), ctx: ctx, stdin: nothing, in: nothing, env: withoutFlags(g.env)}
	inner.term = newTerminal(io.Discard, &said, inner.env)
	inner.inGate = inGate{keep: func(r *report.Report) { out.Report = r }, accepted: g.flags.known.list, day: g.flags.known.day, all: g.flags.known.all, draws: g.flags.outputs.draw()}
	root := newRoot(inner)
	root.SetArgs(inner.args)
	root.SetOut(io.Discard)
	root.SetErr(&said)
	err := root.ExecuteContext(ctx)
	if inner.known != nil {
		j.fresh = inner.known.fresh
	}
	return g.ended(out, j, err)
}

// ended turns how a verb ended into the outcome of a check.
func (g *gateRun) ended(out report.Check, j *gateJob, err error) report.Check {
	var done outcome
	f := failureOf(err)
	switch {
	case errors.As(err, &done):
		out.Exit = int(done)
	case f != nil:
		code := f.exit
		if code == exitUsage {
			code = exitInput // what is wrong stands in the file
		}
		return g.problem(out, j, code, f.err, f.hint)
	case err != nil:
		return g.problem(out, j, exitInput, err, "")
	}
	if out.Report == nil {
		return g.problem(out, j, exitFault, errors.New("raftcheck has a bug: the check came to no report"), "")
	}
	out.Report.Place = orPlace(out.Report.Place, report.Place{File: g.name, Line: j.check.Line})
	out.Allowed = slices.Contains(j.check.Setting("allow"), "inconclusive")
	if out.Exit == exitHeld.code() && vacuous(out.Report) && !j.part {
		nothingHappens(&out)
	}
	return out
}

// nothingHappens makes a check that held in vain inconclusive.
func nothingHappens(c *report.Check) {
	c.Report.Verdict, c.Exit = spec.Inconclusive.String(), exitInconclusive.code()
	c.Report.Because = []string{"no goal was reached: nothing happens that Raft is about"}
	if c.Allowed {
		c.Exit = exitHeld.code()
	}
}

func orPlace(p, other report.Place) report.Place {
	if p.File != "" {
		return p
	}
	return other
}

// vacuous reports whether recorded executions held though nothing happened in them: no goal was reached, and nothing known either.
func vacuous(r *report.Report) bool {
	if r.Verdict != spec.Held.String() || len(r.Goals) == 0 || r.Mended != "" {
		return false
	}
	occurs := func(n report.Known) bool { return n.Status == report.StillOccurs }
	return !slices.ContainsFunc(r.Goals, func(g report.GoalResult) bool { return g.Reached }) && !slices.ContainsFunc(r.Known, occurs)
}

// problem is the outcome of a check that came to no verdict.
func (g *gateRun) problem(out report.Check, j *gateJob, code exit, err error, hint string) report.Check {
	if out.Report == nil {
		out.Report = newReport(j.check.Verb, strings.Join(append([]string{j.check.Verb}, j.files...), " "), spec.Inconclusive)
	}
	r := out.Report
	r.Place = report.Place{File: g.name, Line: j.check.Line}
	r.Verdict, r.Because = spec.Inconclusive.String(), []string{err.Error()}
	if code != exitInconclusive {
		r.Because = []string{"the check could not be made"}
		r.Errors = []report.InputProblem{{File: g.name, Line: j.check.Line, Message: fmt.Sprintf("check %q: %s", j.name, err), Hint: hint}}
	}
	out.Exit = code.code()
	return out
}

// arguments are the command line of a check.
func (g *gateRun) arguments(j *gateJob, beside int) []string {
	c := j.check
	args := []string{c.Verb, "--progress=never", "--color=never"}
	for _, s := range c.Settings {
		if s.Name == "faults" {
			args = append(args, "--faults="+strings.Join(s.Values, ","))
			continue
		}
		for _, v := range s.Values {
			args = append(args, "--"+s.Name+"="+v)
		}
	}
	if memory := share(c, beside); memory > 0 {
		args = append(args, fmt.Sprintf("--memory=%dB", memory))
	}
	if c.Verb == "replay" {
		args = append(args, "--mended")
	}
	return append(append(args, "--"), j.files...)
}

// share is how much memory a check may take that says nothing of it, when others run beside it; 0 leaves it to the verb.
func share(c *gate.Check, beside int) int {
	of := map[string]size{"check": machineMemory() / 4 * 3, "diff": machineMemory() / 4 * 3, "linearize": machineMemory() / 4 * 3, "fuzz": machineMemory() / 4}[c.Verb]
	if beside < 2 || c.Setting("memory") != nil {
		return 0
	}
	return int(of) / beside
}

// withoutFlags hides the variables that are flags: they are for the gate, and not for its checks.
func withoutFlags(env func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if strings.HasPrefix(name, "RAFTCHECK_") {
			return "", false
		}
		return env(name)
	}
}
