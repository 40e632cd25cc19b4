package linearizability

import (
	"math/rand/v2"
	"strconv"
)

// shape says what random histories look like.
type shape struct {
	ops, clients, keys, values int
	unique                     bool // no value is written twice to a key
	kinds                      []Kind
	wide                       bool  // transactions of up to three actions
	lists                      bool  // appended values are lists
	texts                      bool  // values are texts, of which none begins another
	initial                    Value // what every key holds at first
	honest                     int   // of 10 operations, how many see what they would really see
}

// random makes a history of a store that mostly behaves: clients call and return in a random order, each operation takes effect at a
// random moment between, and now and then a client sees something else, is told nothing, or is told of a failure.
func random(r *rand.Rand, s shape) *History {
	g := &generator{Rand: r, shape: s, h: &History{Initial: s.initial}, state: map[string]Value{}, past: map[string][]Value{}}
	open := map[int]int{} // of a client: its operation under way
	applied := map[int]bool{}
	for done := 0; done < s.ops || len(open) > 0; {
		c := r.IntN(s.clients)
		k, busy := open[c]
		switch {
		case !busy && len(g.h.Operations) < s.ops:
			open[c] = g.h.Call(strconv.Itoa(c), g.actions()...)
		case !busy:
			done = s.ops
			if len(open) == 0 {
				return g.h
			}
		case !applied[k] && r.IntN(3) > 0:
			applied[k] = true
			g.apply(k)
		case r.IntN(8) == 0: // it never returns
			switch r.IntN(4) {
			case 0:
				g.h.Lose(k)
			case 1:
				if !applied[k] || r.IntN(10) == 0 {
					g.h.Fail(k)
				}
			}
			delete(open, c)
			done++
		case applied[k]:
			g.finish(k)
			delete(open, c)
			done++
		}
	}
	return g.h
}

type generator struct {
	*rand.Rand
	shape
	h     *History
	state map[string]Value
	next  int
	past  map[string][]Value
}

func (g *generator) value() Value {
	if g.unique {
		g.next++
		if g.texts {
			return Text(strconv.Itoa(g.next) + ";")
		}
		return Literal(strconv.Itoa(g.next))
	}
	return Literal(strconv.Itoa(1 + g.IntN(g.values)))
}

func (g *generator) actions() []Action {
	n := 1
	if g.wide {
		n += g.IntN(3)
	}
	var do []Action
	for range n {
		key := strconv.Itoa(g.IntN(g.keys))
		switch g.kinds[g.IntN(len(g.kinds))] {
		case Read:
			do = append(do, ReadOf(key))
		case Write:
			v := g.value()
			if g.lists {
				v = List(v)
			}
			do = append(do, WriteOf(key, v))
		case CompareAndSet:
			do = append(do, CompareAndSetOf(key, g.value(), g.value()))
		case Append:
			v := g.value()
			if g.lists {
				v = List(v)
			}
			do = append(do, AppendOf(key, v))
		case Add:
			do = append(do, AddOf(key, int64(g.IntN(4)-1)))
		case Expect:
			v := g.value()
			switch {
			case g.IntN(4) == 0:
				v = Absent
			case g.lists:
				v = List(v)
			}
			e := ExpectOf(key, v)
			e.Differs = g.IntN(3) == 0
			do = append(do, e)
		}
	}
	return do
}

// apply lets an operation take effect, and notes what it sees.
func (g *generator) apply(k int) {
	o := &g.h.Operations[k]
	o.Do = append([]Action(nil), o.Do...)
	if !g.expected(o) {
		return
	}
	for n := range o.Do {
		a := &o.Do[n]
		held := g.held(a.Key)
		g.past[a.Key] = append(g.past[a.Key], held)
		switch a.Kind {
		case Read:
			a.Value = held
			if g.IntN(10) >= g.honest {
				a.Value = g.guess(a.Key)
			}
		case CompareAndSet:
			a.Differs = held != a.Expected
			if !a.Differs {
				g.state[a.Key] = a.Value
			}
			if g.IntN(10) >= g.honest {
				a.Differs = !a.Differs
			}
		default:
			g.state[a.Key], _ = a.take(held, false)
		}
	}
}

// expected reports whether what an operation expects is so, or else whether it takes effect all the same.
func (g *generator) expected(o *Operation) bool {
	for n := range o.Do {
		if a := &o.Do[n]; a.Kind == Expect {
			if _, ok := a.take(g.held(a.Key), false); !ok && g.IntN(20) > 0 {
				return false
			}
		}
	}
	return true
}

func (g *generator) held(key string) Value {
	if v, set := g.state[key]; set {
		return v
	}
	return g.initial
}

// guess is some value that the key may have held, or held before.
func (g *generator) guess(key string) Value {
	if g.IntN(4) == 0 {
		return Absent
	}
	if past := g.past[key]; len(past) > 0 && g.IntN(2) == 0 {
		return past[g.IntN(len(past))]
	}
	v := Literal(strconv.Itoa(1 + g.IntN(max(g.next, g.values, 1))))
	switch {
	case g.texts && g.IntN(3) == 0:
		return Text(string(v[1:]))
	case g.texts:
		return Text(string(v[1:]) + ";")
	case g.lists:
		return List(v)
	}
	return v
}

func (g *generator) finish(k int) {
	o := g.h.end(k, Returned)
	for n := range o.Do {
		if o.Do[n].Kind == Read {
			o.Do[n].Shown = g.IntN(20) > 0
		}
	}
}
