package linearizability

import (
	"maps"
	"slices"
)

// evidence is the few operations that show an anomaly or a cycle by themselves, with those of their actions that it takes.
type evidence struct {
	*transactions
	actions map[int32]map[int32]bool // of a node: the numbers of its actions
}

// evidence returns what shows what is wrong; nil where neither an anomaly nor a cycle that can be told was found.
func (j *judged) evidence() *evidence {
	e := &evidence{j.t, map[int32]map[int32]bool{}}
	switch {
	case j.anomaly != nil:
		for _, n := range j.anomaly.nodes {
			e.onKey(n, j.anomaly.key)
		}
	case j.told != nil:
		for _, l := range j.told.links {
			e.link(j.g, l)
		}
	default:
		return nil
	}
	e.sources()
	return e
}

func (e *evidence) add(node, at int32) {
	if node == nothing || at == nothing {
		return
	}
	if e.actions[node] == nil {
		e.actions[node] = map[int32]bool{}
	}
	e.actions[node][at] = true
}

// onKey adds all that a node does with a key.
func (e *evidence) onKey(node, slot int32) {
	if node == nothing {
		return
	}
	for at := e.first[node]; at < e.first[node+1]; at++ {
		if e.slot[at] == slot {
			e.add(node, at)
		}
	}
}

// all adds all that a node does.
func (e *evidence) all(node int32) {
	for at := e.first[node]; at < e.first[node+1]; at++ {
		e.add(node, at)
	}
}

// link adds what shows one edge of a cycle.
func (e *evidence) link(g *graph, l link) {
	e.add(l.a, l.x)
	e.add(l.b, l.y)
	if l.kind == inTime {
		e.took(l.a)
		e.took(l.b)
		return
	}
	for _, n := range l.witnesses {
		if l.order == byWay || l.order == byInsight {
			e.all(n)
		} else {
			e.onKey(n, l.key)
		}
	}
	if g.keys[l.key].class == register {
		e.between(g, l)
	}
}

// between adds who wrote the versions of a block between those that a link is about.
func (e *evidence) between(g *graph, l link) {
	for _, v := range []int32{l.before, l.after} {
		if b, at := g.blockOf(l.key, v); b != nil && len(b.versions) > 1 {
			for _, w := range b.versions[:at+1] {
				e.onKey(g.keys[l.key].versions[w].node, l.key)
			}
		}
	}
}

// took makes sure that a node is there, whatever is shown of it.
func (e *evidence) took(node int32) {
	if e.actions[node] == nil {
		e.actions[node] = map[int32]bool{}
	}
}

// sources adds who wrote what is read, and somebody who saw what an operation did of which nobody knows the outcome.
func (e *evidence) sources() {
	for again := true; again; {
		before := e.size()
		for _, node := range slices.Sorted(maps.Keys(e.actions)) {
			for _, at := range slices.Sorted(maps.Keys(e.actions[node])) {
				e.source(node, at)
			}
			if e.op(node).Outcome != Returned {
				e.observer(node)
			}
		}
		again = e.size() > before
	}
}

func (e *evidence) size() (n int) {
	for _, actions := range e.actions {
		n += 1 + len(actions)
	}
	return n
}

// source adds who wrote the version of a register that an action reads.
func (e *evidence) source(node, at int32) {
	key := &e.keys[e.slot[at]]
	if key.class != register {
		return
	}
	saw := nothing
	switch a := e.op(node).Do[at-e.first[node]]; {
	case a.Kind == Read:
		saw = e.ver[at]
	case e.exp != nil:
		saw = e.exp[at]
	}
	if saw == nothing {
		return
	}
	if w := key.versions[saw].node; w != nothing {
		e.writing(w, e.slot[at], saw)
	}
}

// writing adds the action of a node that writes a version.
func (e *evidence) writing(node, slot, v int32) {
	for at := e.first[node]; at < e.first[node+1]; at++ {
		if e.slot[at] == slot && e.ver[at] == v && e.op(node).Do[at-e.first[node]].Kind != Read {
			e.add(node, at)
		}
	}
}

// observer adds somebody who saw what a node did, unless it is there.
func (e *evidence) observer(node int32) {
	seer, slot, v := nothing, nothing, nothing
	for at := e.first[node]; at < e.first[node+1]; at++ {
		if e.ver[at] == nothing || e.op(node).Do[at-e.first[node]].Kind == Read {
			continue
		}
		key := &e.keys[e.slot[at]]
		for _, r := range key.reads {
			if !key.showsVersion(r, e.ver[at]) {
				continue
			}
			if _, in := e.actions[r.node]; in && e.reads(r.node, e.slot[at]) && e.actions[node][at] {
				return
			}
			if seer == nothing {
				seer, slot, v = r.node, e.slot[at], e.ver[at]
			}
		}
	}
	if seer != nothing {
		e.onKey(seer, slot)
		e.writing(node, slot, v)
	}
}

// showsVersion reports whether a read shows a version.
func (key *txnKey) showsVersion(r extRead, v int32) bool {
	if key.class == list {
		place := key.versions[v].place
		return place > 0 && place <= r.version
	}
	return r.version == v
}

// reads reports whether a read of a key is among the actions of a node that are shown.
func (e *evidence) reads(node, slot int32) bool {
	for at := range e.actions[node] {
		if e.slot[at] == slot && e.op(node).Do[at-e.first[node]].Kind != Append {
			return true
		}
	}
	return false
}

// history returns the operations with the actions that it takes, which of them lost an action, and which elements of lists they append.
func (e *evidence) history() (h *History, ops []int, partly map[int]bool, kept map[element]bool) {
	h = &History{Initial: e.h.Initial, InitialOf: e.h.InitialOf, Clients: e.h.Clients, things: e.h.things}
	partly, kept = map[int]bool{}, map[element]bool{}
	for _, node := range slices.Sorted(maps.Keys(e.actions)) {
		o := *e.op(node)
		whole := o.Do
		o.Do = nil
		for at := e.first[node]; at < e.first[node+1]; at++ {
			if a := whole[at-e.first[node]]; e.actions[node][at] {
				o.Do = append(o.Do, a)
				if a.Kind == Append {
					for v := range a.Value.Elements {
						kept[element{a.Key, v}] = true
					}
				}
			}
		}
		if len(o.Do) == 0 {
			o.Do = whole[:1]
		}
		partly[len(h.Operations)] = len(o.Do) < len(whole)
		ops = append(ops, e.ops[node])
		h.Operations = append(h.Operations, o)
	}
	return h, ops, partly, kept
}
