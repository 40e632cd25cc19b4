package contract

import (
	"context"
	"time"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Options says how much is tried. The zero value takes a fraction of a second for a node in Go.
type Options struct {
	// Steps is how many inputs servers are given, copies of them counted too, after which no further play begins; 0 means DefaultSteps.
	Steps int
	// Again makes servers that share nothing with those of the world, such as processes of their own, to give them the same inputs; nil is
	// the world's own.
	Again spec.Factory
	// Pause is how long to wait, once, between two inputs that are given again: it tells servers that look at the clock. 0 is no wait.
	Pause time.Duration
	// Within leaves out what cannot happen in the world: inputs that it does not give to servers, crashes and lossy ones if they are off.
	Within bool
	// Seed chooses the plays.
	Seed uint64
}

// DefaultSteps is what a quick try takes.
const DefaultSteps = 4000

// Result is what was tried, and what failed.
type Result struct {
	Failure *Failure       // the first check that failed; nil is none
	Tried   map[*Check]int // how often each check could have failed
	Given   int            // inputs that servers were given, copies counted too
	Asked   map[spec.InputKind]Answers
	Sent    map[spec.MessageKind]int // messages that left, by kind
}

// Answers counts what became of the inputs of a kind.
type Answers struct{ Given, Taken int }

// Try drives the servers of a world and holds their adapter to every check, until one fails, the steps are used up or ctx ends. Equal
// options give equal results, but for servers that fail because they are not deterministic.
func Try(ctx context.Context, config *cluster.Config, o Options) *Result {
	t := &try{config: config, Options: o, ctx: ctx, Result: &Result{Tried: map[*Check]int{}, Asked: map[spec.InputKind]Answers{}, Sent: map[spec.MessageKind]int{}}}
	if t.Steps == 0 {
		t.Steps = DefaultSteps
	}
	if t.Again == nil {
		t.Again = config.New
	}
	for range config.IDs() {
		t.seen = append(t.seen, map[string]*moment{})
	}
	t.play(0, t.lead)
	for n := uint64(1); t.goesOn(); n++ {
		t.play(n, t.wander)
	}
	return t.Result
}

// try is one call of Try.
type try struct {
	*Result
	Options
	ctx    context.Context
	config *cluster.Config
	seen   []map[string]*moment // by server: what was found in each state, by the bytes of AppendState
	took   bool                 // some input was taken that is no crash
}

// moment is a server in a state that was seen.
type moment struct {
	inputs []spec.Input
	shown  spec.Observation
	node   spec.Node // a copy, where copies can be made
	pairs  int       // other histories that it was compared with
}

// crashes reports whether servers crash, and lossily whether power fails too.
func (t *try) crashes() bool { return !t.Within || t.config.Faults.Crash != cluster.Off }
func (t *try) lossily() bool { return !t.Within || t.crashes() && t.config.Faults.Lossy }

// restarts reports whether servers are asked to restart.
func (t *try) restarts() bool { return t.crashes() || t.config.Faults.Storage != cluster.Off }

func (t *try) goesOn() bool {
	return t.Failure == nil && t.Given < t.Steps && t.ctx.Err() == nil
}

// fails notes a failure, unless there is one already. If the cause is that the server does not do the same again, then that is what fails.
func (t *try) fails(c *Check, s *server, message string) bool {
	f := &Failure{Check: c, Message: message}
	if s != nil {
		f.Server, f.Inputs = s.id, s.inputs
	}
	return t.failed(t.told(s, f))
}

func (t *try) failed(f *Failure) bool {
	if f != nil && t.Failure == nil && t.ctx.Err() == nil { // what a program says that is ended meanwhile is no answer
		inputs := make([]spec.Input, len(f.Inputs))
		copy(inputs, f.Inputs)
		f.Inputs, t.Failure = inputs, f
	}
	return f != nil
}

// step gives a node an input.
func (t *try) step(node spec.Node, in spec.Input) spec.Output {
	t.Given++
	return cluster.StepOf(node, in)
}
