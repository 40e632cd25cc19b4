package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Program is what obeys orders.
type Program struct {
	// World makes the world that an order describes, with the implementation's servers in it, and says how to search it.
	World func(*Order) (*cluster.Config, checker.Options, error)
	// Again returns what makes servers of which nothing is remembered, on which a violation that was found must happen again; nil asks for no such thing.
	Again func() spec.Factory
	// Alone says that the implementation's servers must not run on several goroutines at once.
	Alone bool
	// Words says what the payload of a message holds; nil if messages have none.
	Words func(payload string) string
	// Out is where progress is printed, a line that begins with [ProgressMark] each time, and answers of Explore and Share; nil is standard output.
	Out io.Writer
	// In is where questions of Explore and Share are read; nil is standard input.
	In io.Reader
}

// ProgressMark begins each line that tells how far a search has come: a checker.Progress or fuzz.Progress, as JSON,
// follows.
const ProgressMark = "raftcheck-progress "

// Obey does what the order in one file says and writes the outcome to another. The error is about these files only: whatever else
// goes wrong is part of the outcome. An interrupt ends the search with what was covered.
func (p Program) Obey(orders, outcomes string) error {
	data, err := os.ReadFile(orders)
	if err != nil {
		return err
	}
	var o Order
	if err := json.Unmarshal(data, &o); err != nil {
		return fmt.Errorf("%s: %w", orders, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	out, err := p.obey(ctx, &o)
	var fault *checker.Fault
	var unfit *checker.Unfit
	switch {
	case errors.As(err, &fault):
		out = &Outcome{Fault: fault.Error(), Story: fault.Story()}
	case err != nil:
		out = &Outcome{Problem: err.Error(), Unfit: errors.As(err, &unfit)}
	}
	if data, err = json.Marshal(out); err != nil {
		return err
	}
	return os.WriteFile(outcomes, data, 0o666)
}

func (p Program) obey(ctx context.Context, o *Order) (*Outcome, error) {
	world, search, err := p.World(o)
	if err != nil {
		return nil, err
	}
	o.options(&search)
	if o.Limit > 0 {
		limited, cancel := context.WithTimeout(ctx, o.Limit)
		defer cancel()
		ctx = limited
	}
	switch o.Do {
	case Search:
		search.Progress = p.progress(o)
		return p.search(ctx, o, world, search)
	case Share:
		return p.share(ctx, o, world, search)
	case Learn:
		return p.learn(ctx, o, world)
	case Replay:
		return replay(o, world)
	case Shrink:
		return shrink(o, world, search.Rules)
	case Fuzz:
		return p.fuzz(ctx, o, world, search)
	case Conform:
		return p.conform(ctx, o, world)
	case Explore:
		return p.explore(ctx, o, world, search.Rules)
	case Serve:
		return &Outcome{}, serve(world, os.Stdin, os.Stdout)
	}
	return nil, fmt.Errorf("an order to %q", o.Do)
}

// progress prints how far a search has come, now and then.
func (p Program) progress(o *Order) func(checker.Progress) {
	print := p.printer(o)
	if print == nil {
		return nil
	}
	return func(at checker.Progress) { print(at) }
}

// campaigns prints how far a campaign has come, now and then.
func (p Program) campaigns(o *Order) func(fuzz.Progress) {
	print := p.printer(o)
	if print == nil {
		return nil
	}
	return func(at fuzz.Progress) { print(at) }
}

func (p Program) printer(o *Order) func(at any) {
	if o.Progress <= 0 {
		return nil
	}
	out := p.Out
	if out == nil {
		out = os.Stdout
	}
	next := time.Now().Add(o.Progress)
	return func(at any) {
		now := time.Now()
		if now.Before(next) {
			return
		}
		next = now.Add(o.Progress)
		line, _ := json.Marshal(at) // numbers only
		fmt.Fprintf(out, "%s%s\n", ProgressMark, line)
	}
}

func (p Program) search(ctx context.Context, o *Order, world *cluster.Config, search checker.Options) (*Outcome, error) {
	r, err := p.check(ctx, world, search)
	if err != nil {
		return nil, err
	}
	return searched(o, r)
}

// check is checker.Check, and then Confirm.
func (p Program) check(ctx context.Context, world *cluster.Config, search checker.Options) (*checker.Result, error) {
	r, err := checker.Check(ctx, world, search)
	if err != nil {
		return nil, err
	}
	return r, Confirm(r, p.Again)
}

// Confirm lets a violation that was found happen again, on servers of which nothing is remembered, if again makes some. The error is a [checker.Fault].
func Confirm(r *checker.Result, again func() spec.Factory) error {
	if again == nil || len(r.Findings) == 0 {
		return nil
	}
	trace := r.Findings[0].Trace
	if _, err := traces.Replay(trace, again()); err != nil {
		return &checker.Fault{Step: fmt.Sprintf("a violation of %d steps did not happen again", len(trace.Records)), Err: err}
	}
	return nil
}

// share does parts of a search until it is asked for the result.
func (p Program) share(ctx context.Context, o *Order, world *cluster.Config, search checker.Options) (*Outcome, error) {
	in, out := p.asked()
	r, err := Parts(ctx, world, search, in, out)
	if errors.Is(err, ErrNotTold) {
		return &Outcome{Nothing: true}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := Confirm(r, p.Again); err != nil {
		return nil, err
	}
	return searched(o, r)
}

// searched is what came of a search.
func searched(o *Order, r *checker.Result) (*Outcome, error) {
	out := outcome(r.Verdict, r.Reason, r.Goals, r.Rules)
	out.Search, out.Reduced = r.Search, r.Reduced
	if len(r.Findings) > 0 {
		out.Faults, out.Fewest, out.Longer = r.Findings[0].Faults, r.Findings[0].Fewest, !r.Findings[0].Shortest
	}
	return out, writeFirst(o.Trace, r.Findings)
}

func (p Program) fuzz(ctx context.Context, o *Order, world *cluster.Config, search checker.Options) (*Outcome, error) {
	c := &o.Campaign
	r, err := fuzz.Run(ctx, world, fuzz.Options{Rules: search.Rules, Goals: search.Goals, Strategies: c.Strategies, Seed: o.Seed, Runs: c.Runs, Steps: c.Steps,
		Vectors: c.Vectors, Length: c.Length, Workers: c.Workers, Memory: o.Memory, Shard: c.Shard, Shards: c.Shards, Alone: p.Alone, Progress: p.campaigns(o), Name: o.Name})
	if err != nil {
		return nil, err
	}
	out := outcome(r.Verdict, r.Reason, r.Goals, r.Rules)
	out.Campaign, out.Found = &r.Stats, r.Found
	return out, writeFirst(o.Trace, r.Findings)
}

// conform puts the implementation through the suite. Servers that must not run side by side are slow.
func (p Program) conform(ctx context.Context, o *Order, world *cluster.Config) (*Outcome, error) {
	s := &conformance.Subject{Name: o.Name, World: *world, Search: p.check, Alone: p.Alone, Slow: p.Alone}
	options := conformance.Options{Level: o.Level, Profiles: o.Profiles, Seed: o.Seed, Version: o.Suite}
	if print := p.printer(o); print != nil {
		options.Progress = func(at conformance.Progress) { print(at) }
	}
	r, err := conformance.Run(ctx, s, options)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Statement: r}
	if r.Fault != nil {
		out.Failed = r.Fault.Error()
	}
	return out, nil
}

// explore answers questions until there are no more.
func (p Program) explore(ctx context.Context, o *Order, world *cluster.Config, rules []*spec.Rule) (*Outcome, error) {
	held, err := explore.New(world, explore.Options{Name: o.Name, Rules: rules, Memory: o.Memory, Alone: p.Alone})
	if err != nil {
		return nil, err
	}
	in, out := p.asked()
	return &Outcome{}, explore.Answer(ctx, held, in, out)
}

// asked returns where questions are read, and where they are answered.
func (p Program) asked() (in io.Reader, out io.Writer) {
	in, out = p.In, p.Out
	if in == nil {
		in = os.Stdin
	}
	if out == nil {
		out = os.Stdout
	}
	return in, out
}

// writeFirst writes the execution of a violation, if there is one.
func writeFirst(path string, findings []checker.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	return write(path, findings[0].Trace)
}

func (p Program) learn(ctx context.Context, o *Order, world *cluster.Config) (*Outcome, error) {
	a, err := checker.Learn(ctx, world, checker.LearnOptions{Name: o.Name, Payload: p.Words, Memory: o.Memory})
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	return &Outcome{}, os.WriteFile(o.Automaton, data, 0o666)
}

func replay(o *Order, world *cluster.Config) (*Outcome, error) {
	recorded, err := traces.ReadFile(o.Trace)
	if err != nil {
		return nil, err
	}
	happened, differs, err := traces.Again(recorded, world.New)
	if err != nil {
		return nil, err
	}
	return &Outcome{Differs: differs}, write(o.Happened, happened)
}

func shrink(o *Order, world *cluster.Config, rules []*spec.Rule) (*Outcome, error) {
	recorded, err := traces.ReadFile(o.Trace)
	if err != nil {
		return nil, err
	}
	short, tried, err := traces.Shrink(recorded, world.New, rules, recorded.Header.Variants)
	if errors.Is(err, traces.ErrNoBreach) {
		return &Outcome{Nothing: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Outcome{Tried: tried}, write(o.Happened, short)
}

func write(path string, t *traces.Trace) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(traces.Write(f, t), f.Close())
}
