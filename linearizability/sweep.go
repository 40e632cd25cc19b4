package linearizability

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// sweep goes through the calls and returns of a long history once, and keeps all that the store may be at the moment: the state, and
// which of the operations under way have happened (Lowe, 2017: just in time). An operation is made to happen only when it
// returns, together with others under way that must come before it. Unlike run it forgets what is past, so that its time grows with the
// length of the history; it does not tell the order. The first return that leaves no possibility is where the history goes wrong: blocked is
// its rank.
func (s *search) sweep(h *History, keys []string, ops []int, budget int) spec.Verdict {
	s.load(h, keys, ops)
	s.budget = budget
	return s.sweeps(h, keys, false)
}

// sweepLoosely is sweep for many operations of unknown outcome, which make that long: each of them may happen as often as one likes, once it was
// called, so that nobody needs to remember which of them have. If even so nothing explains what clients saw, the history is wrong. If
// something does, that says nothing, unless there are none of them: Held is certain only then, and it is Inconclusive otherwise.
func (s *search) sweepLoosely(h *History, keys []string, ops []int) spec.Verdict {
	s.load(h, keys, ops)
	s.budget = looseSteps(len(keys), len(s.ops))
	any := false
	for k := range s.ops {
		o := &s.ops[k]
		if any = any || !o.certain; o.certain {
			continue
		}
		for n := range o.steps {
			if kind := o.steps[n].kind; kind == Append || kind == Add {
				return spec.Inconclusive // as often as one likes it would lead ever further
			}
		}
	}
	if v := s.sweeps(h, keys, true); v != spec.Held || !any {
		return v
	}
	return spec.Inconclusive
}

// looseSteps is how many steps a loose sweep may take: many for each operation on one key, where they take no memory.
func looseSteps(keys, ops int) int {
	if keys > 1 {
		return sweepSteps(keys, sweepBytes)
	}
	return sweepBudget + 200*ops
}

// sweeps goes through what was loaded.
func (s *search) sweeps(h *History, keys []string, loosely bool) spec.Verdict {
	s.blocked = 0
	w := sweeper{search: s, loosely: loosely}
	w.events()
	w.scratch = make([]uint64, w.words)
	w.now.reset(w.words)
	w.next.reset(w.words)
	w.tried.reset(w.words)
	w.now.add(s.initial(h, keys), make([]uint64, w.words))
	for _, e := range w.all {
		if !e.returns {
			w.call(e.op)
			continue
		}
		w.ret(e.op)
		switch {
		case s.budget <= 0:
			return spec.Inconclusive
		case w.now.len() == 0:
			s.blocked = s.ops[e.op].ret
			return spec.Violated
		}
	}
	return spec.Held
}

// sweeper is a sweep under way.
type sweeper struct {
	*search
	all    []event
	slot   []int // of every operation: the bit that stands for it while it is under way
	words  int   // of a set of operations under way
	active []int // operations under way, in the order of their calls

	loosely bool  // what need not happen may happen as often as one likes
	anytime []int // then: those that were called, one of those that do the same

	scratch   []uint64
	now, next possibilities
	tried     possibilities // while one return is looked at
}

type event struct {
	rank    int64
	op      int
	returns bool
}

// events sorts calls and returns, and gives every operation a bit that no other has while it is under way.
func (w *sweeper) events() {
	w.all = make([]event, 0, 2*len(w.ops))
	for k := range w.ops {
		o := &w.ops[k]
		w.all = append(w.all, event{o.call, k, false})
		if o.certain {
			w.all = append(w.all, event{o.ret, k, true})
		}
	}
	slices.SortStableFunc(w.all, func(a, b event) int { return cmp.Compare(a.rank, b.rank) })
	w.slot = make([]int, len(w.ops))
	var free []int
	used := 0
	for _, e := range w.all {
		switch {
		case e.returns:
			free = append(free, w.slot[e.op])
		case w.loosely && !w.ops[e.op].certain: // nobody remembers whether it happened
		case len(free) > 0:
			w.slot[e.op], free = free[len(free)-1], free[:len(free)-1]
		default:
			w.slot[e.op] = used
			used++
		}
	}
	w.words = max(1, (used+63)/64)
}

// call lets an operation begin. What changes nothing happens at once where it fits.
func (w *sweeper) call(op int) {
	o := &w.ops[op]
	if w.loosely && !o.certain {
		if !o.pure && w.twin[op] == nothing {
			w.anytime = append(w.anytime, op)
		}
		return
	}
	w.active = append(w.active, op)
	if !o.pure {
		return
	}
	for k := range w.now.len() {
		if _, fits := w.take(o.steps, w.now.states[k], o.certain); fits {
			mark(w.now.set(k), w.slot[op])
		}
	}
}

// ret lets an operation return: it must have happened by now.
func (w *sweeper) ret(op int) {
	w.next.clear()
	w.tried.clear()
	bit := w.slot[op]
	for k := range w.now.len() {
		done := w.now.set(k)
		if has(done, bit) {
			w.next.addWithout(w.now.states[k], done, bit)
			continue
		}
		w.tried.add(w.now.states[k], done)
	}
	for k := 0; k < w.tried.len() && w.budget > 0; k++ {
		w.expand(k, bit)
	}
	w.now, w.next = w.next, w.now
	w.active = slices.DeleteFunc(w.active, func(a int) bool { return a == op })
}

// expand lets every operation under way happen next, in one of the possibilities in which the one that returns has not happened.
func (w *sweeper) expand(k, bit int) {
	for _, op := range w.active {
		o := &w.ops[op]
		if o.pure || has(w.tried.set(k), w.slot[op]) || !o.certain && w.twin[op] != nothing && !has(w.tried.set(k), w.slot[w.twin[op]]) {
			continue
		}
		w.budget--
		state := w.tried.states[k]
		next, fits := w.take(o.steps, state, o.certain)
		if !fits || !o.certain && next == state {
			continue
		}
		copy(w.scratch, w.tried.set(k))
		mark(w.scratch, w.slot[op])
		w.reach(next, bit)
	}
	for _, op := range w.anytime {
		w.budget--
		if next, fits := w.take(w.ops[op].steps, w.tried.states[k], false); fits && next != w.tried.states[k] {
			copy(w.scratch, w.tried.set(k))
			w.reach(next, bit)
		}
	}
}

// reach adds a possibility that can be reached, with what is in scratch and all that changes nothing.
func (w *sweeper) reach(state int32, bit int) {
	w.takeAll(state, w.scratch)
	if has(w.scratch, bit) {
		w.next.addWithout(state, w.scratch, bit)
	} else {
		w.tried.add(state, w.scratch)
	}
}

// takeAll lets everything happen that changes nothing and fits the state.
func (w *sweeper) takeAll(state int32, done []uint64) {
	for _, op := range w.active {
		o := &w.ops[op]
		if !o.pure || has(done, w.slot[op]) {
			continue
		}
		if _, fits := w.take(o.steps, state, o.certain); fits {
			mark(done, w.slot[op])
		}
	}
}

func has(s []uint64, bit int) bool { return s[bit>>6]&(1<<(bit&63)) != 0 }
func mark(s []uint64, bit int)     { s[bit>>6] |= 1 << (bit & 63) }

// possibilities is a set of states, each with the operations under way that have happened.
type possibilities struct {
	words  int
	states []int32
	sets   []uint64
	table  []int32 // numbers of entries, from 1; 0 is empty
	room   []uint64
}

func (p *possibilities) reset(words int) {
	p.words, p.room = words, make([]uint64, words)
	p.table = make([]int32, 64)
}

func (p *possibilities) len() int           { return len(p.states) }
func (p *possibilities) set(k int) []uint64 { return p.sets[k*p.words : (k+1)*p.words] }

func (p *possibilities) clear() {
	p.states, p.sets = p.states[:0], p.sets[:0]
	clear(p.table)
}

// addWithout adds a possibility, leaving out an operation that has returned.
func (p *possibilities) addWithout(state int32, done []uint64, bit int) {
	copy(p.room, done)
	p.room[bit>>6] &^= 1 << (bit & 63)
	p.add(state, p.room)
}

// add adds a possibility, if it is new.
func (p *possibilities) add(state int32, done []uint64) {
	if 2*len(p.states) >= len(p.table) {
		p.grow()
	}
	at := p.find(state, done)
	if p.table[at] != 0 {
		return
	}
	p.states = append(p.states, state)
	p.sets = append(p.sets, done...)
	p.table[at] = int32(len(p.states))
}

func (p *possibilities) find(state int32, done []uint64) int {
	hash := mix(uint64(state))
	for _, word := range done {
		hash = mix(bits.RotateLeft64(hash, 5) ^ word)
	}
	size := len(p.table) - 1
	at := int(hash) & size
	for ; p.table[at] != 0; at = (at + 1) & size {
		if k := int(p.table[at]) - 1; p.states[k] == state && slices.Equal(p.set(k), done) {
			break
		}
	}
	return at
}

func (p *possibilities) grow() {
	p.table = make([]int32, 2*len(p.table))
	for k := range p.states {
		p.table[p.find(p.states[k], p.set(k))] = int32(k + 1)
	}
}
