package linearizability

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What is told of things that are no registers: queues, locks and sets are judged as keys that are written and compared, and told of in the words
// that their clients used.

// thing is something of which keys of a history are parts.
type thing struct {
	kind thingKind
	name string // how it is told of: "the queue", "the lock a"
	key  string // the key of a lock; of a queue or a set what the keys of its elements begin with
}

// thingKind says what a thing is.
type thingKind uint8

const (
	aQueue thingKind = iota
	aLock
	aSet
)

// manner says how a queue was taken from, where its operations are told.
type manner uint8

const (
	byDequeue manner = iota
	byDrain
)

// named is how a thing is told of whose key the file gives, if it gives one.
func named(kind, key string) string {
	if key == "" || key == "nil" {
		return "the " + kind
	}
	return "the " + kind + " " + keyName(key)
}

// thingOf returns the thing that a key belongs to, and which element of it the key is; nil for a key that is what it is.
func (h *History) thingOf(key string) (t *thing, element string) {
	for k := range h.things {
		c := &h.things[k]
		rest, is := strings.CutPrefix(key, c.key)
		if is && (c.kind == aLock && rest == "" || c.kind != aLock) && (t == nil || len(c.key) > len(t.key)) {
			t, element = c, rest
		}
	}
	return t, element
}

// told prints an operation in the words of what it was done to; false where its actions say it best.
func (h *History) told(o *Operation) (string, bool) {
	if len(h.things) == 0 || len(o.Do) == 0 {
		return "", false
	}
	t, element := h.thingOf(o.Do[0].Key)
	if t == nil {
		return "", false
	}
	var s string
	switch t.kind {
	case aQueue:
		s = o.onQueue(t, keyName(element))
	case aLock:
		if s = "release"; o.acquires() {
			s = "acquire"
		}
		if t.name != "the lock" {
			s += " " + strings.TrimPrefix(t.name, "the lock ")
		}
	case aSet:
		s = h.onSet(o, t)
	}
	if o.Outcome != Returned {
		s += " (" + o.Outcome.String() + ")"
	}
	return s, true
}

// text prints an operation, in the words of what it was done to where there are such.
func (h *History) text(o *Operation) string {
	if s, is := h.told(o); is {
		return s
	}
	return o.String()
}

// onQueue prints what was done to a queue.
func (o *Operation) onQueue(t *thing, element string) string {
	of := strings.TrimPrefix(t.name, "the queue")
	name := [...]string{byDequeue: "dequeue", byDrain: "drain"}[o.manner]
	switch {
	case o.enqueues():
		return "enqueue" + of + " " + element
	case o.takes() && o.manner == byDrain:
		return name + of + ": " + element + " among others"
	case o.takes():
		return name + of + ": " + element
	case o.manner == byDrain:
		return name + of + ": all but " + element
	}
	return name + of + ": nothing"
}

// enqueues reports whether an operation on an element of a queue puts it in.
func (o *Operation) enqueues() bool {
	a := &o.Do[len(o.Do)-1]
	return a.Kind == Write || a.Kind == Add && !strings.HasPrefix(string(a.Value), "l-")
}

// takes reports whether an operation on an element of a queue takes it out.
func (o *Operation) takes() bool {
	a := &o.Do[len(o.Do)-1]
	return a.Kind == CompareAndSet || a.Kind == Add && !o.enqueues()
}

// acquires reports whether an operation on a lock takes it.
func (o *Operation) acquires() bool { return o.Do[0].Expected == Absent }

// onSet prints what was done to a set: of a read, which of the elements in question it has.
func (h *History) onSet(o *Operation, t *thing) string {
	of := strings.TrimPrefix(t.name, "the set")
	var with, without []string
	for n := range o.Do {
		a := &o.Do[n]
		_, element := h.thingOf(a.Key)
		switch {
		case a.Kind == Write:
			return "add" + of + " " + keyName(element)
		case !a.Shown:
		case a.Value == Absent:
			without = append(without, keyName(element))
		default:
			with = append(with, keyName(element))
		}
	}
	var said []string
	if len(with) > 0 {
		said = append(said, "with "+listed(with))
	}
	if len(without) > 0 {
		said = append(said, "without "+listed(without))
	}
	if len(said) == 0 {
		return "read" + of
	}
	return "read" + of + ": " + strings.Join(said, ", ")
}

// explainThing says in the words of a queue or a lock why no order of the witness fits; false where the witness is of neither.
func (f *Finding) explainThing(whole *History) bool {
	if len(whole.things) == 0 {
		return false
	}
	switch t, element := whole.thingOf(f.Keys[0]); {
	case t == nil:
		return false
	case t.kind == aSet:
		g := &f.Operations[f.Guilty]
		f.Message = fmt.Sprintf("%s: %s of %s, which no order of the operations explains", g.Client, g.Text, t.name)
		f.Why = append(f.Why, "Every order was tried in which an operation that returned before another was called comes first. In none of them does every read see what it saw.")
	case t.kind == aQueue:
		f.aboutQueue(whole, t, keyName(element))
	case t.kind == aLock:
		f.aboutLock(t)
	default:
		return false
	}
	return true
}

// ofSet reports whether the finding is about a set.
func (f *Finding) ofSet(whole *History) bool {
	t, _ := whole.thingOf(f.Keys[0])
	return t != nil && t.kind == aSet
}

// those returns the operations of the witness that are such.
func (f *Finding) those(such func(*Operation) bool) (found []int) {
	for k := range f.History.Operations {
		if such(&f.History.Operations[k]) {
			found = append(found, k)
		}
	}
	return found
}

// aboutQueue explains what became of one element of a queue.
func (f *Finding) aboutQueue(whole *History, t *thing, element string) {
	g, who := &f.History.Operations[f.Guilty], f.Operations[f.Guilty].Client
	puts, takes := f.those((*Operation).enqueues), f.those((*Operation).takes)
	switch {
	case !g.takes():
		f.lost(t, element, who, puts, takes)
	case len(puts) == 0 && f.neverPut(whole, t, element, who):
	case len(takes) > len(puts):
		f.Message = fmt.Sprintf("%s takes %s out of %s, where it no longer is", who, element, t.name)
		f.Why = append(f.Why, fmt.Sprintf("%s was put in %s, by %s, and taken out %s, by %s.", element, times(len(puts)), byNumbers(puts), times(len(takes)), byNumbers(takes)))
	default:
		f.Message = fmt.Sprintf("%s takes %s out of %s before it is put in", who, element, t.name)
		f.Why = append(f.Why, fmt.Sprintf("When %s had returned, %s had been put in fewer times than taken out:%s.", operation(f.Guilty), element, f.calledAfter(puts, f.Guilty)))
	}
}

// lost explains that a queue was found empty where an element should have been.
func (f *Finding) lost(t *thing, element, who string, puts, takes []int) {
	f.Message = fmt.Sprintf("%s finds %s empty, though %s was put in and not taken out", who, t.name, element)
	if f.History.Operations[f.Guilty].manner == byDrain {
		f.Message = fmt.Sprintf("%s drains %s and does not get %s, though it was put in and not taken out", who, t.name, element)
	}
	for _, k := range puts {
		if precedes(f.History, k, f.Guilty) {
			f.Why = append(f.Why, sentence(f.over(k, f.Guilty))+".")
		}
	}
	if len(takes) == 0 {
		f.Why = append(f.Why, fmt.Sprintf("Nobody can have taken %s out before %s returned.", element, operation(f.Guilty)))
		return
	}
	f.Why = append(f.Why, fmt.Sprintf("Until %s returned %s had been taken out fewer times than put in:%s.", operation(f.Guilty), element, f.calledAfter(takes, f.Guilty)))
}

// beginning prints what a key held before the first operation.
func (h *History) beginning(key string, v Value) string {
	switch t, element := h.thingOf(key); {
	case t == nil:
		return strings.TrimPrefix(fmt.Sprintf("%s %s", keyName(key), v), " ")
	case t.kind == aLock:
		return t.name + " held"
	default:
		return fmt.Sprintf("%s in %s", keyName(element), t.name)
	}
}

// neverPut explains that an element was taken out that nobody put in, or one whose enqueue failed; false if somebody did put it in.
func (f *Finding) neverPut(whole *History, t *thing, element, who string) bool {
	f.Message = fmt.Sprintf("%s takes %s out of %s, which nobody put in", who, element, t.name)
	f.Why = append(f.Why, fmt.Sprintf("No operation puts %s into %s.", element, t.name))
	for k := range whole.Operations {
		o := &whole.Operations[k]
		if o.Do[0].Key != f.Keys[0] || !o.enqueues() {
			continue
		}
		client := clientName(whole.Clients[o.Client])
		if o.Outcome == Failed {
			f.Message = fmt.Sprintf("%s takes %s out of %s, though the :enqueue of it failed", who, element, t.name)
			f.Why = []string{fmt.Sprintf("Only %s wanted to put %s into %s, %s; its client was told that it definitely has no effect.", client, element, t.name, called(o))}
			continue
		}
		f.Message = fmt.Sprintf("%s takes %s out of %s before it is put in", who, element, t.name)
		f.Why = []string{fmt.Sprintf("%s put it in, %s; by then %s had returned.", sentence(client), called(o), operation(f.Guilty))}
		return true
	}
	return true
}

// calledAfter says which of some operations were called only when another had returned.
func (f *Finding) calledAfter(all []int, k int) (s string) {
	var later, others []int
	for _, n := range all {
		if precedes(f.History, k, n) {
			later = append(later, n)
		} else {
			others = append(others, n)
		}
	}
	if len(others) > 0 {
		s = " " + byNumbers(others) + " can have been done by then"
	}
	if len(later) > 0 {
		if s != "" {
			s += ","
		}
		s += fmt.Sprintf(" %s %s called only afterwards", byNumbers(later), map[bool]string{true: "was", false: "were"}[len(later) == 1])
	}
	return s
}

// aboutLock explains that a lock was taken while it was held, or released while it was free.
func (f *Finding) aboutLock(t *thing) {
	g, who := &f.History.Operations[f.Guilty], f.Operations[f.Guilty].Client
	acquired, released := f.those((*Operation).acquires), f.those(func(o *Operation) bool { return !o.acquires() })
	if g.acquires() && len(acquired) <= len(released) { // as often as it was acquired it was free, unless somebody released it before
		f.Guilty = released[len(released)-1]
		g, who = &f.History.Operations[f.Guilty], f.Operations[f.Guilty].Client
	}
	if !g.acquires() {
		f.Message = fmt.Sprintf("%s releases %s, which nobody holds", who, t.name)
		f.Why = append(f.Why, fmt.Sprintf("%s was acquired %s%s, and released %s, by %s.", sentence(t.name), times(len(acquired)), by(acquired), times(len(released)), byNumbers(released)))
		return
	}
	others := slices.DeleteFunc(slices.Clone(acquired), func(k int) bool { return k == f.Guilty })
	f.Message = fmt.Sprintf("%s acquires %s, which is held", who, t.name)
	if len(others) == 1 {
		f.Message = fmt.Sprintf("%s acquires %s, which %s holds", who, t.name, f.Operations[others[0]].Client)
	}
	f.Why = append(f.Why, fmt.Sprintf("%s was acquired %s, by %s, and %s.", sentence(t.name), times(len(acquired)), byNumbers(acquired), releasedBetween(released)))
	f.Hints = append(f.Hints, "if the lock ends by itself after a time (a lease), its end is a :release that belongs into the history")
}

// releasedBetween says how often a lock was released that was acquired too often.
func releasedBetween(released []int) string {
	if len(released) == 0 {
		return "nobody released it between"
	}
	return fmt.Sprintf("released only %s, by %s, that can have been between", times(len(released)), byNumbers(released))
}

// by names who did something, if anybody did.
func by(ops []int) string {
	if len(ops) == 0 {
		return ""
	}
	return ", by " + byNumbers(ops)
}

// byNumbers names operations by their numbers in the witness.
func byNumbers(ops []int) string {
	if len(ops) == 1 {
		return operation(ops[0])
	}
	var numbers []string
	for _, k := range ops {
		numbers = append(numbers, strconv.Itoa(k+1))
	}
	return "operations " + listed(numbers)
}

// times counts how often something was done.
func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// ofSet returns the element of a set that a key of the witness is, and the set; nil for other keys.
func (t *teller) ofSet(slot int32) (set *thing, element string) {
	set, element = t.all.thingOf(t.t.keys[slot].name)
	if set == nil || set.kind != aSet {
		return nil, ""
	}
	return set, keyName(element)
}

// whySet says why one operation on a set comes before another.
func (t *teller) whySet(l link, set *thing, element, a, b string) string {
	if l.kind == writeRead {
		return fmt.Sprintf("%s reads %s with %s, which %s added", b, set.name, element, a)
	}
	return fmt.Sprintf("%s reads %s without %s, which %s added", a, set.name, element, b)
}

// anomalousSet tells a read of an element that nobody added, or whose addition failed.
func (t *teller) anomalousSet(a *anomaly, who string, set *thing, element string) {
	t.Message = fmt.Sprintf("%s reads %s with %s, which nobody added", who, set.name, element)
	t.Why = append(t.Why, fmt.Sprintf("No operation adds %s to %s.", element, set.name))
	if a.name != AbortedRead {
		return
	}
	t.Message = fmt.Sprintf("%s reads %s with %s, though the :add of it failed", who, set.name, element)
	if failed, known := t.failure(a); known {
		o := &t.all.Operations[failed]
		t.Why = []string{fmt.Sprintf("Only %s wanted to add %s to %s, %s; its client was told that it definitely has no effect.",
			clientName(t.all.Clients[o.Client]), element, set.name, called(o))}
	}
}
