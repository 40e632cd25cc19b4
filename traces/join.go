package traces

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Join writes one execution out of what several servers recorded of themselves: the records of each source in their order, and every
// message after the record that sends it, as far as a source shows that. Clocks play no part. A record's own number in its
// source becomes its Sequence. Sources must agree in their variants. The error is an *InputError of a source, or the writer's.
func Join(w io.Writer, sources ...Source) error {
	header, err := joinHeaders(sources)
	if err != nil {
		return err
	}
	out, err := NewWriter(w, header)
	if err != nil {
		return err
	}
	j := &joiner{out: out}
	for _, s := range sources {
		h := &joining{source: s, servers: map[spec.ServerID]bool{}}
		if err := h.next(); err != nil {
			return err
		}
		j.all = append(j.all, h)
	}
	for h := j.choose(); h != nil; h = j.choose() {
		if err := j.write(h); err != nil {
			return err
		}
	}
	return out.Flush()
}

// joinHeaders returns the header of what sources have recorded together.
func joinHeaders(sources []Source) (Header, error) {
	var joined Header
	for k, s := range sources {
		h := s.Header()
		switch file, _ := s.Position(); {
		case k == 0:
			joined = Header{Origin: h.Origin, Implementation: h.Implementation, Features: h.Features, Variants: h.Variants, Servers: slices.Clone(h.Servers)}
		case !slices.Equal(h.Variants, joined.Variants):
			return joined, &InputError{File: file, Line: 1, Message: fmt.Sprintf("declares the variants %v, and the trace before it %v", h.Variants, joined.Variants)}
		}
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
	sending sending
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

// choose returns the source whose record is written next: of those whose record waits for no message the one that is behind, and if
// all wait, for messages whose sending was not recorded, the one that is behind. It returns nil at the end.
func (j *joiner) choose() (chosen *joining) {
	waits := true
	for _, h := range j.all {
		if h.record == nil {
			continue
		}
		w := j.waits(h)
		if chosen == nil || waits && !w || waits == w && h.written < chosen.written {
			chosen, waits = h, w
		}
	}
	return chosen
}

// waits reports whether the next record of a source receives a message that another source may yet be read to send.
func (j *joiner) waits(h *joining) bool {
	m := h.record.taken()
	if m == nil || h.servers[m.From] || j.sending.hasLeft(m) {
		return false
	}
	return slices.ContainsFunc(j.all, func(o *joining) bool { return o != h && o.record != nil && o.servers[m.From] })
}

func (j *joiner) write(h *joining) error {
	r := *h.record
	j.number++
	if r.Sequence == 0 {
		r.Sequence = r.Number
	}
	r.Number = j.number
	if r.Step != nil {
		for _, m := range r.Step.Output.Sent {
			j.sending.leaves(m)
		}
	}
	h.written++
	if err := j.out.Record(&r); err != nil {
		return err
	}
	return h.next()
}
