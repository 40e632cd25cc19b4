package linearizability

import (
	"cmp"
	"slices"
	"sort"
)

// withoutInvisible leaves out operations of unknown outcome that nobody can have seen: if there is an order with them there is one without
// them, and the other way round, since they need not have happened. They are what makes a search long.
func withoutInvisible(h *History, ops []int) []int {
	var unknown []int
	for _, k := range ops {
		if h.Operations[k].Outcome != Returned {
			unknown = append(unknown, k)
		}
	}
	return leaveOut(h, ops, unknown, (*view).invisible)
}

// leaveOut takes as many of the unwanted operations out of a set as can be spared, all at once: such of which nobody sees who stays, though they may see
// each other. It begins without all of them, and takes back those that are not spared until there are none; spared says of one of them
// whether it is, when those of the view stay.
//
// That is sound, if an operation whose change somebody may see is not spared: take an order of the whole set, and leave the others out. Who stays saw
// what the latest change before him left. Somebody made that who stays, too, or else his change was seen. So he sees the same.
func leaveOut(h *History, set, unwanted []int, spared func(*view, int) bool) []int {
	if len(unwanted) == 0 {
		return set
	}
	v := newView(h)
	away := make([]bool, len(h.Operations))
	for _, k := range unwanted {
		away[k] = true
	}
	for _, k := range set {
		v.overwrites(k)
		if !away[k] {
			v.add(k)
		}
	}
	for again := true; again; {
		again = false
		for n := len(unwanted) - 1; n >= 0; n-- { // what is seen by who stays stays before what it saw is looked at
			if k := unwanted[n]; away[k] && !spared(v, k) {
				away[k], again = false, true
				v.add(k)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(set), func(k int) bool { return away[k] })
}

// view is who sees and who changes each key, among some operations.
type view struct {
	h  *History
	of map[string]*keyView
}

// keyView is one key of a view.
type keyView struct {
	*view
	initial  Value
	appends  int
	mixed    bool                 // it holds something else than lists, or is compared: then more is seen of a list than its elements
	elements map[Value]bool       // of all lists that were read; nil until asked for
	seers    map[Value]*observers // who sees that the key holds a value
	doubters observers            // who sees that it does not hold a value
	adders   observers            // who sees that it holds nothing, or a number that can be added to
	uneven   bool                 // it may hold something that cannot be added to
	writers  map[Value][]int      // who sets it to a value, or appends the value
	resets   []int                // operations that surely happened, after which nothing is left of what was there before, in the order of their calls; those that are left out too
}

// observers are such of one kind, in the order of their calls.
type observers struct {
	all    []observer
	latest []int64 // of each: the latest return of it and those before
}

// add adds one, mostly at the end or near the beginning.
func (s *observers) add(h *History, o observer) {
	at, _ := slices.BinarySearchFunc(s.all, o.op, func(a observer, op int) int { return cmp.Compare(a.op, op) })
	s.all, s.latest = slices.Insert(s.all, at, o), slices.Insert(s.latest, at, always)
	r := int64(always)
	if at > 0 {
		r = s.latest[at-1]
	}
	for ; at < len(s.all); at++ {
		r = max(r, h.Operations[s.all[at].op].returnRank())
		if s.latest[at] == r {
			return // and so it is with those behind it
		}
		s.latest[at] = r
	}
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

func newView(h *History) *view { return &view{h: h, of: map[string]*keyView{}} }

// viewOf is the view of some operations.
func viewOf(h *History, set []int) *view {
	v := newView(h)
	for _, k := range set {
		v.overwrites(k)
		v.add(k)
	}
	return v
}

// key returns what is known of a key.
func (v *view) key(name string) *keyView {
	key := v.of[name]
	if key == nil {
		initial := v.h.initial(name)
		key = &keyView{view: v, initial: initial, uneven: !initial.isSmall(), seers: map[Value]*observers{}, writers: map[Value][]int{}}
		v.of[name] = key
	}
	return key
}

// overwrites notes what an operation overwrites, or adds to, whether it stays or not. Operations come in the order of their calls.
func (v *view) overwrites(op int) {
	o := &v.h.Operations[op]
	for n := range o.Do {
		a := &o.Do[n]
		key := v.key(a.Key)
		switch a.Kind {
		case Append:
			key.appends++
			key.mixed, key.uneven = key.mixed || !a.Value.IsList(), true
		case Add:
			key.appends++
			key.mixed, key.uneven = true, key.uneven || !a.Value.isSmall()
		case Write:
			key.mixed, key.uneven = key.mixed || !a.Value.IsList(), key.uneven || !a.Value.isSmall()
		case CompareAndSet:
			key.mixed, key.uneven = true, key.uneven || !a.Value.isSmall()
		case Expect:
			key.mixed = key.mixed || a.Differs
		}
		if o.Outcome == Returned && a.changes(true) && a.Kind != Append && a.Kind != Add {
			key.resets = append(key.resets, op)
		}
	}
}

// add adds an operation that stays.
func (v *view) add(op int) {
	o := &v.h.Operations[op]
	certain := o.Outcome == Returned
	for n := range o.Do {
		a := &o.Do[n]
		key := v.key(a.Key)
		switch sees := (observer{op: op, value: a.Value, depends: true}); {
		case a.Kind == Read && a.Shown && certain, a.Kind == Expect && !a.Differs:
			key.saw(a.Value, sees)
		case a.Kind == Expect:
			key.doubters.add(v.h, sees)
		case a.Kind == CompareAndSet && certain && a.Differs:
			key.doubters.add(v.h, observer{op: op, value: a.Expected, depends: true, sets: a.Value})
		case a.Kind == CompareAndSet:
			key.saw(a.Expected, observer{op: op, value: a.Expected, depends: certain, sets: a.Value})
		case a.Kind == Add:
			key.adders.add(v.h, sees)
		}
		if a.changes(certain) {
			key.writers[a.Value] = append(key.writers[a.Value], op)
		}
	}
}

// saw notes who sees that the key holds a value.
func (key *keyView) saw(v Value, o observer) {
	if key.seers[v] == nil {
		key.seers[v] = &observers{}
		if key.elements != nil {
			for e := range v.Elements {
				key.elements[e] = true
			}
		}
	}
	key.seers[v].add(key.h, o)
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
	if a.Value == key.initial || key.seers[a.Value] == nil {
		return true
	}
	other := -1
	for _, w := range key.writers[a.Value] {
		switch {
		case w == op || w == other:
		case other < 0:
			other = w
		default:
			return true // one of two is not the one who sees it
		}
	}
	return !slices.ContainsFunc(key.seers[a.Value].all, func(o observer) bool { return o.op != op && o.depends && (other < 0 || o.op == other) })
}

// hides reports whether nobody else can see what one action of an operation changes.
func (key *keyView) hides(op int, a *Action) bool {
	if key.appends > 0 && !key.mixed {
		if !key.shows(a.Value) {
			return true
		}
	}
	return !key.sees(op, a.Value, key.covered(op))
}

// sees reports whether anybody may see that an operation set the key to a value, or what came of that: a comparison of which nobody
// knows the result may have set a value to another. With appends every state depends on all that came before. Otherwise a value is
// seen by who sees that very value, and by who sees that the key does not hold another one.
func (key *keyView) sees(op int, v Value, covered int64) bool {
	mayBe := func(o *observer) bool {
		return o.op != op && !precedes(key.h, o.op, op) && covered >= key.h.Operations[o.op].callRank()
	}
	if key.appends > 0 {
		return key.anybody(mayBe)
	}
	call := key.h.Operations[op].callRank()
	came := []Value{v} // of it
	for n := 0; n < len(came); n++ {
		doubters := key.doubters.between(call, covered, key.h)
		for k := range doubters {
			if o := &doubters[k]; o.value != came[n] && mayBe(o) {
				return true
			}
		}
		seers := key.seers[came[n]].between(call, covered, key.h)
		for k := range seers {
			switch o := &seers[k]; {
			case !mayBe(o):
			case o.depends:
				return true
			case !slices.Contains(came, o.sets):
				came = append(came, o.sets)
			}
		}
	}
	return false
}

// anybody reports whether somebody who sees anything is such.
func (key *keyView) anybody(such func(*observer) bool) bool {
	if slices.ContainsFunc(key.doubters.all, func(o observer) bool { return such(&o) }) ||
		key.uneven && slices.ContainsFunc(key.adders.all, func(o observer) bool { return such(&o) }) {
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
	for _, k := range key.resets[at:] {
		next := &key.h.Operations[k]
		if next.callRank() > first {
			break // it returns later still, and so do all that follow
		}
		first = min(first, next.returnRank())
	}
	return first
}

// precedes reports whether one operation returned before another was called.
func precedes(h *History, a, b int) bool {
	return h.Operations[a].returnRank() < h.Operations[b].callRank()
}
