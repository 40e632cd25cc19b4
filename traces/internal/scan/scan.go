// Package scan reads one JSON value from a line without allocating, and says at which column it stops making sense.
//
// It is for lines of known shape: the caller walks objects and arrays and takes the values it expects. A [Line] never panics
// and never reads past its bytes; the first error sticks and every later call returns zero values.
package scan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxInteger is the largest integer a trace may hold: 2^53, above which JSON readers disagree.
const MaxInteger = 1 << 53

// maxDepth is how deep values may be nested, also those that nobody looks into. It is what encoding/json allows.
const maxDepth = 10_000

// Line is a line of JSON and a position in it. The zero value is not useful: use New.
type Line struct {
	data  []byte
	at    int
	depth int
	first bool // just after '{' or '['
	err   error
	twice int // where the value begins of the member for whose name alone the line failed; 0 is none

	// The objects that are open: of each the frame of the one around it, and then its own members' names, mixed.
	names []uint64
	frame
}

// frame is an object that is open.
type frame struct {
	begins int    // where, after the bracket
	from   int    // where its names begin among those of all
	some   uint64 // which they are, in short
}

// frameSize is how many words stand for a frame among names.
const frameSize = 3

// Error is a place in a line where the text is not what it must be.
type Error struct {
	Column int // 1-based, in bytes
	What   string
}

func (e *Error) Error() string { return e.What }

// New starts reading data.
func New(data []byte) Line { return Line{data: data} }

// Reset starts reading data in a Line that was used before, whose memory it uses again.
func (l *Line) Reset(data []byte) { *l = Line{data: data, names: l.names[:0]} }

// Err returns the first error, an *Error, or nil.
func (l *Line) Err() error { return l.err }

// At returns the offset of the next byte to be read.
func (l *Line) At() int { return l.at }

// Fail makes the line fail at the current position, unless it failed before.
func (l *Line) Fail(format string, args ...any) { l.FailAt(l.at, format, args...) }

// FailAt makes the line fail at the given offset, unless it failed before.
func (l *Line) FailAt(at int, format string, args ...any) {
	if l.err == nil {
		l.err = &Error{at + 1, fmt.Sprintf(format, args...)}
		l.at = len(l.data)
	}
}

// Peek returns the next byte that is not white space, or 0 at the end.
func (l *Line) Peek() byte {
	if l.at < len(l.data) && l.data[l.at] > ' ' {
		return l.data[l.at]
	}
	return l.peek()
}

func (l *Line) peek() byte {
	for l.at < len(l.data) {
		switch c := l.data[l.at]; c {
		case ' ', '\t', '\r', '\n':
			l.at++
		default:
			return c
		}
	}
	return 0
}

// Open consumes the opening '{' or '['.
func (l *Line) Open(bracket byte) bool {
	if l.Peek() != bracket {
		l.expected(strconv.QuoteRune(rune(bracket)))
		return false
	}
	if l.depth++; l.depth > maxDepth {
		l.Fail("nested deeper than %d", maxDepth)
		return false
	}
	l.at++
	l.first = true
	if bracket == '{' {
		l.inward()
	}
	return true
}

// More reports whether another member or element follows, consuming the comma before it; at the end it consumes the closing bracket.
func (l *Line) More(bracket byte) bool {
	if l.err != nil {
		return false
	}
	first := l.first
	l.first = false
	switch c := l.Peek(); {
	case c == bracket:
		l.at++
		l.depth--
		if c == '}' {
			l.outward()
		}
		return false
	case first:
		return true
	case c == ',':
		l.at++
		if l.Peek() == bracket {
			l.Fail("nothing after a comma")
			return false
		}
		return true
	}
	l.expected("a comma or " + strconv.QuoteRune(rune(bracket)))
	return false
}

// Same returns how many of the bytes that come next are those of a text.
func (l *Line) Same(text []byte) (n int) {
	data := l.Ahead(len(text))
	text = text[:len(data)]
	for len(data) >= n+32 && string(data[n:n+32]) == string(text[n:n+32]) {
		n += 32
	}
	for ; len(data) >= n+8; n += 8 {
		if differ := binary.LittleEndian.Uint64(data[n:]) ^ binary.LittleEndian.Uint64(text[n:]); differ != 0 {
			return n + bits.TrailingZeros64(differ)>>3
		}
	}
	for n < len(data) && data[n] == text[n] {
		n++
	}
	return n
}

// Again consumes n bytes, of which the caller knows that they are a member of an object whose name is so, with the comma before it if it is not the first.
// It reports whether they are all of that member, and the object had none of that name before.
func (l *Line) Again(n int, first bool, name uint64) bool {
	end := l.at + n
	if end >= len(l.data) || l.first != first || l.data[end] != ',' && l.data[end] != '}' {
		return false
	}
	if l.repeats(name) {
		return false // as the name tells that is read
	}
	l.at, l.first = end, false
	return true
}

// Named returns what stands for the name of the member that was consumed last.
func (l *Line) Named() uint64 { return l.names[len(l.names)-1] }

// Whole consumes n bytes, of which the caller knows that they are what stands between the brackets of the object that was just opened, and the bracket
// after them. It reports whether that is what comes next.
func (l *Line) Whole(n int) bool {
	end := l.at + n
	if end >= len(l.data) || !l.first || l.data[end] != '}' {
		return false
	}
	l.at, l.first = end+1, false
	l.depth--
	l.outward()
	return true
}

// Next reports whether a text comes next, which the caller knows to be one value or the beginning of one.
func (l *Line) Next(text []byte) bool {
	return len(l.data)-l.at >= len(text) && string(l.data[l.at:l.at+len(text)]) == string(text)
}

// After returns the byte that comes n bytes after the next one, or 0 behind the end.
func (l *Line) After(n int) byte {
	if l.at+n >= len(l.data) {
		return 0
	}
	return l.data[l.at+n]
}

// Ahead returns up to n of the bytes that come next.
func (l *Line) Ahead(n int) []byte { return l.data[min(l.at, len(l.data)):min(l.at+n, len(l.data))] }

// Pass consumes n bytes, which the caller knows to be a value.
func (l *Line) Pass(n int) { l.at += n }

// Inside consumes n bytes, which the caller knows to be a list but for what comes after some element.
func (l *Line) Inside(n int) {
	l.at += n
	l.depth++
	l.first = false
}

// Text returns a part of the line.
func (l *Line) Text(from, to int) []byte { return l.data[from:to] }

// Key consumes a member's name and the colon after it. The result is valid until the line's bytes change. A name that the object had before makes
// the line fail, unless Ignore takes the value.
func (l *Line) Key() []byte {
	l.Peek()
	start := l.at
	key := l.key()
	if l.err == nil && l.repeats(mixed(key)) && l.had(key, start) {
		value := l.at
		l.FailAt(start, "%q stands here twice", key)
		l.twice = value
	}
	return key
}

func (l *Line) key() []byte {
	if start := l.at + 1; start < len(l.data) && l.data[l.at] == '"' {
		if end := start + plain(l.data[start:]); end+1 < len(l.data) && l.data[end] == '"' && l.data[end+1] == ':' {
			l.at = end + 2
			return l.data[start:end]
		}
	}
	key := l.String()
	if l.Peek() != ':' {
		l.expected("a colon")
		return nil
	}
	l.at++
	return key
}

// inward goes into an object, of which the bracket was consumed.
func (l *Line) inward() {
	if l.names == nil {
		l.names = make([]uint64, 0, 32)
	}
	l.names = append(l.names, uint64(l.begins), uint64(l.from), l.some)
	l.frame = frame{begins: l.at, from: len(l.names)}
}

// outward goes out of it.
func (l *Line) outward() {
	around := l.names[l.from-frameSize : l.from]
	l.names = l.names[:l.from-frameSize]
	l.frame = frame{int(around[0]), int(around[1]), around[2]}
}

// repeats takes in the name of a member, and reports whether the object had one before that seems to be the same.
func (l *Line) repeats(name uint64) bool {
	short := uint64(1) << (name >> 58)
	if l.some&short != 0 && slices.Contains(l.names[l.from:], name) {
		return true
	}
	l.some |= short
	l.names = append(l.names, name)
	return false
}

// base64Suffix is what a name ends with whose value is in base64. Without it, it is the name of the same member.
var base64Suffix = []byte("Base64")

// had reports whether the object had a member of that name before an offset.
func (l *Line) had(key []byte, before int) bool {
	in := Line{data: l.data, at: l.begins, first: true}
	for in.More('}') && in.at < before {
		if bytes.Equal(bytes.TrimSuffix(in.key(), base64Suffix), bytes.TrimSuffix(key, base64Suffix)) {
			return true
		}
		in.Skip()
	}
	return false
}

// mixed mixes the bytes of a name.
func mixed(name []byte) uint64 {
	name = bytes.TrimSuffix(name, base64Suffix)
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(name))
	for ; len(name) >= 8; name = name[8:] {
		h = (h ^ binary.LittleEndian.Uint64(name)) * odd
		h ^= h >> 29
	}
	rest := uint64(0)
	for _, c := range name {
		rest = rest<<8 | uint64(c)
	}
	return (h ^ rest) * odd
}

// String consumes a string. The result shares the line's bytes unless the string holds escapes.
func (l *Line) String() []byte {
	if l.Peek() != '"' {
		l.expected("a string")
		return nil
	}
	start := l.at + 1
	for i := start + plain(l.data[start:]); i < len(l.data); i++ {
		switch c := l.data[i]; {
		case c == '"':
			l.at = i + 1
			return l.data[start:i]
		case c == '\\':
			return l.escaped(start, i)
		case c < ' ':
			l.FailAt(i, "control character in a string")
			return nil
		}
	}
	l.FailAt(len(l.data), "the line ends inside a string")
	return nil
}

// plain returns how many bytes of a string, as far as whole words tell, are neither its end nor an escape nor a control character.
func plain(text []byte) (n int) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= n+8; n += 8 {
		w := binary.LittleEndian.Uint64(text[n:])
		quote, escape := w^('"'*ones), w^('\\'*ones)
		if odd := ((quote-ones)&^quote | (escape-ones)&^escape | (w-' '*ones)&^w) & tops; odd != 0 {
			return n + bits.TrailingZeros64(odd)>>3 // the lowest is never one by a carry
		}
	}
	return n
}

func (l *Line) escaped(start, at int) []byte {
	out := append([]byte(nil), l.data[start:at]...)
	for i := at; i < len(l.data); i++ {
		c := l.data[i]
		switch {
		case c == '"':
			l.at = i + 1
			return out
		case c < ' ':
			l.FailAt(i, "control character in a string")
			return nil
		case c != '\\':
			out = append(out, c)
			continue
		}
		if i++; i >= len(l.data) {
			break
		}
		switch l.data[i] {
		case '"', '\\', '/':
			out = append(out, l.data[i])
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := l.hex(i + 1)
			if !ok {
				l.FailAt(i, "bad \\u escape in a string")
				return nil
			}
			i += 4
			if low, ok := l.lowSurrogate(i, r); ok {
				r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
				i += 6
			}
			out = utf8.AppendRune(out, r)
		default:
			l.FailAt(i, "bad escape in a string")
			return nil
		}
	}
	l.FailAt(len(l.data), "the line ends inside a string")
	return nil
}

func (l *Line) hex(at int) (rune, bool) {
	if at+4 > len(l.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(l.data[at:at+4]), 16, 32)
	return rune(n), err == nil
}

func (l *Line) lowSurrogate(at int, high rune) (rune, bool) {
	if high < 0xd800 || high > 0xdbff || at+2 >= len(l.data) || l.data[at+1] != '\\' || l.data[at+2] != 'u' {
		return 0, false
	}
	low, ok := l.hex(at + 3)
	return low, ok && low >= 0xdc00 && low <= 0xdfff
}

// Uint consumes an integer from 0 to MaxInteger.
func (l *Line) Uint() uint64 {
	c := l.Peek()
	if c < '0' || c > '9' {
		l.expected("an integer of 0 or more")
		return 0
	}
	start := l.at
	var n uint64
	for ; l.at < len(l.data); l.at++ {
		d := l.data[l.at] - '0'
		if d > 9 {
			break
		}
		if n = n*10 + uint64(d); n > MaxInteger {
			l.FailAt(start, "integer above 2^53")
			return 0
		}
	}
	if l.at < len(l.data) {
		switch l.data[l.at] {
		case '.', 'e', 'E':
			l.FailAt(start, "a fraction where an integer belongs")
			return 0
		}
	}
	if l.data[start] == '0' && l.at > start+1 {
		l.FailAt(start, "an integer with a leading zero")
		return 0
	}
	return n
}

// Int consumes an integer from -MaxInteger to MaxInteger.
func (l *Line) Int() int64 {
	if l.Peek() == '-' {
		l.at++
		return -int64(l.Uint())
	}
	return int64(l.Uint())
}

// Bool consumes true or false.
func (l *Line) Bool() bool {
	switch l.Peek() {
	case 't':
		return l.word("true")
	case 'f':
		l.word("false")
		return false
	}
	l.expected("true or false")
	return false
}

// Null consumes null if it is next, and reports whether it was.
func (l *Line) Null() bool { return l.Peek() == 'n' && l.word("null") }

func (l *Line) word(w string) bool {
	if len(l.data)-l.at < len(w) || string(l.data[l.at:l.at+len(w)]) != w {
		l.expected(w)
		return false
	}
	l.at += len(w)
	return true
}

// Ignore is Skip of the value of a member that is not looked at, which may have the name of another.
func (l *Line) Ignore() []byte {
	l.pardon()
	return l.Skip()
}

// pardon goes on where the line failed for a name alone.
func (l *Line) pardon() {
	if l.twice > 0 {
		l.at, l.err, l.twice = l.twice, nil, 0
	}
}

// Unique is Skip that fails at a name that some object in the value has twice.
func (l *Line) Unique() []byte { return l.value((*Line).Unique) }

// Skip consumes any value and returns its bytes. It does not look at the names within.
func (l *Line) Skip() []byte { return l.value((*Line).Ignore) }

func (l *Line) value(inner func(*Line) []byte) []byte {
	c := l.Peek()
	start := l.at
	switch c {
	case '{':
		for l.Open('{'); l.More('}'); {
			l.Key()
			inner(l)
		}
	case '[':
		for l.Open('['); l.More(']'); {
			inner(l)
		}
	case '"':
		l.String()
	case 't', 'f':
		l.Bool()
	case 'n':
		l.Null()
	default:
		l.number()
	}
	if l.err != nil {
		return nil
	}
	return l.data[start:l.at]
}

// number consumes a number by its form: of what size it is only matters to whoever wants to know it.
func (l *Line) number() {
	start := l.at
	l.one("-")
	whole := l.digits()
	if whole && l.one(".") {
		whole = l.digits()
	}
	if whole && l.one("eE") {
		l.one("+-")
		whole = l.digits()
	}
	if !whole && l.err == nil {
		l.at = start
		l.expected("a value")
	}
}

// one consumes one of some characters, if it is next.
func (l *Line) one(of string) bool {
	if l.at < len(l.data) && strings.IndexByte(of, l.data[l.at]) >= 0 {
		l.at++
		return true
	}
	return false
}

// digits consumes digits, and reports whether there was one.
func (l *Line) digits() bool {
	start := l.at
	for l.at < len(l.data) && l.data[l.at]-'0' <= 9 {
		l.at++
	}
	return l.at > start
}

// End checks that nothing but white space is left.
func (l *Line) End() {
	if l.Peek() != 0 || l.at < len(l.data) {
		l.Fail("more text after the end of the object")
	}
}

func (l *Line) expected(what string) {
	if l.err != nil {
		return
	}
	if l.at >= len(l.data) {
		l.Fail("the line ends where %s belongs", what)
		return
	}
	r, _ := utf8.DecodeRune(l.data[l.at:])
	l.Fail("%q where %s belongs", r, what)
}

// Find returns where the member with that name begins in a line of JSON, and how many bytes its name and value take. A path of names
// joined by dots descends: "msg.term" is the member "term" of the first member "msg", "effects.2" the third element of a list. The
// outermost name may stand at any depth.
// It returns 0, 0 when there is no such member or the line is no JSON.
func Find(line []byte, path string) (at, width int) {
	l := New(line)
	at, end := l.find(strings.Split(path, "."))
	if l.err != nil || end == 0 {
		return 0, 0
	}
	return at, end - at
}

// find looks for a path in the value that is next, which it consumes.
func (l *Line) find(path []string) (at, end int) {
	switch l.Peek() {
	case '{':
		for l.Open('{'); l.More('}'); {
			l.Peek()
			start := l.at
			key := string(l.Key())
			l.pardon()
			switch {
			case end > 0 || key == path[0] && len(path) == 1:
				l.Skip()
				if end == 0 {
					at, end = start, l.at
				}
			case key == path[0]:
				at, end = l.find(path[1:])
			default:
				at, end = l.find(path)
			}
		}
	case '[':
		wanted, err := strconv.Atoi(path[0])
		for k, _ := 0, l.Open('['); l.More(']'); k++ {
			l.Peek()
			start := l.at
			switch {
			case end > 0 || err == nil && k != wanted:
				l.Skip()
			case err == nil && len(path) == 1:
				l.Skip()
				at, end = start, l.at
			case err == nil:
				at, end = l.find(path[1:])
			default:
				at, end = l.find(path)
			}
		}
	default:
		l.Skip()
	}
	return at, end
}
