package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// fuzzFlags are the flags of fuzz.
type fuzzFlags struct {
	world               worldFlags
	selection           selection
	known               known
	time                time.Duration
	runs, steps, states uint64
	seed                uint64
	strategies          []string
	shard               shardFlag
	workers             int
	memory              size
	save                string
	allow               string
	outputs             outputs
}

// fuzzTime is how long a campaign goes on when nothing says otherwise.
const fuzzTime = 10 * time.Second

// fuzz makes random executions until a limit is reached.
func (a *app) fuzz() *cobra.Command {
	f := &fuzzFlags{outputs: outputs{formats: report.Formats}, shard: shardFlag{1, 1}}
	f.world.larger = fuzz.Enlarge
	cmd := &cobra.Command{
		Use:   "fuzz",
		Short: "Make random executions of a Raft until a time or count is used up",
		Long: `fuzz makes random executions of an implementation, in a world that is larger than what can be searched to the end, and
judges every step by the rulebook. It goes on where check stops: more terms, longer logs, more messages, every fault.
A violation is run again from fresh servers, shortened, saved and told as a story.

Executions are chosen by a mix of strategies: uniform takes everything alike, pct (priorities) lets all go well but for a few
moments, swarm leaves out or favours kinds of actions and faults anew for every run, and guided goes on from the beginnings of
runs that showed something new. The same seed and number of runs makes the same executions and comes to the same findings,
whatever the number of workers. With --for, only the number of runs depends on the machine.

Without flags, bounds are at least 5 terms, 5 entries and 8 messages in flight, and every fault is on; what the implementation is
given besides (compaction, changes, reads) is as in check. Every bound and fault can be overridden.`,
		Example: `  raftcheck fuzz --for 10m
  raftcheck fuzz --impl mutant:cm-old-term
  raftcheck fuzz --exec 'python3 raft.py' --runs 2000 --nodes 5
  raftcheck fuzz --seed 7 --runs 1000000 --shard 3/16 -o json=shard-3.json
  raftcheck merge shard-*.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runFuzz(cmd, f) },
	}
	f.addTo(cmd.Flags())
	completeCheck(cmd)
	_ = cmd.RegisterFlagCompletionFunc("strategy", cobra.FixedCompletions(append(fuzz.Strategies(), mixName), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// mixName is what --strategy calls all strategies together.
const mixName = "mix"

func (f *fuzzFlags) addTo(flags *pflag.FlagSet) {
	f.world.addTo(flags)
	flags.DurationVar(&f.time, "for", 0, fmt.Sprintf("go on for this long, as in 30s or 10m; %s if no other limit is given", fuzzTime))
	flags.Uint64Var(&f.runs, "runs", 0, "make this many executions in all, those of other shards included; 0 is no limit")
	flags.Uint64Var(&f.steps, "steps", 0, "end after the round in which so many steps were made; 0 is no limit")
	flags.Uint64Var(&f.states, "states", 0, "end after the round in which about so many different states of all servers together were seen; 0 is no limit")
	flags.Uint64Var(&f.seed, "seed", 1, "where chance begins: the same seed makes the same executions")
	flags.StringSliceVar(&f.strategies, "strategy", []string{mixName}, "how executions are chosen: mix, or some of "+strings.Join(fuzz.Strategies(), ","))
	flags.Var(&f.shard, "shard", "make only part I of N of the campaign, as in 3/16, to be merged later")
	flags.IntVar(&f.workers, "workers", 0, "make executions on this many cores; 0 is all of them. What is found does not depend on it")
	flags.Var(&f.memory, "memory", "drop what is remembered of the implementation at this much memory, as in 2GiB; without it, at a quarter of what the machine has. What is found does not depend on it")
	f.selection.addRules(flags)
	f.selection.addGoals(flags)
	f.selection.addDebugGoals(flags)
	f.known.addTo(flags)
	addSave(flags, &f.save)
	addAllow(flags, &f.allow)
	f.outputs.addTo(flags)
}

// shardFlag is the value of --shard: I/N.
type shardFlag struct{ nth, of int }

// Set parses I/N with 1 ≤ I ≤ N.
func (s *shardFlag) Set(text string) error {
	nth, of, both := strings.Cut(text, "/")
	i, err := strconv.Atoi(nth)
	n, also := strconv.Atoi(of)
	if !both || err != nil || also != nil || i < 1 || i > n {
		return errors.New("as in 3/16: part 3 of 16")
	}
	s.nth, s.of = i, n
	return nil
}

// Type names the value in help texts.
func (s *shardFlag) Type() string { return "I/N" }

// String returns the shard as Set reads it.
func (s *shardFlag) String() string { return fmt.Sprintf("%d/%d", s.nth, s.of) }

func (a *app) runFuzz(cmd *cobra.Command, f *fuzzFlags) error {
	s, options, err := f.settings(cmd.Flags())
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
		o.Rules = over.of(options.Rules)
		r, err := a.campaign(cmd.Context(), s, o, f)
		return over.admit(r), err
	})
	if err != nil {
		failed := faultReport(s, err)
		failed.Command = "fuzz"
		if len(failed.Errors) > 0 {
			failed.Because = []string{"the campaign failed"}
		}
		return errors.Join(f.outputs.write(a.term.out, a.render(failed)), err)
	}
	if cmd.Context().Err() != nil && r.Verdict != spec.Violated.String() {
		r.Verdict, r.Because = spec.Inconclusive.String(), []string{"the campaign was interrupted"}
	}
	if g := debugGoalOf(options.Rules); g != nil {
		debugReport(r, g)
	}
	if err := f.outputs.write(a.term.out, a.render(r)); err != nil {
		return err
	}
	return verdictOutcome(r, allowed)
}

// settings turns flags into a world and the options of a campaign.
func (f *fuzzFlags) settings(flags *pflag.FlagSet) (*subject.Subject, fuzz.Options, error) {
	o := fuzz.Options{Runs: f.runs, Steps: f.steps, Vectors: f.states, Seed: f.seed, Shard: f.shard.nth, Shards: f.shard.of, Workers: f.workers}
	var err error
	if o.Strategies, err = strategiesNamed(f.strategies); err != nil {
		return nil, o, err
	}
	if f.workers > checker.MostWorkers {
		return nil, o, usageError("0 is one for each core", "--workers %d: at most %d can share the work", f.workers, checker.MostWorkers)
	}
	if err = f.selection.wantDebugGoal(&f.world); err != nil {
		return nil, o, err
	}
	if o.Rules, err = f.selection.chosenRules(); err != nil {
		return nil, o, err
	}
	if o.Goals, err = f.selection.chosenGoals(); err != nil {
		return nil, o, err
	}
	if f.memory == 0 {
		f.memory = machineMemory() / 4 // the heap is let grow beyond what is remembered
	}
	o.Memory = int(f.memory)
	if f.time == 0 && f.runs == 0 && f.steps == 0 && f.states == 0 {
		f.time = fuzzTime
	}
	s, err := f.world.subject(flags)
	if err != nil {
		return nil, o, err
	}
	o.Name, o.Alone, f.known.timed = s.Name, s.Words() != nil, f.time > 0
	return s, o, nil
}

// strategiesNamed returns the strategies of --strategy; nil for the mix of all.
func strategiesNamed(names []string) ([]fuzz.Strategy, error) {
	if len(names) == 1 && names[0] == mixName {
		return nil, nil
	}
	var all []fuzz.Strategy
	for _, name := range names {
		s, err := fuzz.StrategyNamed(name)
		if err != nil {
			known := append(fuzz.Strategies(), mixName)
			return nil, usageError(didYouMean(name, known, "mix, or some of "+strings.Join(fuzz.Strategies(), ", ")), "%w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// campaign runs a campaign with a progress line, and turns what it found into a report.
func (a *app) campaign(ctx context.Context, s *subject.Subject, o fuzz.Options, f *fuzzFlags) (*report.Report, error) {
	if err := a.begin(ctx, s); err != nil {
		return nil, err
	}
	if f.time > 0 {
		limited, cancel := context.WithTimeout(ctx, f.time)
		defer cancel()
		ctx = limited
	}
	if err := a.keepsContract(ctx, s); err != nil {
		return nil, err
	}
	started := time.Now()
	a.term.startProgress(started)
	o.Progress = func(p fuzz.Progress) {
		now := time.Now()
		a.term.progress(now, func() string { return fuzzLine(p, now.Sub(started), f.time) })
	}
	result, err := s.Fuzz(ctx, o)
	a.term.endProgress()
	if err != nil {
		return nil, checkFailure(err)
	}
	if len(result.Findings) > 0 {
		if err := s.Again(a.ctx, result.Findings[0].Trace); err != nil {
			return nil, err
		}
	}
	return a.fuzzReport(s, o, f.save, result)
}

// fuzzLine says how far a campaign has come.
func fuzzLine(p fuzz.Progress, elapsed, limit time.Duration) string {
	seconds := elapsed.Seconds()
	s := &p.Stats
	line := fmt.Sprintf("fuzz  %s  %s runs  %s steps (%s/s)  %s states  %s vectors  %s  goals %d/%d", report.Seconds(seconds), report.Short(s.Runs), report.Short(s.Steps),
		report.Short(uint64(float64(s.Steps)/max(seconds, 0.001))), report.Short(s.States.Count()), report.Short(s.Vectors.Count()), report.Bytes(uint64(p.Memory)), p.Reached, p.Goals)
	if limit > 0 {
		line += fmt.Sprintf("  %s left", report.Seconds(max(limit-elapsed, 0).Seconds()))
	}
	return line
}
