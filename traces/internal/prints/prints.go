// Package prints finds things by their fingerprints.
package prints

// Table is a list of things and their fingerprints, in the order in which they came, and a table with open addressing of where they are. Things with the same fingerprint
// are told apart by whoever asks. The zero Table is empty.
type Table[T any] struct {
	places []place // a power of two, at most half of them taken
	things []thing[T]
}

type thing[T any] struct {
	print uint64
	is    T
}

// place says which thing belongs to it, and what its fingerprint begins with, so that others hardly ever need be looked at.
type place struct {
	begins uint32
	number uint32 // from 1; 0 is none
}

// Len returns how many things there are.
func (t *Table[T]) Len() int { return len(t.things) }

// All yields the things in the order in which they came.
func (t *Table[T]) All(yield func(T) bool) {
	for k := range t.things {
		if !yield(t.things[k].is) {
			return
		}
	}
}

// Find returns the first thing with a fingerprint that is the one wanted, and whether there is one.
func (t *Table[T]) Find(print uint64, wanted func(T) bool) (is T, there bool) {
	if len(t.things) == 0 {
		return is, false
	}
	k, there := t.find(print, wanted)
	if there {
		is = t.things[t.places[k].number-1].is
	}
	return is, there
}

// Add adds a thing unless there is one with its fingerprint that is the same.
func (t *Table[T]) Add(print uint64, is T, same func(T) bool) {
	if 2*len(t.things) >= len(t.places) {
		t.grow()
	}
	k, there := t.find(print, same)
	if !there {
		t.things = append(t.things, thing[T]{print, is})
		t.places[k] = place{uint32(print >> 32), uint32(len(t.things))}
	}
}

// find returns the place of the first thing with a fingerprint that is the one wanted, or the place for another one.
func (t *Table[T]) find(print uint64, wanted func(T) bool) (at int, there bool) {
	last := len(t.places) - 1
	for k := int(print) & last; ; k = (k + 1) & last {
		p := t.places[k]
		if p.number == 0 {
			return k, false
		}
		if p.begins == uint32(print>>32) {
			if n := &t.things[p.number-1]; n.print == print && wanted(n.is) {
				return k, true
			}
		}
	}
}

// grow makes room for twice as many.
func (t *Table[T]) grow() {
	t.places = make([]place, max(64, 2*len(t.places)))
	t.things = append(make([]thing[T], 0, len(t.places)/2), t.things...)
	for n := range t.things {
		print := t.things[n].print
		k, _ := t.find(print, func(T) bool { return false })
		t.places[k] = place{uint32(print >> 32), uint32(n + 1)}
	}
}
