package spec

import "slices"

// Facts known so far form a History, the one mechanism behind every promise about the past: at most one leader in a term,
// one vote in a term, one entry at an index and term, one committed entry at an index.

// History is the facts established so far, by key. The zero value knows nothing.
//
// There are two facts for each entry and few others, so those are kept by index, and only what does not fit there by key.
type History struct {
	facts     map[Key]Fact
	entries   []entryFact // one entry for each index from first on
	first     Index       // ≥ 1 once entries is not empty
	committed []Fact      // ascending by index
}

// entryFact is a FactEntry without what its place in History says.
type entryFact struct {
	entry  Entry
	prev   Term
	by     ServerID
	origin Origin
}

// Agree adds a fact, or returns the earlier fact it contradicts. Of equal facts the first is kept, unless a later one shows more.
func (h *History) Agree(f *Fact) *Fact {
	switch f.Kind {
	case FactEntry:
		if shelf := h.shelf(f); shelf != nil {
			return shelf.agree(f)
		}
	case FactCommitted:
		return h.agreeCommitted(f)
	}
	if earlier, known := h.facts[f.Key]; known {
		if !earlier.Same(f) {
			return &earlier
		}
		if earlier.showsAll() {
			return nil
		}
	}
	if h.facts == nil {
		h.facts = map[Key]Fact{}
	}
	h.facts[f.Key] = *f
	return nil
}

// Committed returns every committed fact, by ascending index. The caller must not change it.
func (h *History) Committed() []Fact { return h.committed }

// shelf returns the place of an entry by its index, made for it if the index is the next; nil if another term has the place.
func (h *History) shelf(f *Fact) *entryFact {
	if len(h.entries) == 0 {
		h.first = f.Index
	}
	at := f.Index - h.first
	switch {
	case f.Index < h.first || at > Index(len(h.entries)):
		return nil
	case at == Index(len(h.entries)):
		h.entries = append(h.entries, entryFact{f.Entry, f.Prev, f.By, f.Origin})
	case h.entries[at].entry.Term != f.Term:
		return nil
	}
	return &h.entries[at]
}

func (e *entryFact) agree(f *Fact) *Fact {
	earlier := Fact{Key: f.Key, Prev: e.prev, Entry: e.entry, By: e.by, Origin: e.origin}
	if !earlier.Same(f) {
		return &earlier
	}
	if !earlier.showsAll() {
		*e = entryFact{f.Entry, f.Prev, f.By, f.Origin}
	}
	return nil
}

func (h *History) agreeCommitted(f *Fact) *Fact {
	at, known := len(h.committed), false
	if at > 0 && f.Index <= h.committed[at-1].Index {
		at, known = slices.BinarySearchFunc(h.committed, f.Index, func(g Fact, i Index) int { return int(g.Index) - int(i) })
	}
	switch {
	case !known:
		h.committed = slices.Insert(h.committed, at, *f)
	case !h.committed[at].Same(f):
		earlier := h.committed[at]
		return &earlier
	}
	return nil
}

// showsAll reports whether no equal fact can say more.
func (f *Fact) showsAll() bool {
	return f.Kind != FactEntry || f.Entry.Value != "" && (f.Prev > 0 || f.Index == 1)
}
