package traces

import (
	"errors"
	"io"
)

// Reading ahead: one goroutine reads records, in order, while another judges those that were read before. What comes of it is what reading and judging in
// turn come to: what was read and not judged, an error too, counts for nothing once the judge has seen enough.

// aheadRecords, aheadBytes and aheadBatches bound what is read and not judged: records of so many bytes of text in so many batches.
const (
	aheadRecords = 256
	aheadBytes   = 1 << 20
	aheadBatches = 4
)

// batch is records that were read one after the other. Its memory is used again.
type batch struct {
	slots []*slot
	read  []reading
	line  int // that was read last
	tally Tallies
	err   error // why there are no more; io.EOF at the end

	panicked any // what reading ended in
}

// reading is a record, and the line that was read last when it was complete.
type reading struct {
	record *Record
	line   int
	tally  Tallies // of the source then
}

// ahead yields the records of a source that another goroutine reads.
type ahead struct {
	full, empty chan *batch
	now         *batch
	next        int
	over        bool
	tally       *Tallies // as of the latest record, or of the end
}

// newAhead begins to read.
func newAhead(source Source) *ahead {
	a := &ahead{full: make(chan *batch, aheadBatches), empty: make(chan *batch, aheadBatches)}
	for range aheadBatches {
		a.empty <- &batch{}
	}
	go func() {
		defer close(a.full)
		for b := range a.empty {
			b.guarded(source)
			a.full <- b // there is room for all of them
			if b.err != nil || b.panicked != nil {
				return
			}
		}
	}()
	return a
}

// Next returns the next record, valid until the next call, and the line that was read last for it.
func (a *ahead) Next() (*Record, int, error) {
	for a.now == nil || a.next == len(a.now.read) {
		if a.now != nil {
			if a.now.panicked != nil {
				panic(a.now.panicked)
			}
			if a.now.err != nil {
				a.tally = &a.now.tally
				return nil, a.now.line, a.now.err
			}
			a.empty <- a.now
		}
		a.now, a.next = <-a.full, 0
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
	if a.over {
		return
	}
	a.over = true
	close(a.empty)
	for range a.full {
	}
}

// guarded fills the batch, and keeps what that panics with for the goroutine that judges.
func (b *batch) guarded(source Source) {
	defer func() { b.panicked = recover() }()
	b.fill(source)
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
