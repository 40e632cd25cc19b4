package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/gate"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/whole"
)

// gateFlags are the flags of gate.
type gateFlags struct {
	file    string
	init    bool
	since   string
	known   known
	update  bool
	jobs    int
	shard   shardFlag
	sharded bool // --shard is given, be it 1/1
	allow   string
	outputs outputs
}

// notInGate are flags of verbs that a check cannot set: a gate writes one report and no other file, and knows one list of findings.
var notInGate = []string{"output", "exec-transcript", "color", "progress", "help", "known", "on", "debug-goal", "mended", "shard", "dir", "resume", "follow"}

// gate runs what a project declares.
func (a *app) gate() *cobra.Command {
	f := &gateFlags{outputs: outputs{formats: report.Formats}, shard: shardFlag{1, 1}}
	cmd := &cobra.Command{
		Use:   "gate [CHECK...]",
		Short: "Judge all that a project declares in raftcheck.yaml, and give one verdict",
		Long: `gate reads raftcheck.yaml: a list of checks, each a verb of raftcheck with its files and flags. It runs them side by side and gives one
verdict, one exit code and one report. The worst of them decides: violated (1), fault (5), input (4), inconclusive (3), held (0). A
check that finds no file, or in whose files nothing happens that Raft is about, is no pass.

Findings that are known are told and do not fail until their date: known in raftcheck.yaml, or --known FILE. --update-known writes
what was found there, and takes out what no longer occurs.

With the names of checks, only these are run; with --since REF, only those whose inputs changed since the branch left REF; with
--shard I/N, the I-th part of N, on as many machines, whose JSON reports raftcheck merge puts together.`,
		Example: `  raftcheck gate --init
  raftcheck gate
  raftcheck gate -o github -o markdown -o sarif=raftcheck.sarif -o junit=raftcheck.xml
  raftcheck gate --since origin/main
  raftcheck gate --shard 3/16 -o json=shard-3.json
  raftcheck gate --update-known`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.sharded = cmd.Flags().Changed("shard")
			return a.runGate(cmd.Context(), f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.file, "file", report.GateFile, "the `file` that declares the checks; its paths start from its folder")
	flags.BoolVar(&f.init, "init", false, "write a commented file to begin with, and judge nothing")
	flags.StringVar(&f.since, "since", "", "run only checks whose inputs changed since this branch left `REF`, a commit or branch of git")
	f.known.addTo(flags)
	flags.BoolVar(&f.update, "update-known", false, "accept all that is found for 90 days, and forget what no longer occurs: writes the known findings")
	flags.IntVar(&f.jobs, "jobs", 0, "run so many checks side by side; 0 is as many as there are cores")
	flags.Var(&f.shard, "shard", "judge only part I of N of the checks and their files, as in 3/16, to be merged later")
	addAllow(flags, &f.allow)
	f.outputs.addTo(flags)
	return cmd
}

func (a *app) runGate(ctx context.Context, f *gateFlags, names []string) error {
	if f.init {
		return a.initGate(f.file)
	}
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	if f.update && f.sharded {
		return usageError("accept what is found in one run, without --shard", "--update-known with --shard: a part does not see what no longer occurs")
	}
	if err := f.known.read(a); err != nil {
		return err
	}
	if err := a.reads(f.file); err != nil {
		return err
	}
	g, err := a.openGate(f, names)
	if err != nil {
		return err
	}
	if err := a.reads(g.inputs()...); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	if f.since != "" {
		if err := g.onlySince(ctx, f.since); err != nil {
			return err
		}
	}
	back, err := enter(g.dir)
	if err != nil {
		return err
	}
	r, code, err := g.run(ctx)
	back()
	if err != nil {
		return err
	}
	if f.update {
		if err := g.updateKnown(r); err != nil {
			return err
		}
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return gateOutcome(code, allowed)
}

// gateOutcome ends a gate with the exit code of its worst check.
func gateOutcome(code exit, allowed bool) error {
	if code == exitHeld || code == exitInconclusive && allowed {
		return nil
	}
	return outcome(code)
}

// initGate writes a file to begin with. It never writes over one.
func (a *app) initGate(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return usageError("edit it, or name another with --file", "%s is there already", path)
	}
	if err := whole.WriteFile(path, gate.Template); err != nil {
		return usageError("", "%w", err)
	}
	a.term.note("%s is written: say in it what to judge, then run raftcheck gate", path)
	return nil
}

// enter makes a folder the working directory, so that paths in the file start from it, and returns how to come back.
func enter(dir string) (back func(), err error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.Chdir(dir); err != nil {
		return nil, err
	}
	return func() { _ = os.Chdir(here) }, nil
}

// gateRun is one run of a gate.
type gateRun struct {
	*app
	flags  *gateFlags
	file   *gate.File
	name   string // of the file, as the user gave it
	dir    string // where paths in it start from
	target string // the file that holds the known findings
	alone  bool   // and nothing else
	checks []gate.Check
	skip   map[string]string // why checks are left out, by their names
	fresh  []report.Known
	mutex  sync.Mutex // over the terminal
}

// openGate reads the file and the known findings, and selects the checks.
func (a *app) openGate(f *gateFlags, names []string) (*gateRun, error) {
	file, err := gate.Read(f.file, didYouMean)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, &failure{exit: exitInput, err: err, bare: true, hint: "raftcheck gate --init writes one to begin with"}
		}
		return nil, a.orAnother(inputError(err), f.file, "gate", "a raftcheck.yaml")
	}
	dir, err := filepath.Abs(file.Dir())
	if err != nil {
		return nil, err
	}
	g := &gateRun{app: a, flags: f, file: file, name: f.file, dir: dir, skip: map[string]string{}}
	if err := g.readKnown(); err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(file.Checks, func(c gate.Check) bool { return c.Name == name }) {
			var all []string
			for _, c := range file.Checks {
				all = append(all, c.Name)
			}
			hint := didYouMean(name, all, "one of "+strings.Join(all, ", "))
			if fileThere(name) {
				hint = "the file is named with --file " + name
			}
			return nil, usageError(hint, "%s has no check %q", f.file, name)
		}
	}
	g.checks = slices.DeleteFunc(slices.Clone(file.Checks), func(c gate.Check) bool { return len(names) > 0 && !slices.Contains(names, c.Name) })
	return g, nil
}

// inputs are the files that the checks read, as far as what is declared tells, and that of the known findings: no report is written over one.
func (g *gateRun) inputs() (paths []string) {
	if g.alone {
		paths = append(paths, g.target)
	}
	for k := range g.checks {
		for _, name := range g.namedBy(&g.checks[k]) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(g.dir, name)
			}
			paths = append(paths, name)
		}
	}
	return paths
}

// readKnown adds the findings that the file knows, or the file that it names, to those of --known.
func (g *gateRun) readKnown() error {
	k := &g.flags.known
	g.target, g.alone = g.name, false
	switch {
	case g.file.KnownFile != "":
		path := g.file.KnownFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(g.file.Dir(), path)
		}
		g.target, g.alone = path, true
		list, err := gate.ReadKnown(path, didYouMean)
		if errors.Is(err, os.ErrNotExist) && g.flags.update {
			break
		}
		if err != nil {
			return inputError(err)
		}
		k.list = append(k.list, list...)
	default:
		k.list = append(k.list, g.file.Known...)
	}
	if k.path != "" {
		g.target, g.alone = k.path, true
	}
	k.all = g.flags.update
	return nil
}

// run runs the checks side by side, and puts one report together.
func (g *gateRun) run(ctx context.Context) (*report.Report, exit, error) {
	r := newReport("gate", g.name, spec.Held)
	r.Place = report.Place{File: g.name}
	jobs := g.expanded()
	var err error
	if r.Shard, err = g.shard(jobs); err != nil {
		return nil, 0, err
	}
	jobs = g.flags.shard.dealt(jobs)
	done := make([]report.Check, len(jobs))
	slots := make(chan struct{}, g.slots(len(jobs)))
	g.term.startProgress(time.Now())
	var waiting sync.WaitGroup
	for k := range jobs {
		waiting.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			done[k] = g.check(ctx, &jobs[k], cap(slots))
			done[k].Nth, done[k].Line = jobs[k].nth, jobs[k].check.Line
			g.finished(&jobs[k], &done[k])
		})
	}
	waiting.Wait()
	g.term.endProgress()
	r.Checks = done
	for _, j := range jobs {
		for _, n := range j.fresh {
			if !slices.ContainsFunc(g.fresh, n.Same) {
				g.fresh = append(g.fresh, n)
			}
		}
	}
	return r, g.conclude(ctx, r), nil
}

// slots is how many checks run side by side.
func (g *gateRun) slots(checks int) int {
	n := g.flags.jobs
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return max(1, min(n, checks))
}

// finished tells that a check is done, while others go on.
func (g *gateRun) finished(j *gateJob, c *report.Check) {
	if c.Report == nil {
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.term.progress(time.Now(), func() string { return fmt.Sprintf("gate  %s: %s", j.name, c.Report.Verdict) })
}

// conclude gives the verdict over all checks, and says what became of the known findings.
func (g *gateRun) conclude(ctx context.Context, r *report.Report) exit {
	code := worst(r.Checks)
	if ctx.Err() != nil {
		code = graver(code, exitInconclusive)
		r.Because = []string{"the gate was interrupted"}
	}
	if len(r.Checks) == 0 {
		code = graver(code, exitInconclusive)
		r.Because = append(r.Because, "no check falls to this shard")
	}
	decide(r, code)
	if len(g.checks) < len(g.file.Checks) || !judgedAll(r.Checks) {
		notSeenElsewhere(r.Checks)
	}
	if r.Shard == nil {
		tellKnown(r, g.flags.known.list)
	} else {
		knownToShard(r, g.flags.known.list)
	}
	return code
}

// judgedAll reports whether all checks came to a verdict.
func judgedAll(checks []report.Check) bool {
	return !slices.ContainsFunc(checks, func(c report.Check) bool {
		return c.Skipped != "" || exit(c.Exit) != exitHeld && exit(c.Exit) != exitViolated
	})
}

// notSeenElsewhere takes back that a known finding no longer occurs: it may in a check that is left out, or that came to no verdict.
func notSeenElsewhere(checks []report.Check) {
	for _, c := range checks {
		if c.Report == nil {
			continue
		}
		for k := range c.Report.Known {
			if n := &c.Report.Known[k]; n.Status == report.Gone {
				n.Status = report.NotSeen
			}
		}
	}
}

// worst is the exit code that decides over checks.
func worst(checks []report.Check) exit {
	code := exitHeld
	for _, c := range checks {
		code = graver(code, exit(c.Exit))
	}
	return code
}

// graver is the one of two exit codes that matters more.
func graver(a, b exit) exit {
	if report.Severity(b.code()) > report.Severity(a.code()) {
		return b
	}
	return a
}

// decide gives a gate the verdict of its exit code, and the reasons of checks after those that it has.
func decide(r *report.Report, code exit) {
	switch code {
	case exitHeld:
		return
	case exitViolated:
		r.Verdict = spec.Violated.String()
		return
	}
	r.Verdict = spec.Inconclusive.String()
	for _, c := range r.Checks {
		if c.Report != nil && c.Exit != exitHeld.code() {
			r.Because = append(r.Because, c.Name+": "+c.Report.Summary())
		}
	}
}

// tellKnown says once for the whole gate what became of known findings that no check came to.
func tellKnown(r *report.Report, list []report.Known) {
	for _, n := range list {
		status := statusIn(r, &n)
		switch status {
		case report.StillOccurs, report.Expired:
			continue // the check tells it
		case "":
			status = report.NotSeen
		}
		n.Status = status
		r.Known = append(r.Known, n)
	}
	for k := range r.Checks {
		if c := r.Checks[k].Report; c != nil {
			c.Known = slices.DeleteFunc(c.Known, func(n report.Known) bool { return n.Status == report.Gone || n.Status == report.NotSeen })
		}
	}
}

// statusIn is the most that checks say of a known finding; "" if none says anything.
func statusIn(r *report.Report, n *report.Known) (status string) {
	for _, c := range r.Checks {
		if c.Report == nil {
			continue
		}
		for _, m := range c.Report.Known {
			if n.Same(m) && better(m.Status, status) {
				status = m.Status
			}
		}
	}
	return status
}

// better reports whether one check says more of a known finding than others did.
func better(status, than string) bool {
	order := []string{"", report.Gone, report.NotSeen, report.Expired, report.StillOccurs}
	return slices.Index(order, status) > slices.Index(order, than)
}

// updateKnown writes what was found to the known findings, and takes out what no longer occurs.
func (g *gateRun) updateKnown(r *report.Report) error {
	gone := func(n *report.Known) bool {
		return slices.ContainsFunc(r.Known, func(m report.Known) bool {
			return m.Status == report.Gone && m.Same(*n)
		})
	}
	text, err := os.ReadFile(g.target)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return &failure{exit: exitFault, err: err}
	}
	updated, err := gate.Update(g.target, text, g.alone, g.fresh, gone)
	if err != nil {
		return inputError(err)
	}
	taken := 0
	for k := range r.Known {
		if r.Known[k].Status == report.Gone {
			taken++
		}
	}
	if string(updated) != string(text) {
		if err := whole.WriteFile(g.target, updated); err != nil {
			return &failure{exit: exitFault, err: err}
		}
	}
	g.term.note("%s: %s added, %d taken out; say why in reason, and until when in expires", g.target, report.Some(len(g.fresh), "known finding"), taken)
	return nil
}
