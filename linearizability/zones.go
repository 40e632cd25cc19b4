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

// cluster is a value's write and reads.
type cluster struct {
	write       int // index into History.Operations; initialWrite for the first value
	first, last int // the operation that returns first, and the one that is called last; -1 is the first value's write
	f, s        int64
}

const initialWrite = -1

// always is when the first value was written.
const always = math.MinInt64

func (c *cluster) forward() bool { return c.f < c.s }

// zones is one test under way.
type zones struct {
	h        *History
	clusters []cluster
	of       map[Value]int32 // of a value: its cluster
}

// conflict is a set of operations that no order explains, with the moment at which that shows. It is a core: not minimal.
type conflict struct {
	ops  []int // indexes into History.Operations, without duplicates
	seen int64 // rank of the last return among them
}

// zonesOf decides a part in O(n log n), if it is a register and no value is written twice; otherwise applies is false. conflict is nil if
// the part is linearizable.
func zonesOf(h *History, p *part) (found *conflict, applies bool) {
	if len(p.keys) != 1 {
		return nil, false
	}
	z := zones{h: h, of: make(map[Value]int32, len(p.ops)/2)}
	z.clusters = append(z.clusters, cluster{write: initialWrite, first: initialWrite, last: initialWrite, f: always, s: always})
	z.of[h.Initial] = 0
	if !z.writes(p.ops) {
		return nil, false
	}
	if found := z.reads(p.ops); found != nil {
		return found, true
	}
	return z.compare(), true
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
		z.clusters = append(z.clusters, cluster{write: k, first: k, last: k, f: o.returnRank(), s: o.callRank()})
	}
	return true
}

// reads adds every read to its cluster, unless one of them is of a value that was not written before it returned.
func (z *zones) reads(ops []int) *conflict {
	var earliest *conflict
	for _, k := range ops {
		o := &z.h.Operations[k]
		if o.Do[0].Kind != Read || !o.Do[0].Shown {
			continue
		}
		at, written := z.of[o.Do[0].Value]
		if !written {
			earliest = z.earlier(earliest, k)
			continue
		}
		c := &z.clusters[at]
		if c.write != initialWrite && o.returnRank() < z.h.Operations[c.write].callRank() {
			earliest = z.earlier(earliest, k, c.write)
		}
		if r := o.returnRank(); r < c.f {
			c.first, c.f = k, r
		}
		if r := o.callRank(); r > c.s {
			c.last, c.s = k, r
		}
	}
	return earliest
}

// compare looks for clusters that would have to mix.
func (z *zones) compare() *conflict {
	var forward []*cluster
	for k := range z.clusters {
		if z.clusters[k].forward() {
			forward = append(forward, &z.clusters[k])
		}
	}
	slices.SortFunc(forward, func(a, b *cluster) int { return cmp.Compare(a.f, b.f) })
	var earliest *conflict
	for k := 1; k < len(forward); k++ {
		if a, b := forward[k-1], forward[k]; b.f < a.s {
			earliest = z.mixed(earliest, a, b)
		}
	}
	if earliest != nil {
		return earliest // with overlaps the search below would not find every zone around another
	}
	for k := range z.clusters {
		b := &z.clusters[k]
		if b.forward() || b.write == initialWrite || b.f == never {
			continue
		}
		at, _ := slices.BinarySearchFunc(forward, b.s, func(a *cluster, s int64) int { return cmp.Compare(a.f, s) })
		if at > 0 && b.f < forward[at-1].s {
			earliest = z.mixed(earliest, forward[at-1], b)
		}
	}
	return earliest
}

// mixed is the conflict of two clusters, if it shows before the earliest so far.
func (z *zones) mixed(earliest *conflict, a, b *cluster) *conflict {
	return z.earlier(earliest, a.write, a.first, a.last, b.write, b.first, b.last)
}

func (z *zones) earlier(earliest *conflict, ops ...int) *conflict {
	c := &conflict{}
	for _, k := range ops {
		if k == initialWrite || slices.Contains(c.ops, k) {
			continue
		}
		c.ops = append(c.ops, k)
		if r := z.h.Operations[k].returnRank(); r != never {
			c.seen = max(c.seen, r)
		}
	}
	if earliest != nil && earliest.seen <= c.seen {
		return earliest
	}
	slices.Sort(c.ops)
	return c
}
