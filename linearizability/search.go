package linearizability

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// search tries the orders of a part's operations (Wing and Gong, 1993), remembering what it has tried (Lowe, 2017): a set of
// operations done and the state they lead to. It counts its steps and not the time, so that the same history always gives the
// same answer. A search may be used again; it is not for concurrent use.
type search struct {
	machine
	ops    []numbered // ascending by call
	arena  []step
	slots  []string
	slotOf map[string]int32 // of a key: its place in slots; nil while there are few
	done   []bool
	next   []int32 // of an operation that is not done: the next such; behind the last one stands the number of operations, in front of the first, too
	prev   []int32
	twin   []int32 // of an operation that need not happen: the one called before it that does the same; nothing if there is none
	twins  map[step]int32
	budget int // steps that are left
	seen   visited
	hash   [2]uint64 // of the operations done; up to 64 operations it is the set itself
	path   []int32   // the operations done, in their order
	all    []int     // of onePart
	key    [1]string

	blocked int64 // the latest return that some order tried could not get past
}

// numbered is an operation with its keys and values as numbers.
type numbered struct {
	call, ret int64 // ranks; ret is never for an operation that need not happen
	certain   bool  // it returned
	pure      bool  // it never changes the state
	steps     []step
	index     int // into History.Operations
}

// visited is the set of configurations that were tried.
type visited struct {
	table []visit
	used  int
	round uint32
}

type visit struct {
	hash  [2]uint64
	state int32
	round uint32
}

// run decides the operations of a history with those numbers, on those keys: held and violated are certain, inconclusive means that the
// budget was used up.
func (s *search) run(h *History, keys []string, ops []int, budget int) spec.Verdict {
	s.load(h, keys, ops)
	s.budget = budget
	left := 0
	for k := range s.ops {
		if s.ops[k].certain {
			left++
		}
	}
	s.blocked = 0
	switch found := s.from(s.initial(h, keys), left); {
	case found:
		return spec.Held
	case s.budget <= 0:
		return spec.Inconclusive
	}
	return spec.Violated
}

// searchSteps is how many steps a search may take for so many operations: a few for each beyond those for going back.
func searchSteps(ops int) int { return searchBudget + 4*ops }

// load numbers keys and values.
func (s *search) load(h *History, keys []string, ops []int) {
	s.reset(len(keys))
	s.slots, s.slotOf = keys, nil
	if len(keys) > few {
		s.slotOf = make(map[string]int32, len(keys))
		for k, key := range keys {
			s.slotOf[key] = int32(k)
		}
	}
	s.ops, s.arena, s.path = s.ops[:0], s.arena[:0], s.path[:0]
	s.hash = [2]uint64{}
	total := 0
	for _, k := range ops {
		total += len(h.Operations[k].Do)
	}
	s.arena = slices.Grow(s.arena, total)
	for _, k := range ops {
		if o := &h.Operations[k]; !o.silent() {
			s.add(o, k)
		}
	}
	s.done = slices.Grow(s.done[:0], len(s.ops))[:len(s.ops)]
	clear(s.done)
	s.link()
	s.seen.clear()
}

// link makes the list of what is not done, and finds operations that can stand for each other: of two that need not happen and do the same
// the one that was called first goes first.
func (s *search) link() {
	n := int32(len(s.ops))
	s.next, s.prev, s.twin = slices.Grow(s.next[:0], int(n)+1)[:n+1], slices.Grow(s.prev[:0], int(n)+1)[:n+1], slices.Grow(s.twin[:0], int(n))[:n]
	clear(s.twins)
	for k := range n + 1 {
		s.next[k], s.prev[k] = (k+1)%(n+1), (k+n)%(n+1)
	}
	for k := range s.ops {
		o := &s.ops[k]
		if s.twin[k] = nothing; o.certain || o.pure || len(o.steps) != 1 {
			continue
		}
		if before, known := s.twins[o.steps[0]]; known {
			s.twin[k] = before
		} else if s.twins == nil {
			s.twins = map[step]int32{}
		}
		s.twins[o.steps[0]] = int32(k)
	}
}

func (s *search) add(o *Operation, index int) {
	n := numbered{call: o.callRank(), ret: o.returnRank(), certain: o.Outcome == Returned, pure: !o.changes(), index: index}
	first := len(s.arena)
	for k := range o.Do {
		a := &o.Do[k]
		st := step{kind: a.Kind, shown: a.Shown, differs: a.Differs, slot: s.slot(a.Key)}
		if a.Kind != Read || a.Shown {
			st.value = s.value(a.Value)
		}
		if a.Kind == CompareAndSet {
			st.expected = s.value(a.Expected)
		}
		s.arena = append(s.arena, st)
	}
	n.steps = s.arena[first:len(s.arena):len(s.arena)]
	s.ops = append(s.ops, n)
}

// slot returns the number of a key.
func (s *search) slot(key string) int32 {
	switch {
	case len(s.slots) == 1:
		return 0
	case s.slotOf != nil:
		return s.slotOf[key]
	}
	return int32(slices.Index(s.slots, key))
}

// from reports whether the operations that are left can be done from a state; left is how many are not done that must be.
func (s *search) from(state int32, left int) bool {
	taken := len(s.path)
	if left = s.takeReads(state, left); left == 0 {
		return true
	}
	if s.seen.add(s.hash, state) {
		if s.tryAll(state, left) {
			return true
		}
	}
	for len(s.path) > taken {
		s.undo()
	}
	return false
}

// tryAll tries every operation that may be the next.
func (s *search) tryAll(state int32, left int) bool {
	deadline := int64(never)
	for k := s.first(); k < len(s.ops); k = int(s.next[k]) {
		o := &s.ops[k]
		if o.call > deadline {
			break
		}
		deadline = min(deadline, o.ret)
	}
	s.blocked = max(s.blocked, deadline)
	return s.try(state, left, deadline, true) || s.try(state, left, deadline, false)
}

// try tries the operations that surely happened, or those that need not.
func (s *search) try(state int32, left int, deadline int64, certain bool) bool {
	for k := s.first(); k < len(s.ops); k = int(s.next[k]) {
		o := &s.ops[k]
		if o.call > deadline {
			break
		}
		if o.pure || o.certain != certain || s.twin[k] != nothing && !s.done[s.twin[k]] {
			continue
		}
		if s.budget--; s.budget <= 0 {
			return false
		}
		next, ok := s.take(o.steps, state, certain)
		if !ok || !certain && next == state {
			continue
		}
		s.do(k)
		rest := left
		if certain {
			rest--
		}
		if s.from(next, rest) {
			return true
		}
		s.undo()
	}
	return false
}

// takeReads does what changes nothing and fits the state: it can never be wrong to do that at once. It returns how many are left.
func (s *search) takeReads(state int32, left int) int {
	for again := true; again; {
		again = false
		deadline := int64(never)
		for k := s.first(); k < len(s.ops); k = int(s.next[k]) {
			o := &s.ops[k]
			if o.call > deadline {
				break
			}
			if o.pure {
				if _, ok := s.take(o.steps, state, o.certain); ok {
					s.do(k)
					left--
					again = true
					continue
				}
			}
			deadline = min(deadline, o.ret)
		}
	}
	return left
}

// first returns the first operation that is not done; their number if all are.
func (s *search) first() int { return int(s.next[len(s.ops)]) }

func (s *search) do(k int) {
	s.done[k] = true
	s.next[s.prev[k]], s.prev[s.next[k]] = s.next[k], s.prev[k]
	s.path = append(s.path, int32(k))
	s.toggle(k)
}

func (s *search) undo() {
	k := s.path[len(s.path)-1]
	s.path = s.path[:len(s.path)-1]
	s.done[k] = false
	s.next[s.prev[k]], s.prev[s.next[k]] = k, k
	s.toggle(int(k))
}

// toggle adds an operation to the set that hash stands for, or takes it out.
func (s *search) toggle(k int) {
	if len(s.ops) <= 64 {
		s.hash[0] ^= 1 << k
		return
	}
	s.hash[0] ^= mix(uint64(2*k + 1))
	s.hash[1] ^= mix(uint64(2*k + 2))
}

// mix is the finalizer of SplitMix64: consecutive numbers give unrelated ones.
func mix(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// clear forgets everything.
func (v *visited) clear() {
	v.used = 0
	if v.round++; v.round == 0 {
		clear(v.table)
		v.round = 1
	}
}

// add reports whether the configuration is new, and remembers it.
func (v *visited) add(hash [2]uint64, state int32) bool {
	if 2*v.used >= len(v.table) {
		v.grow()
	}
	at := v.find(hash, state)
	if v.table[at].round == v.round {
		return false
	}
	v.table[at] = visit{hash, state, v.round}
	v.used++
	return true
}

// find returns where the configuration is, or the empty place where it belongs.
func (v *visited) find(hash [2]uint64, state int32) int {
	size := len(v.table) - 1
	at := int(mix(hash[0]^mix(hash[1]+uint64(state)))) & size
	for v.table[at].round == v.round && (v.table[at].hash != hash || v.table[at].state != state) {
		at = (at + 1) & size
	}
	return at
}

func (v *visited) grow() {
	old := v.table
	v.table = make([]visit, max(64, 2*len(old)))
	for _, e := range old {
		if e.round == v.round {
			v.table[v.find(e.hash, e.state)] = e
		}
	}
}
