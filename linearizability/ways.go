package linearizability

import (
	"cmp"
	"slices"
)

// What comes before something that has returned has happened by then, and what comes after something that was called cannot have happened before
// that. So there is more to the order of a register's blocks than their own calls and returns. Two blocks that were under way at once even so
// may be ordered by a way of dependencies from who saw the one to who saw the other. A way cannot lead out of the time between the first call and
// the last return on it, or else time would contradict it; so it is short, and it is looked for among the few operations that were under way
// then. Every edge that is found may tell more: this is done again a few times, and what it does not tell is left to the search.

// completions is how often it is done.
const completions = 4

// complete adds what can be found out of the order of blocks.
func (g *graph) complete() {
	w := newWayfinder(g)
	for n := range completions {
		if n > 0 {
			g.order(w.found)
		}
		if !g.severalBlocks() || !g.narrow() && !w.look() {
			return
		}
	}
}

// order adds the order of blocks that follows from their own times, and what was found of it beyond that.
func (g *graph) order(found [][2]int32) {
	g.from, g.to, g.kinds = g.from[:g.certain], g.to[:g.certain], g.kinds[:g.certain]
	g.size, g.moment = g.nodes, g.moment[:g.nodes-len(g.ops)]
	for _, e := range found {
		g.edge(e[0], e[1], timed)
	}
	for slot := range g.keys {
		if g.keys[slot].class == register {
			g.inOrderOfTime(int32(slot))
		}
	}
	g.sort()
}

// severalBlocks reports whether the order of any register's blocks is in question.
func (g *graph) severalBlocks() bool {
	for slot := range g.keys {
		if g.keys[slot].class == register && len(g.blocks[slot]) > 2 {
			return true
		}
	}
	return false
}

// narrow finds out by when the first of each block must have happened, and when the last cannot have happened yet. It reports whether that tells
// more than was known. A graph with a cycle stays as it is.
func (g *graph) narrow() (more bool) {
	sorted := g.sortedOut(everything)
	if len(sorted) < g.size {
		return false
	}
	due, start := g.due(sorted, everything), g.earliest(sorted)
	for slot := range g.keys {
		if g.keys[slot].class != register || len(g.blocks[slot]) < 3 {
			continue
		}
		for k, members := range g.membersOf(int32(slot)) {
			b := &g.blocks[slot][k]
			for _, n := range members {
				if due[n] < b.f || start[n] > b.s {
					b.f, b.s, more = min(b.f, due[n]), max(b.s, start[n]), true
				}
			}
		}
	}
	return more
}

// due returns by when each node must have happened: what comes before something, by when that must.
func (g *graph) due(sorted []int32, kinds edges) []int64 {
	due := make([]int64, g.size)
	for n := range due {
		due[n] = never
		if n < len(g.ops) && g.status[n] != dropped {
			due[n] = g.op(int32(n)).returnRank()
		}
	}
	for k := len(sorted) - 1; k >= 0; k-- {
		n := sorted[k]
		for e := g.start[n]; e < g.start[n+1]; e++ {
			if g.kind[e]&kinds != 0 {
				due[n] = min(due[n], due[g.target[e]])
			}
		}
	}
	return due
}

// earliest returns when each node can have happened first: what comes after something, not before that.
func (g *graph) earliest(sorted []int32) []int64 {
	start := make([]int64, g.size)
	for n := range start {
		start[n] = always
		if n < len(g.ops) {
			start[n] = g.op(int32(n)).callRank()
		}
	}
	for _, n := range sorted {
		for e := g.start[n]; e < g.start[n+1]; e++ {
			start[g.target[e]] = max(start[g.target[e]], start[n])
		}
	}
	return start
}

// wayfinder looks for ways through a graph.
type wayfinder struct {
	*graph
	came, round []int32 // of a node: whence it was reached, and in which round
	now         int32
	queue       []int32
	members     [][]int32       // of each block of the key: who reads or writes it
	known       map[[3]int]bool // a key and two of its blocks: an edge was added
	found       [][2]int32      // the edges
}

func newWayfinder(g *graph) *wayfinder {
	return &wayfinder{graph: g, came: make([]int32, g.size), round: make([]int32, g.size), known: map[[3]int]bool{}}
}

// look looks for ways between the blocks of all keys, and reports whether it found any.
func (w *wayfinder) look() bool {
	w.came, w.round = make([]int32, w.size), make([]int32, w.size)
	w.now = 0
	before := len(w.found)
	for slot := range w.keys {
		if w.keys[slot].class == register && len(w.blocks[slot]) > 2 {
			w.key(int32(slot))
		}
	}
	return len(w.found) > before
}

// key looks at all blocks of a key that were under way at once.
func (w *wayfinder) key(slot int32) {
	w.members = w.membersOf(slot)
	for _, pair := range w.atOnce(slot) {
		name := [3]int{int(slot), pair[0], pair[1]}
		if w.known[name] {
			continue
		}
		a, b := &w.blocks[slot][pair[0]], &w.blocks[slot][pair[1]]
		w.known[name] = true
		switch {
		case w.way(w.members[pair[0]], w.members[pair[1]], b.s) != nil:
			w.found = append(w.found, [2]int32{a.joint, b.head})
		case w.way(w.members[pair[1]], w.members[pair[0]], a.s) != nil:
			w.found = append(w.found, [2]int32{b.joint, a.head})
		default:
			delete(w.known, name)
		}
	}
}

// membersOf returns who reads or writes each block of a key.
func (g *graph) membersOf(slot int32) [][]int32 {
	key := &g.keys[slot]
	of := slices.Repeat([]int32{nothing}, len(key.versions))
	members := make([][]int32, len(g.blocks[slot]))
	for k := range g.blocks[slot] {
		for _, v := range g.blocks[slot][k].versions {
			of[v] = int32(k)
			if n := key.versions[v].node; n != nothing {
				members[k] = append(members[k], n)
			}
		}
	}
	for _, r := range key.reads {
		if k := of[r.version]; k != nothing {
			members[k] = append(members[k], r.node)
		}
	}
	return members
}

// atOnce returns the pairs of blocks of which time tells no order: all operations of the one were under way when the first of the other
// returned.
func (g *graph) atOnce(slot int32) (pairs [][2]int) {
	type event struct {
		rank  int64
		block int
		ends  bool
	}
	var events []event
	for k := 1; k < len(g.blocks[slot]); k++ {
		if b := &g.blocks[slot][k]; b.s <= b.f && b.f != never {
			events = append(events, event{b.s, k, false}, event{b.f, k, true})
		} else if b.f != never {
			events = append(events, event{b.f, k, true}) // it has begun and not ended by then: others may be before or behind it as a whole
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.rank, b.rank) })
	var active []int
	for _, e := range events {
		if !e.ends {
			active = append(active, e.block)
			continue
		}
		active = slices.DeleteFunc(active, func(k int) bool { return k == e.block })
		for _, k := range active {
			if a := &g.blocks[slot][e.block]; a.f >= g.blocks[slot][k].s && g.blocks[slot][k].f >= a.s {
				pairs = append(pairs, [2]int{e.block, k})
			}
		}
	}
	return pairs
}

// way returns the nodes of a way from one of some nodes to one of others, all of them called before some moment; nil if there is none, or if
// a node is among both.
func (w *wayfinder) way(from, to []int32, until int64) []int32 {
	w.now++
	w.queue = append(w.queue[:0], from...)
	for _, n := range from {
		w.round[n], w.came[n] = w.now, nothing
	}
	for at := 0; at < len(w.queue); at++ {
		n := w.queue[at]
		for e := w.start[n]; e < w.start[n+1]; e++ {
			b := w.target[e]
			if w.round[b] == w.now || w.called(b) > until {
				continue
			}
			w.round[b], w.came[b] = w.now, n
			if slices.Contains(to, b) {
				return w.back(b)
			}
			w.queue = append(w.queue, b)
		}
	}
	return nil
}

// called is when a node was called, or what is behind a joint.
func (g *graph) called(n int32) int64 {
	if int(n) < len(g.ops) {
		return g.op(n).callRank()
	}
	return g.moment[int(n)-len(g.ops)]
}

func (w *wayfinder) back(n int32) (nodes []int32) {
	for ; n != nothing; n = w.came[n] {
		if int(n) < len(w.ops) {
			nodes = append(nodes, n)
		}
	}
	slices.Reverse(nodes)
	return nodes
}

// wayBetween returns the nodes of a way from who saw one block to who saw another; nil if there is none.
func (g *graph) wayBetween(slot int32, a, b *block) []int32 {
	w := newWayfinder(g)
	members := g.membersOf(slot)
	var from, to []int32
	for k := range g.blocks[slot] {
		switch &g.blocks[slot][k] {
		case a:
			from = members[k]
		case b:
			to = members[k]
		}
	}
	return w.way(from, to, b.s)
}
