package etcd

import (
	"errors"
	"io"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	fileformat "github.com/raftcheck/raftcheck/traces/foreign"
	"github.com/raftcheck/raftcheck/traces/internal/pipe"
)

// Variants are the ways in which etcd's raft differs from the paper.
var variants = spec.Variants{spec.OptimisticNext, spec.SilentOnStale, spec.VolatileUntilReady}

// Reader reads an etcd trace. It is a traces.Source.
type Reader struct {
	lines   *traces.Lines
	options traces.Options
	decoder *decoder
	model   *model
	first   []byte // taken from lines already; nil when used
	begun   bool   // an event was decoded
	next    int    // index into model.out
	events  int
	line    int                 // that was read last
	now     *event              // the latest that the model took in
	own     event               // where it is decoded, unless it was in a batch
	ahead   *pipe.Pipe[decoded] // events that another goroutine decodes; nil if none does
	batch   *decoded
	bare    traces.Record // for a contradiction at a line without a step
}

// aheadEvents is how many events a batch holds.
const aheadEvents = 256

// decoded are events of lines that follow each other.
type decoded struct {
	events []event
	taken  int
	line   int   // that was read last
	err    error // why there are no more; io.EOF at the end
}

// NewReader reads an etcd trace from lines.
func NewReader(lines *traces.Lines, options traces.Options) (*Reader, error) {
	line, err := lines.Next()
	if err != nil {
		return nil, err
	}
	return NewReaderAfter(lines, line, options)
}

// NewReaderAfter is NewReader for lines whose first line was already taken.
func NewReaderAfter(lines *traces.Lines, first []byte, options traces.Options) (*Reader, error) {
	d := newDecoder()
	d.lenient = options.Lenient
	return &Reader{lines: lines, options: options, decoder: d, model: newModel(d.configs), first: append([]byte{}, first...), line: lines.Number()}, nil
}

// Header says what is known of every etcd trace.
func (r *Reader) Header() traces.Header {
	return traces.Header{Version: traces.Version, Origin: "etcd raft with_tla", Implementation: "go.etcd.io/raft/v3",
		Variants: append(slices.Clone(variants), r.options.Variants...)}
}

// Position returns the file and the number of the line that was read last.
func (r *Reader) Position() (string, int) { return r.lines.Name(), r.line }

// Close releases the file.
func (r *Reader) Close() { r.lines.Close() }

// Next returns the next record, or io.EOF after the last. The record is valid until the next call.
func (r *Reader) Next() (*traces.Record, error) {
	for {
		if r.next < len(r.model.out) {
			record := &r.model.out[r.next].record
			r.next++
			if r.next == len(r.model.out) {
				record.Found = r.model.found
				r.model.found = nil
			}
			return record, nil
		}
		if len(r.model.found) > 0 {
			r.bare = traces.Record{Number: r.now.line, Event: r.now.name.String(), Line: r.now.line, Found: r.model.found}
			r.model.found = nil
			return &r.bare, nil
		}
		if err := r.read(); err != nil {
			return nil, err
		}
	}
}

// read takes in the next event.
func (r *Reader) read() error {
	r.model.spare = append(r.model.spare, r.model.out...)
	r.model.out, r.next = r.model.out[:0], 0
	e, err := r.take()
	if err != nil {
		return err
	}
	r.now, r.line = e, e.line
	r.events++
	r.model.event(e)
	return nil
}

// take returns the next event, valid until the next call.
func (r *Reader) take() (*event, error) {
	if r.ahead == nil {
		err := r.decode(&r.own)
		r.line = r.lines.Number()
		return &r.own, err
	}
	for b := r.batch; b == nil || b.taken == len(b.events); b = r.batch {
		if b != nil && b.err != nil {
			r.line = b.line
			return nil, b.err
		}
		r.batch = r.ahead.Next()
	}
	r.batch.taken++
	return &r.batch.events[r.batch.taken-1], nil
}

// ReadAhead decodes in a goroutine of its own from now on, until end is called, behind which no record may be asked for. What is read is the same.
func (r *Reader) ReadAhead() (end func()) {
	r.ahead = pipe.New(func(b *decoded) bool {
		b.events, b.taken = slices.Grow(b.events[:0], aheadEvents)[:aheadEvents], 0
		for k := range b.events {
			if b.err = r.decode(&b.events[k]); b.err != nil {
				b.events, b.line = b.events[:k], r.lines.Number()
				return true
			}
		}
		return false
	})
	return r.ahead.End
}

// decode reads lines up to the next event.
func (r *Reader) decode(e *event) error {
	for {
		line := r.first
		r.first = nil
		if line == nil {
			var err error
			if line, err = r.lines.Next(); errors.Is(err, io.EOF) && !r.begun {
				return &traces.InputError{File: r.lines.Name(), Line: r.lines.Number(), Message: "the file has no trace events",
					Hint: "a log of another kind is read with --map MAPPING.yaml: docs/verify-your-log.md"}
			} else if err != nil {
				return err
			}
		}
		e.line = r.lines.Number()
		is, err := r.decoder.decode(line, e)
		if err != nil {
			return traces.LineError(r.lines, err)
		}
		if is && !r.begun {
			r.decoder.loaded(e)
		}
		if f := r.decoder.foreign; f != nil {
			return f.refusal(r.lines.Name(), r.lines.Number())
		}
		if is {
			r.begun = true
			return nil
		}
		if err := traces.Inside(r.lines, line, fileformat.Etcd); err != nil {
			return err
		}
	}
}

// Members names the members of an event's line that may show a part of a step, the best first: "event.state.term", "event.msg".
func (r *Reader) Members(part spec.Part, _ int, field spec.Field) []string {
	member := "event.name"
	switch {
	case part == spec.PartInput || part == spec.PartEffect:
		member = "event.msg"
	case field == spec.FieldTerm:
		member = "event.state.term"
	case field == spec.FieldVotedFor:
		member = "event.state.vote"
	case field == spec.FieldCommit:
		member = "event.state.commit"
	case field == spec.FieldLog:
		member = "event.log"
	case field == spec.FieldRole:
		member = "event.role"
	case field == spec.FieldConfig:
		member = "event.conf"
	}
	return []string{member, "event.name"}
}

// Incomplete tells that lines of different servers may not be in the order in which things happened: their clocks differ.
func (r *Reader) Incomplete() bool { return true }

// Events returns how many lines were events.
func (r *Reader) Events() int { return r.events }

// Drain reads on to the end without judging and returns the number of the last line.
func (r *Reader) Drain() int { return r.lines.Drain() }

// Tally returns how many times what rules promise was put to the test by the explanation of lines.
func (r *Reader) Tally() traces.Tallies {
	c := &r.model.checked
	return traces.Tallies{{traceConsistent, c.lines + c.arrived}, {"R5.6-01", c.restarts + c.arrived}, {"R5.3-20", c.commits}, {"R5.3-08", c.appends}}
}
