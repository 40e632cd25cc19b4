package subject

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/adapters/order"
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
func (g *goTest) search(ctx context.Context, s *Subject, o checker.Options) (*checker.Result, error) {
	job, err := g.begin(s, order.Search)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Memory, job.order.Keep, job.order.Symmetry, job.order.Reduce, job.order.Progress = o.Memory, o.Keep, o.Symmetry, o.Reduce, 100*time.Millisecond
	job.judge(o)
	out, err := job.run(ctx, told(o.Progress))
	if err != nil {
		return nil, err
	}
	return job.result(out, s, o)
}

// result is what a search found.
func (j *job) result(out *order.Outcome, s *Subject, o checker.Options) (result *checker.Result, err error) {
	result = &checker.Result{Verdict: out.Verdict, Reason: out.Reason, Search: out.Search, Reduced: out.Reduced, Goals: goalsOf(out)}
	if result.Findings, err = findingsOf(out, s, o.Rules, j.order.Trace, checker.Finding{Shortest: !out.Longer, Faults: out.Faults, Fewest: out.Fewest}); err != nil {
		return nil, err
	}
	result.Rules = rulesOf(out, o.Rules, result.Findings)
	return result, nil
}

// share has parts of a search of the subject's world done, as lines of in ask for them, and reads what was found when it is asked for.
func (g *goTest) share(ctx context.Context, s *Subject, o checker.Options, in io.Reader, out io.Writer) (*checker.Result, error) {
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
func (g *goTest) fuzz(ctx context.Context, s *Subject, o fuzz.Options) (*fuzz.Result, error) {
	job, err := g.begin(s, order.Fuzz)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Memory, job.order.Seed, job.order.Progress = o.Memory, o.Seed, 100*time.Millisecond
	job.order.Campaign = order.Campaign{Strategies: o.Strategies, Runs: o.Runs, Steps: o.Steps, Vectors: o.Vectors, Length: o.Length,
		Workers: o.Workers, Shard: o.Shard, Shards: o.Shards}
	job.judge(checker.Options{Rules: o.Rules, Goals: o.Goals})
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
func (g *goTest) conform(ctx context.Context, s *Subject, o conformance.Options) (*conformance.Statement, error) {
	job, err := g.begin(s, order.Conform)
	if err != nil {
		return nil, err
	}
	defer job.end()
	job.order.Level, job.order.Profiles, job.order.Seed, job.order.Suite, job.order.Progress = o.Level, o.Profiles, o.Seed, o.Version, 100*time.Millisecond
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
func (g *goTest) learn(ctx context.Context, s *Subject, memory int) (*checker.Automaton, error) {
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
func (g *goTest) rerun(ctx context.Context, s *Subject, do order.Task, t *traces.Trace, rules []*spec.Rule) (*traces.Trace, *order.Outcome, error) {
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
