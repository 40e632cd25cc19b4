package wire

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/spec"
)

// The encoding is written by hand so that the bytes are the same everywhere and every known field is present: a field that
// is missing from an observation is unknown, which is not the same as zero.

// Object appends the members of one JSON object to bytes. Open begins it, Close ends it.
type Object struct {
	dst    []byte
	comma  bool
	always spec.Field // see Always
}

// Open begins an object.
func Open(dst []byte) Object { return Object{dst: append(dst, '{')} }

// Close ends the object and returns all bytes, those before it included.
func (o *Object) Close() []byte { return append(o.dst, '}') }

// Name begins a member. Its value must follow.
func (o *Object) Name(name string) {
	if o.comma {
		o.dst = append(o.dst, ',')
	}
	o.comma = true
	o.dst = append(AppendText(o.dst, name), ':')
}

// Raw writes a member whose value is JSON already.
func (o *Object) Raw(name, value string) {
	o.Name(name)
	o.dst = append(o.dst, value...)
}

// Uint writes a number.
func (o *Object) Uint(name string, n uint64) {
	o.Name(name)
	o.dst = strconv.AppendUint(o.dst, n, 10)
}

// Bool writes a truth value.
func (o *Object) Bool(name string, b bool) {
	o.Name(name)
	o.dst = strconv.AppendBool(o.dst, b)
}

// Text writes a string.
func (o *Object) Text(name, s string) {
	o.Name(name)
	o.dst = AppendText(o.dst, s)
}

// Bytes writes text that may be any bytes: what is not UTF-8 goes into a base64 member of its own.
func (o *Object) Bytes(name, s string) {
	if utf8.ValidString(s) {
		o.Text(name, s)
		return
	}
	o.Text(name+base64Suffix, base64.StdEncoding.EncodeToString([]byte(s)))
}

const base64Suffix = "Base64"

// Server writes a server, or null.
func (o *Object) Server(name string, id spec.ServerID) {
	o.Name(name)
	o.dst = AppendServer(o.dst, id)
}

// List writes a list of n elements; element appends the k-th.
func (o *Object) List(name string, n int, element func(dst []byte, k int) []byte) {
	o.Name(name)
	o.dst = AppendList(o.dst, n, element)
}

// Servers writes a list of servers.
func (o *Object) Servers(name string, ids []spec.ServerID) {
	o.List(name, len(ids), func(dst []byte, k int) []byte { return AppendServer(dst, ids[k]) })
}

// Texts writes a list of strings.
func (o *Object) Texts(name string, texts []string) {
	o.List(name, len(texts), func(dst []byte, k int) []byte { return AppendText(dst, texts[k]) })
}

// Object writes a member that is itself an object; members writes what is in it.
func (o *Object) Object(name string, members func(*Object)) {
	o.Name(name)
	inner := Open(o.dst)
	members(&inner)
	o.dst = inner.Close()
}

// AppendList appends a list of n elements; element appends the k-th.
func AppendList(dst []byte, n int, element func(dst []byte, k int) []byte) []byte {
	dst = append(dst, '[')
	for k := range n {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, k)
	}
	return append(dst, ']')
}

// AppendText appends a string. Bytes that are not UTF-8 are replaced; see Object.Bytes.
func AppendText(dst []byte, s string) []byte {
	if plain(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("wire: a string has no JSON form: " + err.Error())
	}
	return append(dst, quoted...)
}

// plain reports whether a string is the same between quotes.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c >= utf8.RuneSelf, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// AppendServer appends a server, or null.
func AppendServer(dst []byte, id spec.ServerID) []byte {
	if id == spec.None {
		return append(dst, "null"...)
	}
	dst = append(dst, `"n`...)
	dst = strconv.AppendUint(dst, uint64(id), 10)
	return append(dst, '"')
}
