package traces

import (
	"bufio"
	"io"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Writer writes the native format. The same records give the same bytes.
type Writer struct {
	out  *bufio.Writer
	line []byte
	last map[spec.ServerID]spec.Observation
	also spec.Field // shown though it is empty
}

// NewWriter writes the header and returns a writer for the records.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	out := &Writer{out: bufio.NewWriter(w), last: map[spec.ServerID]spec.Observation{}, also: wire.ShownBy(h.Variants)}
	out.line = append(appendHeader(out.line[:0], &h), '\n')
	_, err := out.out.Write(out.line)
	return out, err
}

// Record writes one record.
func (w *Writer) Record(r *Record) error {
	var last *spec.Observation
	if r.Step != nil {
		if seen, ok := w.last[r.Step.Server]; ok {
			last = &seen
		}
		w.last[r.Step.Server] = r.Step.After
	}
	w.line = append(appendRecord(w.line[:0], r, last, w.also), '\n')
	_, err := w.out.Write(w.line)
	return err
}

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.out.Flush() }

// Write writes a whole trace, after checking its structure.
func Write(w io.Writer, t *Trace) error {
	if err := Validate(t); err != nil {
		return err
	}
	h := t.Header
	h.Records = len(t.Records)
	out, err := NewWriter(w, h)
	if err != nil {
		return err
	}
	for k := range t.Records {
		if err := out.Record(&t.Records[k]); err != nil {
			return err
		}
	}
	return out.Flush()
}
