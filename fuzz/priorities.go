package fuzz

import (
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// priorities lets every message arrive at once, on the link with the highest priority first, and timers fire only when nothing is in
// flight, as in a cluster where all is well. At a few moments of a run, its depth, something else comes between: a timer fires early,
// a server crashes, a link becomes the slowest of all, a message is lost or arrives twice. A bug that needs few such moments is found
// with a good chance however long the execution is that shows it.
type priorities struct {
	config  *cluster.Config
	link    [cluster.MaxServers + 1][cluster.MaxServers + 1]int // higher goes first; below 0 waits until nothing else is in flight
	quiet   table                                               // weights of what servers do when nothing is in flight
	early   table                                               // what they do when something comes between
	crashes table
	moments []int // steps before which something comes between; -1 when it has
	step    int
	failed  int // proposals in a row that were not possible
}

// depth is the most moments of a run.
const depth = 7

func (p *priorities) begin(w *checker.Walker, d *dice) int {
	length := pick(d, lengths[1:])
	p.step, p.failed = 0, 0
	for from := 1; from <= p.config.Servers; from++ {
		for to := 1; to <= p.config.Servers; to++ {
			p.link[from][to] = d.below(1 << 16)
		}
	}
	quiet := kinds{spec.Crash: 0}
	for k := range quiet {
		quiet[k] = 32
	}
	quiet[spec.Timeout] = pick(d, []int{8, 32})
	quiet[spec.Propose] = pick(d, []int{16, 64})
	quiet[spec.Heartbeat] = pick(d, []int{16, 64})
	quiet[spec.Crash] = 0
	quiet[spec.Restart] = pick(d, []int{8, 32, 128})
	p.quiet.weigh(w, p.config.Servers, &quiet, 0)
	p.early.weigh(w, p.config.Servers, &early, 0)
	p.crashes.weigh(w, p.config.Servers, &crashes, 8)
	p.moments = p.moments[:0]
	for range d.between(1, depth) {
		p.moments = append(p.moments, d.below(length/2))
	}
	return length
}

func (p *priorities) next(w *checker.Walker, d *dice) (checker.Choice, bool) {
	if p.failed > 16 {
		return checker.Choice{}, false
	}
	for k, at := range p.moments {
		if at == p.step {
			p.moments[k] = -1
			if c, acts := p.moment(w, d); acts {
				return c, true
			}
		}
	}
	if place := p.highest(w); place >= 0 && p.failed == 0 {
		return checker.Choice{Kind: checker.DoDeliver, At: uint8(place), Lost: uint16(d.next())}, true
	}
	return p.timer(w, d, &p.quiet), true
}

// moment returns what comes between, if it is an action.
func (p *priorities) moment(w *checker.Walker, d *dice) (checker.Choice, bool) {
	n, f := w.InFlight(), &p.config.Faults
	switch d.below(8) {
	case 0, 1:
		return p.timer(w, d, &p.early), true
	case 2:
		if f.Crash != cluster.Off {
			return p.timer(w, d, &p.crashes), true
		}
	case 3:
		if place := p.highest(w); place >= 0 && f.Crash != cluster.Off {
			return checker.Choice{Kind: checker.DoDeliver, At: uint8(place), Cut: crashPoint(d, p.config), Lost: uint16(d.next())}, true
		}
	case 4:
		if n > 0 && f.Drop != cluster.Off {
			return checker.Choice{Kind: checker.DoDrop, At: uint8(d.below(n))}, true
		}
	case 5:
		if n > 0 && f.Duplicate != cluster.Off {
			return checker.Choice{Kind: checker.DoStay, At: uint8(d.below(n)), Lost: uint16(d.next())}, true
		}
	case 6:
		if ways, partitioned := w.Splits(); ways > 0 {
			return checker.Choice{Kind: checker.DoSplit, At: uint8(d.below(ways))}, true
		} else if partitioned {
			return checker.Choice{Kind: checker.DoHeal}, true
		}
	}
	p.slowDown(d)
	return checker.Choice{}, false
}

// early and crashes weigh what a moment may bring.
var (
	early = func() kinds {
		var k kinds
		for n := range k {
			k[n] = 8
		}
		k[spec.Timeout], k[spec.Heartbeat], k[spec.Propose], k[spec.Restart], k[spec.Crash] = 32, 16, 16, 16, 0
		return k
	}()
	crashes = kinds{spec.Crash: 8}
)

// slowDown makes a link, or all links of a server, slower than everything else.
func (p *priorities) slowDown(d *dice) {
	a, b := d.between(1, p.config.Servers), d.between(1, p.config.Servers)
	p.link[a][b] = -1
	if d.oneIn(3) {
		for k := 1; k <= p.config.Servers; k++ {
			p.link[a][k], p.link[k][a] = -1, -1
		}
	}
}

// highest returns the place of the first message on the link with the highest priority that does not wait, or -1.
func (p *priorities) highest(w *checker.Walker) int {
	best, at := -1, -1
	for place := range w.InFlight() {
		m := w.Message(place)
		if priority := p.link[m.From][m.To]; priority > best && w.MayArrive(place) {
			best, at = priority, place
		}
	}
	return at
}

// timer draws what a server does by itself, or lets a message arrive that had to wait.
func (p *priorities) timer(w *checker.Walker, d *dice, weights *table) checker.Choice {
	total, waiting := 0, 0
	for server := range p.config.Servers {
		total += weights.sums[server][w.Role(server)]
	}
	if w.InFlight() > 0 && weights == &p.quiet {
		waiting = 16
	}
	c := checker.Choice{Kind: checker.DoOwn, Lost: uint16(d.next())}
	at := d.below(max(total+waiting, 1))
	if at >= total && waiting > 0 {
		return checker.Choice{Kind: checker.DoDeliver, At: uint8(d.below(w.InFlight())), Lost: c.Lost}
	}
	for server := range p.config.Servers {
		role := w.Role(server)
		if sum := weights.sums[server][role]; at >= sum {
			at -= sum
			continue
		}
		c.At = uint8(server)
		c.Nth = weights.input(w, server, role, at, 0)
		break
	}
	return c
}

func (p *priorities) did(_ *checker.Walker, _ checker.Choice, h checker.Happened) {
	if h.Possible {
		p.step++
		p.failed = 0
		return
	}
	p.failed++
}
