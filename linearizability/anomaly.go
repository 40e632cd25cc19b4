package linearizability

// anomaly is something wrong that shows without a cycle: a read of what cannot have been there in any order.
type anomaly struct {
	name  string
	key   int32
	nodes []int32 // the one that saw it first, then those that it takes to see it
	kept  []Value // the elements of a list, or the values, that it is about
}

// The names of anomalies: Adya's ("Weak consistency: a generalized theory and optimistic implementations for distributed transactions", 1999),
// and Elle's (Kingsbury and Alvaro, 2020) where he has none. A cycle that needs the order of time has "-realtime" behind its name.
const (
	DirtyWrite       = "G0"                 // a cycle of writes only
	AbortedRead      = "G1a"                // a read of what a transaction wrote that failed
	IntermediateRead = "G1b"                // a read of what a transaction wrote and replaced by itself
	CircularFlow     = "G1c"                // a cycle of writes and of reads of what was written
	SingleRead       = "G-single"           // a cycle in which one read misses what another transaction wrote
	NonadjacentReads = "G-nonadjacent"      // several such reads, no two of them next to each other
	AntiDependency   = "G2"                 // any other cycle
	Internal         = "internal"           // a transaction does not see what it did itself
	UnwrittenRead    = "unwritten-read"     // a read of what nobody wrote
	Duplicate        = "duplicate-elements" // a list has an element twice that was appended once
	Incompatible     = "incompatible-order" // two reads of a list of which none begins the other
)

// realtime is what is put behind the name of a cycle that needs the order of time.
const realtime = "-realtime"

// note keeps the first anomaly of a kind: the one whose reader returned first.
func (t *transactions) note(a anomaly) {
	for k := range t.anomalies {
		if t.anomalies[k].name != a.name {
			continue
		}
		if t.op(a.nodes[0]).returnRank() < t.op(t.anomalies[k].nodes[0]).returnRank() {
			t.anomalies[k] = a
		}
		return
	}
	t.anomalies = append(t.anomalies, a)
}

func (t *transactions) internal(node, slot int32) {
	t.note(anomaly{name: Internal, key: slot, nodes: []int32{node}})
}

func (t *transactions) intermediate(node, slot, v int32) {
	w := &t.keys[slot].versions[v]
	t.note(anomaly{name: IntermediateRead, key: slot, nodes: []int32{node, w.node}})
}

// unwritten: a read of a value of a register that no operation wrote that may have taken effect.
func (t *transactions) unwritten(node, at int32, v Value) {
	t.note(anomaly{name: t.nobodys(node, t.keys[t.slot[at]].name, v), key: t.slot[at], nodes: []int32{node}, kept: []Value{v}})
}

func (t *transactions) unwrittenElement(node, slot int32, e Value) {
	t.note(anomaly{name: t.nobodys(node, t.keys[slot].name, e), key: slot, nodes: []int32{node}, kept: []Value{e}})
}

// nobodys names the read of a value that nobody wrote: perhaps somebody did who failed, and had begun when the read returned.
func (t *transactions) nobodys(node int32, key string, v Value) string {
	if t.failed == nil {
		t.failed = failedWrites(t.h)
	}
	if k, failed := t.failed[element{key, v}]; failed && t.h.Operations[k].callRank() < t.op(node).returnRank() {
		return AbortedRead
	}
	return UnwrittenRead
}

// failedWrites returns what operations that failed wanted to write or to append, and the first that did.
func failedWrites(h *History) map[element]int {
	failed := map[element]int{}
	note := func(k int, key string, v Value) {
		if _, known := failed[element{key, v}]; !known {
			failed[element{key, v}] = k
		}
	}
	for k := range h.Operations {
		if h.Operations[k].Outcome != Failed {
			continue
		}
		for n := range h.Operations[k].Do {
			switch a := &h.Operations[k].Do[n]; a.Kind {
			case Write, CompareAndSet:
				note(k, a.Key, a.Value)
			case Append:
				note(k, a.Key, a.Value)
				for e := range a.Value.Elements {
					note(k, a.Key, e)
				}
			}
		}
	}
	return failed
}

func (t *transactions) twice(node, slot, v int32) {
	w := &t.keys[slot].versions[v]
	t.note(anomaly{name: Duplicate, key: slot, nodes: []int32{node, w.node}, kept: []Value{w.value}})
}

// disagrees finds out why a list that was read is no beginning of the longest one.
func (t *transactions) disagrees(node, slot int32, v Value) {
	key := &t.keys[slot]
	if !v.IsList() {
		t.note(anomaly{name: UnwrittenRead, key: slot, nodes: []int32{node}, kept: []Value{v}})
		return
	}
	at := 0
	seen := map[int32]bool{}
	for e := range v.Elements {
		at++
		id, known := key.ids[e]
		switch {
		case !known:
			t.unwrittenElement(node, slot, e)
			return
		case seen[id]:
			t.twice(node, slot, id)
			return
		case at >= len(key.order):
			return // longer than what makes sense of the longest list: that was told of already
		case key.order[at] != id:
			other := &key.versions[key.order[at]]
			t.note(anomaly{name: Incompatible, key: slot, nodes: []int32{node, key.shows, key.versions[id].node, other.node},
				kept: []Value{e, other.value}})
			return
		}
		seen[id] = true
	}
}
