package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/adapters/process/offspring"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Libraries that raftcheck does not hold itself are driven by a test program that it makes, builds with the user's Go toolchain
// and runs. Its module takes the adapter from the source that raftcheck was built from, if that is at hand, and else from the
// published version of raftcheck.

const raftcheckModule = "github.com/raftcheck/raftcheck"

// goTest is an implementation that is driven by a test program.
type goTest struct {
	family  *family
	version string // of the library
	choices []string

	programs string // folder of test programs that are built already, and where one goes that is built; "" builds one each time
}

// The files in the program's folder. The first two are named in the call of family.obey.
const (
	orderFile     = "order"
	outcomeFile   = "outcome"
	traceFile     = "trace"
	happenedFile  = "happened"
	automatonFile = "automaton"
)

// search has the subject's world searched, and reads what was found.
func (g *goTest) search(ctx context.Context, s *subject, o checker.Options) (*checker.Result, error) {
	job, err := g.begin(s, order.Search)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Memory, job.order.Keep, job.order.Symmetry, job.order.Reduce, job.order.Progress = o.Memory, o.Keep, o.Symmetry, o.Reduce, 100*time.Millisecond
	job.judge(o)
	if deadline, limited := ctx.Deadline(); limited {
		job.order.Limit = time.Until(deadline)
	}
	out, err := job.run(ctx, told(o.Progress))
	if err != nil {
		return nil, err
	}
	return job.result(out, s, o)
}

// result is what a search found.
func (j *job) result(out *order.Outcome, s *subject, o checker.Options) (result *checker.Result, err error) {
	result = &checker.Result{Verdict: out.Verdict, Reason: out.Reason, Search: out.Search, Reduced: out.Reduced, Goals: goalsOf(out)}
	if result.Findings, err = findingsOf(out, s, o.Rules, j.order.Trace, checker.Finding{Shortest: !out.Longer, Faults: out.Faults, Fewest: out.Fewest}); err != nil {
		return nil, err
	}
	result.Rules = rulesOf(out, o.Rules, result.Findings)
	return result, nil
}

// share has parts of a search of the subject's world done, as lines of in ask for them, and reads what was found when it is asked for.
func (g *goTest) share(ctx context.Context, s *subject, o checker.Options, in io.Reader, out io.Writer) (*checker.Result, error) {
	job, err := g.begin(s, order.Share)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Memory, job.order.Keep, job.order.Symmetry, job.order.Reduce = o.Memory, o.Keep, o.Symmetry, o.Reduce
	job.judge(o)
	args, err := job.build(ctx)
	if err != nil {
		return nil, err
	}
	if err := job.converse(ctx, args, in, out); err != nil {
		return nil, err
	}
	found, err := job.outcome(ctx)
	if err != nil {
		return nil, err
	}
	if found.Nothing {
		return nil, order.ErrNotTold
	}
	return job.result(found, s, o)
}

// fuzz has a campaign made in the subject's world, and reads what was found.
func (g *goTest) fuzz(ctx context.Context, s *subject, o fuzz.Options) (*fuzz.Result, error) {
	job, err := g.begin(s, order.Fuzz)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Memory, job.order.Seed, job.order.Progress = o.Memory, o.Seed, 100*time.Millisecond
	job.order.Campaign = order.Campaign{Strategies: o.Strategies, Runs: o.Runs, Steps: o.Steps, Vectors: o.Vectors, Length: o.Length,
		Workers: o.Workers, Shard: o.Shard, Shards: o.Shards}
	job.judge(checker.Options{Rules: o.Rules, Goals: o.Goals})
	if deadline, limited := ctx.Deadline(); limited {
		job.order.Limit = time.Until(deadline)
	}
	out, err := job.run(ctx, told(o.Progress))
	if err != nil {
		return nil, err
	}
	result := &fuzz.Result{Verdict: out.Verdict, Reason: out.Reason, Stats: *out.Campaign, Found: out.Found, Goals: goalsOf(out)}
	if result.Findings, err = findingsOf(out, s, o.Rules, job.order.Trace, checker.Finding{}); err != nil {
		return nil, err
	}
	result.Rules = rulesOf(out, o.Rules, result.Findings)
	return result, nil
}

// conform has the subject put through the suite, and reads the statement.
func (g *goTest) conform(ctx context.Context, s *subject, o conformance.Options) (*conformance.Statement, error) {
	job, err := g.begin(s, order.Conform)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Level, job.order.Profiles, job.order.Seed, job.order.Suite, job.order.Progress = o.Level, o.Profiles, o.Seed, o.Version, 100*time.Millisecond
	if deadline, limited := ctx.Deadline(); limited {
		job.order.Limit = time.Until(deadline)
	}
	out, err := job.run(ctx, told(o.Progress))
	if err != nil {
		return nil, err
	}
	if out.Failed != "" {
		out.Statement.Fault = errors.New(out.Failed)
	}
	return out.Statement, nil
}

// told passes on progress that was told as JSON.
func told[P any](progress func(P)) func([]byte) {
	if progress == nil {
		return nil
	}
	return func(line []byte) {
		var at P
		if json.Unmarshal(line, &at) == nil {
			progress(at)
		}
	}
}

// learn has the servers' automaton learnt.
func (g *goTest) learn(ctx context.Context, s *subject, memory int) (*checker.Automaton, error) {
	job, err := g.begin(s, order.Learn)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Memory = memory
	if _, err := job.run(ctx, nil); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(job.order.Automaton)
	if err != nil {
		return nil, err
	}
	a := &checker.Automaton{}
	return a, json.Unmarshal(data, a)
}

// rerun has a trace run again, as it is or to be made shorter, and returns what became of it; nil if there was nothing to shrink.
func (g *goTest) rerun(ctx context.Context, s *subject, do order.Task, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, *order.Outcome, error) {
	job, err := g.begin(s, do)
	if err != nil {
		return nil, nil, err
	}
	defer job.end()
	f, err := os.Create(job.order.Trace)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(traces.Write(f, t), f.Close()); err != nil {
		return nil, nil, err
	}
	job.order.Nodes = len(t.Header.Servers)
	if takesTransfer(t) {
		job.order.Bounds.Transfers = max(job.order.Bounds.Transfers, 1) // it matters to how servers are made
	}
	job.judge(checker.Options{Rules: rules})
	out, err := job.run(ctx, nil)
	if err != nil || out.Nothing {
		return nil, out, err
	}
	happened, err := traces.ReadFile(job.order.Happened)
	return happened, out, err
}

// takesTransfer reports whether a leader is asked to hand over in a trace.
func takesTransfer(t *traces.Trace) bool {
	return slices.ContainsFunc(t.Records, func(r traces.Record) bool { return r.Step != nil && r.Step.Input.Kind == spec.Transfer })
}

// job is a test program and the order that it is to obey.
type job struct {
	of     *goTest
	keeper *offspring.Keeper // of the folder and of what is called in it
	dir    string
	order  order.Order
}

// begin makes the test program's folder.
func (g *goTest) begin(s *subject, do order.Task) (*job, error) {
	if err := g.holdsIn(s.name, do); err != nil {
		return nil, err
	}
	keeper := offspring.New()
	dir, err := keeper.Folder()
	if err != nil {
		return nil, err
	}
	j := &job{g, keeper, dir, order.Order{Do: do, Name: s.name, Choices: g.choices, Trace: filepath.Join(dir, traceFile),
		Happened: filepath.Join(dir, happenedFile), Automaton: filepath.Join(dir, automatonFile)}}
	c := &s.config
	j.order.Nodes, j.order.Values, j.order.Network, j.order.Bounds, j.order.Faults = c.Servers, c.Values, c.Network, c.Bounds, c.Faults
	j.order.Changes, j.order.Variants = c.Changes, c.Variants
	return j, nil
}

func (j *job) end() { j.keeper.Close() }

// judge says by which rules and for which goals the world is searched.
func (j *job) judge(o checker.Options) {
	for _, r := range o.Rules {
		j.order.Rules = append(j.order.Rules, r.ID)
		if shapes := r.Overlooked(); len(shapes) > 0 {
			if j.order.Known == nil {
				j.order.Known = map[string][]string{}
			}
			j.order.Known[r.ID] = shapes
		}
	}
	for _, goal := range o.Goals {
		j.order.Goals = append(j.order.Goals, goal.Name)
	}
}

// build writes the order, makes the program that obeys it if it is not there yet, and returns how to run it.
func (j *job) build(ctx context.Context) ([]string, error) {
	data, err := json.Marshal(&j.order)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(j.dir, orderFile), data, 0o666); err != nil {
		return nil, err
	}
	program, making := filepath.Join(j.dir, "program.test"), ""
	if j.of.programs != "" {
		name := j.of.programName()
		program, making = filepath.Join(j.of.programs, name), filepath.Join(j.of.programs, fmt.Sprintf("aside-%s-%d", name, os.Getpid()))
	}
	run := []string{program, "-test.timeout=0"}
	if _, err := os.Stat(program); err == nil {
		return run, nil
	}
	if err := j.of.write(j.dir); err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"go", "mod", "tidy"}, {"go", "test", "-c", "-o", cmp.Or(making, program), "."}} {
		if err := j.call(ctx, args, nil); err != nil {
			if args[1] == "mod" {
				err = cmp.Or(j.unreleased(ctx), err) // which says nothing without a network
			}
			return nil, err
		}
	}
	if making == "" {
		return run, nil
	}
	return run, os.Rename(making, program)
}

// programName is the name of the program among others: for the same name it does the same.
func (g *goTest) programName() string {
	made := strings.Join(append([]string{makerOf(), g.family.adapter, g.family.module, g.version, runtime.GOOS, runtime.GOARCH}, g.choices...), "\n")
	return fmt.Sprintf("program-%016x", xxh3.HashString(made))
}

// run builds the program, runs it and reads the outcome.
func (j *job) run(ctx context.Context, progress func([]byte)) (*order.Outcome, error) {
	args, err := j.build(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.call(ctx, args, progress); err != nil {
		return nil, err
	}
	return j.outcome(ctx)
}

// outcome reads what came of the order.
func (j *job) outcome(ctx context.Context) (*order.Outcome, error) {
	data, err := os.ReadFile(filepath.Join(j.dir, outcomeFile))
	if err != nil {
		return nil, err
	}
	out := &order.Outcome{}
	if err := json.Unmarshal(data, out); err != nil {
		return nil, err
	}
	switch {
	case out.Fault != "":
		return nil, &checker.Fault{Err: errors.New(out.Fault), Told: out.Story}
	case wasInterrupted(ctx.Err()) && out.Problem != "":
		return nil, interrupted("before the library was searched to the end")
	case out.Unfit:
		return nil, &failure{exit: exitInput, err: errors.New(out.Problem), bare: true}
	case out.Problem != "":
		return nil, &failure{exit: exitFault, err: errors.New(out.Problem)}
	}
	return out, nil
}

// unreleased complains about a version that the library does not have; nil if it has it, or if that
// cannot be told.
func (j *job) unreleased(ctx context.Context) error {
	f := j.of.family
	if strings.Contains(j.of.version, "-") {
		return nil // it may be a commit
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-versions", f.module)
	cmd.Dir, cmd.Env = j.dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	printed, err := cmd.Output()
	versions := strings.Fields(string(printed))
	if err != nil || len(versions) < 2 || slices.Contains(versions, j.of.version+f.suffix) {
		return nil
	}
	latest := strings.Join(versions[max(1, len(versions)-8):], ", ")
	return usageError("its latest are "+strings.ReplaceAll(latest, f.suffix, ""), "%s has no version %s", f.module, j.of.version)
}

// call runs a command in the program's folder. When ctx is cancelled the command is interrupted, and the program then ends with
// what it has covered; the time that ctx gives is the program's own business.
func (j *job) call(ctx context.Context, args []string, progress func([]byte)) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = j.dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var said bytes.Buffer
	cmd.Stderr = &said
	printed, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := j.keeper.Start(cmd); err != nil {
		return &failure{exit: exitFault, err: fmt.Errorf("%s: %w", args[0], err), hint: "a Go toolchain is needed to build the library"}
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			_ = cmd.Process.Signal(os.Interrupt) // it may be gone
		}
	})
	defer stop()
	rest := listen(printed, progress)
	err = cmd.Wait()
	j.keeper.Ended(cmd)
	if wasInterrupted(ctx.Err()) && err != nil {
		return interrupted("before " + filepath.Base(args[0]) + " was done")
	}
	if err != nil {
		words := strings.TrimSpace(rest + said.String())
		if why := unreachable(words); why != "" && args[0] == "go" {
			return &failure{exit: exitFault, err: fmt.Errorf("modules could not be downloaded: %s", why),
				hint: "the first search of a library downloads it and what it needs, and later ones need no network; GOPROXY names a proxy that can be reached"}
		}
		return &failure{exit: exitFault, err: fmt.Errorf("%s: %w\n  | %s", filepath.Base(strings.Join(args, " ")), err, strings.ReplaceAll(lastLines(words, 20), "\n", "\n  | ")),
			hint: "a Go toolchain and the library's source are needed; a panic in the library ends the test program"}
	}
	return nil
}

// converse runs a program that reads lines and answers with lines of JSON, until either ends.
func (j *job) converse(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	cmd := exec.Command(args[0], args[1:]...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = j.dir, &said
	to, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	printed, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := j.keeper.Start(cmd); err != nil {
		return &failure{exit: exitFault, err: fmt.Errorf("%s: %w", args[0], err), hint: "it was built for this machine's system and must be allowed to run where it is"}
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(os.Interrupt) }) // it may be gone
	defer stop()
	go func() {
		_, _ = io.Copy(to, in) // the program may have ended first, and then nobody waits for the rest
		to.Close()
	}()
	lines := bufio.NewReader(printed)
	for {
		line, err := lines.ReadString('\n')
		if strings.HasPrefix(line, "{") { // a test says more when it ends
			if _, err := io.WriteString(out, line); err != nil {
				return err
			}
		}
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	j.keeper.Ended(cmd)
	if err != nil {
		return &failure{exit: exitFault, err: fmt.Errorf("%s: %w\n  | %s", filepath.Base(args[0]), err, strings.ReplaceAll(lastLines(strings.TrimSpace(said.String()), 20), "\n", "\n  | ")),
			hint: "a panic in the library ends the test program"}
	}
	return nil
}

// noNetwork is what the go command says of modules that it cannot get, at the end of a line.
var noNetwork = regexp.MustCompile(`(?m)(dial tcp.*|lookup \S+.*: no such host.*|proxyconnect .*|module lookup disabled by GOPROXY=off|[^:\n]*TLS handshake timeout|[^:\n]*i/o timeout|[^:\n]*network is unreachable|[^:\n]*connection refused|[^:\n]*failure in name resolution)$`)

// unreachable returns why the go command could not get modules, if it was for want of a network; "" otherwise.
func unreachable(said string) string { return strings.TrimSpace(noNetwork.FindString(said)) }

// listen reads what a command prints. Lines that tell progress are passed on, and the others returned.
func listen(printed io.Reader, progress func([]byte)) string {
	var rest strings.Builder
	lines := bufio.NewReader(printed)
	for {
		line, err := lines.ReadString('\n')
		if told, is := strings.CutPrefix(line, order.ProgressMark); is && progress != nil {
			progress([]byte(told))
		} else {
			rest.WriteString(line)
		}
		if err != nil {
			return rest.String()
		}
	}
}

// findingsOf reads what the other program found. All findings are as that one says, but for what they break.
func findingsOf(out *order.Outcome, s *subject, rules []*spec.Rule, trace string, like checker.Finding) ([]checker.Finding, error) {
	if out.Verdict != spec.Violated {
		return nil, nil
	}
	t, err := traces.ReadFile(trace)
	if err != nil {
		return nil, err
	}
	var findings []checker.Finding
	broken, _ := traces.Broken(t, rules, s.config.Variants)
	for _, f := range broken {
		like.Finding, like.Trace = f, t
		findings = append(findings, like)
	}
	return findings, nil
}

func goalsOf(out *order.Outcome) (goals []checker.GoalVerdict) {
	for _, g := range spec.Goals {
		if reached, known := out.Goals[g.Name]; known {
			goals = append(goals, checker.GoalVerdict{Goal: g, Reached: reached, Possible: out.Possible[g.Name]})
		}
	}
	return goals
}

func rulesOf(out *order.Outcome, rules []*spec.Rule, findings []checker.Finding) (verdicts []checker.RuleVerdict) {
	for _, rule := range rules {
		v := checker.RuleVerdict{Rule: rule, Void: slices.Contains(out.Void, rule.ID), Untried: slices.Contains(out.Untried, rule.ID)}
		switch {
		case slices.ContainsFunc(findings, func(f checker.Finding) bool { return f.Rule == rule }):
			v.Verdict = spec.Violated
		case out.Verdict == spec.Inconclusive && !v.Void:
			v.Verdict = spec.Inconclusive
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// write makes the test program's module.
func (g *goTest) write(dir string) error {
	f := g.family
	adapter := raftcheckModule + "/" + f.adapter
	var mod, imports bytes.Buffer
	fmt.Fprintf(&mod, "module raftcheck.test/search\n\ngo 1.26.0\n\ngodebug randseednop=0\n\n")
	switch source, version := raftcheckSource(f.adapter); {
	case source != "":
		fmt.Fprintf(&mod, "require %s v0.0.0\n\nreplace %s => %s\n\nreplace %s => %s\n", adapter, raftcheckModule, source, adapter, filepath.Join(source, f.adapter))
	case version != "":
		fmt.Fprintf(&mod, "require %s %s\n", adapter, version)
	default:
		return &failure{exit: exitFault, err: errors.New("the source of raftcheck's adapters is not at hand"),
			hint: "set RAFTCHECK_SOURCE to a checkout of raftcheck, or install a published version"}
	}
	if g.holds() {
		gated, err := g.gate(dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(&mod, "\nreplace %s => %s\n", f.module, gated)
	} else {
		fmt.Fprintf(&mod, "\nreplace %s => %s %s\n", f.module, f.module, g.version+f.suffix)
	}
	if f.metrics != "" {
		if version := g.wants(dir, f.metrics); version != "" {
			fmt.Fprintf(&mod, "\nreplace %s => %s %s\n", f.metrics, f.metrics, version)
		}
	}
	for _, i := range f.imports {
		fmt.Fprintf(&imports, "\t%q\n", raftcheckModule+"/"+i)
	}
	test := fmt.Sprintf("package search\n\nimport (\n\t\"testing\"\n\n\tadapter %q\n%s)\n\nfunc TestObey(t *testing.T) { %s }\n", adapter, imports.String(), f.obey)
	return errors.Join(os.WriteFile(filepath.Join(dir, "go.mod"), mod.Bytes(), 0o666), os.WriteFile(filepath.Join(dir, "search_test.go"), []byte(test), 0o666))
}

// wants returns the version of a module that the library's own go.mod names, "" if none or if that is not known: what else the program needs may
// ask for a later one, in which packages that the library imports are gone.
func (g *goTest) wants(dir, module string) string {
	cmd := exec.Command("go", "mod", "download", "-json", g.family.module+"@"+g.version+g.family.suffix)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	printed, err := cmd.Output()
	var at struct{ GoMod string }
	if err != nil || json.Unmarshal(printed, &at) != nil {
		return ""
	}
	source, err := os.ReadFile(at.GoMod)
	if err != nil {
		return ""
	}
	if found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(source); found != nil {
		return string(found[1])
	}
	return ""
}

// raftcheckSource returns where raftcheck's source is: a checkout, or the version that this program was installed as. Both are "" when
// it is not known.
func raftcheckSource(adapter string) (dir, version string) {
	dir = os.Getenv("RAFTCHECK_SOURCE")
	if _, file, _, ok := runtime.Caller(0); dir == "" && ok && filepath.IsAbs(file) {
		dir = filepath.Dir(filepath.Dir(filepath.Dir(file)))
	}
	if _, err := os.Stat(filepath.Join(dir, adapter, "go.mod")); dir != "" && err == nil {
		return dir, ""
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return "", info.Main.Version
	}
	return "", ""
}

// search searches the subject's world, here or where the implementation lives.
func (s *subject) search(ctx context.Context, o checker.Options) (*checker.Result, error) {
	if s.shared != nil {
		return s.shared(ctx, &s.config, o)
	}
	if s.goTest == nil {
		return checker.Check(ctx, &s.config, o)
	}
	return s.goTest.search(ctx, s, o)
}

// conform puts the subject through the suite, here or where the implementation lives.
func (s *subject) conform(ctx context.Context, o conformance.Options) (*conformance.Statement, error) {
	if s.goTest != nil {
		return s.goTest.conform(ctx, s, o)
	}
	again, end := s.elsewhere()
	defer end()
	return conformance.Run(ctx, &conformance.Subject{Name: s.name, World: s.config, Again: again, Slow: s.program != nil}, o)
}

// fuzz makes a campaign in the subject's world, here or where the implementation lives.
func (s *subject) fuzz(ctx context.Context, o fuzz.Options) (*fuzz.Result, error) {
	if s.goTest == nil {
		return fuzz.Run(ctx, &s.config, o)
	}
	return s.goTest.fuzz(ctx, s, o)
}

// learn learns what the subject's servers do in its world.
func (s *subject) learn(ctx context.Context, memory int) (*checker.Automaton, error) {
	if s.goTest == nil {
		return checker.Learn(ctx, &s.config, checker.LearnOptions{Name: s.name, Memory: memory})
	}
	return s.goTest.learn(ctx, s, memory)
}

// replay runs a trace again, and returns it as it went this time and where it first differs.
func (s *subject) replay(ctx context.Context, t *traces.Trace) (*traces.Trace, *traces.Difference, error) {
	if s.goTest != nil {
		happened, out, err := s.goTest.rerun(ctx, s, order.Replay, t, nil)
		if err != nil {
			return nil, nil, err
		}
		return happened, out.Differs, nil
	}
	type outcome struct {
		happened *traces.Trace
		differs  *traces.Difference
		err      error
	}
	o, done := orInterrupted(ctx, func() (o outcome) {
		o.happened, o.differs, o.err = traces.Again(t, s.config.New)
		return o
	})
	switch {
	case !done:
		return nil, nil, interrupted("before the trace was run again to its end")
	case o.err != nil:
		return nil, nil, &failure{exit: exitFault, err: o.err}
	}
	return o.happened, o.differs, nil
}

// shrink makes a trace as short as possible, and says how many executions it tried. The error is traces.ErrNoBreach when the trace
// breaks none of the rules.
func (s *subject) shrink(ctx context.Context, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, int, error) {
	if s.goTest == nil {
		type outcome struct {
			short *traces.Trace
			tried int
			err   error
		}
		o, done := orInterrupted(ctx, func() (o outcome) {
			o.short, o.tried, o.err = traces.Shrink(t, s.config.New, rules, t.Header.Variants)
			return o
		})
		if !done {
			return nil, 0, interrupted("before the trace was shrunk; it stays as it is")
		}
		return o.short, o.tried, o.err
	}
	short, out, err := s.goTest.rerun(ctx, s, order.Shrink, t, rules)
	switch {
	case err != nil:
		return nil, 0, err
	case out.Nothing:
		return nil, 0, traces.ErrNoBreach
	}
	return short, out.Tried, nil
}
