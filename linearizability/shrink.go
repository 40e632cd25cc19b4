package linearizability

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// Shrinking makes a part that is wrong as small as possible, by steps each of which can only take away what is wrong and never add
// anything: if what is left is not linearizable, neither was what was there before. What may be taken away:
//
//   - an operation that changes nothing, always;
//   - an operation that changes something, if nobody who is left can see the change: it is of a value that nobody sees, or that is surely
//     overwritten before anybody looks. One write of every value that is seen stays, so that the rest still reads as a history;
//   - an element of lists, from all appends and reads at once (see lists.go).
type shrinker struct {
	ctx    context.Context
	until  time.Time // when to end with what there is; zero for never
	h      *History  // a copy of the part's operations, whose values may change
	keys   []string
	search search
	steps  int  // of searches that are left
	asks   int  // of porcupine that are left
	gaveUp bool // a set was left standing because nobody could say whether less would do
	doubt  bool // the same, in the pass that matters: the result may not be 1-minimal
	lists  *lists
	parts  map[int]bool // of operations: some of its actions were left out
	model  *Model       // that is violated; nil for the strictest
}

const (
	shrinkBudget = 30_000     // steps of one search before it sweeps
	shrinkSteps  = 60_000_000 // steps of all
	shrinkAsks   = 20         // questions to porcupine, of a second each
	mostAsked    = 2_000      // operations in such a question
)

// newShrinker copies the operations of a part.
func newShrinker(ctx context.Context, h *History, p *part) *shrinker {
	s := &shrinker{ctx: ctx, keys: p.keys, steps: shrinkSteps, asks: shrinkAsks, h: &History{Initial: h.Initial, InitialOf: h.InitialOf, Clients: h.Clients, things: h.things}}
	for _, k := range p.ops {
		o := h.Operations[k]
		if slices.ContainsFunc(o.Do, func(a Action) bool { return a.Value.IsList() || a.Kind == Append }) {
			o.Do = slices.Clone(o.Do) // elements of lists are left out
		}
		s.h.Operations = append(s.h.Operations, o)
	}
	return s
}

// wrong reports whether the operations of the set cannot be ordered.
func (s *shrinker) wrong(set []int) bool {
	if s.late() {
		s.gaveUp, s.doubt = true, true
		return false
	}
	if s.model != nil {
		return violates(s.history(set), *s.model)
	}
	set = withoutInvisible(s.h, set)
	v := spec.Inconclusive
	if s.steps > 0 {
		v = s.search.run(s.h, s.keys, set, shrinkBudget)
		s.steps -= shrinkBudget - max(s.search.budget, 0) + len(set)
		if v == spec.Inconclusive {
			v = s.sweep(set)
		}
	}
	if v == spec.Inconclusive && s.asks > 0 && len(set) <= mostAsked {
		s.asks--
		v = askPorcupine(s.ctx, s.h, s.keys, set, time.Second)
	}
	s.gaveUp = s.gaveUp || v == spec.Inconclusive
	return v == spec.Violated
}

// late reports whether there is no time left to shrink.
func (s *shrinker) late() bool {
	return s.ctx.Err() != nil || !s.until.IsZero() && time.Now().After(s.until)
}

// sweep sweeps some operations, loosely first.
func (s *shrinker) sweep(set []int) spec.Verdict {
	v := s.search.sweepLoosely(s.h, s.keys, set)
	s.steps -= looseSteps(len(s.keys), len(set)) - max(s.search.budget, 0)
	if v == spec.Inconclusive {
		budget := sweepSteps(len(s.keys), sweepBytes)
		v = s.search.sweep(s.h, s.keys, set, budget)
		s.steps -= budget - max(s.search.budget, 0)
	}
	return v
}

// shrink returns the smallest set of operations it finds that is wrong. What was tried in vain before the last pass does not keep the
// result from being 1-minimal. core is what the zones found, or nil.
func (s *shrinker) shrink(core *conflict, p *part) []int {
	if core != nil && !core.list {
		return s.minimal(placesOf(core.ops, p.ops))
	}
	set := make([]int, len(p.ops))
	for n := range set {
		set[n] = n
	}
	if s.lists = listsOf(s.h, s.keys, set); s.lists != nil {
		s.lists.fewest(s, core, &set)
	}
	if core != nil {
		set = s.onlyCore(set, placesOf(core.ops, p.ops))
	}
	set = s.cutEnd(set)
	if len(set) > manyOperations {
		set = s.latest(set)
	}
	few := s.fewValues(set)
	if len(few) == len(set) || len(set) > shortParts {
		return s.smaller(s.minimal(few))
	}
	return s.smaller(shorter(s.minimal(few), s.minimal(set)))
}

// manyOperations is how many operations are too many to try one thing after another with all of them.
const manyOperations = 2_000

// latest looks whether the last operations are enough, with what of the earlier ones they take: few first, then more.
func (s *shrinker) latest(set []int) []int {
	for last := 32; last < len(set)/2; last *= 8 {
		if rest := s.without(set, set[:len(set)-last]); len(rest) < len(set)/2 && s.wrong(rest) {
			return rest
		}
	}
	return set
}

// smaller makes the transactions of a minimal set smaller: it leaves out reads, and writes that nobody sees, and then what can be
// spared without them.
func (s *shrinker) smaller(set []int) []int {
	if s.lists != nil {
		return set
	}
	s.parts = map[int]bool{}
	for _, k := range set {
		o := &s.h.Operations[k]
		for n := 0; len(o.Do) > 1 && n < len(o.Do); {
			if !s.leaveOutAction(set, o, k, n) {
				n++
			}
		}
	}
	if len(s.parts) == 0 {
		return set
	}
	return s.oneByOne(set, false)
}

// mayLeaveOut reports whether it is sound to take one action out of a transaction: a read, or a change of a key that nobody else sees
// and the transaction does not use again.
func (s *shrinker) mayLeaveOut(set []int, k, n int) bool {
	o := &s.h.Operations[k]
	a := &o.Do[n]
	if !a.changes(o.Outcome == Returned) {
		return true
	}
	key := viewOf(s.h, set).of[a.Key]
	return key.hides(k, a) && key.spares(k, a) && !touches(o, n)
}

// leaveOutAction takes one action out of a transaction, if that is sound and the set is still wrong.
func (s *shrinker) leaveOutAction(set []int, o *Operation, k, n int) bool {
	if !s.mayLeaveOut(set, k, n) {
		return false
	}
	before := o.Do
	o.Do = slices.Delete(slices.Clone(o.Do), n, n+1)
	if !s.wrong(set) {
		o.Do = before
		return false
	}
	s.parts[k] = true
	return true
}

// touches reports whether a transaction uses the key of one of its actions again.
func touches(o *Operation, n int) bool {
	for k := range o.Do {
		if k != n && o.Do[k].Key == o.Do[n].Key {
			return true
		}
	}
	return false
}

// shortParts is how many operations a part may have to be shrunk in two ways, of which the better counts.
const shortParts = 300

// minimal returns a 1-minimal set.
func (s *shrinker) minimal(set []int) []int {
	set = s.cutEnd(set)
	set = s.halves(set)
	if s.lists != nil {
		s.lists.shrink(s, &set)
	}
	s.gaveUp = false
	least := shorter(s.oneByOne(slices.Clone(set), false), s.oneByOne(set, true))
	s.doubt = s.doubt || s.gaveUp
	return least
}

func shorter(a, b []int) []int {
	if len(b) < len(a) {
		return b
	}
	return a
}

// placesOf returns where operations are in a part.
func placesOf(core, ops []int) []int {
	places := make([]int, len(core))
	for n, op := range core {
		places[n], _ = slices.BinarySearch(ops, op)
	}
	return places
}

// onlyCore takes out all that is not in the core, if what is left is still wrong.
func (s *shrinker) onlyCore(set, core []int) []int {
	var others []int
	for _, k := range set {
		if _, in := slices.BinarySearch(core, k); !in {
			others = append(others, k)
		}
	}
	if rest := s.without(set, others); s.wrong(rest) {
		return rest
	}
	return set
}

// end is when the operation returned, if it did.
func (o *Operation) end() int64 {
	if o.Outcome != Returned {
		return always
	}
	return o.returnRank()
}

// mostPairs is how many pairs are tried before the slow way is taken.
const mostPairs = 5_000

// fewValues looks whether the operations on one or two values of a register are enough, as they often are: those that the last operation to
// return sees or sets, and another.
func (s *shrinker) fewValues(set []int) []int {
	var values []Value
	index := map[Value]int{}
	of := make([][]int, len(s.h.Operations)) // of an operation: the values that it sees or sets
	for _, k := range set {
		for n := range s.h.Operations[k].Do {
			a := &s.h.Operations[k].Do[n]
			if a.Kind == Append || a.Kind == Add {
				return set
			}
			for _, v := range []Value{a.Value, a.Expected} {
				if v == a.Expected && a.Kind != CompareAndSet || a.Kind == Read && !a.Shown {
					continue
				}
				if _, known := index[v]; !known {
					index[v] = len(values)
					values = append(values, v)
				}
				of[k] = append(of[k], index[v])
			}
		}
	}
	if len(values) > mostPairs || len(set) < 8 {
		return set
	}
	last := slices.MaxFunc(set, func(a, b int) int { return cmp.Compare(s.h.Operations[a].end(), s.h.Operations[b].end()) })
	for _, x := range of[last] {
		for y := range values {
			var others []int
			for _, k := range set {
				if slices.ContainsFunc(of[k], func(v int) bool { return v != x && v != y }) {
					others = append(others, k)
				}
			}
			if rest := s.without(set, others); len(rest) < len(set) && s.wrong(rest) {
				return rest
			}
		}
	}
	return set
}

// cutEnd drops what comes after the first return at which the operations are wrong. A sweep tells which that is; what is left may be
// in order all the same, since an operation that returned later may have been under way, and then it is searched for.
func (s *shrinker) cutEnd(set []int) []int {
	if s.steps > 0 && s.sweep(withoutInvisible(s.h, set)) == spec.Violated {
		if rest := s.without(set, s.after(set, s.search.blocked)); s.wrong(rest) {
			return rest
		}
	}
	var returns []int64
	for _, k := range set {
		if o := &s.h.Operations[k]; o.Outcome == Returned {
			returns = append(returns, o.returnRank())
		}
	}
	slices.Sort(returns)
	best := set
	for low, high := 0, len(returns)-1; low < high; {
		middle := (low + high) / 2
		if rest := s.without(set, s.after(set, returns[middle])); s.wrong(rest) {
			best, high = rest, middle
		} else {
			low = middle + 1
		}
	}
	return best
}

// after returns the operations that return later than a moment.
func (s *shrinker) after(set []int, rank int64) (later []int) {
	for _, k := range set {
		if s.h.Operations[k].returnRank() > rank {
			later = append(later, k)
		}
	}
	return later
}

// halves drops large pieces first, then smaller ones, the oldest first.
func (s *shrinker) halves(set []int) []int {
	for size := len(set) / 2; size > 1; size /= 2 {
		for at := 0; at < len(set); {
			rest := s.without(set, set[at:min(at+size, len(set))])
			if len(rest) < len(set) && s.wrong(rest) {
				set = rest
			} else {
				at += size
			}
		}
	}
	return set
}

// oneByOne drops single operations until none can be spared: the result is 1-minimal.
func (s *shrinker) oneByOne(set []int, back bool) []int {
	for again := true; again; {
		again = false
		for n := 0; n < len(set); {
			at := n
			if back {
				at = len(set) - 1 - n
			}
			rest := s.without(set, []int{set[at]})
			if len(rest) < len(set) && s.wrong(rest) {
				set, again = rest, true
			} else {
				n++
			}
		}
	}
	return set
}

// without takes out as many of the unwanted operations as may be taken out.
func (s *shrinker) without(set, unwanted []int) []int {
	if s.late() {
		return set
	}
	in := make([]bool, len(s.h.Operations))
	for _, k := range set {
		in[k] = true
	}
	unwanted = slices.DeleteFunc(slices.Sorted(slices.Values(unwanted)), func(k int) bool { return !in[k] })
	return leaveOut(s.h, set, unwanted, (*view).unseen)
}
