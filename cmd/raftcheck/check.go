package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// checkFlags are the flags of check.
type checkFlags struct {
	world     worldFlags
	selection selection
	known     known
	folder    searchFolder
	share     sharedFolder
	symmetry  bool
	reduce    string
	liveness  bool
	time      time.Duration
	memory    size
	expect    int64
	save      string
	allow     string
	outputs   outputs
}

// check searches every execution up to a bound.
func (a *app) check() *cobra.Command {
	f := &checkFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Search every execution of a Raft up to a bound",
		Long: `check searches every execution of an implementation within bounds, and judges every step by the rulebook.
A violation is the shortest there is, and of those one with the fewest faults and lost messages; it is run again from
fresh servers before it is told as a story.

Without flags it searches the reference Raft in a world that is small enough to be searched to the end in seconds and
large enough to reach every goal. A mutant is searched in the world in which it is known to be caught, and spec is
raft.tla in the bounds of the published parity table. Every bound and fault can be overridden: of the reference and of
etcd's raft they begin with one entry and two terms, where a search without any has a second entry or a third term.`,
		Example: `  raftcheck check
  raftcheck check --impl mutant:el-stale-vote-resp
  raftcheck check --nodes 3 --terms 3 --log 2 --messages 2 --faults drop,crash=1 --symmetry --for 2m
  raftcheck check --exec 'python3 raft.py'
  raftcheck check --nodes 2 --liveness
  raftcheck check --impl mutant:el-prevote-lead-kept
  raftcheck check --impl spec --log 0 --symmetry --expect-states 44925
  raftcheck check --terms 3 --memory 4GiB --dir search
  raftcheck check --resume search
  raftcheck check --debug-goal one-leader-at-a-time`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd, f) },
	}
	flags := cmd.Flags()
	f.world.addTo(flags)
	flags.BoolVar(&f.symmetry, "symmetry", false, "count states that differ only in the names of servers and values as one")
	flags.StringVar(&f.reduce, "reduce", "fast", reduceUsage)
	flags.BoolVar(&f.liveness, "liveness", false, livenessUsage)
	flags.DurationVar(&f.time, "for", 0, "stop after this long with what was covered, as in 30s or 10m")
	flags.Var(&f.memory, "memory", "stop at this much memory with what was covered, as in 2GiB; without it, at three quarters of what the machine has")
	flags.Int64Var(&f.expect, "expect-states", -1, "fail with exit code 5 unless a complete search counts exactly this many states")
	flags.Lookup("expect-states").DefValue = "0"
	f.selection.addRules(flags)
	f.selection.addGoals(flags)
	f.selection.addDebugGoals(flags)
	f.folder.addTo(flags)
	f.share.addTo(flags)
	f.known.addTo(flags)
	addSave(flags, &f.save)
	addAllow(flags, &f.allow)
	f.outputs.addTo(flags)
	completeCheck(cmd)
	return cmd
}

func completeCheck(cmd *cobra.Command) {
	for flag, words := range map[string][]string{"impl": subject.Names(), "rule": ruleNames(), "goal": goalNames(), "debug-goal": debugGoalNames(), "faults": faultNames, "variant": spec.EveryVariant.Names()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

func (a *app) runCheck(cmd *cobra.Command, f *checkFlags) error {
	s, options, err := f.settings(a, cmd)
	if err != nil {
		return err
	}
	defer a.end(s)
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	if err := f.known.read(a); err != nil {
		return err
	}
	if err := f.world.exec.transcribe(a, s); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	r, err := f.known.goOn(false, func(over overlooked) (*report.Report, error) {
		o := options
		o.Rules, o.Liveness = over.of(options.Rules), over.without(options.Liveness)
		r, err := a.search(cmd.Context(), s, o, "check", f.save, f.time)
		return over.admit(r), err
	})
	if errors.Is(err, order.ErrNotTold) {
		return nil
	}
	if err != nil {
		err = f.folder.failure(err)
		return errors.Join(f.outputs.write(a.term.out, a.render(faultReport(s, err))), err)
	}
	if cmd.Context().Err() != nil && r.Verdict == spec.Inconclusive.String() {
		r.Because = []string{"the search was interrupted"}
	}
	f.folder.goesOn(r)
	if g := debugGoalOf(options.Rules); g != nil {
		debugReport(r, g)
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	if err := f.expected(r); err != nil {
		return err
	}
	return verdictOutcome(r, allowed)
}

// settings turns flags into a world and the options of a search.
func (f *checkFlags) settings(a *app, cmd *cobra.Command) (*subject.Subject, checker.Options, error) {
	if err := f.folder.goOn(cmd.Flags()); err != nil {
		return nil, checker.Options{}, err
	}
	if err := f.selection.wantDebugGoal(&f.world); err != nil {
		return nil, checker.Options{}, err
	}
	s, err := f.world.subject(cmd.Flags())
	if err != nil {
		return nil, checker.Options{}, err
	}
	live, err := f.livenessRules(cmd.Flags(), s)
	if err != nil {
		return nil, checker.Options{}, err
	}
	if live == nil && f.selection.debugGoal == "" && !f.world.says(cmd.Flags()) {
		s.Widen()
	}
	rules, _ := f.selection.chosen() // livenessRules has looked whether they are known
	rules = slices.DeleteFunc(slices.Clone(rules), endless)
	goals, err := f.selection.chosenGoals()
	if err != nil {
		return nil, checker.Options{}, err
	}
	if g := debugGoalOf(rules); g != nil {
		goals = []*spec.Goal{}
		if debugWorlds[g.Invariant.Name].byFuzz && f.time == 0 {
			return nil, checker.Options{}, usageError("raftcheck fuzz --debug-goal "+g.Invariant.Name+" finds it in seconds; --for DURATION searches for it all the same",
				"%s takes so many servers and steps that no search comes to its end", g.Invariant.Name)
		}
	}
	if f.symmetry {
		if err := s.Symmetric(); err != nil {
			return nil, checker.Options{}, err
		}
	}
	reduce, err := f.reduced(cmd.Flags(), s)
	if err != nil {
		return nil, checker.Options{}, err
	}
	if f.memory == 0 {
		f.memory = machineMemory() / 4 * 3
	}
	keep, err := f.folder.options(cmd.Flags(), live, &f.known)
	if shared, wrong := f.share.options(cmd.Flags(), a, s, live, &f.known); wrong != nil || shared != nil {
		keep, err = shared, wrong
	}
	return s, checker.Options{Rules: rules, Liveness: live, Goals: goals, Symmetry: f.symmetry, Reduce: reduce, Memory: int(f.memory), Keep: keep, Name: s.Name}, err
}

// search runs the checker with a progress line, and turns what it found into a report.
func (a *app) search(ctx context.Context, s *subject.Subject, o checker.Options, verb, save string, limit time.Duration) (*report.Report, error) {
	if limit > 0 {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	if err := a.begin(ctx, s); err != nil {
		return nil, err
	}
	if o.Symmetry {
		if err := s.Symmetric(); err != nil { // a program has said by now what it can
			return nil, err
		}
	}
	if err := a.keepsContract(ctx, s); err != nil {
		return nil, err
	}
	a.bound(s)
	started := time.Now()
	a.term.startProgress(started)
	o.Progress = func(p checker.Progress) {
		now := time.Now()
		a.term.progress(now, func() string { return progressLine(verb, p, now.Sub(started), limit) })
	}
	result, err := s.Search(ctx, o)
	a.term.endProgress()
	if err != nil {
		return nil, checkFailure(err)
	}
	if len(result.Findings) > 0 {
		if err := s.Again(a.ctx, result.Findings[0].Trace); err != nil {
			return nil, err
		}
	}
	return a.checkReport(s, o, verb, save, result)
}

// checkFailure says what kind of failure ended a search.
func checkFailure(err error) error {
	if e := subject.OfProgram(err); e != nil {
		return failureOf(e)
	}
	if f := failureOf(err); f != nil {
		return f
	}
	var unfit *checker.Unfit
	if errors.As(err, &unfit) {
		return err
	}
	var fault *checker.Fault
	if errors.As(err, &fault) {
		if story := fault.Story(); story != "" {
			err = fmt.Errorf("%w%s%s", err, legible.Quote, strings.ReplaceAll(story, "\n", legible.Quote))
		}
		return &failure{exit: exitFault, err: err, hint: "a node must do the same whenever it is in the same state and gets the same input: no clock, no randomness, no map order"}
	}
	return &failure{exit: exitFault, err: err}
}

// faultReport is the report of a search that came to no verdict, for programs that expect one.
func faultReport(s *subject.Subject, err error) *report.Report {
	r := newReport("check", s.Name, spec.Inconclusive)
	r.Bounds, r.Faults = boundsOf(&s.Config, false), faultWords(s.Faults())
	r.Because = []string{"the search failed"}
	if f := failureOf(err); f != nil && f.exit == exitInconclusive {
		r.Because = []string{f.Error()}
		return r
	}
	r.Errors = []report.InputProblem{{Message: err.Error()}}
	return r
}

// progressLine says how far a search has come.
func progressLine(verb string, p checker.Progress, elapsed, limit time.Duration) string {
	seconds := elapsed.Seconds()
	rate := uint64(float64(p.Stats.Distinct) / max(seconds, 0.001))
	line := fmt.Sprintf("%s  %s  depth %d  %s states (%s/s)  frontier %s  %s  goals %d/%d", verb, report.Seconds(seconds), p.Stats.Depth,
		report.Short(p.Stats.Distinct), report.Short(rate), report.Short(uint64(p.Stats.Frontier)), report.Bytes(uint64(p.Memory)), p.Reached, p.Goals)
	if p.Liveness {
		line = fmt.Sprintf("%s  %s  liveness: graph of %s states, %s transitions  depth %d  %s", verb, report.Seconds(seconds), report.Short(p.Stats.Distinct),
			report.Short(p.Stats.Transitions), p.Stats.Depth, report.Bytes(uint64(p.Memory)))
	}
	if limit > 0 {
		line += fmt.Sprintf("  %s left", report.Seconds(max(limit-elapsed, 0).Seconds()))
	}
	return line
}

// expected holds a complete search to the number of states it was expected to find.
func (f *checkFlags) expected(r *report.Report) error {
	if f.expect < 0 || r.Verdict != spec.Held.String() && r.Verdict != spec.Inconclusive.String() {
		return nil
	}
	switch {
	case !r.Search.Complete:
		return nil
	case r.Search.Distinct != uint64(f.expect):
		return &failure{exit: exitFault, err: fmt.Errorf("%s states were found, and --expect-states says %s: the model or raftcheck has changed",
			report.Count(r.Search.Distinct), report.Count(f.expect))}
	}
	return nil
}

// render writes a report in a format.
func (a *app) render(r *report.Report) func(io.Writer, string, bool) error {
	if a.keep != nil {
		a.keep(r)
	}
	return func(w io.Writer, format string, person bool) error {
		style := report.Style{}
		if person {
			style = a.term.style
		}
		a.place(r)
		return report.Write(w, format, r, style)
	}
}
