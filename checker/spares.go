package checker

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// spareStates is how many server states nodes are kept in at most; spareWays how many in each.
const (
	spareStates = 1 << 12
	spareWays   = 4
)

// spares keeps nodes that cannot copy themselves, each in the server state that its last input led to, for the next input which
// that state is given: the node need not go through its whole history again. A node is used up by its next input. Some are kept
// for a state if they came to it in different ways, for the audit too.
type spares struct {
	nodes map[uint32][]lived
	order [spareStates]uint32 // the states they are in, by age; some are gone
	next  int
}

// lived is a node and the way it came: a hash of the steps it went through.
type lived struct {
	node spec.Node
	way  uint64
}

// after is the way of a node that went through one more step.
func (l lived) after(step int) lived {
	return lived{l.node, (l.way ^ uint64(step+1)) * 0x9e3779b97f4a7c15}
}

// put keeps a node that is in a server state, unless such nodes are copied, or one that came the same way is there.
func (s *spares) put(state uint32, l lived) {
	there := s.nodes[state]
	if _, copied := l.node.(spec.Cloner); copied || l.node == nil || len(there) == spareWays || slices.ContainsFunc(there, func(k lived) bool { return k.way == l.way }) {
		return
	}
	if s.nodes == nil {
		s.nodes = map[uint32][]lived{}
	}
	if len(there) == 0 {
		if s.order[s.next] != state {
			delete(s.nodes, s.order[s.next])
		}
		s.order[s.next] = state
		s.next = (s.next + 1) % spareStates
	}
	s.nodes[state] = append(there, l)
}

// sparePair is how many of a state's nodes are copied and not used up, where they can be copied: one for a step, and another for the audit.
const sparePair = 2

// take returns a node in a server state that did not come the given way, and forgets it, unless it is a copy.
func (s *spares) take(state uint32, not uint64) (lived, bool) {
	there := s.nodes[state]
	k := slices.IndexFunc(there, func(k lived) bool { return k.way != not })
	if k < 0 {
		return lived{}, false
	}
	l := there[k]
	if c, can := l.node.(spec.Copier); can && len(there) <= sparePair {
		if copied, done := c.Copy(); done {
			return lived{copied, l.way}, true
		}
	}
	s.nodes[state] = slices.Delete(there, k, k+1)
	return l, true
}
