package order_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// program holds the reference and, for those who choose "broken", a mutant of it.
func program() order.Program {
	return order.Program{World: func(o *order.Order) (*cluster.Config, checker.Options, error) {
		world := &cluster.Config{New: impl.New(impl.Options{})}
		switch {
		case o.Has("broken"):
			m, _ := mutant.ByName("el-stale-vote-resp")
			world.New = m.Factory()
		case len(o.Choices) > 0:
			return nil, checker.Options{}, fmt.Errorf("unknown choice %q", o.Choices[0])
		}
		o.World(world)
		return world, checker.Options{}, nil
	}}
}

// asked is a small order, with its files in a folder of the test.
func asked(t *testing.T, do order.Task, choices ...string) *order.Order {
	dir := t.TempDir()
	o := &order.Order{Do: do, Name: "test", Choices: choices, Nodes: 3, Seed: 1,
		Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Terms: 2, Log: 1, Messages: 1},
		Goals: []string{"leader-elected"}, Trace: filepath.Join(dir, "trace"), Happened: filepath.Join(dir, "happened"), Automaton: filepath.Join(dir, "automaton")}
	for _, r := range spec.Rules {
		o.Rules = append(o.Rules, r.ID)
	}
	return o
}

func obey(t *testing.T, p order.Program, o *order.Order) *order.Outcome {
	dir := t.TempDir()
	orders, outcomes := filepath.Join(dir, "order"), filepath.Join(dir, "outcome")
	data, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(orders, data, 0o666))
	require.NoError(t, p.Obey(orders, outcomes))
	data, err = os.ReadFile(outcomes)
	require.NoError(t, err)
	out := &order.Outcome{}
	require.NoError(t, json.Unmarshal(data, out))
	return out
}

func TestSearch(t *testing.T) {
	out := obey(t, program(), asked(t, order.Search))
	require.Equal(t, spec.Held, out.Verdict, out.Reason)
	require.True(t, out.Search.Complete)
	require.Positive(t, out.Goals["leader-elected"])
	require.NotContains(t, out.Goals, "entry-committed")
}

func TestAViolationIsWrittenReplayedAndShrunk(t *testing.T) {
	found := asked(t, order.Search, "broken")
	out := obey(t, program(), found)
	require.Equal(t, spec.Violated, out.Verdict)
	trace, err := traces.ReadFile(found.Trace)
	require.NoError(t, err)
	require.NotEmpty(t, trace.Records)

	again := asked(t, order.Replay, "broken")
	again.Trace = found.Trace
	require.Nil(t, obey(t, program(), again).Differs)
	happened, err := traces.ReadFile(again.Happened)
	require.NoError(t, err)
	require.Equal(t, len(trace.Records), len(happened.Records))

	mended := asked(t, order.Replay)
	mended.Trace = found.Trace
	out = obey(t, program(), mended)
	require.Empty(t, out.Problem+out.Fault)
	require.NotNil(t, out.Differs)
	require.Equal(t, len(trace.Records), out.Differs.Record, "the last step is what the mutant does otherwise")

	shorter := asked(t, order.Shrink, "broken")
	shorter.Trace = found.Trace
	require.Positive(t, obey(t, program(), shorter).Tried)
	short, err := traces.ReadFile(shorter.Happened)
	require.NoError(t, err)
	require.LessOrEqual(t, len(short.Records), len(trace.Records))

	other := asked(t, order.Shrink, "broken")
	other.Trace, other.Rules = found.Trace, []string{"R5.3-01"}
	require.True(t, obey(t, program(), other).Nothing)
}

// TestAViolationHappensAgainOrIsNone: with servers of which nothing is remembered, as far as the program can make some.
func TestAViolationHappensAgainOrIsNone(t *testing.T) {
	p := program()
	m, _ := mutant.ByName("el-stale-vote-resp")
	p.Again = m.Factory
	require.Equal(t, spec.Violated, obey(t, p, asked(t, order.Search, "broken")).Verdict)
	p.Again = func() spec.Factory { return impl.New(impl.Options{}) } // which do no such thing
	out := obey(t, p, asked(t, order.Search, "broken"))
	require.NotEqual(t, spec.Violated, out.Verdict)
	require.Contains(t, out.Fault, "did not happen again")
	conform := asked(t, order.Conform, "broken")
	conform.Limit = time.Minute
	require.Contains(t, obey(t, p, conform).Failed, "did not happen again")
}

// TestWhatIsKnownDoesNotCount orders a search without what the last one found, until it finds something of another shape.
func TestWhatIsKnownDoesNotCount(t *testing.T) {
	o := asked(t, order.Search, "broken")
	require.Equal(t, spec.Violated, obey(t, program(), o).Verdict)
	first, err := traces.ReadFile(o.Trace)
	require.NoError(t, err)
	broken, _ := traces.Broken(first, spec.Rules, first.Header.Variants)
	o.Known = map[string][]string{}
	for _, b := range broken {
		o.Known[b.Rule.ID] = append(o.Known[b.Rule.ID], b.Shape)
	}
	require.Equal(t, spec.Violated, obey(t, program(), o).Verdict, "two leaders follow")
	second, err := traces.ReadFile(o.Trace)
	require.NoError(t, err)
	require.Greater(t, len(second.Records), len(first.Records))
}

// TestADebugGoalIsLookedFor: what is no promise is judged if it is asked for, and else not.
func TestADebugGoalIsLookedFor(t *testing.T) {
	goal, known := spec.DebugGoalByName("one-leader-at-a-time")
	require.True(t, known)
	o := asked(t, order.Search)
	o.Rules, o.Goals, o.Bounds = []string{goal.Invariant.ID}, []string{}, cluster.Bounds{Terms: 2, Log: 1, Messages: 2}
	out := obey(t, program(), o)
	require.Equal(t, spec.Violated, out.Verdict)
	found, err := traces.ReadFile(o.Trace)
	require.NoError(t, err)
	require.Equal(t, []string{goal.Invariant.ID}, found.Header.Breaks)
}

func TestLearn(t *testing.T) {
	o := asked(t, order.Learn)
	obey(t, program(), o)
	data, err := os.ReadFile(o.Automaton)
	require.NoError(t, err)
	var a checker.Automaton
	require.NoError(t, json.Unmarshal(data, &a))
	require.Len(t, a.Servers, 3)
	require.Empty(t, checker.Compare(&a, &a, 0))
}

func TestFuzz(t *testing.T) {
	o := asked(t, order.Fuzz, "broken")
	o.Campaign.Runs, o.Campaign.Workers = 5000, 1
	out := obey(t, program(), o)
	require.Equal(t, spec.Violated, out.Verdict)
	require.Positive(t, out.Campaign.Steps)
	trace, err := traces.ReadFile(o.Trace)
	require.NoError(t, err)
	require.NotEmpty(t, trace.Header.Breaks)
}

// TestAWorldIsHeldToBeExplored until no more is asked.
func TestAWorldIsHeldToBeExplored(t *testing.T) {
	questions, ask := io.Pipe()
	answers, tell := io.Pipe()
	p := program()
	p.In, p.Out = questions, tell
	w := explore.Remote(ask, answers)
	outcome := make(chan *order.Outcome, 1)
	o := asked(t, order.Explore, "broken")
	go func() { outcome <- obey(t, p, o) }()
	found, err := w.Find(t.Context(), nil, explore.AnyPromise, explore.Budget{}, nil)
	require.NoError(t, err)
	view, err := w.Look(t.Context(), found.Way)
	require.NoError(t, err)
	require.NotEmpty(t, view.Broken)
	require.Equal(t, "test", view.Trace.Header.Implementation)
	require.NoError(t, ask.Close())
	require.Empty(t, (<-outcome).Problem)
}

func TestProgressIsPrinted(t *testing.T) {
	var printed bytes.Buffer
	p, o := program(), asked(t, order.Search)
	p.Out, o.Progress = &printed, time.Nanosecond
	obey(t, p, o)
	require.Contains(t, printed.String(), order.ProgressMark+"{")
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	require.Equal(t, `unknown choice "fast"`, obey(t, program(), asked(t, order.Search, "fast")).Problem)
	require.Equal(t, `an order to "dance"`, obey(t, program(), asked(t, "dance")).Problem)
	require.Contains(t, obey(t, program(), asked(t, order.Replay)).Problem, "no such file")

	broken := order.Program{World: func(o *order.Order) (*cluster.Config, checker.Options, error) {
		world := &cluster.Config{New: func(id spec.ServerID, servers []spec.ServerID) spec.Node {
			return panics{impl.New(impl.Options{})(id, servers)}
		}}
		o.World(world)
		return world, checker.Options{}, nil
	}}
	require.Contains(t, obey(t, broken, asked(t, order.Search)).Fault, "the node panicked")

	require.Error(t, program().Obey(filepath.Join(t.TempDir(), "none"), "outcome"))
}

// panics is a server that cannot be given anything.
type panics struct{ spec.Node }

func (panics) Step(spec.Input) spec.Output { panic("no") }
