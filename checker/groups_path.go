package checker

import (
	"errors"
	"slices"
)

// groupLayer is a layer as it is kept, to find again how a state was reached: the groups, how many states of each, and their networks.
type groupLayer struct {
	groups []uint32
	counts []uint32
	small  []uint8 // the networks, lane by lane, where all messages fit
	large  []uint16
}

func newGroupLayer(g *groups) groupLayer {
	l := groupLayer{groups: make([]uint32, len(g.now)), counts: make([]uint32, len(g.now))}
	if lanes := len(g.networks) * g.capacity; len(g.messages) <= 1<<8 {
		l.small = make([]uint8, lanes)
	} else {
		l.large = make([]uint16, lanes)
	}
	g.each(len(g.blocks), func(_ *groupWorker, k int) {
		some := g.now[g.blocks[k].first:][:g.blocks[k].count]
		for i, e := range some {
			at := int(g.blocks[k].first) + i
			l.groups[at], l.counts[at] = e.group, e.count
		}
		from, last := int(some[0].first), some[len(some)-1]
		networks := g.networks[from : last.first+last.count]
		if at := from * g.capacity; l.small != nil {
			writeLanes(l.small[at:], networks, g.capacity)
		} else {
			writeLanes(l.large[at:], networks, g.capacity)
		}
	})
	return l
}

func writeLanes[T uint8 | uint16](to []T, networks []network, places int) {
	for k, n := range networks {
		for place := range places {
			to[k*places+place] = T(n)
			n >>= laneBits
		}
	}
}

func (l *groupLayer) bytes() int { return 8*len(l.groups) + len(l.small) + 2*len(l.large) }

// networksOf calls yield with the group and the network of each state of a layer that is in a group which is wanted, until it returns false.
func (l *groupLayer) networksOf(places int, wanted func(group uint32) bool, yield func(group uint32, n network) bool) {
	at := 0
	for k, id := range l.groups {
		if !wanted(id) {
			at += places * int(l.counts[k])
			continue
		}
		for range l.counts[k] {
			n := network(0)
			for place := range places {
				n |= l.lane(at+place) << (laneBits * place)
			}
			at += places
			if !yield(id, n) {
				return
			}
		}
	}
}

func (l *groupLayer) lane(at int) uint64 {
	if l.small != nil {
		return uint64(l.small[at])
	}
	return uint64(l.large[at])
}

// state writes a state out.
func (g *groups) state(id uint32, n network) []uint32 {
	state := append(make([]uint32, 0, g.words()), g.head(id)...)
	for len(state) < g.words() {
		state, n = append(state, uint32(n&lane)), n>>laneBits
	}
	return state
}

// violatedBy finds the way to what breaks a promise, runs it again from fresh nodes and returns what is broken there.
func (r *run) violatedBy(g *groups, depth int) (*Result, error) {
	way, err := g.wayTo(g.breach, depth)
	if err != nil {
		return nil, err
	}
	actions, _, faults, err := r.take(way)
	if err != nil {
		return nil, err
	}
	findings, err := r.confirm(actions)
	for k := range findings {
		findings[k].Shortest, findings[k].Faults = len(findings[k].Trace.Records) == len(actions), faults
	}
	r.stats.Depth = depth + 1
	result := r.result("", findings)
	result.Way = actions
	return result, err
}

// wayTo returns which successor to take in each state to come to what breaks a promise, from an entry of the layer.
func (g *groups) wayTo(entry uint32, depth int) ([]uint16, error) {
	e := g.now[entry]
	for _, n := range g.networks[e.first : e.first+e.count] {
		state := g.state(e.group, n)
		all, err := g.successors(state)
		if err != nil {
			return nil, err
		}
		p := pass{search: g.search}
		for _, s := range all {
			if !slices.Contains(g.x.broken, s.nth) && !p.apart(state, s.move) {
				continue
			}
			way := []uint16{s.nth}
			for depth--; depth >= 0; depth-- {
				nth := uint16(0)
				if e.group, n, nth, err = g.before(depth, e.group, n); err != nil {
					return nil, err
				}
				way = append(way, nth)
			}
			slices.Reverse(way)
			return way, nil
		}
	}
	return nil, errors.New("raftcheck is wrong: a group breaks a promise and none of its states does")
}

func (g *groups) successors(state []uint32) ([]successor, error) {
	for {
		all := g.x.successors(state)
		if len(g.x.missing) == 0 {
			return all, nil
		}
		if err := g.fill(g.x.missing); err != nil {
			return nil, err
		}
	}
}

// before finds a state of a layer that leads to one of the next, and says which of its successors that is.
func (g *groups) before(depth int, id uint32, n network) (before uint32, in network, nth uint16, err error) {
	state, next := g.state(id, n), make([]uint32, g.words())
	known := false
	g.layers[depth].networksOf(g.capacity, func(from uint32) bool { return from == id || g.leads(from, id) }, func(from uint32, m network) bool {
		at := g.state(from, m)
		all, failed := g.successors(at)
		for _, s := range all {
			if g.x.apply(next, at, s.move); slices.Equal(next, state) {
				before, in, nth, known = from, m, s.nth, true
			}
		}
		err = failed
		return err == nil && !known
	})
	if err == nil && !known {
		err = errors.New("raftcheck is wrong: a state was found and nothing leads to it")
	}
	return before, in, nth, err
}

// leads reports whether a step leads from a group to another.
func (g *groups) leads(from, to uint32) (leads bool) {
	for at := g.all[from].steps; at != 0; {
		at = g.read(at, func(_ uint32, steps []uint64) {
			leads = leads || slices.ContainsFunc(steps, func(s uint64) bool { return uint32(s>>32) == to })
		})
	}
	return leads
}
