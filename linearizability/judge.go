package linearizability

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// judged is what the dependency graph says of a part.
type judged struct {
	h       *History
	p       *part
	t       *transactions
	g       *graph
	verdict [4]spec.Verdict // by Model; Inconclusive of what was not decided
	chose   bool            // a search decided, since the graph left something open

	anomaly *anomaly // that shows without a cycle; nil if there is none
	cycle   []int32  // otherwise, nodes of which each must come before the next, and the last before the first; nil if there is none
	told    *told    // the cycle as it is told; nil if it is too long
	kind    int      // of the cycle: an index into kindsOfCycles
	guided  *guided  // the search for a strict order, if there was one
}

// judge decides a part by its dependency graph: every model if the strictest holds, and otherwise as many as it can of those down to the one
// that is asked for and the strongest that holds.
func judge(h *History, p *part, budget int) (*judged, error) {
	j := &judged{h: h, p: p, t: transactionsOf(h, p)}
	for m := range j.verdict {
		j.verdict[m] = spec.Inconclusive
	}
	if len(j.t.anomalies) > 0 {
		j.anomaly = j.t.firstAnomaly()
		j.settle(ReadCommitted, spec.Violated)
		return j, nil
	}
	j.g = graphOf(j.t)
	if j.g.severalBlocks() {
		if err := j.soon(); err != nil || j.verdict[StrictSerializable] == spec.Held {
			return j, err
		}
		j.g.complete()
	}
	sorted := j.g.sortedOut(everything)
	if len(sorted) == j.g.size {
		if err := j.search(StrictSerializable, sorted, budget); err != nil || j.verdict[StrictSerializable] != spec.Violated {
			return j, err
		}
	} else {
		j.cycles(sorted)
	}
	return j, j.weaker(budget)
}

// soon looks whether an order is found at once, by what the graph knows without much ado: most that are right have one, and nothing more need be known then.
func (j *judged) soon() error {
	sorted := j.g.sortedOut(everything)
	if len(sorted) < j.g.size {
		return nil
	}
	hasty := &judged{h: j.h, p: j.p, t: j.t, g: j.g, verdict: j.verdict}
	if err := hasty.search(StrictSerializable, sorted, len(j.g.ops)); err != nil || hasty.verdict[StrictSerializable] != spec.Held {
		return err
	}
	j.guided, j.chose = hasty.guided, hasty.chose
	j.settle(StrictSerializable, spec.Held)
	return nil
}

// firstAnomaly returns the anomaly whose reader returned first.
func (t *transactions) firstAnomaly() *anomaly {
	first := &t.anomalies[0]
	for k := range t.anomalies {
		if a := &t.anomalies[k]; t.op(a.nodes[0]).returnRank() < t.op(first.nodes[0]).returnRank() {
			first = a
		}
	}
	return first
}

// settle notes a verdict, and what follows from it: who fulfils a model fulfils the weaker ones; who violates it, the stronger.
func (j *judged) settle(m Model, v spec.Verdict) {
	j.verdict[m] = v
	for n := range j.verdict {
		if v == spec.Held && n > int(m) || v == spec.Violated && n < int(m) {
			j.verdict[n] = v
		}
	}
}

// search looks for an order, which is then walked through.
func (j *judged) search(m Model, sorted []int32, budget int) error {
	kinds := everything
	if m != StrictSerializable {
		kinds = untimed
	}
	s := newGuided(j.g, kinds, sorted, budget)
	v := s.run()
	if m == StrictSerializable {
		j.guided = s
	}
	j.chose = j.chose || s.choices
	if v == spec.Held {
		if err := walkThrough(j.h, j.p, s.path(), m == StrictSerializable); err != nil {
			return err
		}
	}
	if v != spec.Inconclusive {
		j.settle(m, v)
	}
	return nil
}

// kindsOfCycles are the cycles to look for, the worst first: of two that are there the first is told.
var kindsOfCycles = []struct {
	kinds edges
	apart bool
	weak  Model // the weakest that forbids it
}{
	{writesOnly, false, ReadCommitted},
	{flows, false, ReadCommitted},
	{untimed, true, SnapshotIsolation},
	{untimed, false, Serializable},
	{writesOnly | inTime | timed, false, StrictSerializable},
	{flows | inTime | timed, false, StrictSerializable},
	{everything, true, StrictSerializable},
	{everything, false, StrictSerializable},
}

// cycles finds the worst cycle. sorted is what is on none, nor behind one.
func (j *judged) cycles(sorted []int32) {
	on := slices.Repeat([]bool{true}, j.g.size)
	for _, n := range sorted {
		on[n] = false
	}
	for kind, c := range kindsOfCycles {
		w := walk{graph: j.g, kinds: c.kinds, apart: c.apart, in: on}
		if j.cycle = w.shortest(); j.cycle != nil {
			j.settle(c.weak, spec.Violated)
			j.kind, j.told = kind, j.g.tell(j.cycle, kind)
			return
		}
	}
	panic("what cannot be sorted has a cycle")
}

// weaker decides the models that are weaker than one which is violated.
func (j *judged) weaker(budget int) error {
	open := j.open()
	if j.verdict[ReadCommitted] == spec.Inconclusive && !open {
		// Any order of versions will do that is in the order of what was read and what is known of lists: so there was no cycle.
		if w := (walk{graph: j.g, kinds: flows}); len(w.components()) == 0 {
			j.settle(ReadCommitted, spec.Held)
		} else {
			j.settle(ReadCommitted, spec.Violated)
		}
	}
	if j.verdict[Serializable] == spec.Inconclusive {
		if sorted := j.g.sortedOut(untimed); len(sorted) == j.g.size {
			if err := j.search(Serializable, sorted, budget); err != nil {
				return err
			}
		}
	}
	if j.verdict[SnapshotIsolation] == spec.Inconclusive && !open {
		if v := snapshots(j.g); v != spec.Inconclusive {
			j.settle(SnapshotIsolation, v)
		}
	}
	return nil
}

// open reports whether there are keys of which the graph does not know all that matters to the weaker models.
func (j *judged) open() bool {
	return slices.ContainsFunc(j.t.keys, func(key txnKey) bool { return key.class == plain || key.doubted })
}

// anomalyName names what is wrong; "" if it has no name.
func (j *judged) anomalyName() string {
	switch {
	case j.anomaly != nil:
		return j.anomaly.name
	case j.told != nil:
		return j.told.name
	}
	return ""
}

// strongest returns the strongest model that holds; sure is false if there may be a stronger one. The name is "" if none surely holds.
func strongest(verdict [4]spec.Verdict) (name string, sure bool) {
	sure = true
	for m, v := range verdict {
		switch v {
		case spec.Held:
			return Model(m).String(), sure
		case spec.Inconclusive:
			sure = false
		}
	}
	if !sure {
		return "", false
	}
	return NoModel, true
}
