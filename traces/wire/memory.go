package wire

import (
	"encoding/binary"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// Memory is what was read of a trace lately, text and value, so that a part of a line that stood so in an earlier one is compared and not read
// again: a server's state hardly changes from one record to the next, and what is sent is shown again where it arrives. It is never
// wrong: the same text is always read as the same value. Values that are found again share their memory, so nobody may change them in place. It is
// bounded. The zero Memory remembers nothing yet.
type Memory struct {
	observations [16]struct { // by server
		text  object
		value spec.Observation
	}
	durables [16]struct { // likewise
		text  object
		value spec.Durable
	}
	messages [64]message // by how their text begins
	lists    [4]list     // of entries, the latest
	next     int         // of lists, to be replaced
	texts    [1024]string
}

// message is a message that was read.
type message struct {
	text  object
	value spec.Message
	shown spec.MessageField // by its members
}

// What is longer is not remembered, in bytes.
const (
	mostObject = 256 << 10
	mostList   = 4 << 20
	mostText   = 256
)

// object is the text of an object that was read. All of its members have different names.
type object struct {
	text    []byte // from after the opening bracket to the end of the last member's value
	members []member
	taken   [mostMembers]member // of the object at hand, if that is not all as this one
}

// member is a member of an object. Its text begins where that of the one before ends, with a comma if there is one.
type member struct {
	name uint8  // which of the names that such an object may have
	end  int32  // of its text in that of the object
	text uint64 // its name as [scan.Line.Named] has it
}

// mostMembers is how many members an object has that is remembered.
const mostMembers = 24

// walk reads an object beside the one that is remembered; of nothing, it reads the object alone.
type walk struct {
	last  *object
	next  int   // of last's members, to be compared
	from  int32 // where it begins in last's text
	same  int32 // up to where last's text comes next in the line; below from where that is not known
	start int   // of the object's members in the line
	as    bool  // all members so far are as in last
	fit   bool  // to be remembered
	odd   int   // members that are not known were passed over before

	// Of an object that is not all as in last, its members so far.
	names uint32
	count int
}

// begin consumes the bracket that opens the object.
func (w *walk) begin(r *Reader) {
	r.Open('{')
	w.start, w.as, w.fit, w.odd, w.same = r.At(), true, true, r.odd, -1
}

// whole consumes what follows the bracket if all of it is as in the object that is remembered.
func (w *walk) whole(l *scan.Line) bool {
	if w.last == nil || len(w.last.members) == 0 {
		return false
	}
	w.same = int32(l.Same(w.last.text))
	return int(w.same) == len(w.last.text) && l.Whole(int(w.same))
}

// again consumes the next member if it is as in the object that is remembered, and returns its name. It returns false if it is not.
func (w *walk) again(l *scan.Line) (name uint8, is bool) {
	if w.last == nil || w.next >= len(w.last.members) {
		return 0, false
	}
	if w.same < w.from {
		w.same = w.from + int32(l.Same(w.last.text[w.from:]))
	}
	m := w.last.members[w.next]
	if m.end > w.same || !l.Again(int(m.end-w.from), w.next == 0, m.text) {
		return 0, false
	}
	w.next, w.from = w.next+1, m.end
	if !w.as {
		w.add(l, m.name)
	}
	return m.name, true
}

// read takes note of a member that was read.
func (w *walk) read(l *scan.Line, name uint8) {
	if w.last == nil {
		return
	}
	w.differs()
	w.add(l, name)
	w.same = -1
	for k := w.next; k < len(w.last.members); k++ {
		if w.last.members[k].name == name {
			w.next, w.from = k+1, w.last.members[k].end
			return
		}
	}
}

// differs takes note that the object is not all as in last, of which its members so far are the first.
func (w *walk) differs() {
	if !w.as {
		return
	}
	w.as, w.count = false, w.next
	copy(w.last.taken[:], w.last.members[:w.next])
	for _, m := range w.last.taken[:w.next] {
		w.names |= 1 << m.name
	}
}

func (w *walk) add(l *scan.Line, name uint8) {
	if w.count == mostMembers || w.names&(1<<name) != 0 {
		w.fit = false
		return
	}
	w.names |= 1 << name
	w.last.taken[w.count] = member{name, int32(l.At() - w.start), l.Named()}
	w.count++
}

// end remembers the object, of which all was read, in place of the last. It reports whether its value is to be remembered, too.
func (w *walk) end(r *Reader) bool {
	if w.last == nil || w.as && w.next == len(w.last.members) {
		return false
	}
	w.differs()
	w.last.members = w.last.members[:0]
	if r.Err() != nil || r.odd != w.odd || !w.fit || w.count == 0 {
		return false
	}
	size := int(w.last.taken[w.count-1].end)
	if size > mostObject {
		return false
	}
	text := r.Text(w.start, w.start+size)
	if text[0] != '"' {
		return false
	}
	for k := range w.count - 1 {
		if text[w.last.taken[k].end] != ',' {
			return false
		}
	}
	w.last.text = append(w.last.text[:0], text...)
	w.last.members = append(w.last.members, w.last.taken[:w.count]...)
	return true
}

// message returns the place of a message that comes next: that of others of the same kind, sender and receiver if these are what it begins with.
func (m *Memory) message(l *scan.Line) *message {
	const begins = len(`{"kind":"AppendEntries","from":"n1","to":"n2"`)
	h := uint64(0)
	for text := l.Ahead(begins); len(text) >= 8; text = text[8:] {
		h = mix(h, binary.LittleEndian.Uint64(text))
	}
	return &m.messages[h%uint64(len(m.messages))]
}

// list is a list of entries that was read.
type list struct {
	text    []byte // with its brackets; empty is none
	entries []spec.Entry
	whole   bool
}

// again consumes a list of entries that is remembered, and returns it. Of one that goes on after such a list it consumes that beginning and
// returns the list with rest true.
func (m *Memory) again(l *scan.Line) (found *list, rest bool) {
	for k := range m.lists {
		found := &m.lists[k]
		switch n := len(found.text); {
		case n == 0:
		case l.Next(found.text):
			l.Pass(n)
			return found, false
		case l.Next(found.text[:n-1]) && l.After(n-1) == ',':
			l.Inside(n - 1)
			return found, true
		}
	}
	return nil, false
}

// keep remembers a list of entries, if it is fit for that, in place of the one that it goes on after, or of the oldest.
func (m *Memory) keep(after *list, text []byte, entries []spec.Entry, whole, fit bool) {
	switch {
	case len(entries) == 0:
		return
	case len(text) > mostList || !fit:
		if after != nil {
			*after = list{} // what goes on after it shares its memory
		}
		return
	case after == nil:
		after = &m.lists[m.next]
		m.next = (m.next + 1) % len(m.lists)
		after.text = after.text[:0]
	}
	same := max(len(after.text)-1, 0)
	after.text = append(after.text[:same], text[same:]...)
	after.entries, after.whole = entries, whole
}

// string returns a text as a string, that of an equal text before if there was one not long ago.
func (m *Memory) string(text []byte) string {
	if m == nil || len(text) > mostText {
		return string(text)
	}
	if len(text) == 0 {
		return ""
	}
	place := &m.texts[hash(text)%uint64(len(m.texts))]
	if *place != string(text) {
		*place = string(text)
	}
	return *place
}

// hash mixes the length, the first and the last bytes of a text.
func hash(text []byte) uint64 {
	if len(text) < 8 {
		h := uint64(len(text))
		for _, b := range text {
			h = h<<8 | uint64(b)
		}
		return mix(0, h)
	}
	return mix(mix(uint64(len(text)), binary.LittleEndian.Uint64(text)), binary.LittleEndian.Uint64(text[len(text)-8:]))
}

func mix(h, word uint64) uint64 {
	h = (h ^ word) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}
