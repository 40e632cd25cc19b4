package checker_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

func small(node spec.Factory) *cluster.Config {
	c := cluster.Default(node)
	c.Bounds.Messages = 1
	return &c
}

// inGroups is a world that is searched by groups of states.
func inGroups(node spec.Factory) *cluster.Config {
	c := cluster.Default(node)
	c.Bounds.Log = 0
	return &c
}

func check(t *testing.T, c *cluster.Config, o checker.Options) *checker.Result {
	t.Helper()
	r, err := checker.Check(context.Background(), c, o)
	require.NoError(t, err)
	return r
}

func mutantNamed(t *testing.T, name string) spec.Factory {
	m, known := mutant.ByName(name)
	require.True(t, known, name)
	return m.Factory()
}

// withoutTime is all of a result that does not depend on the clock.
func withoutTime(r *checker.Result) checker.Stats {
	s := r.Search
	s.Seconds, s.Inside = 0, 0
	return s
}

func TestWorkersChangeNothing(t *testing.T) {
	for name, c := range map[string]*cluster.Config{
		"held":               small(impl.New(impl.Options{})),
		"violated":           small(mutantNamed(t, "el-stale-vote-resp")),
		"tla":                tla(2, 0, 1),
		"groups":             inGroups(impl.New(impl.Options{})),
		"violated in groups": inGroups(mutantNamed(t, "el-leader-votes")),
	} {
		var want *checker.Result
		for _, workers := range []int{1, 2, 5, 2} {
			r := check(t, c, checker.Options{Workers: workers})
			if want == nil {
				want = r
			}
			require.Equal(t, withoutTime(want), withoutTime(r), name)
			require.Equal(t, want.Verdict, r.Verdict, name)
			require.Equal(t, traceBytes(t, want), traceBytes(t, r), name)
		}
	}
}

func traceBytes(t *testing.T, r *checker.Result) string {
	if len(r.Findings) == 0 {
		return ""
	}
	var b bytes.Buffer
	require.NoError(t, traces.Write(&b, r.Findings[0].Trace))
	return b.String()
}

func TestSymmetryKeepsVerdictsAndGoals(t *testing.T) {
	for name, node := range map[string]spec.Factory{"held": impl.New(impl.Options{}), "violated": mutantNamed(t, "el-stale-vote-resp")} {
		plain, reduced := check(t, small(node), checker.Options{}), check(t, small(node), checker.Options{Symmetry: true})
		require.Equal(t, plain.Verdict, reduced.Verdict, name)
		require.Equal(t, plain.Search.Depth, reduced.Search.Depth, name)
		require.Less(t, 3*reduced.Search.Distinct, plain.Search.Distinct, name)
		require.Equal(t, len(plain.Findings), len(reduced.Findings), name)
		for k, g := range plain.Goals {
			require.Equal(t, g.Reached > 0, reduced.Goals[k].Reached > 0, "%s: %s", name, g.Goal.Name)
		}
	}
}

func TestSymmetryCoversValues(t *testing.T) {
	c := small(impl.New(impl.Options{}))
	c.Values = 2
	plain, reduced := check(t, c, checker.Options{}), check(t, c, checker.Options{Symmetry: true})
	require.Less(t, 6*reduced.Search.Distinct, plain.Search.Distinct)
	require.True(t, reduced.Search.Complete)
}

func TestDepthIsABound(t *testing.T) {
	c := small(impl.New(impl.Options{}))
	c.Bounds.Depth = 9
	r := check(t, c, checker.Options{Goals: []*spec.Goal{spec.Goals[0]}})
	require.Equal(t, 9, r.Search.Depth)
	require.False(t, r.Search.Complete)
	require.Equal(t, spec.Held, r.Verdict)
	require.Positive(t, r.Search.Frontier)
}

func TestAGoalThatIsNeverReachedIsNoPass(t *testing.T) {
	c := small(impl.New(impl.Options{}))
	c.Bounds.Depth = 3
	r := check(t, c, checker.Options{})
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Contains(t, r.Reason, "entry-committed")
}

func TestMemoryBoundEndsInconclusive(t *testing.T) {
	r := check(t, small(impl.New(impl.Options{})), checker.Options{Memory: 8 << 20})
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, "the memory bound of 8 MiB was reached", r.Reason)
	require.Positive(t, r.Search.Distinct)
	require.False(t, r.Search.Complete)
}

func TestCancellationEndsInconclusive(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rounds := 0
	r, err := checker.Check(ctx, small(impl.New(impl.Options{})), checker.Options{Progress: func(checker.Progress) {
		if rounds++; rounds == 10 {
			cancel()
		}
	}})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, "the time was used up", r.Reason)
	require.Positive(t, r.Search.Distinct)
}

// wrapped is a node that is spoiled from outside.
type wrapped struct {
	spec.Node
	step  func(spec.Node, spec.Input) spec.Output
	state func(spec.Node, []byte) []byte
}

func (w *wrapped) Step(in spec.Input) spec.Output {
	if w.step == nil {
		return w.Node.Step(in)
	}
	return w.step(w.Node, in)
}

func (w *wrapped) AppendState(b []byte) []byte {
	if w.state == nil {
		return w.Node.AppendState(b)
	}
	return w.state(w.Node, b)
}

func spoiled(step func(spec.Node, spec.Input) spec.Output, state func(spec.Node, []byte) []byte) spec.Factory {
	good := impl.New(impl.Options{})
	return func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return &wrapped{good(id, servers), step, state}
	}
}

func TestANodeThatCannotCopyItselfIsReplayed(t *testing.T) {
	a, b := check(t, small(spoiled(nil, nil)), checker.Options{}), check(t, small(impl.New(impl.Options{})), checker.Options{})
	require.Equal(t, b.Search.Distinct, a.Search.Distinct)
	require.Equal(t, b.Search.Executions, a.Search.Executions)
}

// copied is a server that copies itself wherever may says so; a bad copy shares the server.
type copied struct {
	spec.Node
	may  func() bool
	copy func(spec.Node) spec.Node
}

func (c copied) Copy() (spec.Node, bool) {
	if !c.may() {
		return nil, false
	}
	c.Node = c.copy(c.Node)
	return c, true
}

func TestANodeThatMayCopyItselfIsCopied(t *testing.T) {
	good, copies := impl.New(impl.Options{}), 0
	copying := func(may func() bool, copy func(spec.Node) spec.Node) *cluster.Config {
		return small(func(id spec.ServerID, servers []spec.ServerID) spec.Node { return copied{good(id, servers), may, copy} })
	}
	clone := func(n spec.Node) spec.Node {
		copies++
		return n.(spec.Cloner).Clone()
	}
	plain, asked := check(t, small(good), checker.Options{}), 0
	for _, may := range []func() bool{
		func() bool { return true },
		func() bool { return false },
		func() bool { asked++; return asked%3 == 0 },
	} {
		r := check(t, copying(may, clone), checker.Options{})
		require.Equal(t, plain.Search.Distinct, r.Search.Distinct)
		require.Equal(t, plain.Search.Executions, r.Search.Executions)
	}
	require.Greater(t, copies, plain.Search.Executions)

	_, err := checker.Check(context.Background(), copying(func() bool { return true }, func(n spec.Node) spec.Node { return n }), checker.Options{})
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault, "copies that are one server are found out")
}

func TestAnIncompleteStateIsStopped(t *testing.T) {
	forgetful := spoiled(nil, func(n spec.Node, b []byte) []byte {
		o := n.Observe()
		return append(b, byte(o.Role), byte(o.Term), byte(len(o.Log.Entries))) // not the vote, and more
	})
	_, err := checker.Check(context.Background(), small(forgetful), checker.Options{})
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault)
	require.ErrorContains(t, err, "two histories that end in equal AppendState bytes behave differently")
}

// The step that breaks is a first one, one that is given again, or one of an audit.
func TestAFaultIsToldWhereverItComes(t *testing.T) {
	for broken := 1; broken < 2000; broken += 37 {
		steps := 0
		breaks := spoiled(func(n spec.Node, in spec.Input) spec.Output {
			if steps++; steps == broken {
				return spec.Output{Fault: errors.New("it broke")}
			}
			return n.Step(in)
		}, nil)
		_, err := checker.Check(context.Background(), small(breaks), checker.Options{})
		require.ErrorContains(t, err, "it broke", "step %d", broken)
	}
}

func TestANodeThatIsNotDeterministicIsStopped(t *testing.T) {
	calls := 0
	moody := spoiled(func(n spec.Node, in spec.Input) spec.Output {
		out := n.Step(in)
		if calls++; calls%97 == 0 {
			out.Effects = nil
		}
		return out
	}, nil)
	_, err := checker.Check(context.Background(), small(moody), checker.Options{})
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault)
}

func TestAPanicIsAFault(t *testing.T) {
	rash := spoiled(func(n spec.Node, in spec.Input) spec.Output {
		if n.Observe().Role == spec.Leader && in.Kind == spec.Propose {
			panic("index out of range")
		}
		return n.Step(in)
	}, nil)
	_, err := checker.Check(context.Background(), small(rash), checker.Options{})
	var panicked *cluster.Panicked
	require.ErrorAs(t, err, &panicked)
	require.Contains(t, err.Error(), "propose x: the node panicked: index out of range")
	require.Contains(t, panicked.Stack, "check_test.go")
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, fault.Step, fault.Inputs[len(fault.Inputs)-1].String())
	require.Equal(t, spec.Timeout, fault.Inputs[0].Kind, "it leads because it was given this")
	require.Regexp(t, `(?s)^what n\d was given, since it was made:\n  1  timeout\n  2  deliver RequestVoteReply.*\n  3  propose x\ngoroutine .*check_test.go`, fault.Story())
}

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	for want, edit := range map[string]func(*cluster.Config){
		"0 servers: between 1 and 7 can be searched":             func(c *cluster.Config) { c.Servers = 0 },
		"no implementation given":                                func(c *cluster.Config) { c.New = nil },
		"0 messages in flight: between 1 and 32 can be searched": func(c *cluster.Config) { c.Bounds.Messages = 0 },
		"crash 10: at most 9 can be counted":                     func(c *cluster.Config) { c.Faults.Crash = 10 },
		"-1 copies of a message: it cannot be negative":          func(c *cluster.Config) { c.Bounds.Copies = -1 },
	} {
		c := small(impl.New(impl.Options{}))
		edit(c)
		_, err := checker.Check(context.Background(), c, checker.Options{})
		require.EqualError(t, err, want)
		require.False(t, errors.As(err, new(*checker.Fault)))
	}
}

// TestWorkersAreBounded: no number of them that is asked for makes a search that never begins.
func TestWorkersAreBounded(t *testing.T) {
	n, err := checker.WorkersFor(checker.MostWorkers)
	require.NoError(t, err)
	require.Equal(t, checker.MostWorkers, n)
	for _, asked := range []int{0, -1} {
		n, err = checker.WorkersFor(asked)
		require.NoError(t, err)
		require.Equal(t, runtime.GOMAXPROCS(0), n)
	}
	config := cluster.Default(impl.New(impl.Options{}))
	_, err = checker.Check(context.Background(), &config, checker.Options{Workers: 1 << 31})
	require.ErrorContains(t, err, "2147483648 workers: at most 1024")
}
