package linearizability

// Cycles of a dependency graph, by what they consist of.

// sortedOut returns the nodes and joints in an order in which every edge of some kinds leads forward; those that are on a cycle, or behind one,
// are left out.
func (g *graph) sortedOut(kinds edges) []int32 {
	left := g.incoming(kinds)
	order := make([]int32, 0, g.size)
	for n := range g.size {
		if left[n] == 0 {
			order = append(order, int32(n))
		}
	}
	for at := 0; at < len(order); at++ {
		n := order[at]
		for e := g.start[n]; e < g.start[n+1]; e++ {
			if g.kind[e]&kinds == 0 {
				continue
			}
			if left[g.target[e]]--; left[g.target[e]] == 0 {
				order = append(order, g.target[e])
			}
		}
	}
	return order
}

// incoming counts the edges of some kinds that lead to each node.
func (g *graph) incoming(kinds edges) []int32 {
	count := make([]int32, g.size)
	for e, b := range g.target {
		if g.kind[e]&kinds != 0 {
			count[b]++
		}
	}
	return count
}

// walk is a graph that may be gone through: a graph with some kinds of edges; and, if apart is set, in ways on which no two readWrite edges
// follow each other. Then there are two places for each node: the second is for who comes by a readWrite edge.
type walk struct {
	*graph
	kinds edges
	apart bool
	in    []bool // of a node: it may be gone to; nil for all
}

func (w *walk) places() int {
	if w.apart {
		return 2 * w.size
	}
	return w.size
}

// each calls yield for every edge from a place, until it returns false.
func (w *walk) each(place int32, yield func(to int32, k edges) bool) {
	n, missed := place, false
	if w.apart {
		n, missed = place>>1, place&1 == 1
	}
	for e := w.start[n]; e < w.start[n+1]; e++ {
		to, on := w.step(e, missed)
		if on && !yield(to, w.kind[e]) {
			return
		}
	}
}

// step returns the place to which an edge leads, and whether it may be taken by who came by a readWrite edge or not.
func (w *walk) step(e int32, missed bool) (to int32, on bool) {
	k, to := w.kind[e], w.target[e]
	if k&w.kinds == 0 || w.in != nil && !w.in[to] {
		return 0, false
	}
	if !w.apart {
		return to, true
	}
	switch {
	case k&(onward|timed|inferred) != 0: // as the edge that led to the joint
		if missed {
			return 2*to + 1, true
		}
	case k&readWrite != 0:
		return 2*to + 1, !missed
	}
	return 2 * to, true
}

// node returns a place's node.
func (w *walk) node(place int32) int32 {
	if w.apart {
		return place >> 1
	}
	return place
}

// components returns the sets of places from each of which each other can be reached (Tarjan, 1972), of more than one place.
func (w *walk) components() [][]int32 {
	t := tarjan{walk: w, index: make([]int32, w.places()), low: make([]int32, w.places()), next: make([]int32, w.places())}
	for p := range int32(w.places()) {
		if t.index[p] == 0 && (w.in == nil || w.in[w.node(p)]) {
			t.from(p)
		}
	}
	return t.found
}

// tarjan is the search for components. It keeps its own stack, since ways may be as long as the history.
type tarjan struct {
	*walk
	index, low, next []int32 // of a place: when it was reached, from 1; the first that it reaches; the edge to be taken next
	count            int32
	way, stack       []int32
	found            [][]int32
}

const settled = int32(1<<31 - 1) // low of a place whose component is known

func (t *tarjan) reach(p int32) {
	t.count++
	t.index[p], t.low[p] = t.count, t.count
	t.next[p] = t.start[t.node(p)]
	t.way, t.stack = append(t.way, p), append(t.stack, p)
}

func (t *tarjan) from(p int32) {
	t.reach(p)
	for len(t.way) > 0 {
		p := t.way[len(t.way)-1]
		if t.next[p] == t.start[t.node(p)+1] {
			t.leave(p)
			continue
		}
		to, on := t.step(t.next[p], t.apart && p&1 == 1)
		t.next[p]++
		switch {
		case !on:
		case t.index[to] == 0:
			t.reach(to)
		case t.low[to] != settled:
			t.low[p] = min(t.low[p], t.index[to])
		}
	}
}

func (t *tarjan) leave(p int32) {
	t.way = t.way[:len(t.way)-1]
	if len(t.way) > 0 && t.low[p] != settled {
		above := t.way[len(t.way)-1]
		t.low[above] = min(t.low[above], t.low[p])
	}
	if t.low[p] != t.index[p] {
		return
	}
	at := len(t.stack) - 1
	for t.stack[at] != p {
		at--
	}
	for _, q := range t.stack[at:] {
		t.low[q] = settled
	}
	if len(t.stack)-at > 1 {
		t.found = append(t.found, append([]int32(nil), t.stack[at:]...))
	}
	t.stack = t.stack[:at]
}

// cycleSteps is how many edges may be looked at to find the shortest cycle of a kind.
const cycleSteps = 20_000_000

// shortest returns the shortest cycle that is found within cycleSteps, as the nodes on it, without joints; nil if there is none.
func (w *walk) shortest() []int32 {
	s := shortest{walk: w, budget: cycleSteps, came: make([]int32, w.places()), far: make([]int32, w.places()), round: make([]int32, w.places())}
	for _, places := range w.components() {
		inside := make(map[int32]bool, len(places))
		for _, p := range places {
			inside[p] = true
		}
		s.inside = inside
		for _, p := range places {
			if int(w.node(p)) < len(w.ops) && (s.best == nil || len(s.best) > 2 && s.budget > 0) {
				s.from(p)
			}
		}
	}
	return s.best
}

// shortest is the search for the shortest cycle: breadth first from every place of a component. An edge to a joint counts, and one from it
// does not.
type shortest struct {
	*walk
	inside map[int32]bool
	came   []int32 // of a place: whence it was reached
	far    []int32 // how many edges from the first
	round  []int32 // in which round
	now    int32
	budget int
	best   []int32
}

func (s *shortest) from(first int32) {
	s.now++
	s.far[first], s.round[first] = 0, s.now
	level, next := []int32{first}, []int32(nil)
	for far := int32(1); len(level) > 0; far++ {
		if s.best != nil && int(far) >= len(s.best) {
			return
		}
		next = next[:0]
		for at := 0; at < len(level); at++ {
			p := level[at]
			found := false
			s.each(p, func(to int32, k edges) bool {
				s.budget--
				if to == first {
					s.keep(p, first)
					found = true
					return false
				}
				if s.round[to] == s.now || !s.inside[to] {
					return true
				}
				s.round[to], s.came[to], s.far[to] = s.now, p, far
				if k&(onward|timed|inferred) != 0 {
					level = append(level, to) // it costs nothing to go on from a joint
				} else {
					next = append(next, to)
				}
				return true
			})
			if found {
				return
			}
		}
		level, next = append([]int32(nil), next...), level
	}
}

// keep notes the cycle that goes from first to p and back to first.
func (s *shortest) keep(p, first int32) {
	var nodes []int32
	for q := p; ; q = s.came[q] {
		if n := s.node(q); int(n) < len(s.ops) {
			nodes = append(nodes, n)
		}
		if q == first {
			break
		}
	}
	for a, b := 0, len(nodes)-1; a < b; a, b = a+1, b-1 {
		nodes[a], nodes[b] = nodes[b], nodes[a]
	}
	if s.best == nil || len(nodes) < len(s.best) {
		s.best = nodes
	}
}
