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
	s.budget, s.blocked = budget, 0
	w := sweeper{search: s}
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
	w.active = append(w.active, op)
	o := &w.ops[op]
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
	scratch := w.scratch
	for _, op := range w.active {
		o := &w.ops[op]
		if o.pure || has(w.tried.set(k), w.slot[op]) {
			continue
		}
		w.budget--
		state := w.tried.states[k]
		next, fits := w.take(o.steps, state, o.certain)
		if !fits || !o.certain && next == state {
			continue
		}
		copy(scratch, w.tried.set(k))
		mark(scratch, w.slot[op])
		w.takeAll(next, scratch)
		if has(scratch, bit) {
			w.next.addWithout(next, scratch, bit)
		} else {
			w.tried.add(next, scratch)
		}
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
