package linearizability

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// readJepsen reads EDN: one map for each happening, by themselves or all in one vector.
func readJepsen(r *recorder, first []byte) error {
	e := &edn{jepsen: newJepsen(r), forms: &forms{lines: r.lines, line: []byte(strings.TrimPrefix(string(first), "\ufeff"))}}
	for {
		err := e.top()
		if errors.Is(err, io.EOF) {
			return e.resolve()
		}
		if err != nil {
			return err
		}
	}
}

func newJepsen(r *recorder) *jepsen { return &jepsen{recorder: r, processes: map[string]*process{}} }

// edn takes happenings out of EDN.
type edn struct {
	*jepsen
	*forms
	scratch []byte
}

// top takes a form of the top level: the map of an operation, or a vector or list of them, whatever tag stands before it. io.EOF at the end.
func (e *edn) top() error {
	c, err := e.begin()
	if err != nil {
		return err
	}
	line := e.forms.lines.Number()
	switch {
	case c == '#' && e.second() != '{' && e.second() != '"':
		return e.tagged()
	case c == '[' || c == '(':
		return e.all(c)
	case c == '{':
		return e.happening(line)
	}
	if e.scratch, err = e.value(e.scratch[:0]); err != nil {
		return err
	}
	return e.jepsen.at(line, "%s where the map of an operation belongs", Value(e.scratch).edn())
}

// tagged passes over a tag.
func (e *edn) tagged() error {
	e.forms.at++
	e.word()
	if _, err := e.begin(); err != nil {
		return e.cut(err)
	}
	return e.top()
}

// all takes a vector or list of operations.
func (e *edn) all(open byte) error {
	if err := e.open(); err != nil {
		return err
	}
	end := byte(']')
	if open == '(' {
		end = ')'
	}
	for {
		over, err := e.closed(end)
		if err != nil || over {
			return err
		}
		if err := e.top(); err != nil {
			return err
		}
	}
}

// happening takes the map of an operation.
func (e *edn) happening(line int) error {
	e.h.reset(line)
	if err := e.open(); err != nil {
		return err
	}
	for {
		over, err := e.closed('}')
		if err != nil {
			return err
		}
		if over {
			break
		}
		if e.scratch, err = e.inner(e.scratch[:0]); err != nil {
			return err
		}
		if c, err := e.begin(); err == nil && c == '}' {
			return e.forms.fault("a map with a key that has no value")
		}
		if err := e.member(); err != nil {
			return e.cut(err)
		}
	}
	if err := e.h.complete(); err != "" {
		return e.jepsen.at(line, "an operation without :%s", err)
	}
	return e.note()
}

// member takes the value of the key in scratch.
func (e *edn) member() (err error) {
	h := &e.h
	switch string(e.scratch) {
	case "l:type":
		h.kind, err = e.name(h.kind)
	case "l:f":
		h.f, err = e.name(h.f)
	case "l:process":
		h.process, err = e.value(h.process[:0])
		h.hasProcess = len(h.process) > 0
	case "l:value":
		h.value, err = e.value(h.value[:0])
		h.hasValue = true
	case "l:key":
		h.key, err = e.value(h.key[:0])
		h.hasKey = true
	case "l:error":
		if e.scratch, err = e.value(e.scratch[:0]); len(e.scratch) > 0 {
			h.reason = reasonOf(e.scratch)
		}
	default:
		return e.skip()
	}
	return err
}

// name takes a keyword or text as a word.
func (e *edn) name(dst []byte) ([]byte, error) {
	var err error
	if e.scratch, err = e.value(e.scratch[:0]); err != nil {
		return dst, err
	}
	word := e.scratch[min(1, len(e.scratch)):]
	return append(dst[:0], bytes.TrimPrefix(word, []byte(":"))...), nil
}

// reasonOf tells what an error says.
func reasonOf(text []byte) reason {
	lower := strings.ToLower(string(text))
	for _, word := range []string{"timeout", "timed-out", "timed out", "time-out"} {
		if strings.Contains(lower, word) {
			return timeOut
		}
	}
	return someError
}
