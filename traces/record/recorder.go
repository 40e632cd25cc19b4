package record

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Recorder writes a trace. It may be used by several goroutines.
type Recorder struct {
	options Options
	also    spec.Field // shown though it is empty

	mutex   sync.Mutex
	out     io.Writer
	file    *os.File // that Open opened, to be closed
	waiting []byte   // whole lines
	number  int      // of the last record
	err     error    // the first; nothing is written after it
	servers []*Server
}

// ErrClosed is what Recorder.Err returns after Close.
var ErrClosed = errors.New("the recorder is closed")

// New begins a trace on a stream.
func New(w io.Writer, h Header, o Options) (*Recorder, error) {
	r := &Recorder{options: o, out: w, also: wire.ShownBy(h.Variants)}
	r.add(appendHeader(nil, &h))
	return r, r.Err()
}

// Server returns the recorder of one server. Whoever asks for the same server gets the same.
func (r *Recorder) Server(id spec.ServerID) *Server {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, s := range r.servers {
		if s.id == id {
			return s
		}
	}
	s := &Server{recorder: r, id: id}
	r.servers = append(r.servers, s)
	return s
}

// Flush hands what waits to the operating system.
func (r *Recorder) Flush() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.flush()
	return r.err
}

// Err returns why nothing is written any more; nil as long as all is well.
func (r *Recorder) Err() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.err
}

// Close writes what waits and closes the file, if Open opened it. What happens afterwards is not recorded. It returns the error
// that ended the recording before, if there was one.
func (r *Recorder) Close() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.flush()
	err := r.err
	if r.file != nil {
		if closing := r.file.Close(); err == nil {
			err = closing
		}
		r.file = nil
	}
	r.err = ErrClosed
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// add writes a line, or lets it wait. The caller holds the mutex, or nobody else has the recorder yet.
func (r *Recorder) add(line []byte) {
	if r.err != nil {
		return
	}
	r.waiting = append(append(r.waiting, line...), '\n')
	if len(r.waiting) > r.options.Buffer {
		r.flush()
	}
}

func (r *Recorder) flush() {
	if r.err != nil || len(r.waiting) == 0 {
		return
	}
	_, r.err = r.out.Write(r.waiting)
	r.waiting = r.waiting[:0]
}

// record writes a step of a server.
func (r *Recorder) record(step *Step, now *spec.Observation) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.err != nil {
		return
	}
	r.number++
	s := step.server
	o := wire.Open(s.line[:0])
	o.Always(r.also)
	o.Uint("n", uint64(r.number))
	o.Server("server", s.id)
	o.Text("event", step.input.Kind.String())
	o.Input(&step.input)
	o.Output(&step.output)
	o.Uint("effectCount", uint64(len(step.output.Effects)))
	if step.before.Unknown&wire.EveryField != wire.EveryField {
		o.Observation("pre", &step.before)
	}
	if now.Unknown&wire.EveryField != wire.EveryField {
		o.Observation("post", now)
	}
	s.line = o.Close()
	r.add(s.line)
}

func appendHeader(dst []byte, h *Header) []byte {
	o := wire.Open(dst)
	o.Text("format", wire.FormatName)
	o.Uint("version", wire.FormatVersion)
	o.Servers("servers", h.Servers)
	o.Text("origin", "record")
	if h.Implementation != "" {
		o.Text("implementation", h.Implementation)
	}
	if len(h.Variants) > 0 {
		o.List("variants", len(h.Variants), func(dst []byte, k int) []byte { return wire.AppendText(dst, string(h.Variants[k])) })
	}
	return o.Close()
}
