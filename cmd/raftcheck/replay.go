package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	selection selection
	known     known
	impl      string
	mended    bool
	allow     string
	exec      execFlags
	outputs   outputs
}

// replay runs a saved trace again.
func (a *app) replay() *cobra.Command {
	f := &replayFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "replay TRACE",
		Short: "Run a saved trace again, step by step",
		Long: `replay gives fresh servers the inputs of a saved trace, compares everything they do and show with what the trace
records, and judges every step again.

With --impl another implementation is given the same inputs, for instance one in which a bug was mended. It is judged for as
long as it does what the trace records; if it goes another way before anything breaks, that is inconclusive (exit code 3). If the
implementation that the trace names does something else than it records, that is a fault (exit code 5): it is not deterministic, or it
has changed since.

With --mended both are fine (exit code 0) for a trace that was saved because it broke a rule: what no longer happens is mended.`,
		Example: `  raftcheck replay testdata/raftcheck/election-safety-5f1c09.trace
  raftcheck replay --impl reference testdata/raftcheck/election-safety-5f1c09.trace`,
		Args: oneTrace,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runReplay(cmd, f, args[0]) },
	}
	addImpl(cmd.Flags(), &f.impl)
	f.exec.addTo(cmd.Flags())
	cmd.Flags().BoolVar(&f.mended, "mended", false, "a saved violation that the implementation no longer repeats counts as mended")
	f.selection.addRules(cmd.Flags())
	f.known.addTo(cmd.Flags())
	addAllow(cmd.Flags(), &f.allow)
	a.addTrust(cmd.Flags())
	f.outputs.addTo(cmd.Flags())
	_ = cmd.RegisterFlagCompletionFunc("impl", cobra.FixedCompletions(subject.Names(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// oneTrace wants exactly one argument.
func oneTrace(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError(cmd.CommandPath()+" TRACE, or - for standard input", "%s needs one trace, not %d", cmd.Name(), len(args))
	}
	return nil
}

func (a *app) runReplay(cmd *cobra.Command, f *replayFlags, path string) error {
	allowed, err := allowsInconclusive(f.allow)
	if err != nil {
		return err
	}
	if err := f.known.read(a); err != nil {
		return err
	}
	if err := a.reads(path); err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	s, err := a.load(path, f.impl, &f.exec, cmd.Flags(), &f.selection)
	if err != nil {
		return err
	}
	defer a.end(s.subject)
	if err := f.exec.transcribe(a, s.subject); err != nil {
		return err
	}
	if err := a.begin(cmd.Context(), s.subject); err != nil {
		return err
	}
	r, err := a.replayed(cmd.Context(), f, s)
	if err != nil {
		return err
	}
	if g := debugGoalOf(s.rules); g != nil {
		debugReport(r, g)
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return verdictOutcome(r, allowed)
}

// replayed runs the trace again and judges what happens.
func (a *app) replayed(ctx context.Context, f *replayFlags, s *saved) (*report.Report, error) {
	happened, differs, err := s.subject.Replay(ctx, s.trace)
	if err != nil {
		return nil, err
	}
	mended := f.mended && len(s.trace.Header.Breaks) > 0
	if differs != nil && s.subject.Name == s.trace.Header.Implementation && !mended {
		return nil, &failure{exit: exitFault, err: fmt.Errorf("%s:%d: %w", s.path, differs.Line, differs), bare: true, hint: changedSince}
	}
	rules := s.rules
	return f.known.goOn(false, func(over overlooked) (*report.Report, error) {
		s.rules = over.of(rules)
		r, err := s.judged(ctx, happened, differs, a.known)
		if err == nil && differs != nil && len(r.Findings) == 0 {
			otherWay(r, s.subject.Name, differs, mended)
		}
		return over.admit(r), err
	})
}

const changedSince = "the implementation has changed since the trace was recorded, or it is not deterministic"

// judged reports what an execution breaks, up to its first guilty step.
func (s *saved) judged(ctx context.Context, happened *traces.Trace, differs *traces.Difference, known *known) (*report.Report, error) {
	broken, at := traces.Broken(happened, s.rules, s.trace.Header.Variants)
	if at >= 0 {
		short := *happened
		short.Records = happened.Records[:at+1]
		happened = &short
	}
	if broken == nil && s.trace.Header.Loop > 0 && differs == nil {
		var err error
		if broken, err = s.endless(ctx, happened); err != nil {
			return nil, &failure{exit: exitFault, err: fmt.Errorf("%s: %w", s.path, err), hint: changedSince}
		}
	}
	broken = known.newFirst(s.subject.Name, broken)
	r := s.report("replay", happened, broken)
	r.Place = report.Place{File: s.path}
	if broken == nil {
		return r, nil
	}
	var err error
	r.Findings, err = storyFindings(happened, broken, s.path, false)
	return r, err
}

// otherWay says that an execution was not repeated to its end, and broke nothing as far as it was.
func otherWay(r *report.Report, subject string, differs *traces.Difference, mended bool) {
	says := fmt.Sprintf("at step %d %s does something else than the trace records: %s", differs.Record, differs.Server, differs.What)
	r.NotCovered = []string{fmt.Sprintf("what comes after step %d, where %s does something else: %s", differs.Record, differs.Server, differs.What)}
	if mended {
		r.Mended = says
		return
	}
	r.Verdict, r.Because = spec.Inconclusive.String(), []string{fmt.Sprintf("%s goes another way: %s", subject, says)}
	r.Hints = []string{"what the trace broke is not repeated; search it anew with raftcheck check --impl " + subject + ", or with --mended count that as mended"}
}
