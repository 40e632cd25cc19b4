package spec

import (
	"cmp"
	"slices"
)

// Facts known so far form a History, the one mechanism behind every promise about the past: at most one leader in a term,
// one vote in a term, one entry at an index and term, one committed entry at an index.

// History is the facts established so far, by key. The zero value knows nothing.
//
// There are two facts for each entry and few others, so those are kept by index, and only what does not fit there by key.
type History struct {
	facts        map[Key]Fact
	entries      []entryFact // one entry for each index from first on
	first        Index       // ≥ 1 once entries is not empty
	committed    byIndex
	acknowledged byIndex
	applied      byIndex
	retired      Index // nothing is remembered of entries up to here
	failures     int   // how many commands were said to have failed
}

// byIndex are facts of a kind that is about an index and nothing else, ascending.
type byIndex []Fact

// find returns where the fact about an index is, or belongs.
func (b byIndex) find(i Index) (at int, known bool) {
	if n := len(b); n == 0 || b[n-1].Index < i {
		return n, false
	}
	if at := i - b[0].Index; i >= b[0].Index && at < Index(len(b)) && b[at].Index == i {
		return int(at), true // as it is where none is missing
	}
	return slices.BinarySearchFunc(b, i, func(g Fact, i Index) int { return cmp.Compare(g.Index, i) })
}

// at returns the fact about an index, or nil.
func (b byIndex) at(i Index) *Fact {
	own := b.own(i)
	if own == nil {
		return nil
	}
	fact := *own
	return &fact
}

// own is at without a copy: what it returns is nobody else's to keep.
func (b byIndex) own(i Index) *Fact {
	if at, known := b.find(i); known {
		return &b[at]
	}
	return nil
}

// unlike returns the fact about the index of another one, of a commitment or of what a client was told, if the two cannot be of one entry; or nil.
func (b byIndex) unlike(f *Fact) *Fact {
	if own := b.own(f.Index); own == nil || own.Entry.mayBe(f.Entry) {
		return nil
	}
	return b.at(f.Index)
}

// agree is [History.Agree] for such facts.
func (b *byIndex) agree(f *Fact) *Fact {
	at, known := b.find(f.Index)
	switch {
	case !known:
		*b = slices.Insert(*b, at, *f)
	case !(*b)[at].Same(f):
		return b.at(f.Index)
	case !(*b)[at].showsAll():
		(*b)[at] = f.with(&(*b)[at])
	}
	return nil
}

// retire forgets the facts up to an index.
func (b *byIndex) retire(upTo Index) {
	kept, _ := b.find(upTo + 1)
	*b = (*b)[kept:] // what is before goes when it grows next
}

// entryFact is a FactEntry without what its place in History says.
type entryFact struct {
	entry  Entry
	prev   Term
	by     ServerID
	origin Origin
}

// Agree adds a fact, or returns the earlier fact it contradicts. Of equal facts the first is kept, unless a later one shows more: then what both show is.
func (h *History) Agree(f *Fact) *Fact {
	if f.Index <= h.retired && f.Index > 0 {
		return nil
	}
	switch f.Kind {
	case FactEntry:
		if shelf := h.shelf(f); shelf != nil {
			return shelf.agree(f)
		}
	case FactCommitted:
		if earlier := h.agreeCommitted(f); earlier != nil {
			return earlier
		}
		if earlier := h.acknowledged.unlike(f); earlier != nil {
			return earlier
		}
		return h.failed(f)
	case FactAcknowledged:
		if earlier := h.committed.unlike(f); earlier != nil {
			return earlier
		}
		return h.acknowledged.agree(f)
	case FactApplied:
		return h.applied.agree(f)
	case FactFailed:
		if earlier := h.committedAs(f); earlier != nil {
			return earlier
		}
		h.failures++
	}
	now := *f
	if earlier, known := h.facts[f.Key]; known {
		if !earlier.Same(f) {
			return &earlier
		}
		if earlier.showsAll() {
			return nil
		}
		now = f.with(&earlier)
	}
	if h.facts == nil {
		h.facts = map[Key]Fact{}
	}
	h.facts[f.Key] = now
	return nil
}

// Retire forgets all about entries up to an index, so that the history of a long execution does not grow with it. Whoever calls it
// knows that every server has committed them, so that no promise can still be broken there but by a log that loses what was committed.
func (h *History) Retire(upTo Index) {
	if upTo <= h.retired {
		return
	}
	h.retired = upTo
	if upTo >= h.first && len(h.entries) > 0 {
		h.entries = h.entries[min(upTo+1-h.first, Index(len(h.entries))):]
		h.first = upTo + 1
	}
	h.committed.retire(upTo)
	h.acknowledged.retire(upTo)
	h.applied.retire(upTo)
	for key := range h.facts {
		if key.Index > 0 && key.Index <= upTo {
			delete(h.facts, key)
		}
	}
}

// voted reports whether a vote of a server in a term is known.
func (h *History) voted(server ServerID, term Term) bool {
	_, known := h.facts[Key{Kind: FactVote, Server: server, Term: term}]
	return known
}

// withdraw forgets the vote of a server in a term.
func (h *History) withdraw(server ServerID, term Term) {
	delete(h.facts, Key{Kind: FactVote, Server: server, Term: term})
}

// Acknowledged returns every command of which a client was told that it is done, by ascending index, where its term is known. The caller
// must not change it.
func (h *History) Acknowledged() []Fact {
	unknown := func(f Fact) bool { return f.Entry.Term == 0 }
	if !slices.ContainsFunc(h.acknowledged, unknown) {
		return h.acknowledged
	}
	return slices.DeleteFunc(slices.Clone(h.acknowledged), unknown)
}

// failed returns what says that a committed entry would never take effect, or nil.
func (h *History) failed(f *Fact) *Fact {
	if h.failures == 0 {
		return nil
	}
	if earlier, known := h.facts[Key{Kind: FactFailed, Index: f.Index, Term: f.Entry.Term}]; known {
		return &earlier
	}
	return nil
}

// committedAs returns the commitment of the very entry that is said to have failed, or nil.
func (h *History) committedAs(f *Fact) *Fact {
	if earlier := h.committedAt(f.Index); earlier != nil && earlier.Entry.Term == f.Term {
		return earlier
	}
	return nil
}

// committedAt returns what is known to be committed at an index, or nil.
func (h *History) committedAt(i Index) *Fact { return h.committed.at(i) }

// termCommitted returns what is known to be committed at an index, if that tells the term; nil otherwise. It is the history's own, and nobody else's to keep.
func (h *History) termCommitted(i Index) *Fact {
	if f := h.committed.own(i); f != nil && f.Entry.Term > 0 {
		return f
	}
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
	if e.entry == f.Entry && e.prev == f.Prev {
		return nil
	}
	earlier := Fact{Key: f.Key, Prev: e.prev, Entry: e.entry, By: e.by, Origin: e.origin}
	if !earlier.Same(f) {
		return &earlier
	}
	if !earlier.showsAll() {
		both := f.with(&earlier)
		*e = entryFact{both.Entry, both.Prev, f.By, f.Origin}
	}
	return nil
}

func (h *History) agreeCommitted(f *Fact) *Fact {
	at, known := h.committed.find(f.Index)
	switch {
	case !known:
		h.committed = slices.Insert(h.committed, at, *f)
	case !h.committed[at].Same(f):
		return h.committed.at(f.Index)
	case !h.committed[at].showsAll():
		if both := f.with(&h.committed[at]); both.Entry != h.committed[at].Entry {
			both.In = min(h.committed[at].In, f.In)
			h.committed[at] = both
		}
	}
	return nil
}

// showsAll reports whether no equal fact can say more.
func (f *Fact) showsAll() bool {
	switch f.Kind {
	case FactEntry:
		return f.Entry.Value != "" && (f.Prev > 0 || f.Index == 1)
	case FactCommitted, FactAcknowledged:
		return f.Entry.Term > 0 && (f.Entry.Value != "" || f.Entry.Kind == NoOp)
	}
	return true
}

// disorders returns the breach that what is committed at an index is of a later term than what follows it, or of an earlier one than what it follows.
func (h *History) disorders(s *Step, f *Fact) *Breach {
	for _, all := range [...]byIndex{h.committed, h.acknowledged} {
		at, known := all.find(f.Index)
		if at > 0 {
			if before := &all[at-1]; before.Entry.Term > f.Entry.Term {
				return disordered(s, f, before, before.Entry.Term, f.Entry.Term)
			}
		}
		if known {
			at++
		}
		if at < len(all) {
			if after := &all[at]; after.Entry.Term > 0 && after.Entry.Term < f.Entry.Term {
				return disordered(s, f, after, f.Entry.Term, after.Entry.Term)
			}
		}
	}
	return nil
}

func disordered(s *Step, f, other *Fact, before, after Term) *Breach {
	b := s.breach(f.Part, f.Effect, "%s has %s committed at index %d, and %s is committed at index %d", f.By, f.Entry.named(), f.Index, other.Entry.named(), other.Index).
		refusing("log[i].term ≥ log[i-1].term", "%d is below %d", after, before)
	b.Evidence = append(b.Evidence, Evidence{Role: "what was committed", Server: other.By, Part: PartFact, Origin: other.Origin})
	return b
}
