package checker

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// What clients know is a part of the history where they read: how far anybody was told that commands have taken effect, and how far
// that was when each read began that is still waiting. It is kept as facts of two kinds that only the checker has, so that equal
// knowledge is one history, whose rules are judged once for each step that it meets.
const (
	factTold  spec.FactKind = 250 + iota // clients know of the command at Index; nobody disagrees with it
	factAsked                            // Server was asked for the read Entry.Value, which must see the command at Index; Term counts equal ones
)

// readsAreAsked reports whether servers of the world are asked to read, and a rule judges what they are told.
func (m *memo) readsAreAsked() bool {
	if !slices.ContainsFunc(m.rules, func(r *spec.Rule) bool { return r.Told != nil }) {
		return false
	}
	return slices.ContainsFunc(slices.Concat(m.inputs...), func(in spec.Input) bool { return in.Kind == spec.ReadIndex })
}

// concernsClients reports whether a step may change what clients know.
func concernsClients(s *spec.Step) bool {
	return s.Input.Kind == spec.ReadIndex || s.After.Role == spec.Crashed ||
		slices.ContainsFunc(s.Output.Effects, func(e spec.Effect) bool { return e.Kind == spec.Answer })
}

// tellClients adds to a history what clients learn from a step, and reports whether they must not be told that.
func (m *memo) tellClients(h *history, s *spec.Step) (broken bool) {
	c := h.clients()
	for _, r := range m.rules {
		broken = broken || r.JudgeTold(&c, s) != nil
	}
	h.setClients(c.After(s, func(spec.Part, int) spec.Origin { return 0 }))
	return broken
}

// clients is what clients know in a history.
func (h *history) clients() (c spec.Clients) {
	for k := range h.facts {
		switch f := &h.facts[k]; f.Kind {
		case factTold:
			c.Told.Index = f.Index
		case factAsked:
			c.Reads = append(c.Reads, spec.Asked{Server: f.Server, Request: f.Entry.Value, Sees: spec.Told{Index: f.Index}})
		}
	}
	return c
}

func (h *history) setClients(c spec.Clients) {
	h.facts = slices.DeleteFunc(h.facts, func(f spec.Fact) bool { return f.Kind >= factTold })
	if c.Told.Index > 0 {
		h.facts = append(h.facts, spec.Fact{Key: spec.Key{Kind: factTold, Index: c.Told.Index}})
	}
	for k, r := range c.Reads {
		f := spec.Fact{Key: spec.Key{Kind: factAsked, Server: r.Server, Index: r.Sees.Index}, Entry: spec.Entry{Value: r.Request}}
		for _, earlier := range c.Reads[:k] {
			if earlier.Server == r.Server && earlier.Request == r.Request && earlier.Sees.Index == r.Sees.Index {
				f.Term++
			}
		}
		h.facts = append(h.facts, f)
	}
}
