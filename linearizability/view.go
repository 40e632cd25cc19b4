package linearizability

import "slices"

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
			if h.Operations[k].Outcome != Returned && v.set[k] && v.invisible(k) {
				v.drop(k)
				again = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(ops), func(k int) bool { return !v.set[k] })
}

// view is who sees and who changes each key, among some operations.
type view struct {
	h   *History
	of  map[string]*keyView
	set map[int]bool
}

type keyView struct {
	appends   int
	mixed     bool           // it holds something else than lists, or is compared
	elements  map[Value]bool // of all lists that were read; nil until asked for
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
		key.mixed = key.mixed || !a.Value.IsList()
		key.changers = append(key.changers, changer{op: op, value: a.Value})
	case Write:
		key.mixed = key.mixed || !a.Value.IsList()
		key.changers = append(key.changers, changer{op: op, value: a.Value, resets: certain})
	case CompareAndSet:
		key.mixed = true
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

// unseen reports whether nobody else can see what an operation changes, and the others still read as a history without it.
func (v *view) unseen(op int) bool {
	o := &v.h.Operations[op]
	for n := range o.Do {
		if a := &o.Do[n]; a.changes(o.Outcome == Returned) && !v.of[a.Key].spares(v.h, op, a) {
			return false
		}
	}
	return v.invisible(op)
}

// invisible reports whether nobody else can see what an operation changes.
func (v *view) invisible(op int) bool {
	o := &v.h.Operations[op]
	for n := range o.Do {
		a := &o.Do[n]
		if !a.changes(o.Outcome == Returned) {
			continue
		}
		key := v.of[a.Key]
		if key.sees(v.h, op, a.Value, key.covered(v.h, op), nil) {
			return false
		}
	}
	return true
}

// spares reports whether every value that somebody sees is still written by somebody else, if the operation is left out.
func (key *keyView) spares(h *History, op int, a *Action) bool {
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
	if key.appends > 0 && !key.mixed && !key.shows(v) {
		return false
	}
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

// shows reports whether any list that was read has an element of the list v. A list that is set or appended to is not seen otherwise.
func (key *keyView) shows(v Value) bool {
	if key.elements == nil {
		key.elements = map[Value]bool{}
		for _, o := range key.observers {
			for e := range o.value.Elements {
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
