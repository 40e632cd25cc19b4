package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/internal/cancellable"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/whole"
)

// untilInterrupted returns a context that ends at the first signal that asks this process to end: an interrupt from the terminal, a
// termination, or the end of the terminal. Every verb then ends soon, with what it covered, its reports whole and its processes gone;
// the next signal, unless it belongs to the same gesture, calls atOnce. A signal that is ignored, as nohup has it, stays ignored.
func untilInterrupted(atOnce func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	signals := make(chan os.Signal, 1)
	for _, s := range ending {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		defer signal.Stop(signals)
		var first time.Time
		for {
			select {
			case <-signals:
			case <-over:
				return
			}
			switch now := time.Now(); {
			case first.IsZero():
				first = now
				cancel()
			case now.Sub(first) > gesture:
				atOnce()
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		close(over)
		cancel()
	})
}

// gesture is how long signals count as one: some tools signal a process and its group.
const gesture = 300 * time.Millisecond

// interrupted is how a verb ends that was interrupted before it had anything to tell.
func interrupted(what string) error {
	return &failure{exit: exitInconclusive, err: fmt.Errorf("interrupted %s", what)}
}

// openInput opens a file that is read, or standard input for "-". What it yields ends with the context's error at an interrupt, also
// while a pipe is waited for that nobody writes to. A file that is also to be written is a usage error, and one that cannot be opened an *traces.InputError.
func (a *app) openInput(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.in), nil
	}
	for _, out := range a.files.written {
		if regular(path) && whole.Same(path, out) {
			return nil, usageError("write to another file", "%q is read and would be written, too", path)
		}
	}
	type opening struct {
		file *os.File
		err  error
	}
	o, done := cancellable.Run(a.ctx, func() opening {
		f, err := traces.OpenFile(path)
		return opening{f, err}
	})
	if !done {
		return nil, a.ctx.Err()
	}
	if o.err != nil {
		return nil, o.err
	}
	return struct {
		io.Reader
		io.Closer
	}{patiently(a.ctx, o.file), o.file}, nil
}

// openLines opens a file, or standard input for "-", to be read by lines once, as openInput does.
func (a *app) openLines(path string) (*traces.Lines, error) {
	in, err := a.openInput(path)
	if err != nil {
		return nil, err
	}
	lines, err := a.trusted(traces.NewLines(path, in))
	if err != nil {
		in.Close()
		return nil, err
	}
	lines.Also(in)
	return lines, nil
}

// patiently returns what r yields, until ctx ends.
func patiently(ctx context.Context, r io.Reader) io.Reader {
	if f, is := r.(*os.File); is {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return &prompt{ctx, r}
		}
		return &interruptible{ctx: ctx, from: r, chunks: make(chan chunk, 1)}
	}
	return &prompt{ctx, r}
}

// prompt is a reader that never lets anybody wait.
type prompt struct {
	ctx  context.Context
	from io.Reader
}

func (p *prompt) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.from.Read(b)
}

// interruptible is a reader that may let one wait for ever.
type interruptible struct {
	ctx     context.Context
	from    io.Reader
	chunks  chan chunk
	rest    []byte
	err     error
	waiting bool // for a chunk
}

type chunk struct {
	bytes []byte
	err   error
}

func (p *interruptible) Read(b []byte) (int, error) {
	for len(p.rest) == 0 && p.err == nil {
		if !p.waiting {
			p.waiting = true
			go p.fetch(make([]byte, 64<<10))
		}
		select {
		case c := <-p.chunks:
			p.rest, p.err, p.waiting = c.bytes, c.err, false
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	if n > 0 {
		return n, nil
	}
	return 0, p.err
}

func (p *interruptible) fetch(into []byte) {
	n, err := p.from.Read(into)
	p.chunks <- chunk{into[:n], err}
}

// wasInterrupted reports whether an error is that of a context that was cancelled.
func wasInterrupted(err error) bool { return errors.Is(err, context.Canceled) }
