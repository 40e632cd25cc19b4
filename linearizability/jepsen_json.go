package linearizability

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// readJepsenJSON reads a Jepsen history in JSON, as tools outside of Clojure write it: one object for each happening, by themselves or all
// in one list, with the members of Jepsen's maps. A keyword is a string.
func readJepsenJSON(r *recorder, first []byte) error {
	j := newJepsen(r)
	objects := &documents{lines: r.lines, started: r.started, line: bytes.TrimPrefix(first, []byte("\ufeff"))}
	if err := objects.each(j.object); err != nil {
		return err
	}
	return j.resolve()
}

// object takes the object of an operation.
func (j *jepsen) object(object []byte, line int) error {
	h := &j.h
	h.reset(line)
	d := wire.NewReader(object, false)
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "type":
			h.kind = append(h.kind[:0], strings.TrimPrefix(string(d.String()), ":")...)
		case "f":
			if !d.Null() {
				h.f = append(h.f[:0], strings.TrimPrefix(string(d.String()), ":")...)
			}
		case "process":
			h.process = appendJSON(h.process[:0], &d, 0)
			h.hasProcess = len(h.process) > 0
		case "value":
			h.value = appendJSON(h.value[:0], &d, 0)
			h.hasValue = true
		case "key":
			h.key = appendJSON(h.key[:0], &d, 0)
			h.hasKey = true
		case "error":
			if text := d.Skip(); string(text) != "null" {
				h.reason = reasonOf(text)
			}
		default:
			d.Ignore()
		}
	}
	d.End()
	if d.Err() != nil {
		return j.at(line, "%s", whatOf(d.Err()))
	}
	if lacks := h.complete(); lacks != "" {
		return j.at(line, "an operation without %q", lacks)
	}
	return j.note()
}

// whatOf is what is wrong with an object of several lines, of which the column says nothing.
func whatOf(err error) string {
	var place *wire.Error
	if errors.As(err, &place) {
		return place.What
	}
	return err.Error()
}

// appendJSON takes any value of JSON as the bytes of a [Value]. An object is a literal, its members in order of their names.
func appendJSON(dst []byte, d *wire.Reader, depth int) []byte {
	if depth > maxForms {
		d.FailAt(d.At(), "nested deeper than %d", maxForms)
		return dst
	}
	switch d.Peek() {
	case '"':
		return append(append(dst, kindText), d.String()...)
	case 'n':
		d.Null()
		return dst
	case '[':
		start := len(dst)
		for d.Open('['); d.More(']'); {
			if len(dst) == start {
				dst = append(dst, kindList)
			}
			at := len(dst)
			dst = withLength(appendJSON(append(dst, 0), d, depth+1), at)
		}
		return dst
	case '{':
		var members []string
		for d.Open('{'); d.More('}'); {
			name := string(d.Key())
			members = append(members, Text(name).edn()+" "+Value(appendJSON(nil, d, depth+1)).edn())
		}
		return appendMembers(dst, "{", '}', members)
	}
	return appendNumber(append(dst, kindLiteral), d.Skip())
}

// documents takes values of JSON, each of which may go over many lines, out of a file: one after the other, or in one list.
type documents struct {
	lines   *traces.Lines
	line    []byte
	at      int
	joined  []byte
	started int  // the line at which the first object begins, if not where the reader stands
	list    bool // a list is open
	any     bool
}

// each calls take for every value until one is wrong.
func (d *documents) each(take func(object []byte, line int) error) error {
	for {
		object, line, err := d.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(object, line)
		}
		if err != nil {
			return err
		}
	}
}

// next returns the next value on one line, valid until the next call, and the number of the line at which it begins; io.EOF at the end.
func (d *documents) next() (value []byte, line int, err error) {
	for {
		for d.at < len(d.line) && strings.IndexByte(" \t\r,", d.line[d.at]) >= 0 {
			d.at++
		}
		switch {
		case d.at == len(d.line):
			if err := d.more(); err != nil {
				if errors.Is(err, io.EOF) && d.list {
					return nil, 0, d.cut()
				}
				return nil, 0, err
			}
		case d.line[d.at] == '[' && !d.list && !d.any:
			d.list, d.any, d.at = true, true, d.at+1
		case d.line[d.at] == ']' && d.list:
			d.list, d.at = false, d.at+1
		case d.line[d.at] != '{':
			return nil, 0, d.lines.Fault(d.at+1, "something else where an object belongs")
		default:
			d.any = true
			if line = d.lines.Number(); d.started > 0 {
				line, d.started = d.started, 0
			}
			value, err = d.object()
			return value, line, err
		}
	}
}

// object takes the object at which the reader stands.
func (d *documents) object() ([]byte, error) {
	d.joined = d.joined[:0]
	for depth, inText := 0, false; ; {
		start := d.at
		for ; d.at < len(d.line); d.at++ {
			switch c := d.line[d.at]; {
			case inText && c == '\\':
				d.at++
			case c == '"':
				inText = !inText
			case inText:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth == 0 {
					d.at++
					return d.upTo(start), nil
				}
			}
		}
		d.joined = append(append(d.joined, d.line[start:]...), ' ')
		if len(d.joined) > traces.MaxLine {
			return nil, d.lines.Fault(0, "an object larger than 16 MiB")
		}
		if err := d.more(); errors.Is(err, io.EOF) {
			return nil, d.cut()
		} else if err != nil {
			return nil, err
		}
	}
}

// upTo is what was joined, with the rest of the object in this line.
func (d *documents) upTo(start int) []byte {
	if len(d.joined) == 0 {
		return d.line[start:d.at]
	}
	d.joined = append(d.joined, d.line[start:d.at]...)
	return d.joined
}

func (d *documents) more() error {
	line, err := d.lines.Next()
	if err == nil {
		d.line, d.at = line, 0
	}
	return err
}

func (d *documents) cut() error {
	fault := d.lines.Fault(0, "the file ends inside an object or list")
	fault.Hint = "the file is truncated"
	return fault
}
