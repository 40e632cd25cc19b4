package checker

// arena is a graph in which fair executions without end are looked for, apart from what its nodes and edges mean. An execution
// without end is fair if it meets each duty again and again, and if each message that is wanted again and again is had again and
// again.
type arena struct {
	first  []uint32 // by node: where its edges begin in to; one more at the end
	to     []uint32 // by edge: the node it leads to
	duties uint64   // as bits

	barred func(edge uint32) bool           // the execution must not take this edge
	meets  func(edge uint32) uint64         // duties that taking the edge meets
	rests  func(node uint32) uint64         // duties that being at the node meets
	wants  func(node uint32) []uint32       // messages in flight at the node that could arrive
	loses  func(node, edge uint32) []uint32 // messages that are sent by the edge from the node, could arrive, and are lost at once
	has    func(edge uint32) uint32         // the message that arrives by the edge; 0 is none
	stop   func() bool                      // it is time to give up; nil is never
	inside []uint32                         // by node: number of the component at hand
	stamp  uint32                           // the last number given
	tarjan componentFinder
}

// component is a part of an arena in which a fair execution can go round: every node of it is reached from every other without
// leaving it, or it is a single node at which the execution may stop.
type component struct {
	nodes  []uint32        // ascending
	banned map[uint32]bool // messages that the execution neither loses nor leaves in flight
}

// stopAfter is after how much work it is asked whether to stop.
const stopAfter = 1 << 10

func (a *arena) stopped() bool { return a.stop != nil && a.stop() }

// fairComponents calls yield for every greatest component among the given nodes, in ascending order, in which a fair execution can
// go round. It is the usual refinement for strong fairness: a component that wants a message which it never has is searched
// again without the nodes and edges that want it. Once it is to stop, it yields no more.
func (a *arena) fairComponents(nodes []uint32, yield func(component) bool) {
	a.inside = make([]uint32, len(a.first)-1)
	a.stamp = 0
	work := []component{{nodes: nodes}}
	for len(work) > 0 {
		task := work[len(work)-1]
		work = work[:len(work)-1]
		for k, found := range a.components(task) {
			if k%64 == 0 && a.stopped() {
				return
			}
			c := component{found, task.banned}
			missing, unmet := a.missing(c)
			switch {
			case unmet:
			case len(missing) == 0:
				if !yield(c) {
					return
				}
			default:
				if rest := a.without(c, missing); len(rest.nodes) > 0 {
					work = append(work, rest)
				}
			}
		}
	}
}

// components returns the strongly connected components of a part of the arena, the nodes of each ascending.
func (a *arena) components(part component) [][]uint32 {
	a.stamp++
	for _, n := range part.nodes {
		a.inside[n] = a.stamp
	}
	stamp := a.stamp
	return a.tarjan.find(a, part.nodes, func(edge, from uint32) bool {
		return a.inside[a.to[edge]] == stamp && a.passable(part.banned, from, edge)
	})
}

// passable reports whether an execution that has banned these messages may take an edge.
func (a *arena) passable(banned map[uint32]bool, from, edge uint32) bool {
	if a.barred(edge) {
		return false
	}
	if len(banned) > 0 {
		for _, m := range a.loses(from, edge) {
			if banned[m] {
				return false
			}
		}
	}
	return true
}

// enter marks a component's nodes and returns a function that tells its edges.
func (a *arena) enter(c component) func(from, edge uint32) bool {
	a.stamp++
	stamp := a.stamp
	for _, n := range c.nodes {
		a.inside[n] = stamp
	}
	return func(from, edge uint32) bool { return a.inside[a.to[edge]] == stamp && a.passable(c.banned, from, edge) }
}

// missing returns the messages that a component wants and never has, and whether there is a duty that it never meets.
func (a *arena) missing(c component) (missing map[uint32]bool, unmet bool) {
	within := a.enter(c)
	met := uint64(0)
	wanted, had := map[uint32]bool{}, map[uint32]bool{}
	for k, n := range c.nodes {
		if k%stopAfter == stopAfter-1 && a.stopped() {
			return nil, true
		}
		met |= a.rests(n)
		for _, m := range a.wants(n) {
			wanted[m] = true
		}
		for e := a.first[n]; e < a.first[n+1]; e++ {
			if !within(n, e) {
				continue
			}
			met |= a.meets(e)
			if m := a.has(e); m != 0 {
				had[m] = true
			}
			for _, m := range a.loses(n, e) {
				wanted[m] = true
			}
		}
	}
	for m := range had {
		delete(wanted, m)
	}
	return wanted, met&a.duties != a.duties
}

// without returns what is left of a component without the nodes that want one of the messages, which are banned from now on.
func (a *arena) without(c component, missing map[uint32]bool) component {
	rest := component{banned: missing}
	for m := range c.banned {
		rest.banned[m] = true
	}
	for _, n := range c.nodes {
		wants := false
		for _, m := range a.wants(n) {
			wants = wants || missing[m]
		}
		if !wants {
			rest.nodes = append(rest.nodes, n)
		}
	}
	return rest
}

// round returns the edges of a short fair way round a component, from a node of it back to that node; none if the execution may stop
// there. It goes to whatever is still to be done and is nearest, again and again, and then back. Once it is to stop, the way does not lead back.
func (a *arena) round(c component, from uint32) []uint32 {
	within := a.enter(c)
	t := tour{arena: a, at: from, wanted: map[uint32]bool{}, had: map[uint32]bool{}}
	t.visit(from)
	for !a.stopped() {
		if !t.done() {
			t.follow(t.nearest(within, func(e uint32) bool { return t.helps(e) }))
		} else if t.at != from {
			t.follow(t.nearest(within, func(e uint32) bool { return a.to[e] == from }))
		} else {
			return t.edges
		}
	}
	return t.edges
}

// tour is a way round that is being made.
type tour struct {
	*arena
	at          uint32
	edges       []uint32
	met         uint64
	wanted, had map[uint32]bool
}

func (t *tour) visit(node uint32) {
	t.at = node
	t.met |= t.rests(node)
	for _, m := range t.wants(node) {
		t.wanted[m] = true
	}
}

func (t *tour) follow(edges []uint32) {
	for _, e := range edges {
		t.edges = append(t.edges, e)
		t.met |= t.meets(e)
		if m := t.has(e); m != 0 {
			t.had[m] = true
		}
		for _, m := range t.loses(t.at, e) {
			t.wanted[m] = true
		}
		t.visit(t.to[e])
	}
}

func (t *tour) done() bool {
	if t.met&t.duties != t.duties {
		return false
	}
	for m := range t.wanted {
		if !t.had[m] {
			return false
		}
	}
	return true
}

// helps reports whether taking an edge does something that is still to be done.
func (t *tour) helps(e uint32) bool {
	need := t.duties &^ t.met
	m := t.has(e)
	return t.meets(e)&need != 0 || t.rests(t.to[e])&need != 0 || m != 0 && t.wanted[m] && !t.had[m]
}

// nearest returns the shortest way from where the tour is that ends with a wanted edge; none if it was stopped.
func (t *tour) nearest(within func(from, edge uint32) bool, wanted func(edge uint32) bool) []uint32 {
	type step struct{ edge, from uint32 }
	came := map[uint32]step{}
	queue := []uint32{t.at}
	reached := map[uint32]bool{t.at: true}
	for k := 0; k < len(queue); k++ {
		if k%stopAfter == stopAfter-1 && t.stopped() {
			return nil
		}
		n := queue[k]
		for e := t.first[n]; e < t.first[n+1]; e++ {
			if !within(n, e) {
				continue
			}
			if wanted(e) {
				way := []uint32{e}
				for ; n != t.at; n = came[n].from {
					way = append(way, came[n].edge)
				}
				for i, j := 0, len(way)-1; i < j; i, j = i+1, j-1 {
					way[i], way[j] = way[j], way[i]
				}
				return way
			}
			if next := t.to[e]; !reached[next] {
				reached[next] = true
				came[next] = step{e, n}
				queue = append(queue, next)
			}
		}
	}
	panic("raftcheck is wrong: a component of the graph is not connected")
}

// duty returns the bit of the k-th duty.
func duty(k int) uint64 { return 1 << k }

// dutiesOf returns the bits of the first n duties.
func dutiesOf(n int) uint64 { return 1<<n - 1 }
