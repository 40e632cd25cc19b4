package linearizability

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// What the models say, word for word and slowly.

// without time: every operation is called at once and returns at the end.
func timeless(h *History) *History {
	all := &History{Initial: h.Initial, InitialOf: h.InitialOf, Clients: h.Clients, Operations: slices.Clone(h.Operations)}
	for k := range all.Operations {
		all.Operations[k].Call, all.Operations[k].Return = 0, 1
	}
	return all
}

func bruteSerializable(h *History) spec.Verdict { return brute(timeless(h)) }

// bruteSnapshot tries every order in which transactions may end. A transaction sees what was there at some moment before its end, and nobody
// ends between who changes a key that it changes.
func bruteSnapshot(h *History) spec.Verdict {
	b := snapshotBrute{h: h, states: []map[string]Value{{}}, changes: []map[string]Value{{}}}
	var left []int
	for k := range h.Operations {
		if !h.Operations[k].silent() {
			left = append(left, k)
		}
	}
	if b.from(left) {
		return spec.Held
	}
	return spec.Violated
}

// snapshotBrute is what the store was after each transaction so far, that of nothing first, and what that transaction changed.
type snapshotBrute struct {
	h               *History
	states, changes []map[string]Value
}

func (b *snapshotBrute) from(left []int) bool {
	if !slices.ContainsFunc(left, func(k int) bool { return b.h.Operations[k].Outcome == Returned }) {
		return true
	}
	for at, k := range left {
		for begin := len(b.states) - 1; begin >= 0; begin-- {
			changed, fits := b.run(k, b.states[begin])
			for key := range changed {
				for _, other := range b.changes[begin+1:] {
					_, conflict := other[key]
					fits = fits && !conflict
				}
			}
			if !fits {
				continue
			}
			after := copied(b.states[len(b.states)-1])
			for key, v := range changed {
				after[key] = v
			}
			b.states, b.changes = append(b.states, after), append(b.changes, changed)
			rest := append(slices.Clone(left[:at]), left[at+1:]...)
			found := b.from(rest)
			b.states, b.changes = b.states[:len(b.states)-1], b.changes[:len(b.changes)-1]
			if found {
				return true
			}
			if b.h.Operations[k].Outcome == Returned {
				break // what it sees of an earlier moment comes to the same, or it changes the same
			}
		}
	}
	return false
}

func (b *snapshotBrute) run(k int, snapshot map[string]Value) (changed map[string]Value, fits bool) {
	o := &b.h.Operations[k]
	changed = map[string]Value{}
	fits = true
	for n := range o.Do {
		a := &o.Do[n]
		held, own := changed[a.Key]
		if !own {
			var set bool
			if held, set = snapshot[a.Key]; !set {
				held = b.h.initial(a.Key)
			}
		}
		after, ok := a.take(held, o.Outcome == Returned)
		fits = fits && ok
		if a.changes(o.Outcome == Returned) {
			changed[a.Key] = after
		}
	}
	return changed, fits
}

func copied[K comparable, V any](m map[K]V) map[K]V {
	all := map[K]V{}
	for k, v := range m {
		all[k] = v
	}
	return all
}

// bruteCommitted tries every choice of transactions that took effect and every order of each key's versions, and looks for one under which
// every read is of the last that a transaction which took effect left, and nothing comes before itself by writes and reads of writes.
func bruteCommitted(h *History) spec.Verdict {
	var sure, unsure []int
	for k := range h.Operations {
		switch o := &h.Operations[k]; {
		case o.silent():
		case o.Outcome == Returned:
			sure = append(sure, k)
		default:
			unsure = append(unsure, k)
		}
	}
	for choice := range 1 << len(unsure) {
		ops := slices.Clone(sure)
		for n, k := range unsure {
			if choice>>n&1 == 1 {
				ops = append(ops, k)
			}
		}
		c := committedBrute{h: h, ops: ops, orders: map[string][]int{}}
		for _, k := range ops {
			for n := range h.Operations[k].Do {
				a := &h.Operations[k].Do[n]
				if _, known := c.orders[a.Key]; !known {
					c.keys = append(c.keys, a.Key)
					c.orders[a.Key] = nil
				}
				if a.changes(h.Operations[k].Outcome == Returned) && !slices.Contains(c.orders[a.Key], k) {
					c.orders[a.Key] = append(c.orders[a.Key], k)
				}
			}
		}
		if c.tryKeys(0) {
			return spec.Held
		}
	}
	return spec.Violated
}

type committedBrute struct {
	h      *History
	ops    []int
	keys   []string
	orders map[string][]int // of a key: who writes it, in the order of the versions
}

func (c *committedBrute) tryKeys(at int) bool {
	if at == len(c.keys) {
		return c.holds()
	}
	return c.permute(c.orders[c.keys[at]], 0, at)
}

func (c *committedBrute) permute(order []int, from, at int) bool {
	if from >= len(order) {
		return c.tryKeys(at + 1)
	}
	for k := from; k < len(order); k++ {
		order[from], order[k] = order[k], order[from]
		found := c.permute(order, from+1, at)
		order[from], order[k] = order[k], order[from]
		if found {
			return true
		}
	}
	return false
}

// holds reports whether the reads fit the versions, and dependencies have no cycle.
func (c *committedBrute) holds() bool {
	versions := map[string][]Value{}
	for key, order := range c.orders {
		held := c.h.initial(key)
		versions[key] = append(versions[key], held)
		for _, k := range order {
			held, _ = c.left(k, len(c.h.Operations[k].Do), key, held)
			versions[key] = append(versions[key], held)
		}
	}
	before := map[[2]int]bool{}
	for _, order := range c.orders {
		for k := 1; k < len(order); k++ {
			before[[2]int{order[k-1], order[k]}] = true
		}
	}
	return c.reads(versions, before, 0, 0)
}

// left returns what the first actions of a transaction leave of a key, and whether they change it.
func (c *committedBrute) left(k, actions int, key string, held Value) (Value, bool) {
	o := &c.h.Operations[k]
	wrote := false
	for n := range actions {
		a := &o.Do[n]
		if a.Key != key || !a.changes(o.Outcome == Returned) {
			continue
		}
		wrote = true
		if a.Kind == CompareAndSet && o.Outcome == Returned {
			held = a.Value
			continue
		}
		held, _ = a.take(held, false)
	}
	return held, wrote
}

// reads tries, for every read, every version that it may be of.
func (c *committedBrute) reads(versions map[string][]Value, before map[[2]int]bool, at, n int) bool {
	if at == len(c.ops) {
		return !circular(c.ops, before)
	}
	k := c.ops[at]
	o := &c.h.Operations[k]
	if n == len(o.Do) {
		return c.reads(versions, before, at+1, 0)
	}
	a := &o.Do[n]
	v, saw := a.observed()
	if _, wrote := c.left(k, n, a.Key, Absent); wrote {
		own, _ := c.left(k, n, a.Key, versions[a.Key][slices.Index(c.orders[a.Key], k)])
		if o.Outcome == Returned && (saw && own != v || (a.Kind == CompareAndSet || a.Kind == Expect) && a.Differs && own == a.expects()) {
			return false
		}
		saw = false
	}
	if !saw || o.Outcome != Returned {
		return c.reads(versions, before, at, n+1)
	}
	for place, version := range versions[a.Key] {
		if version != v {
			continue
		}
		edge := [2]int{-1, k}
		if place > 0 {
			edge[0] = c.orders[a.Key][place-1]
		}
		if edge[0] == k {
			continue
		}
		had := before[edge]
		before[edge] = true
		if c.reads(versions, before, at, n+1) {
			return true
		}
		before[edge] = had
	}
	return false
}

func circular(ops []int, before map[[2]int]bool) bool {
	left := slices.Clone(ops)
	for len(left) > 0 {
		k := slices.IndexFunc(left, func(b int) bool {
			return !slices.ContainsFunc(left, func(a int) bool { return a != b && before[[2]int{a, b}] })
		})
		if k < 0 {
			return true
		}
		left = slices.Delete(left, k, k+1)
	}
	return false
}
