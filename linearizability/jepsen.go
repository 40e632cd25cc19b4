package linearizability

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
)

// Jepsen's histories: a process invokes an operation, which later ends :ok (it happened), :fail (it did not) or :info (nobody knows, and
// the process is not used again). Everything that is not of a numbered process, as of the nemesis, is passed over.

// happening is one line of a Jepsen history.
type happening struct {
	process string
	kind    string // invoke, ok, fail, info
	f       string // read, write, cas, append, txn, get, put
	key     *form  // :key beside the value; nil if the value says it, or there is none
	value   *form
	failed  *form // :error
	line    int
}

// readJepsen reads EDN: one map for each happening, by themselves or all in one vector.
func readJepsen(r *recorder, first []byte) error {
	f := &forms{lines: r.lines, line: []byte(strings.TrimPrefix(string(first), "\ufeff"))}
	j := &jepsen{recorder: r}
	for {
		form, err := f.next()
		if errors.Is(err, io.EOF) {
			return j.replay()
		}
		if err != nil {
			return err
		}
		if err := j.note(&form); err != nil {
			return err
		}
	}
}

type jepsen struct {
	*recorder
	all   []happening
	keyed bool // values of reads, writes and comparisons begin with a key: [key value]
	log   bool // failed comparisons are told as such
}

// note takes a form of the top level.
func (j *jepsen) note(f *form) error {
	switch f.kind {
	case mapping:
		return j.take(f)
	case vector:
		for k := range f.items {
			if err := j.note(&f.items[k]); err != nil {
				return err
			}
		}
		return nil
	}
	return j.at(f.line, "%s where the map of an operation belongs", f)
}

func (j *jepsen) take(f *form) error {
	process, kind, function := f.get(":process"), f.get(":type"), f.get(":f")
	switch {
	case process == nil:
		return j.at(f.line, "an operation without :process")
	case kind == nil:
		return j.at(f.line, "an operation without :type")
	}
	if _, err := strconv.ParseInt(process.text, 10, 64); err != nil || process.kind != atom {
		return nil // the nemesis and its like are no clients
	}
	if function == nil {
		return j.at(f.line, "an operation without :f")
	}
	h := happening{process: process.text, kind: strings.TrimPrefix(kind.text, ":"), f: strings.TrimPrefix(function.text, ":"),
		key: alone(f.get(":key")), value: alone(f.get(":value")), failed: alone(f.get(":error")), line: f.line}
	return j.add(h)
}

// alone copies a form out of the map that it is in, so that the rest of the map need not be kept.
func alone(f *form) *form {
	if f == nil {
		return nil
	}
	out := *f
	return &out
}

// add keeps a happening, if it is one.
func (j *jepsen) add(h happening) error {
	switch h.kind {
	case "invoke", "ok", "fail", "info":
	default:
		return j.at(h.line, "unknown :type %q: :invoke, :ok, :fail or :info", ":"+h.kind)
	}
	switch h.f {
	case "read", "write", "cas", "append", "txn", "get", "put":
	default:
		return j.at(h.line, "unknown :f %q: :read, :write, :cas, :append, :txn, or :get and :put with :key", ":"+h.f)
	}
	j.all = append(j.all, h)
	return nil
}

// replay records the happenings, when it is known whether values begin with keys.
func (j *jepsen) replay() error {
	j.keyed = len(j.all) > 0
	for k := range j.all {
		j.keyed = j.keyed && j.all[k].mayBeKeyed()
	}
	for k := range j.all {
		if err := j.record(&j.all[k]); err != nil {
			return err
		}
	}
	return nil
}

// mayBeKeyed reports whether the value can be a pair of a key and a value. A comparison without a key is a pair too, of two values.
func (h *happening) mayBeKeyed() bool {
	switch {
	case h.f == "txn" || h.key != nil:
		return false
	case h.kind != "invoke" && h.kind != "ok":
		return true
	case h.value == nil || h.value.kind != vector || len(h.value.items) != 2:
		return false
	case h.f == "cas":
		pair := &h.value.items[1]
		return pair.kind == vector && len(pair.items) == 2
	}
	return true
}

func (j *jepsen) record(h *happening) error {
	if h.kind == "invoke" {
		do, err := j.actions(h)
		if err != nil {
			return err
		}
		return j.begin(h.process, h.line, do...)
	}
	o, err := j.waiting(h.process, h.line)
	if err != nil {
		return err
	}
	switch h.kind {
	case "ok":
		return j.ok(o, h)
	case "info":
		j.ended(o, Unknown, h.line)
	case "fail":
		j.fail(o, h)
	}
	return nil
}

// fail: the operation did not happen; or, of a comparison, its client says so because it was not true.
func (j *jepsen) fail(o *Operation, h *happening) {
	reading := j.options.FailedCAS
	if reading == ByFormat {
		reading = DidNotHappen
		if j.log && h.failed == nil {
			reading = Differed
		}
	}
	if reading == DidNotHappen || h.f != "cas" {
		j.ended(o, Failed, h.line)
		return
	}
	o.Do[0].Differs = true
	j.ended(o, Returned, h.line)
}

// ok takes over what the reads saw.
func (j *jepsen) ok(o *Operation, h *happening) error {
	seen, err := j.actions(h)
	if err != nil {
		return err
	}
	if len(seen) != len(o.Do) {
		return j.at(h.line, "the transaction has %d parts here and %d where it was invoked, at line %d", len(seen), len(o.Do), o.CallLine)
	}
	for k := range o.Do {
		a := &o.Do[k]
		if a.Kind != seen[k].Kind || a.Key != seen[k].Key {
			return j.at(h.line, "this ends another operation than was invoked at line %d", o.CallLine)
		}
		if a.Kind == Read {
			a.Value, a.Shown = seen[k].Value, true
		}
	}
	j.ended(o, Returned, h.line)
	return nil
}

// actions is what a happening's operation does.
func (j *jepsen) actions(h *happening) ([]Action, error) {
	if h.f == "txn" {
		return j.transaction(h)
	}
	key, value := "", h.value
	switch {
	case h.key != nil:
		key = j.name(h.key)
	case j.keyed:
		key, value = j.name(&h.value.items[0]), &h.value.items[1]
	}
	if value == nil {
		value = &form{text: "nil", line: h.line}
	}
	a, err := j.action(h, h.f, key, value)
	return []Action{a}, err
}

// name is the name of a key: strings and keywords without what marks them.
func (j *jepsen) name(f *form) string {
	if f.kind == atom || f.kind == text {
		return string(j.recorder.value(kindText, []byte(strings.TrimPrefix(f.text, ":")))[1:])
	}
	return f.String()
}

func (j *jepsen) action(h *happening, f, key string, value *form) (Action, error) {
	switch f {
	case "read", "r":
		return Action{Kind: Read, Key: key, Value: j.value(value)}, nil
	case "write", "w":
		return WriteOf(key, j.value(value)), nil
	case "append":
		v := j.value(value)
		if h.key == nil || value.kind != text {
			v = List(v)
		}
		return AppendOf(key, v), nil
	case "get": // of a store in which a key that was never put holds the empty text
		return Action{Kind: Read, Key: key, Value: orAbsent(j.value(value))}, nil
	case "put":
		return WriteOf(key, orAbsent(j.value(value))), nil
	}
	if value.kind != vector || len(value.items) != 2 {
		return Action{}, j.at(value.line, "the :value of :cas is %s and not a pair of values", value)
	}
	return CompareAndSetOf(key, j.value(&value.items[0]), j.value(&value.items[1])), nil
}

func orAbsent(v Value) Value {
	if v == Text("") {
		return Absent
	}
	return v
}

// transaction reads [[:r key value] [:append key value] …].
func (j *jepsen) transaction(h *happening) ([]Action, error) {
	if h.value == nil || h.value.kind != vector || len(h.value.items) == 0 {
		return nil, j.at(h.line, "a :txn whose :value is not a vector of operations")
	}
	var do []Action
	for k := range h.value.items {
		m := &h.value.items[k]
		if m.kind != vector || len(m.items) != 3 || m.items[0].kind != atom {
			return nil, j.at(m.line, "%s in a transaction and not [:r key value], [:w key value] or [:append key value]", m)
		}
		f := strings.TrimPrefix(m.items[0].text, ":")
		switch f {
		case "r", "w", "append":
		default:
			return nil, j.at(m.line, "unknown operation %q in a transaction: :r, :w or :append", ":"+f)
		}
		a, err := j.action(h, f, j.name(&m.items[1]), &m.items[2])
		if err != nil {
			return nil, err
		}
		do = append(do, a)
	}
	return do, nil
}

// value is a value of EDN. A vector or list is a list.
func (j *jepsen) value(f *form) Value {
	switch {
	case f.is("nil"):
		return Absent
	case f.kind == atom:
		return j.recorder.value(kindLiteral, []byte(f.text))
	case f.kind == text:
		return j.recorder.value(kindText, []byte(f.text))
	case f.kind == vector:
		var list []byte
		for k := range f.items {
			list = appendElement(list, j.value(&f.items[k]))
		}
		return listOf(list)
	}
	return j.recorder.value(kindLiteral, []byte(f.String()))
}

// readJepsenLog reads the lines of Jepsen's log or of history.txt: a process, a type, a function and a value with tabs or spaces between.
// Of a log, the lines of other loggers are passed over.
func readJepsenLog(r *recorder, first []byte) error {
	j := &jepsen{recorder: r, log: true}
	line := first
	for {
		if err := j.logLine(string(line)); err != nil {
			return err
		}
		var err error
		line, err = r.lines.Next()
		if errors.Is(err, io.EOF) {
			return j.replay()
		}
		if err != nil {
			return err
		}
	}
}

// levels begin the lines of a log.
var levels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

func beginsWithLevel(line string) bool {
	return slices.ContainsFunc(levels, func(level string) bool { return strings.HasPrefix(line, level+" ") })
}

func (j *jepsen) logLine(line string) error {
	rest, util := line, false
	if _, after, found := strings.Cut(line, "jepsen.util"); found {
		rest, util = strings.TrimLeft(after, " -\t"), true
	} else if beginsWithLevel(line) {
		return nil
	}
	process, kind, f, value, ok := logFields(rest)
	if !ok {
		if util && !strings.Contains(rest, ":invoke") && !strings.Contains(rest, "\t:") {
			return nil // it says something else than an operation
		}
		return j.fault("no line of a Jepsen log: a process, :invoke, :ok, :fail or :info, a function and a value belong here")
	}
	if _, err := strconv.Atoi(process); err != nil {
		return nil
	}
	h := happening{process: process, kind: kind, f: f, line: j.lines.Number()}
	parsed, err := parseForms(j.lines, value)
	if err != nil {
		return err
	}
	h.value = &parsed[0]
	switch {
	case kind != "fail" && kind != "info":
	case len(parsed) > 1: // history.txt has the error behind the value
		h.failed = &parsed[1]
	case parsed[0].kind == atom && strings.HasPrefix(parsed[0].text, ":"):
		h.failed = &parsed[0]
	}
	return j.add(h)
}

// logFields takes "0 :invoke :read nil" apart.
func logFields(s string) (process, kind, f, value string, ok bool) {
	fields := [3]string{}
	for k := range fields {
		s = strings.TrimLeft(s, " \t")
		end := strings.IndexAny(s, " \t")
		if end < 0 {
			return
		}
		fields[k], s = s[:end], s[end:]
	}
	kind, isKind := strings.CutPrefix(fields[1], ":")
	f, isFunction := strings.CutPrefix(fields[2], ":")
	value = strings.TrimSpace(s)
	return fields[0], kind, f, value, isKind && isFunction && value != ""
}

func isLogLine(s string) bool {
	process, kind, _, _, ok := logFields(s)
	if !ok || kind != "invoke" && kind != "info" {
		return false
	}
	_, err := strconv.Atoi(process)
	return err == nil || strings.HasPrefix(process, ":")
}

// parseForms reads the forms in the rest of a line of a log.
func parseForms(lines *traces.Lines, rest string) ([]form, error) {
	r := &forms{lines: lines, line: []byte(rest), alone: true}
	var all []form
	for {
		f, err := r.next()
		switch {
		case errors.Is(err, io.EOF) && len(all) > 0:
			return all, nil
		case errors.Is(err, io.EOF):
			return nil, lines.Fault(0, "a line without a value")
		}
		var fault *traces.InputError
		if errors.As(err, &fault) {
			fault.Column = 0
		}
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
}
