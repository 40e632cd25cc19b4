package linearizability

import (
	"fmt"
	"slices"
	"strings"
)

// A store that was not empty when the recording began. What a key holds then is told (--initial), or taken from what is first seen of it.

// beginnings finds out what keys hold at first, where it is not known: what is first seen of them that no operation can have left there.
type beginnings struct {
	h        *History
	earliest map[keyValue]int64 // of a value of a key: the first call of an operation that may have set it
	adds     map[string]int64   // of a key: the first call of an addition
	found    map[string]Value
	order    []string
}

// keyValue is a value of a key.
type keyValue struct {
	key   string
	value Value
}

// assumeBeginnings takes what is first seen of a key for what it held at first, unless that was given.
func (h *History) assumeBeginnings() {
	b := &beginnings{h: h, earliest: map[keyValue]int64{}, adds: map[string]int64{}, found: map[string]Value{}}
	for k := range h.Operations {
		b.sources(&h.Operations[k])
	}
	for k := range h.Operations {
		if o := &h.Operations[k]; o.Outcome == Returned {
			b.look(o)
		}
	}
	if len(b.order) == 0 {
		return
	}
	var told []string
	for _, key := range b.order {
		if h.InitialOf == nil {
			h.InitialOf = map[string]Value{}
		}
		h.InitialOf[key] = b.found[key]
		told = append(told, h.beginning(key, b.found[key]))
	}
	h.Notes = append(h.Notes, "what the store held at first is not known; taken for it is what was first seen that nobody had written: "+listed(told))
}

// sources notes what an operation may leave behind.
func (b *beginnings) sources(o *Operation) {
	if o.Outcome == Failed {
		return
	}
	for n := range o.Do {
		switch a := &o.Do[n]; {
		case a.Kind == Add:
			if _, known := b.adds[a.Key]; !known {
				b.adds[a.Key] = o.Call
			}
		case a.Kind == Append && a.Value.IsList():
			for e := range a.Value.Elements {
				b.source(a.Key, List(e), o.Call)
			}
		case a.changes(o.Outcome == Returned):
			b.source(a.Key, a.Value, o.Call)
		}
	}
}

func (b *beginnings) source(key string, v Value, call int64) {
	if _, known := b.earliest[keyValue{key, v}]; !known {
		b.earliest[keyValue{key, v}] = call // calls ascend
	}
}

// look takes what an operation saw of keys of which nothing was seen before.
func (b *beginnings) look(o *Operation) {
	for n := range o.Do {
		a := &o.Do[n]
		v, saw := a.seen()
		if !saw || v == Absent || slices.ContainsFunc(o.Do[:n], func(before Action) bool { return before.Key == a.Key && before.changes(true) }) {
			continue
		}
		if _, known := b.found[a.Key]; known {
			continue
		}
		if _, given := b.h.InitialOf[a.Key]; given {
			continue
		}
		if v = b.unexplained(a.Key, v, o); v != Absent {
			b.found[a.Key] = v
			b.order = append(b.order, a.Key)
		}
	}
}

// seen returns what an action that returned shows that its key held.
func (a *Action) seen() (Value, bool) {
	switch a.Kind {
	case Read:
		return a.Value, a.Shown
	case CompareAndSet:
		return a.Expected, !a.Differs
	case Expect:
		return a.Value, !a.Differs
	}
	return Absent, false
}

// unexplained returns what of a value nobody can have left before the operation returned; [Absent] for nothing.
func (b *beginnings) unexplained(key string, v Value, o *Operation) Value {
	if call, added := b.adds[key]; added && call <= o.Return {
		return Absent
	}
	if call, written := b.earliest[keyValue{key, v}]; written && call <= o.Return {
		return Absent
	}
	if !v.IsList() {
		return v
	}
	var before []byte
	for e := range v.Elements {
		if call, written := b.earliest[keyValue{key, List(e)}]; written && call <= o.Return {
			break
		}
		before = appendElement(before, e)
	}
	return listOf(before)
}

// hints says what would explain what an operation saw, if the history was not what it seems to be.
func (f *Finding) hints(whole *History) {
	for n := range f.Operations {
		o := &f.Operations[n].Operation
		if o.Outcome != Returned {
			continue
		}
		for k := range o.Do {
			f.hintAt(whole, o, &o.Do[k])
		}
	}
}

// hintAt hints at a store that was not empty where an operation saw something that nobody wrote, before anybody surely had written.
func (f *Finding) hintAt(whole *History, o *Operation, a *Action) {
	v, saw := a.seen()
	if !saw || len(f.Hints) > 0 {
		return
	}
	t, _ := whole.thingOf(a.Key)
	if v == Absent {
		if t == nil && strings.HasPrefix(whole.Format, "jepsen") && a.Kind == Read && o == &f.Operations[f.Guilty].Operation {
			f.Hints = append(f.Hints, "a read that returned nil is taken to have found nothing; if the client writes nil where it does not say what it saw: --nil-reads unknown")
		}
		return
	}
	for k := range whole.Operations {
		w := &whole.Operations[k]
		for n := range w.Do {
			if c := &w.Do[n]; c.Key != a.Key || w.Outcome == Failed || !c.changes(w.Outcome == Returned) {
				continue
			} else if c.Value == v && w.Call <= o.Return || w.Outcome == Returned && w.returnRank() < o.callRank() {
				return // it was written, or the key surely was
			} else if c.Kind == Append || c.Kind == Add {
				return
			}
		}
	}
	if t != nil {
		f.Hints = append(f.Hints, fmt.Sprintf("if %s was %s when the recording began: --initial unknown, which takes what is first seen for the beginning",
			t.name, [...]string{aQueue: "not empty", aLock: "held", aSet: "not empty"}[t.kind]))
		return
	}
	given := v.edn()
	if a.Key != "" {
		given = a.Key + "=" + given
	}
	f.Hints = append(f.Hints, fmt.Sprintf("if the store was not empty when the recording began: --initial %s, or --initial unknown, which takes what is first seen of a key for its beginning", quoted(given)))
}

// quoted is an argument as a shell takes it.
func quoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=._:/+-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
