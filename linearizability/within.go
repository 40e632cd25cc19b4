package linearizability

import "strings"

// look goes through every transaction by itself: what it reads of a key that it has written must be its own; what it reads before that is
// somebody else's, and is noted as a read of its key.
func (t *transactions) look() {
	own := make([]ownWrites, len(t.keys))
	for k := range own {
		own[k].node = nothing
	}
	for node := range t.ops {
		o := t.op(int32(node))
		if t.status[node] == dropped {
			continue
		}
		for n := range o.Do {
			a, at := &o.Do[n], t.first[node]+int32(n)
			key := &t.keys[t.slot[at]]
			w := &own[t.slot[at]]
			if w.node != int32(node) {
				*w = ownWrites{node: int32(node), furthest: nothing}
			}
			switch key.class {
			case list:
				t.lookList(w, a, at)
			case register:
				t.lookRegister(w, a, at)
			}
		}
	}
}

// ownWrites is what one transaction has done with one key so far.
type ownWrites struct {
	node     int32
	first    int32 // the first version that it wrote
	count    int32 // how many
	furthest int32 // the longest list that it read from outside; nothing if it read none
}

func (t *transactions) lookList(w *ownWrites, a *Action, at int32) {
	key := &t.keys[t.slot[at]]
	switch {
	case a.Kind == Append && t.ver[at] != nothing:
		if w.count == 0 {
			w.first = t.ver[at]
		}
		for range a.Value.Elements {
			if place := key.versions[w.first+w.count].place; place > 0 && place <= w.furthest {
				t.internal(w.node, t.slot[at])
			}
			w.count++
		}
	case a.Kind == Read && a.Shown && t.op(w.node).Outcome == Returned:
		length, fits := t.lengthOf(w.node, at, a.Value)
		if !fits {
			return
		}
		if length < w.count || !key.endsWith(w, length) {
			t.internal(w.node, t.slot[at])
			return
		}
		length -= w.count
		w.furthest = max(w.furthest, length)
		t.external(at, w.node, length)
	}
}

// endsWith reports whether the first elements of the longest list end with what a transaction appended.
func (key *txnKey) endsWith(w *ownWrites, length int32) bool {
	for k := range w.count {
		if key.order[length-w.count+1+k] != w.first+k {
			return false
		}
	}
	return true
}

// lengthOf returns how many elements a list has that was read. fits is false if it is no beginning of the longest one.
func (t *transactions) lengthOf(node, at int32, v Value) (length int32, fits bool) {
	key := &t.keys[t.slot[at]]
	if v == Absent {
		return 0, true
	}
	if !strings.HasPrefix(string(key.longest), string(v)) || !v.IsList() {
		t.disagrees(node, t.slot[at], v)
		return 0, false
	}
	low, high := 0, len(key.ends)-1
	for low < high {
		if middle := (low + high) / 2; key.ends[middle] < len(v) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return int32(low), true
}

func (t *transactions) lookRegister(w *ownWrites, a *Action, at int32) {
	if t.doubts(w.node, a) && w.count > 0 && t.keys[t.slot[at]].versions[w.first].value == a.expects() {
		t.internal(w.node, t.slot[at])
	}
	saw := nothing
	switch {
	case a.Kind == Read:
		saw = t.ver[at]
	case t.exp != nil:
		saw = t.exp[at]
	}
	switch {
	case saw == nothing:
	case w.count == 0:
		t.external(at, w.node, saw)
	case saw != w.first:
		t.internal(w.node, t.slot[at])
	}
	if a.Kind != Read && t.ver[at] != nothing {
		w.first, w.count = t.ver[at], 1 // the latest is what counts
	}
}

// doubts reports whether an action of a node saw that its key does not hold a value.
func (t *transactions) doubts(node int32, a *Action) bool {
	return t.op(node).Outcome == Returned && a.Differs && (a.Kind == CompareAndSet || a.Kind == Expect)
}

// external notes a read of what others wrote.
func (t *transactions) external(at, node, saw int32) {
	key := &t.keys[t.slot[at]]
	v := saw
	if key.class == list {
		v = key.order[saw]
	}
	writer := &key.versions[v]
	switch {
	case writer.node == node:
		t.internal(node, t.slot[at])
		return
	case !writer.final:
		t.intermediate(node, t.slot[at], v)
		if key.class == register {
			return
		}
	}
	key.reads = append(key.reads, extRead{saw, node})
}
