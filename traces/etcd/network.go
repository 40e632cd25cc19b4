package etcd

import "github.com/raftcheck/raftcheck/spec"

// network remembers what was sent, so that everything that arrives can be told to have been sent. Messages may be lost,
// doubled and reordered, so a message that left may arrive at any later time, any number of times.
type network struct {
	links map[link]map[content]*flight
}

type link struct{ from, to spec.ServerID }

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
	sent int // line of its Send event
	left int // line of the Ready that let it go; 0 while none has
	lost int // line of the restart before which it never left; 0 otherwise
}

func (n *network) on(from, to spec.ServerID) map[content]*flight {
	if n.links == nil {
		n.links = map[link]map[content]*flight{}
	}
	all := n.links[link{from, to}]
	if all == nil {
		all = map[content]*flight{}
		n.links[link{from, to}] = all
	}
	return all
}

// queue adds a message that waits for its sender's next Ready.
func (n *network) queue(m *message, line int) *flight {
	all := n.on(m.from, m.to)
	key := contentOf(m)
	f := all[key]
	if f == nil {
		f = &flight{sent: line}
		all[key] = f
	} else if f.left == 0 {
		f.sent, f.lost = line, 0
	}
	return f
}

// find returns where a message came from, or nil when it was never sent.
func (n *network) find(m *message) *flight {
	return n.on(m.from, m.to)[contentOf(m)]
}

// nearest returns a message of the same kind on the same link that left and differs in as few fields as can be, and in which fields.
func (n *network) nearest(m *message) (best content, from *flight, differ []string) {
	want := contentOf(m)
	for c, f := range n.on(m.from, m.to) {
		if c.kind != want.kind || f.left == 0 {
			continue
		}
		d := differences(c, want)
		if from == nil || len(d) < len(differ) || len(d) == len(differ) && f.sent > from.sent {
			best, from, differ = c, f, d
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
