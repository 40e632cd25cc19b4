package linearizability

import "slices"

// transactions is a part with its keys and values numbered, as the dependency graph wants it. What a key's values tell of the order in which
// they were written depends on its class. A node is an operation; nodes are in the order of their calls.
type transactions struct {
	h      *History
	keys   []txnKey
	ops    []int   // of a node: its operation
	first  []int32 // of a node: the first of its actions in slot, version and expected; one more at the end
	slot   []int32 // of an action: its key
	ver    []int32 // of an action: the version that it reads, writes or sets, or the first of several elements that it appends; nothing if there is none, or it is of a plain key
	exp    []int32 // of a comparison: the version that it expects
	status []status

	anomalies []anomaly       // that show without a cycle
	failed    map[element]int // see failedWrites; nil until asked for
}

// nothing stands for no version, no node and no key.
const nothing int32 = -1

// status says whether an operation is a part of every order.
type status uint8

const (
	required status = iota // it returned, or somebody saw what it did: seen is done
	possible               // nobody knows, and somebody may have noticed
	dropped                // nobody knows, and nobody can have noticed: an order with it is one without it
)

// class says what the values of a key tell.
type class uint8

const (
	register class = iota // every value is written once: a read tells who wrote it
	list                  // every element is appended once: a read tells who appended it, and in which order
	plain                 // only a search can tell
)

// txnKey is one key: its versions, and who reads them.
type txnKey struct {
	name     string
	class    class
	appended bool
	set      bool // written or compared
	other    bool // something is done of which values do not tell when
	doubted  bool // somebody saw that it does not hold a value
	versions []keyVersion
	ids      map[Value]int32 // of a value, or of an element: its version
	reads    []extRead       // by operations that had not written the key before, in the order of their nodes

	// Of a list:
	longest Value   // the longest list that was read, up to the first element that makes no sense
	shows   int32   // the node that read it; nothing if there is none
	ends    []int   // bytes of longest up to the end of each element, in front of which there is 0 for none
	order   []int32 // the versions in longest, in front of which there is version 0
}

// keyVersion is a value of a register, or an element of a list. Version 0 is what was there at first.
type keyVersion struct {
	value Value
	node  int32 // who writes it; nothing for version 0
	place int32 // of an element: its place in the longest list, from 1; 0 if nobody read it
	final bool  // its transaction writes nothing more to the key
	seen  bool  // somebody read it
}

// extRead says that a node reads a version: the number of a register's, or how long a list is.
type extRead struct{ version, node int32 }

// transactionsOf numbers a part.
func transactionsOf(h *History, p *part) *transactions {
	t := &transactions{h: h, ops: p.ops}
	t.number(p)
	t.write()
	t.classify()
	t.read()
	t.settle()
	t.look()
	return t
}

// op returns a node's operation.
func (t *transactions) op(node int32) *Operation { return &t.h.Operations[t.ops[node]] }

// number gives every action the number of its key.
func (t *transactions) number(p *part) {
	ids := make(map[string]int32, len(p.keys))
	for k, name := range p.keys {
		ids[name] = int32(k)
		t.keys = append(t.keys, txnKey{name: name, shows: nothing, ends: []int{0}, order: []int32{0}})
	}
	total := 0
	for _, k := range p.ops {
		total += len(t.h.Operations[k].Do)
	}
	t.slot = make([]int32, 0, total)
	t.first = make([]int32, 0, len(p.ops)+1)
	t.status = make([]status, len(p.ops))
	compared := false
	for _, k := range p.ops {
		t.first = append(t.first, int32(len(t.slot)))
		for n := range t.h.Operations[k].Do {
			a := &t.h.Operations[k].Do[n]
			slot := ids[a.Key]
			t.slot = append(t.slot, slot)
			key := &t.keys[slot]
			key.note(a, t.h.Operations[k].Outcome == Returned)
			compared = compared || a.Kind == CompareAndSet || a.Kind == Expect
		}
	}
	t.first = append(t.first, int32(len(t.slot)))
	t.ver = slices.Repeat([]int32{nothing}, total)
	if compared {
		t.exp = slices.Repeat([]int32{nothing}, total)
	}
	for k := range t.keys {
		key := &t.keys[k]
		initial := t.h.initial(key.name)
		switch {
		case key.other || key.appended && (key.set || initial != Absent):
			key.class = plain
		case key.appended:
			key.class = list
		}
		key.versions = append(key.versions, keyVersion{value: initial, node: nothing, final: true, seen: true})
		key.ids = map[Value]int32{}
		if key.class == register {
			key.ids[initial] = 0
		}
	}
}

// note notes what is done with a key.
func (key *txnKey) note(a *Action, returned bool) {
	switch a.Kind {
	case Read:
	case Append:
		key.appended = true
	case Write, CompareAndSet:
		key.set = true
	case Expect:
		key.set = true
		key.other = key.other || !returned // whether it happened depends on what the key held
	default:
		key.other = true
	}
}

// write numbers what is written. A key to which something is written twice is plain.
func (t *transactions) write() {
	last := make([]int32, len(t.keys)) // of a key: the version that was written last
	for node := range t.ops {
		o := t.op(int32(node))
		for n := range o.Do {
			a := &o.Do[n]
			at := t.first[node] + int32(n)
			key := &t.keys[t.slot[at]]
			if key.class == plain || !a.changes(o.Outcome == Returned) {
				continue
			}
			before := int32(len(key.versions))
			if !key.add(a, int32(node)) {
				key.class = plain
				continue
			}
			if int32(len(key.versions)) == before {
				continue
			}
			t.ver[at] = before
			if w := last[t.slot[at]]; w > 0 && key.versions[w].node == int32(node) {
				key.versions[w].final = false
			}
			for w := before; w < int32(len(key.versions))-1; w++ {
				key.versions[w].final = false
			}
			last[t.slot[at]] = int32(len(key.versions)) - 1
		}
	}
}

// add adds what an action writes, and reports whether nobody wrote it before.
func (key *txnKey) add(a *Action, node int32) bool {
	if key.class == register {
		return key.addVersion(a.Value, node)
	}
	if a.Value != Absent && !a.Value.IsList() {
		return false
	}
	for e := range a.Value.Elements {
		if !key.addVersion(e, node) {
			return false
		}
	}
	return true
}

func (key *txnKey) addVersion(v Value, node int32) bool {
	if _, twice := key.ids[v]; twice {
		return false
	}
	key.ids[v] = int32(len(key.versions))
	key.versions = append(key.versions, keyVersion{value: v, node: node, final: true})
	return true
}

// classify makes a key plain of whose comparisons nobody knows the result, since nobody saw what they set. It notes keys of which somebody
// saw that they do not hold a value.
func (t *transactions) classify() {
	if t.exp == nil {
		t.forget()
		return
	}
	t.eachAction(func(node int32, o *Operation, at int32, a *Action) {
		key := &t.keys[t.slot[at]]
		if key.class != register || o.Outcome != Returned {
			return
		}
		if id, known := key.ids[a.Value]; known && a.Kind == Read && a.Shown {
			key.versions[id].seen = true
		}
		if a.Kind == CompareAndSet || a.Kind == Expect {
			key.doubted = key.doubted || a.Differs
			if id, known := key.ids[a.expects()]; known && !a.Differs {
				key.versions[id].seen = true
			}
		}
	})
	t.eachAction(func(node int32, o *Operation, at int32, a *Action) {
		key := &t.keys[t.slot[at]]
		if key.class == register && a.Kind == CompareAndSet && o.Outcome != Returned && a.Value != a.Expected && !key.versions[key.ids[a.Value]].seen {
			key.class = plain
		}
	})
	t.forget()
}

// forget drops the versions of plain keys.
func (t *transactions) forget() {
	for at, slot := range t.slot {
		if t.keys[slot].class == plain {
			t.ver[at] = nothing
		}
	}
	for k := range t.keys {
		if key := &t.keys[k]; key.class == plain {
			key.versions, key.ids = nil, nil
		}
	}
}

func (t *transactions) eachAction(do func(node int32, o *Operation, at int32, a *Action)) {
	for node := range t.ops {
		o := t.op(int32(node))
		for n := range o.Do {
			do(int32(node), o, t.first[node]+int32(n), &o.Do[n])
		}
	}
}

// expects returns what a comparison wants its key to hold, or not to hold.
func (a *Action) expects() Value {
	if a.Kind == Expect {
		return a.Value
	}
	return a.Expected
}

// observed reports whether the action of an operation that returned saw that its key holds a value, and which.
func (a *Action) observed() (Value, bool) {
	switch {
	case a.Kind == Read:
		return a.Value, a.Shown
	case a.Kind == CompareAndSet || a.Kind == Expect:
		return a.expects(), !a.Differs
	}
	return Absent, false
}

// read finds the longest list of every key, and the versions that registers showed.
func (t *transactions) read() {
	t.eachAction(func(node int32, o *Operation, at int32, a *Action) {
		key := &t.keys[t.slot[at]]
		if key.class != list || a.Kind != Read || !a.Shown || o.Outcome != Returned {
			return
		}
		if a.Value.IsList() && len(a.Value) > len(key.longest) {
			key.longest, key.shows = a.Value, node
		}
	})
	for k := range t.keys {
		if t.keys[k].class == list {
			t.measure(int32(k))
			t.compareOwn(int32(k))
		}
	}
	t.eachAction(func(node int32, o *Operation, at int32, a *Action) {
		key := &t.keys[t.slot[at]]
		v, saw := a.observed()
		if key.class != register || !saw || o.Outcome != Returned {
			return
		}
		id, known := key.ids[v]
		switch {
		case !known:
			t.unwritten(node, at, v)
		case a.Kind == Read:
			t.ver[at] = id
			key.versions[id].seen = true
		default:
			t.exp[at] = id
			key.versions[id].seen = true
		}
	})
}

// measure takes the longest list of a key apart, up to the first element that makes no sense.
func (t *transactions) measure(slot int32) {
	key := &t.keys[slot]
	for at := 1; at < len(key.longest); {
		length, width := uvarint(key.longest[at:])
		e := key.longest[at+width : at+width+length]
		id, known := key.ids[e]
		if !known || key.versions[id].place > 0 {
			if known {
				t.twice(key.shows, slot, id)
			} else {
				t.unwrittenElement(key.shows, slot, e)
			}
			key.longest = key.longest[:max(key.ends[len(key.ends)-1], 1)]
			return
		}
		at += width + length
		key.versions[id].place = int32(len(key.order))
		key.versions[id].seen = true
		key.order = append(key.order, id)
		key.ends = append(key.ends, at)
	}
}

// compareOwn looks whether the longest list shows what one transaction appended in the order in which it did.
func (t *transactions) compareOwn(slot int32) {
	key := &t.keys[slot]
	for v := 2; v < len(key.versions); v++ {
		a, b := &key.versions[v-1], &key.versions[v]
		if a.node == b.node && b.place > 0 && (a.place == 0 || a.place > b.place) {
			t.note(anomaly{name: Incompatible, key: slot, nodes: []int32{key.shows, b.node}, kept: []Value{a.value, b.value}})
			return
		}
	}
}

// settle decides which operations of unknown outcome took effect: those of which somebody saw something. Of the others, those are left out
// that nobody can have noticed.
func (t *transactions) settle() {
	var open []int32
	for node := range t.ops {
		if t.op(int32(node)).Outcome != Returned {
			t.status[node] = possible
			open = append(open, int32(node))
		}
	}
	for again := true; again; {
		again = false
		open = slices.DeleteFunc(open, func(node int32) bool {
			if !t.wasSeen(node) {
				return false
			}
			t.status[node], again = required, true
			t.expects(node)
			return true
		})
	}
	for _, node := range open {
		if t.unnoticed(node) {
			t.status[node] = dropped
		}
	}
}

// wasSeen reports whether somebody saw something that the node wrote.
func (t *transactions) wasSeen(node int32) bool {
	o := t.op(node)
	for n := range o.Do {
		at := t.first[node] + int32(n)
		if v := t.ver[at]; o.Do[n].Kind != Read && v != nothing && t.written(at, &o.Do[n], func(w *keyVersion) bool { return w.seen }) {
			return true
		}
	}
	return false
}

// written reports whether one of the versions that an action writes is such.
func (t *transactions) written(at int32, a *Action, such func(*keyVersion) bool) bool {
	key := &t.keys[t.slot[at]]
	if key.class == register {
		return such(&key.versions[t.ver[at]])
	}
	v := t.ver[at]
	for range a.Value.Elements {
		if such(&key.versions[v]) {
			return true
		}
		v++
	}
	return false
}

// expects notes what the comparisons of a node saw of which somebody saw what they set.
func (t *transactions) expects(node int32) {
	o := t.op(node)
	for n := range o.Do {
		a, at := &o.Do[n], t.first[node]+int32(n)
		key := &t.keys[t.slot[at]]
		if a.Kind != CompareAndSet || key.class != register || a.Value == a.Expected {
			continue
		}
		if id, known := key.ids[a.Expected]; known {
			t.exp[at] = id
			key.versions[id].seen = true
		} else {
			t.unwritten(node, at, a.Expected)
		}
	}
}

// unnoticed reports whether nobody can have noticed whether the node took effect.
func (t *transactions) unnoticed(node int32) bool {
	for at := t.first[node]; at < t.first[node+1]; at++ {
		if key := &t.keys[t.slot[at]]; key.class == plain || key.doubted {
			return false
		}
	}
	return true
}
