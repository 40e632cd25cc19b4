package checker_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// two is a world of two servers with these options.
func two(o impl.Options, terms spec.Term, log spec.Index, crashes cluster.Budget) *cluster.Config {
	return &cluster.Config{Servers: 2, New: impl.New(o), Variants: o.Variants(), Faults: cluster.Faults{Drop: cluster.Unlimited, Crash: crashes},
		Bounds: cluster.Bounds{Terms: terms, Log: log, Messages: 1}}
}

func starving(name string) *cluster.Config {
	m, _ := mutant.ByName(name)
	return two(m.Options, m.Bounds.Terms, m.Bounds.Log, 0)
}

func TestLivenessIsDeterministic(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 3, 1} {
		r, err := checker.Check(context.Background(), starving("rp-nack-overwrites-probe"), checker.Options{Liveness: spec.LivenessRules, Goals: []*spec.Goal{}, Workers: workers})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, r.Verdict)
		var told bytes.Buffer
		require.NoError(t, traces.Text(&told, r.Findings[0].Trace, &r.Findings[0].Finding))
		if first == nil {
			first = told.Bytes()
		}
		require.Equal(t, string(first), told.String())
	}
}

// TestLivenessAndSafetyAreJudgedInOne wants a search that breaks nothing to be followed by the graph, and one that does not to end there.
func TestLivenessAndSafetyAreJudgedInOne(t *testing.T) {
	r, err := checker.Check(context.Background(), two(impl.Options{}, 2, 1, 1), checker.Options{Liveness: spec.LivenessRules, Goals: []*spec.Goal{}, Symmetry: true})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict)
	require.Len(t, r.Rules, len(spec.Rules))
	require.Len(t, r.Liveness.Rules, len(spec.LivenessRules))
	for _, v := range r.Liveness.Rules {
		require.Equal(t, len(v.Rule.Only) > 0 && v.Rule.Only[0] != spec.CommitsAtOnce, v.Void, v.Rule.Name)
	}

	m, _ := mutant.ByName("cm-quorum-half")
	r, err = checker.Check(context.Background(), two(m.Options, 2, 1, 0), checker.Options{Liveness: spec.LivenessRules})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Nil(t, r.Liveness)
}

// endsAt is a context that ends when it is asked for the n-th time whether it has ended.
type endsAt struct {
	context.Context
	n     int
	asked int
}

func (c *endsAt) Err() error {
	if c.asked++; c.asked >= c.n {
		return context.Canceled
	}
	return nil
}

// TestLivenessMayBeInterrupted at any moment at which it looks: the verdict is that of the whole run, or there is none.
func TestLivenessMayBeInterrupted(t *testing.T) {
	for _, test := range []struct {
		config *cluster.Config
		whole  spec.Verdict
	}{
		{two(impl.Options{}, 2, 1, 1), spec.Held},
		{starving("rp-nack-overwrites-probe"), spec.Violated},
	} {
		o := checker.Options{Rules: []*spec.Rule{}, Liveness: spec.LivenessRules, Goals: []*spec.Goal{}, Workers: 1}
		whole := &endsAt{Context: context.Background(), n: math.MaxInt}
		r, err := checker.Check(whole, test.config, o)
		require.NoError(t, err)
		require.Equal(t, test.whole, r.Verdict)
		for n := 1; n <= whole.asked; n += 1 + whole.asked/40 {
			part, err := checker.Check(&endsAt{Context: context.Background(), n: n}, test.config, o)
			require.NoError(t, err)
			if part.Verdict == spec.Inconclusive {
				require.NotEmpty(t, part.Reason, n)
				require.Empty(t, part.Findings, n)
				continue
			}
			require.Equal(t, test.whole, part.Verdict, n)
		}
	}
}

func TestLivenessNeedsAWorldWithoutAnEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*cluster.Config, *checker.Options)
	}{
		{"an ever-sent network", func(c *cluster.Config, _ *checker.Options) { c.Network = cluster.EverSent }},
		{"clocks", func(c *cluster.Config, _ *checker.Options) { c.Bounds.Ticks = 2 }},
		{"a bound on steps", func(c *cluster.Config, _ *checker.Options) { c.Bounds.Depth = 9 }},
	} {
		config, o := two(impl.Options{}, 2, 1, 0), checker.Options{Liveness: spec.LivenessRules}
		test.edit(config, &o)
		_, err := checker.Check(context.Background(), config, o)
		require.ErrorContains(t, err, "liveness is ", test.name)
	}
}

func TestLivenessThatRunsOutOfMemoryIsInconclusive(t *testing.T) {
	config := cluster.Default(impl.New(impl.Options{}))
	config.Bounds.Messages = 1
	r, err := checker.Check(context.Background(), &config, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: spec.LivenessRules, Memory: 22 << 20})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Contains(t, r.Reason, "22 MiB")
}

// TestTheBoundOnMessagesIsNoBreach wants no verdict on whether a leader is within reach where the requests for votes do not fit into the network.
func TestTheBoundOnMessagesIsNoBreach(t *testing.T) {
	config := two(impl.Options{}, 1, 0, 0)
	config.Servers = 4
	rule, _ := spec.RuleByName("some-leader-elected")
	r, err := checker.Check(context.Background(), config, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: []*spec.Rule{rule}})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	require.Contains(t, r.Liveness.Rules[0].Skipped, "it takes 2 messages")
}

// TestBoundsStarveNobody searches worlds in which bounds soon stop everything: no term is left, no entry, hardly a message.
func TestBoundsStarveNobody(t *testing.T) {
	for _, o := range []impl.Options{{}, {PreVote: true}, {PreVote: true, CheckQuorum: true}, {NoOp: true}, {AsyncStorage: true}, {Snapshots: true}} {
		for _, terms := range []spec.Term{1, 2} {
			for _, log := range []spec.Index{0, 1} {
				config := two(o, terms, log, 1)
				config.Bounds.Compactions = 1
				r, err := checker.Check(context.Background(), config, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: spec.LivenessRules})
				require.NoError(t, err)
				require.Empty(t, r.Findings, "%+v %d %d", o, terms, log)
			}
		}
	}
}

// TestALassoSavedRepeats reads what is found as it would be saved, and goes through what it repeats.
func TestALassoSavedRepeats(t *testing.T) {
	config := starving("rp-retry-empty")
	r, err := checker.Check(context.Background(), config, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: spec.LivenessRules})
	require.NoError(t, err)
	f := r.Findings[0]
	require.Positive(t, f.Loop)
	require.NoError(t, traces.Validate(f.Trace))
	require.NoError(t, traces.Repeats(f.Trace, f.Rule, config.New))
	require.Error(t, traces.Repeats(f.Trace, f.Rule, impl.New(impl.Options{})), "the reference does something else")
	early := *f.Trace
	early.Header.Loop = 2
	require.ErrorContains(t, traces.Repeats(&early, f.Rule, config.New), "nothing waits")
	none := *f.Trace
	none.Header.Loop = 0
	require.Error(t, traces.Repeats(&none, nil, config.New))
}

func ExampleCheck_liveness() {
	m, _ := mutant.ByName("mb-joint-stuck")
	changes, _ := cluster.ParseChanges(m.Bounds.To)
	config := &cluster.Config{Servers: 2, New: m.Factory(), Variants: m.Variants(), Changes: changes, Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 2, Log: 4, Messages: 1, Proposals: -1, Changes: 1}}
	r, err := checker.Check(context.Background(), config, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: spec.LivenessRules})
	if err != nil {
		panic(err)
	}
	f := r.Findings[0]
	fmt.Println(f.Rule.Name, "from step", f.Loop, "of", len(f.Trace.Records))
	fmt.Println(f.Message)
	// Output:
	// joint-configuration-left from step 13 of 16
	// n2 leads term 2 in the joint configuration voters=n1,n2 outgoing=n1, reaches majorities of both halves, and never leaves it
}

// BenchmarkLiveness makes the graph of the default world with one message in flight and judges every liveness rule on it.
func BenchmarkLiveness(b *testing.B) {
	c := cluster.Default(impl.New(impl.Options{}))
	c.Bounds.Messages = 1
	var states, seconds, bytes float64
	for b.Loop() {
		r, err := checker.Check(context.Background(), &c, checker.Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}, Liveness: spec.LivenessRules})
		require.NoError(b, err)
		require.Empty(b, r.Findings)
		states, seconds, bytes = states+float64(r.Liveness.States), seconds+r.Liveness.Seconds, float64(r.Liveness.Bytes)/float64(r.Liveness.States)
	}
	b.ReportMetric(states/seconds, "states/s")
	b.ReportMetric(bytes, "bytes/state")
}
