package fuzz_test

import (
	"bytes"
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
	"github.com/raftcheck/raftcheck/traces"
)

// world is the world of a campaign around the one in which a mutant is known to be caught.
func world(t testing.TB, name string) *cluster.Config {
	m, known := mutant.ByName(name)
	require.True(t, known, name)
	return worldOf(m)
}

func worldOf(m mutant.Mutant) *cluster.Config {
	b := m.Bounds
	changes, err := cluster.ParseChanges(b.To)
	if err != nil {
		panic(err)
	}
	c := fuzz.Enlarge(cluster.Config{Servers: b.Servers, New: m.Factory(), Variants: m.Variants(), Changes: changes, Values: b.Values,
		Faults: cluster.Faults{Storage: cluster.Budget(b.StorageErrors)},
		Bounds: cluster.Bounds{Proposals: min(b.Proposals, 0), Compactions: b.Compactions, Transfers: b.Transfers, Changes: b.Changes, Reads: b.Reads, Ticks: b.Ticks, Drift: b.Drift}})
	return &c
}

func run(t testing.TB, c *cluster.Config, o fuzz.Options) *fuzz.Result {
	t.Helper()
	r, err := fuzz.Run(context.Background(), c, o)
	require.NoError(t, err)
	return r
}

// covered is all of a result that does not depend on the clock, nor on how many memos the workers share.
func covered(r *fuzz.Result) fuzz.Stats {
	s := r.Stats
	s.Seconds, s.Executions, s.Dropped = 0, 0, 0
	return s
}

func traceBytes(t testing.TB, r *fuzz.Result) string {
	if len(r.Findings) == 0 {
		return ""
	}
	var b bytes.Buffer
	require.NoError(t, traces.Write(&b, r.Findings[0].Trace))
	return b.String()
}

func TestWorkersAndMemoryChangeNothing(t *testing.T) {
	reference := fuzz.Default(impl.New(impl.Options{}))
	for name, row := range map[string]struct {
		world *cluster.Config
		o     fuzz.Options
	}{
		"held":     {&reference, fuzz.Options{Seed: 3, Runs: 700}},
		"shard":    {&reference, fuzz.Options{Seed: 3, Runs: 1000, Shard: 2, Shards: 3}},
		"violated": {world(t, "el-uptodate-index-first"), fuzz.Options{Seed: 2, Runs: 5000, Name: "mutant"}},
		"steps":    {&reference, fuzz.Options{Seed: 4, Steps: 20_000}},
	} {
		var want *fuzz.Result
		for _, workers := range []int{1, 4} {
			for _, memory := range []int{0, 4 << 20} {
				o := row.o
				o.Workers, o.Memory = workers, memory
				r := run(t, row.world, o)
				if want == nil {
					want = r
				}
				if name == "held" {
					require.Equal(t, memory > 0, r.Stats.Dropped > 0, "%d memos were dropped", r.Stats.Dropped)
				}
				require.Equal(t, covered(want), covered(r), name)
				require.Equal(t, want.Goals, r.Goals, name)
				require.Equal(t, want.Found, r.Found, name)
				require.Equal(t, traceBytes(t, want), traceBytes(t, r), name)
			}
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	c := fuzz.Default(impl.New(impl.Options{}))
	a, b := run(t, &c, fuzz.Options{Seed: 1, Runs: 200}), run(t, &c, fuzz.Options{Seed: 2, Runs: 200})
	require.NotEqual(t, a.Stats.Steps, b.Stats.Steps)
}

// TestShardsMakeTheSameRuns: without guidance, the runs of a campaign are those of its shards.
func TestShardsMakeTheSameRuns(t *testing.T) {
	c := fuzz.Default(impl.New(impl.Options{}))
	o := fuzz.Options{Seed: 5, Runs: 500, Strategies: []fuzz.Strategy{fuzz.Swarm, fuzz.Priorities, fuzz.Uniform}}
	whole := run(t, &c, o)
	states, runs, steps := fuzz.NewSketch(), uint64(0), uint64(0)
	for shard := 1; shard <= 3; shard++ {
		o.Shard, o.Shards = shard, 3
		part := run(t, &c, o)
		runs, steps = runs+part.Stats.Runs, steps+part.Stats.Steps
		states.Unite(part.Stats.States)
	}
	require.Equal(t, whole.Stats.Runs, runs)
	require.Equal(t, whole.Stats.Steps, steps)
	require.Equal(t, whole.Stats.States, states)
}

func TestEveryStrategyFindsABug(t *testing.T) {
	for k, name := range fuzz.Strategies() {
		o := fuzz.Options{Seed: 1, Runs: 20_000, Strategies: []fuzz.Strategy{fuzz.Strategy(k)}, Name: "mutant:el-higher-vote-granted"}
		r := run(t, world(t, "el-higher-vote-granted"), o)
		require.Equal(t, spec.Violated, r.Verdict, name)
		require.Equal(t, name, r.Found.Strategy.String())

		found := r.Findings[0].Trace
		require.Equal(t, "fuzz", found.Header.Origin)
		require.Equal(t, o.Name, found.Header.Implementation)
		require.Len(t, found.Records, found.Header.Records)
		_, err := traces.Replay(found, factory(t, "el-higher-vote-granted"))
		require.NoError(t, err)
		broken, at := traces.Broken(found, spec.Rules, nil)
		require.Equal(t, r.Findings[0].Rule, broken[0].Rule)
		require.Equal(t, len(found.Records)-1, at)
	}
}

func TestTheReferenceHoldsAndReachesEveryGoal(t *testing.T) {
	c := fuzz.Default(impl.New(impl.Options{}))
	r := run(t, &c, fuzz.Options{Seed: 1, Runs: 3000})
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.Empty(t, r.Findings)
	for _, g := range r.Goals {
		require.Equal(t, g.Possible, g.Reached > 0, g.Goal.Name)
	}
	require.Positive(t, r.Stats.Corpus)
	for k, by := range r.Stats.ByStrategy {
		require.Positive(t, by.New, fuzz.Strategies()[k])
	}
}

func TestEveryWorldIsWalked(t *testing.T) {
	reference := impl.New(impl.Options{})
	for name, edit := range map[string]func(*cluster.Config){
		"fifo":       func(c *cluster.Config) { c.Network = cluster.FIFO },
		"ever sent":  func(c *cluster.Config) { c.Network = cluster.EverSent },
		"no faults":  func(c *cluster.Config) { c.Faults = cluster.Faults{} },
		"counted":    func(c *cluster.Config) { c.Faults = cluster.Faults{Drop: 3, Duplicate: 2, Crash: 2, Partition: 1} },
		"five":       func(c *cluster.Config) { c.Servers = 5 },
		"one":        func(c *cluster.Config) { c.Servers = 1 },
		"two copies": func(c *cluster.Config) { c.Bounds.Copies, c.Duplications = 2, true },
		"values":     func(c *cluster.Config) { c.Values = 3 },
		"crowded":    func(c *cluster.Config) { c.Bounds.Messages = 1 },
	} {
		c := fuzz.Default(reference)
		edit(&c)
		r := run(t, &c, fuzz.Options{Seed: 1, Runs: 150})
		require.Empty(t, r.Findings, name)
		require.Greater(t, r.Stats.Steps, 1000*uint64(1), name)
		require.Greater(t, r.Stats.Longest, 10, name)
	}
}

// TestWalksAreExecutions runs what walkers did on a plain world, without a memo: every action is possible there too, and both come to
// the same states.
func TestWalksAreExecutions(t *testing.T) {
	for _, network := range []cluster.Network{cluster.Unordered, cluster.FIFO, cluster.EverSent} {
		for seed := range uint64(40) {
			c := fuzz.Default(impl.New(impl.Options{}))
			c.Network, c.Bounds.Messages = network, 3
			fuzz.RequireSameAsPlainWorld(t, &c, seed)
		}
	}
	for seed := range uint64(40) {
		fuzz.RequireSameAsPlainWorld(t, published(), seed)
	}
}

// published is the world of raft.tla, in which messages may be in flight twice.
func published() *cluster.Config {
	c := fuzz.Enlarge(cluster.Config{Servers: 3, New: abstract.New, Variants: abstract.Variants, NoHistory: true, Strict: true, Duplications: true,
		Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Copies: 2}})
	inputs := abstract.Inputs(c.IDs(), c.ValueNames(), true)
	c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
	return &c
}

func TestSavedExecutionsAreSeeds(t *testing.T) {
	for _, name := range []string{"el-higher-vote-granted", "rp-erase-matching", "cm-leader-counts-unsynced"} {
		c := fuzz.Default(factory(t, name))
		r := run(t, &c, fuzz.Options{Seed: 1, Runs: 20_000})
		require.NotEmpty(t, r.Findings, name)
		trace := r.Findings[0].Trace
		data, actions, broken, err := fuzz.Encode(factory(t, name), trace)
		require.NoError(t, err)
		require.Len(t, data, 3*len(trace.Records), name)
		require.Equal(t, len(trace.Records), actions, name)
		require.True(t, broken, name)
	}
}

func TestAnInterruptedCampaignSaysWhatItCovered(t *testing.T) {
	c := fuzz.Default(impl.New(impl.Options{}))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := fuzz.Run(ctx, &c, fuzz.Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Equal(t, "the time was used up before the first run ended", r.Reason)
	require.Equal(t, "no run of the campaign falls to this shard", run(t, &c, fuzz.Options{Runs: 2, Shard: 3, Shards: 4}).Reason)

	ctx, cancel = context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	r, err = fuzz.Run(ctx, &c, fuzz.Options{Progress: func(p fuzz.Progress) {
		require.Positive(t, p.Memory)
		require.Positive(t, p.Goals)
		cancel()
	}})
	require.NoError(t, err)
	require.Equal(t, 1, r.Stats.Rounds)
	require.Positive(t, r.Stats.Vectors.Count())
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	c := fuzz.Default(impl.New(impl.Options{}))
	for want, o := range map[string]fuzz.Options{
		"shard 4 of 3: shards are numbered from 1":            {Shard: 4, Shards: 3},
		"shard 0 of 3: shards are numbered from 1":            {Shards: 3},
		"-1 steps in one run: it cannot be negative":          {Length: -1},
		"2147483648 workers: at most 1024 can share the work": {Workers: 1 << 31},
		"strategy 9: there are uniform, pct, swarm, guided":   {Strategies: []fuzz.Strategy{9}},
	} {
		_, err := fuzz.Run(context.Background(), &c, o)
		require.EqualError(t, err, want)
	}
	c.Servers = 0
	_, err := fuzz.Run(context.Background(), &c, fuzz.Options{})
	require.EqualError(t, err, "0 servers: between 1 and 7 can be searched")
	c = fuzz.Default(impl.New(impl.Options{}))
	c.Bounds.Preemptions = 1
	_, err = fuzz.Run(context.Background(), &c, fuzz.Options{})
	require.EqualError(t, err, "goroutines are held in searches only: a campaign chooses inputs and crash points, and no gates")
}

func TestANodeThatBreaksIsAFault(t *testing.T) {
	c := fuzz.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return rash{impl.New(impl.Options{})(id, servers)}
	})
	_, err := fuzz.Run(context.Background(), &c, fuzz.Options{Runs: 1000})
	var fault *checker.Fault
	require.ErrorAs(t, err, &fault)
	require.ErrorContains(t, err, "the node panicked: index out of range")
}

// TestNodesThatShareSomethingRunAlone: with Alone, no two steps of any nodes happen at the same time.
func TestNodesThatShareSomethingRunAlone(t *testing.T) {
	var running, together atomic.Int32
	c := fuzz.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return shy{impl.New(impl.Options{})(id, servers), &running, &together}
	})
	r := run(t, &c, fuzz.Options{Runs: 150, Workers: 4, Alone: true})
	require.Empty(t, r.Findings)
	require.Zero(t, together.Load())
}

// shy counts how often it steps while another does. It cannot copy itself.
type shy struct {
	spec.Node
	running, together *atomic.Int32
}

func (s shy) Step(in spec.Input) spec.Output {
	if s.running.Add(1) > 1 {
		s.together.Add(1)
	}
	defer s.running.Add(-1)
	runtime.Gosched()
	return s.Node.Step(in)
}

func TestAGoalThatIsNeverReachedIsNoPass(t *testing.T) {
	c := fuzz.Default(impl.New(impl.Options{}))
	r := run(t, &c, fuzz.Options{Runs: 10, Length: 1})
	require.Equal(t, spec.Inconclusive, r.Verdict)
	require.Contains(t, r.Reason, "leader-elected")
}

// FuzzBytes: any bytes are an execution, and the reference breaks nothing in it.
func FuzzBytes(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) { fuzz.Try(t, impl.New(impl.Options{}), data) })
}
