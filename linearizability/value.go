package linearizability

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Value is what a key holds: nothing, a text, a literal such as a number, or a list. Two values are the same if and only if they
// compare equal. Make one with [Text], [Literal] or [List]; the zero Value is [Absent].
//
// The first byte tells the kind; a list is its elements one after the other, each after its length, so that appending to a list
// is appending to its bytes and a prefix of a list shares the memory of the list.
type Value string

// Absent is what a key holds that was never written: nil, null. A list without elements is absent too.
const Absent Value = ""

const (
	kindText    = 't'
	kindLiteral = 'l'
	kindList    = '['
)

// Text returns a string as a value. The empty text is not [Absent].
func Text(s string) Value { return Value(string(rune(kindText)) + s) }

// Literal returns a number, a truth value or another word as a value. Literals are the same if they are written alike: 1 is not 1.0.
func Literal(s string) Value { return Value(string(rune(kindLiteral)) + s) }

// Number returns a whole number as a value.
func Number(n int64) Value { return Literal(strconv.FormatInt(n, 10)) }

// number returns the whole number that a value is; [Absent] is 0.
func (v Value) number() (int64, bool) {
	if v == Absent {
		return 0, true
	}
	if v[0] != kindLiteral {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v[1:]), 10, 64)
	return n, err == nil
}

// plus adds two whole numbers; false if they are none, or their sum is too large.
func (v Value) plus(w Value) (Value, bool) {
	a, isNumber := v.number()
	b, isToo := w.number()
	if sum := a + b; isNumber && isToo && (sum > a) == (b > 0) {
		return Number(sum), true
	}
	return v, false
}

// isSmall reports whether a value is nothing or a number so near zero that sums of such numbers are numbers.
func (v Value) isSmall() bool {
	n, isNumber := v.number()
	return isNumber && -1<<32 < n && n < 1<<32
}

// List returns a list of values, or [Absent] for none.
func List(elements ...Value) Value {
	var dst []byte
	for _, e := range elements {
		dst = appendElement(dst, e)
	}
	return listOf(dst)
}

func appendElement(dst []byte, e Value) []byte {
	if len(dst) == 0 {
		dst = append(dst, kindList)
	}
	dst = binary.AppendUvarint(dst, uint64(len(e)))
	return append(dst, e...)
}

func listOf(encoded []byte) Value {
	if len(encoded) <= 1 {
		return Absent
	}
	return Value(encoded)
}

// IsList reports whether the value is a list of at least one element.
func (v Value) IsList() bool { return v != "" && v[0] == kindList }

// Elements calls yield for every element of a list, in order. Any other value has none.
func (v Value) Elements(yield func(Value) bool) {
	if !v.IsList() {
		return
	}
	for rest := v[1:]; len(rest) > 0; {
		length, width := uvarint(rest)
		if !yield(rest[width : width+length]) {
			return
		}
		rest = rest[width+length:]
	}
}

// uvarint reads the length in front of an element.
func uvarint(s Value) (length, width int) {
	for shift := 0; ; shift += 7 {
		c := s[width]
		width++
		length |= int(c&0x7f) << shift
		if c < 0x80 {
			return length, width
		}
	}
}

// Append returns the value that results when w is appended to what a key holds: texts and literals join as texts, lists as lists, and
// whatever meets a list becomes an element of it. Nothing changes when either is [Absent].
func (v Value) Append(w Value) Value {
	switch {
	case v == Absent:
		return w
	case w == Absent:
		return v
	case v.IsList() && w.IsList():
		return v + w[1:]
	case v.IsList():
		return Value(appendElement([]byte(v), w))
	case w.IsList():
		return List(v) + w[1:]
	}
	return Text(string(v[1:] + w[1:]))
}

// String prints the value as people read it: nil, 3, word, "two words", [1 2].
func (v Value) String() string {
	switch {
	case v == Absent:
		return "nil"
	case v.IsList():
		var b strings.Builder
		for e := range v.Elements {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(e.String())
		}
		return "[" + b.String() + "]"
	case v[0] == kindText && !plainWord(string(v[1:])):
		return strconv.Quote(string(v[1:]))
	}
	return string(v[1:])
}

// plainWord reports whether a text is read as one without quotes: it is no number, no nil, no truth value, and has no spaces.
func plainWord(s string) bool {
	switch s {
	case "", "nil", "null", "true", "false":
		return false
	}
	for k, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (k == 0 || !(r >= '0' && r <= '9' || r == '-' || r == '.')) {
			return false
		}
	}
	return true
}
