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
	h      *History // a copy of the part's operations, whose values may change
	keys   []string
	search search
	steps  int  // of searches that are left
	asks   int  // of porcupine that are left
	gaveUp bool // a set was left standing because nobody could say whether less would do
	doubt  bool // the same, in the pass that matters: the result may not be 1-minimal
	lists  *lists
}

const (
	shrinkBudget = 100_000    // steps of one search
	shrinkSteps  = 10_000_000 // steps of all
	shrinkAsks   = 20         // questions to porcupine, of a second each
	mostAsked    = 2_000      // operations in such a question
)

// newShrinker copies the operations of a part.
func newShrinker(ctx context.Context, h *History, p *part) *shrinker {
	s := &shrinker{ctx: ctx, keys: p.keys, steps: shrinkSteps, asks: shrinkAsks, h: &History{Initial: h.Initial, Clients: h.Clients}}
	for _, k := range p.ops {
		o := h.Operations[k]
		o.Do = slices.Clone(o.Do)
		s.h.Operations = append(s.h.Operations, o)
	}
	return s
}

// wrong reports whether the operations of the set cannot be ordered.
func (s *shrinker) wrong(set []int) bool {
	v := spec.Inconclusive
	if s.steps > 0 {
		v = s.search.run(s.h, s.keys, set, shrinkBudget)
		s.steps -= shrinkBudget - max(s.search.budget, 0) + len(set)
	}
	if v == spec.Inconclusive && s.asks > 0 && len(set) <= mostAsked {
		s.asks--
		v = askPorcupine(s.ctx, s.h, s.keys, set, time.Second)
	}
	s.gaveUp = s.gaveUp || v == spec.Inconclusive
	return v == spec.Violated
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
	few := s.fewValues(set)
	if len(few) == len(set) || len(set) > shortParts {
		return s.minimal(few)
	}
	return shorter(s.minimal(few), s.minimal(set))
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
			if a.Kind == Append {
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

// cutEnd drops what comes after the first return at which the operations are wrong.
func (s *shrinker) cutEnd(set []int) []int {
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
		var later []int
		for _, k := range set {
			if s.h.Operations[k].returnRank() > returns[middle] {
				later = append(later, k)
			}
		}
		if rest := s.without(set, later); s.wrong(rest) {
			best, high = rest, middle
		} else {
			low = middle + 1
		}
	}
	return best
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
	away := make([]bool, len(s.h.Operations))
	for _, k := range unwanted {
		away[k] = true
	}
	rest := slices.DeleteFunc(slices.Clone(set), func(k int) bool { return away[k] && !s.h.Operations[k].changes() })
	v := viewOf(s.h, rest)
	for again := true; again; {
		again = false
		for _, k := range unwanted {
			if v.set[k] && v.unseen(k) {
				v.drop(k)
				again = true
			}
		}
	}
	return slices.DeleteFunc(rest, func(k int) bool { return !v.set[k] })
}

// view is who sees and who changes each key, among some operations.
type view struct {
	h   *History
	of  map[string]*keyView
	set map[int]bool
}

type keyView struct {
	appends   int
	observers []observer
	changers  []changer
}

type observer struct {
	op      int
	value   Value
	differs bool  // it sees that the key does not hold the value
	depends bool  // it surely sees that; otherwise it is a comparison of which nobody knows the result
	sets    Value // a comparison: what it sets
}

type changer struct {
	op     int
	value  Value
	resets bool // what was there before is gone, and it surely happened
}

func viewOf(h *History, set []int) *view {
	v := &view{h: h, of: map[string]*keyView{}, set: make(map[int]bool, len(set))}
	for _, k := range set {
		v.set[k] = true
		o := &h.Operations[k]
		for n := range o.Do {
			v.add(k, o.Outcome == Returned, &o.Do[n])
		}
	}
	return v
}

func (v *view) add(op int, certain bool, a *Action) {
	key := v.of[a.Key]
	if key == nil {
		key = &keyView{}
		v.of[a.Key] = key
	}
	switch a.Kind {
	case Read:
		if a.Shown && certain {
			key.observers = append(key.observers, observer{op: op, value: a.Value, depends: true})
		}
	case Append:
		key.appends++
		key.changers = append(key.changers, changer{op: op, value: a.Value})
	case Write:
		key.changers = append(key.changers, changer{op: op, value: a.Value, resets: certain})
	case CompareAndSet:
		key.observers = append(key.observers, observer{op: op, value: a.Expected, differs: certain && a.Differs, depends: certain, sets: a.Value})
		if a.changes(certain) {
			key.changers = append(key.changers, changer{op: op, value: a.Value, resets: certain})
		}
	}
}

func (v *view) drop(op int) {
	delete(v.set, op)
	for n := range v.h.Operations[op].Do {
		key := v.of[v.h.Operations[op].Do[n].Key]
		if v.h.Operations[op].Do[n].Kind == Append {
			key.appends--
		}
		key.observers = slices.DeleteFunc(key.observers, func(o observer) bool { return o.op == op })
		key.changers = slices.DeleteFunc(key.changers, func(c changer) bool { return c.op == op })
	}
}

// unseen reports whether nobody else can see what an operation changes.
func (v *view) unseen(op int) bool {
	for n := range v.h.Operations[op].Do {
		a := &v.h.Operations[op].Do[n]
		if a.changes(v.h.Operations[op].Outcome == Returned) && !v.of[a.Key].unseen(v.h, op, a) {
			return false
		}
	}
	return true
}

func (key *keyView) unseen(h *History, op int, a *Action) bool {
	if key.sees(h, op, a.Value, key.covered(h, op), nil) {
		return false
	}
	return a.Value == h.Initial || !slices.ContainsFunc(key.observers, func(o observer) bool {
		return o.op != op && o.depends && !o.differs && o.value == a.Value && !slices.ContainsFunc(key.changers, func(c changer) bool {
			return c.op != op && c.op != o.op && c.value == a.Value
		})
	})
}

// sees reports whether anybody may see that an operation set the key to a value, or what came of that: a comparison of which nobody
// knows the result may have set a value to another. With appends every state depends on all that came before. Otherwise a value is
// seen by who sees that very value, and by who sees that the key does not hold another one.
func (key *keyView) sees(h *History, op int, v Value, covered int64, through []Value) bool {
	for _, o := range key.observers {
		if o.op == op || key.appends == 0 && (o.value == v) == o.differs || precedes(h, o.op, op) || covered < h.Operations[o.op].callRank() {
			continue
		}
		if o.depends || key.appends > 0 {
			return true
		}
		if !slices.Contains(through, o.sets) && key.sees(h, op, o.sets, covered, append(through, v)) {
			return true
		}
	}
	return false
}

// covered returns when what an operation changed is surely overwritten: the first return of a write that surely happened and was called
// after the operation had returned. Nobody who is called later sees the change.
func (key *keyView) covered(h *History, op int) int64 {
	first := int64(never)
	for _, c := range key.changers {
		if c.resets && precedes(h, op, c.op) {
			first = min(first, h.Operations[c.op].returnRank())
		}
	}
	return first
}

// precedes reports whether one operation returned before another was called.
func precedes(h *History, a, b int) bool {
	return h.Operations[a].returnRank() < h.Operations[b].callRank()
}
