package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/whole"
)

// outputs is where a result goes, and in which formats: the values of -o. It repeats; a file never silences the terminal.
//
// A verb with results, or a new format, goes like this:
//
//	f.outputs = outputs{formats: []string{"text", "json"}}  // all that -o knows here; the first is the default
//	f.outputs.addTo(flags)
//	…
//	if err := a.reads(paths...); err != nil { return err }   // what the verb reads, if it reads files: none is written over
//	if err := f.outputs.open(a); err != nil { return err }   // after the other flags were found right, before any work
//	defer f.outputs.abandon()                                // whatever ends the verb early leaves the files of the last run
//	…
//	err := f.outputs.write(a.term.out, func(w io.Writer, format string, person bool) error { … })
//
// The function is called once for each destination with a name from formats, and writes the whole of it to w. Files are never
// opened by hand: a flag of another name that is a file goes through app.create and is marked by markWrites.
type outputs struct {
	formats []string // that the verb knows; the first is the default
	given   []string
	stdout  string
	files   []outputFile
	notes   bool   // annotations of GitHub go to stdout, below the text
	summary string // the file that GitHub shows as the job's summary, to be added to in Markdown; "" for none
}

type outputFile struct {
	format string
	*whole.File
}

// errNothing is what a renderer returns that has nothing to write in this format, having written nothing: no file appears.
var errNothing = errors.New("there is nothing to write")

// addTo adds the flag -o.
func (o *outputs) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&o.given, "output", "o", nil,
		fmt.Sprintf("write `format` %s to stdout, or with =FILE to a file besides; may be repeated", strings.Join(o.formats, " or ")))
	markWrites(flags, "output", o.formats[min(1, len(o.formats)-1)]+"=")
}

// markWrites says that a flag names a file to be written, and what stands before the name in its value.
func markWrites(flags *pflag.FlagSet, flag, before string) {
	if err := flags.SetAnnotation(flag, writes, []string{before}); err != nil {
		panic("the flag is defined: " + err.Error())
	}
}

// open reads the flag and begins the files, before any work is done that could be lost.
func (o *outputs) open(a *app) error {
	o.stdout = ""
	for _, value := range o.given {
		format, path, toFile := strings.Cut(value, "=")
		switch {
		case !slices.Contains(o.formats, format):
			return usageError(didYouMean(format, o.formats, "one of "+strings.Join(o.formats, ", ")), "unknown output format %q", format)
		case toFile && path == "":
			return usageError("as in -o "+format+"=report."+format, "no file name in -o %q", value)
		case toFile:
			f, err := a.create("-o "+value, path)
			if err != nil {
				o.abandon()
				return err
			}
			o.files = append(o.files, outputFile{format, f})
		case format == "github":
			o.notes = true
		case format == "markdown" && summaryFile(a) != "":
			o.summary = summaryFile(a)
		case o.stdout != "" && o.stdout != format:
			return usageError("write one of them to a file: -o "+format+"=FILE", "stdout cannot be both %s and %s", o.stdout, format)
		default:
			o.stdout = format
		}
	}
	if o.stdout == "" {
		o.stdout = o.formats[0]
	}
	if o.notes && o.stdout != "text" {
		return usageError("write it to a file: -o "+o.stdout+"=FILE", "annotations of GitHub stand below the text, and stdout is %s", o.stdout)
	}
	return nil
}

// draw reports whether a destination shows executions, so that they must be kept.
func (o *outputs) draw() bool {
	return o.stdout == "html" || slices.ContainsFunc(o.files, func(f outputFile) bool { return f.format == "html" })
}

// summaryFile is where GitHub wants the summary of a job; "" elsewhere.
func summaryFile(a *app) string {
	path, _ := a.env("GITHUB_STEP_SUMMARY")
	return path
}

// write hands every destination to the verb, with its format. person tells that people read it directly. One that cannot be written
// keeps no other from being whole.
func (o *outputs) write(stdout io.Writer, render func(w io.Writer, format string, person bool) error) error {
	var all []error
	for _, f := range o.files {
		err := render(f, f.format, false)
		if err == nil {
			err = f.Commit()
		}
		f.Abandon()
		all = append(all, err)
	}
	o.files = nil
	all = append(all, render(stdout, o.stdout, true), o.addSummary(render))
	if o.notes {
		all = append(all, render(stdout, "github", true))
	}
	all = slices.DeleteFunc(all, func(err error) bool { return errors.Is(err, errNothing) })
	if err := errors.Join(all...); err != nil {
		wrong := strings.ReplaceAll(err.Error(), "\n", "; ")
		return &failure{exit: exitFault, err: errors.New("the result could not be written: " + wrong)}
	}
	return nil
}

// addSummary adds the result to the summary of the job, to which other steps add too: all of it at once.
func (o *outputs) addSummary(render func(w io.Writer, format string, person bool) error) error {
	if o.summary == "" {
		return nil
	}
	var said bytes.Buffer
	if err := render(&said, "markdown", false); err != nil {
		return err
	}
	f, err := os.OpenFile(o.summary, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(said.Bytes())
	return errors.Join(err, f.Close())
}

// abandon gives up the files of a run that came to no result: those of the last run stay.
func (o *outputs) abandon() {
	for _, f := range o.files {
		f.Abandon()
	}
	o.files = nil
}
