package checker

import (
	"context"
	"errors"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Of the executions that are equally short, a person understands that one best in which the least goes wrong; the search finds any
// of them. So when it has found one, executions of that length are searched once more, for one with fewer faults. A state on a shortest
// execution is reached in as few steps as it can be, so this pass goes layer by layer too, and keeps for each state of a layer the
// least number of faults with which it is reached. What takes as many faults as the execution that is known is left out. So it keeps some of the states
// that the search has found, each once, and takes about as long as the search at the most.

// bytesOfPass is about what a state costs the pass.
const bytesOfPass = 128

// errRush ends a pass that was told to stop.
var errRush = errors.New("interrupted")

// fewest looks for an execution of depth+1 steps that breaks a promise with fewer than so many faults. It returns which successor to
// take in each state, nil if there is none, and whether no execution of that length needs fewer.
func (r *run) fewest(ctx context.Context, depth, faults int) (way []uint16, sure bool, err error) {
	if faults == 0 {
		return nil, true, nil
	}
	if _, all := r.bytes(); r.options.Memory > 0 && all+bytesOfPass*int(r.stats.Distinct) > r.options.Memory {
		return nil, false, nil
	}
	p := pass{search: r.search, x: newExpander(r.memo), known: faults}
	way, err = p.run(ctx, depth)
	if errors.Is(err, errRush) {
		return nil, false, nil
	}
	return way, err == nil, err
}

// pass searches the executions with fewer faults than one that is known.
type pass struct {
	*search
	x         *expander
	known     int
	at        idTable // by fingerprint: the layer and the place there of each state kept
	now, next tier
	paths     []path
	batches   [partitions][]successor
}

// tier is a layer of a pass.
type tier struct {
	path
	words  []uint32
	prints []uint64
	faults []uint16 // the least number with which each state is reached
}

// run goes through the layers up to that depth and returns the way to the successor beyond them that breaks a promise with the fewest
// faults, the first of several; nil if none has fewer than the one that is known.
func (p *pass) run(ctx context.Context, depth int) (way []uint16, err error) {
	first, err := p.x.after(p.past)
	if err != nil {
		return nil, err
	}
	p.x.whole = true
	p.keep(first, successor{fingerprint: p.x.fingerprint(first)}, 0)
	for len(p.paths) <= depth {
		p.now, p.next = p.next, tier{words: p.now.words[:0], prints: p.now.prints[:0], faults: p.now.faults[:0]}
		p.paths = append(p.paths, p.now.path)
		for place := range p.now.prints {
			if place%blockStates == 0 && errors.Is(ctx.Err(), context.Canceled) { // whereas a limit of time does not change what is told
				return nil, errRush
			}
			if int(p.now.faults[place]) >= p.known {
				continue // another one has become known meanwhile
			}
			if err := p.expand(place); err != nil {
				return nil, err
			}
			if len(p.paths) <= depth {
				p.enter(place)
			} else if nth, found := p.breach(place); found {
				way = wayBack(p.paths, violation{uint32(place), nth})
			}
		}
	}
	return way, nil
}

// expand fills the batches with the successors of a state.
func (p *pass) expand(place int) error {
	p.x.batches, p.x.parent = &p.batches, uint32(place)
	for {
		for k := range p.batches {
			p.batches[k] = p.batches[k][:0]
		}
		if p.x.expand(p.state(place), p.now.prints[place]) {
			return nil
		}
		if err := p.fill(p.x.missing); err != nil {
			return err
		}
	}
}

func (p *pass) state(place int) []uint32 { return p.now.words[place*p.words() : (place+1)*p.words()] }

// enter puts the successors of a state into the next layer.
func (p *pass) enter(place int) {
	for k := range p.batches {
		for _, s := range p.batches[k] {
			if faults := int(p.now.faults[place]) + p.x.faultsOf(s.move); faults < p.known {
				p.x.apply(p.x.scratch, p.state(place), s.move)
				p.keep(p.x.scratch, s, faults)
			}
		}
	}
}

// breach returns the successor of a state that breaks a promise with fewer faults than is known, and makes their number known.
func (p *pass) breach(place int) (nth uint16, found bool) {
	for k := range p.batches {
		for _, s := range p.batches[k] {
			faults := int(p.now.faults[place]) + p.x.faultsOf(s.move)
			if faults < p.known && (slices.Contains(p.x.broken, s.nth) || p.apart(p.state(place), s.move)) {
				p.known, nth, found = faults, s.nth, true
			}
		}
	}
	return nth, found
}

// apart reports whether a move leads to a state in which two servers break a promise side by side.
func (p *pass) apart(state []uint32, v move) bool {
	if kind := v.kind(); kind != moveStep && kind != moveStay {
		return false
	}
	step := &p.steps[v.step()]
	for k, other := range state[:p.size] {
		if k == int(step.slot) {
			continue
		}
		key := pairKey(step.next, other)
		broken, known := p.pairs.get(key)
		if !known {
			p.resolvePair(step.next, other)
			broken, _ = p.pairs.get(key)
		}
		if broken != 0 {
			return true
		}
	}
	return false
}

// keep puts a state into the next layer, unless it is in an earlier one, or there with as few faults.
func (p *pass) keep(state []uint32, s successor, faults int) {
	t, layer := &p.next, len(p.paths)
	key := max(s.fingerprint, 1)
	known, is := p.at.get(key)
	place := int(uint32(known))
	switch {
	case !is:
		p.at.put(key, pair(uint32(layer), uint32(len(t.prints))))
		t.words, t.prints, t.faults = append(t.words, state...), append(t.prints, s.fingerprint), append(t.faults, uint16(faults))
		t.parent, t.nth = append(t.parent, s.parent), append(t.nth, s.nth)
	case int(known>>32) == layer && faults < int(t.faults[place]):
		copy(t.words[place*len(state):], state) // where names do not count, it may be another state of the same kind
		t.faults[place], t.parent[place], t.nth[place] = uint16(faults), s.parent, s.nth
	}
}

// faultsOf counts what goes wrong in a move: crashes, disks that fail, partitions, and messages that are lost or duplicated.
func (x *expander) faultsOf(v move) int {
	n := bits.OnesCount32(v.lost()) + bits.OnesCount32(v.evicted())
	switch v.kind() {
	case moveDrop, moveCopy, moveSplit:
		return n + 1
	case moveHeal:
		return n
	case moveStay:
		n++
	}
	from := x.stepFrom[v.step()]
	if from.cut > 0 {
		n++
	}
	if from.message == 0 {
		if kind := x.inputs[x.servers[from.state].slot][from.input].Kind; kind == spec.Crash || kind == spec.StorageError {
			n++
		}
	}
	return n
}
