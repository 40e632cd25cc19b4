package linearizability

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// FormatName and FormatVersion are what the first line of a native history says.
const (
	FormatName    = "raftcheck-history"
	FormatVersion = 1
)

// Schema is the JSON Schema (2020-12) of one line of the native format.
//
//go:embed history.schema.json
var Schema string

// readNative reads the native format: a header, then a call, a return or a whole operation a line.
func readNative(r *recorder, first []byte) error {
	n := &native{recorder: r}
	if err := n.header(first); err != nil {
		return err
	}
	for {
		line, err := r.lines.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := n.record(line); err != nil {
			return err
		}
	}
}

type native struct {
	*recorder
	events, whole int // the first line of an event, and of a whole operation
}

func (n *native) header(line []byte) error {
	d := wire.NewReader(line, false)
	format, version := "", uint64(0)
	for d.Open('{'); d.More('}'); {
		switch key := string(d.Key()); key {
		case "format":
			format = string(d.String())
		case "version":
			version = d.Uint()
		case "initial":
			v := n.json(&d)
			if n.options.Initial == nil {
				n.Initial = v
			}
		default:
			d.Skip()
		}
	}
	d.End()
	if d.Err() == nil && (format != FormatName || version != FormatVersion) {
		d.FailAt(0, "the first line must be {\"format\":%q,\"version\":%d}", FormatName, FormatVersion)
	}
	return n.complaint(line, d.Err())
}

// complaint is what is wrong with a line of JSON, or nil. A line that is whole JSON was not cut off, whatever else is wrong with it.
func (r *recorder) complaint(line []byte, err error) error {
	var place *wire.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &place) && json.Valid(line):
		return r.lines.Fault(place.Column, place.What)
	}
	return traces.LineError(r.lines, err)
}

// json takes a value: null, a string, a number, a truth value, or a list of them.
func (r *recorder) json(d *wire.Reader) Value {
	switch c := d.Peek(); {
	case c == '"':
		return r.value(kindText, d.String())
	case c == 'n':
		d.Null()
		return Absent
	case c == '[':
		var list []byte
		for d.Open('['); d.More(']'); {
			list = appendElement(list, r.json(d))
		}
		return listOf(list)
	case c == '{':
		return r.literal(d)
	}
	return r.value(kindLiteral, d.Skip())
}

// literal takes {"literal":TEXT}: a word that JSON has no form for, such as a keyword of EDN.
func (r *recorder) literal(d *wire.Reader) Value {
	at := d.At()
	v := Absent
	for d.Open('{'); d.More('}'); {
		if string(d.Key()) != "literal" || v != Absent {
			break
		}
		v = r.value(kindLiteral, d.String())
	}
	if v == Absent {
		d.FailAt(at, "an object where a value belongs: null, a string, a number, true, false, a list or {\"literal\":TEXT}")
	}
	return v
}

// line is a line of the native format, as it stands there.
type line struct {
	client, event, op, key    string
	hasOp, hasKey             bool
	value, from, to           *Value
	unseen                    bool // a read that returned, of which it is not known what it read
	values                    []Value
	hasValues                 bool
	swapped                   *bool
	do                        []Action
	complete                  []bool // of do: it says what was read
	call, returned            *int64
	outcome                   string
	clientAt, eventAt, callAt int
}

func (n *native) record(text []byte) error {
	d := wire.NewReader(text, false)
	var l line
	for d.Open('{'); d.More('}'); {
		at := d.At()
		switch string(d.Key()) {
		case "client":
			l.client, l.clientAt = n.name(&d), at
		case "event":
			l.event, l.eventAt = string(d.String()), at
		case "op":
			l.op, l.hasOp = string(d.String()), true
		case "key":
			l.key, l.hasKey = n.name(&d), true
		case "value":
			l.value = pointer(n.json(&d))
		case "values":
			l.hasValues = true
			for d.Open('['); d.More(']'); {
				l.values = append(l.values, n.json(&d))
			}
		case "from":
			l.from = pointer(n.json(&d))
		case "to":
			l.to = pointer(n.json(&d))
		case "swapped":
			l.swapped = pointer(d.Bool())
		case "unseen":
			l.unseen = d.Bool()
		case "do":
			for d.Open('['); d.More(']'); {
				n.part(&d, &l)
			}
		case "call":
			l.call, l.callAt = n.moment(&d), at
		case "return":
			l.returned = n.moment(&d)
		case "outcome":
			l.outcome = string(d.String())
		default:
			d.Skip()
		}
	}
	d.End()
	if d.Err() == nil {
		n.take(&d, &l)
	}
	return n.complaint(text, d.Err())
}

func pointer[T any](v T) *T { return &v }

// name takes the name of a client or key: a string, or a number as it is written.
func (n *native) name(d *wire.Reader) string {
	if d.Peek() == '"' {
		return string(n.value(kindText, d.String())[1:])
	}
	at := d.At()
	text := string(d.Skip())
	if _, err := strconv.ParseFloat(text, 64); err != nil && d.Err() == nil {
		d.FailAt(at, "a name is a string or a number")
	}
	return text
}

// maxMoment keeps moments from overflowing when they are compared.
const maxMoment = 1 << 61

func (n *native) moment(d *wire.Reader) *int64 {
	at := d.At()
	text := string(d.Skip())
	t, err := strconv.ParseInt(text, 10, 64)
	if (err != nil || t > maxMoment || t < -maxMoment) && d.Err() == nil {
		d.FailAt(at, "a moment is a whole number between -2^61 and 2^61")
	}
	return &t
}

// part takes one action of a transaction.
func (n *native) part(d *wire.Reader, whole *line) {
	at := d.At()
	var l line
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "op":
			l.op, l.hasOp = string(d.String()), true
		case "key":
			l.key, l.hasKey = n.name(d), true
		case "value":
			l.value = pointer(n.json(d))
		case "from":
			l.from = pointer(n.json(d))
		case "to":
			l.to = pointer(n.json(d))
		case "swapped":
			l.swapped = pointer(d.Bool())
		case "unseen":
			l.unseen = d.Bool()
		default:
			d.Skip()
		}
	}
	if d.Err() != nil {
		return
	}
	a, complete, wrong := l.action()
	if wrong != "" {
		d.FailAt(at, "%s", wrong)
	}
	whole.do = append(whole.do, a)
	whole.complete = append(whole.complete, complete)
}

// action is what the line asks for; complete tells whether it also says what was seen. What is wrong with it comes last.
func (l *line) action() (a Action, complete bool, wrong string) {
	switch l.op {
	case "read":
		a = ReadOf(l.key)
		if l.value != nil {
			a.Value, a.Shown = *l.value, true
		}
		return a, a.Shown || l.unseen, ""
	case "write", "append":
		if l.value == nil {
			return a, false, "a " + l.op + " needs a \"value\""
		}
		if a = WriteOf(l.key, *l.value); l.op == "append" {
			a = AppendOf(l.key, appended(*l.value))
		}
		return a, true, ""
	case "cas":
		if l.from == nil || l.to == nil {
			return a, false, "a cas needs \"from\" and \"to\""
		}
		a = CompareAndSetOf(l.key, *l.from, *l.to)
		a.Differs = l.swapped != nil && !*l.swapped
		return a, l.swapped != nil, ""
	case "":
		return a, false, "an operation without \"op\": read, write, append, cas or txn"
	}
	return a, false, "unknown operation " + strconv.Quote(l.op) + ": read, write, append, cas or txn"
}

// appended is what an append appends: a text or a list as it is, anything else as an element of a list.
func appended(v Value) Value {
	if v == Absent || v.IsList() || v[0] == kindText {
		return v
	}
	return List(v)
}

// take records what the line says.
func (n *native) take(d *wire.Reader, l *line) {
	number := n.lines.Number()
	switch {
	case l.client == "":
		d.FailAt(0, "a line without \"client\"")
		return
	case l.event == "" && l.call == nil:
		d.FailAt(0, "a line without \"event\" (call, return, fail, unknown) or \"call\" (the moment of the call)")
		return
	case l.event != "" && l.call != nil:
		d.FailAt(l.callAt, "a line with both \"event\" and \"call\": it is either an event or a whole operation")
		return
	case l.event != "":
		n.events = max(n.events, 1)
	default:
		n.whole = max(n.whole, 1)
	}
	if n.events > 0 && n.whole > 0 {
		d.FailAt(0, "events and whole operations in one file: their order cannot be known")
		return
	}
	var err error
	switch l.event {
	case "":
		err = n.operation(d, l, number)
	case "call":
		do := n.wanted(d, l)
		for k := range do {
			do[k].Shown, do[k].Differs = false, false // the return says that
			if do[k].Kind == Read {
				do[k].Value = Absent
			}
		}
		if d.Err() == nil {
			err = n.begin(l.client, number, do...)
		}
	case "return", "fail", "unknown":
		err = n.end(d, l, number)
	default:
		d.FailAt(l.eventAt, "unknown event %q: call, return, fail or unknown", l.event)
	}
	var fault *traces.InputError
	if errors.As(err, &fault) {
		d.FailAt(l.clientAt, "%s", fault.Message)
	}
}

// wanted is what an operation does.
func (n *native) wanted(d *wire.Reader, l *line) []Action {
	if l.op == "txn" {
		if len(l.do) == 0 {
			d.FailAt(0, "a txn needs \"do\": a list of operations")
		}
		return l.do
	}
	a, complete, wrong := l.action()
	if wrong != "" {
		d.FailAt(0, "%s", wrong)
	}
	l.complete = []bool{complete}
	return []Action{a}
}

// operation records a whole operation.
func (n *native) operation(d *wire.Reader, l *line, number int) error {
	n.timed = true
	do := n.wanted(d, l)
	o := Operation{Client: n.called(l.client), Call: *l.call, CallLine: number, ReturnLine: number}
	switch l.outcome {
	case "":
		if l.returned == nil {
			o.Outcome = Pending
		}
	case "ok":
	case "failed":
		o.Outcome = Failed
	case "unknown":
		o.Outcome = Unknown
	default:
		d.FailAt(l.callAt, "unknown outcome %q: ok, failed or unknown", l.outcome)
	}
	if l.returned != nil {
		o.Return = *l.returned
	}
	switch {
	case o.Outcome == Returned && l.returned == nil:
		d.FailAt(l.callAt, "an operation with outcome ok needs \"return\": the moment of its return")
	case o.Outcome == Returned && o.Return < o.Call:
		d.FailAt(l.callAt, "it returns at %d, before its call at %d", o.Return, o.Call)
	}
	for k, a := range do {
		if o.Outcome == Returned && !l.complete[k] {
			d.FailAt(l.callAt, "%s", lacks(&a))
		}
	}
	o.Do = n.actions(do...)
	n.Operations = append(n.Operations, o)
	return nil
}

// lacks says what is missing of an action that returned.
func lacks(a *Action) string {
	if a.Kind == Read {
		return "a read that returned needs \"value\": what it read, or null"
	}
	return "a cas that returned needs \"swapped\": whether the comparison was true"
}

// end records how an operation ends.
func (n *native) end(d *wire.Reader, l *line, number int) error {
	o, err := n.waiting(l.client, number)
	if err != nil {
		return err
	}
	if l.event != "return" {
		n.ended(o, map[string]Outcome{"fail": Failed, "unknown": Unknown}[l.event], number)
		return nil
	}
	seen := l.values
	if l.value != nil {
		seen = []Value{*l.value}
	}
	for k := range o.Do {
		switch a := &o.Do[k]; a.Kind {
		case Read:
			if len(seen) == 0 {
				d.FailAt(0, "%s", lacks(a))
				return nil
			}
			a.Value, a.Shown, seen = seen[0], true, seen[1:]
		case CompareAndSet:
			if l.swapped == nil {
				d.FailAt(0, "%s", lacks(a))
				return nil
			}
			a.Differs = !*l.swapped
		}
	}
	if len(seen) > 0 && (l.hasValues || o.Do[0].Kind == Read) {
		d.FailAt(0, "more values than reads")
	}
	n.ended(o, Returned, number)
	return nil
}
