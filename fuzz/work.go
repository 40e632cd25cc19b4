package fuzz

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/internal/cpu"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// A test makes a campaign of so much CPU time unless it is told otherwise: shortWork under go test -short. -rapid.checks says otherwise: then it goes
// on only until every goal is reached, which rapid's executions alone seldom do.
const (
	fullWork  = 5 * time.Second
	shortWork = time.Second
)

// workSeed is where the chance of a test's campaign begins, the same in every run.
const workSeed = 1

// work makes a campaign, and fails the test if a promise is broken or a goal that is within reach is not reached: then nothing is shown.
func (p *player) work(ctx context.Context, t checker.TB, untilGoals bool) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	budget := fullWork
	if testing.Testing() && testing.Short() {
		budget = shortWork
	}
	tell := checker.Telling(t)
	began := cpu.Time()
	go stopAfter(ctx, stop, began+budget)
	r, err := Run(ctx, &p.config, Options{Name: p.name, Seed: workSeed, Workers: 1, Memory: playerMemory, Progress: func(at Progress) {
		if untilGoals && at.Reached == at.Goals {
			stop()
		}
		if tell != nil {
			tell(at.line)
		}
	}})
	switch {
	case err != nil:
		t.Fatalf("raftcheck: %s", checker.FaultText(err))
	case r.Verdict == spec.Violated:
		p.tell(t, r.Findings[0].Finding, r.Findings[0].Trace)
	case r.Verdict == spec.Inconclusive:
		t.Fatalf("raftcheck proves nothing here: %s in %d executions, %d steps in all, of %s%s", r.Reason, r.Stats.Runs, r.Stats.Steps, p.config.String(), checker.GoalHints(r.Goals))
	default:
		t.Logf("%d rules held in %d executions of up to %d steps, %d steps in all: %s\nnot covered: executions that chance did not make, %s", len(r.Rules), r.Stats.Runs, r.Stats.Longest,
			r.Stats.Steps, p.config.String(), strings.Join(p.config.NotCovered(), ", "))
	}
}

// stopAfter stops a campaign once the process has used so much CPU time.
func stopAfter(ctx context.Context, stop func(), at time.Duration) {
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			if cpu.Time() >= at {
				stop()
			}
		}
	}
}

func (p Progress) line() string {
	return fmt.Sprintf("%d executions so far, %d steps, %d of %d goals reached", p.Stats.Runs, p.Stats.Steps, p.Reached, p.Goals)
}

// tell saves an execution that breaks a promise, and fails the test with its story.
func (p *player) tell(t checker.TB, f traces.Finding, trace *traces.Trace) {
	t.Helper()
	path, err := traces.Save(traces.SavedUnder, f.Rule.Name, trace)
	if err != nil {
		t.Logf("the execution could not be saved: %v", err)
	}
	t.Fatalf("%s", checker.Failure(t, f, trace, path))
}

// given reports whether a flag of go test was given on its command line.
func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// fuzzing reports whether go test -fuzz is what runs: then go test itself says how much is done.
func fuzzing() bool { return given("test.fuzz") || given("test.fuzzworker") }
