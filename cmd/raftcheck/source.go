package main

import (
	"io"
	"os"

	"github.com/raftcheck/raftcheck/traces"
)

// opened is a trace that is ready to be read.
type opened struct {
	traces.Source
	format string
	reopen func() (*traces.Lines, error) // from the start, to quote lines
	done   func()
}

// formats names the trace formats of --format; auto looks at the first line.
var formats = []string{"auto", "native"}

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
	first, err := lines.Next()
	if err != nil {
		return err
	}
	o.format = format
	if format == "auto" {
		o.format = "native"
	}
	reader, err := traces.NewReaderAfter(lines, first, options)
	o.Source = &counting{reader, lines}
	return err
}

// counting is a source that can say how many lines a file has.
type counting struct {
	traces.Source
	lines *traces.Lines
}

// Drain reads on to the end, or to a line that cannot be read, and returns the number of the last line.
func (c *counting) Drain() int {
	last := c.lines.Number()
	for {
		if _, err := c.lines.Next(); err != nil {
			return last
		}
		last = c.lines.Number()
	}
}
