package main

import (
	"bytes"
	"io"
	"os"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/etcd"
	"github.com/raftcheck/raftcheck/traces/foreign"
)

// opened is a trace that is ready to be read.
type opened struct {
	traces.Source
	format string
	reopen func() (*traces.Lines, error) // from the start, to quote lines
	done   func()
}

// formats names the trace formats of --format; auto looks at the first line.
var formats = []string{"auto", "native", "etcd"}

// open opens a trace of a known format. "-" is standard input, which is kept in a temporary file so that findings can quote it.
func (a *app) open(path, format string, o traces.Options) (*opened, error) {
	out := &opened{done: func() {}}
	lines, err := a.lines(path, out)
	if err != nil {
		return nil, err
	}
	if err := out.begin(lines, format, o); err != nil {
		lines.Close()
		out.done()
		return nil, err
	}
	return out, nil
}

func (a *app) lines(path string, out *opened) (*traces.Lines, error) {
	if path != "-" {
		out.reopen = func() (*traces.Lines, error) { return traces.OpenLines(path, nil) }
		return traces.OpenLines(path, nil)
	}
	kept, err := os.CreateTemp("", "raftcheck-*")
	if err != nil {
		return traces.OpenLines(path, a.in)
	}
	out.done = func() {
		kept.Close()
		os.Remove(kept.Name())
	}
	out.reopen = func() (*traces.Lines, error) { return traces.OpenLines(kept.Name(), nil) }
	lines, err := traces.OpenLines(path, io.TeeReader(a.in, kept))
	if err != nil {
		out.done()
	}
	return lines, err
}

// begin reads the first line and what the format needs of it.
func (o *opened) begin(lines *traces.Lines, format string, options traces.Options) error {
	if format == "auto" {
		if err := forAnother(lines, "verify", "a trace of servers"); err != nil {
			return err
		}
	}
	other := foreign.Recognise(lines.Ahead(foreign.HeadSize))
	first, err := lines.Next()
	if err != nil {
		return err
	}
	if o.format = format; format == "auto" {
		o.format = detect(first)
	}
	switch o.format {
	case "native":
		reader, err := traces.NewReaderAfter(lines, first, options)
		o.Source = &native{reader, lines}
		return err
	case "etcd":
		reader, err := etcd.NewReaderAfter(lines, first, options)
		o.Source = reader
		return err
	}
	fault := &traces.InputError{File: lines.Name(), Line: lines.Number(), Message: "neither a raftcheck trace nor one of etcd's raft or CCF's",
		Hint: "--format native, --format etcd or --format ccf says what is wrong with it"}
	if other != nil {
		fault.Message, fault.Hint = "this is "+other.Name+", not a trace of servers", other.Hint
	}
	return fault
}

// detect tells the format of a trace from its first line; "" when it is none. A file of etcd's may begin with other lines that
// its logger wrote.
func detect(first []byte) string {
	switch {
	case etcd.Detect(first):
		return "etcd"
	case bytes.Contains(first, []byte(`"format"`)):
		return "native"
	case bytes.HasPrefix(first, []byte("{")) && (bytes.Contains(first, []byte(`"tag"`)) || bytes.Contains(first, []byte(`"level"`))):
		return "etcd"
	}
	return ""
}

// native is a reader that can say how many lines the file has.
type native struct {
	*traces.Reader
	lines *traces.Lines
}

// Drain reads on to the end without judging and returns the number of the last line.
func (n *native) Drain() int { return n.lines.Drain() }
