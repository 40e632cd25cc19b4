package linearizability

import "slices"

// link is one edge of a cycle that is told: why a comes before b, said by what the two did themselves.
type link struct {
	a, b      int32
	kind      edges
	key       int32
	x, y      int32 // the actions of a and b; nothing for the order of time
	before    int32 // the version of a register that a reads or writes, and the one that b writes; of a list, how much a shows
	after     int32
	order     ordering
	witnesses []int32 // nodes whose reads or times tell the order of the versions
}

// ordering says how it is known that one version comes before another.
type ordering uint8

const (
	byReading   ordering = iota // the one who reads sees it, or does not see it
	byList                      // a list shows both
	byEnd                       // a list shows the one, and nobody ever saw the other
	byBeginning                 // it was there at first
	byUpdate                    // who writes the second has read the first, or through others who did so
	byTime                      // who saw the first had returned before who saw the second was called
	byInsight                   // who saw the first wrote something that one read who saw the second
	byWay                       // a way of dependencies leads from who saw the first to who saw the second
	byReturn                    // no versions: a had returned when b was called
)

// links returns all ways in which a node surely comes before another, of some kinds.
func (g *graph) links(a, b int32, kinds edges) []link {
	var found []link
	if kinds&inTime != 0 && g.op(a).returnRank() < g.op(b).callRank() {
		found = append(found, link{a: a, b: b, kind: inTime, key: nothing, x: nothing, y: nothing, order: byReturn})
	}
	for x := g.first[a]; x < g.first[a+1]; x++ {
		for y := g.first[b]; y < g.first[b+1]; y++ {
			if g.slot[x] != g.slot[y] {
				continue
			}
			var l []link
			switch g.keys[g.slot[x]].class {
			case list:
				l = g.listLinks(a, b, x, y)
			case register:
				l = g.registerLinks(a, b, x, y, kinds)
			}
			for _, l := range l {
				if l.kind&kinds != 0 {
					found = append(found, l)
				}
			}
		}
	}
	slices.SortStableFunc(found, func(p, q link) int { return len(p.witnesses) - len(q.witnesses) })
	return found
}

// action returns an action of a node by its number among all.
func (g *graph) action(node, at int32) *Action { return &g.op(node).Do[at-g.first[node]] }

// shown returns how many elements of the longest list a read shows that others appended; fits is false if it says nothing of others.
func (g *graph) shown(node, at int32) (length int32, fits bool) {
	a := g.action(node, at)
	key := &g.keys[g.slot[at]]
	if a.Kind != Read || !a.Shown || g.op(node).Outcome != Returned {
		return 0, false
	}
	if a.Value == Absent {
		return 0, true
	}
	at64, exact := slices.BinarySearch(key.ends, len(a.Value))
	length = int32(at64)
	for exact && length > 0 && key.versions[key.order[length]].node == node {
		length--
	}
	return length, exact
}

func (g *graph) listLinks(a, b, x, y int32) (found []link) {
	key := &g.keys[g.slot[x]]
	l := link{a: a, b: b, key: g.slot[x], x: x, y: y}
	reads, length := false, int32(0)
	if length, reads = g.shown(a, x); reads {
		if w, unseen := g.lacks(b, y, length); unseen {
			l.kind, l.before, l.after = g.missed(l.key, a), length, w
			return []link{l}
		}
		return nil
	}
	if g.action(a, x).Kind == Read || g.ver[x] == nothing {
		return nil
	}
	place := key.versions[g.ver[x]].place
	if length, reads = g.shown(b, y); reads {
		if place > 0 && place <= length {
			l.kind, l.before = writeRead, g.ver[x]
			return []link{l}
		}
		return nil
	}
	if g.action(b, y).Kind == Read || g.ver[y] == nothing || place == 0 {
		return nil
	}
	l.kind, l.before, l.after = writeWrite, g.ver[x], g.ver[y]
	switch other := key.versions[g.ver[y]].place; {
	case other > place:
		l.order, l.witnesses = byList, []int32{key.reader(other)}
	case other == 0:
		l.order, l.witnesses = byEnd, []int32{key.reader(place)}
	default:
		return nil
	}
	return []link{l}
}

// lacks returns an element that an action appends and that a list of some length does not show.
func (g *graph) lacks(node, at, length int32) (v int32, unseen bool) {
	a := g.action(node, at)
	if a.Kind == Read || g.ver[at] == nothing {
		return 0, false
	}
	v = g.ver[at]
	for range a.Value.Elements {
		if place := g.keys[g.slot[at]].versions[v].place; place == 0 || place > length {
			return v, true
		}
		v++
	}
	return 0, false
}

// reader returns who shows the least of a list that has some place.
func (key *txnKey) reader(place int32) int32 {
	best, least := key.shows, int32(len(key.order))
	for _, r := range key.reads {
		if r.version >= place && r.version < least {
			best, least = r.node, r.version
		}
	}
	return best
}

// registerLinks returns why a comes before b, for one action of each on a register.
func (g *graph) registerLinks(a, b, x, y int32, kinds edges) (found []link) {
	l := link{a: a, b: b, key: g.slot[x], x: x, y: y}
	read, wrote := g.outside(a, x), g.leaves(a, x)
	readByB, wroteByB := g.outside(b, y), g.leaves(b, y)
	if wrote != nothing && wrote == readByB {
		l := l
		l.kind, l.before = writeRead, wrote
		found = append(found, l)
	}
	if wroteByB == nothing {
		return found
	}
	for _, v := range []int32{read, wrote} {
		if v == nothing || v == wroteByB {
			continue
		}
		order, witnesses, known := g.comesBefore(l.key, v, wroteByB, kinds)
		if !known {
			continue
		}
		l := l
		l.before, l.after, l.order, l.witnesses = v, wroteByB, order, witnesses
		if l.kind = writeWrite; v == read {
			l.kind = g.missed(l.key, a)
		} else if order == byUpdate && readByB != v {
			l.kind = readUpdate // for read committed it would not be so
		}
		found = append(found, l)
	}
	return found
}

// outside returns the version of a register that an action reads which somebody else wrote.
func (g *graph) outside(node, at int32) int32 {
	saw := nothing
	switch a := g.op(node).Do[at-g.first[node]]; {
	case a.Kind == Read:
		saw = g.ver[at]
	case g.exp != nil:
		saw = g.exp[at]
	}
	if saw != nothing && g.keys[g.slot[at]].versions[saw].node == node {
		return nothing
	}
	return saw
}

// leaves returns the version that an action leaves; nothing if it leaves none, or its transaction replaces it.
func (g *graph) leaves(node, at int32) int32 {
	if v := g.ver[at]; g.action(node, at).Kind != Read && v != nothing && g.keys[g.slot[at]].versions[v].final {
		return v
	}
	return nothing
}

// comesBefore reports whether one version of a register surely came before another, how that is known from edges of some kinds, and by whom.
func (g *graph) comesBefore(slot, v, w int32, kinds edges) (how ordering, witnesses []int32, known bool) {
	key := &g.keys[slot]
	writer := key.versions[w].node
	if slices.Contains(key.reads, extRead{v, writer}) {
		return byUpdate, nil, true
	}
	a, at := g.blockOf(slot, v)
	b, other := g.blockOf(slot, w)
	switch {
	case a == nil || b == nil:
		return 0, nil, false
	case a == b && at < other:
		return byUpdate, g.writersOf(slot, a.versions[at+1:other]), true
	case a == b:
		return 0, nil, false
	case a.head == nothing:
		return byBeginning, g.writersOf(slot, a.versions[1:at+1]), true
	case b.head == nothing:
		return 0, nil, false
	case a.f0 < b.s0 && kinds&timed != 0:
		return byTime, []int32{a.fOp, b.sOp}, true
	}
	if p, q, found := g.insight(slot, a, b); found && kinds&inferred != 0 {
		return byInsight, []int32{p, q}, true
	}
	if way := g.wayBetween(slot, a, b); way != nil && kinds&timed != 0 {
		return byWay, way, true
	}
	return 0, nil, false
}

func (g *graph) blockOf(slot, v int32) (b *block, at int) {
	for k := range g.blocks[slot] {
		if at := slices.Index(g.blocks[slot][k].versions, v); at >= 0 {
			return &g.blocks[slot][k], at
		}
	}
	return nil, 0
}

func (g *graph) writersOf(slot int32, versions []int32) (nodes []int32) {
	for _, v := range versions {
		nodes = append(nodes, g.keys[slot].versions[v].node)
	}
	return nodes
}

// insight returns somebody of a block who wrote something that somebody of another block read.
func (g *graph) insight(slot int32, a, b *block) (p, q int32, found bool) {
	of := func(b *block) (nodes []int32) {
		for _, v := range b.versions {
			if w := g.keys[slot].versions[v].node; w != nothing {
				nodes = append(nodes, w)
			}
		}
		for _, r := range g.keys[slot].reads {
			if slices.Contains(b.versions, r.version) {
				nodes = append(nodes, r.node)
			}
		}
		return nodes
	}
	for _, q := range of(b) {
		for _, p := range of(a) {
			if p != q && g.readsFrom(q, p) {
				return p, q, true
			}
		}
	}
	return 0, 0, false
}

// readsFrom reports whether a node reads, as the last that was there, something that another wrote.
func (g *graph) readsFrom(q, p int32) bool {
	for at := g.first[q]; at < g.first[q+1]; at++ {
		key := &g.keys[g.slot[at]]
		v := nothing
		switch key.class {
		case register:
			v = g.outside(q, at)
		case list:
			if length, reads := g.shown(q, at); reads {
				v = key.order[length]
			}
		}
		if v != nothing && key.versions[v].node == p {
			return true
		}
	}
	return false
}

// told is a cycle as it is told.
type told struct {
	links []link
	name  string
}

// mostOnCycle is how many nodes of a cycle are compared with each other to find a shorter way.
const mostOnCycle = 120

// tell finds the shortest cycle among the nodes of a cycle, by all that is known of each pair, and names it.
func (g *graph) tell(cycle []int32, kind int) *told {
	c := kindsOfCycles[kind]
	nodes := slices.Clone(cycle)
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	if len(nodes) > mostOnCycle {
		return nil
	}
	s := closing{n: len(nodes), apart: c.apart, links: make([][]link, len(nodes)*len(nodes))}
	for a := range nodes {
		for b := range nodes {
			if a != b {
				s.links[a*s.n+b] = g.links(nodes[a], nodes[b], c.kinds)
			}
		}
	}
	links := s.shortest()
	if links == nil {
		return nil
	}
	return &told{links: links, name: nameOf(links, kind)}
}

// nameOf names a cycle.
func nameOf(links []link, kind int) (name string) {
	missed := 0
	for _, l := range links {
		if l.kind == readWrite {
			missed++
		}
	}
	switch kind % 4 {
	case 0:
		name = DirtyWrite
	case 1:
		name = CircularFlow
	case 2:
		if name = SingleRead; missed > 1 {
			name = NonadjacentReads
		}
	case 3:
		name = AntiDependency
	}
	if kind >= 4 {
		name += realtime
	}
	return name
}

// closing looks for the shortest way back to where one began, among few nodes of which all links are known.
type closing struct {
	n     int
	apart bool
	links [][]link // of two nodes
}

func (s *closing) shortest() (best []link) {
	for first := range s.n {
		for _, missed := range []bool{false, true} {
			if missed && !s.apart {
				continue
			}
			if way := s.from(first, missed); way != nil && (best == nil || cost(way) < cost(best)) {
				best = way
			}
		}
	}
	return best
}

// cost weighs ways: those with fewer nodes first, and then those for which fewer others must be told of.
func cost(way []link) int {
	total := 1000 * len(way)
	for _, l := range way {
		total += len(l.witnesses)
	}
	return total
}

// from returns the shortest way from a node to itself; missed says that the last link is a readWrite edge, and so the first is not.
func (s *closing) from(first int, missed bool) []link {
	type place struct {
		node   int
		missed bool
	}
	came := map[place]place{}
	by := map[place]link{}
	start := place{first, missed}
	level := []place{start}
	for len(level) > 0 {
		p := level[0]
		level = level[1:]
		for b := range s.n {
			for _, l := range s.links[p.node*s.n+b] {
				next := place{b, s.apart && l.kind == readWrite}
				if next.missed && p.missed {
					continue
				}
				if _, been := by[next]; been {
					continue
				}
				by[next], came[next] = l, p
				if next != start {
					level = append(level, next)
					continue
				}
				way := []link{l}
				for q := p; q != start; q = came[q] {
					way = append(way, by[q])
				}
				slices.Reverse(way)
				return way
			}
		}
	}
	return nil
}
