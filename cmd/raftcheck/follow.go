package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// following is a file that grows while it is read, up to the end of its last whole line. It ends when its context does, or when the file
// is no longer the one that it was.
type following struct {
	ctx    context.Context
	path   string
	file   *os.File
	at     int64  // how much of the file was read,
	rest   []byte // of which this is not yet handed out: the beginning of a line,
	ready  []byte // and this is whole lines
	chunk  []byte // scratch
	waits  bool   // at the end, for more
	ended  bool   // nothing more comes
	enough bool   // nothing more is wanted
	until  int64  // once it ended and is read again: what was handed out before
	lost   string // why it is another file now; "" if it is not
	idle   func() // called now and then while nothing comes
}

// looksAgain is how often a file that does not grow is looked at.
const looksAgain = 50 * time.Millisecond

// follow opens a file to be followed. A file that is compressed, or can be read only once, cannot be.
func (a *app) follow(ctx context.Context, path string, idle func()) (*following, error) {
	file, err := traces.OpenFile(path)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, usageError("raftcheck verify - reads what a program writes", "%q is no file that grows: it cannot be followed", path)
	}
	f := &following{ctx: ctx, path: path, file: file, idle: idle, chunk: make([]byte, 64<<10)}
	f.begin()
	if f.compressed() {
		file.Close()
		return nil, usageError("follow a file that is not compressed", "%q is compressed: it cannot be followed", path)
	}
	return f, nil
}

// begin waits for the first line that is not blank: the format of a file shows in it. What is there already is read even if nothing more
// is: a file that is not empty must not pass for one that is.
func (f *following) begin() {
	for len(bytes.TrimSpace(f.ready)) == 0 && !f.compressed() {
		switch {
		case f.more():
		case f.over():
			return
		default:
			f.wait()
		}
	}
}

// compressed reports whether the file begins as one does that is compressed with gzip or zstd.
func (f *following) compressed() bool {
	start := f.ready
	if len(start) == 0 {
		start = f.rest
	}
	return bytes.HasPrefix(start, []byte{0x1f, 0x8b}) || bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd})
}

// over reports whether nothing more is handed out but what is ready.
func (f *following) over() bool {
	f.ended = f.ended || f.ctx.Err() != nil
	return f.ended && f.until == 0 || f.enough
}

// Read hands out whole lines. At the end of what is there it waits for more, once the file's format is known.
func (f *following) Read(p []byte) (int, error) {
	for len(f.ready) == 0 {
		switch {
		case f.over():
			return 0, io.EOF
		case f.more():
		case !f.waits || f.until > 0:
			return 0, io.EOF
		default:
			f.wait()
		}
	}
	n := copy(p, f.ready)
	f.ready = f.ready[n:]
	return n, nil
}

// more reads what there is, and reports whether there was anything.
func (f *following) more() bool {
	chunk := f.chunk
	if f.until > 0 {
		chunk = chunk[:min(int64(len(chunk)), f.until-f.at)]
	}
	n, err := f.file.ReadAt(chunk, f.at)
	if n == 0 {
		f.ended = f.ended || err != nil && err != io.EOF
		return false
	}
	f.at += int64(n)
	end := bytes.LastIndexByte(chunk[:n], '\n') + 1
	if len(f.rest)+n > traces.MaxLine+len(f.chunk) && end == 0 {
		end = n // whoever reads it says that it is too long
	}
	if end > 0 {
		f.ready = append(append(f.ready, f.rest...), chunk[:end]...)
		f.rest = f.rest[:0]
	}
	f.rest = append(f.rest, chunk[end:n]...)
	return true
}

// wait waits a moment, and looks whether the file is still the one that is read.
func (f *following) wait() {
	f.idle()
	select {
	case <-f.ctx.Done():
		f.ended = true
		return
	case <-time.After(looksAgain):
	}
	info, err := f.file.Stat()
	if err == nil && info.Size() < f.at {
		f.ended, f.lost = true, "the file was cut short while it was followed"
		return
	}
	if other, err := os.Stat(f.path); err == nil && !os.SameFile(info, other) && !f.more() {
		f.ended, f.lost = true, "the file was replaced by another while it was followed"
	}
}

// rewind begins again at the start. What has ended ends where it ended before.
func (f *following) rewind() {
	if f.ended && f.until == 0 {
		f.until = f.whole()
	}
	f.at, f.rest, f.ready, f.waits, f.enough = 0, nil, nil, false, false
}

// whole returns how many bytes of the file were read, to the end of the last whole line.
func (f *following) whole() int64 { return f.at - int64(len(f.rest)) }

// again reads what was read of the file, from the start.
func (f *following) again() (*traces.Lines, error) {
	return traces.NewLines(f.path, io.NewSectionReader(f.file, 0, f.whole()))
}

// follows opens the trace that is followed, from its start.
func (v *verification) follows(ctx context.Context, path string) (*opened, error) {
	if v.followed == nil {
		f, err := v.app.follow(ctx, path, func() {
			v.term.progress(time.Now(), func() string { return "verify " + path + ": waiting for more" })
		})
		if err != nil {
			return nil, err
		}
		v.followed = f
	} else {
		v.followed.rewind()
	}
	lines, err := traces.NewLines(path, v.followed)
	if err != nil {
		return nil, err
	}
	out := &opened{ctx: context.WithoutCancel(ctx), reopen: v.followed.again, done: func() {}}
	if err := out.begin(lines, &v.flags.reading); err != nil {
		return nil, err
	}
	v.followed.waits = true
	return out, nil
}

// unfollow tells what became of the file that was followed, but for its records.
func (v *verification) unfollow(path string) {
	f := v.followed
	if f == nil {
		return
	}
	f.file.Close()
	if f.lost == "" {
		return
	}
	fault := &traces.InputError{File: path, Message: f.lost, Hint: "what was written before is judged; verify the new file by itself"}
	if n := len(v.results); n > 0 {
		fault.Line = v.results[n-1].LastLine
	}
	v.term.complain(inputFailure(fault))
	v.report.Errors = append(v.report.Errors, report.InputProblem{File: path, Line: fault.Line, Message: fault.Message, Hint: fault.Hint})
}

// tell tells of findings as soon as they are made, while the file goes on.
func (v *verification) tell(found []traces.Finding, enough bool) {
	if v.followed.enough = enough; enough {
		return
	}
	for k := range found {
		f := lineFinding(&found[k])
		v.term.note("%s:%d: %s: %s", f.Evidence[0].File, f.Evidence[0].Line, f.Name, f.Message)
	}
}
