package cluster

import "github.com/raftcheck/raftcheck/spec"

// Spent counts what an execution has used of its budgets, and which servers a partition has cut off. It is one word of the
// state: equal words leave equal budgets. A budget without a limit is not counted.
type Spent uint32

// The counters of a Spent word, four bits each, and above them the set of servers on the far side of a partition.
const (
	campaigns = 4 * iota
	proposals
	crashes
	drops
	duplicates
	partitions
	farSide
)

// limits returns how far each counter of a Spent word may go; Unlimited for those that are not counted.
func (c *Config) limits() [farSide / 4]Budget {
	own := func(bound int) Budget {
		if bound == 0 {
			return Unlimited
		}
		return Budget(bound)
	}
	return [...]Budget{own(c.Bounds.Campaigns), own(c.Bounds.Proposals), c.Faults.Crash, c.Faults.Drop, c.Faults.Duplicate, c.Faults.Partition}
}

// price returns what one use of a counter adds to a Spent word: nothing when it is not limited.
func (c *Config) price(counter, times int) Spent {
	if c.limits()[counter/4] == Unlimited {
		return 0
	}
	return Spent(times) << counter
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
	}
	if in.Cut > 0 {
		p += c.price(crashes, 1)
	}
	return p
}

// DropPrice, DuplicatePrice return what losing so many messages, or delivering one and keeping it, costs.
func (c *Config) DropPrice(messages int) Spent { return c.price(drops, messages) }

// DuplicatePrice returns what delivering a message and keeping it in flight costs.
func (c *Config) DuplicatePrice() Spent { return c.price(duplicates, 1) }

// Affords reports whether an execution that has spent so much is within every budget.
func (c *Config) Affords(s Spent) bool { return c.Limit().Affords(s) }

// Limit is the budgets of a world, ready to be compared with many Spent words.
type Limit []counterLimit

type counterLimit struct {
	counter uint8
	most    Spent
}

// Limit returns the budgets that are counted.
func (c *Config) Limit() Limit {
	var l Limit
	for k, most := range c.limits() {
		if most != Unlimited {
			l = append(l, counterLimit{uint8(4 * k), Spent(most)})
		}
	}
	return l
}

// Affords reports whether an execution that has spent so much is within every budget.
func (l Limit) Affords(s Spent) bool {
	for _, c := range l {
		if s>>c.counter&15 > c.most {
			return false
		}
	}
	return true
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
