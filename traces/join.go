package traces

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Join writes one execution out of what several servers recorded of themselves: the records of each source in their order, and every
// message after the record that sends it, as far as a source shows that. Clocks play no part, and the header says so (Joined). A record's Sequence
// counts the records of its server, and passes over one number where its source may lack some. Sources must agree in their variants. The error is an *InputError of a source, or the writer's.
func Join(w io.Writer, sources ...Source) error {
	header, err := joinHeaders(sources)
	if err != nil {
		return err
	}
	out, err := NewWriter(w, header)
	if err != nil {
		return err
	}
	j := &joiner{out: out, counts: map[spec.ServerID]int{}}
	for _, s := range sources {
		h := &joining{source: s, servers: map[spec.ServerID]bool{}}
		if err := h.next(); err != nil {
			return err
		}
		j.all = append(j.all, h)
	}
	for {
		h, least := j.choose()
		if h == nil {
			return out.Flush()
		}
		if least == hopeful {
			j.owe(h)
		}
		if err := j.write(h); err != nil {
			return err
		}
	}
}

// joinHeaders returns the header of what sources have recorded together.
func joinHeaders(sources []Source) (Header, error) {
	joined := Header{Joined: len(sources) > 1}
	for k, s := range sources {
		h := s.Header()
		switch file, _ := s.Position(); {
		case k == 0:
			joined = Header{Joined: joined.Joined, Origin: h.Origin, Implementation: h.Implementation, Features: h.Features, Variants: h.Variants, Servers: slices.Clone(h.Servers)}
		case !slices.Equal(h.Variants, joined.Variants):
			return joined, &InputError{File: file, Line: 1, Message: fmt.Sprintf("declares the variants %v, and the trace before it %v", h.Variants, joined.Variants)}
		}
		joined.Joined = joined.Joined || h.Joined
		if len(h.Servers) == 0 || len(joined.Servers) == 0 {
			joined.Servers = nil // one of them does not know the whole cluster
			continue
		}
		joined.Servers = append(joined.Servers, h.Servers...)
		slices.Sort(joined.Servers)
		joined.Servers = slices.Compact(joined.Servers)
	}
	return joined, nil
}

type joiner struct {
	out     *Writer
	all     []*joining
	number  int
	counts  map[spec.ServerID]int
	sending sending
	owing   []owed
	owed    sending // the messages of owing
}

// next counts a record of a server.
func (j *joiner) next(s *spec.Step) int {
	if s.Gap && j.counts[s.Server] > 0 {
		j.counts[s.Server]++
	}
	j.counts[s.Server]++
	return j.counts[s.Server]
}

// joining is a source on its way into the whole.
type joining struct {
	source  Source
	record  *Record // the next; nil at the end
	written int
	servers map[spec.ServerID]bool // whose records it holds, as far as it was read
}

func (h *joining) next() error {
	r, err := h.source.Next()
	switch {
	case errors.Is(err, io.EOF):
		h.record = nil
		return nil
	case err != nil:
		return err
	}
	if h.record = r; r.Step != nil {
		h.servers[r.Step.Server] = true
	}
	return nil
}

// choose returns the source whose record is written next; nil at the end. It is one whose record waits for no message; if all wait, one
// that waits for what may be missing in the sender's record; if there is none, a message was not recorded where it should be. Of
// several it is the one that is behind.
func (j *joiner) choose() (chosen *joining, least waiting) {
	for _, h := range j.all {
		if h.record == nil {
			continue
		}
		w := j.waits(h)
		if chosen == nil || w < least || w == least && h.written < chosen.written {
			chosen, least = h, w
		}
	}
	return chosen, least
}

// mostOwed is how many messages are remembered that arrived before anybody had sent them.
const mostOwed = 1000

// owed is a message that arrived although every source waits for another one.
type owed struct {
	message spec.Message
	fault   InputError
}

// owe remembers such a message. If it is sent after all, what the sources say cannot have happened.
func (j *joiner) owe(h *joining) {
	if len(j.owing) >= mostOwed {
		return
	}
	m := h.record.taken()
	file, line := h.source.Position()
	j.owing = append(j.owing, owed{*m, InputError{File: file, Line: line}})
	j.owed.leaves(m)
}

// circle is what is wrong when a message is sent only now that arrived before; nil if it did not.
func (j *joiner) circle(m *spec.Message) error {
	if len(j.owing) == 0 || !j.owed.hasLeft(m) {
		return nil
	}
	for k := range j.owing {
		o := &j.owing[k]
		if o.message.From == m.From && o.message.To == m.To && o.message.Kind == m.Kind && o.message.Term == m.Term {
			o.fault.Message = fmt.Sprintf("%s receives %s here, which %s sends only after it received what comes later: these records are not of one execution", m.To, m.Kind, m.From)
			return &o.fault
		}
	}
	return nil
}

// waiting is how much a record waits for the message that it receives.
type waiting uint8

const (
	ready    waiting = iota // it receives none, or the message was sent, or nobody else records the sender
	hopeless                // the message may have been sent in a gap of the sender's record
	hopeful                 // another source may yet be read to send it
)

func (j *joiner) waits(h *joining) waiting {
	m := h.record.taken()
	if m == nil || h.servers[m.From] || j.sending.hasLeft(m) ||
		!slices.ContainsFunc(j.all, func(o *joining) bool { return o != h && o.record != nil && o.servers[m.From] }) {
		return ready
	}
	if j.sending.mayBeUnseen(m) {
		return hopeless
	}
	return hopeful
}

func (j *joiner) write(h *joining) error {
	r := *h.record
	j.number++
	r.Number = j.number
	if r.Step != nil {
		if r.Sequence == 0 {
			r.Sequence = j.next(r.Step)
		}
		j.sending.begin()
		j.sending.follow(r.Step)
		for _, m := range r.Step.Output.Sent {
			if err := j.circle(m); err != nil {
				return err
			}
			j.sending.leaves(m)
		}
	}
	h.written++
	if err := j.out.Record(&r); err != nil {
		return err
	}
	return h.next()
}
