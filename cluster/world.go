package cluster

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// World is one execution: servers as they are now, and what is in flight between them.
type World struct {
	config   *Config
	servers  []spec.Node
	inFlight []spec.Message // in the order of sending
	spent    Spent
	done     []Action // for Clone, where nodes cannot copy themselves
}

// New returns a world in which nothing has happened yet.
func New(config *Config) (*World, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	w := &World{config: config}
	for _, id := range config.IDs() {
		w.servers = append(w.servers, config.New(id, config.IDs()))
	}
	return w, nil
}

// Observe shows one server.
func (w *World) Observe(id spec.ServerID) spec.Observation { return w.servers[id-1].Observe() }

// InFlight returns the messages in flight, in the order in which they were sent.
func (w *World) InFlight() []spec.Message { return slices.Clone(w.inFlight) }

// Cuts reports whether a partition lies between two servers now.
func (w *World) Cuts(a, b spec.ServerID) bool { return w.spent.Cuts(a, b) }

// Outcome is what an action did.
type Outcome struct {
	Step    *spec.Step // the local step; nil when no server moved
	Refused bool       // the server does not take the input in its state, so nothing happened
	Outside bool       // the state reached is outside the bounds; the world is of no further use
}

// Apply makes an action happen. It is an error to deliver or lose a message that is not in flight, or to do what a budget forbids.
func (w *World) Apply(a Action) (Outcome, error) {
	w.done = append(w.done, a)
	switch a.Kind {
	case Give:
		return w.give(a)
	case Drop:
		return Outcome{}, w.take(a.Message, w.config.DropPrice(1))
	case Copy:
		if !slices.ContainsFunc(w.inFlight, a.Message.Equal) {
			return Outcome{}, fmt.Errorf("%s: no such message is in flight", a)
		}
		w.inFlight = append(w.inFlight, a.Message)
		return Outcome{Outside: !w.fits(w.inFlight)}, nil
	case Partition:
		if w.spent.Partitioned() {
			return Outcome{}, fmt.Errorf("%s: a partition is on already", a)
		}
		return Outcome{}, w.pay(a.Split)
	case Heal:
		w.spent = w.spent.Heal()
		return Outcome{}, nil
	}
	return Outcome{}, fmt.Errorf("no such action: kind %d", a.Kind)
}

func (w *World) give(a Action) (Outcome, error) {
	in := a.Input
	if in.Kind == spec.Deliver {
		if !w.deliverable(in.Message) {
			return Outcome{}, fmt.Errorf("%s: no such message can arrive now", a)
		}
	}
	node := w.servers[a.Server-1]
	step := &spec.Step{Server: a.Server, Before: node.Observe(), Input: in}
	step.Output = StepOf(node, in)
	step.After = node.Observe()
	if step.Output.Fault != nil {
		return Outcome{Step: step}, fmt.Errorf("%s: %w", a, step.Output.Fault)
	}
	if step.Output.Refused {
		return Outcome{Step: step, Refused: true}, nil
	}
	price := w.config.Price(in)
	if in.Kind == spec.Deliver && w.config.Network != EverSent {
		if a.Stays {
			price += w.config.DuplicatePrice()
		} else if !step.Output.Keep {
			if err := w.take(in.Message, 0); err != nil {
				return Outcome{}, err
			}
		}
	}
	price += w.config.DropPrice(len(a.Lost))
	if err := w.pay(price); err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", a, err)
	}
	w.send(step.Output, a.Lost)
	return Outcome{Step: step, Outside: !w.config.Within(&step.After) || !w.fits(w.inFlight)}, nil
}

// Within reports whether what a server shows is inside the bounds on terms and logs.
func (c *Config) Within(o *spec.Observation) bool {
	return o.Term <= c.Bounds.Terms && o.Log.LastIndex() <= c.Bounds.Log
}

func (w *World) pay(price Spent) error {
	if !w.config.Affords(w.spent + price) {
		return fmt.Errorf("no budget is left for it")
	}
	w.spent += price
	return nil
}

// take removes the first copy of a message.
func (w *World) take(m spec.Message, price Spent) error {
	k := slices.IndexFunc(w.inFlight, m.Equal)
	if k < 0 {
		return fmt.Errorf("%s is not in flight", m)
	}
	w.inFlight = slices.Delete(slices.Clone(w.inFlight), k, k+1)
	return w.pay(price)
}

func (w *World) send(out spec.Output, lost []int) {
	n := 0
	for _, m := range out.Sent {
		if !slices.Contains(lost, n) && !(w.config.Network == EverSent && slices.ContainsFunc(w.inFlight, m.Equal)) {
			w.inFlight = append(w.inFlight, *m)
		}
		n++
	}
}

// fits reports whether the network may hold these messages.
func (w *World) fits(inFlight []spec.Message) bool {
	if len(inFlight) > w.config.Bounds.Messages {
		return false
	}
	if w.config.Network != Unordered {
		return true
	}
	for _, m := range inFlight {
		copies := 0
		for _, n := range inFlight {
			if m.Equal(n) {
				copies++
			}
		}
		if copies > max(w.config.Bounds.Copies, 1) {
			return false
		}
	}
	return true
}

// deliverable reports whether a message equal to m may arrive now.
func (w *World) deliverable(m spec.Message) bool {
	if w.spent.Cuts(m.From, m.To) {
		return false
	}
	for _, n := range w.inFlight {
		if m.Equal(n) {
			return true
		}
		if w.config.Network == FIFO && n.From == m.From && n.To == m.To {
			return false
		}
	}
	return false
}

// Losses lists the ways in which the network loses what it has no room for, given how many more messages it can take and, for
// each message sent, whether one more copy of it is allowed. Each way is a set of messages, as bits; nil means that the step
// leaves the model. Nothing that fits is lost here: losing more is an action of its own.
func (c *Config) Losses(room int, allowed []bool) []uint32 {
	forced := uint32(0)
	for k, ok := range allowed {
		if !ok {
			forced |= 1 << k
		}
	}
	excess := len(allowed) - bits.OnesCount32(forced) - room
	if forced == 0 && excess <= 0 {
		return []uint32{0}
	}
	if c.Strict || c.Faults.Drop == Off || c.Network == EverSent && excess > 0 {
		return nil
	}
	var ways []uint32
	for set := uint32(0); set < 1<<len(allowed); set++ {
		if set&forced == 0 && bits.OnesCount32(set) == max(excess, 0) {
			ways = append(ways, set|forced)
		}
	}
	return ways
}
