package linearizability

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"

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
	line          line
	events, whole bool // there were lines of events, and of whole operations
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
		case "initials":
			n.initials(&d)
		default:
			d.Ignore()
		}
	}
	d.End()
	if d.Err() == nil && (format != FormatName || version != FormatVersion) {
		d.FailAt(0, "the first line must be {\"format\":%q,\"version\":%d}", FormatName, FormatVersion)
	}
	return n.complaint(line, d.Err())
}

// initials takes what single keys hold at first: an object of keys and values.
func (n *native) initials(d *wire.Reader) {
	for d.Open('{'); d.More('}'); {
		key := string(d.Key())
		v := n.json(d)
		if _, given := n.options.InitialOf[key]; !given {
			n.startsWith(key, v)
		}
	}
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
