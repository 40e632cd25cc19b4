package checker

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// drawn is a small arena with everything written down in plain tables.
type drawn struct {
	*arena
	from                 []uint32
	barredEdge           []bool
	meetsEdge, restsNode []uint64
	wantsNode, losesEdge [][]uint32
	hasEdge              []uint32
	nodes, edges         int
}

// drawArena draws a graph of a few nodes and edges, with two duties and two messages.
func drawArena(t *rapid.T, nodes, edges int) *drawn {
	d := &drawn{nodes: rapid.IntRange(1, nodes).Draw(t, "nodes"), edges: rapid.IntRange(0, edges).Draw(t, "edges")}
	type edge struct{ from, to uint32 }
	node := rapid.Uint32Range(0, uint32(d.nodes-1))
	var list []edge
	for range d.edges {
		list = append(list, edge{node.Draw(t, "from"), node.Draw(t, "to")})
	}
	slices.SortStableFunc(list, func(a, b edge) int { return int(a.from) - int(b.from) })
	d.arena = &arena{duties: 3}
	d.first = make([]uint32, d.nodes+1)
	messages := rapid.SampledFrom([][]uint32{nil, nil, nil, {1}, {2}, {1, 2}})
	duties := rapid.SampledFrom([]uint64{0, 0, 1, 2, 3})
	for _, e := range list {
		d.from, d.to = append(d.from, e.from), append(d.to, e.to)
		for n := e.from + 1; int(n) <= d.nodes; n++ {
			d.first[n]++
		}
		d.barredEdge = append(d.barredEdge, rapid.IntRange(0, 9).Draw(t, "barred") == 0)
		d.meetsEdge = append(d.meetsEdge, duties.Draw(t, "meets"))
		d.losesEdge = append(d.losesEdge, messages.Draw(t, "loses"))
		d.hasEdge = append(d.hasEdge, rapid.SampledFrom([]uint32{0, 0, 1, 2}).Draw(t, "has"))
	}
	for range d.nodes {
		d.restsNode = append(d.restsNode, duties.Draw(t, "rests"))
		d.wantsNode = append(d.wantsNode, messages.Draw(t, "wants"))
	}
	d.barred = func(e uint32) bool { return d.barredEdge[e] }
	d.meets = func(e uint32) uint64 { return d.meetsEdge[e] }
	d.rests = func(n uint32) uint64 { return d.restsNode[n] }
	d.wants = func(n uint32) []uint32 { return d.wantsNode[n] }
	d.loses = func(_, e uint32) []uint32 { return d.losesEdge[e] }
	d.has = func(e uint32) uint32 { return d.hasEdge[e] }
	return d
}

// reach says which node reaches which over some of the edges, by adding what is missing until nothing is.
func (d *drawn) reach(chosen func(e int) bool) [][]bool {
	to := make([][]bool, d.nodes)
	for n := range to {
		to[n] = make([]bool, d.nodes)
		to[n][n] = true
	}
	for changed := true; changed; {
		changed = false
		for e := range d.edges {
			for n := range to {
				if chosen(e) && to[n][d.from[e]] && !to[n][d.to[e]] {
					to[n][d.to[e]], changed = true, true
				}
			}
		}
	}
	return to
}

// fair reports whether going round nodes and edges for ever meets every duty and has every message that it wants.
func (d *drawn) fair(nodes []uint32, edges []uint32) bool {
	met := uint64(0)
	wanted, had := map[uint32]bool{}, map[uint32]bool{}
	for _, n := range nodes {
		met |= d.restsNode[n]
		for _, m := range d.wantsNode[n] {
			wanted[m] = true
		}
	}
	for _, e := range edges {
		met |= d.meetsEdge[e]
		had[d.hasEdge[e]] = true
		for _, m := range d.losesEdge[e] {
			wanted[m] = true
		}
	}
	for m := range wanted {
		if !had[m] {
			return false
		}
	}
	return met&3 == 3
}

func TestComponentsEqualTheObviousOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawArena(t, 12, 30)
		all := make([]uint32, d.nodes)
		for n := range all {
			all[n] = uint32(n)
		}
		d.inside = make([]uint32, d.nodes)
		reach := d.reach(func(e int) bool { return !d.barredEdge[e] })
		got := make([]int, d.nodes)
		for k, c := range d.components(component{nodes: all}) {
			require.True(t, slices.IsSorted(c))
			for _, n := range c {
				require.Zero(t, got[n], "node %d is in two components", n)
				got[n] = k + 1
			}
		}
		for a := range all {
			for b := range all {
				require.Equal(t, reach[a][b] && reach[b][a], got[a] == got[b], "nodes %d and %d", a, b)
			}
		}
	})
}

// TestFairComponentsEqualTheObviousOnes tries every set of edges: those that can be gone round, each again and again, and that are fair,
// lie in the components found, and cover them; and the rounds that are made are such sets.
func TestFairComponentsEqualTheObviousOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawArena(t, 5, 8)
		want := make([]bool, d.nodes)
		for n := range d.nodes {
			want[n] = d.fair([]uint32{uint32(n)}, nil)
		}
		for set := 1; set < 1<<d.edges; set++ {
			if nodes, edges, round := d.roundOf(set); round && d.fair(nodes, edges) {
				for _, n := range nodes {
					want[n] = true
				}
			}
		}
		all := make([]uint32, d.nodes)
		for n := range all {
			all[n] = uint32(n)
		}
		got := make([]bool, d.nodes)
		for c := range func(yield func(component) bool) { d.fairComponents(all, yield) } {
			for _, n := range c.nodes {
				got[n] = true
				d.requireRound(t, n, d.round(c, n))
			}
		}
		require.Equal(t, want, got)
	})
}

// roundOf returns the nodes and edges of a set of edges, and whether an execution can take exactly these again and again.
func (d *drawn) roundOf(set int) (nodes, edges []uint32, round bool) {
	reach := d.reach(func(e int) bool { return set>>e&1 != 0 })
	for e := range d.edges {
		if set>>e&1 == 0 {
			continue
		}
		if d.barredEdge[e] || !reach[d.to[e]][d.from[e]] || len(edges) > 0 && !reach[d.from[edges[0]]][d.from[e]] {
			return nil, nil, false
		}
		edges = append(edges, uint32(e))
		nodes = append(nodes, d.from[e], d.to[e])
	}
	return nodes, edges, true
}

func (d *drawn) requireRound(t *rapid.T, from uint32, edges []uint32) {
	at, nodes := from, []uint32{from}
	for _, e := range edges {
		require.Equal(t, at, d.from[e])
		require.False(t, d.barredEdge[e])
		at = d.to[e]
		nodes = append(nodes, at)
	}
	require.Equal(t, from, at, "it comes back")
	require.True(t, d.fair(nodes, edges), "it is fair")
}

// smallWorlds are worlds whose graphs are small enough for slow ways.
func smallWorlds() []*cluster.Config {
	world := func(servers int, o impl.Options, f cluster.Faults, b cluster.Bounds, n cluster.Network) *cluster.Config {
		f.Drop = cluster.Unlimited
		return &cluster.Config{Servers: servers, New: impl.New(o), Variants: o.Variants(), Faults: f, Bounds: b, Network: n}
	}
	return []*cluster.Config{
		world(2, impl.Options{}, cluster.Faults{Crash: 1, Lossy: true}, cluster.Bounds{Terms: 2, Log: 1, Messages: 1}, cluster.Unordered),
		world(2, impl.Options{}, cluster.Faults{Partition: 1}, cluster.Bounds{Terms: 2, Log: 1, Messages: 2}, cluster.FIFO),
		world(2, impl.Options{PreVote: true, CheckQuorum: true}, cluster.Faults{Duplicate: 1}, cluster.Bounds{Terms: 1, Log: 1, Messages: 2}, cluster.Unordered),
		world(2, impl.Options{AsyncStorage: true, CheckQuorum: true}, cluster.Faults{}, cluster.Bounds{Terms: 1, Log: 1, Messages: 1}, cluster.Unordered),
		world(2, impl.Options{Snapshots: true}, cluster.Faults{}, cluster.Bounds{Terms: 2, Log: 2, Messages: 1, Compactions: 1}, cluster.Unordered),
	}
}

func graphOf(t *testing.T, config *cluster.Config) *liveJudge {
	world, err := LivenessWorld(config)
	require.NoError(t, err)
	g, err := newGraph(world, promisesOf(spec.LivenessRules, world))
	require.NoError(t, err)
	reason, err := g.build(context.Background(), 0, func(*graph) {})
	require.NoError(t, err)
	require.Empty(t, reason)
	return newLiveJudge(context.Background(), g)
}

// TestGraphHasWhatASearchFinds compares the graph with what a search of the same world counts.
func TestGraphHasWhatASearchFinds(t *testing.T) {
	for _, config := range smallWorlds() {
		j := graphOf(t, config)
		r, err := Check(context.Background(), j.config, Options{Rules: []*spec.Rule{}, Goals: []*spec.Goal{}})
		require.NoError(t, err)
		require.Equal(t, r.Search.Distinct, uint64(j.count()))
		require.Equal(t, r.Search.Transitions, j.transitions)
		require.Equal(t, r.Search.Depth, int(j.depth[j.count()-1]))
		require.True(t, slices.IsSorted(j.depth), "states are numbered in the order of their depth")
	}
}

// TestReachableEqualsTheObviousOne adds what reaches a goal in one step until nothing is added.
func TestReachableEqualsTheObviousOne(t *testing.T) {
	for _, config := range smallWorlds()[:2] {
		j := graphOf(t, config)
		for k, p := range j.live.promises {
			if p.Live.Within == nil {
				continue
			}
			want := make([]bool, j.count())
			for changed := true; changed; {
				changed = false
				for n := range want {
					for e := j.first[n]; !want[n] && e < j.first[n+1]; e++ {
						ends := j.how[e].isStep() && j.live.ends[j.how[e].step()]>>k&1 != 0
						want[n] = ends || want[j.to[e]]
						changed = changed || want[n]
					}
					if !want[n] && j.views[j.viewOf[n]].within>>k&1 == 0 {
						want[n], changed = true, true
					}
				}
			}
			require.Equal(t, want, j.reachable(k), p.Name)
		}
	}
}

// TestViewsSayWhatStatesSay asks the promises about every state and not only about those that look different.
func TestViewsSayWhatStatesSay(t *testing.T) {
	j := graphOf(t, smallWorlds()[1])
	for id := range uint32(j.count()) {
		require.Equal(t, j.look(id), j.views[j.viewOf[id]])
	}
}
