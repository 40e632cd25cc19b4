package checker

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

// inGroups is a small world that can be searched by groups, made of a random one.
func inGroups(seed uint64) (string, *cluster.Config) {
	name, c := randomWorld(seed)
	c.Bounds.Messages = 2 + int(seed%2)
	for every, edit := range map[uint64]func(){
		3:  func() { c.NoHistory = true },
		5:  func() { c.Faults.Drop = cluster.Off },
		7:  func() { c.Strict = true },
		11: func() { c.Duplications, c.Bounds.Copies = true, 2 },
		13: func() { c.Bounds.Depth = 7 },
	} {
		if seed%every == 0 {
			edit()
		}
	}
	return name, c
}

// TestGroupsFindWhatStatesDo holds the search by groups against the one state by state: the same states in the same layers by the same transitions,
// the same of the memo, the same goals and rules put to the test, the same verdict; and what it finds wrong is as many steps away.
// RAFTCHECK_WORLDS=10000 asks for more worlds.
func TestGroupsFindWhatStatesDo(t *testing.T) {
	worlds := 75
	if testing.Short() {
		worlds = 30
	}
	if more, err := strconv.Atoi(os.Getenv("RAFTCHECK_WORLDS")); err == nil {
		worlds = more
	}
	held, violated := 0, 0
	for seed := range uint64(worlds) {
		name, config := inGroups(seed)
		if config.Validate() != nil {
			continue
		}
		plain := byStatesAndByGroups(t, name, config, 1+int(seed%3))
		switch {
		case plain == nil:
		case len(plain.Findings) > 0:
			violated++
		case plain.Search.Distinct > 10:
			held++
		}
	}
	require.Greater(t, held, worlds/10)
	require.Greater(t, violated, worlds/20)
}

// byStatesAndByGroups searches a world in both ways and compares the results; nil when it is too large.
func byStatesAndByGroups(t *testing.T, name string, config *cluster.Config, workers int) *Result {
	one, err := newRun(config, Options{States: 20_000, Workers: 1})
	require.NoError(t, err)
	plain, err := one.exhaust(context.Background())
	require.NoError(t, err, name)
	if one.outgrown() != "" {
		return nil
	}
	two, err := newRun(config, Options{Workers: workers})
	require.NoError(t, err)
	require.True(t, two.groupable(), name)
	groups, err := two.groupByGroup(context.Background())
	require.NoError(t, err, name)
	require.Equal(t, plain.Verdict, groups.Verdict, name)
	require.Equal(t, plain.Search.Depth, groups.Search.Depth, name)
	if len(plain.Findings) > 0 {
		require.NotEmpty(t, groups.Findings, name)
		require.Len(t, groups.Findings[0].Trace.Records, len(plain.Findings[0].Trace.Records), name)
		told, err := Check(context.Background(), config, Options{Workers: workers})
		require.NoError(t, err)
		require.Equal(t, bytesOf(t, plain), bytesOf(t, told), name)
		return plain
	}
	require.Equal(t, plain.Reason, groups.Reason, name)
	require.Equal(t, plain.Goals, groups.Goals, name)
	require.Equal(t, plain.Rules, groups.Rules, name)
	require.Equal(t, counted(plain), counted(groups), name)
	return plain
}

// counted is what does not depend on how or how fast a search was made. In which order states are expanded says which steps are audited.
func counted(r *Result) Stats {
	s := r.Search
	s.Seconds, s.Inside, s.Bytes, s.Audits = 0, 0, 0, 0
	return s
}

// TestGroupsMeetTheCountsOfTLC holds it against the published counts.
func TestGroupsMeetTheCountsOfTLC(t *testing.T) {
	for _, workers := range []int{1, 2} {
		c := &cluster.Config{Servers: 3, New: abstract.New, Variants: abstract.Variants, NoHistory: true, Strict: true,
			Faults: cluster.Faults{Drop: cluster.Unlimited}, Bounds: cluster.Bounds{Terms: 2, Messages: 2}}
		inputs := abstract.Inputs(c.IDs(), c.ValueNames(), false)
		c.Inputs = func(spec.ServerID) []spec.Input { return inputs }
		run, err := newRun(c, Options{Workers: workers})
		require.NoError(t, err)
		require.True(t, run.groupable())
		r, err := run.groupByGroup(context.Background())
		require.NoError(t, err)
		require.Equal(t, uint64(3759860), r.Search.Distinct)
		require.Equal(t, uint64(16381836), r.Search.Transitions)
		require.Equal(t, 39, r.Search.Depth)
		require.Less(t, r.Search.BytesPerState(), 14.0)
	}
}

// TestWhatGroupsFindIsToldWhenThereIsNoTimeToFindItAgain ends the search state by state when it begins.
func TestWhatGroupsFindIsToldWhenThereIsNoTimeToFindItAgain(t *testing.T) {
	m, known := mutant.ByName("el-leader-votes")
	require.True(t, known)
	config := cluster.Default(m.Factory())
	var o Options
	ctx, cancel := context.WithCancel(context.Background())
	depth := 0
	o.Progress = func(p Progress) {
		if p.Stats.Depth < depth {
			cancel()
		}
		depth = p.Stats.Depth
	}
	r, err := Check(ctx, &config, o)
	require.NoError(t, err)
	require.Error(t, ctx.Err(), "it was ended")
	require.Equal(t, spec.Violated, r.Verdict)
	require.True(t, r.Findings[0].Shortest)
	require.False(t, r.Findings[0].Fewest)
	whole, err := Check(context.Background(), &config, Options{})
	require.NoError(t, err)
	require.Len(t, r.Findings[0].Trace.Records, len(whole.Findings[0].Trace.Records))
}

func TestNetworksAreSortedMultisets(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		var want []uint32
		n := network(0)
		for range 3 {
			m := 1 + random.Uint32N(1<<(1+random.IntN(12))-1)
			require.Equal(t, slices.Contains(want, m), holds(n, uint64(m)))
			want, n = append(want, m), with(n, uint64(m))
			slices.Sort(want)
			require.Equal(t, len(want), lanesIn(n))
			for k, m := range want {
				require.Equal(t, m, uint32(n>>(laneBits*k))&lane)
			}
			require.Equal(t, 2, copiesIn(with(with(0, uint64(m)), uint64(m)), uint64(m)))
		}
		gone := random.IntN(3)
		n = without(n, laneBits*gone)
		for k, m := range slices.Delete(want, gone, gone+1) {
			require.Equal(t, m, uint32(n>>(laneBits*k))&lane)
		}
	}
}

func TestNetworkSetsAreSets(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	var sets networkSets
	defer sets.release()
	all := make([]networkSet, 100)
	want := make([]map[network]bool, len(all))
	for range 60_000 {
		k := random.IntN(len(all))
		if want[k] == nil {
			want[k] = map[network]bool{}
		}
		n := network(0)
		for range random.IntN(4) {
			n = with(n, 1+random.Uint64N(100))
		}
		fresh := sets.insert(&all[k], []network{n, n}, nil)
		require.Equal(t, !want[k][n], len(fresh) == 1)
		want[k][n] = true
	}
}

func TestHeadsAreFoundAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for _, size := range []int{1, 2, 3, 6, 7} {
		index := headIndex{words: (size + 4) / 2}
		known := map[[cluster.MaxServers + 4]uint32]uint32{}
		for range 20_000 {
			var w wanted
			for k := range size + 2 {
				w.head[k] = random.Uint32N(5)
			}
			w.pack(index.words)
			id, found := index.find(w.hash, w.packed[:index.words], uint32(len(known)))
			if want, is := known[w.head]; is {
				require.True(t, found)
				require.Equal(t, want, id)
			} else {
				require.False(t, found)
				known[w.head] = id
			}
		}
		index.release()
	}
}
