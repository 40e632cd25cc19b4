package linearizability

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/traces"
)

// form is a value of EDN, the notation in which Jepsen writes its histories.
type form struct {
	kind  formKind
	text  string // of an atom as it is written, of a string what it says
	items []form // of a collection; of a map keys and values in turn
	line  int
}

type formKind uint8

const (
	atom formKind = iota // nil, a number, a keyword, a symbol, a character
	text
	vector // or a list
	mapping
	set
)

// is reports whether the form is that atom.
func (f *form) is(word string) bool { return f.kind == atom && f.text == word }

// get returns the value of a map's key; nil if there is none.
func (f *form) get(key string) *form {
	if f.kind != mapping {
		return nil
	}
	for k := 0; k+1 < len(f.items); k += 2 {
		if f.items[k].is(key) {
			return &f.items[k+1]
		}
	}
	return nil
}

// String returns the form in EDN, on one line.
func (f *form) String() string {
	open, end := "", ""
	switch f.kind {
	case atom:
		return f.text
	case text:
		return strconv.Quote(f.text)
	case vector:
		open, end = "[", "]"
	case mapping:
		open, end = "{", "}"
	case set:
		open, end = "#{", "}"
	}
	parts := make([]string, len(f.items))
	for k := range f.items {
		parts[k] = f.items[k].String()
	}
	return open + strings.Join(parts, " ") + end
}

// forms reads EDN that may go over many lines.
type forms struct {
	lines *traces.Lines
	line  []byte
	at    int
	depth int
	alone bool // there is only this line
}

// maxForms is how deep collections may be nested.
const maxForms = 64

func (r *forms) fault(message string) error { return r.lines.Fault(r.at+1, message) }

// peek returns the next byte that is no white space and no comment, moving on to further lines; io.EOF at the end.
func (r *forms) peek() (byte, error) {
	for {
		for r.at < len(r.line) {
			switch c := r.line[r.at]; c {
			case ' ', '\t', '\r', '\f', ',':
				r.at++
			case ';':
				r.at = len(r.line)
			default:
				return c, nil
			}
		}
		if r.alone {
			return 0, io.EOF
		}
		line, err := r.lines.Next()
		if err != nil {
			return 0, err
		}
		r.line, r.at = line, 0
	}
}

// begin is peek that passes over discarded forms too.
func (r *forms) begin() (byte, error) {
	for {
		c, err := r.peek()
		if err != nil || c != '#' || r.at+1 >= len(r.line) || r.line[r.at+1] != '_' {
			return c, err
		}
		r.at += 2
		if _, err := r.inside(); err != nil {
			return 0, err
		}
	}
}

// next returns the next form, or io.EOF.
func (r *forms) next() (form, error) {
	c, err := r.begin()
	if err != nil {
		return form{}, err
	}
	return r.form(c)
}

func (r *forms) form(c byte) (form, error) {
	switch c {
	case '"':
		return r.string()
	case '(':
		return r.items(vector, ')')
	case '[':
		return r.items(vector, ']')
	case '{':
		return r.items(mapping, '}')
	case '#':
		return r.dispatch()
	case ')', ']', '}':
		return form{}, r.fault("a closing " + string(rune(c)) + " where a form belongs")
	case '\'', '^', '@', '`', '~':
		return form{}, r.fault("no EDN: " + strconv.QuoteRune(rune(c)))
	}
	return r.atom()
}

// inside returns the next form within something that is open.
func (r *forms) inside() (form, error) {
	if r.depth++; r.depth > maxForms {
		return form{}, r.fault("nested deeper than " + strconv.Itoa(maxForms))
	}
	defer func() { r.depth-- }()
	c, err := r.begin()
	if err != nil {
		return form{}, r.cut(err)
	}
	return r.form(c)
}

func (r *forms) cut(err error) error {
	if errors.Is(err, io.EOF) {
		fault := r.lines.Fault(0, "the file ends inside a form")
		if fault.Hint = "the file is truncated"; r.alone {
			fault.Message, fault.Hint = "the line ends inside a form", ""
		}
		return fault
	}
	return err
}

func (r *forms) items(kind formKind, end byte) (form, error) {
	f := form{kind: kind, line: r.lines.Number()}
	if r.depth++; r.depth > maxForms {
		return f, r.fault("nested deeper than " + strconv.Itoa(maxForms))
	}
	defer func() { r.depth-- }()
	r.at++
	for {
		c, err := r.begin()
		switch {
		case err != nil:
			return f, r.cut(err)
		case c == end && kind == mapping && len(f.items)%2 == 1:
			return f, r.fault("a map with a key that has no value")
		case c == end:
			r.at++
			return f, nil
		case c == ')' || c == ']' || c == '}':
			return f, r.fault("a " + string(rune(c)) + " where a " + string(rune(end)) + " belongs")
		}
		item, err := r.form(c)
		if err != nil {
			return f, err
		}
		f.items = append(f.items, item)
	}
}

// dispatch reads what begins with #: a set, or a tag, which says of what type the form is that follows.
func (r *forms) dispatch() (form, error) {
	r.at++
	if r.at < len(r.line) && r.line[r.at] == '{' {
		return r.items(set, '}')
	}
	if tag := r.word(); tag == "" {
		return form{}, r.fault("a # without a tag")
	}
	return r.inside()
}

// word takes the characters up to the next delimiter.
func (r *forms) word() string {
	start := r.at
	for r.at < len(r.line) && !strings.ContainsRune(" \t\r\f,;\"()[]{}", rune(r.line[r.at])) {
		r.at++
	}
	return string(r.line[start:r.at])
}

func (r *forms) atom() (form, error) {
	if r.line[r.at] == '\\' && r.at+1 < len(r.line) { // a character, which may be a delimiter
		_, size := utf8.DecodeRune(r.line[r.at+1:])
		start := r.at
		r.at += 1 + size
		r.word()
		return form{kind: atom, text: string(r.line[start:r.at]), line: r.lines.Number()}, nil
	}
	return form{kind: atom, text: r.word(), line: r.lines.Number()}, nil
}

func (r *forms) string() (form, error) {
	var b strings.Builder
	for k := r.at + 1; k < len(r.line); k++ {
		switch c := r.line[k]; c {
		case '"':
			r.at = k + 1
			return form{kind: text, text: b.String(), line: r.lines.Number()}, nil
		case '\\':
			k++
			if k >= len(r.line) {
				continue
			}
			if r.line[k] == 'u' && k+4 < len(r.line) {
				code, err := strconv.ParseUint(string(r.line[k+1:k+5]), 16, 16)
				if err != nil {
					return form{}, r.lines.Fault(k+1, "bad \\u escape in a string")
				}
				b.WriteRune(rune(code))
				k += 4
				continue
			}
			e := strings.IndexByte(`ntrbf"\`, r.line[k])
			if e < 0 {
				return form{}, r.lines.Fault(k+1, "bad escape in a string")
			}
			b.WriteByte("\n\t\r\b\f\"\\"[e])
		default:
			b.WriteByte(c)
		}
	}
	fault := r.lines.Fault(len(r.line), "the line ends inside a string")
	if r.lines.Unterminated() {
		fault.Hint = "the file is truncated"
	}
	return form{}, fault
}

// ParseValue reads a value as EDN and JSON write it alike: nil or null, a number, a word, a text in quotes, a list in brackets.
func ParseValue(s string) (Value, error) {
	lines, err := traces.NewLines("value", strings.NewReader(s))
	if err != nil {
		return Absent, err
	}
	r := &forms{lines: lines, line: []byte(s), alone: true}
	f, err := r.next()
	if err == nil {
		if _, more := r.peek(); more == nil {
			return Absent, errors.New("it is more than one value")
		}
	}
	var fault *traces.InputError
	switch {
	case errors.As(err, &fault):
		return Absent, errors.New(fault.Message)
	case err != nil:
		return Absent, errors.New("it is no value")
	case f.is("null"):
		return Absent, nil
	}
	return (&jepsen{recorder: &recorder{}}).value(&f), nil
}
