package main

import (
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// oneTraceOrTwo wants one argument, or two to be compared.
func oneTraceOrTwo(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) != 1 && len(args) != 2:
		return usageError(cmd.CommandPath()+" TRACE, or - for standard input, or two traces to be compared", "show needs one trace or two, not %d", len(args))
	case len(args) == 2 && args[0] == "-" && args[1] == "-":
		return usageError("write one of them to a file first", "standard input is one trace, not two")
	}
	return nil
}

// comparable are the formats in which two traces are told beside each other.
var comparable = []string{"text", "html", "svg"}

// runCompare tells two traces beside each other.
func (a *app) runCompare(f *showFlags, paths ...string) error {
	if err := f.reading.begin(a); err != nil {
		return err
	}
	if f.around != 0 {
		return usageError("show each of them alone", "--around is for one trace, not two")
	}
	if err := a.reads(paths...); err != nil {
		return err
	}
	for _, given := range f.outputs.given {
		if format, _, _ := strings.Cut(given, "="); slices.Contains(f.outputs.formats, format) && !slices.Contains(comparable, format) {
			return usageError("two are told as text, html or svg", "-o %s draws one trace, not two", format)
		}
	}
	f.outputs.formats = comparable
	if err := f.outputs.open(a); err != nil {
		return err
	}
	defer f.outputs.abandon()
	var two [2]report.File
	for k, path := range paths {
		trace, original, err := a.readAny(path, &f.reading)
		if err != nil {
			return err
		}
		two[k] = report.File{Path: path, Execution: trace, Broken: brokenBy(trace), Original: original}
	}
	c := report.PairOf(&two[0], &two[1], built.Version(debug.ReadBuildInfo()))
	return f.outputs.write(a.term.out, func(w io.Writer, format string, person bool) error {
		switch format {
		case "html":
			return c.HTML(w)
		case "svg":
			return c.SVG(w)
		}
		layout := traces.Layout{Verbose: a.term.style.Verbose}
		if person {
			layout.Width = a.term.style.Width
		}
		return c.Text(w, layout)
	})
}
