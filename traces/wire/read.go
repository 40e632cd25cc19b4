package wire

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// Reader reads one line of JSON, walking objects and lists and taking the values it expects. The first thing that is not as it
// must be sticks: Err returns it with its column, and every later call returns zero values.
type Reader struct {
	scan.Line
	strict bool

	// Lenient lets a message or an effect of a kind that is not known pass: the message is then of kind 0, and an effect with it, or of no known
	// kind, is left out of what Effects returns and counted in Dropped.
	Lenient bool
	Dropped int

	memory *Memory // nil is none
	about  int     // whose state is read: where in memory
	odd    int     // members that are not known and were passed over
}

// Error is a place in a line where the text is not what it must be.
type Error = scan.Error

// NewReader reads a line. A strict reader refuses members that it does not know; otherwise it passes over them.
func NewReader(line []byte, strict bool) Reader { return Reader{Line: scan.New(line), strict: strict} }

// Begin reads another line, and forgets what is counted of the one before.
func (r *Reader) Begin(line []byte) {
	r.Line.Reset(line)
	r.Dropped, r.about, r.odd = 0, 0, 0
}

// Remember has the reader make use of what was read before, and remember what it reads. A reader that is strict does neither.
func (r *Reader) Remember(memory *Memory) {
	if !r.strict {
		r.memory = memory
	}
}

// About says whose states the line shows.
func (r *Reader) About(server spec.ServerID) {
	r.about = int(server % spec.ServerID(len(Memory{}.observations)))
}

// Unknown takes the value of a member whose name, at the given offset, is not known.
func (r *Reader) Unknown(at int, name []byte) {
	r.odd++
	if r.strict {
		r.FailAt(at, "unknown member %q", name)
		return
	}
	r.Ignore()
}

// Texts takes a list of strings.
func (r *Reader) Texts() (all []string) {
	for r.Open('['); r.More(']'); {
		all = append(all, string(r.String()))
	}
	return all
}

// Uints takes a list of numbers.
func (r *Reader) Uints() (all []uint64) {
	for r.Open('['); r.More(']'); {
		all = append(all, r.Uint())
	}
	return all
}

// Servers takes a list of servers.
func (r *Reader) Servers() (all []spec.ServerID) {
	for r.Open('['); r.More(']'); {
		all = append(all, r.Server())
	}
	return all
}

// Server takes a server, or null.
func (r *Reader) Server() spec.ServerID {
	if r.Null() {
		return spec.None
	}
	at := r.At()
	text := r.String()
	if r.Err() != nil {
		return spec.None
	}
	if len(text) == 2 && text[0] == 'n' && text[1]-'1' < 9 {
		return spec.ServerID(text[1] - '0')
	}
	id, ok := ParseServer(string(text))
	if !ok {
		r.FailAt(at, "%q is not a server: n1, n2, …", text)
	}
	return id
}

// ParseServer reads a server's printed name, n1, n2, …
func ParseServer(name string) (spec.ServerID, bool) {
	if len(name) < 2 || name[0] != 'n' || name[1] == '0' || name[1] == '+' {
		return spec.None, false
	}
	n, err := strconv.ParseUint(name[1:], 10, 64)
	return spec.ServerID(n), err == nil
}

// Bytes takes the value of a member whose name tells by its ending whether it is base64.
func (r *Reader) Bytes(name []byte) string {
	at := r.At()
	text := r.memory.string(r.String())
	if !bytes.HasSuffix(name, []byte(base64Suffix)) {
		return text
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		r.FailAt(at, "%s is not base64", name)
	}
	return string(raw)
}

// OneOf takes a text that must be one of n names, and returns which.
func (r *Reader) OneOf(what string, name func(int) string, n int) int {
	at := r.At()
	text := string(r.String())
	for k := range n {
		if name(k) == text {
			return k
		}
	}
	r.FailAt(at, "unknown %s %q", what, text)
	return 0
}
