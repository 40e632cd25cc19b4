package traces

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/foreign"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Source yields the records of an execution in order, whoever wrote it and in whatever format.
type Source interface {
	// Header says what was recorded.
	Header() Header
	// Next returns the next record, or io.EOF after the last. The record is valid until the next call. Errors are *InputError.
	Next() (*Record, error)
	// Position returns the file and the number of the line that was read last.
	Position() (file string, line int)
	// Close releases what the source holds open.
	Close()
}

// Options say how to read.
type Options struct {
	Lenient  bool          // pass over events and messages of kinds that are not known, instead of refusing the file
	Variants spec.Variants // declared besides those that the file declares
}

// Reader reads the native format.
type Reader struct {
	lines   *Lines
	options Options
	header  Header
	decoder decoder
	slot    *slot        // of the latest record
	memory  *wire.Memory // of what was read; nil is none, and then every record has memory of its own
	count   int
	number  int // of the latest record
	holes   int // places so far where records were left out
	told    int // holes before the latest step
	last    map[spec.ServerID]*lastShown

	configured bool // configurations are entries of the log, so their values must be read
}

// lastShown is what a server showed last.
type lastShown struct {
	state    spec.Observation
	shown    bool // state is
	sequence int
	holes    int // up to there
}

// NewReader reads a trace from lines, starting with its header.
func NewReader(lines *Lines, options Options) (*Reader, error) {
	line, err := lines.Next()
	if err != nil {
		return nil, err
	}
	return NewReaderAfter(lines, line, options)
}

// NewReaderAfter is NewReader for lines whose first line was already taken.
func NewReaderAfter(lines *Lines, first []byte, options Options) (*Reader, error) {
	d := newDecoder(first, options.Lenient, nil)
	r := &Reader{lines: lines, options: options, header: d.header(), last: map[spec.ServerID]*lastShown{}}
	if err := d.Err(); err != nil {
		return nil, LineError(lines, err)
	}
	r.header.Variants = append(r.header.Variants, options.Variants...)
	r.configured = r.header.Variants.Has(spec.ConfigurationInLog)
	r.decoder.never = neverShown(r.header.Variants)
	return r, nil
}

// Header returns the trace's first line.
func (r *Reader) Header() Header { return r.header }

// nativeFormat tells Verify that nothing has looked at the records yet but for their shape.
func (r *Reader) nativeFormat() {}

// streamed tells the reader that each record is looked at and then forgotten, and that nothing in it is changed in place.
func (r *Reader) streamed() {
	if r.memory == nil {
		r.memory = new(wire.Memory)
	}
}

// Position returns the file and the number of the line that was read last.
func (r *Reader) Position() (string, int) { return r.lines.Name(), r.lines.Number() }

// Drain reads on to the end without judging and returns the number of the last line.
func (r *Reader) Drain() int { return r.lines.Drain() }

// Close releases the file.
func (r *Reader) Close() { r.lines.Close() }

// Next returns the next record, or io.EOF after the last. The record is the caller's until the next call.
func (r *Reader) Next() (*Record, error) { return r.nextInto(r.place()) }

// nextInto is Next that says where the record goes.
func (r *Reader) nextInto(into *slot) (*Record, error) {
	for {
		line, err := r.lines.Next()
		if errors.Is(err, io.EOF) {
			return nil, r.end()
		}
		if err != nil {
			return nil, err
		}
		if record, err := r.take(line, into); record != nil || err != nil {
			return record, err
		}
	}
}

// Take reads a record from text that says what the current line does, for a reader of another format that puts lines of this one together. It
// returns nil for an event that is not known and skipped. The record is the caller's until the next call of Take or Next.
func (r *Reader) Take(text []byte) (*Record, error) { return r.take(text, r.place()) }

// place returns where the next record goes.
func (r *Reader) place() *slot {
	if r.slot == nil || r.memory == nil {
		r.slot = &slot{}
	}
	return r.slot
}

// take is Take that says where the record goes.
func (r *Reader) take(text []byte, into *slot) (*Record, error) {
	d, record := &r.decoder, &into.record
	d.begin(text, r.options.Lenient)
	d.Remember(r.memory)
	d.record(into)
	if err := d.Err(); err != nil {
		if inside := Inside(r.lines, text, nil); inside != nil {
			return nil, inside
		}
		return nil, LineError(r.lines, err)
	}
	r.count++
	record.Line = r.lines.Number()
	if err := r.shape(record); err != nil {
		return nil, err
	}
	if r.configured {
		if err := r.spelling(text, record); err != nil {
			return nil, err
		}
	}
	if record.Step == nil {
		if isNetworkEvent(record.Event) {
			return record, nil
		}
		if record.Event != "" {
			r.holes++ // nobody knows what it changed
		}
		return nil, nil
	}
	r.carryOver(record)
	if s := record.Step; s.Input.Kind == 0 && s.After.Unknown == wire.EveryField {
		r.last[s.Server].holes = -1 // it tells nothing, and the server's next record does not begin with what it showed before
		return nil, nil
	}
	return record, nil
}

// shape checks what can be checked of a record's place in the trace without remembering the ones before.
func (r *Reader) shape(record *Record) error {
	switch {
	case record.Number <= r.number:
		return r.lines.Fault(0, fmt.Sprintf("record number %d does not come after %d", record.Number, r.number))
	case record.Step != nil && len(r.header.Servers) > 0 && !slices.Contains(r.header.Servers, record.Step.Server):
		return r.lines.Fault(0, fmt.Sprintf("%s is not one of the cluster's servers", record.Step.Server))
	}
	if record.Number != r.number+1 {
		r.holes++
	}
	r.number = record.Number
	return nil
}

// carryOver fills in what a record leaves out of the state before its step because it is what the server showed last. Where numbers are
// left out, of the trace or of the server's own count, records are, and what the server showed last may be long ago.
func (r *Reader) carryOver(record *Record) {
	s := record.Step
	s.Hole, r.told = r.holes != r.told, r.holes
	last := r.last[s.Server]
	if last == nil {
		last = &lastShown{}
		r.last[s.Server] = last
	} else if s.Gap = last.holes != r.holes; last.sequence > 0 && record.Sequence > 0 {
		s.Gap = record.Sequence != last.sequence+1
	}
	if last.shown && !s.Gap && s.Before.Unknown == wire.EveryField {
		s.Before, record.carried = last.state, true
	}
	last.state, last.shown, last.sequence, last.holes = s.After, true, record.Sequence, r.holes
}

func (r *Reader) end() error {
	switch file, line := r.Position(); {
	case r.header.Records > 0 && r.count < r.header.Records:
		return &InputError{File: file, Line: line, Message: fmt.Sprintf("the file ends after %d of the %d records its header promises: it is truncated", r.count, r.header.Records)}
	case r.count == 0:
		return &InputError{File: file, Line: line, Message: "the trace has a header and no records"}
	}
	return io.EOF
}

// LineError turns what package scan found wrong with the current line into an *InputError.
func LineError(lines *Lines, err error) error {
	var place *scan.Error
	if !errors.As(err, &place) {
		return &InputError{File: lines.Name(), Line: lines.Number(), Message: err.Error(), Cause: err}
	}
	fault := lines.Fault(place.Column, place.What)
	if lines.Unterminated() {
		fault.Message = "the line is cut off: " + place.What
		fault.Hint = "the file is truncated"
	}
	return fault
}

// Inside returns an error where the current line begins, or belongs to, a trace of another format than that of the file, or a trace of
// raftcheck within one: files that were put together are not one trace. own is the format of the file; nil is that of raftcheck.
func Inside(lines *Lines, line []byte, own *foreign.Format) error {
	other := foreign.Inside(line, own)
	if other == nil {
		return nil
	}
	fault := lines.Fault(0, "here "+other.Name+" begins inside another trace")
	fault.Hint = "verify the parts of the file apart, each as a file of its own"
	return fault
}

// Read reads a whole native trace and checks its structure. Use a Reader for long files.
func Read(name string, from io.Reader) (*Trace, error) {
	lines, err := NewLines(name, from)
	if err != nil {
		return nil, err
	}
	return readAll(lines)
}

// ReadFile reads a whole native trace from a file and checks its structure.
func ReadFile(name string) (*Trace, error) {
	lines, err := OpenLines(name, nil)
	if err != nil {
		return nil, err
	}
	return readAll(lines)
}

func readAll(lines *Lines) (*Trace, error) {
	defer lines.Close()
	r, err := NewReader(lines, Options{})
	if err != nil {
		return nil, err
	}
	t := &Trace{Header: r.Header()}
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		t.Records = append(t.Records, *record)
	}
	if err := Validate(t); err != nil {
		var fault *InputError
		if errors.As(err, &fault) && fault.File == "" {
			fault.File = lines.Name()
		}
		return nil, err
	}
	return t, nil
}
