package fuzz

import (
	"slices"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// An execution as bytes, three for each action: what kind of action with the crash point in the middle of it, to whom or to which message,
// and which messages are lost when there is no room. Every byte string is an execution: numbers are taken modulo what there is, what is not possible is left
// out, and bytes that are missing are 0.

// bytesPerAction is how many bytes an action takes.
const bytesPerAction = 3

// longestBytes is the most actions of an execution; the bytes after them mean nothing.
const longestBytes = 400

// kindOf says which kind of action the low four bits of the first byte are. Messages arrive more often than anything else happens.
var kindOf = [16]checker.ChoiceKind{
	checker.DoOwn, checker.DoDeliver, checker.DoStay, checker.DoDrop, checker.DoSplit, checker.DoHeal, checker.DoCopy,
	checker.DoDeliver, checker.DoDeliver, checker.DoDeliver, checker.DoDeliver, checker.DoDeliver, checker.DoOwn, checker.DoOwn, checker.DoOwn, checker.DoOwn,
}

// decode returns the action of three bytes, in the state that the walker is in.
func decode(w *checker.Walker, servers int, b [bytesPerAction]byte) checker.Choice {
	c := checker.Choice{Kind: kindOf[b[0]&15], Lost: uint16(b[2]) * 257}
	switch c.Kind {
	case checker.DoOwn:
		c.At = b[1] % uint8(servers)
		if inputs := len(w.Inputs(int(c.At))); inputs > 0 {
			c.Nth = b[1] / uint8(servers) % uint8(inputs)
		}
	case checker.DoSplit:
		if ways, _ := w.Splits(); ways > 0 {
			c.At = b[1] % uint8(ways)
		}
	case checker.DoHeal:
		return checker.Choice{Kind: checker.DoHeal}
	default:
		c.At = b[1] % uint8(max(w.InFlight(), 1))
	}
	if c.Kind == checker.DoOwn || c.Kind == checker.DoDeliver {
		c.Cut = b[0] >> 4
	}
	return c
}

// play plays an execution that is given as bytes. It returns the choices that were possible, up to the first that breaks a promise, and
// whether there is one.
func (p *player) play(data []byte) (way []checker.Choice, broken bool, err error) {
	if err := p.walker.Begin(); err != nil {
		return nil, false, err
	}
	for k := 0; len(data) > 0 && k < longestBytes; k++ {
		var b [bytesPerAction]byte
		data = data[copy(b[:], data):]
		c := decode(p.walker, p.config.Servers, b)
		h, err := p.walker.Do(c)
		if err != nil {
			return nil, false, err
		}
		if h.Possible {
			way = append(way, c)
		}
		if h.Broken {
			return way, true, nil
		}
	}
	return way, false, nil
}

// encode returns the bytes of a saved execution, as far as it fits into the world.
func (p *player) encode(t *traces.Trace) ([]byte, error) {
	if err := p.walker.Begin(); err != nil {
		return nil, err
	}
	var data []byte
	for k := range t.Records {
		b, found := p.bytesOf(&t.Records[k])
		if !found {
			return data, nil
		}
		h, err := p.walker.Do(decode(p.walker, p.config.Servers, b))
		if err != nil || !h.Possible {
			return data, err
		}
		data = append(data, b[:]...)
	}
	return data, nil
}

// bytesOf finds the bytes of a recorded action.
func (p *player) bytesOf(r *traces.Record) (b [bytesPerAction]byte, found bool) {
	kind, at := p.choiceOf(r)
	nibble := slices.Index(kindOf[:], kind)
	if nibble < 0 || at < 0 || at > 255 {
		return b, false
	}
	b[0], b[1] = byte(nibble), byte(at)
	if r.Step == nil {
		return b, true
	}
	if in := &r.Step.Input; in.Cut > 0 {
		cut := in.Cut << 1
		if in.Lossy {
			cut |= 1
		}
		if cut > 15 {
			return b, false
		}
		b[0] |= byte(cut) << 4
	}
	// Which messages are lost is drawn from the third byte, so the byte that draws these is looked for.
	for lost := range 256 {
		b[2] = byte(lost)
		if a, err := p.walker.Action(decode(p.walker, p.config.Servers, b)); err == nil && slices.Equal(lostEffects(r.Step, a.Lost), r.Lost) {
			return b, true
		}
	}
	return b, false
}

// lostEffects turns numbers of messages into numbers of effects.
func lostEffects(s *spec.Step, lost []int) (effects []int) {
	n := 0
	for k := range s.Output.Sent {
		if slices.Contains(lost, n) {
			effects = append(effects, k)
		}
		n++
	}
	return effects
}

// choiceOf returns the kind of a recorded action and its second byte; -1 when the world has no such action.
func (p *player) choiceOf(r *traces.Record) (checker.ChoiceKind, int) {
	switch {
	case r.Event == traces.EventDrop:
		return checker.DoDrop, p.placeOf(&r.Message)
	case r.Event == traces.EventDuplicate:
		return checker.DoCopy, p.placeOf(&r.Message)
	case r.Event == traces.EventHeal:
		return checker.DoHeal, 0
	case r.Event == traces.EventPartition:
		return checker.DoSplit, p.splitOf(r.Groups)
	case r.Step.Input.Kind == spec.Deliver && r.Stays:
		return checker.DoStay, p.placeOf(&r.Step.Input.Message)
	case r.Step.Input.Kind == spec.Deliver:
		return checker.DoDeliver, p.placeOf(&r.Step.Input.Message)
	}
	in := r.Step.Input
	in.Cut = 0
	if r.Step.Input.Cut > 0 {
		in.Lossy = false
	}
	server := int(r.Step.Server) - 1
	if server >= p.config.Servers {
		return checker.DoOwn, -1
	}
	nth := slices.IndexFunc(p.walker.Inputs(server), func(other spec.Input) bool { return other.String() == in.String() })
	if nth < 0 {
		return checker.DoOwn, -1
	}
	return checker.DoOwn, nth*p.config.Servers + server
}

func (p *player) placeOf(m *spec.Message) int {
	for place := range p.walker.InFlight() {
		if p.walker.Message(place).Equal(*m) {
			return place
		}
	}
	return -1
}

func (p *player) splitOf(groups [][]spec.ServerID) int {
	return slices.IndexFunc(p.config.Partitions(), func(s cluster.Spent) bool { return len(groups) > 0 && slices.Equal(s.FarSide(), groups[0]) })
}
