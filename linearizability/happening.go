package linearizability

import (
	"bytes"
	"slices"
	"strings"
)

// Jepsen's histories: a process invokes an operation, which later ends :ok (it happened), :fail (it did not) or :info (nobody knows, and
// the process is not used again). They come as EDN, as JSON, and as lines of text; here they are one thing after another.

// happening is one line of a Jepsen history. Its bytes are valid until the next one is read.
type happening struct {
	process    []byte // as the bytes of a Value; empty when it is not said whose it is
	kind       []byte // invoke, ok, fail, info
	f          []byte // what is done; empty if it is not said
	key, value []byte // as the bytes of a Value
	hasProcess bool
	hasKey     bool // the key stands beside the value
	hasValue   bool
	reason     reason // of a :fail or :info
	line       int
}

// reason tells what stands beside an operation that did not end well.
type reason uint8

const (
	noReason  reason = iota
	someError        // an error
	timeOut          // an error that does not say that nothing happened: a timeout
)

// reset forgets a happening, but for its memory.
func (h *happening) reset(line int) {
	*h = happening{process: h.process[:0], kind: h.kind[:0], f: h.f[:0], key: h.key[:0], value: h.value[:0], line: line}
}

// complete returns what is missing of a happening; "" for nothing. A transaction tells by itself what it is, and Elle does not ask who did it.
func (h *happening) complete() string {
	transaction := string(h.f) == "txn" || isMicro(Value(h.value))
	switch {
	case len(h.kind) == 0:
		return "type"
	case !h.hasProcess && !transaction:
		return "process"
	case len(h.f) == 0 && h.kind[0] != 'o' && !transaction && h.hasProcess && isWholeNumber(Value(h.process).name()):
		return "f"
	}
	return ""
}

// jepsen puts happenings together. What the operations do is known only at the end, when it is known whether their values begin with
// keys; until then the one action of an operation holds what was asked (Value), what came back (Expected) and the key beside it (Key).
type jepsen struct {
	*recorder
	h happening

	functions []string // the different :f, in the order in which they come
	of        []uint16 // of an operation: its function
	said      []said   // of an operation

	processes map[string]*process // by the bytes of their names
	under     []*process          // those that called something, in the order of their first calls
	nameless  []int32             // operations under way of nobody in particular
	completed bool                // the file has no invocations
	ancient   bool                // it is a log of 2014
}

// process is somebody who does something.
type process struct {
	name    string
	number  bool // it is one of Jepsen's numbered ones
	client  int  // index into History.Clients; -1 as long as it called nothing
	waits   int  // the operation that it waits for; -1 for none
	goneFor int  // the line of its :info; 0 for none
}

// said are facts about an operation that have no other place until the end.
type said uint8

const (
	keyBeside said = 1 << iota // a :key
	asked                      // a :value where it was invoked
	answered                   // a :value where it ended
	erred                      // an :error
	late                       // that was a timeout, and yet it failed
)

// nemesis begins the names of the processes that make the faults.
const nemesis = "nemesis"

// note takes a happening over.
func (j *jepsen) note() error {
	h := &j.h
	switch string(h.kind) {
	case "invoke", "ok", "fail", "info":
	default:
		return j.at(h.line, "unknown :type %q: :invoke, :ok, :fail or :info", ":"+string(h.kind))
	}
	if h.kind[0] != 'o' && string(h.kind) != "invoke" && len(h.value) > 1 && h.value[1] == ':' && h.value[0] == kindLiteral {
		h.reason = max(h.reason, reasonOf(h.value)) // in the place of the value stands why it did not end well
		h.value, h.hasValue = h.value[:0], false
	}
	if !h.hasProcess {
		if string(h.kind) == "invoke" {
			j.nameless = append(j.nameless, int32(len(j.Operations)))
			return j.begins(j.stranger())
		}
		return j.endsSomewhere()
	}
	p := j.process(h.process)
	switch {
	case !p.number && strings.HasPrefix(p.name, nemesis):
		return nil
	case string(h.kind) == "invoke":
		return j.invoked(p)
	case p.waits >= 0:
		return j.ends(p.waits)
	case !p.number:
		return nil // the nemesis and its like are no clients
	}
	return j.endsSomewhere()
}

// process returns who it is, by the bytes of the name.
func (j *jepsen) process(encoded []byte) *process {
	p := j.processes[string(encoded)]
	if p == nil {
		p = &process{name: Value(encoded).name(), client: -1, waits: -1}
		p.number = isWholeNumber(p.name)
		j.processes[string(encoded)] = p
	}
	return p
}

// isWholeNumber reports whether a name is that of one of Jepsen's processes.
func isWholeNumber(name string) bool {
	digits := strings.TrimPrefix(name, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// name is a value as the name of a key or client: strings, keywords and symbols without what marks them.
func (v Value) name() string {
	switch {
	case v == Absent:
		return "nil"
	case v[0] == kindText:
		return string(v[1:])
	case v[0] == kindLiteral:
		return strings.TrimPrefix(string(v[1:]), ":")
	}
	return v.edn()
}

// stranger makes a client of its own for an operation of nobody.
func (j *jepsen) stranger() int {
	j.Clients = append(j.Clients, "somebody")
	return len(j.Clients) - 1
}

// invoked records the call of a process.
func (j *jepsen) invoked(p *process) error {
	h := &j.h
	if p.waits >= 0 {
		return j.at(h.line, "client %q calls again before its operation of line %d returned", p.name, j.Operations[p.waits].CallLine)
	}
	if p.goneFor > 0 {
		fault := j.at(h.line, "process %s goes on after the :info of line %d", p.name, p.goneFor)
		fault.Hint = "nobody knows when that operation ends, so the process cannot call another: Jepsen takes a new number then"
		return fault
	}
	if p.client < 0 {
		p.client = j.called(p.name)
		j.under = append(j.under, p)
	}
	p.waits = len(j.Operations)
	return j.begins(p.client)
}

// begins records an operation that is called now.
func (j *jepsen) begins(client int) error {
	h := &j.h
	if j.completed {
		return j.at(h.line, "an :invoke in a history that began without any: the operation of line %d was never invoked", j.Operations[0].ReturnLine)
	}
	j.now++
	return j.operation(Operation{Client: client, Call: j.now, Outcome: Pending, CallLine: h.line})
}

// operation keeps an operation, with what was asked.
func (j *jepsen) operation(o Operation) error {
	h := &j.h
	f, err := j.function()
	if err != nil {
		return err
	}
	a := Action{Value: j.intern(h.value)}
	var flags said
	if h.hasKey {
		a.Key, flags = j.intern(h.key).name(), flags|keyBeside
	}
	if h.hasValue {
		flags |= asked
	}
	if n := j.expected(); n > enoughToTell {
		j.Operations = slices.Grow(j.Operations, n-enoughToTell)
		j.of, j.said = slices.Grow(j.of, n-enoughToTell), slices.Grow(j.said, n-enoughToTell)
	}
	o.Do = j.action(a)
	j.Operations = append(j.Operations, o)
	j.of = append(j.of, f)
	j.said = append(j.said, flags)
	return nil
}

// function returns the number of what is done.
func (j *jepsen) function() (uint16, error) {
	for k := range j.functions {
		if j.functions[k] == string(j.h.f) {
			return uint16(k), nil
		}
	}
	if len(j.functions) == mostFunctions {
		return 0, j.at(j.h.line, "more than %d different :f", mostFunctions)
	}
	j.functions = append(j.functions, string(j.h.f))
	return uint16(len(j.functions) - 1), nil
}

// mostFunctions is how many things a history may do.
const mostFunctions = 1000

// ends records how an operation ends.
func (j *jepsen) ends(k int) error {
	h, o := &j.h, &j.Operations[k]
	if f := j.functions[j.of[k]]; f != string(h.f) && len(h.f) > 0 && f != "" {
		return j.at(h.line, "this ends another operation than was invoked at line %d: :%s and not :%s", o.CallLine, h.f, f)
	}
	j.now++
	o.ReturnLine, o.Return = h.line, j.now
	if h.hasValue {
		j.said[k] |= answered
		a := &o.Do[0]
		if a.Expected = a.Value; !bytes.Equal(h.value, []byte(a.Value)) {
			a.Expected = j.intern(h.value)
		}
	}
	if h.reason != noReason {
		j.said[k] |= erred
	}
	switch string(h.kind) {
	case "ok":
		o.Outcome = Returned
	case "fail":
		o.Outcome = Failed
		if h.reason == timeOut {
			j.said[k] |= late
		}
	default:
		o.Outcome = Unknown
	}
	if h.hasProcess {
		j.free(j.process(h.process), k)
	}
	return nil
}

// free lets a process go on, unless it will never know what became of its operation.
func (j *jepsen) free(p *process, k int) {
	if p.waits != k {
		return
	}
	p.waits = -1
	if j.Operations[k].Outcome == Unknown {
		p.goneFor = j.h.line
	}
}

// endsSomewhere records the end of an operation of which it is not said whose it is, or that was invoked without saying so: the first under
// way that asks for the same. A history without any invocation says only what happened, and not when it began.
func (j *jepsen) endsSomewhere() error {
	h := &j.h
	if len(j.Operations) == 0 && isMicro(Value(h.value)) || j.completed {
		return j.endsOnly()
	}
	for n, k := range j.nameless {
		if j.sameAs(int(k)) {
			j.nameless = append(j.nameless[:n:n], j.nameless[n+1:]...)
			return j.ends(int(k))
		}
	}
	if !h.hasProcess {
		for _, p := range j.under {
			if k := p.waits; k >= 0 && j.sameAs(k) {
				err := j.ends(k)
				j.free(p, k)
				return err
			}
		}
		return j.at(h.line, "an operation without :process, and none under way that asks for the same")
	}
	return j.at(h.line, "client %q called nothing that could return", Value(h.process).name())
}

// endsOnly records an operation of a history without invocations: all that is known is that it was over now.
func (j *jepsen) endsOnly() error {
	h := &j.h
	client := 0
	if j.completed = true; h.hasProcess {
		client = j.called(Value(h.process).name())
	} else {
		client = j.stranger()
	}
	if err := j.operation(Operation{Client: client, CallLine: h.line}); err != nil {
		return err
	}
	return j.ends(len(j.Operations) - 1)
}

// sameAs reports whether the happening can be the end of an operation: it does the same, and asks for the same where that was said.
func (j *jepsen) sameAs(k int) bool {
	h := &j.h
	if f := j.functions[j.of[k]]; f != string(h.f) && f != "" && len(h.f) > 0 {
		return false
	}
	return fits(j.Operations[k].Do[0].Value, Value(h.value))
}

// fits reports whether an answer can be that to what was asked: it is the same but for what was nil.
func fits(asked, answer Value) bool {
	if asked == Absent || asked == answer {
		return true
	}
	if !asked.IsList() || !answer.IsList() {
		return false
	}
	rest := answer[1:]
	for a := range asked.Elements {
		if rest == "" {
			return false
		}
		length, width := uvarint(rest)
		if !fits(a, rest[width:width+length]) {
			return false
		}
		rest = rest[width+length:]
	}
	return rest == ""
}
