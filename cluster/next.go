package cluster

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Next is one way in which a world may move on.
type Next struct {
	Action  Action
	Outcome Outcome
	World   *World // the world after it
}

// Next lists every way in which the world may move on within its bounds and budgets, in a fixed order: inputs to each server,
// then what may become of each message in flight, then partitions.
func (w *World) Next() []Next {
	var all []Next
	for _, id := range w.config.IDs() {
		for _, in := range w.config.Spontaneous(id) {
			all = w.giving(all, Action{Kind: Give, Server: id, Input: in})
		}
	}
	for k, m := range w.inFlight {
		if slices.ContainsFunc(w.inFlight[:k], m.Equal) {
			continue
		}
		if w.deliverable(m) {
			arrive := Action{Kind: Give, Server: m.To, Input: spec.Input{Kind: spec.Deliver, Message: m}}
			all = w.giving(all, arrive)
			if w.config.Faults.Duplicate != Off && w.config.Network != EverSent {
				arrive.Stays = true
				all = w.giving(all, arrive)
			}
		}
		if w.config.Faults.Drop != Off && w.config.Network != EverSent && w.first(k) {
			all = w.trying(all, Action{Kind: Drop, Message: m})
		}
		if w.config.Duplications {
			all = w.trying(all, Action{Kind: Copy, Message: m})
		}
	}
	for _, split := range w.config.Partitions() {
		if !w.spent.Partitioned() {
			all = w.trying(all, Action{Kind: Partition, Split: split})
		}
	}
	if w.spent.Partitioned() {
		all = w.trying(all, Action{Kind: Heal})
	}
	return all
}

// first reports whether a message may leave the network next: any in a bag, the first of its queue in a FIFO network.
func (w *World) first(k int) bool {
	m := w.inFlight[k]
	return w.config.Network != FIFO || !slices.ContainsFunc(w.inFlight[:k], func(n spec.Message) bool { return n.From == m.From && n.To == m.To })
}

// giving adds what an input leads to: whole, and cut by a crash at every point, each with every way of losing what has no room.
func (w *World) giving(all []Next, a Action) []Next {
	out := w.Clone().step(a.Server, a.Input)
	if out.Refused || out.Fault != nil {
		return all
	}
	all = w.losing(all, a, out)
	whole := a.Input
	for _, cut := range w.config.Cuts(whole, out) {
		a.Input = cut
		all = w.losing(all, a, w.Clone().step(a.Server, cut))
	}
	for _, held := range w.config.Held(whole, out) {
		a.Input = held
		all = w.losing(all, a, w.Clone().step(a.Server, held))
	}
	return all
}

func (w *World) losing(all []Next, a Action, out spec.Output) []Next {
	left := slices.Clone(w.inFlight)
	if a.Input.Kind == spec.Deliver && !a.Stays && !out.Keep && w.config.Network != EverSent {
		k := slices.IndexFunc(left, a.Input.Message.Equal)
		left = slices.Delete(left, k, k+1)
	}
	room := w.config.Bounds.Messages - len(left)
	var allowed []bool
	for _, m := range out.Sent {
		switch {
		case w.config.Network != EverSent:
			allowed = append(allowed, w.config.Network == FIFO || w.allows(left, *m))
		case !slices.ContainsFunc(left, m.Equal):
			allowed = append(allowed, true)
		default:
			allowed = append(allowed, true)
			room++ // it is there already and takes no room
		}
		left = append(left, *m)
	}
	for _, set := range w.config.Losses(room, allowed) {
		a.Lost = nil
		for k := range allowed {
			if set>>k&1 != 0 {
				a.Lost = append(a.Lost, k)
			}
		}
		all = w.trying(all, a)
	}
	return all
}

// allows reports whether one more copy of a message may be in flight beside these.
func (w *World) allows(inFlight []spec.Message, m spec.Message) bool {
	copies := 0
	for _, n := range inFlight {
		if m.Equal(n) {
			copies++
		}
	}
	return copies < max(w.config.Bounds.Copies, 1)
}

// trying adds an action if it is possible and stays within bounds.
func (w *World) trying(all []Next, a Action) []Next {
	after := w.Clone()
	outcome, err := after.Apply(a)
	if err != nil || outcome.Refused || outcome.Outside {
		return all
	}
	return append(all, Next{a, outcome, after})
}

// Clone returns a copy that moves on by itself. Nodes that cannot copy themselves (spec.Cloner) are given their inputs again.
func (w *World) Clone() *World {
	c := &World{config: w.config, inFlight: slices.Clone(w.inFlight), spent: w.spent, done: slices.Clone(w.done)}
	for _, node := range w.servers {
		cloner, ok := node.(spec.Cloner)
		if !ok {
			return w.again()
		}
		c.servers = append(c.servers, cloner.Clone())
	}
	return c
}

// again returns a fresh world in which everything happened once more.
func (w *World) again() *World {
	c := &World{config: w.config}
	for _, id := range w.config.IDs() {
		c.servers = append(c.servers, w.config.New(id, w.config.IDs()))
	}
	for _, a := range w.done {
		// What was possible once is possible again, or the node is not deterministic, which shows in what the world does next.
		_, _ = c.Apply(a)
	}
	return c
}

// AppendState appends canonical bytes of the world: its servers, what is in flight (in order for FIFO, else as a bag) and what
// was spent. Worlds with equal bytes move on alike.
func (w *World) AppendState(b []byte) []byte {
	for _, node := range w.servers {
		b = append(node.AppendState(b), '|')
	}
	names := w.queues()
	if w.config.Network != FIFO {
		slices.Sort(names)
	}
	for _, n := range names {
		b = append(append(b, n...), '|')
	}
	return append(b, byte(w.spent), byte(w.spent>>8), byte(w.spent>>16), byte(w.spent>>24))
}

// queues returns the messages in flight queue by queue.
func (w *World) queues() []string {
	var names []string
	for _, from := range w.config.IDs() {
		for _, to := range w.config.IDs() {
			for _, m := range w.inFlight {
				if m.From == from && m.To == to {
					names = append(names, m.String()+m.Payload)
				}
			}
		}
	}
	return names
}

func (w *World) step(id spec.ServerID, in spec.Input) spec.Output { return StepOf(w.servers[id-1], in) }
