package linearizability

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/traces"
)

// EDN as Clojure prints it, and the rest that its reader takes: comments, discarded forms, metadata, quotes, tags of any name, namespaced
// maps. A value is read straight into the bytes of a [Value], so that a history of millions of operations makes no trees. What is equal in
// Clojure has the same bytes: 1 and 1N, maps and sets in any order, a list and a vector; 1 and 1.0 have not.

// forms reads EDN that may go over many lines.
type forms struct {
	lines *traces.Lines
	line  []byte
	at    int
	depth int
	alone bool // there is only this line
	junk  []byte
}

// maxForms is how deep collections may be nested.
const maxForms = 64

func (r *forms) fault(message string) error { return r.lines.Fault(r.at+1, message) }

// cut is the error where the file ends inside a form.
func (r *forms) cut(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	fault := r.lines.Fault(0, "the file ends inside a form")
	if fault.Hint = "the file is truncated"; r.alone {
		fault.Message, fault.Hint = "the line ends inside a form", ""
	}
	return fault
}

// more takes the next line.
func (r *forms) more() error {
	if r.alone {
		return io.EOF
	}
	line, err := r.lines.Next()
	if err == nil {
		r.line, r.at = line, 0
	}
	return err
}

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
		if err := r.more(); err != nil {
			return 0, err
		}
	}
}

// second is the byte after the next; 0 at the end of a line.
func (r *forms) second() byte {
	if r.at+1 < len(r.line) {
		return r.line[r.at+1]
	}
	return 0
}

// begin is peek that passes over what says nothing about the value that follows: discarded forms, metadata, quotes.
func (r *forms) begin() (byte, error) {
	for {
		c, err := r.peek()
		if err != nil {
			return 0, err
		}
		switch next := r.second(); {
		case c == '#' && (next == '_' || next == '^'):
			r.at += 2
		case c == '#' && next == '!':
			r.at = len(r.line)
			continue
		case c == '^':
			r.at++
		case c == '\'' || c == '`' || c == '~' || c == '@':
			r.at++
			continue
		default:
			return c, nil
		}
		if err := r.skip(); err != nil {
			return 0, r.cut(err)
		}
	}
}

// skip passes over a form.
func (r *forms) skip() error {
	var err error
	r.junk, err = r.value(r.junk[:0])
	return err
}

// open goes into a collection at which the reader stands.
func (r *forms) open() error {
	if r.depth++; r.depth > maxForms {
		return r.fault("nested deeper than " + strconv.Itoa(maxForms))
	}
	r.at++
	return nil
}

// closed reports whether the collection that is open ends here, and goes out of it.
func (r *forms) closed(end byte) (bool, error) {
	c, err := r.begin()
	switch {
	case err != nil:
		return false, r.cut(err)
	case c == end:
		r.at++
		r.depth--
		return true, nil
	case c == ')' || c == ']' || c == '}':
		return false, r.fault("a " + string(rune(c)) + " where a " + string(rune(end)) + " belongs")
	}
	return false, nil
}

// value appends the next form to dst as the bytes of a [Value]; io.EOF if there is none.
func (r *forms) value(dst []byte) ([]byte, error) {
	c, err := r.begin()
	if err != nil {
		return dst, err
	}
	switch c {
	case '"':
		return r.text(append(dst, kindText))
	case '(':
		return r.list(dst, ')')
	case '[':
		return r.list(dst, ']')
	case '{':
		return r.collection(dst, "{", '}', "")
	case '#':
		return r.dispatch(dst)
	case ')', ']', '}':
		return dst, r.fault("a closing " + string(rune(c)) + " where a form belongs")
	case '\\':
		return append(append(dst, kindLiteral), r.character()...), nil
	}
	return r.atom(dst)
}

// inner is value of a form that must be there.
func (r *forms) inner(dst []byte) ([]byte, error) {
	dst, err := r.value(dst)
	if err != nil {
		err = r.cut(err)
	}
	return dst, err
}

// list appends a list or vector. One without elements is [Absent].
func (r *forms) list(dst []byte, end byte) ([]byte, error) {
	if err := r.open(); err != nil {
		return dst, err
	}
	start := len(dst)
	for {
		over, err := r.closed(end)
		if err != nil || over {
			return dst, err
		}
		if len(dst) == start {
			dst = append(dst, kindList)
		}
		at := len(dst)
		if dst, err = r.inner(append(dst, 0)); err != nil {
			return dst, err
		}
		dst = withLength(dst, at)
	}
}

// withLength writes the length of what follows at some byte, for which there is one byte of room.
func withLength(dst []byte, at int) []byte {
	n := len(dst) - at - 1
	if n < 0x80 {
		dst[at] = byte(n)
		return dst
	}
	var room [10]byte
	length := appendUvarint(room[:0], uint64(n))
	return slices.Replace(dst, at, at+1, length...)
}

// collection appends a map or a set as a literal: its members in the order of their text. prefix is what the keywords of a map are
// qualified with.
func (r *forms) collection(dst []byte, open string, end byte, prefix string) ([]byte, error) {
	if err := r.open(); err != nil {
		return dst, err
	}
	var members []string
	var buffer []byte
	for isKey := true; ; isKey = !isKey {
		over, err := r.closed(end)
		switch {
		case err != nil:
			return dst, err
		case over && open == "{" && !isKey:
			r.at--
			return dst, r.fault("a map with a key that has no value")
		case over:
			return appendMembers(dst, open, end, members), nil
		}
		if buffer, err = r.inner(buffer[:0]); err != nil {
			return dst, err
		}
		text := Value(buffer).edn()
		if open == "{" && !isKey {
			members[len(members)-1] += " " + text
			continue
		}
		members = append(members, qualified(text, prefix))
	}
}

func appendMembers(dst []byte, open string, end byte, members []string) []byte {
	slices.Sort(members)
	if open != "{" {
		members = slices.Compact(members)
	}
	dst = append(append(dst, kindLiteral), open...)
	for k, m := range members {
		if k > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, m...)
	}
	return append(dst, end)
}

// qualified puts a namespace in front of a keyword or symbol that has none; :_/k has none and is to get none.
func qualified(text, prefix string) string {
	mark := ""
	if strings.HasPrefix(text, ":") {
		mark, text = ":", text[1:]
	} else if prefix == "" || text == "" || !symbolBegin(text[0]) {
		return text
	}
	switch name, bare := strings.CutPrefix(text, "_/"); {
	case prefix == "":
		return mark + text
	case bare:
		return mark + name
	case strings.Contains(text, "/"):
		return mark + text
	}
	return mark + prefix + "/" + text
}

func symbolBegin(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("*+!-_?<>=$&%", c) >= 0
}

// dispatch appends what begins with #.
func (r *forms) dispatch(dst []byte) ([]byte, error) {
	switch r.second() {
	case '{':
		r.at++
		return r.collection(dst, "#{", '}', "")
	case '"':
		return r.regex(append(dst, kindLiteral))
	case '<':
		return r.unreadable(append(dst, kindLiteral))
	case '#':
		r.at += 2
		return append(append(dst, kindLiteral, '#', '#'), r.word()...), nil
	case '\'':
		r.at += 2
		return append(append(dst, kindLiteral, '#', '\''), r.word()...), nil
	case ':':
		return r.namespaced(dst)
	case '=':
		return dst, r.fault("#= asks the reader to run code")
	}
	r.at++
	tag := string(r.word())
	start := len(dst)
	dst, err := r.inner(dst)
	if err != nil || tag == "" || len(dst) > start && dst[start] == kindList {
		return dst, err
	}
	form := Value(dst[start:]).edn()
	return append(append(append(append(dst[:start], kindLiteral, '#'), tag...), ' '), form...), nil
}

// namespaced appends #:name{…}, whose keywords get the name.
func (r *forms) namespaced(dst []byte) ([]byte, error) {
	r.at++
	name := strings.TrimLeft(string(r.word()), ":")
	if c, err := r.peek(); err != nil || c != '{' {
		return dst, r.cut(errOr(err, r.fault("a namespace without a map")))
	}
	return r.collection(dst, "{", '}', name)
}

func errOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// regex appends #"…" as it is written.
func (r *forms) regex(dst []byte) ([]byte, error) {
	start := r.at
	for k := r.at + 2; k < len(r.line); k++ {
		switch r.line[k] {
		case '\\':
			k++
		case '"':
			r.at = k + 1
			return append(dst, r.line[start:r.at]...), nil
		}
	}
	return dst, r.lines.Fault(len(r.line), "the line ends inside a regular expression")
}

// unreadable appends #<…>, which old Clojure printed for what it could not.
func (r *forms) unreadable(dst []byte) ([]byte, error) {
	start, deep := r.at, 0
	for k := r.at + 1; k < len(r.line); k++ {
		switch r.line[k] {
		case '<':
			deep++
		case '>':
			if deep--; deep == 0 {
				r.at = k + 1
				return append(dst, r.line[start:r.at]...), nil
			}
		}
	}
	return dst, r.lines.Fault(len(r.line), "the line ends inside #<")
}

// word takes the characters up to the next delimiter, valid until the next line is read.
func (r *forms) word() []byte {
	start := r.at
	for r.at < len(r.line) && !delimits[r.line[r.at]] {
		r.at++
	}
	return r.line[start:r.at]
}

// delimits are the bytes that end a word.
var delimits = [256]bool{' ': true, '\t': true, '\r': true, '\f': true, ',': true, ';': true, '"': true, '(': true, ')': true, '[': true, ']': true,
	'{': true, '}': true}

// atom appends a number, a keyword, a symbol or a word such as true; nothing for nil.
func (r *forms) atom(dst []byte) ([]byte, error) {
	w := r.word()
	if string(w) == "nil" {
		return dst, nil
	}
	return appendNumber(append(dst, kindLiteral), w), nil
}

// character takes \c, \newline or \u0041.
func (r *forms) character() string {
	r.at++
	start := r.at
	_, size := utf8.DecodeRune(r.line[r.at:])
	r.at += size // it may be a delimiter
	if size > 0 && !delimits[r.line[start]] {
		r.word()
	}
	name := string(r.line[start:r.at])
	if digits, isHex := strings.CutPrefix(name, "u"); isHex && len(digits) == 4 {
		if code, err := strconv.ParseUint(digits, 16, 16); err == nil {
			name = string(rune(code))
		}
	} else if digits, isOctal := strings.CutPrefix(name, "o"); isOctal && digits != "" {
		if code, err := strconv.ParseUint(digits, 8, 9); err == nil {
			name = string(rune(code))
		}
	}
	for word, c := range characterNames {
		if name == c {
			name = word
		}
	}
	return `\` + name
}

var characterNames = map[string]string{"newline": "\n", "space": " ", "tab": "\t", "return": "\r", "backspace": "\b", "formfeed": "\f"}

// text appends what a string says. It may go over many lines.
func (r *forms) text(dst []byte) ([]byte, error) {
	r.at++
	for {
		for r.at < len(r.line) {
			c := r.line[r.at]
			r.at++
			switch c {
			case '"':
				return dst, nil
			case '\\':
				var err error
				if dst, err = r.escape(dst); err != nil {
					return dst, err
				}
			default:
				dst = append(dst, c)
			}
		}
		number := r.lines.Number()
		if err := r.more(); err != nil {
			return dst, r.cutText(err)
		}
		for range r.lines.Number() - number { // blank lines are passed over, but belong to the text
			dst = append(dst, '\n')
		}
	}
}

func (r *forms) cutText(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	fault := r.lines.Fault(len(r.line), "the line ends inside a string")
	if r.lines.Unterminated() {
		fault.Hint = "the file is truncated"
	}
	return fault
}

// escape appends what follows a backslash in a string.
func (r *forms) escape(dst []byte) ([]byte, error) {
	if r.at >= len(r.line) {
		return dst, nil
	}
	c := r.line[r.at]
	switch {
	case c == 'u' && r.at+4 < len(r.line):
		code, err := strconv.ParseUint(string(r.line[r.at+1:r.at+5]), 16, 16)
		if err != nil {
			return dst, r.fault("bad \\u escape in a string")
		}
		r.at += 5
		return r.surrogate(dst, rune(code)), nil
	case c >= '0' && c <= '7':
		code := 0
		for n := 0; n < 3 && r.at < len(r.line) && r.line[r.at] >= '0' && r.line[r.at] <= '7'; n++ {
			code = 8*code + int(r.line[r.at]-'0')
			r.at++
		}
		return utf8.AppendRune(dst, rune(code)), nil
	}
	e := strings.IndexByte(`ntrbf"\`, c)
	if e < 0 {
		return dst, r.fault("bad escape in a string")
	}
	r.at++
	return append(dst, "\n\t\r\b\f\"\\"[e]), nil
}

// surrogate appends a rune, or with the escape that follows the one of which it is the first half.
func (r *forms) surrogate(dst []byte, first rune) []byte {
	if first >= 0xd800 && first < 0xdc00 && r.at+5 < len(r.line) && string(r.line[r.at:r.at+2]) == `\u` {
		if low, err := strconv.ParseUint(string(r.line[r.at+2:r.at+6]), 16, 16); err == nil && low >= 0xdc00 && low < 0xe000 {
			r.at += 6
			return utf8.AppendRune(dst, 0x10000+(first-0xd800)<<10+rune(low)-0xdc00)
		}
	}
	return utf8.AppendRune(dst, first)
}

// edn prints a value so that it can be read again.
func (v Value) edn() string {
	switch {
	case v == Absent:
		return "nil"
	case v.IsList():
		var parts []string
		for e := range v.Elements {
			parts = append(parts, e.edn())
		}
		return "[" + strings.Join(parts, " ") + "]"
	case v[0] == kindText:
		return quotedEDN(string(v[1:]))
	}
	return string(v[1:])
}

// quotedEDN is a text as EDN writes it.
func quotedEDN(text string) string {
	b := []byte{'"'}
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r < ' ' || r == 0x7f:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(append(b, '"'))
}

// ParseValue reads a value as EDN and JSON write it alike: nil or null, a number, a word, a text in quotes, a list in brackets.
func ParseValue(s string) (Value, error) {
	lines, err := traces.NewLines("value", strings.NewReader(s))
	if err != nil {
		return Absent, err
	}
	r := &forms{lines: lines, line: []byte(s), alone: true}
	encoded, err := r.value(nil)
	if err == nil {
		if _, more := r.begin(); more == nil {
			return Absent, errors.New("it is more than one value")
		}
	}
	var fault *traces.InputError
	switch {
	case errors.As(err, &fault):
		return Absent, errors.New(fault.Message)
	case err != nil:
		return Absent, errors.New("it is no value")
	case string(encoded) == string(kindLiteral)+"null":
		return Absent, nil
	}
	return Value(encoded), nil
}
