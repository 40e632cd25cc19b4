package linearizability

import (
	"cmp"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Snapshot isolation holds if and only if there is an order of every key's versions under which no cycle of dependencies is without two
// anti-dependencies next to each other (Cerone and Gotsman, "Analysing snapshot isolation", 2018). The order of a key's blocks is known in part;
// the rest is guessed, and for small histories every order is tried.

// mostVersionOrders is how many orders of versions are tried.
const mostVersionOrders = 5_000

// snapshots decides snapshot isolation, where no cycle without an order of versions forbids it.
func snapshots(g *graph) spec.Verdict {
	if len((&walk{graph: g, kinds: untimed, apart: true}).components()) > 0 {
		return spec.Violated
	}
	var open []int32 // keys whose order is not known
	orders := 1
	for k := range g.blocks {
		n := len(g.surely(int32(k)))
		if n < 2 {
			continue
		}
		open = append(open, int32(k))
		for ; n > 1 && orders <= mostVersionOrders; n-- {
			orders *= n
		}
	}
	guess := g.inOrder(open, g.likely())
	switch {
	case g.isolated(guess):
		return spec.Held
	case len(open) == 0:
		return spec.Violated
	case orders > mostVersionOrders:
		return spec.Inconclusive
	}
	if g.tryOrders(open, nil) {
		return spec.Held
	}
	return spec.Violated
}

// surely returns the blocks of a key, but for the first, that surely were written.
func (g *graph) surely(slot int32) []*block {
	var found []*block
	for k := range g.blocks[slot] {
		if b := &g.blocks[slot][k]; b.head != nothing && g.status[b.head] == required {
			found = append(found, b)
		}
	}
	return found
}

// likely returns the place of each node in an order that fits what is known of reads and versions, and time where nothing is known.
func (g *graph) likely() []int32 {
	const known = flows | readUpdate
	return newGuided(g, known, g.sortedOut(known), 0).rank
}

// inOrder returns the blocks of keys in the order of the ranks of who wrote them.
func (g *graph) inOrder(keys []int32, rank []int32) [][]*block {
	var all [][]*block
	for _, k := range keys {
		blocks := g.surely(k)
		slices.SortFunc(blocks, func(a, b *block) int { return cmp.Compare(rank[a.head], rank[b.head]) })
		all = append(all, blocks)
	}
	return all
}

// isolated reports whether snapshot isolation holds with the blocks of keys in these orders.
func (g *graph) isolated(orders [][]*block) bool {
	with := *g
	with.from, with.to, with.kinds = slices.Clip(g.from), slices.Clip(g.to), slices.Clip(g.kinds)
	for _, blocks := range orders {
		for k := 1; k < len(blocks); k++ {
			if a := blocks[k-1]; a.joint != nothing {
				with.edge(a.joint, blocks[k].head, onward)
			} else {
				with.edge(a.head, blocks[k].head, writeWrite)
			}
		}
	}
	with.sort()
	return len((&walk{graph: &with, kinds: untimed, apart: true}).components()) == 0
}

// tryOrders tries all orders of the blocks of keys.
func (g *graph) tryOrders(keys []int32, orders [][]*block) bool {
	if len(orders) == len(keys) {
		return g.isolated(orders)
	}
	return permuted(g.surely(keys[len(orders)]), 0, func(blocks []*block) bool {
		return g.tryOrders(keys, append(orders, slices.Clone(blocks)))
	})
}

// permuted calls such for every order of the blocks from some place on, until it returns true.
func permuted(blocks []*block, from int, such func([]*block) bool) bool {
	if from >= len(blocks)-1 {
		return such(blocks)
	}
	for k := from; k < len(blocks); k++ {
		blocks[from], blocks[k] = blocks[k], blocks[from]
		found := permuted(blocks, from+1, such)
		blocks[from], blocks[k] = blocks[k], blocks[from]
		if found {
			return true
		}
	}
	return false
}
