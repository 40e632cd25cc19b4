package checker

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker/internal/memfs"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
	"github.com/raftcheck/raftcheck/traces"
)

// told is all that a search says and that does not depend on the clock or on where it was kept.
type told struct {
	Verdict spec.Verdict
	Reason  string
	Search  Stats
	Goals   map[string]int
	Rules   []RuleVerdict
	Story   string
}

func tell(t *testing.T, r *Result) told {
	t.Helper()
	a := told{Verdict: r.Verdict, Reason: r.Reason, Search: r.Search, Goals: map[string]int{}, Rules: r.Rules}
	a.Search.Seconds, a.Search.Inside, a.Search.Bytes, a.Search.Bits, a.Search.Disk = 0, 0, 0, 0, 0
	for _, g := range r.Goals {
		a.Goals[g.Goal.Name] = g.Reached
	}
	var story bytes.Buffer
	for _, f := range r.Findings {
		require.NoError(t, traces.Write(&story, f.Trace))
		story.WriteString(f.Rule.ID + f.Message)
	}
	a.Story = story.String()
	return a
}

// searchIn searches a world, in memory without Keep.
func searchIn(t *testing.T, c *cluster.Config, o Options) told {
	t.Helper()
	r, err := Check(context.Background(), c, o)
	require.NoError(t, err)
	return tell(t, r)
}

func parityWorld(log spec.Index, messages int) *cluster.Config {
	c := &cluster.Config{Servers: 3, New: abstract.New, Variants: abstract.Variants, NoHistory: true, Strict: true,
		Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Terms: 2, Log: log, Messages: messages}}
	inputs := abstract.Inputs(c.IDs(), c.ValueNames(), false)
	c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
	return c
}

func mutantWorld(t *testing.T, name string) *cluster.Config {
	t.Helper()
	m, known := mutant.ByName(name)
	require.True(t, known, name)
	b := m.Bounds
	changes, err := cluster.ParseChanges(b.To)
	require.NoError(t, err)
	network := cluster.Unordered
	if b.FIFO {
		network = cluster.FIFO
	}
	return &cluster.Config{
		Network: network, Servers: b.Servers, New: m.Factory(), Variants: m.Variants(), Changes: changes, Values: b.Values,
		Faults: cluster.Faults{Drop: cluster.Unlimited, Duplicate: cluster.Budget(b.Duplicates), Crash: cluster.Budget(b.Crashes), Lossy: b.Lossy, Storage: cluster.Budget(b.StorageErrors)},
		Bounds: cluster.Bounds{Terms: b.Terms, Log: b.Log, Messages: b.Messages, Campaigns: b.Campaigns, Proposals: b.Proposals, Depth: b.Depth,
			Compactions: b.Compactions, Transfers: b.Transfers, Changes: b.Changes, Reads: b.Reads, Ticks: b.Ticks, Drift: b.Drift},
	}
}

// comparedWorld is one that is searched in memory and in another way.
type comparedWorld struct {
	name     string
	world    *cluster.Config
	symmetry bool
}

// comparedWorlds are worlds of every kind of network, and of mutants. With -every 1 those of 40,000 states and more are among them, to their end.
func comparedWorlds(t *testing.T) []comparedWorld {
	small := cluster.Default(impl.New(impl.Options{}))
	small.Bounds.Messages = 1
	fifo, sent := small, small
	fifo.Network, sent.Network = cluster.FIFO, cluster.EverSent
	sent.Bounds.Messages = 3
	deep, renamed, deepFIFO, tla := small, small, fifo, parityWorld(0, 1)
	deep.Bounds.Depth, renamed.Bounds.Depth, deepFIFO.Bounds.Depth, tla.Bounds.Depth = 9, 11, 8, 20
	rows := []comparedWorld{
		{"reference, ever-sent", &sent, false},
		{"reference, 9 steps", &deep, false},
		{"reference, symmetry, 11 steps", &renamed, true},
		{"reference, fifo, 8 steps", &deepFIFO, false},
		{"raft.tla, log 0, symmetry, 20 steps", tla, true},
	}
	mutants := []string{"el-stale-vote-resp", "el-vote-not-durable", "el-meta-missing-term0", "el-higher-vote-granted", "el-hb-term-unchecked", "rp-next-le-match",
		"rp-prevterm-zero", "cm-quorum-half"}
	if *every == 1 {
		rows = append(rows, comparedWorld{"raft.tla, log 0, symmetry", parityWorld(0, 1), true}, comparedWorld{"raft.tla, log 1, symmetry", parityWorld(1, 1), true},
			comparedWorld{"reference", &small, false}, comparedWorld{"reference, symmetry", &small, true}, comparedWorld{"reference, fifo", &fifo, false})
		mutants = append(mutants, "rp-match-from-nack", "sn-resp-term-unchecked")
	}
	for _, name := range mutants {
		rows = append(rows, comparedWorld{name, mutantWorld(t, name), false})
	}
	return rows
}

// TestFilesChangeNothing holds a search in files against the same in memory, with all the memory there is and with hardly any, and with
// one and two workers. With -short, which is for the race detector, it is a few worlds of each kind.
func TestFilesChangeNothing(t *testing.T) {
	rows := comparedWorlds(t)
	if testing.Short() {
		rows = append(rows[:3:3], rows[5:7]...)
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want := searchIn(t, row.world, Options{Symmetry: row.symmetry, Workers: 1})
			for _, how := range []struct {
				workers int
				tight   int
			}{{2, 0}, {1, 100}, {2, 500}} {
				got := searchIn(t, row.world, Options{Symmetry: row.symmetry, Workers: how.workers, Keep: &Keep{Dir: "memory", folder: &memfs.Folder{}, tight: how.tight}})
				require.Equal(t, want, got, "%d workers, %d keys at once", how.workers, how.tight)
			}
		})
	}
}
