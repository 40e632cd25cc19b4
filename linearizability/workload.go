package linearizability

import (
	"fmt"
	"strings"
)

// What the operations of a Jepsen history do. Their names say it, and the form of their values: with a key in front or not, with a version,
// or a transaction of micro-operations, under whatever name.

// work is the reading of one kind of operation.
type work uint8

const (
	unclear work = iota
	reads
	writes
	compares
	appends
	gets // of porcupine's stores, where a key that was never put holds the empty text
	puts
	deletes
	adds
	increments
	decrements
	acquires
	releases
	enqueues
	dequeues
	drains
	transacts
)

// works are the names of operations. Any other is known only if it is a transaction.
var works = map[string]work{"read": reads, "r": reads, "write": writes, "w": writes, "cas": compares, "append": appends, "get": gets, "put": puts,
	"delete": deletes, "del": deletes, "remove": deletes, "add": adds, "inc": increments, "increment": increments, "dec": decrements,
	"decrement": decrements, "acquire": acquires, "lock": acquires, "release": releases, "unlock": releases, "enqueue": enqueues,
	"dequeue": dequeues, "drain": drains, "txn": transacts}

// workload is how the values of a history are read.
type workload struct {
	*jepsen
	works     []work // of a function
	keyed     bool   // values of what is no transaction begin with a key: [key value]
	versioned bool   // what follows the key, if any, is [version value]
	set       bool   // adds put elements into a set
	scratch   []Action
	sets      map[string]*members // by key, where adds put elements into sets
	queues    map[string]*queue   // by key
	locks     map[string]bool     // by their keys
}

// resolve turns the happenings into actions.
func (j *jepsen) resolve() error {
	w := &workload{jepsen: j, locks: map[string]bool{}}
	for _, f := range j.functions {
		w.works = append(w.works, works[f])
	}
	w.forms()
	w.set = w.showsSets()
	if err := w.collect(); err != nil {
		return err
	}
	for k := range j.Operations {
		if err := w.operation(k); err != nil {
			return err
		}
	}
	w.notes()
	w.dequeued()
	j.drop()
	if j.completed {
		j.timed = true // nobody knows when they were called
	}
	return nil
}

// drop leaves out operations that do nothing: transactions without a part.
func (j *jepsen) drop() {
	kept := j.Operations[:0]
	for k := range j.Operations {
		if len(j.Operations[k].Do) > 0 {
			kept = append(kept, j.Operations[k])
		}
	}
	j.Operations = kept
}

// forms finds out how values are to be read.
func (w *workload) forms() {
	keyed, versioned, any, shown := true, true, false, false
	for k := range w.Operations {
		a, f := &w.Operations[k].Do[0], w.works[w.of[k]]
		if w.isTransaction(k) {
			continue
		}
		if w.said[k]&keyBeside != 0 {
			continue
		}
		any = true
		keyed = keyed && w.mayBeKeyed(k, f)
		versioned = versioned && hasVersion(f, a.Value, false)
		shown = shown || hasVersion(f, a.Expected, true)
	}
	if any && versioned && shown {
		w.versioned = true
		return
	}
	if w.keyed = any && keyed; !w.keyed {
		return
	}
	w.versioned, shown = true, false
	for k := range w.Operations {
		a, f := &w.Operations[k].Do[0], w.works[w.of[k]]
		if w.isTransaction(k) || w.said[k]&keyBeside != 0 {
			continue
		}
		w.versioned = w.versioned && hasVersion(f, last(a.Value), false)
		shown = shown || hasVersion(f, last(a.Expected), true)
	}
	w.versioned = w.versioned && shown
}

// showsSets reports whether elements are added to what reads show as sets.
func (w *workload) showsSets() bool {
	added, shown := false, false
	for k := range w.Operations {
		f, v := w.works[w.of[k]], w.Operations[k].Do[0].Expected
		if w.keyed && w.said[k]&keyBeside == 0 {
			v = last(v)
		}
		added = added || f == adds
		shown = shown || f == reads && (v.IsList() || strings.HasPrefix(string(v), "l#{"))
	}
	return added && shown
}

// isTransaction reports whether an operation is a transaction of micro-operations, with a key in front of it or not.
func (w *workload) isTransaction(k int) bool {
	if f := w.works[w.of[k]]; f == transacts {
		return true
	}
	a := &w.Operations[k].Do[0]
	v := a.Value
	if v == Absent {
		v = a.Expected
	}
	_, inner, is := pair(v)
	return isMicro(v) || is && isMicro(inner)
}

// isMicro reports whether a value is a list of micro-operations.
func isMicro(v Value) bool {
	if !v.IsList() {
		return false
	}
	for e := range v.Elements {
		parts, _ := e.apart()
		if _, known := micro[wordOf(parts[0])]; !known {
			return false
		}
	}
	return true
}

// micro are the names of micro-operations, with how many values follow the key.
var micro = map[string]work{"r": reads, "read": reads, "w": writes, "write": writes, "append": appends, "cas": compares, "delete": deletes}

// wordOf is a keyword or a text as a word; "" for anything else.
func wordOf(v Value) string {
	switch {
	case v == Absent || v.IsList():
		return ""
	case v[0] == kindLiteral:
		word, isKeyword := strings.CutPrefix(string(v[1:]), ":")
		if isKeyword {
			return word
		}
		return ""
	}
	return strings.TrimPrefix(string(v[1:]), ":")
}

// fewElements are the first elements of a list.
type fewElements [4]Value

// apart returns the first elements of a list, and how many there are; one more than fit stands for any number.
func (v Value) apart() (parts fewElements, n int) {
	if !v.IsList() {
		return parts, 0
	}
	for rest := v[1:]; rest != ""; n++ {
		if n == len(parts) {
			return parts, n + 1
		}
		length, width := uvarint(rest)
		parts[n], rest = rest[width:width+length], rest[width+length:]
	}
	return parts, n
}

// pair takes a list of two apart.
func pair(v Value) (first, second Value, is bool) {
	parts, n := v.apart()
	if n != 2 {
		return Absent, Absent, false
	}
	return parts[0], parts[1], true
}

// last is the second of a pair.
func last(v Value) Value {
	_, second, _ := pair(v)
	return second
}

// mayBeKeyed reports whether the values of an operation can be pairs of a key and a value. A comparison without a key is a pair too, of two
// values; and a read that asks for nothing has no key.
func (w *workload) mayBeKeyed(k int, f work) bool {
	o := &w.Operations[k]
	a := &o.Do[0]
	ask := a.Value != Absent || f == reads || f == gets
	answer := w.said[k]&answered != 0 && o.Outcome == Returned && a.Expected != Absent
	if f == deletes {
		return true // of a key, whatever else
	}
	return (!ask || isKeyed(f, a.Value)) && (!answer || isKeyed(f, a.Expected)) && (ask || answer || f == writes || f == dequeues || f == drains)
}

func isKeyed(f work, v Value) bool {
	parts, n := v.apart()
	switch {
	case f == compares && n == 3:
		return true
	case f == compares && n == 2:
		_, _, is := pair(parts[1])
		return is
	case f == drains:
		return n == 2 && (parts[1] == Absent || parts[1].IsList() || strings.HasPrefix(string(parts[1]), "l#{"))
	}
	return n == 2
}

// hasVersion reports whether a value is [version value]; where it was invoked the version is nil.
func hasVersion(f work, v Value, known bool) bool {
	version, value, is := pair(v)
	if !is || !known && version != Absent {
		return false
	}
	if _, isNumber := version.number(); !isNumber || known && version == Absent {
		return false
	}
	switch f {
	case reads:
		return known || value == Absent
	case writes:
		return true
	case compares:
		_, _, is := pair(value)
		return is
	}
	return false
}

// notes says what was taken for granted.
func (w *workload) notes() {
	if w.completed {
		w.Notes = append(w.Notes, "the file has no invocations: what came first is not known, and every operation is taken to have been under way from the beginning")
	}
	count, first := 0, 0
	for k := range w.Operations {
		if o := &w.Operations[k]; k < len(w.said) && w.said[k]&late != 0 && o.Outcome == Failed && o.changes() {
			if count++; first == 0 {
				first = o.ReturnLine
			}
		}
	}
	if count > 0 {
		w.Notes = append(w.Notes, fmt.Sprintf("%d of the operations that :fail did so with a timeout, the first at line %d: a timeout does not say that nothing happened; its client should write :info", count, first))
	}
}
