package linearizability

import (
	"cmp"
	"slices"
)

// A register to which every value is written once. Who reads a value and then writes another makes the one follow the other at once,
// so that versions form blocks. What there was at first comes first. For two other blocks A and B: if somebody who read or wrote A had
// returned when somebody who reads or writes B was called, A is over before B begins, and so for all who read or wrote them (see zones.go).
// The same holds if somebody in A wrote something, on whatever key, that somebody in B reads.

// register adds the dependencies of a register.
func (g *graph) register(slot int32) {
	key := &g.keys[slot]
	byVersion := g.readers(key)
	next := g.updates(slot, byVersion)
	g.join(slot, next)
	for v, readers := range byVersion {
		w := &key.versions[v]
		for _, r := range readers {
			if w.node != nothing {
				g.edge(w.node, r, writeRead)
			}
			if next[v] != nothing {
				g.edge(r, next[v], g.missed(slot, r))
			}
		}
	}
	g.enter(slot, byVersion)
}

// readers returns who reads each version from outside.
func (g *graph) readers(key *txnKey) [][]int32 {
	all := make([][]int32, len(key.versions))
	for _, r := range key.reads {
		if n := len(all[r.version]); n == 0 || all[r.version][n-1] != r.node {
			all[r.version] = append(all[r.version], r.node)
		}
	}
	return all
}

// updates returns, of each version, who read it and wrote the next. If there are several they miss each other's writes.
func (g *graph) updates(slot int32, byVersion [][]int32) []int32 {
	next := slices.Repeat([]int32{nothing}, len(byVersion))
	for v, readers := range byVersion {
		for _, r := range readers {
			if !g.writes(slot, r) {
				continue
			}
			if next[v] == nothing {
				next[v] = r
			} else {
				g.edge(next[v], r, readUpdate)
			}
		}
	}
	return next
}

// join makes the blocks.
func (g *graph) join(slot int32, next []int32) {
	key := &g.keys[slot]
	written := make(map[int32]int32) // of who updates: the version that it leaves
	follows := make([]bool, len(key.versions))
	for v := 1; v < len(key.versions); v++ {
		if w := &key.versions[v]; w.final {
			written[w.node] = int32(v)
		}
	}
	for _, r := range next {
		if r != nothing {
			follows[written[r]] = true
		}
	}
	for v := range key.versions {
		w := &key.versions[v]
		if follows[v] || !w.final || w.node != nothing && g.status[w.node] == dropped {
			continue
		}
		b := block{head: w.node, joint: nothing, f0: never, s0: always, fOp: nothing, sOp: nothing}
		for at := int32(v); ; at = written[next[at]] {
			b.versions = append(b.versions, at)
			if next[at] == nothing || len(b.versions) > len(key.versions) {
				break
			}
			b.update = true
		}
		g.blocks[slot] = append(g.blocks[slot], b)
	}
}

// enter leads from everybody in a block to what comes after it, and notes when its operations were called and returned.
func (g *graph) enter(slot int32, byVersion [][]int32) {
	key := &g.keys[slot]
	all := g.blocks[slot]
	if len(all) < 2 {
		return
	}
	for k := range all {
		b := &all[k]
		b.joint = g.joint(always)
		for n, v := range b.versions {
			last := n == len(b.versions)-1
			if w := key.versions[v].node; w != nothing {
				b.include(g, w)
				if last && b.update {
					g.edge(w, b.joint, readUpdate)
				} else if last {
					g.edge(w, b.joint, writeWrite)
				}
			}
			for _, r := range byVersion[v] {
				b.include(g, r)
				if last {
					g.edge(r, b.joint, readWrite)
				}
			}
		}
		if k > 0 {
			g.edge(all[0].joint, b.head, onward)
		}
	}
}

func (b *block) include(g *graph, node int32) {
	o := g.op(node)
	if r := o.returnRank(); r < b.f0 {
		b.f0, b.fOp = r, node
	}
	if c := o.callRank(); c > b.s0 {
		b.s0, b.sOp = c, node
	}
	b.f, b.s = b.f0, b.s0
}

// mostBetween is how many blocks may return within another one, for each version of a key; more than there are clients are wrong anyway.
const mostBetween = 64

// inOrderOfTime adds that A is before B if f of A is before s of B: the joints of blocks lead to a chain of joints in the order of f, and
// from there to the last who begins a block that must be later. A block whose own f is before its s leaves the chain in front of itself; the
// few that follow until its s get edges of their own.
func (g *graph) inOrderOfTime(slot int32) {
	if len(g.blocks[slot]) < 3 {
		return
	}
	sorted := make([]*block, 0, len(g.blocks[slot]))
	for k := range g.blocks[slot][1:] {
		if b := &g.blocks[slot][k+1]; b.f != never {
			sorted = append(sorted, b)
		}
	}
	slices.SortStableFunc(sorted, func(a, b *block) int { return cmp.Compare(a.f, b.f) })
	chain := make([]int32, len(sorted))
	for k, b := range sorted {
		chain[k] = g.joint(b.f)
		g.edge(b.joint, chain[k], timed)
		if k > 0 {
			g.edge(chain[k-1], chain[k], timed)
		}
	}
	for k := range g.blocks[slot][1:] {
		b := &g.blocks[slot][k+1]
		until, _ := slices.BinarySearchFunc(sorted, b.s, func(a *block, s int64) int { return cmp.Compare(a.f, s) })
		own := until
		if b.f < b.s {
			own, _ = slices.BinarySearchFunc(sorted, b.f, func(a *block, f int64) int { return cmp.Compare(a.f, f) })
			for sorted[own] != b {
				own++
			}
		}
		if own > 0 {
			g.edge(chain[own-1], b.head, timed)
		}
		for n := own + 1; n < min(until, own+mostBetween); n++ {
			g.edge(sorted[n].joint, b.head, timed)
		}
	}
}

// across adds that A is before B if somebody in A wrote something that somebody in B reads.
func (g *graph) across() {
	blockOf := g.blockOfVersions()
	for slot := range g.keys {
		key := &g.keys[slot]
		for _, r := range key.reads {
			v := r.version
			if key.class == list {
				v = key.order[v]
			}
			if w := key.versions[v].node; w != nothing && w != r.node {
				g.follows(blockOf, w, r.node)
			}
		}
	}
}

// blockOfVersions returns the number of each version's block, for the registers that have several.
func (g *graph) blockOfVersions() [][]int32 {
	of := make([][]int32, len(g.keys))
	for slot := range g.keys {
		if g.keys[slot].class != register || len(g.blocks[slot]) < 3 {
			continue
		}
		of[slot] = slices.Repeat([]int32{nothing}, len(g.keys[slot].versions))
		for k := range g.blocks[slot] {
			for _, v := range g.blocks[slot][k].versions {
				of[slot][v] = int32(k)
			}
		}
	}
	return of
}

// follows adds, for every key of which both nodes know a version, that a's is before b's.
func (g *graph) follows(blockOf [][]int32, a, b int32) {
	for x := g.first[a]; x < g.first[a+1]; x++ {
		of := blockOf[g.slot[x]]
		if of == nil {
			continue
		}
		for y := g.first[b]; y < g.first[b+1]; y++ {
			if g.slot[x] != g.slot[y] {
				continue
			}
			for _, v := range g.known(x) {
				for _, w := range g.known(y) {
					if v == nothing || w == nothing || of[v] <= 0 || of[w] <= 0 || of[v] == of[w] {
						continue
					}
					g.edge(g.blocks[g.slot[x]][of[v]].joint, g.blocks[g.slot[x]][of[w]].head, inferred)
				}
			}
		}
	}
}

// known returns the versions of a register that an action reads and writes.
func (g *graph) known(at int32) [2]int32 {
	if g.exp == nil {
		return [2]int32{g.ver[at], nothing}
	}
	return [2]int32{g.ver[at], g.exp[at]}
}
