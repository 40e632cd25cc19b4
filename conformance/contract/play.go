package contract

import (
	"math/rand/v2"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// server is one server of a play, with all that happened to it.
type server struct {
	id       spec.ServerID
	node     spec.Node
	inputs   []spec.Input
	outputs  []spec.Output
	states   [][]byte // after each input
	state    []byte
	shown    spec.Observation
	text     string       // what was shown, as text
	durable  spec.Durable // what a power failure would leave, by what the server told
	unsynced bool         // more was written since
}

// play is one execution of the whole cluster.
type play struct {
	*try
	servers  []*server
	inFlight []spec.Message
	own      [][]spec.Input // by server: what may happen to it besides messages and crashes
	dice     *rand.Rand
}

// longest is how many inputs a play that wanders has.
const longest = 40

// play begins with a fresh cluster, lets it go the way, and gives its servers the same inputs again.
func (t *try) play(n uint64, way func(*play)) {
	p := &play{try: t, dice: rand.New(rand.NewPCG(t.Seed, n))}
	for k, id := range t.config.IDs() {
		s := &server{id: id, node: t.config.New(id, t.config.IDs())}
		p.servers = append(p.servers, s)
		p.own = append(p.own, t.inputsOf(id))
		s.shown, s.state = s.node.Observe(), s.node.AppendState(nil)
		s.text = printed(&s.shown)
		s.durable = s.shown.Durable
		t.remember(k, s)
	}
	way(p)
	for _, s := range p.servers {
		if t.Failure == nil && t.ctx.Err() == nil {
			t.failed(t.repeat(s.id, s.inputs, s))
		}
	}
}

// inputsOf lists the inputs of the world, and those that it leaves out: a server may refuse what it does not have.
func (t *try) inputsOf(id spec.ServerID) []spec.Input {
	all := t.config.Spontaneous(id)
	if t.Within {
		return withoutCrashes(all)
	}
	var voters string
	for _, other := range t.config.IDs()[:max(1, t.config.Servers-1)] {
		if voters != "" {
			voters += ","
		}
		voters += other.String()
	}
	besides := []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Heartbeat}, {Kind: spec.Propose, Value: "x"}, {Kind: spec.Compact}, {Kind: spec.ReadIndex, Value: "r"},
		{Kind: spec.Reconfigure, Change: spec.Change{Voters: voters}}, {Kind: spec.StorageError}}
	for _, other := range t.config.IDs() {
		if other != id {
			besides = append(besides, spec.Input{Kind: spec.Transfer, Peer: other})
			break
		}
	}
	for _, in := range besides {
		if !slices.ContainsFunc(all, func(known spec.Input) bool { return known.Kind == in.Kind }) {
			all = append(all, in)
		}
	}
	return withoutCrashes(all)
}

func withoutCrashes(all []spec.Input) []spec.Input {
	return slices.DeleteFunc(all, func(in spec.Input) bool { return in.Kind == spec.Crash || in.Kind == spec.Restart })
}

func (p *play) over() bool { return p.Failure != nil || p.ctx.Err() != nil }

// give gives a server an input, and lets what it sends be in flight.
func (p *play) give(s *server, in spec.Input) spec.Output {
	if p.over() {
		return spec.Output{Refused: true}
	}
	out := p.given(s, in)
	for k := range out.Sent {
		p.inFlight = append(p.inFlight, out.Effects[k].Message)
	}
	return out
}

// own gives a server all its inputs of a kind until one is taken.
func (p *play) ask(s *server, kind spec.InputKind) bool {
	for _, in := range p.own[s.id-1] {
		if in.Kind == kind && !p.give(s, in).Refused {
			return true
		}
	}
	return false
}

// deliver lets a message arrive, or be lost.
func (p *play) deliver(k int, lost, again bool) {
	m := p.inFlight[k]
	if !again {
		p.inFlight = slices.Delete(p.inFlight, k, k+1)
	}
	if lost || int(m.To) > len(p.servers) || m.To == spec.None {
		return
	}
	if out := p.give(p.servers[m.To-1], spec.Input{Kind: spec.Deliver, Message: m}); out.Keep && !again {
		p.inFlight = append(p.inFlight, m)
	}
}

// settle delivers messages in the order of sending, and lets storage and state machines do what waits for them, until nothing is left.
func (p *play) settle() {
	for n := 0; n < longest*2 && !p.over(); n++ {
		if len(p.inFlight) > 0 {
			p.deliver(0, false, false)
			continue
		}
		moved := false
		for _, s := range p.servers {
			for _, kind := range []spec.InputKind{spec.Stored, spec.Append, spec.ApplyNext, spec.SendRequestVote, spec.BecomeLeader} {
				moved = p.ask(s, kind) || moved
			}
		}
		if !moved {
			return
		}
	}
	p.inFlight = nil
}

// leader returns a server that shows itself as leader, or nil.
func (p *play) leader() *server {
	for _, s := range p.servers {
		if s.shown.Role == spec.Leader {
			return s
		}
	}
	return nil
}

// lead is a play in which all goes well: a leader is elected and replicates, everything that servers may be asked for is asked for,
// the leader crashes, another one is elected, and it comes back.
func (t *try) lead(p *play) {
	p.elect(0)
	p.work()
	if !p.over() && !t.took {
		t.fails(takesInputs, nil, "every election timeout, message, command and whatever else it is given is refused")
	}
	for _, kind := range []spec.InputKind{spec.ReadIndex, spec.Compact, spec.Tick, spec.Reconfigure, spec.Transfer} {
		for _, s := range p.servers {
			p.ask(s, kind)
		}
		p.settle()
	}
	if t.crashes() {
		p.fallAndRise()
	}
	for _, s := range p.servers {
		p.ask(s, spec.StorageError)
	}
}

// fallAndRise lets the leader crash, another one be elected, and the first come back.
func (p *play) fallAndRise() {
	down := p.leader()
	if down == nil {
		down = p.servers[0]
	}
	p.give(down, spec.Input{Kind: spec.Crash})
	p.elect(int(down.id))
	p.give(down, spec.Input{Kind: spec.Restart})
	p.work()
}

// elect lets election timers fire, beginning with one server's, until one leads.
func (p *play) elect(first int) {
	for n := 0; n < 2*len(p.servers) && p.leader() == nil && !p.over(); n++ {
		s := p.servers[(first+n)%len(p.servers)]
		p.ask(s, spec.Heartbeat) // of a server that does not lead: it has not heard from a leader
		p.ask(s, spec.Timeout)
		p.settle()
	}
}

// work lets the leader take commands and replicate them.
func (p *play) work() {
	for range 2 {
		if s := p.leader(); s != nil {
			for _, kind := range []spec.InputKind{spec.Propose, spec.SendAppendEntries, spec.Heartbeat} {
				p.ask(s, kind)
				p.settle()
			}
		}
	}
}

// wander is a play in which anything happens.
func (t *try) wander(p *play) {
	crashes := p.dice.IntN(3)
	if !t.crashes() {
		crashes = 0
	}
	for n := 0; n < longest && !p.over(); n++ {
		if n == 0 || p.leader() == nil && p.dice.IntN(4) == 0 {
			p.ask(p.servers[p.dice.IntN(len(p.servers))], spec.Timeout)
			continue
		}
		switch s := p.servers[p.dice.IntN(len(p.servers))]; {
		case s.shown.Role == spec.Crashed && p.dice.IntN(3) > 0:
			p.give(s, spec.Input{Kind: spec.Restart})
		case crashes > 0 && p.dice.IntN(12) == 0:
			crashes--
			p.give(s, spec.Input{Kind: spec.Crash, Lossy: p.dice.IntN(2) == 0 && t.lossily()})
		case len(p.inFlight) > 0 && p.dice.IntN(10) < 7:
			k := 0
			if p.dice.IntN(3) == 0 {
				k = p.dice.IntN(len(p.inFlight))
			}
			luck := p.dice.IntN(12)
			p.deliver(k, luck == 0, luck == 1)
		case p.dice.IntN(2) == 0 && p.leader() != nil:
			p.anything(p.leader())
		default:
			p.anything(s)
		}
	}
}

func (p *play) anything(s *server) {
	all := p.own[s.id-1]
	if len(all) > 0 {
		p.give(s, all[p.dice.IntN(len(all))])
	}
}
