package etcd

import (
	"bytes"
	"encoding/binary"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// Lines have one shape, field for field, as long as etcd's own logger writes them. cursor reads that shape and nothing else: at the
// first byte that is different it gives up, and the line is read by decoder.decode, which takes any shape and says what is wrong.
type cursor struct {
	rest []byte
	ok   bool
}

const (
	eventStart = `,"tag":"trace","event":{"name":"`
	eventEnd   = `}}`
)

// fast reads a line of the usual shape. It returns false for any other.
func (d *decoder) fast(line []byte, e *event) bool {
	at := len(d.prefix)
	if len(line) < at+len(eventStart) || string(line[at:at+len(eventStart)]) != eventStart || !d.usual(line[:at]) {
		return false
	}
	c := cursor{line[at+len(eventStart):], true}
	e.name = nameOf(c.text())
	c.literal(`,"nid":"`)
	e.node = c.id()
	e.state = d.usualState(&c, e.node)
	if c.next(`,"msg":{"type":"`) {
		d.usualMessage(&c, &e.message)
	}
	if c.next(`,"prop":{"match":`) {
		e.self = true
		e.match = spec.Index(c.number())
		c.literal(`,"next":`)
		e.next = spec.Index(c.number())
		c.literal(`}`)
	}
	return c.ok && string(c.rest) == eventEnd && e.name != 0 && e.node != spec.None && e.name != changeConf && e.name != applyConfChange &&
		(e.name.sends() || e.name.receives()) == (e.message.kind != noMessage)
}

// usual reports whether what stands before the event is, but for its digits, as on a line that was read whole.
func (d *decoder) usual(prefix []byte) bool {
	same := d.prefix[:len(prefix)]
	for ; len(prefix) >= 8; prefix, same = prefix[8:], same[8:] {
		if binary.LittleEndian.Uint64(prefix) != binary.LittleEndian.Uint64(same) && !butForDigits(prefix[:8], same) {
			return false
		}
	}
	return butForDigits(prefix, same)
}

// butForDigits reports whether a text is the beginning of another, but for what digits there are.
func butForDigits(text, other []byte) bool {
	for k, b := range text {
		if b != other[k] && (b-'0' > 9 || other[k]-'0' > 9) {
			return false
		}
	}
	return true
}

// stateAt reads what an event shows of its server, from where it stands.
func (d *decoder) stateAt(c *cursor) (s shown) {
	c.literal(`,"state":{"term":`)
	s.term = spec.Term(c.number())
	c.literal(`,"vote":"`)
	s.vote = c.id()
	c.literal(`,"commit":`)
	s.commit = spec.Index(c.number())
	c.literal(`},"role":"`)
	s.role = c.role()
	c.literal(`,"log":`)
	s.last = spec.Index(c.number())
	c.literal(`,"conf":`)
	s.conf = d.usualConf(c)
	return s
}

// learnPrefix remembers what stands before the event of a line that was read whole.
func (d *decoder) learnPrefix(line []byte) {
	if at := bytes.Index(line, []byte(eventStart)); at >= 0 {
		d.prefix = append(d.prefix[:0], line[:at]...)
	}
}

func (c *cursor) literal(text string) {
	if len(c.rest) < len(text) || string(c.rest[:len(text)]) != text {
		c.ok, c.rest = false, nil
		return
	}
	c.rest = c.rest[len(text):]
}

func (c *cursor) next(text string) bool {
	if len(c.rest) < len(text) || string(c.rest[:len(text)]) != text {
		return false
	}
	c.rest = c.rest[len(text):]
	return true
}

// text reads up to the next quotation mark. The caller knows the few texts that may stand there, none of which has an escape.
func (c *cursor) text() []byte {
	k := bytes.IndexByte(c.rest, '"')
	if k < 0 {
		c.ok, c.rest = false, nil
		return nil
	}
	text := c.rest[:k]
	c.rest = c.rest[k+1:]
	return text
}

func (c *cursor) number() uint64 {
	k := 0
	var n uint64
	for ; k < len(c.rest) && c.rest[k]-'0' <= 9; k++ {
		n = n*10 + uint64(c.rest[k]-'0')
	}
	if k == 0 || k > 15 || k > 1 && c.rest[0] == '0' || n > scan.MaxInteger {
		c.ok, c.rest = false, nil
		return 0
	}
	c.rest = c.rest[k:]
	return n
}

func (c *cursor) id() spec.ServerID {
	n := c.number()
	c.literal(`"`)
	return spec.ServerID(n)
}

func (c *cursor) role() spec.Role {
	switch string(c.text()) {
	case "StateFollower":
		return spec.Follower
	case "StateLeader":
		return spec.Leader
	case "StateCandidate":
		return spec.Candidate
	case "StatePreCandidate":
		return spec.PreCandidate
	}
	c.ok = false
	return 0
}

func (c *cursor) bool() bool {
	if c.next("true") {
		return true
	}
	c.literal("false")
	return false
}

func (c *cursor) message(m *message) {
	m.kind = kindOf(c.text())
	c.literal(`,"term":`)
	m.term = spec.Term(c.number())
	c.literal(`,"from":"`)
	m.from = c.id()
	c.literal(`,"to":"`)
	m.to = c.id()
	c.literal(`,"entries":`)
	m.entries = spec.Index(c.number())
	c.literal(`,"logTerm":`)
	m.logTerm = spec.Term(c.number())
	c.literal(`,"index":`)
	m.index = spec.Index(c.number())
	c.literal(`,"commit":`)
	m.commit = spec.Index(c.number())
	c.literal(`,"vote":"`)
	m.vote = c.id()
	c.literal(`,"reject":`)
	m.reject = c.bool()
	c.literal(`,"rejectHint":`)
	m.hint = spec.Index(c.number())
	c.literal(`}`)
	if m.kind == noMessage {
		c.ok = false
	}
}

// usualConf reads a configuration that was seen before.
func (d *decoder) usualConf(c *cursor) *config {
	if n := len(d.raw); n > 0 && len(c.rest) > n && string(c.rest[:n]) == d.raw {
		c.rest = c.rest[n:]
		return d.latest
	}
	end := bytes.Index(c.rest, []byte("]]"))
	if end < 0 {
		c.ok = false
		return nil
	}
	known := d.seen[string(c.rest[:end+2])]
	if known == nil {
		c.ok = false
		return nil
	}
	d.latest, d.raw = known, string(c.rest[:end+2])
	c.rest = c.rest[end+2:]
	return known
}

func nameOf(text []byte) name {
	switch string(text) {
	case "Ready":
		return ready
	case "ReceiveAppendEntriesRequest":
		return receiveAppend
	case "ReceiveAppendEntriesResponse":
		return receiveAppendResponse
	case "SendAppendEntriesRequest":
		return sendAppend
	case "SendAppendEntriesResponse":
		return sendAppendResponse
	case "Commit":
		return commit
	}
	for k := 1; k < len(names); k++ {
		if names[k] == string(text) {
			return name(k)
		}
	}
	return 0
}

func kindOf(text []byte) kind {
	switch string(text) {
	case "MsgApp":
		return msgApp
	case "MsgAppResp":
		return msgAppResp
	case "MsgHeartbeat":
		return msgHeartbeat
	case "MsgHeartbeatResp":
		return msgHeartbeatResp
	}
	for k := 1; k < len(kinds); k++ {
		if kinds[k] == string(text) {
			return kind(k)
		}
	}
	return noMessage
}
