package linearizability

import (
	"errors"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// line is a line of the native format, as it stands there.
type line struct {
	written                // the action, if it is no transaction
	client, event, outcome string
	values                 []Value // of the return of a transaction
	hasValues              bool
	do                     []Action // of a transaction; else the one action
	complete               []bool   // of do: the line also says what was seen
	call, returned         instant
	clientAt, eventAt      int
}

// written is an action, as it stands there.
type written struct {
	op, key         string
	value, from, to optional
	swapped, isSwap bool // isSwap: swapped is there
	unseen          bool // a read that returned, of which it is not known what it read
	not             bool // of an expectation: the key must not hold the value
}

type optional struct {
	Value
	set bool
}

type instant struct {
	at  int64
	set bool
	pos int
}

// reset forgets a line, but for its memory.
func (l *line) reset() {
	*l = line{values: l.values[:0], do: l.do[:0], complete: l.complete[:0]}
}

func (n *native) record(text []byte) error {
	d := wire.NewReader(text, false)
	l := &n.line
	l.reset()
	for d.Open('{'); d.More('}'); {
		at := d.At()
		switch key := d.Key(); string(key) {
		case "client":
			l.client, l.clientAt = n.name(&d), at
		case "event":
			l.event, l.eventAt = word(d.String()), at
		case "values":
			l.hasValues = true
			for d.Open('['); d.More(']'); {
				l.values = append(l.values, n.json(&d))
			}
		case "do":
			for d.Open('['); d.More(']'); {
				n.part(&d, l)
			}
		case "call":
			l.call = n.instant(&d, at)
		case "return":
			l.returned = n.instant(&d, at)
		case "outcome":
			l.outcome = word(d.String())
		default:
			n.member(&d, key, &l.written)
		}
	}
	d.End()
	if d.Err() == nil {
		n.take(&d, l)
	}
	return n.complaint(text, d.Err())
}

// words are those of the format, so that reading them makes no garbage.
var words = [...]string{"call", "return", "fail", "unknown", "read", "write", "cas", "append", "add", "expect", "delete", "txn", "ok", "failed"}

func word(text []byte) string {
	for _, w := range words {
		if w == string(text) {
			return w
		}
	}
	return string(text)
}

// member takes a member of an action, or passes over one that is not known.
func (n *native) member(d *wire.Reader, key []byte, w *written) {
	switch string(key) {
	case "op":
		w.op = word(d.String())
	case "key":
		w.key = n.name(d)
	case "value":
		w.value = optional{n.json(d), true}
	case "from":
		w.from = optional{n.json(d), true}
	case "to":
		w.to = optional{n.json(d), true}
	case "swapped":
		w.swapped, w.isSwap = d.Bool(), true
	case "unseen":
		w.unseen = d.Bool()
	case "not":
		w.not = d.Bool()
	default:
		d.Ignore()
	}
}

// name takes the name of a client or key: a string, or a number as it is written.
func (n *native) name(d *wire.Reader) string {
	if d.Peek() == '"' {
		return string(n.value(kindText, d.String())[1:])
	}
	at := d.At()
	text := string(d.Skip())
	if strings.Trim(text, "+-.0123456789eE") != "" && d.Err() == nil {
		d.FailAt(at, "a name is a string or a number")
	}
	return text
}

// maxMoment keeps moments from overflowing when they are compared.
const maxMoment = 1 << 61

func (n *native) instant(d *wire.Reader, pos int) instant {
	d.Peek()
	at := d.At()
	t, err := strconv.ParseInt(string(d.Skip()), 10, 64)
	if (err != nil || t > maxMoment || t < -maxMoment) && d.Err() == nil {
		d.FailAt(at, "a moment is a whole number between -2^61 and 2^61")
	}
	return instant{t, true, pos}
}

// part takes one action of a transaction.
func (n *native) part(d *wire.Reader, l *line) {
	d.Peek()
	at := d.At()
	var w written
	for d.Open('{'); d.More('}'); {
		n.member(d, d.Key(), &w)
	}
	if d.Err() == nil {
		l.add(d, at, &w)
	}
}

// add takes over an action.
func (l *line) add(d *wire.Reader, at int, w *written) {
	a, complete, wrong := w.action()
	if wrong != "" {
		d.FailAt(at, "%s", wrong)
	}
	l.do = append(l.do, a)
	l.complete = append(l.complete, complete)
}

// action is what is asked for; complete tells whether it also says what was seen. What is wrong with it comes last.
func (w *written) action() (a Action, complete bool, wrong string) {
	switch w.op {
	case "read":
		return Action{Kind: Read, Key: w.key, Value: w.value.Value, Shown: w.value.set}, w.value.set || w.unseen, ""
	case "delete":
		return WriteOf(w.key, Absent), true, ""
	case "write", "append", "add", "expect":
		if !w.value.set {
			return a, false, "a " + w.op + " needs a \"value\""
		}
		return w.withValue()
	case "cas":
		if !w.from.set || !w.to.set {
			return a, false, "a cas needs \"from\" and \"to\""
		}
		a = CompareAndSetOf(w.key, w.from.Value, w.to.Value)
		a.Differs = w.isSwap && !w.swapped
		return a, w.isSwap, ""
	case "":
		return a, false, "an operation without \"op\": " + operations
	}
	return a, false, "unknown operation " + strconv.Quote(w.op) + ": " + operations
}

// operations are those of the format.
const operations = "read, write, delete, cas, append, add, expect or txn"

// withValue is an action that needs nothing but a value.
func (w *written) withValue() (a Action, complete bool, wrong string) {
	switch v := w.value.Value; w.op {
	case "append":
		return AppendOf(w.key, appended(v)), true, ""
	case "expect":
		a = ExpectOf(w.key, v)
		a.Differs = w.not
		return a, true, ""
	case "add":
		n, isNumber := v.number()
		if !isNumber || v == Absent {
			return a, false, "an add of " + v.String() + ", which is no whole number"
		}
		return AddOf(w.key, n), true, ""
	}
	return WriteOf(w.key, w.value.Value), true, ""
}

// appended is what an append appends: a text or a list as it is, anything else, null too, as an element of a list.
func appended(v Value) Value {
	if v != Absent && (v.IsList() || v[0] == kindText) {
		return v
	}
	return List(v)
}

// take records what the line says.
func (n *native) take(d *wire.Reader, l *line) {
	switch {
	case l.clientAt == 0:
		d.FailAt(0, "a line without \"client\"")
		return
	case l.event == "" && !l.call.set:
		d.FailAt(0, "a line without \"event\" (call, return, fail, unknown) or \"call\" (the moment of the call)")
		return
	case l.event != "" && l.call.set:
		d.FailAt(l.call.pos, "a line with both \"event\" and \"call\": it is either an event or a whole operation")
		return
	}
	n.events, n.whole = n.events || l.event != "", n.whole || l.event == ""
	if n.events && n.whole {
		d.FailAt(0, "events and whole operations in one file: their order cannot be known")
		return
	}
	var err error
	switch l.event {
	case "":
		n.operation(d, l)
	case "call":
		err = n.call(d, l)
	case "return", "fail", "unknown":
		err = n.end(d, l)
	default:
		d.FailAt(l.eventAt, "unknown event %q: call, return, fail or unknown", l.event)
	}
	var fault *traces.InputError
	if errors.As(err, &fault) {
		d.FailAt(l.clientAt, "%s", fault.Message)
	}
}

// wanted makes sure that the line's actions are in do.
func (l *line) wanted(d *wire.Reader) {
	switch {
	case l.op != "txn":
		l.do, l.complete = l.do[:0], l.complete[:0]
		l.add(d, 0, &l.written)
	case len(l.do) == 0:
		d.FailAt(0, "a txn needs \"do\": a list of operations")
	}
}

// call records the event of a call. What was seen is said by the return.
func (n *native) call(d *wire.Reader, l *line) error {
	if l.wanted(d); d.Err() != nil {
		return nil
	}
	for k := range l.do {
		a := &l.do[k]
		a.Shown, a.Differs = false, a.Kind == Expect && a.Differs
		if a.Kind == Read {
			a.Value = Absent
		}
	}
	return n.begin(l.client, n.lines.Number(), l.do...)
}

// operation records a whole operation.
func (n *native) operation(d *wire.Reader, l *line) {
	n.timed = true
	l.wanted(d)
	o := Operation{Client: n.called(l.client), Call: l.call.at, Return: l.returned.at, CallLine: n.lines.Number(), ReturnLine: n.lines.Number()}
	switch l.outcome {
	case "":
		if !l.returned.set {
			o.Outcome = Pending
		}
	case "ok":
	case "failed":
		o.Outcome = Failed
	case "unknown":
		o.Outcome = Unknown
	default:
		d.FailAt(l.call.pos, "unknown outcome %q: ok, failed or unknown", l.outcome)
	}
	switch {
	case o.Outcome == Returned && !l.returned.set:
		d.FailAt(l.call.pos, "an operation with outcome ok needs \"return\": the moment of its return")
	case o.Outcome == Returned && o.Return < o.Call:
		d.FailAt(l.call.pos, "it returns at %d, before its call at %d", o.Return, o.Call)
	}
	for k := range l.do {
		if o.Outcome == Returned && !l.complete[k] {
			d.FailAt(l.call.pos, "%s", lacks(&l.do[k]))
		}
	}
	o.Do = n.actions(l.do...)
	n.Operations = append(n.Operations, o)
}

// lacks says what is missing of an action that returned.
func lacks(a *Action) string {
	if a.Kind == Read {
		return "a read that returned needs \"value\": what it read, or null"
	}
	return "a cas that returned needs \"swapped\": whether the comparison was true"
}

// end records how an operation ends.
func (n *native) end(d *wire.Reader, l *line) error {
	number := n.lines.Number()
	o, err := n.waiting(l.client, number)
	if err != nil {
		return err
	}
	switch l.event {
	case "fail":
		n.ended(o, Failed, number)
		return nil
	case "unknown":
		n.ended(o, Unknown, number)
		return nil
	}
	seen := l.values
	if l.value.set {
		seen = append(seen[:0], l.value.Value)
	}
	for k := range o.Do {
		a := &o.Do[k]
		switch {
		case a.Kind == Read && len(seen) == 0, a.Kind == CompareAndSet && !l.isSwap:
			d.FailAt(0, "%s", lacks(a))
			return nil
		case a.Kind == Read:
			a.Value, a.Shown, seen = seen[0], true, seen[1:]
		case a.Kind == CompareAndSet:
			a.Differs = !l.swapped
		}
	}
	if len(seen) > 0 && (l.hasValues || o.Do[0].Kind == Read) {
		d.FailAt(0, "more values than reads")
	}
	n.ended(o, Returned, number)
	return nil
}
