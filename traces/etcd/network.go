package etcd

import (
	"hash/maphash"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/prints"
)

// network remembers what was sent, so that everything that arrives can be told to have been sent. Messages may be lost,
// doubled and reordered, so a message that left may arrive at any later time, any number of times.
type network struct {
	links map[link]*wire
	near  [64]*wire    // of links, by the last digits of both ends
	seed  maphash.Seed // of fingerprints of contents, which never leave this process
}

type link struct{ from, to spec.ServerID }

// wire is what was sent on one link: two generations of messages. When the later is full the earlier is forgotten.
type wire struct {
	of          link
	now, before prints.Table[*flight]
	slab        []flight
	horizon     content // the greatest term, index and commit of what was forgotten
	forgot      bool
}

// generation is how many different messages of one link a generation holds.
const generation = 1 << 16

// content is a message without its ends.
type content struct {
	kind    kind
	reject  bool
	term    spec.Term
	entries spec.Index
	logTerm spec.Term
	index   spec.Index
	commit  spec.Index
	vote    spec.ServerID
	hint    spec.Index
}

func contentOf(m *message) content {
	return content{m.kind, m.reject, m.term, m.entries, m.logTerm, m.index, m.commit, m.vote, m.hint}
}

// flight is where a message came from. Equal messages of one link share it, with the lines of the first.
type flight struct {
	content content
	sent    int // line of its Send event
	left    int // line of the Ready that let it go; 0 while none has
	lost    int // line of the restart before which it never left; 0 otherwise
}

func (n *network) on(from, to spec.ServerID) *wire {
	near := &n.near[from%8*8+to%8]
	if w := *near; w != nil && w.of == (link{from, to}) {
		return w
	}
	if n.links == nil {
		n.links, n.seed = map[link]*wire{}, maphash.MakeSeed()
	}
	w := n.links[link{from, to}]
	if w == nil {
		w = &wire{of: link{from, to}}
		n.links[w.of] = w
	}
	*near = w
	return w
}

func (w *wire) find(print uint64, c *content) *flight {
	same := func(f *flight) bool { return f.content == *c }
	if f, is := w.now.Find(print, same); is {
		return f
	}
	f, _ := w.before.Find(print, same)
	return f
}

// queue adds a message that waits for its sender's next Ready.
func (n *network) queue(m *message, line int) *flight {
	w, c := n.on(m.from, m.to), contentOf(m)
	print := maphash.Comparable(n.seed, c)
	f := w.find(print, &c)
	switch {
	case f == nil:
		f = w.add(print, &c)
		f.sent = line
	case f.left == 0:
		f.sent, f.lost = line, 0
	}
	return f
}

func (w *wire) add(print uint64, c *content) *flight {
	if w.now.Len() >= generation {
		for f := range w.before.All {
			w.forgot = true
			w.horizon.term = max(w.horizon.term, f.content.term)
			w.horizon.index = max(w.horizon.index, f.content.index)
			w.horizon.commit = max(w.horizon.commit, f.content.commit)
		}
		w.before, w.now = w.now, prints.Table[*flight]{}
	}
	if len(w.slab) == 0 {
		w.slab = make([]flight, 64)
	}
	f := &w.slab[0]
	w.slab = w.slab[1:]
	f.content = *c
	w.now.Add(print, f, func(*flight) bool { return false })
	return f
}

// find returns where a message came from, or nil when it was not sent as far as is remembered.
func (n *network) find(m *message) *flight {
	w, c := n.on(m.from, m.to), contentOf(m)
	return w.find(maphash.Comparable(n.seed, c), &c)
}

// mayBeForgotten reports whether a message may have been sent so long ago that nothing is remembered of it.
func (n *network) mayBeForgotten(m *message) bool {
	w := n.on(m.from, m.to)
	h := &w.horizon
	return w.forgot && m.term <= h.term && m.index <= h.index && m.commit <= h.commit
}

// nearest returns a message of the same kind on the same link that left and differs in as few fields as can be, and in which fields.
func (n *network) nearest(m *message) (best content, from *flight, differ []string) {
	want := contentOf(m)
	w := n.on(m.from, m.to)
	for _, all := range []*prints.Table[*flight]{&w.now, &w.before} {
		for f := range all.All {
			c := f.content
			if c.kind != want.kind || f.left == 0 {
				continue
			}
			d := differences(c, want)
			if from == nil || len(d) < len(differ) || len(d) == len(differ) && f.sent > from.sent {
				best, from, differ = c, f, d
			}
		}
	}
	return best, from, differ
}

func differences(a, b content) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{{"term", a.term == b.term}, {"reject", a.reject == b.reject}, {"index", a.index == b.index}, {"entries", a.entries == b.entries},
		{"logTerm", a.logTerm == b.logTerm}, {"commit", a.commit == b.commit}, {"rejectHint", a.hint == b.hint}, {"vote", a.vote == b.vote}} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}
