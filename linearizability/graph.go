package linearizability

import "slices"

// edges is a set of kinds of edges of a dependency graph. An edge from a to b says that a comes before b in every order that explains
// what clients saw.
type edges uint8

const (
	writeWrite edges = 1 << iota // b writes the version after one that a writes
	writeRead                    // b reads what a writes
	readWrite                    // b writes the version after one that a reads
	readUpdate                   // the same, and a writes the key too: whatever the order of versions, one of the two did not see the other
	inTime                       // a returned before b was called
	onward                       // from a joint: the kind of the way is that of the edge which leads to the joint
	timed                        // the same, where the order of versions rests on time
	inferred                     // the same, where it rests on what a transaction sees of another, as snapshot isolation promises
)

// The edges of which cycles consist, by what forbids them.
const (
	writesOnly = writeWrite | onward                       // read committed: G0
	flows      = writesOnly | writeRead                    // read committed: G1c
	untimed    = flows | readWrite | readUpdate | inferred // serializability, and snapshot isolation if no two readWrite edges meet
	everything = untimed | inTime | timed                  // strict serializability
)

// graph is the dependency graph of transactions. Its nodes are theirs, and behind them joints: nodes that stand for nothing, through which
// many edges go that would otherwise be as many as there are pairs.
type graph struct {
	*transactions
	size  int // nodes and joints
	from  []int32
	to    []int32
	kinds []edges

	certain, nodes int // edges, and nodes with joints, that do not rest on the order of a register's blocks in time; those behind them do

	start  []int32 // of a node: its first edge in target and kind, once sorted
	target []int32
	kind   []edges
	blocks [][]block // of a key: what can only be written in one stretch
	moment []int64   // of a joint: when those behind it are called, at the earliest; always if that is not known
}

// graphOf derives the graph.
func graphOf(t *transactions) *graph {
	g := &graph{transactions: t, size: len(t.ops), blocks: make([][]block, len(t.keys))}
	g.time()
	for k := range t.keys {
		switch t.keys[k].class {
		case list:
			g.list(int32(k))
		case register:
			g.register(int32(k))
		}
	}
	g.across()
	g.certain, g.nodes = len(g.from), g.size
	g.order(nil)
	return g
}

// joint adds a joint, behind which nothing is called before some moment.
func (g *graph) joint(moment int64) int32 {
	g.size++
	g.moment = append(g.moment, moment)
	return int32(g.size - 1)
}

// edge adds an edge, unless one of its ends is what was there at first, or both are the same.
func (g *graph) edge(a, b int32, k edges) {
	if a == b || a == nothing || b == nothing {
		return
	}
	g.from, g.to, g.kinds = append(g.from, a), append(g.to, b), append(g.kinds, k)
}

// sort puts the edges of every node next to each other.
func (g *graph) sort() {
	g.start = make([]int32, g.size+1)
	for _, a := range g.from {
		g.start[a+1]++
	}
	for k := range g.size {
		g.start[k+1] += g.start[k]
	}
	g.target = make([]int32, len(g.to))
	g.kind = make([]edges, len(g.to))
	next := slices.Clone(g.start[:g.size])
	for e, a := range g.from {
		g.target[next[a]], g.kind[next[a]] = g.to[e], g.kinds[e]
		next[a]++
	}
}

// time adds the order of time, linear in the history: the returns between two calls lead to a joint, joints to the next joint, and the
// last joint before a call to what is called.
func (g *graph) time() {
	var returns []int32
	for node := range g.ops {
		if g.status[node] != dropped && g.op(int32(node)).Outcome == Returned {
			returns = append(returns, int32(node))
		}
	}
	slices.SortStableFunc(returns, func(a, b int32) int { return int(min(1, max(-1, g.op(a).Return-g.op(b).Return))) })
	joint := nothing
	for node := range g.ops {
		if g.status[node] == dropped {
			continue
		}
		call := g.op(int32(node)).callRank()
		if len(returns) > 0 && g.op(returns[0]).returnRank() < call {
			next := g.joint(call)
			if joint != nothing {
				g.edge(joint, next, onward)
			}
			joint = next
			for len(returns) > 0 && g.op(returns[0]).returnRank() < call {
				g.edge(returns[0], joint, inTime)
				returns = returns[1:]
			}
		}
		if joint != nothing {
			g.edge(joint, int32(node), onward)
		}
	}
}

// block is a sequence of versions of a key between which no other can have been: each was written by who had read the one before, or a
// list shows them in this order. The first block of a key begins with what was there at first.
type block struct {
	versions []int32 // of a list: of elements that nobody read, those of one transaction
	joint    int32   // who wrote or read the last version leads to it; nothing for a block of which no other needs to know
	head     int32   // who writes the first version; nothing for the first block
	update   bool    // the last version's writer is in the block since it read the version before, and not for what others saw
	f, s     int64   // of all who read or wrote a version: when the first must have happened, and the last cannot have happened yet
	f0, s0   int64   // the same, by their own calls and returns alone
	fOp, sOp int32   // whose f0 and s0 are
}

// list adds the dependencies of a list. The longest one that was read tells its order. What nobody read was appended after that, in any order.
func (g *graph) list(slot int32) {
	key := &g.keys[slot]
	unread := g.unread(key)
	first := block{head: nothing, joint: nothing}
	first.versions = append(first.versions, key.order...)
	length := int32(len(key.order) - 1)
	after := nothing // who appended to the longest list, knowing that it is the longest: nobody else can have done so
	for _, r := range key.reads {
		if r.version == length && after == nothing && len(unread[r.node]) > 0 {
			after = r.node
		}
	}
	writer := func(place int32) int32 {
		if place > length {
			return after
		}
		return key.versions[key.order[place]].node
	}
	for place := int32(1); place < length; place++ {
		g.edge(writer(place), writer(place+1), writeWrite)
	}
	for _, r := range key.reads {
		if r.version > 0 {
			g.edge(writer(r.version), r.node, writeRead)
		}
		if w := writer(r.version + 1); r.version < length || after != nothing {
			g.edge(r.node, w, g.missed(slot, r.node))
		}
	}
	g.firstBlock(slot, first, unread, after, length)
}

// missed is the kind of edge from who read a version to who wrote the next.
func (g *graph) missed(slot, node int32) edges {
	if g.writes(slot, node) {
		return readUpdate
	}
	return readWrite
}

// writes reports whether a node writes a key whose class is not plain.
func (g *graph) writes(slot, node int32) bool {
	o := g.op(node)
	for n := range o.Do {
		if at := g.first[node] + int32(n); g.slot[at] == slot && o.Do[n].Kind != Read && g.ver[at] != nothing {
			return true
		}
	}
	return false
}

// unread returns the elements that nobody read, by who appended them, or may have.
func (g *graph) unread(key *txnKey) map[int32][]int32 {
	found := map[int32][]int32{}
	for v := 1; v < len(key.versions); v++ {
		if w := &key.versions[v]; w.place == 0 && g.status[w.node] != dropped {
			found[w.node] = append(found[w.node], int32(v))
		}
	}
	return found
}

// firstBlock puts what nobody read behind the longest list.
func (g *graph) firstBlock(slot int32, first block, unread map[int32][]int32, after, length int32) {
	key := &g.keys[slot]
	last := nothing
	if length > 0 {
		last = key.versions[key.order[length]].node
	}
	all := []block{first}
	if after != nothing {
		all[0].versions = append(all[0].versions, unread[after]...)
		all[0].update = true
		g.edge(last, after, writeWrite)
		last = after
	}
	for v := int32(1); v < int32(len(key.versions)); v++ {
		w := key.versions[v].node
		if own := unread[w]; len(own) > 0 && own[0] == v && w != after {
			all = append(all, block{versions: own, head: w, joint: nothing})
		}
	}
	g.blocks[slot] = all
	if len(all) == 1 {
		return
	}
	joint := g.joint(always)
	all[0].joint = joint
	kind := writeWrite
	if after != nothing {
		kind = readUpdate
	}
	if last != nothing {
		g.edge(last, joint, kind)
	}
	if after == nothing {
		for _, r := range key.reads {
			if r.version == length {
				g.edge(r.node, joint, g.missed(slot, r.node))
			}
		}
	}
	if after != nothing && length > 0 { // the last element that was read comes before all of them, whoever appended first
		before, who := g.joint(always), key.versions[key.order[length]].node
		g.edge(who, before, writeWrite)
		for k := range all[1:] {
			if all[k+1].head != who {
				g.edge(before, all[k+1].head, onward)
			}
		}
	}
	for k := range all[1:] {
		if all[k+1].head != last {
			g.edge(joint, all[k+1].head, onward)
		}
	}
}
