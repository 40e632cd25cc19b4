package linearizability

import (
	"cmp"
	"math"
	"slices"
)

// Zones: the log-linear test for a register to which no value is written twice (Gibbons and Korach, "Testing shared memories",
// SIAM Journal on Computing 26, 1997).
//
// A value's cluster is its write and every read of it. The register holds the value from the write to the last of the reads, so
// clusters cannot mix. Let f be the first return in the cluster and s its last call. If f < s, the register must hold the value
// from f to s: a forward zone. Otherwise all operations of the cluster overlap between s and f, and all may happen at any one
// moment there: a backward zone. The register is linearizable if and only if
//
//   - every read is of a written value (or the first one), and does not return before the write of it is called;
//   - no two forward zones overlap;
//   - no backward zone lies within a forward zone.
//
// The value that the register holds at first is written by nobody, before everything. A write that may never have happened counts
// only if its value was read; then it did happen, and never returned. Operations that failed do not count.
//
// The same test judges lists to which no element is added twice, see chains.go.

// cluster is what must happen in one stretch, without any other change between: a value's write and reads.
type cluster struct {
	write       int // index into History.Operations; initialWrite for the first value
	first, last int // the operation that returns first, and the one that is called last; initialWrite is the first value's write
	f, s        int64
	shows       int // of a list: the read that shows most of it; -1 for none
}

const initialWrite = -1

// always is when the first value was written.
const always = math.MinInt64

func (c *cluster) forward() bool { return c.f < c.s }

// include adds an operation to the cluster.
func (c *cluster) include(k int, o *Operation) {
	if r := o.returnRank(); r < c.f {
		c.first, c.f = k, r
	}
	if r := o.callRank(); r > c.s {
		c.last, c.s = k, r
	}
}

// initialCluster is the cluster of what a key holds at first.
func initialCluster() cluster {
	return cluster{write: initialWrite, first: initialWrite, last: initialWrite, f: always, s: always, shows: -1}
}

// clusterOf is the cluster of a write that nobody has read yet.
func clusterOf(k int, o *Operation) cluster {
	return cluster{write: k, first: k, last: k, f: o.returnRank(), s: o.callRank(), shows: -1}
}

// conflict is a set of operations that no order explains, with the moment at which that shows. It is a core: not minimal.
type conflict struct {
	ops  []int // indexes into History.Operations, without duplicates, ascending
	seen int64 // rank of the last return among them

	list     bool    // it is about a list, and about these of its elements
	elements []Value // the operations show it if all others are left out
}

// conflicts keeps the conflict that shows first.
type conflicts struct {
	h        *History
	list     bool
	earliest *conflict
}

func (c *conflicts) add(ops ...int) {
	found := &conflict{list: c.list}
	for _, k := range ops {
		if k < 0 || slices.Contains(found.ops, k) {
			continue
		}
		found.ops = append(found.ops, k)
		if a := &c.h.Operations[k].Do[0]; c.list && a.Kind != Read {
			found.elements = append(found.elements, a.Value)
		}
		if r := c.h.Operations[k].returnRank(); r != never {
			found.seen = max(found.seen, r)
		}
	}
	if c.earliest == nil || found.seen < c.earliest.seen {
		slices.Sort(found.ops)
		c.earliest = found
	}
}

// mixed adds the conflict of two clusters.
func (c *conflicts) mixed(a, b *cluster) {
	c.add(a.write, a.first, a.last, a.shows, b.write, b.first, b.last, b.shows)
}

// compare looks for clusters that would have to mix.
func (c *conflicts) compare(clusters []cluster) {
	var forward []*cluster
	for k := range clusters {
		if clusters[k].forward() {
			forward = append(forward, &clusters[k])
		}
	}
	slices.SortFunc(forward, func(a, b *cluster) int { return cmp.Compare(a.f, b.f) })
	for k := 1; k < len(forward); k++ {
		if a, b := forward[k-1], forward[k]; b.f < a.s {
			c.mixed(a, b)
		}
	}
	if c.earliest != nil {
		return // with overlaps the search below would not find every zone around another
	}
	for k := range clusters {
		b := &clusters[k]
		if b.forward() || b.f == always {
			continue
		}
		at, _ := slices.BinarySearchFunc(forward, b.s, func(a *cluster, s int64) int { return cmp.Compare(a.f, s) })
		if at > 0 && b.f < forward[at-1].s {
			c.mixed(forward[at-1], b)
		}
	}
}

// zonesOf decides a part in O(n log n), if it is a register and no value is written twice, or a list to which no element is added
// twice; otherwise applies is false. found is nil if the part is linearizable.
func zonesOf(h *History, p *part) (found *conflict, applies bool) {
	if len(p.keys) != 1 {
		return nil, false
	}
	z := zones{conflicts: conflicts{h: h}, of: make(map[Value]int32, len(p.ops)/2)}
	z.clusters = append(z.clusters, initialCluster())
	z.of[h.initial(p.keys[0])] = 0
	if !z.writes(p.ops) {
		return chainsOf(h, p)
	}
	if z.reads(p.ops); z.earliest == nil {
		z.compare(z.clusters)
	}
	return z.earliest, true
}

// zones is the test of one register.
type zones struct {
	conflicts
	clusters []cluster
	of       map[Value]int32 // of a value: its cluster
}

// writes makes a cluster for every write, and reports whether the part is a register with unique values.
func (z *zones) writes(ops []int) bool {
	for _, k := range ops {
		o := &z.h.Operations[k]
		if len(o.Do) != 1 || o.Do[0].Kind != Read && o.Do[0].Kind != Write {
			return false
		}
		if o.Do[0].Kind == Read {
			continue
		}
		if _, twice := z.of[o.Do[0].Value]; twice {
			return false
		}
		z.of[o.Do[0].Value] = int32(len(z.clusters))
		z.clusters = append(z.clusters, clusterOf(k, o))
	}
	return true
}

// reads adds every read to its cluster, and finds those of a value that was not written before they returned.
func (z *zones) reads(ops []int) {
	for _, k := range ops {
		o := &z.h.Operations[k]
		if o.Do[0].Kind != Read || !o.Do[0].Shown {
			continue
		}
		at, written := z.of[o.Do[0].Value]
		if !written {
			z.add(k)
			continue
		}
		c := &z.clusters[at]
		if c.write != initialWrite && o.returnRank() < z.h.Operations[c.write].callRank() {
			z.add(k, c.write)
		}
		c.include(k, o)
	}
}
