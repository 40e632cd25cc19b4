package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/ccf"
	"github.com/raftcheck/raftcheck/traces/etcd"
	"github.com/raftcheck/raftcheck/traces/foreign"
	"github.com/raftcheck/raftcheck/traces/mapped"
)

// opened is a trace that is ready to be read.
type opened struct {
	traces.Source
	ctx    context.Context
	format string
	reopen func() (*traces.Lines, error) // from the start, to quote lines
	whole  bool                          // it is a file, which nobody writes while it is read
	done   func()
	above  int // lines of a page that stand above the trace
}

// Next returns the next record, unless the user wants the run to end.
func (o *opened) Next() (*traces.Record, error) {
	if err := o.ctx.Err(); err != nil {
		return nil, err
	}
	return o.Source.Next()
}

// formats names the trace formats of --format; auto looks at the first line.
var formats = []string{"auto", "native", "etcd", "ccf"}

// runnable is the format of traces that can be run again: native, if it is not clearly another.
const runnable = "runnable"

// open opens a trace of a known format. "-" is standard input, which is kept in a temporary file so that findings can quote it.
func (a *app) open(path string, how *reading) (*opened, error) {
	out := &opened{ctx: a.ctx, done: func() {}}
	lines, err := a.lines(path, out)
	if err != nil {
		return nil, err
	}
	if err := out.begin(lines, how); err != nil {
		lines.Close()
		out.done()
		return nil, err
	}
	return out, nil
}

func (a *app) lines(path string, out *opened) (*traces.Lines, error) {
	in, err := a.openInput(path)
	if err != nil {
		return nil, err
	}
	out.done = func() { in.Close() }
	var from io.Reader = in
	if kept := a.kept(path, in, out); kept != nil {
		from = kept
	}
	lines, err := a.trusted(traces.NewLines(path, from))
	if err != nil {
		out.done()
		return nil, err
	}
	several, err := embedded(lines)
	if err != nil {
		lines.Close()
		out.done()
	}
	if several > 0 {
		out.above = lines.Number()
	}
	if several > 1 {
		a.term.note("raftcheck: %s holds %d traces; this is the first", path, several)
	}
	return lines, err
}

// embedded goes on to the trace in a page of raftcheck, if the lines are one, and returns how many there are.
func embedded(lines *traces.Lines) (several int, err error) {
	if !bytes.Contains(lines.Ahead(foreign.HeadSize), []byte(page.Generator)) {
		return 0, nil
	}
	begins, err := lines.Within([]byte(page.TraceBegins), []byte(page.TraceEnds))
	if err != nil {
		return 0, err
	}
	if begins == nil {
		return 0, &traces.InputError{File: lines.Name(), Line: 1, Message: "this page of raftcheck holds no trace",
			Hint: "a page has one where something was broken or recorded; give raftcheck what was judged"}
	}
	_, err = fmt.Sscanf(string(begins[len(page.TraceBegins):]), "%d", &several)
	return several, err
}

// kept keeps what can be read only once in a temporary file, so that findings can quote it. It returns nil if it can be read again, or
// cannot be kept.
func (a *app) kept(path string, in io.Reader, out *opened) io.Reader {
	if info, err := os.Stat(path); path != "-" && err == nil && info.Mode().IsRegular() {
		out.whole = true
		out.reopen = func() (*traces.Lines, error) { return a.trusted(traces.OpenLines(path, nil)) }
		return nil
	}
	kept, err := os.CreateTemp("", "raftcheck-*")
	if err != nil {
		return nil
	}
	unnamed := os.Remove(kept.Name()) == nil // then nothing is left, whatever ends this process
	closeInput := out.done
	out.done = func() {
		closeInput()
		kept.Close()
		if !unnamed {
			os.Remove(kept.Name())
		}
	}
	copy := &keeping{file: kept}
	out.reopen = func() (*traces.Lines, error) {
		return a.trusted(traces.NewLines(path, io.NewSectionReader(kept, 0, copy.n)))
	}
	return io.TeeReader(in, copy)
}

// keeping is a copy of what is read, up to where the disk is full. Reading goes on all the same: only lines are not quoted.
type keeping struct {
	file *os.File
	n    int64
	full bool
}

func (k *keeping) Write(p []byte) (int, error) {
	if !k.full {
		n, err := k.file.Write(p)
		k.n += int64(n)
		k.full = err != nil
	}
	return len(p), nil
}

// trusted lets compressed data unfold to whatever it does, with --trust.
func (a *app) trusted(lines *traces.Lines, err error) (*traces.Lines, error) {
	if err == nil && a.trust {
		lines.Trust()
	}
	return lines, err
}

func (a *app) addTrust(flags *pflag.FlagSet) {
	flags.BoolVar(&a.trust, "trust", false, "read compressed data also if it unfolds to a thousand times its size")
}

// begin reads the first line and what the format needs of it.
func (o *opened) begin(lines *traces.Lines, how *reading) error {
	if how.by != nil {
		reader, err := mapped.NewReader(lines, how.by, how.options)
		o.Source, o.format = reader, "map"
		return err
	}
	format, options := how.format, how.options
	if format == "auto" || format == runnable {
		if err := forAnother(lines, "verify", "a trace of servers"); err != nil {
			return err
		}
	}
	other := foreign.Recognise(lines.Ahead(foreign.HeadSize))
	first, err := lines.Next()
	if err != nil {
		return err
	}
	switch found := detect(first, other); {
	case format == "auto", format == runnable && (found == "etcd" || found == "ccf"):
		o.format = found
	case format == runnable:
		o.format = "native"
	default:
		o.format = format
	}
	switch o.format {
	case "native":
		reader, err := traces.NewReaderAfter(lines, first, options)
		o.Source = reader
		return err
	case "etcd":
		reader, err := etcd.NewReaderAfter(lines, first, options)
		o.Source = reader
		return err
	case "ccf":
		reader, err := ccf.NewReaderAfter(lines, first, options)
		o.Source = reader
		return err
	}
	fault := &traces.InputError{File: lines.Name(), Line: lines.Number(), Message: ofNoFormat,
		Hint: "--format native, --format etcd or --format ccf says what is wrong with it"}
	if other != nil {
		fault.Message, fault.Hint = "this is "+other.Name+", not a trace of servers", other.Hint
	}
	return fault
}

// ofNoFormat is said of a file that no format is recognized in.
const ofNoFormat = "neither a raftcheck trace nor one of etcd's raft or CCF's"

// detect tells the format of a trace from its first line; "" when it is none. A file of etcd's may begin with other lines that
// its logger wrote.
func detect(first []byte, ahead *foreign.Format) string {
	switch {
	case ahead == foreign.CCF, ccf.Detect(first):
		return "ccf"
	case etcd.Detect(first):
		return "etcd"
	case bytes.Contains(first, []byte(`"format"`)):
		return "native"
	case bytes.HasPrefix(first, []byte("{")) && (bytes.Contains(first, []byte(`"tag"`)) || bytes.Contains(first, []byte(`"level"`))):
		return "etcd"
	}
	return ""
}
