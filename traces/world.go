package traces

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// replayWorld runs records on fresh nodes with the messages that are really there, so that a record whose message was never
// sent can be told apart. It knows no bounds: what was recorded happened.
type replayWorld struct {
	nodes  map[spec.ServerID]spec.Node
	flight *Validator
	groups [][]spec.ServerID
}

func newReplayWorld(servers []spec.ServerID, network string, factory spec.Factory) *replayWorld {
	w := &replayWorld{nodes: map[spec.ServerID]spec.Node{}, flight: NewValidator(Header{Network: network})}
	for _, id := range servers {
		w.nodes[id] = factory(id, servers)
	}
	return w
}

// apply makes a recorded thing happen. It returns the record of what happened, and false when it is not possible here.
func (w *replayWorld) apply(r *Record) (Record, bool) {
	if r.Step == nil {
		return *r, w.happens(r)
	}
	node, known := w.nodes[r.Step.Server]
	in := r.Step.Input
	if !known || in.Kind == spec.Deliver && (!w.flight.mayArrive(&in.Message) || w.cut(in.Message.From, in.Message.To)) {
		return Record{}, false
	}
	s := &spec.Step{Server: r.Step.Server, Before: node.Observe(), Input: in}
	s.Output = node.Step(in)
	if s.Output.Refused {
		return Record{}, false
	}
	s.After = node.Observe()
	if in.Kind == spec.Deliver && !r.Stays && !s.Output.Keep {
		w.flight.take(&in.Message)
	}
	out := Record{Event: r.Event, Step: s, Stays: r.Stays}
	for k, m := range s.Output.Sent {
		if lostBefore(r, m) {
			out.Lost = append(out.Lost, k)
		} else {
			w.flight.put(m)
		}
	}
	return out, true
}

// fitting returns the record, or if its message cannot arrive, one with the message in flight between the same servers that is most
// like it. When nothing is like it, the record is returned as it is.
func (w *replayWorld) fitting(r *Record) *Record {
	if r.Step == nil || r.Step.Input.Kind != spec.Deliver || w.flight.mayArrive(&r.Step.Input.Message) {
		return r
	}
	wanted := &r.Step.Input.Message
	best, at := -1, -1
	for k := range w.flight.flight[wanted.To] {
		m := &w.flight.flight[wanted.To][k]
		if m.From != wanted.From || m.Kind != wanted.Kind || !w.flight.mayArrive(m) {
			continue
		}
		if alike := likeness(m, wanted); alike > best {
			best, at = alike, k
		}
	}
	if at < 0 {
		return r
	}
	step := *r.Step
	step.Input.Message = w.flight.flight[wanted.To][at]
	other := *r
	other.Step = &step
	return &other
}

// likeness counts in how much two messages of one kind agree, what they say before where in the log it is.
func likeness(a, b *spec.Message) int {
	n := 0
	for _, part := range []struct {
		same   bool
		weight int
	}{
		{a.Granted == b.Granted && a.Success == b.Success, 8}, {len(a.Entries) == len(b.Entries), 4}, {a.Term == b.Term, 2},
		{a.PrevLogIndex == b.PrevLogIndex && a.MatchIndex == b.MatchIndex && a.LastLogIndex == b.LastLogIndex, 1},
	} {
		if part.same {
			n += part.weight
		}
	}
	return n
}

// lostBefore reports whether the recorded step sent the same message and the network lost it at once.
func lostBefore(r *Record, m *spec.Message) bool {
	return slices.ContainsFunc(r.Lost, func(k int) bool {
		return k < len(r.Step.Output.Effects) && sameMessage(&r.Step.Output.Effects[k].Message, m)
	})
}

func (w *replayWorld) happens(r *Record) bool {
	switch r.Event {
	case EventDrop:
		return w.flight.mayArrive(&r.Message) && w.flight.take(&r.Message)
	case EventDuplicate:
		if !w.flight.inFlight(&r.Message) {
			return false
		}
		w.flight.put(&r.Message)
	case EventPartition:
		w.groups = r.Groups
	case EventHeal:
		w.groups = nil
	}
	return true
}

// cut reports whether a partition lies between two servers. Servers in no group are together.
func (w *replayWorld) cut(a, b spec.ServerID) bool {
	group := func(id spec.ServerID) int {
		return slices.IndexFunc(w.groups, func(g []spec.ServerID) bool { return slices.Contains(g, id) })
	}
	return group(a) != group(b)
}
