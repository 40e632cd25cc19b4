package traces

import (
	"errors"
	"io"

	"github.com/raftcheck/raftcheck/traces/internal/pipe"
)

// Reading ahead: one goroutine reads records, in order, while another judges those that were read before. What comes of it is what reading and judging in
// turn come to: what was read and not judged, an error too, counts for nothing once the judge has seen enough.

// aheadRecords and aheadBytes bound what is read of a batch: so many records, of so many bytes of text.
const (
	aheadRecords = 256
	aheadBytes   = 1 << 20
)

// batch is records that were read one after the other.
type batch struct {
	slots []*slot
	read  []reading
	line  int // that was read last
	tally Tallies
	err   error // why there are no more; io.EOF at the end
}

// reading is a record, and the line that was read last when it was complete.
type reading struct {
	record *Record
	line   int
	tally  Tallies // of the source then
}

// ahead yields the records of a source that another goroutine reads.
type ahead struct {
	batches *pipe.Pipe[batch]
	now     *batch
	next    int
	tally   *Tallies // as of the latest record, or of the end
	ended   func()   // the source reads ahead no longer
}

// newAhead begins to read.
func newAhead(source Source) *ahead {
	a := &ahead{ended: func() {}}
	if s, is := source.(interface{ ReadAhead() (end func()) }); is {
		a.ended = s.ReadAhead()
	}
	a.batches = pipe.New(func(b *batch) bool {
		b.fill(source)
		return b.err != nil
	})
	return a
}

// Next returns the next record, valid until the next call, and the line that was read last for it.
func (a *ahead) Next() (*Record, int, error) {
	for a.now == nil || a.next == len(a.now.read) {
		if a.now != nil && a.now.err != nil {
			a.tally = &a.now.tally
			return nil, a.now.line, a.now.err
		}
		a.now, a.next = a.batches.Next(), 0
	}
	r := &a.now.read[a.next]
	a.next++
	a.tally = &r.tally
	return r.record, r.line, nil
}

func (a *ahead) tallies() (t Tallies) {
	if a.tally != nil {
		t = *a.tally
	}
	return t
}

// end waits until nothing is read any more.
func (a *ahead) end() {
	a.batches.End()
	a.ended()
}

// fill reads records.
func (b *batch) fill(source Source) {
	b.read, b.err = b.read[:0], nil
	native, isNative := source.(*Reader)
	counting, tallies := source.(tallying)
	begin := int64(0)
	if isNative {
		begin = native.lines.taken
	}
	for k := range aheadRecords {
		if k == len(b.slots) {
			b.slots = append(b.slots, &slot{})
		}
		var r *Record
		switch {
		case !isNative:
			if r, b.err = source.Next(); b.err == nil {
				r = b.slots[k].copy(r)
			}
		case native.lines.taken-begin > aheadBytes:
			return
		default:
			r, b.err = native.nextInto(b.slots[k])
		}
		_, b.line = source.Position()
		if tallies {
			b.tally = counting.Tally()
		}
		if b.err != nil {
			return
		}
		b.read = append(b.read, reading{r, b.line, b.tally})
	}
}

// copy copies a record so that it outlasts the next one. What its parts share with others is not changed by whoever reads.
func (s *slot) copy(r *Record) *Record {
	s.record = *r
	if r.Step != nil {
		s.step = *r.Step
		s.effects = append(s.effects[:0], r.Step.Output.Effects...)
		s.step.Output.Effects = s.effects
		s.record.Step = &s.step
	}
	if r.Where != nil {
		s.where = Where{r.Where.Before, r.Where.Input, r.Where.After, append(s.where.Effects[:0], r.Where.Effects...)}
		s.record.Where = &s.where
	}
	return &s.record
}

// inTurn yields the records of a source, read when they are asked for.
type inTurn struct{ source Source }

func (t inTurn) Next() (*Record, int, error) {
	r, err := t.source.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	_, line := t.source.Position()
	return r, line, err
}

func (t inTurn) tallies() (all Tallies) {
	if counting, is := t.source.(tallying); is {
		all = counting.Tally()
	}
	return all
}

func (inTurn) end() {}
