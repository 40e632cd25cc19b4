package cluster

import (
	"math/bits"

	"github.com/raftcheck/raftcheck/spec"
)

// Spent counts what an execution has used of its budgets, and which servers a partition has cut off. It is one word of the
// state: equal words leave equal budgets. A budget without a limit is not counted.
type Spent uint32

// farSide is where the set of servers on the far side of a partition begins in a Spent word. Counters are below it.
const farSide = 24

// The counters of a Spent word.
const (
	campaigns = iota
	proposals
	crashes
	drops
	duplicates
	partitions
	compactions
	transfers
	changes
	reads
	storageErrors
	preemptions
	clocks       // of server 1; those of the others follow
	counterKinds = clocks + MaxServers
)

// limits returns how far each counter may go; Unlimited for those that are not counted.
func (c *Config) limits() [counterKinds]Budget {
	own := func(bound int) Budget {
		if bound == 0 {
			return Unlimited
		}
		return Budget(max(bound, 0))
	}
	b, f := &c.Bounds, &c.Faults
	all := [counterKinds]Budget{own(b.Campaigns), own(b.Proposals), f.Crash, f.Drop, f.Duplicate, f.Partition,
		own(b.Compactions), own(b.Transfers), own(b.Changes), own(b.Reads), f.Storage, own(b.Preemptions)}
	for k := range all[clocks:] {
		all[clocks+k] = Unlimited
		if k < c.Servers {
			all[clocks+k] = own(b.Ticks)
		}
	}
	return all
}

// counters says where in a Spent word each counter that is counted has its bits. Limits decide how many it needs, so that many
// small budgets fit.
type counters [counterKinds]place

// place is where a counter has its bits; no bits if it is not counted.
type place struct{ at, width uint8 }

func (c *Config) counters() counters {
	var all counters
	at := uint8(0)
	for k, most := range c.limits() {
		if most == Unlimited {
			continue
		}
		width := uint8(bits.Len(uint(most) + 1)) // one more than the limit must show
		if k == drops {
			width = max(width, 5) // one step may lose many messages
		}
		all[k] = place{at, width}
		at += width
	}
	return all
}

func (c counters) bits() int {
	n := 0
	for _, p := range c {
		n += int(p.width)
	}
	return n
}

// price returns what so many uses of a counter add to a Spent word: nothing when it is not counted.
func (c *Config) price(counter, times int) Spent {
	p := c.counters()[counter]
	if p.width == 0 {
		return 0
	}
	return Spent(times) << p.at
}

// Price returns what giving a server this input costs.
func (c *Config) Price(in spec.Input) Spent {
	var p Spent
	switch in.Kind {
	case spec.Timeout:
		p = c.price(campaigns, 1)
	case spec.Propose:
		p = c.price(proposals, 1)
	case spec.Crash:
		p = c.price(crashes, 1)
	case spec.Compact:
		p = c.price(compactions, 1)
	case spec.Transfer:
		p = c.price(transfers, 1)
	case spec.Reconfigure:
		p = c.price(changes, 1)
	case spec.StorageError:
		p = c.price(storageErrors, 1)
	case spec.ReadIndex:
		p = c.price(reads, 1)
	case spec.Tick:
		p = c.price(clocks+int(in.Peer)-1, 1)
	}
	if in.Cut > 0 {
		p += c.price(crashes, 1)
	}
	if in.Gate != "" {
		p += c.price(preemptions, 1)
	}
	return p
}

// DropPrice, DuplicatePrice return what losing so many messages, or delivering one and keeping it, costs.
func (c *Config) DropPrice(messages int) Spent { return c.price(drops, messages) }

// DuplicatePrice returns what delivering a message and keeping it in flight costs.
func (c *Config) DuplicatePrice() Spent { return c.price(duplicates, 1) }

// Affords reports whether an execution that has spent so much is within every budget.
func (c *Config) Affords(s Spent) bool { return c.Limit().Affords(s) }

// Limit is the budgets of a world, and how far clocks may differ, ready to be compared with many Spent words.
type Limit struct {
	counted []counterLimit
	clocks  []counterLimit
	drift   Spent
}

type counterLimit struct {
	at   uint8
	mask Spent
	most Spent
}

// Limit returns the budgets that are counted.
func (c *Config) Limit() Limit {
	l := Limit{drift: Spent(c.Bounds.Drift)}
	most := c.limits()
	for k, p := range c.counters() {
		if p.width == 0 {
			continue
		}
		counter := counterLimit{p.at, 1<<p.width - 1, Spent(most[k])}
		l.counted = append(l.counted, counter)
		if k >= clocks {
			l.clocks = append(l.clocks, counter)
		}
	}
	return l
}

// Affords reports whether an execution that has spent so much is within every budget.
func (l Limit) Affords(s Spent) bool {
	for _, c := range l.counted {
		if s>>c.at&c.mask > c.most {
			return false
		}
	}
	if len(l.clocks) == 0 {
		return true
	}
	slowest, fastest := ^Spent(0), Spent(0)
	for _, c := range l.clocks {
		clock := s >> c.at & c.mask
		slowest, fastest = min(slowest, clock), max(fastest, clock)
	}
	return fastest-slowest <= l.drift
}

// Cuts reports whether a partition lies between two servers.
func (s Spent) Cuts(a, b spec.ServerID) bool {
	far := s >> farSide
	return far>>(a-1)&1 != far>>(b-1)&1
}

// Partitioned reports whether a partition is on.
func (s Spent) Partitioned() bool { return s>>farSide != 0 }

// Partitions lists every way to split the servers in two, as what it adds to a Spent word.
func (c *Config) Partitions() []Spent {
	if c.Faults.Partition == Off {
		return nil
	}
	var all []Spent
	for far := Spent(1); far < 1<<(c.Servers-1); far++ {
		all = append(all, far<<farSide+c.price(partitions, 1))
	}
	return all
}

// Heal returns the word without the partition.
func (s Spent) Heal() Spent { return s & (1<<farSide - 1) }

// FarSide returns the servers that a partition has put on the side without the last server.
func (s Spent) FarSide() []spec.ServerID {
	var ids []spec.ServerID
	for far, id := s>>farSide, spec.ServerID(1); far != 0; far, id = far>>1, id+1 {
		if far&1 != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}
