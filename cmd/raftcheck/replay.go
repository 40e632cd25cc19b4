package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	selection selection
	impl      string
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
long as it does what the trace records. If the implementation that the trace names does something else than it
records, that is a fault (exit code 5): it is not deterministic, or it has changed since.`,
		Example: `  raftcheck replay testdata/raftcheck/election-safety-5f1c09.trace
  raftcheck replay --impl reference testdata/raftcheck/election-safety-5f1c09.trace`,
		Args: oneTrace,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runReplay(cmd, f, args[0]) },
	}
	addImpl(cmd.Flags(), &f.impl)
	f.exec.addTo(cmd.Flags())
	f.selection.addRules(cmd.Flags())
	a.addTrust(cmd.Flags())
	f.outputs.addTo(cmd.Flags())
	_ = cmd.RegisterFlagCompletionFunc("impl", cobra.FixedCompletions(subjectNames(), cobra.ShellCompDirectiveNoFileComp))
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
	defer s.subject.end(a)
	if err := s.subject.transcribe(a); err != nil {
		return err
	}
	if err := s.subject.begin(cmd.Context()); err != nil {
		return err
	}
	happened, differs, err := s.subject.replay(cmd.Context(), s.trace)
	if err != nil {
		return err
	}
	same := s.subject.name == s.trace.Header.Implementation
	if differs != nil && same {
		return &failure{exit: exitFault, err: fmt.Errorf("%s:%d: %w", path, differs.Line, differs), bare: true,
			hint: "the implementation has changed since the trace was recorded, or it is not deterministic"}
	}
	broken, at := traces.Broken(happened, s.rules, s.trace.Header.Variants)
	if at >= 0 {
		happened.Records = happened.Records[:at+1]
	}
	if broken == nil && s.trace.Header.Loop > 0 && differs == nil {
		if broken, err = s.endless(happened); err != nil {
			return &failure{exit: exitFault, err: fmt.Errorf("%s: %w", path, err), hint: "the implementation has changed since the trace was recorded, or it is not deterministic"}
		}
	}
	r := s.report("replay", happened, broken)
	if broken != nil {
		if r.Findings, err = storyFindings(happened, broken, path, false); err != nil {
			return err
		}
	}
	if differs != nil {
		r.NotCovered = []string{fmt.Sprintf("what comes after step %d, where %s does something else: %s", differs.Record, differs.Server, differs.What)}
	}
	if g := debugGoalOf(s.rules); g != nil {
		debugReport(r, g)
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return verdictOutcome(r, false)
}
