package linearizability

import (
	"slices"
	"strings"
)

// Chains: zones for a list to which no element is added twice, by a write of it alone or by an append. What a read returns then tells the
// write it began with (or that it began with nothing) and all appends since, in their order: a chain. Two reads of one chain must
// agree, one being the beginning of the other. The longest read of a chain, its write and appends, and all reads of it are a cluster, in which
// moreover everything has its place: the elements in their order, each read after the last element that it shows and before the next. Appends
// and writes that no read shows are clusters of their own. Then the clusters are compared as for a register.
//
// That suffices. Let an operation of a cluster happen at the last call of all that must not come after it, or at f if that is
// later: this is before its return, if no operation returns before one is called that must come earlier; it is in the order that the
// chain asks for; and it is between f and s.
//
// A text is a list of the words that clients wrote and appended, if it can be read in one way only, see lists.go.

// chains is the test of one list.
type chains struct {
	conflicts
	words  []string      // of a text; nil for a list
	adds   map[Value]int // of an element: the operation that adds it
	chain  []chain
	starts map[int]int // of the write that begins a chain: the chain; initialWrite for the first
	taken  map[int]bool
}

// chain is what follows one write, or the beginning.
type chain struct {
	cluster
	longest Value
	ends    []int   // bytes of longest up to the end of each element, in front of which there is 0 for none
	links   []group // of the elements, in front of which there is one for no element
	readers []reader
}

// reader is a read, and the link that it shows last.
type reader struct{ op, link int }

// group is an operation that adds an element, and the reads that show it last.
type group struct {
	add       int
	lastRead  int // the read that is called last; -1 for none
	firstRead int // the read that returns first; -1 for none
}

// chainsOf decides a part, if it is a list to which no element is added twice.
func chainsOf(h *History, p *part) (found *conflict, applies bool) {
	if h.initial(p.keys[0]) != Absent {
		return nil, false
	}
	c := chains{conflicts: conflicts{h: h, list: true}, adds: map[Value]int{}, starts: map[int]int{}, taken: map[int]bool{}}
	if !c.collect(p.ops) {
		return nil, false
	}
	c.start(initialWrite)
	for _, k := range p.ops {
		if a := &h.Operations[k].Do[0]; a.Kind == Read && a.Shown {
			c.read(k, a.Value)
		}
	}
	if c.earliest != nil {
		return c.earliest, true
	}
	clusters := make([]cluster, 0, len(c.chain))
	for k := range c.chain {
		c.order(&c.chain[k])
		clusters = append(clusters, c.chain[k].cluster)
	}
	for _, k := range p.ops {
		if o := &h.Operations[k]; o.Do[0].Kind != Read && !c.taken[k] && o.Outcome == Returned {
			clusters = append(clusters, clusterOf(k, o))
		}
	}
	if c.earliest == nil {
		c.compare(clusters)
	}
	return c.earliest, true
}

// collect lists the elements, and reports whether the part is a list to which none is added twice.
func (c *chains) collect(ops []int) bool {
	lists, texts := true, true
	for _, k := range ops {
		o := &c.h.Operations[k]
		a := &o.Do[0]
		switch {
		case len(o.Do) != 1 || a.Kind != Read && a.Kind != Write && a.Kind != Append:
			return false
		case a.Kind == Read:
			continue
		case a.Value == Absent:
			return false
		case a.Value.IsList():
			texts = false
		case a.Value[0] == kindText && len(a.Value) > 1:
			lists = false
			c.words = append(c.words, string(a.Value[1:]))
		default:
			return false
		}
		e, single := a.Value, true
		if a.Value.IsList() {
			e, single = onlyElement(a.Value)
		}
		if _, twice := c.adds[e]; twice || !single {
			return false
		}
		c.adds[e] = k
	}
	return lists || texts && prefixFree(&c.words)
}

// onlyElement returns the element of a list of one.
func onlyElement(v Value) (Value, bool) {
	length, width := uvarint(v[1:])
	return v[1+width : 1+width+length], 1+width+length == len(v)
}

// start makes a chain that begins with a write.
func (c *chains) start(write int) *chain {
	n := chain{cluster: initialCluster(), ends: []int{0}, links: []group{{add: initialWrite, lastRead: -1, firstRead: -1}}}
	c.starts[write] = len(c.chain)
	c.chain = append(c.chain, n)
	return &c.chain[len(c.chain)-1]
}

// read adds a read to its chain.
func (c *chains) read(k int, v Value) {
	if v == Absent {
		c.chain[0].seen(k, 0)
		return
	}
	if !c.fits(v) {
		c.add(k)
		return
	}
	end, first, known := c.next(v, 1)
	if !known {
		c.unknown(k, v[1:end])
		return
	}
	write := initialWrite
	if c.h.Operations[first].Do[0].Kind == Write {
		write = first
	}
	at, begun := c.starts[write]
	n := (*chain)(nil)
	if begun {
		n = &c.chain[at]
	} else {
		n = c.start(write)
		n.cluster = clusterOf(write, &c.h.Operations[write])
	}
	c.extend(n, k, v)
}

// fits reports whether a value is of the kind that can be read: a list, or a text.
func (c *chains) fits(v Value) bool {
	if c.words != nil {
		return v[0] == kindText && len(v) > 1
	}
	return v.IsList()
}

// extend compares a read with its chain, and makes the chain longer if the read shows more.
func (c *chains) extend(n *chain, k int, v Value) {
	if strings.HasPrefix(string(n.longest), string(v)) {
		if at, exact := slices.BinarySearch(n.ends, len(v)); exact {
			n.seen(k, at)
			return
		}
		c.add(k) // it ends within a word
		return
	}
	if n.longest != "" && !strings.HasPrefix(string(v), string(n.longest)) {
		c.disagree(n, k, v)
		return
	}
	for at := max(1, len(n.longest)); at < len(v); {
		end, op, known := c.next(v, at)
		if !known {
			c.unknown(k, v[at:end])
			return
		}
		if c.taken[op] || at > 1 && c.h.Operations[op].Do[0].Kind == Write {
			c.twice(k, op)
			return
		}
		c.taken[op] = true
		n.links = append(n.links, group{add: op, lastRead: -1, firstRead: -1})
		n.ends = append(n.ends, end)
		at = end
	}
	n.longest, n.shows = v, k
	n.seen(k, len(n.links)-1)
}

// unknown is the conflict of a read that shows an element, given as it is encoded, that nobody adds.
func (c *chains) unknown(k int, encoded Value) {
	before := c.earliest
	c.add(k)
	if c.words == nil && c.earliest != before {
		e, _ := onlyElement("[" + encoded)
		c.earliest.elements = append(c.earliest.elements, List(e))
	}
}

// twice is the conflict of a read that shows an element that it showed before, that is written and not appended, or that another
// chain shows.
func (c *chains) twice(k, op int) {
	ops := []int{k, op}
	for n := range c.chain {
		for _, l := range c.chain[n].links {
			if l.add == op {
				ops = append(ops, c.chain[n].shows)
			}
		}
	}
	c.add(c.withElements(ops)...)
}

// disagree is the conflict of a read that is no beginning of the longest of its chain, nor the other way round.
func (c *chains) disagree(n *chain, k int, v Value) {
	at := 1
	for at < len(v) && at < len(n.longest) {
		end, op, known := c.next(v, at)
		other, otherOp, _ := c.next(n.longest, at)
		if !known {
			c.unknown(k, v[at:end])
			return
		}
		if op != otherOp {
			c.add(c.withElements([]int{k, n.shows, op, otherOp})...)
			return
		}
		at = min(end, other)
	}
	c.add(c.withElements([]int{k, n.shows})...)
}

// withElements adds the writes that begin what the reads show.
func (c *chains) withElements(ops []int) []int {
	for _, k := range ops[:len(ops):len(ops)] {
		if k < 0 {
			continue
		}
		if a := &c.h.Operations[k].Do[0]; a.Kind == Read && a.Value != Absent {
			if _, first, known := c.next(a.Value, 1); known {
				ops = append(ops, first)
			}
		}
	}
	return ops
}

// next returns the element at some byte of a value: where it ends and who adds it.
func (c *chains) next(v Value, at int) (end, op int, known bool) {
	if c.words == nil {
		length, width := uvarint(v[at:])
		end = at + width + length
		op, known = c.adds[v[at+width:end]]
		return end, op, known
	}
	rest := string(v[at:])
	k, exact := slices.BinarySearch(c.words, rest)
	if !exact {
		k--
	}
	if k < 0 || !strings.HasPrefix(rest, c.words[k]) {
		return len(v), 0, false
	}
	op, known = c.adds[Text(c.words[k])]
	return at + len(c.words[k]), op, known
}

// seen notes a read that shows the chain up to a link.
func (n *chain) seen(k, link int) {
	l := &n.links[link]
	l.lastRead = k // reads come in the order of their calls
	n.readers = append(n.readers, reader{k, link})
}

// order checks that nothing in a chain returned before something was called that must come earlier, and makes the chain a cluster.
func (c *chains) order(n *chain) {
	for _, r := range n.readers {
		o := &c.h.Operations[r.op]
		n.include(r.op, o)
		l := &n.links[r.link]
		if l.firstRead < 0 || o.returnRank() < c.h.Operations[l.firstRead].returnRank() {
			l.firstRead = r.op
		}
	}
	late := -1 // the operation called last of those so far
	check := func(k int) {
		if k >= 0 && late >= 0 && c.h.Operations[k].returnRank() < c.h.Operations[late].callRank() {
			c.add(c.withElements([]int{k, late, n.shows})...)
		}
	}
	called := func(k int) {
		if k >= 0 && (late < 0 || c.h.Operations[k].callRank() > c.h.Operations[late].callRank()) {
			late = k
		}
	}
	for _, l := range n.links {
		if l.add >= 0 {
			n.include(l.add, &c.h.Operations[l.add])
		}
		check(l.add)
		called(l.add)
		check(l.firstRead)
		called(l.lastRead)
	}
}
