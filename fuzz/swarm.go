package fuzz

import (
	"math/bits"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// swarm weighs what may happen by kind. Every run has weights of its own, and leaves some kinds out altogether.
type swarm struct {
	config *cluster.Config
	weights

	// What is open in the state at hand.
	known   bool // since the last proposal was not possible, the state is the same
	total   int
	role    [cluster.MaxServers]spec.Role
	own     [cluster.MaxServers]int    // weight of all that a server may do by itself
	refused [cluster.MaxServers]uint64 // as bits: inputs that turned out not to be possible
	arrives [maxInFlight]int
	arrive  int // weight of all messages that may arrive
	ready   int // how many of them there are
	ways    int // to partition the servers
	healing bool
}

// maxInFlight is the most messages in flight that a world may have.
const maxInFlight = 32

// weights say how likely things are, next to each other. 0 never happens.
type weights struct {
	table
	link   [cluster.MaxServers + 1][cluster.MaxServers + 1]int
	drop   int // each message
	stay   int // each message: it arrives and stays
	copies int // each message
	split  int // all partitions together
	heal   int
	cut    int // of 256 steps, so many are cut short by a crash in the middle
	order  order
}

// order is which of the messages in flight is preferred.
type order uint8

const (
	anyOrder order = iota
	oldestFirst
	newestFirst
)

func newSwarm(c *cluster.Config) *swarm { return &swarm{config: c} }

// lengths are how many steps runs have at most. Short runs cost little and find what is shallow; long ones find the rest.
var lengths = []int{24, 48, 96, 160}

func (s *swarm) begin(w *checker.Walker, d *dice) int {
	s.draw(w, d)
	return pick(d, lengths)
}

// draw draws the weights of a run.
func (s *swarm) draw(w *checker.Walker, d *dice) {
	s.known = false
	var by kinds
	for k := range by {
		by[k] = pick(d, []int{0, 4, 16, 64})
	}
	by[spec.Timeout] = pick(d, []int{1, 4, 16})
	by[spec.Heartbeat] = pick(d, []int{2, 8, 32})
	by[spec.Propose] = pick(d, []int{0, 4, 16, 32})
	by[spec.Restart] = pick(d, []int{4, 16, 64})
	by[spec.Crash] = pick(d, []int{0, 0, 1, 4})
	lossy := pick(d, []int{0, 0, 1, 4})
	s.cut = pick(d, []int{0, 0, 4, 16})
	s.drop, s.stay, s.copies = 0, 0, 0
	if s.config.Faults.Drop != cluster.Off {
		s.drop = pick(d, []int{0, 0, 1, 4, 16})
	}
	if s.config.Faults.Duplicate != cluster.Off {
		s.stay = pick(d, []int{0, 0, 2, 8})
	}
	if s.config.Duplications {
		s.copies = pick(d, []int{0, 2, 8})
	}
	s.split, s.heal = pick(d, []int{0, 0, 1, 4}), pick(d, []int{2, 8})
	s.order = order(d.below(3))
	if s.config.Faults.Crash == cluster.Off {
		s.cut = 0
	}
	s.weigh(w, s.config.Servers, &by, lossy)
	s.drawLinks(d)
}

// drawLinks makes every link quick, or those of one server slow, or each slow or quick by chance.
func (s *swarm) drawLinks(d *dice) {
	how, slow := d.below(3), d.between(1, s.config.Servers)
	for from := 1; from <= s.config.Servers; from++ {
		for to := 1; to <= s.config.Servers; to++ {
			weight := 32
			if how == 1 && (from == slow || to == slow) || how == 2 && d.oneIn(3) {
				weight = 2
			}
			s.link[from][to] = weight
		}
	}
}

func (s *swarm) next(w *checker.Walker, d *dice) (checker.Choice, bool) {
	if !s.known {
		s.look(w)
	}
	if s.total == 0 {
		return checker.Choice{}, false
	}
	c := s.chosen(w, d)
	c.Lost = uint16(d.next())
	if s.cut > 0 && (c.Kind == checker.DoOwn || c.Kind == checker.DoDeliver) && d.below(256) < s.cut {
		c.Cut = crashPoint(d, s.config)
	}
	return c, true
}

// look weighs what is open now.
func (s *swarm) look(w *checker.Walker) {
	s.total = 0
	for server := range s.config.Servers {
		s.role[server] = w.Role(server)
		s.own[server] = s.sums[server][s.role[server]]
		s.refused[server] = 0
		s.total += s.own[server]
	}
	n := w.InFlight()
	s.arrive, s.ready = 0, 0
	for place := range n {
		s.arrives[place] = 0
		if !w.MayArrive(place) {
			continue
		}
		m := w.Message(place)
		weight := s.link[m.From][m.To]
		switch s.order {
		case oldestFirst:
			weight = max(weight>>(2*min(place, 8)), 1)
		case newestFirst:
			weight = max(weight>>(2*min(n-1-place, 8)), 1)
		}
		s.arrives[place] = weight
		s.arrive += weight
		s.ready++
	}
	s.total += s.arrive + s.ready*s.stay + n*(s.drop+s.copies)
	s.ways, s.healing = w.Splits()
	if s.ways > 0 {
		s.total += s.split
	}
	if s.healing {
		s.total += s.heal
	}
}

// chosen draws one of what is open.
func (s *swarm) chosen(w *checker.Walker, d *dice) checker.Choice {
	at, n := d.below(s.total), w.InFlight()
	for server := range s.config.Servers {
		if at < s.own[server] {
			return checker.Choice{Kind: checker.DoOwn, At: uint8(server), Nth: s.input(w, server, s.role[server], at, s.refused[server])}
		}
		at -= s.own[server]
	}
	if at < s.arrive {
		place := 0
		for ; at >= s.arrives[place]; place++ {
			at -= s.arrives[place]
		}
		return checker.Choice{Kind: checker.DoDeliver, At: uint8(place)}
	}
	if at -= s.arrive; at < s.ready*s.stay {
		return checker.Choice{Kind: checker.DoStay, At: uint8(s.readyPlace(at / s.stay))}
	}
	if at -= s.ready * s.stay; at < n*s.drop {
		return checker.Choice{Kind: checker.DoDrop, At: uint8(at / s.drop)}
	}
	if at -= n * s.drop; at < n*s.copies {
		return checker.Choice{Kind: checker.DoCopy, At: uint8(at / s.copies)}
	}
	if s.healing {
		return checker.Choice{Kind: checker.DoHeal}
	}
	return checker.Choice{Kind: checker.DoSplit, At: uint8(d.below(s.ways))}
}

// readyPlace returns the place of the message number k of those that may arrive.
func (s *swarm) readyPlace(k int) int {
	for place, weight := range s.arrives {
		if weight > 0 {
			if k == 0 {
				return place
			}
			k--
		}
	}
	return 0
}

// did leaves out of what is open what turned out not to be possible. A step that has no such crash point may be possible without.
func (s *swarm) did(w *checker.Walker, c checker.Choice, h checker.Happened) {
	s.known = !h.Possible
	if h.Possible || c.Cut != 0 {
		return
	}
	switch {
	case c.Kind == checker.DoOwn && c.Nth < bits.UintSize && s.refused[c.At]>>c.Nth&1 == 0:
		weight := forRole(s.inputs[c.At][c.Nth], s.role[c.At], w.Inputs(int(c.At))[c.Nth].Kind)
		s.refused[c.At] |= 1 << c.Nth
		s.own[c.At] -= weight
		s.total -= weight
	case c.Kind == checker.DoSplit || c.Kind == checker.DoStay || c.Kind == checker.DoCopy:
		// Another way may be possible.
	case c.Kind == checker.DoDeliver && s.arrives[c.At] > 1:
		// It stays where it is, but is not tried as often: it can go no further within the bounds, or finds no room.
		s.total -= s.arrives[c.At] - 1
		s.arrive -= s.arrives[c.At] - 1
		s.arrives[c.At] = 1
	}
}
