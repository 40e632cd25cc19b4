package etcd

import (
	"encoding/binary"

	"github.com/raftcheck/raftcheck/spec"
)

// What lines of the usual shape show of a server hardly changes from one to the next, and a message that leaves is shown again where it arrives. Such a part
// of a line is compared with how it stood in an earlier one, text by text, and read only where it differs. The same text is always read as the same value.
type again struct {
	states   [16]text[shown]   // by server
	messages [64]text[message] // by how they begin
}

// text is a part of a line as it was read last, and its value. It ends with a bracket, so that nothing that follows belongs to it.
type text[V any] struct {
	is    []byte // empty is none
	value V
}

// again consumes a part of a line if it is the one that was read last.
func (t *text[V]) again(c *cursor) bool {
	n := len(t.is)
	if n == 0 || len(c.rest) < n || string(c.rest[:n]) != string(t.is) {
		return false
	}
	c.rest = c.rest[n:]
	return true
}

// keep remembers a part of a line that was read, from where the cursor stood before.
func (t *text[V]) keep(from []byte, c *cursor, value V) {
	if c.ok {
		t.is, t.value = append(t.is[:0], from[:len(from)-len(c.rest)]...), value
	}
}

// usualState reads what an event shows of its server.
func (d *decoder) usualState(c *cursor, of spec.ServerID) shown {
	last := &d.again.states[of%spec.ServerID(len(d.again.states))]
	if !last.again(c) {
		from := c.rest
		s := d.stateAt(c)
		last.keep(from, c, s)
		return s
	}
	return last.value
}

// usualMessage reads a message, from its kind on.
func (d *decoder) usualMessage(c *cursor, m *message) {
	last := &d.again.messages[c.begins()%uint64(len(d.again.messages))]
	if last.again(c) {
		*m = last.value
		return
	}
	from := c.rest
	c.message(m)
	last.keep(from, c, *m)
}

// begins mixes how a message begins: its kind, and mostly its term, its sender and its receiver.
func (c *cursor) begins() (h uint64) {
	const length = len(`MsgHeartbeatResp","term":2,"from":"1","to":"2","`)
	for text := c.rest[:min(len(c.rest), length)]; len(text) >= 8; text = text[8:] {
		h = (h ^ binary.LittleEndian.Uint64(text)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}
