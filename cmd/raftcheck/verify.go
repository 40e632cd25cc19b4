package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/mapped"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	selection selection
	known     known
	reading   reading
	keepGoing bool
	perRule   bool
	follow    bool
	limit     time.Duration // of following
	allow     string
	outputs   outputs
}

// verify judges recorded traces.
func (a *app) verify() *cobra.Command {
	f := &verifyFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "verify TRACE...",
		Short: "Judge recorded traces of a real cluster",
		Long: `verify reads traces of real executions and judges every step by the rulebook. A finding names the guilty line, the
earlier line that it contradicts, the condition that refused it, and what would have been right.

--follow judges a file that grows, line by line, until a finding, an interrupt or --for, and gives the verdict on what was written
until then.

--map reads a log of your own program, in JSON lines or logfmt, by a file that says which of its fields is what.

A trace may be compressed with gzip or zstd and of any length; "-" is standard input. A trace that is missing, empty,
cut off or malformed is an error (exit code 4), never a pass.`,
		Example: `  raftcheck verify cluster.ndjson
  raftcheck verify traces/*.ndjson.gz
  kubectl logs raft-0 | raftcheck verify -
  raftcheck verify --follow cluster.ndjson
  raftcheck verify --map mapping.yaml server.log`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("raftcheck verify TRACE..., or - for standard input", "verify needs a trace")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runVerify(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	f.reading.addTo(cmd)
	flags.BoolVar(&f.keepGoing, "keep-going", false, "report every finding, not only the first of each trace")
	flags.BoolVar(&f.follow, "follow", false, "judge a file while it is written, until an interrupt or --for; a finding is told at once")
	flags.DurationVar(&f.limit, "for", 0, "with --follow: stop after this long with what was covered, as in 30s or 10m")
	flags.BoolVar(&f.perRule, "per-rule", false, "say for every rule how often it was put to the test")
	f.selection.addRules(flags)
	f.known.addTo(flags)
	addAllow(flags, &f.allow)
	a.addTrust(flags)
	f.outputs.addTo(flags)
	_ = cmd.RegisterFlagCompletionFunc("rule", cobra.FixedCompletions(ruleNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) runVerify(ctx context.Context, f *verifyFlags, args []string) error {
	rules, err := f.selection.chosenRules()
	if err != nil {
		return err
	}
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	if err := f.reading.begin(a); err != nil {
		return err
	}
	if err := f.known.read(a); err != nil {
		return err
	}
	paths := expand(args)
	if err := f.follows(paths); err != nil {
		return err
	}
	if err := a.reads(paths...); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	v := &verification{app: a, flags: f, rules: rules, report: newReport("verify", "trace", spec.Held), over: overlooked{}, draws: a.inGate.draws || f.outputs.draw()}
	a.term.startProgress(time.Now())
	if f.limit > 0 {
		limited, cancel := context.WithTimeout(ctx, f.limit)
		defer cancel()
		ctx = limited
	}
	if err := v.files(ctx, paths); err != nil {
		return err
	}
	v.unfollow(paths[0])
	a.term.endProgress()
	v.told = f.known.take(v.report, v.told)
	v.conclude()
	f.known.tell(v.over.admit(v.report), v.told)
	render := a.render(v.report)
	if f.perRule {
		render = a.renderPerRule(v.report)
	}
	if err := f.outputs.write(a.term.out, render); err != nil {
		return err
	}
	if v.report.Verdict != spec.Violated.String() && len(v.report.Errors) > 0 {
		return outcome(exitInput)
	}
	return verdictOutcome(v.report, allowed)
}

// follows looks at the flags of --follow.
func (f *verifyFlags) follows(paths []string) error {
	switch {
	case !f.follow && f.limit != 0:
		return usageError("raftcheck verify --follow --for 30s FILE", "--for says how long --follow goes on")
	case f.follow && (len(paths) != 1 || paths[0] == "-"):
		return usageError("raftcheck verify --follow FILE", "--follow needs one file")
	}
	return nil
}

// expand resolves patterns that no shell has resolved. What matches nothing stays, to be reported as missing.
func expand(args []string) []string {
	var paths []string
	for _, arg := range args {
		matches, err := filepath.Glob(arg)
		if err != nil || len(matches) == 0 {
			matches = []string{arg}
		}
		paths = append(paths, matches...)
	}
	return paths
}

// verification is one run over several traces.
type verification struct {
	*app
	flags   *verifyFlags
	rules   []*spec.Rule
	report  *report.Report
	results []*traces.Result

	interrupted string // the trace that was being judged; "" if the run was not interrupted

	strangers []*traces.InputError // folders and files of no format that is known, which are told when all was read

	over overlooked
	told []report.Finding // that are known, and were overlooked

	draws bool
	kept  int // records that are kept to be drawn

	showing sync.Mutex // progress

	followed *following // the file, with --follow
}

// traceOutcome is what became of one trace.
type traceOutcome struct {
	result *traces.Result
	format string
	names  map[spec.ServerID]string
	above  int       // lines of the page that stand above the trace
	unmet  []string  // of --map: fields that no line has
	drawn  recording // if it is drawn
	err    error

	panicked any // by the goroutine that judged it
}

// files judges all traces, and tells of them in their order.
func (v *verification) files(ctx context.Context, paths []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := v.inTurn(ctx, paths)
	if v.independent(paths) {
		next = v.atOnce(ctx, paths)
	}
	defer v.tellStrangers()
	for _, path := range paths {
		if err := v.take(path, next()); err != nil || v.interrupted != "" {
			return err
		}
	}
	return nil
}

// tellStrangers tells what is no trace, in one line where there are several beside what was judged: a pattern that matches too much.
func (v *verification) tellStrangers() {
	if len(v.strangers) < 2 || len(v.results) == 0 {
		for _, fault := range v.strangers {
			v.term.complain(inputFailure(fault))
		}
		return
	}
	const most = 12
	var names []string
	for _, fault := range v.strangers[:min(most, len(v.strangers))] {
		names = append(names, fault.File)
	}
	if more := len(v.strangers) - most; more > 0 {
		names = append(names, "and "+report.Count(more)+" more")
	}
	v.term.note("no traces, so not judged: %s", strings.Join(names, ", "))
}

// strange reports whether a file was given that is a folder, or of no format that is known.
func strange(fault *traces.InputError) bool {
	info, err := os.Stat(fault.File)
	return fault.Message == ofNoFormat || err == nil && info.IsDir()
}

// independent reports whether no trace has a say in how the next one is judged.
func (v *verification) independent(paths []string) bool {
	return len(paths) > 1 && runtime.GOMAXPROCS(0) > 1 && !v.flags.known.any() && !v.draws && !slices.Contains(paths, "-")
}

// inTurn judges a trace whenever the next one is asked for.
func (v *verification) inTurn(ctx context.Context, paths []string) func() traceOutcome {
	k := -1
	return func() traceOutcome {
		k++
		return v.goOn(ctx, paths[k])
	}
}

// atOnce judges as many traces at once as there are processors, and yields them in their order.
func (v *verification) atOnce(ctx context.Context, paths []string) func() traceOutcome {
	done := make([]chan traceOutcome, len(paths))
	for k := range done {
		done[k] = make(chan traceOutcome, 1)
	}
	var begun atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(paths)) {
		go func() {
			for k := int(begun.Add(1)) - 1; k < len(paths) && ctx.Err() == nil; k = int(begun.Add(1)) - 1 {
				done[k] <- v.alone(ctx, paths[k])
			}
		}()
	}
	k := -1
	return func() traceOutcome {
		k++
		select {
		case j := <-done[k]:
			if j.panicked != nil {
				panic(j.panicked)
			}
			return j
		case <-ctx.Done():
			return traceOutcome{err: ctx.Err()}
		}
	}
}

// alone judges a trace in a goroutine of its own.
func (v *verification) alone(ctx context.Context, path string) (j traceOutcome) {
	defer func() { j.panicked = recover() }()
	return v.judge(ctx, path)
}

// take takes in what became of a trace. A trace that cannot be read is told and noted, and the others go on.
func (v *verification) take(path string, j traceOutcome) error {
	result, format, names, err := j.result, j.format, j.names, j.err
	var fault *traces.InputError
	switch {
	case wasInterrupted(err):
		v.interrupted = path
		return nil
	case errors.As(err, &fault):
		if strange(fault) {
			v.strangers = append(v.strangers, fault)
		} else {
			v.term.complain(inputFailure(fault))
		}
		v.report.Errors = append(v.report.Errors, report.InputProblem{File: cmp.Or(fault.File, path), Line: fault.Line, Column: fault.Column,
			Message: fault.Message, Hint: fault.Hint})
		return nil
	case err != nil:
		return asFailure(err)
	}
	v.results = append(v.results, result)
	v.report.Files = append(v.report.Files, fileOf(path, format, names, result))
	v.report.Files[len(v.report.Files)-1].Lines -= j.above
	v.report.Files[len(v.report.Files)-1].Unmet = j.unmet
	for _, unmet := range j.unmet {
		v.term.note("%s: %s", path, unmet)
	}
	j.drawn.into(&v.report.Files[len(v.report.Files)-1], result)
	for k, f := range lineFindings(result) {
		if k == 0 {
			f.Checked = max(0, f.Evidence[0].Line-1-j.above)
		}
		if k == 0 && !v.flags.keepGoing {
			f.Unchecked = max(0, result.LastLine-result.Lines)
		}
		v.report.Findings = append(v.report.Findings, f)
	}
	return nil
}

func lineFindings(r *traces.Result) (all []report.Finding) {
	for k := range r.Findings {
		all = append(all, lineFinding(&r.Findings[k]))
	}
	return all
}

// goOn judges a trace, and again while all it comes to is known: each time without what it came to before.
func (v *verification) goOn(ctx context.Context, path string) traceOutcome {
	if path == "-" && v.flags.known.any() {
		rewind, done, err := v.keepInput()
		if err != nil {
			return traceOutcome{err: &failure{exit: exitFault, err: err}}
		}
		defer done()
		return v.goOnFrom(ctx, path, rewind)
	}
	return v.goOnFrom(ctx, path, func() error { return nil })
}

func (v *verification) goOnFrom(ctx context.Context, path string, rewind func() error) (j traceOutcome) {
	told, err := v.flags.known.again(v.flags.keepGoing, v.over, func() (string, []report.Finding, error) {
		if err := rewind(); err != nil {
			return "", nil, err
		}
		if j = v.judge(ctx, path); j.err != nil {
			return "", nil, j.err
		}
		return v.report.Subject, lineFindings(j.result), nil
	})
	v.told = append(v.told, told...)
	j.err = err
	return j
}

// keepInput keeps standard input in a file, so that it can be read again from the start.
func (a *app) keepInput() (rewind func() error, done func(), err error) {
	kept, err := os.CreateTemp("", "raftcheck-*")
	if err != nil {
		return nil, nil, err
	}
	unnamed := os.Remove(kept.Name()) == nil // then nothing is left, whatever ends this process
	done = func() {
		kept.Close()
		if !unnamed {
			os.Remove(kept.Name())
		}
	}
	if _, err := io.Copy(kept, a.in); err != nil {
		done()
		return nil, nil, err
	}
	a.in = kept
	return func() error { _, err := kept.Seek(0, io.SeekStart); return err }, done, nil
}

func (v *verification) judge(ctx context.Context, path string) (j traceOutcome) {
	options := traces.VerifyOptions{Rules: v.over.of(v.rules), KeepGoing: v.flags.keepGoing}
	open := func() (*opened, error) { return v.open(path, &v.flags.reading) }
	if v.flags.follow {
		open = func() (*opened, error) { return v.follows(ctx, path) }
		options.Found = v.tell
	}
	source, err := open()
	if err != nil {
		return traceOutcome{err: err}
	}
	defer source.done()
	options.Reopen, options.Ahead = source.reopen, source.whole && runtime.GOMAXPROCS(0) > 1
	options.Progress = func(line int) {
		v.showing.Lock()
		defer v.showing.Unlock()
		v.term.progress(time.Now(), func() string { return fmt.Sprintf("verify %s: %s", path, report.Some(line, "line")) })
	}
	if v.flags.follow {
		ctx = context.WithoutCancel(ctx) // an interrupt ends the file, and what was read of it is judged
	}
	j.format, j.above = source.format, source.above
	j.result, j.err = traces.Verify(ctx, source.Source, options)
	if named, is := source.Source.(interface {
		Names() map[spec.ServerID]string
	}); is {
		j.names = named.Names()
	}
	if by, is := source.Source.(*mapped.Reader); is && j.err == nil {
		j.unmet = by.Unmet()
	}
	if j.err == nil && v.draws {
		j.drawn = v.recordingOf(source, j.result)
	}
	return j
}

// namedAs lists what a file calls its servers.
func namedAs(names map[spec.ServerID]string) (all []report.Name) {
	for _, id := range slices.Sorted(maps.Keys(names)) {
		all = append(all, report.Name{Server: id.String(), Name: names[id]})
	}
	return all
}

// inputFailure says what is wrong with a trace; its message begins with the place.
func inputFailure(fault *traces.InputError) *failure {
	return &failure{exit: exitInput, err: fault, hint: fault.Hint, bare: true}
}

func fileOf(path, format string, names map[spec.ServerID]string, r *traces.Result) report.File {
	f := report.File{Path: path, Format: format, Verdict: r.Verdict.String(), Lines: r.Lines, Records: r.Records, Steps: r.Steps,
		Servers: []string{}, FirstTerm: uint64(r.FirstTerm), LastTerm: uint64(r.LastTerm), Elections: r.Elections}
	servers := slices.Clone(r.Servers)
	slices.Sort(servers)
	for _, id := range servers {
		f.Servers = append(f.Servers, id.String())
	}
	f.Names = namedAs(names)
	for _, u := range r.Unknown {
		f.Hidden = append(f.Hidden, report.Hidden{Field: u.Name, Steps: u.Steps, Line: u.First})
	}
	return f
}

func lineFinding(f *traces.Finding) report.Finding {
	out := findingOf(f.Breach)
	for _, p := range f.Evidence {
		out.Evidence = append(out.Evidence, report.Evidence{File: p.File, Line: p.Line, Column: p.Column, Width: p.Width, Step: p.Step,
			Node: nodeName(p.Server), Role: p.Role, Text: p.Text})
	}
	return out
}

// conclude sums up what became of each rule and goal over all traces, and gives the verdict.
func (v *verification) conclude() {
	r := v.report
	for _, rule := range v.rules {
		r.Rules = append(r.Rules, v.overall(rule))
	}
	for _, g := range spec.Goals {
		reached := slices.ContainsFunc(v.results, func(result *traces.Result) bool {
			return slices.ContainsFunc(result.Goals, func(x traces.GoalResult) bool { return x.Goal == g && x.Reached })
		})
		r.Goals = append(r.Goals, report.GoalResult{Name: g.Name, Reached: reached, Possible: true})
	}
	if len(r.Findings) > 0 {
		r.Verdict = spec.Violated.String()
		return
	}
	if v.interrupted != "" {
		r.Because = append(r.Because, interruptedIn(v.interrupted))
	}
	switch n := len(r.Errors); {
	case n > 0 && v.followed != nil && v.followed.lost != "":
		r.Because = append(r.Because, v.followed.lost)
	case n > 0:
		r.Because = append(r.Because, couldNotBeRead(n, n+len(r.Files)))
	}
	for k, f := range r.Files {
		switch unsettled := v.results[k].Unsettled; {
		case f.Verdict != spec.Inconclusive.String():
		case len(unsettled) > 0:
			for _, u := range unsettled {
				r.Because = append(r.Because, startedUntold(&u))
			}
			r.Hints = append(r.Hints, "map the lines that tell of a server's start to {event: restart}, the first one too; what falls is then found, or explained")
		default:
			r.Because = append(r.Because, fmt.Sprintf("%s shows nothing that the selected rules look at", f.Path))
			r.Hints = append(r.Hints, "log more of the servers' state, or select other rules with --rule")
		}
	}
	slices.Sort(r.Hints)
	r.Hints = slices.Compact(r.Hints)
	if len(r.Because) > 0 {
		r.Verdict = spec.Inconclusive.String()
	}
}

// startedUntold says what would be a finding, if it were known that the server did not start again.
func startedUntold(f *traces.Finding) string {
	here, before := f.Evidence[0], f.Evidence[len(f.Evidence)-1]
	return fmt.Sprintf("%s:%d: %s: %s (line %d), unless it started again in between, which no line tells", here.File, here.Line, f.Rule.Name, f.Message, before.Line)
}

func interruptedIn(path string) string {
	return fmt.Sprintf("the run was interrupted in %q, of which nothing is judged, nor of what comes after it", path)
}

func couldNotBeRead(n, all int) string {
	if all == 1 {
		return "the trace could not be read"
	}
	return fmt.Sprintf("%s of %s could not be read", report.Count(n), report.Some(all, "trace"))
}

// overall is what became of a rule over all traces: the worst that any of them shows.
func (v *verification) overall(rule *spec.Rule) report.RuleResult {
	out := report.RuleResult{ID: rule.ID, Name: rule.Name, Verdict: report.NotApplicable}
	for _, result := range v.results {
		if out.Verdict == report.NotApplicable && len(spec.Applicable([]*spec.Rule{rule}, result.Header.Variants)) > 0 {
			out.Verdict = report.NotCheckable
		}
		for _, r := range result.Rules {
			if r.Rule.ID != rule.ID {
				continue
			}
			out.Checked += r.Checked
			if r.Shown && out.Verdict == report.NotCheckable {
				out.Verdict = report.NotExercised
			}
			switch {
			case r.Verdict == spec.Violated, r.Verdict == spec.Held && out.Verdict != spec.Violated.String() && out.Verdict != spec.Inconclusive.String():
				out.Verdict = r.Verdict.String()
			case r.Checked > 0 && out.Verdict != spec.Violated.String():
				out.Verdict = spec.Inconclusive.String()
			}
		}
	}
	return out
}
