package linearizability

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// guided searches for an order of transactions with their dependency graph as a constraint: a node may be the next if all that must come before
// it has happened, and if it sees what it saw. Where the graph tells everything there is nothing to choose. Otherwise it takes what is due
// first, goes back when it is stuck, and remembers where it has been. What changes nothing happens as soon as it can, which is never wrong.
type guided struct {
	*graph
	kinds  edges // the edges that count
	budget int   // steps that are left

	effects []effect // of all nodes
	of      []int32  // of a node: its first effect; one more at the end
	pure    []bool   // of a node: it changes nothing that effects look at
	left    int      // required nodes that have not happened

	incoming []int32 // of a node: edges from what has not happened
	rank     []int32 // of a node: its place in the order in which they are due
	byRank   []int32
	readers  rankSet // what is pure and may be next
	writers  rankSet // what is not

	held    []int32   // of a key: the version or value that it holds
	waiting [][]int32 // of a register and a version: how many have not read it that will
	machine machine   // for the values of plain keys
	own     []plainState
	seen    visited
	hash    [2]uint64
	trail   []int32      // what has happened, joints too
	undo    []heldBefore // what keys held before
	choices bool         // something was left to choose
}

// effect is what a node does with a key whose state matters: to every order (plain), or to those that the graph leaves open (register).
type effect struct {
	key, version int32
	what         effectKind
	do           step // of a plain key
}

type effectKind uint8

const (
	needs   effectKind = iota // a register holds the version
	doubts                    // a register does not hold the version
	sets                      // a register holds the version afterwards
	happens                   // a step on a plain key
)

type heldBefore struct{ node, key, version int32 }

type plainState struct{ key, value int32 }

// guidedBudget is how many steps a search takes beyond one for each node.
const guidedBudget = 1_000_000

// newGuided prepares a search. The edges of those kinds must have no cycle; sorted is an order in which they all lead forward.
func newGuided(g *graph, kinds edges, sorted []int32, budget int) *guided {
	s := &guided{graph: g, kinds: kinds, incoming: g.incoming(kinds), budget: budget + len(g.ops)}
	s.machine.reset(1)
	s.held = make([]int32, len(g.keys))
	s.waiting = make([][]int32, len(g.keys))
	for k := range g.keys {
		switch g.keys[k].class {
		case register:
			s.waiting[k] = make([]int32, len(g.keys[k].versions))
		case plain:
			s.held[k] = s.machine.value(g.h.initial(g.keys[k].name))
		}
	}
	s.compile()
	s.rankAll(sorted)
	s.seen.clear()
	return s
}

// compile lists the effects of every node.
func (s *guided) compile() {
	s.of = make([]int32, 0, len(s.ops)+1)
	s.pure = make([]bool, s.size)
	for node := range int32(len(s.ops)) {
		s.of = append(s.of, int32(len(s.effects)))
		s.pure[node] = true
		if s.status[node] == dropped {
			continue
		}
		s.compileNode(node)
	}
	s.of = append(s.of, int32(len(s.effects)))
	for node := len(s.ops); node < s.size; node++ {
		s.pure[node] = true
	}
}

func (s *guided) compileNode(node int32) {
	o := s.op(node)
	first := len(s.effects)
	for n := range o.Do {
		a, at := &o.Do[n], s.first[node]+int32(n)
		switch key := s.slot[at]; s.keys[key].class {
		case register:
			s.compileRegister(first, node, key, at, a)
		case plain:
			st := step{kind: a.Kind, shown: a.Shown, differs: a.Differs}
			if a.Kind != Read || a.Shown {
				st.value = s.machine.value(a.Value)
			}
			if a.Kind == CompareAndSet {
				st.expected = s.machine.value(a.Expected)
			}
			s.pure[node] = s.pure[node] && !a.changes(o.Outcome == Returned)
			s.effects = append(s.effects, effect{key: key, what: happens, do: st})
		}
	}
	for _, e := range s.effects[first:] {
		s.pure[node] = s.pure[node] && e.what != sets
	}
}

func (s *guided) compileRegister(first int, node, key, at int32, a *Action) {
	own := slices.ContainsFunc(s.effects[first:], func(e effect) bool { return e.key == key && e.what == sets })
	saw := nothing
	switch {
	case a.Kind == Read:
		saw = s.ver[at]
	case s.exp != nil:
		saw = s.exp[at]
	}
	if saw != nothing && !own && !slices.Contains(s.effects[first:], effect{key: key, what: needs, version: saw}) {
		s.effects = append(s.effects, effect{key: key, what: needs, version: saw})
		s.waiting[key][saw]++
	}
	if id, known := s.keys[key].ids[a.expects()]; s.doubts(node, a) && known && !own {
		s.effects = append(s.effects, effect{key: key, what: doubts, version: id})
	}
	if a.Kind == Read || s.ver[at] == nothing {
		return
	}
	for k := first; k < len(s.effects); k++ {
		if e := &s.effects[k]; e.key == key && e.what == sets {
			e.version = s.ver[at]
			return
		}
	}
	s.effects = append(s.effects, effect{key: key, what: sets, version: s.ver[at]})
}

// rankAll finds out what is due first: what must come before something is due no later than that.
func (s *guided) rankAll(sorted []int32) {
	due := s.due(sorted, s.kinds)
	s.byRank = slices.Clone(sorted)
	place := make([]int32, s.size)
	for k, n := range sorted {
		place[n] = int32(k)
	}
	slices.SortFunc(s.byRank, func(a, b int32) int { return cmp.Or(cmp.Compare(due[a], due[b]), cmp.Compare(place[a], place[b])) })
	s.rank = make([]int32, s.size)
	for k, n := range s.byRank {
		s.rank[n] = int32(k)
	}
	s.readers, s.writers = newRankSet(s.size), newRankSet(s.size)
	for n := range int32(s.size) {
		if int(n) < len(s.ops) && s.status[n] == dropped {
			continue
		}
		if int(n) < len(s.ops) && s.status[n] == required {
			s.left++
		}
		if s.incoming[n] == 0 {
			s.ready(n)
		}
	}
}

func (s *guided) ready(n int32) {
	if s.pure[n] {
		s.readers.add(s.rank[n])
	} else {
		s.writers.add(s.rank[n])
	}
}

// choice is a node that was taken where another might have been.
type choice struct {
	trail int   // how much had happened before
	rank  int32 // of the node
}

// run searches. Held: path tells the order. Violated: there is none. Inconclusive: the budget was used up.
func (s *guided) run() spec.Verdict {
	var chosen []choice
	from := int32(0)
	fresh := true
	for {
		if fresh {
			s.takePure()
			if s.left == 0 {
				return spec.Held
			}
			from = 0
			if !s.seen.add(s.hash, 0) {
				from = int32(s.size)
			}
		}
		next := s.nextWriter(from)
		if s.budget <= 0 {
			return spec.Inconclusive
		}
		if next >= 0 {
			s.choices = s.choices || s.writers.next(next+1) >= 0
			chosen = append(chosen, choice{len(s.trail), next})
			s.take(s.byRank[next])
			fresh = true
			continue
		}
		if len(chosen) == 0 {
			return spec.Violated
		}
		last := chosen[len(chosen)-1]
		chosen = chosen[:len(chosen)-1]
		for len(s.trail) > last.trail {
			s.back()
		}
		from, fresh = last.rank+1, false
	}
}

// nextWriter returns the rank of what may be next and changes something, from some rank on; -1 if there is nothing.
func (s *guided) nextWriter(from int32) int32 {
	for r := s.writers.next(from); r >= 0; r = s.writers.next(r + 1) {
		s.budget--
		if s.budget <= 0 {
			return -1
		}
		if s.fits(s.byRank[r]) {
			return r
		}
	}
	return -1
}

// takePure lets all that changes nothing happen that can.
func (s *guided) takePure() {
	for again := true; again; {
		again = false
		for r := s.readers.next(0); r >= 0; r = s.readers.next(r + 1) {
			if n := s.byRank[r]; s.fits(n) {
				s.take(n)
				again = true
			}
		}
	}
}

// fits reports whether a node that may be next sees what it saw, and whether everybody has seen what it replaces.
func (s *guided) fits(n int32) bool {
	if int(n) >= len(s.ops) {
		return true
	}
	s.own = s.own[:0]
	all := s.effects[s.of[n]:s.of[n+1]]
	for k := range all {
		e := &all[k]
		switch e.what {
		case needs:
			if s.held[e.key] != e.version {
				return false
			}
		case doubts:
			if s.held[e.key] == e.version {
				return false
			}
		case sets:
			waiting := s.waiting[e.key][s.held[e.key]]
			if slices.Contains(all, effect{key: e.key, what: needs, version: s.held[e.key]}) {
				waiting--
			}
			if waiting > 0 {
				return false
			}
		case happens:
			if !s.try(e, s.op(n).Outcome == Returned) {
				return false
			}
		}
	}
	return true
}

// try takes a step on a plain key, after those in own.
func (s *guided) try(e *effect, certain bool) bool {
	at := slices.IndexFunc(s.own, func(p plainState) bool { return p.key == e.key })
	if at < 0 {
		at = len(s.own)
		s.own = append(s.own, plainState{e.key, s.held[e.key]})
	}
	next, ok := s.machine.one(&e.do, s.own[at].value, certain)
	s.own[at].value = next
	return ok
}

// take lets a node happen that fits.
func (s *guided) take(n int32) {
	if s.pure[n] {
		s.readers.remove(s.rank[n])
	} else {
		s.writers.remove(s.rank[n])
	}
	s.trail = append(s.trail, n)
	if int(n) < len(s.ops) {
		s.toggle(n)
		s.affect(n)
		if s.status[n] == required {
			s.left--
		}
	}
	for e := s.start[n]; e < s.start[n+1]; e++ {
		if s.kind[e]&s.kinds == 0 {
			continue
		}
		if s.incoming[s.target[e]]--; s.incoming[s.target[e]] == 0 {
			s.ready(s.target[e])
		}
	}
}

// affect changes what the keys hold.
func (s *guided) affect(n int32) {
	plainly := false
	all := s.effects[s.of[n]:s.of[n+1]]
	for k := range all {
		switch e := &all[k]; e.what {
		case needs:
			s.waiting[e.key][e.version]--
		case sets:
			s.hold(n, e.key, e.version)
		case happens:
			plainly = true
		}
	}
	if plainly && !s.pure[n] {
		s.own = s.own[:0]
		for k := range all {
			if all[k].what == happens {
				s.try(&all[k], s.op(n).Outcome == Returned)
			}
		}
		for _, p := range s.own {
			s.hold(n, p.key, p.value)
		}
	}
}

func (s *guided) hold(n, key, version int32) {
	before := s.held[key]
	if before == version {
		return
	}
	s.undo = append(s.undo, heldBefore{n, key, before})
	s.toggleHeld(key)
	s.held[key] = version
	s.toggleHeld(key)
}

// toggleHeld takes what a key holds into what hash stands for, or out of it.
func (s *guided) toggleHeld(key int32) {
	state := uint64(key)<<32 | uint64(uint32(s.held[key]))
	s.hash[0] ^= mix(state ^ 0x5bd1e995a3c2f7b1)
	s.hash[1] ^= mix(state ^ 0x27d4eb2f165667c5)
}

func (s *guided) toggle(n int32) {
	s.hash[0] ^= mix(uint64(2*n + 1))
	s.hash[1] ^= mix(uint64(2*n + 2))
}

// back undoes what happened last.
func (s *guided) back() {
	n := s.trail[len(s.trail)-1]
	s.trail = s.trail[:len(s.trail)-1]
	for e := s.start[n]; e < s.start[n+1]; e++ {
		if s.kind[e]&s.kinds == 0 {
			continue
		}
		if s.incoming[s.target[e]]++; s.incoming[s.target[e]] == 1 {
			s.unready(s.target[e])
		}
	}
	s.ready(n)
	if int(n) >= len(s.ops) {
		return
	}
	s.toggle(n)
	if s.status[n] == required {
		s.left++
	}
	for len(s.undo) > 0 && s.undo[len(s.undo)-1].node == n {
		u := s.undo[len(s.undo)-1]
		s.undo = s.undo[:len(s.undo)-1]
		s.toggleHeld(u.key)
		s.held[u.key] = u.version
		s.toggleHeld(u.key)
	}
	for _, e := range s.effects[s.of[n]:s.of[n+1]] {
		if e.what == needs {
			s.waiting[e.key][e.version]++
		}
	}
}

func (s *guided) unready(n int32) {
	if s.pure[n] {
		s.readers.remove(s.rank[n])
	} else {
		s.writers.remove(s.rank[n])
	}
}

// path returns the operations that happened, in their order.
func (s *guided) path() []int {
	var ops []int
	for _, n := range s.trail {
		if int(n) < len(s.ops) {
			ops = append(ops, s.ops[n])
		}
	}
	return ops
}

// rankSet is a set of small numbers that tells the next one quickly: bits, and bits that say which words of bits are not empty.
type rankSet [][]uint64

func newRankSet(size int) rankSet {
	var s rankSet
	for size = (size + 63) / 64; ; size = (size + 63) / 64 {
		s = append(s, make([]uint64, max(size, 1)))
		if size <= 1 {
			return s
		}
	}
}

func (s rankSet) add(r int32) {
	for _, level := range s {
		level[r>>6] |= 1 << (r & 63)
		r >>= 6
	}
}

func (s rankSet) remove(r int32) {
	for _, level := range s {
		if level[r>>6] &^= 1 << (r & 63); level[r>>6] != 0 {
			return
		}
		r >>= 6
	}
}

// next returns the first number in the set that is at least from; -1 if there is none.
func (s rankSet) next(from int32) int32 {
	up := 0
	for r := from; ; r = r>>6 + 1 {
		if up == len(s) || int(r>>6) >= len(s[up]) {
			return -1
		}
		if word := s[up][r>>6] >> (r & 63); word != 0 {
			r += int32(bits.TrailingZeros64(word))
			for up--; up >= 0; up-- {
				r = r<<6 + int32(bits.TrailingZeros64(s[up][r]))
			}
			return r
		}
		up++
	}
}
