package linearizability

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// CycleStep says why one operation of a finding comes before another in every order that explains what clients saw. The steps of a cycle lead
// back to where they began.
type CycleStep struct {
	Before, After int    // indexes into Finding.Operations
	Kind          string // one of CycleKinds
	Key           string // "" for rt
	Why           string // one sentence without a period; operations are named by their numbers
}

// CycleKinds are the kinds of steps: After overwrites what Before wrote; After reads what Before wrote; After overwrites what Before read;
// Before had returned when After was called.
var CycleKinds = []string{"ww", "wr", "rw", "rt"}

// name returns the short name of one kind of edge.
func (k edges) name() string {
	switch k {
	case writeWrite:
		return CycleKinds[0]
	case writeRead:
		return CycleKinds[1]
	case inTime:
		return CycleKinds[3]
	}
	return CycleKinds[2]
}

// graphWitness makes the finding from an anomaly or a cycle; nil if these operations alone do not show it.
func graphWitness(d *decision, k int) (*Finding, error) {
	j := d.judged[k]
	e := j.evidence()
	if e == nil {
		return nil, nil
	}
	weak := j.weakest()
	h, ops, partly, kept := e.history()
	s := newShrinker(d.ctx, h, wholePart(h))
	s.model, s.parts = &weak, partly
	set := indexesOf(len(ops))
	if s.lists = listsOf(s.h, s.keys, set); s.lists != nil {
		for _, v := range j.about() {
			kept[v] = true
		}
		s.lists.only(s, &set, func(e element) bool { return kept[e] })
	}
	if !s.wrong(set) {
		return nil, nil
	}
	small := s.least(set)
	f := &Finding{Keys: wholePart(s.history(small)).keys, Of: len(d.parts[k].ops), Minimal: !s.doubt, History: s.history(small), Model: weak}
	if err := f.confirm(d, k); err != nil || len(f.ConfirmedBy) == 0 {
		return nil, err
	}
	if weak > Serializable {
		f.ConfirmedBy = append(f.ConfirmedBy, ByGraph) // the others know of orders only
	}
	for _, at := range small {
		o := d.h.Operations[ops[at]]
		f.Operations = append(f.Operations, Witnessed{Index: ops[at], Client: clientName(d.h.Clients[o.Client]), Text: s.text(at), File: d.h.fileOf(&o), Operation: o})
	}
	f.Guilty = lastToSee(f.History)
	f.Elided = slices.ContainsFunc(f.Operations, func(o Witnessed) bool { return strings.Contains(o.Text, "…") })
	f.lists = s.lists
	if err := f.tell(d.h, j); err != nil {
		return nil, err
	}
	if f.Anomaly == UnwrittenRead || f.Anomaly == AbortedRead {
		f.hints(d.h)
	}
	f.Steps = momentsOf(d.h, f.Operations)
	return f, nil
}

// least leaves out operations that it does not take.
func (s *shrinker) least(set []int) []int {
	s.gaveUp = false
	small := shorter(s.oneByOne(slices.Clone(set), false), s.oneByOne(slices.Clone(set), true))
	s.doubt = s.gaveUp
	return small
}

// weakest returns the weakest model that what was found violates.
func (j *judged) weakest() Model {
	if j.anomaly != nil {
		return ReadCommitted
	}
	return kindsOfCycles[j.kind].weak
}

// about returns the elements of lists that an anomaly is about.
func (j *judged) about() (found []element) {
	if j.anomaly != nil {
		for _, v := range j.anomaly.kept {
			found = append(found, element{j.t.keys[j.anomaly.key].name, v})
		}
	}
	return found
}

// violates reports whether a history violates a model.
func violates(h *History, m Model) bool {
	j, err := judge(h, wholePart(h), shrinkBudget)
	return err == nil && j.verdict[m] == spec.Violated
}

func indexesOf(n int) []int {
	all := make([]int, n)
	for k := range all {
		all[k] = k
	}
	return all
}

// wholePart is a history as one part.
func wholePart(h *History) *part {
	p := &part{}
	for k := range h.Operations {
		if h.Operations[k].silent() {
			continue
		}
		p.ops = append(p.ops, k)
		for _, a := range h.Operations[k].Do {
			if !slices.Contains(p.keys, a.Key) {
				p.keys = append(p.keys, a.Key)
			}
		}
	}
	return p
}

// tell says what is wrong: the anomaly that was found, or else what the graph of these operations alone shows. found is nil where it was found
// in another way; and the fewest operations may be wrong for another reason, without who saw what was found.
func (f *Finding) tell(all *History, found *judged) error {
	t := teller{Finding: f, judged: found, all: all, whole: true}
	if found != nil && found.anomaly != nil && t.place(found.anomaly.nodes[0]) >= 0 {
		f.Anomaly = found.anomaly.name
		t.anomalous()
	} else {
		j, err := judge(f.History, wholePart(f.History), guidedBudget)
		if err != nil {
			return err
		}
		t = teller{Finding: f, judged: j, all: all}
		if a := j.anomaly; a != nil && a.name == UnwrittenRead {
			if k, known := t.failure(a); known && all.Operations[k].callRank() < j.t.op(a.nodes[0]).returnRank() {
				a.name = AbortedRead // what failed is not among these operations
			}
		}
		f.Anomaly = j.anomalyName()
		switch {
		case j.anomaly != nil:
			t.anomalous()
		case j.told != nil:
			t.circle()
		default:
			f.explain(all)
		}
		if f.Anomaly != "" {
			f.Model = j.weakest()
		}
	}
	if about, known := meanings[strings.TrimSuffix(f.Anomaly, realtime)]; known {
		f.Why = append(f.Why, f.meaning(about))
	}
	return nil
}

// meanings says in plain words what anomalies are.
var meanings = map[string]string{
	AbortedRead:      "an aborted read: something was seen that definitely did not happen",
	IntermediateRead: "an intermediate read: something was seen that its own transaction had already replaced when it ended",
	UnwrittenRead:    "a read of what nobody wrote",
	Internal:         "a transaction that does not see its own work",
	Duplicate:        "an append that happened twice",
	Incompatible:     "two reads that cannot both be right, whatever happened between them",
	DirtyWrite:       "a circle of writes alone: transactions overwrite each other halfway",
	CircularFlow:     "a circle in which each overwrites, or sees what was written by, the one before",
	SingleRead:       "a circle in which just one read misses a write: it looked at a state that was not there all at once, or was no longer there",
	NonadjacentReads: "a circle in which several reads miss a write, no two of them one after the other: two readers disagree about what happened first",
	AntiDependency:   "a circle in which reads miss writes, at least two of them one after the other: each of two did not see the other (write skew)",
}

// meaning says what the anomaly is called, and what forbids it.
func (f *Finding) meaning(about string) string {
	s := fmt.Sprintf("This is called %s: %s", f.Anomaly, about)
	if strings.HasSuffix(f.Anomaly, realtime) {
		s += "; the order of time closes it"
	}
	if f.Model == ReadCommitted {
		return s + ". Not even " + ReadCommitted.String() + " allows it."
	}
	return fmt.Sprintf("%s. It is forbidden by %s; %s allows it.", s, listed(ModelNames[:f.Model+1]), f.Model+1)
}

// teller puts into words what the graph of a witness says, or that of the whole part.
type teller struct {
	*Finding
	*judged
	all   *History
	whole bool
}

// nodeName names a node as the operation that it is.
func (t *teller) nodeName(node int32) string {
	if k := t.place(node); k >= 0 {
		return operation(k)
	}
	return "another operation"
}

// place returns a node's place in the finding; -1 if it is not in it.
func (t *teller) place(node int32) int {
	if !t.whole {
		return t.p.ops[node]
	}
	return slices.IndexFunc(t.Operations, func(o Witnessed) bool { return o.Index == t.p.ops[node] })
}

func (t *teller) client(node int32) string { return t.Operations[t.place(node)].Client }

// circle tells a cycle.
func (t *teller) circle() {
	links := t.told.links
	for _, l := range links {
		key := ""
		if l.key != nothing {
			key = t.t.keys[l.key].name
		}
		step := CycleStep{Before: t.place(l.a), After: t.place(l.b), Kind: l.kind.name(), Key: key, Why: t.why(l)}
		t.Cycle = append(t.Cycle, step)
		t.Why = append(t.Why, fmt.Sprintf("%d before %d (%s): %s.", step.Before+1, step.After+1, step.Kind, step.Why))
	}
	t.Why = append(t.Why, t.conclusion(len(links)))
	t.Message = t.headline(links) + " (" + t.Anomaly + ")"
	for _, l := range links {
		if l.kind == readWrite || l.kind == readUpdate {
			t.Guilty = t.place(l.a)
		}
	}
}

func (t *teller) conclusion(n int) string {
	if n == 2 {
		return "So each of the two would have to come before the other: no order fits what clients saw."
	}
	return fmt.Sprintf("So %s would have to come before itself: no order fits what clients saw.", operation(t.Cycle[0].Before))
}

// inKey is a key in a sentence.
func inKey(name string) string {
	if name == "" {
		return "the register"
	}
	return keyName(name)
}

// inKey is a key of the part in a sentence: an element of a set as the set.
func (t *teller) inKey(slot int32) string {
	if set, _ := t.ofSet(slot); set != nil {
		return set.name
	}
	return inKey(t.t.keys[slot].name)
}

// why says why one operation comes before another.
func (t *teller) why(l link) string {
	a, b := t.nodeName(l.a), t.nodeName(l.b)
	if l.kind == inTime {
		x, y := &t.History.Operations[t.place(l.a)], &t.History.Operations[t.place(l.b)]
		return fmt.Sprintf("%s had returned when %s was called%s", a, b, lines(x, y))
	}
	key := &t.t.keys[l.key]
	if key.class == list {
		return t.whyList(l, a, b, inKey(key.name))
	}
	if set, element := t.ofSet(l.key); set != nil && l.kind != writeWrite {
		return t.whySet(l, set, element, a, b)
	}
	from, to := key.versions[l.before].value, Absent
	if l.kind == writeRead {
		return fmt.Sprintf("%s reads %s from %s, which %s wrote", b, from, inKey(key.name), a)
	}
	to = key.versions[l.after].value
	did := "wrote"
	if l.kind != writeWrite && !t.wrote(l.a, l.key, l.before) {
		did = "read"
	}
	return fmt.Sprintf("%s %s %s, which was in %s before %s wrote %s: %s", a, did, from, inKey(key.name), b, to, t.order(l))
}

func (t *teller) wrote(node, slot, v int32) bool { return t.t.keys[slot].versions[v].node == node }

// lines says where two moments are seen.
func lines(x, y *Operation) string {
	if x.ReturnLine > 0 && y.CallLine > 0 && x.ReturnLine != y.CallLine {
		return fmt.Sprintf(" (line %d, then line %d)", x.ReturnLine, y.CallLine)
	}
	return ""
}

func (t *teller) whyList(l link, a, b, name string) string {
	key := &t.t.keys[l.key]
	switch l.kind {
	case writeRead:
		return fmt.Sprintf("%s reads %s with %s, which %s appended", b, name, key.versions[l.before].value, a)
	case readWrite, readUpdate:
		return fmt.Sprintf("%s reads %s without %s, which %s appended", a, name, key.versions[l.after].value, b)
	}
	first, second := key.versions[l.before].value, key.versions[l.after].value
	if l.order == byList {
		return fmt.Sprintf("%s appended %s to %s, and %s appended %s behind it, as %s shows", a, first, name, b, second, t.nodeName(l.witnesses[0]))
	}
	return fmt.Sprintf("%s appended %s to %s, and %s appended %s later, since %s reads the one and not the other", a, first, name, b, second,
		t.nodeName(l.witnesses[0]))
}

// order says how it is known that one version of a register came before another.
func (t *teller) order(l link) string {
	key := &t.t.keys[l.key]
	from, to := key.versions[l.before].value, key.versions[l.after].value
	switch l.order {
	case byBeginning:
		if l.before == 0 {
			return fmt.Sprintf("%s was there at first", from)
		}
		return fmt.Sprintf("what was there at first was replaced by %s at once", from)
	case byUpdate:
		if len(l.witnesses) == 0 {
			return fmt.Sprintf("%s had read it", t.nodeName(l.b))
		}
		return fmt.Sprintf("%s had seen it, and so on until %s", t.nodeName(l.witnesses[0]), to)
	case byTime:
		p, q := l.witnesses[0], l.witnesses[1]
		return fmt.Sprintf("%s, which saw the one, had returned when %s was called, which saw the other%s", t.nodeName(p), t.nodeName(q),
			lines(&t.History.Operations[t.place(p)], &t.History.Operations[t.place(q)]))
	case byInsight:
		return fmt.Sprintf("%s, which saw the other, also saw what %s did, which saw the one", t.nodeName(l.witnesses[1]), t.nodeName(l.witnesses[0]))
	}
	var way []string
	for _, n := range l.witnesses {
		way = append(way, t.nodeName(n))
	}
	return "each of these comes before the next, " + strings.Join(way, ", ")
}

// headline says in one line what is wrong.
func (t *teller) headline(links []link) string {
	if len(links) == 2 {
		if s := t.pair(links); s != "" {
			return s
		}
	}
	var missed []link
	before := nothing // who comes right before the last that misses something
	for n, l := range links {
		if l.kind == readWrite || l.kind == readUpdate {
			missed, before = append(missed, l), links[(n+len(links)-1)%len(links)].a
		}
	}
	switch {
	case len(missed) == 1 && len(links) == 3:
		return fmt.Sprintf("%s %s, which came before as %s shows", t.client(missed[0].a), t.misses(missed[0]), t.client(before))
	case len(missed) == 2:
		return fmt.Sprintf("%s %s, and %s %s, which cannot both be", t.client(missed[0].a), t.misses(missed[0]), t.client(missed[1].a), t.misses(missed[1]))
	}
	return fmt.Sprintf("each of %d operations must come before the next, and the last before the first", len(links))
}

// pair says what is wrong with two operations each of which must come before the other.
func (t *teller) pair(links []link) string {
	p, q := links[0], links[1]
	if q.kind == readWrite || q.kind == readUpdate && p.kind != readWrite {
		p, q = q, p // the one that misses something first
	}
	if q.kind == inTime && p.kind != readWrite && p.kind != readUpdate {
		p, q = q, p
	}
	switch missed := p.kind == readWrite || p.kind == readUpdate; {
	case missed && q.kind == inTime:
		return fmt.Sprintf("%s %s, which had been %s before", t.client(p.a), t.misses(p), t.done(p))
	case missed && q.kind == writeRead:
		return fmt.Sprintf("%s sees what %s did to %s, and %s", t.client(p.a), t.client(p.b), t.inKey(q.key), t.misses(p))
	case missed && (q.kind == readWrite || q.kind == readUpdate) && p.key == q.key:
		return fmt.Sprintf("%s and %s both change %s, and neither sees what the other did", t.client(p.a), t.client(q.a), t.inKey(p.key))
	case missed && (q.kind == readWrite || q.kind == readUpdate):
		return fmt.Sprintf("%s %s, and %s %s", t.client(p.a), t.misses(p), t.client(q.a), t.misses(q))
	case missed:
		return fmt.Sprintf("%s %s, and overwrites %s all the same", t.client(p.a), t.misses(p), t.inKey(q.key))
	case p.kind == inTime && q.kind == writeRead:
		return fmt.Sprintf("%s sees in %s what %s did only afterwards", t.client(q.b), t.inKey(q.key), t.client(q.a))
	case p.kind == inTime:
		return fmt.Sprintf("%s changes %s after %s had returned, whose change comes later all the same", t.client(q.a), t.inKey(q.key), t.client(q.b))
	case p.kind == writeRead && q.kind == writeRead:
		return fmt.Sprintf("%s and %s each see what the other did", t.client(p.a), t.client(q.a))
	}
	return fmt.Sprintf("%s and %s each overwrite the other", t.client(p.a), t.client(q.a))
}

// misses says what who reads does not see.
func (t *teller) misses(l link) string {
	key := &t.t.keys[l.key]
	if set, element := t.ofSet(l.key); set != nil {
		return fmt.Sprintf("reads %s without %s", set.name, element)
	}
	if key.class == list {
		return fmt.Sprintf("reads %s without %s", inKey(key.name), key.versions[l.after].value)
	}
	return fmt.Sprintf("reads %s from %s and not %s", key.versions[l.before].value, inKey(key.name), key.versions[l.after].value)
}

func (t *teller) done(l link) string {
	if set, _ := t.ofSet(l.key); set != nil {
		return "added"
	}
	if t.t.keys[l.key].class == list {
		return "appended"
	}
	return "written"
}

// forgets says how an operation does not see its own work on a key.
func (t *teller) forgets(node, slot int32, key string) string {
	before, after, changed := false, false, false // it reads before its first change, and after it
	o := t.t.op(node)
	for n := range o.Do {
		switch {
		case t.t.slot[t.t.first[node]+int32(n)] != slot:
		case o.Do[n].Kind == Read:
			before, after = before || !changed, after || changed
		default:
			changed = true
		}
	}
	switch {
	case !before:
		return fmt.Sprintf("changes %s and then reads it, and does not find there what it did", key)
	case !after:
		return fmt.Sprintf("reads in %s what it does itself only afterwards", key)
	}
	return fmt.Sprintf("reads %s before and after it changes it, and what it reads does not fit its own change", key)
}

// anomalous tells an anomaly.
func (t *teller) anomalous() {
	a := t.judged.anomaly
	reader, key := a.nodes[0], inKey(t.t.keys[a.key].name)
	who := t.client(reader)
	t.Guilty = t.place(reader)
	if set, element := t.ofSet(a.key); set != nil && (a.name == AbortedRead || a.name == UnwrittenRead) {
		t.anomalousSet(a, who, set, element)
		t.Message += " (" + t.Anomaly + ")"
		return
	}
	switch a.name {
	case AbortedRead:
		t.aborted(a, who, key)
	case UnwrittenRead:
		t.Message = fmt.Sprintf("%s reads %s with %s, which nobody wrote", who, key, a.kept[0])
		t.Why = append(t.Why, fmt.Sprintf("No operation writes or appends %s to %s.", a.kept[0], key))
	case IntermediateRead:
		t.Message = fmt.Sprintf("%s reads %s as it was in the middle of another transaction", who, key)
		t.Why = append(t.Why, fmt.Sprintf("%s changes %s more than once; %s reads it as it was in between, which nobody can see if a transaction happens at once.",
			sentence(t.nodeName(a.nodes[1])), key, t.nodeName(reader)))
	case Internal:
		t.Message = fmt.Sprintf("%s does not see in %s what it did itself", who, key)
		t.Why = append(t.Why, fmt.Sprintf("%s %s.", sentence(t.nodeName(reader)), t.forgets(reader, a.key, key)))
	case Duplicate:
		t.Message = fmt.Sprintf("%s reads %s with %s twice, which was appended once", who, key, a.kept[0])
		t.Why = append(t.Why, fmt.Sprintf("Only %s appends %s to %s, and only once.", t.nodeName(a.nodes[1]), a.kept[0], key))
	case Incompatible:
		t.Message = fmt.Sprintf("%s reads %s in an order that others contradict", who, key)
		t.Why = append(t.Why, fmt.Sprintf("A list only grows at its end: of two reads of %s one must begin the other. These show %s and %s in different orders, or one without the other.",
			key, a.kept[0], a.kept[1]))
	}
	t.Message += " (" + t.Anomaly + ")"
}

// aborted tells the read of what a transaction wrote that failed. The witness does not have it, since it says nothing.
func (t *teller) aborted(a *anomaly, who, key string) {
	t.Message = fmt.Sprintf("%s reads %s with %s, though the operation that wrote it failed", who, key, a.kept[0])
	failed, known := t.failure(a)
	if !known {
		return
	}
	o := &t.all.Operations[failed]
	t.Why = append(t.Why, fmt.Sprintf("Only %s wanted to write %s to %s, %s; its client was told that it definitely has no effect.",
		clientName(t.all.Clients[o.Client]), a.kept[0], key, called(o)))
}

// failure returns the operation that failed and would have written what an aborted read saw.
func (t *teller) failure(a *anomaly) (failed int, known bool) {
	failed, known = failedWrites(t.all)[element{t.t.keys[a.key].name, a.kept[0]}]
	return failed, known
}
