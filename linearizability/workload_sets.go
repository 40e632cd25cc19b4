package linearizability

import (
	"strings"

	"github.com/raftcheck/raftcheck/traces"
)

// A set to which elements are only added is a key for every element, which is true or not there; a read of the set reads them all at once.

// members are the elements of a set, in the order in which they are first met.
type members struct {
	all   []Value
	known map[Value]bool
	reads int
}

func (m *members) add(e Value) {
	if !m.known[e] {
		m.known[e] = true
		m.all = append(m.all, e)
	}
}

// memberName names an element of a set as a key.
func memberName(set string, e Value) string {
	return setName(set) + "/" + e.name()
}

func setName(set string) string {
	if set == "" {
		return "set"
	}
	return set
}

// mostMembers is how many elements all reads of sets may look at.
const mostMembers = 20_000_000

// collect lists the elements of every set.
func (w *workload) collect() error {
	if !w.set {
		return nil
	}
	w.sets = map[string]*members{}
	looked := 0
	for k := range w.Operations {
		f := w.works[w.of[k]]
		if f != adds && f != reads || w.isTransaction(k) {
			continue
		}
		key, asked, answer := w.Operations[k].Do[0].Key, w.Operations[k].Do[0].Value, w.Operations[k].Do[0].Expected
		if w.keyed && w.said[k]&keyBeside == 0 {
			var err error
			if key, asked, answer, err = w.apart(k, f); err != nil {
				return err
			}
		}
		m := w.sets[key]
		if m == nil {
			m = &members{known: map[Value]bool{}}
			w.sets[key] = m
			w.things = append(w.things, thing{aSet, named("set", key), setName(key) + "/"})
		}
		if f == adds {
			m.add(asked)
			continue
		}
		m.reads++
		all, err := w.elementsOf(k, answer)
		if err != nil {
			return err
		}
		for _, e := range all {
			m.add(e)
		}
	}
	for _, m := range w.sets {
		looked += m.reads * len(m.all)
	}
	if looked > mostMembers {
		return w.at(0, "the reads of the set look at %d elements, more than %d", looked, mostMembers)
	}
	return nil
}

// elementsOf returns the elements of a set or list that was read.
func (w *workload) elementsOf(k int, v Value) (all []Value, err error) {
	if v == Absent {
		return nil, nil
	}
	if v.IsList() {
		for e := range v.Elements {
			all = append(all, e)
		}
		return all, nil
	}
	text, isSet := strings.CutPrefix(string(v), "l#")
	if !isSet {
		return nil, w.at(w.Operations[k].ReturnLine, "a :%s of many elements returns %s", w.functionName(k), v.edn())
	}
	lines, err := traces.NewLines(w.File, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	r := &forms{lines: lines, line: []byte(text), alone: true}
	if err := r.open(); err != nil {
		return nil, err
	}
	for {
		over, err := r.closed('}')
		if err != nil || over {
			return all, err
		}
		e, err := r.inner(nil)
		if err != nil {
			return all, err
		}
		all = append(all, Value(e))
	}
}

// readSet reads every element of a set.
func (w *workload) readSet(k int, key string, answer Value) ([]Action, error) {
	o, m := &w.Operations[k], w.sets[key]
	seen, err := w.elementsOf(k, answer)
	if err != nil {
		return nil, err
	}
	has := make(map[Value]bool, len(seen))
	for _, e := range seen {
		has[e] = true
	}
	do := make([]Action, 0, len(m.all))
	for _, e := range m.all {
		a := ReadOf(memberName(key, e))
		if o.Outcome == Returned && w.said[k]&answered != 0 {
			if a.Shown = true; has[e] {
				a.Value = Literal("true")
			}
		}
		do = append(do, a)
	}
	if len(do) == 0 {
		do = append(do, ReadOf(key))
	}
	return do, nil
}
