package checker

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// What clients know is a part of the history where they read: how far anybody was told that commands have taken effect, and how far
// that was when each read began that is still waiting. It is kept as facts of two kinds that only the checker has, so that equal
// knowledge is one history, whose rules are judged once for each step that it meets.
const (
	factTold    spec.FactKind = 240 + iota // clients know of the command Entry.Value at Index; nobody disagrees with it
	factAsked                              // Server was asked for the read Entry.Value, which must see the command at Index; Term counts equal ones
	factSees                               // and that command is Entry.Value, for read number Term
	factClient                             // a client of that name waits, number Term
	factRequest                            // for the command Entry.Value
	factFailed                             // a command is said to have failed
	factMissing                            // one is said to be done, and is not
	factDoubled                            // one was carried out again
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
	return s.Input.Kind == spec.ReadIndex || s.Input.Kind == spec.Propose || s.After.Role == spec.Crashed ||
		slices.ContainsFunc(s.Output.Effects, func(e spec.Effect) bool { return e.Kind == spec.Answer })
}

// tellClients adds to a history what clients learn from a step, and reports whether they must not be told that.
func (m *memo) tellClients(h *history, s *spec.Step) (broken bool) {
	c := h.clients()
	for _, r := range m.rules {
		broken = broken || s.Certain(func(s *spec.Step) *spec.Breach { return r.JudgeTold(&c, s) }) != nil
	}
	h.setClients(c.After(s, func(spec.Part, int) spec.Origin { return 0 }))
	return broken
}

// clients is what clients know in a history.
func (h *history) clients() (c spec.Clients) {
	for k := range h.facts {
		f := &h.facts[k]
		outcome := spec.Outcome{Value: f.Entry.Value, Index: f.Index, Term: f.Entry.Term}
		switch f.Kind {
		case factTold:
			c.Told.Index, c.Told.Value = f.Index, f.Entry.Value
		case factAsked:
			c.Reads = append(c.Reads, spec.Asked{Server: f.Server, Request: f.Entry.Value, Sees: spec.Told{Index: f.Index}, Missing: int(f.In)})
		case factSees: // of the reads, in their order
			c.Reads[f.Term].Sees.Value = f.Entry.Value
		case factClient:
			c.Requests = append(c.Requests, spec.Request{Client: f.Entry.Value})
		case factRequest: // of the clients, in their order
			c.Requests[f.Term].Value, c.Requests[f.Term].Again = f.Entry.Value, f.Entry.Kind != spec.Command
		case factFailed:
			c.Failed = append(c.Failed, outcome)
		case factMissing:
			c.Missing = append(c.Missing, outcome)
		case factDoubled:
			c.Doubled = append(c.Doubled, outcome)
		}
	}
	return c
}

func (h *history) setClients(c spec.Clients) {
	h.facts = slices.DeleteFunc(h.facts, func(f spec.Fact) bool { return f.Kind >= factTold })
	add := func(f spec.Fact) { h.facts = append(h.facts, f) }
	if c.Told.Index > 0 {
		add(spec.Fact{Key: spec.Key{Kind: factTold, Index: c.Told.Index}, Entry: spec.Entry{Value: c.Told.Value}})
	}
	for k, r := range c.Reads {
		f := spec.Fact{Key: spec.Key{Kind: factAsked, Server: r.Server, Index: r.Sees.Index}, Entry: spec.Entry{Value: r.Request}, In: spec.Term(r.Missing)}
		for _, earlier := range c.Reads[:k] {
			if earlier.Server == r.Server && earlier.Request == r.Request && earlier.Sees.Index == r.Sees.Index {
				f.Term++
			}
		}
		add(f)
	}
	for k, r := range c.Reads {
		if r.Sees.Value != "" {
			add(spec.Fact{Key: spec.Key{Kind: factSees, Term: spec.Term(k)}, Entry: spec.Entry{Value: r.Sees.Value}})
		}
	}
	for k, r := range c.Requests {
		add(spec.Fact{Key: spec.Key{Kind: factClient, Term: spec.Term(k)}, Entry: spec.Entry{Value: r.Client}})
	}
	for k, r := range c.Requests {
		f := spec.Fact{Key: spec.Key{Kind: factRequest, Term: spec.Term(k)}, Entry: spec.Entry{Value: r.Value}}
		if r.Again {
			f.Entry.Kind = spec.NoOp
		}
		add(f)
	}
	for _, list := range [...]struct {
		kind     spec.FactKind
		outcomes []spec.Outcome
	}{{factFailed, c.Failed}, {factMissing, c.Missing}, {factDoubled, c.Doubled}} {
		for k, o := range list.outcomes {
			add(spec.Fact{Key: spec.Key{Kind: list.kind, Term: spec.Term(k), Index: o.Index}, Entry: spec.Entry{Term: o.Term, Value: o.Value}})
		}
	}
}
