package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// shrinkFlags are the flags of shrink.
type shrinkFlags struct {
	selection selection
	impl      string
	exec      execFlags
	save      string
	outputs   outputs
}

// shrink makes a failing trace short.
func (a *app) shrink() *cobra.Command {
	f := &shrinkFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "shrink TRACE",
		Short: "Make a failing trace as short as possible",
		Long: `shrink leaves out of a failing trace all that is not needed to break the same rule, and saves what remains: a real
execution of the same implementation. The exit code is that of the shortened trace: 1, since it still breaks the rule;
0 says that the trace breaks none.`,
		Example: `  raftcheck shrink long.trace
  raftcheck shrink --rule election-safety --save . long.trace`,
		Args: oneTrace,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runShrink(cmd, f, args[0]) },
	}
	addImpl(cmd.Flags(), &f.impl)
	f.exec.addTo(cmd.Flags())
	addSave(cmd.Flags(), &f.save)
	f.selection.addRules(cmd.Flags())
	a.addTrust(cmd.Flags())
	f.outputs.addTo(cmd.Flags())
	return cmd
}

func (a *app) runShrink(cmd *cobra.Command, f *shrinkFlags, path string) error {
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
	r, err := a.shrunk(cmd.Context(), s, f.save)
	if err != nil {
		return err
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return verdictOutcome(r, false)
}

// shrunk shortens the trace, puts it into story order and saves it.
func (a *app) shrunk(ctx context.Context, s *saved, save string) (*report.Report, error) {
	variants := s.trace.Header.Variants
	short, tried, err := s.subject.Shrink(ctx, s.trace, s.rules)
	if errors.Is(err, traces.ErrNoBreach) {
		a.term.note("%s breaks none of the selected rules: there is nothing to shrink", s.path)
		return s.report("shrink", s.trace, nil), nil
	}
	if err != nil {
		return nil, checkFailure(err)
	}
	short.Header.Implementation = s.subject.Name
	story := traces.Story(short, s.rules, variants)
	broken, _ := traces.Broken(story, s.rules, variants)
	if broken == nil {
		return nil, &failure{exit: exitFault, err: fmt.Errorf("raftcheck has a bug: the shortened trace breaks nothing")}
	}
	r := s.report("shrink", story, broken)
	r.Trace = a.saveTrace(save, broken[0].Rule.Name, story)
	r.Findings, err = storyFindings(story, broken, r.Trace, false)
	a.term.note("%s: %s shrunk to %s in %s", s.path, report.Some(len(s.trace.Records), "step"), report.Some(len(story.Records), "step"), report.Some(tried, "execution"))
	return r, err
}
