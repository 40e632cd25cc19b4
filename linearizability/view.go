package linearizability

import (
	"slices"
	"sort"
)

// withoutInvisible leaves out operations of unknown outcome that nobody can have seen: if there is an order with them there is one without
// them, and the other way round, since they need not have happened. They are what makes a search long.
func withoutInvisible(h *History, ops []int) []int {
	if !slices.ContainsFunc(ops, func(k int) bool { return h.Operations[k].Outcome != Returned }) {
		return ops
	}
	v := viewOf(h, ops)
	for again := true; again; {
		again = false
		for _, k := range ops {
			if h.Operations[k].Outcome != Returned && v.in[k] && v.invisible(k) {
				v.drop(k)
				again = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(ops), func(k int) bool { return !v.in[k] })
}

// view is who sees and who changes each key, among some operations.
type view struct {
	h  *History
	of map[string]*keyView
	in []bool // of every operation of the history: it is among them
}

// keyView is one key of a view. What was dropped stays in its lists, and is passed over.
type keyView struct {
	*view
	initial  Value
	appends  int
	mixed    bool                 // it holds something else than lists, or is compared
	elements map[Value]bool       // of all lists that were read; nil until asked for
	seers    map[Value]*observers // who sees that the key holds a value
	doubters observers            // who sees that it does not hold a value
	writers  map[Value][]int      // who sets it to a value, or appends the value
	left     map[Value]int        // how many of the writers were not dropped
	resets   []int                // operations that surely happened, after which nothing is left of what was there before, in the order of their calls
	alive    []int                // of each of resets: the first from there on that may not have been dropped
}

// observers are such of one kind, in the order of their calls.
type observers struct {
	all    []observer
	latest []int64 // of each: the latest return of it and those before
}

func (s *observers) add(h *History, o observer) {
	r := h.Operations[o.op].returnRank()
	if n := len(s.latest); n > 0 {
		r = max(r, s.latest[n-1])
	}
	s.all, s.latest = append(s.all, o), append(s.latest, r)
}

// between returns those that can have happened after an operation was called, and were called by some moment; perhaps more of the first.
func (s *observers) between(call, moment int64, h *History) []observer {
	if s == nil {
		return nil
	}
	first, _ := slices.BinarySearch(s.latest, call)
	end := len(s.all)
	if moment != never {
		end = first + sort.Search(end-first, func(k int) bool { return h.Operations[s.all[first+k].op].callRank() > moment })
	}
	return s.all[first:end]
}

type observer struct {
	op      int
	value   Value
	depends bool  // it surely sees that; otherwise it is a comparison of which nobody knows the result
	sets    Value // a comparison: what it sets
}

func viewOf(h *History, set []int) *view {
	v := &view{h: h, of: map[string]*keyView{}, in: make([]bool, len(h.Operations))}
	for _, k := range set {
		v.in[k] = true
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
		key = &keyView{view: v, initial: v.h.initial(a.Key), seers: map[Value]*observers{}, writers: map[Value][]int{}, left: map[Value]int{}}
		v.of[a.Key] = key
	}
	switch a.Kind {
	case Read:
		if a.Shown && certain {
			key.saw(a.Value, observer{op: op, value: a.Value, depends: true})
		}
	case Expect:
		if a.Differs {
			key.doubters.add(v.h, observer{op: op, value: a.Value, depends: true})
		} else {
			key.saw(a.Value, observer{op: op, value: a.Value, depends: true})
		}
	case Add:
		key.appends++
		key.mixed = true
	case Append:
		key.appends++
		key.mixed = key.mixed || !a.Value.IsList()
	case Write:
		key.mixed = key.mixed || !a.Value.IsList()
	case CompareAndSet:
		key.mixed = true
		if o := (observer{op: op, value: a.Expected, depends: certain, sets: a.Value}); certain && a.Differs {
			key.doubters.add(v.h, o)
		} else {
			key.saw(a.Expected, o)
		}
	}
	if a.changes(certain) {
		if w := key.writers[a.Value]; len(w) == 0 || w[len(w)-1] != op {
			key.writers[a.Value] = append(w, op)
			key.left[a.Value]++
		}
		if certain && a.Kind != Append && a.Kind != Add {
			key.resets = append(key.resets, op)
		}
	}
}

// saw notes who sees that the key holds a value.
func (key *keyView) saw(v Value, o observer) {
	if key.seers[v] == nil {
		key.seers[v] = &observers{}
	}
	key.seers[v].add(key.h, o)
}

// drop takes an operation out.
func (v *view) drop(op int) {
	v.in[op] = false
	o := &v.h.Operations[op]
	for n := range o.Do {
		a := &o.Do[n]
		key := v.of[a.Key]
		if a.Kind == Append || a.Kind == Add {
			key.appends--
		}
		if a.changes(o.Outcome == Returned) && !o.writes(a.Key, a.Value, n) {
			key.left[a.Value]--
		}
	}
}

// writes reports whether one of the first n actions of an operation changes a key to a value.
func (o *Operation) writes(key string, v Value, n int) bool {
	for k := range n {
		if a := &o.Do[k]; a.Key == key && a.Value == v && a.changes(o.Outcome == Returned) {
			return true
		}
	}
	return false
}

// unseen reports whether nobody else can see what an operation changes, and the others still read as a history without it.
func (v *view) unseen(op int) bool {
	o := &v.h.Operations[op]
	for n := range o.Do {
		if a := &o.Do[n]; a.changes(o.Outcome == Returned) && !v.of[a.Key].spares(op, a) {
			return false
		}
	}
	return v.invisible(op)
}

// invisible reports whether nobody else can see what an operation changes.
func (v *view) invisible(op int) bool {
	o := &v.h.Operations[op]
	for n := range o.Do {
		if a := &o.Do[n]; a.changes(o.Outcome == Returned) && !v.of[a.Key].hides(op, a) {
			return false
		}
	}
	return true
}

// spares reports whether every value that somebody sees is still written by somebody else, if the operation is left out.
func (key *keyView) spares(op int, a *Action) bool {
	if a.Value == key.initial || key.left[a.Value] > 2 {
		return true // of three writers one is neither this one nor the one who sees it
	}
	if key.seers[a.Value] == nil {
		return true
	}
	return !slices.ContainsFunc(key.seers[a.Value].all, func(o observer) bool {
		return key.in[o.op] && o.op != op && o.depends && !slices.ContainsFunc(key.writers[a.Value], func(w int) bool {
			return key.in[w] && w != op && w != o.op
		})
	})
}

// hides reports whether nobody else can see what one action of an operation changes.
func (key *keyView) hides(op int, a *Action) bool {
	if key.appends > 0 && !key.mixed {
		if !key.shows(a.Value) {
			return true
		}
	}
	return !key.sees(op, a.Value, key.covered(op), nil)
}

// sees reports whether anybody may see that an operation set the key to a value, or what came of that: a comparison of which nobody
// knows the result may have set a value to another. With appends every state depends on all that came before. Otherwise a value is
// seen by who sees that very value, and by who sees that the key does not hold another one.
func (key *keyView) sees(op int, v Value, covered int64, through []Value) bool {
	mayBe := func(o *observer) bool {
		return key.in[o.op] && o.op != op && !precedes(key.h, o.op, op) && covered >= key.h.Operations[o.op].callRank()
	}
	if key.appends > 0 {
		return key.anybody(mayBe)
	}
	call := key.h.Operations[op].callRank()
	for _, o := range key.doubters.between(call, covered, key.h) {
		if o.value != v && mayBe(&o) {
			return true
		}
	}
	seers := key.seers[v].between(call, covered, key.h)
	for k := range seers {
		o := &seers[k]
		if mayBe(o) && (o.depends || !slices.Contains(through, o.sets) && key.sees(op, o.sets, covered, append(through, v))) {
			return true
		}
	}
	return false
}

// anybody reports whether somebody who sees anything is such.
func (key *keyView) anybody(such func(*observer) bool) bool {
	if slices.ContainsFunc(key.doubters.all, func(o observer) bool { return such(&o) }) {
		return true
	}
	for _, seers := range key.seers {
		for k := range seers.all {
			if such(&seers.all[k]) {
				return true
			}
		}
	}
	return false
}

// shows reports whether any list that was read has all elements of the list v. A list that is set or appended to is not seen otherwise.
func (key *keyView) shows(v Value) bool {
	if key.elements == nil {
		key.elements = map[Value]bool{}
		for list := range key.seers {
			for e := range list.Elements {
				key.elements[e] = true
			}
		}
	}
	for e := range v.Elements {
		if !key.elements[e] {
			return false
		}
	}
	return true
}

// covered returns when what an operation changed is surely overwritten: the first return of a write that surely happened and was called
// after the operation had returned. Nobody who is called later sees the change.
func (key *keyView) covered(op int) int64 {
	first := int64(never)
	o := &key.h.Operations[op]
	if o.Outcome != Returned {
		return first
	}
	at := sort.Search(len(key.resets), func(n int) bool { return key.h.Operations[key.resets[n]].callRank() > o.returnRank() })
	for at = key.living(at); at < len(key.resets); at = key.living(at + 1) {
		next := &key.h.Operations[key.resets[at]]
		if next.callRank() > first {
			break // it returns later still, and so do all that follow
		}
		first = min(first, next.returnRank())
	}
	return first
}

// living returns the first of the resets from one on that was not dropped.
func (key *keyView) living(at int) int {
	for len(key.alive) < len(key.resets) {
		key.alive = append(key.alive, len(key.alive))
	}
	end := at
	for end < len(key.resets) && !key.in[key.resets[end]] {
		end = max(key.alive[end], end+1)
	}
	for at < end { // what was passed over is not looked at again
		next := max(key.alive[at], at+1)
		key.alive[at], at = end, next
	}
	return end
}

// precedes reports whether one operation returned before another was called.
func precedes(h *History, a, b int) bool {
	return h.Operations[a].returnRank() < h.Operations[b].callRank()
}
