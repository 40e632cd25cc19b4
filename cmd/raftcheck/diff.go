package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	world   worldFlags
	impls   []string
	most    int
	memory  size
	outputs outputs
}

// diff compares what the servers of two implementations do.
func (a *app) diff() *cobra.Command {
	f := &diffFlags{outputs: outputs{formats: report.Formats}}
	cmd := &cobra.Command{
		Use:   "diff --impl A --impl B",
		Short: "List the local steps in which two implementations differ",
		Long: `diff searches the same world with two implementations, and compares what each server does on each input in each state
that it comes to. Where the two do not do the same, after the same inputs, it tells the inputs and what each does then. What
follows from a difference is not told again.

The bounds are those of the first implementation's world unless flags say otherwise. Exit code 1 says that they differ.`,
		Example: `  raftcheck diff --impl etcd@v3.6.0 --impl etcd@v3.7.0
  raftcheck diff --impl etcd@v3.5.35 --impl etcd@v3.6.0 --messages 1 --most 3
  raftcheck diff --impl reference --impl mutant:rp-prevterm-zero`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDiff(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.impls, "impl", nil, "an `implementation`, twice: reference, spec, mutant:NAME, etcd[@VERSION], hashicorp[@VERSION] or nats[@VERSION]")
	f.world.addBounds(flags)
	flags.IntVar(&f.most, "most", 10, "differences to tell; 0 is all of them")
	flags.Var(&f.memory, "memory", "give up at this much memory, as in 2GiB; without it, at three quarters of what the machine has")
	f.outputs.addTo(flags)
	_ = cmd.RegisterFlagCompletionFunc("impl", cobra.FixedCompletions(subject.Names(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) runDiff(cmd *cobra.Command, f *diffFlags) error {
	if len(f.impls) != 2 {
		return usageError("as in --impl etcd@v3.6.0 --impl etcd@v3.7.0", "diff compares two implementations, not %d", len(f.impls))
	}
	if f.memory == 0 {
		f.memory = machineMemory() / 4 * 3
	}
	subjects, err := f.subjects(cmd)
	if err != nil {
		return err
	}
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	r, err := a.compare(cmd.Context(), subjects, f)
	if err != nil {
		return err
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return verdictOutcome(r, false)
}

// subjects returns the two implementations in one world.
func (f *diffFlags) subjects(cmd *cobra.Command) (two [2]*subject.Subject, err error) {
	for k, name := range f.impls {
		f.world.impl = name
		if two[k], err = f.world.subject(cmd.Flags()); err != nil {
			return two, err
		}
	}
	a, b := &two[0].Config, &two[1].Config
	for _, ask := range asks {
		switch {
		case ask.asked(a) && two[1].Takes != nil && !slices.Contains(two[1].Takes, ask.kind):
			return two, usageError(whoTakes(two[1], &ask), "the bounds are those of %s, whose servers %s, and those of %s do not", two[0].Name, ask.what, two[1].Name)
		case ask.asked(b) && !ask.asked(a):
			return two, usageError("--"+ask.flag+" says it of both", "the bounds are those of %s, in which no servers %s as those of %s do", two[0].Name, ask.what, two[1].Name)
		}
	}
	b.Changes = a.Changes
	b.Servers, b.Values, b.Network, b.Bounds, b.Faults = a.Servers, a.Values, a.Network, a.Bounds, a.Faults
	if err := b.Validate(); err != nil {
		return two, usageError("the bounds are those of "+two[0].Name, "%s: %w", two[1].Name, err)
	}
	return two, nil
}

// compare learns both automata and lists where they part.
func (a *app) compare(ctx context.Context, two [2]*subject.Subject, f *diffFlags) (*report.Report, error) {
	var automata [2]*checker.Automaton
	for k, s := range two {
		defer a.end(s)
		if err := a.begin(ctx, s); err != nil {
			return nil, err
		}
		automaton, err := s.Learn(ctx, int(f.memory))
		var unfinished *checker.Unfinished
		switch {
		case errors.As(err, &unfinished):
			return a.notCompared(two, s, unfinished), nil
		case err != nil:
			return nil, checkFailure(err)
		}
		automata[k] = automaton
	}
	found := checker.Compare(automata[0], automata[1], 0)
	r := newReport("diff", two[0].Name+" and "+two[1].Name, spec.Held)
	r.Bounds, r.Faults = boundsOf(&two[0].Config, false), faultWords(two[0].Faults())
	r.Comparison = comparisonOf(two, automata, found)
	if len(found) > 0 {
		r.Verdict = spec.Violated.String()
	}
	if f.most > 0 && len(found) > f.most {
		r.Comparison.Differences = r.Comparison.Differences[:f.most]
	}
	return r, nil
}

// notCompared is the report when one of the two was not learnt to the end: nothing is known of differences then.
func (a *app) notCompared(two [2]*subject.Subject, s *subject.Subject, why *checker.Unfinished) *report.Report {
	r := newReport("diff", two[0].Name+" and "+two[1].Name, spec.Inconclusive)
	r.Bounds, r.Faults = boundsOf(&two[0].Config, false), faultWords(two[0].Faults())
	reason := why.Reason
	if a.ctx.Err() != nil {
		reason = "the run was interrupted"
	}
	r.Because = []string{fmt.Sprintf("%s before all was known that %s does", reason, s.Name)}
	r.Hints = []string{"search less with smaller bounds, or allow more with --memory"}
	return r
}

func comparisonOf(two [2]*subject.Subject, automata [2]*checker.Automaton, found []checker.Difference) *report.Comparison {
	c := &report.Comparison{Differing: len(found)}
	for k, s := range two {
		i := report.Compared{Name: s.Name}
		for _, states := range automata[k].Servers {
			i.LocalStates += len(states)
			for _, state := range states {
				i.LocalSteps += len(state.Steps)
			}
		}
		c.Implementations = append(c.Implementations, i)
	}
	for _, d := range found {
		c.Differences = append(c.Differences, report.Difference{Node: d.Server.String(), Way: d.Way, Input: d.Input, Does: d.Does[:], Shows: d.Shows[:]})
	}
	return c
}
