package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// outputs is where a result goes, and in which formats: the values of -o. It repeats; a file never silences the terminal.
type outputs struct {
	formats []string // that the verb knows; the first is the default
	given   []string
	stdout  string
	files   []outputFile
}

type outputFile struct {
	format string
	*os.File
}

// addTo adds the flag -o.
func (o *outputs) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&o.given, "output", "o", nil,
		fmt.Sprintf("write `format` %s to stdout, or with =FILE to a file besides; may be repeated", strings.Join(o.formats, " or ")))
}

// open reads the flag and creates the files, before any work is done that could be lost.
func (o *outputs) open() error {
	o.stdout = ""
	for _, value := range o.given {
		format, path, toFile := strings.Cut(value, "=")
		switch {
		case !slices.Contains(o.formats, format):
			return usageError(didYouMean(format, o.formats, "one of "+strings.Join(o.formats, ", ")), "unknown output format %q", format)
		case toFile && path == "":
			return usageError("as in -o "+format+"=report."+format, "no file name in -o %q", value)
		case toFile:
			f, err := os.Create(path)
			if err != nil {
				return usageError("", "-o %s: %w", value, err)
			}
			o.files = append(o.files, outputFile{format, f})
		case o.stdout != "" && o.stdout != format:
			return usageError("write one of them to a file: -o "+format+"=FILE", "stdout cannot be both %s and %s", o.stdout, format)
		default:
			o.stdout = format
		}
	}
	if o.stdout == "" {
		o.stdout = o.formats[0]
	}
	return nil
}

// write hands every destination to the verb, with its format. person tells that people read it directly.
func (o *outputs) write(stdout io.Writer, render func(w io.Writer, format string, person bool) error) error {
	err := render(stdout, o.stdout, true)
	for _, f := range o.files {
		err = errors.Join(err, render(f, f.format, false), f.Close())
	}
	o.files = nil
	if err != nil {
		return &failure{exit: exitFault, err: fmt.Errorf("the result could not be written: %w", err)}
	}
	return nil
}

// abandon removes the files of a run that came to no result, so that nobody takes an empty file for one.
func (o *outputs) abandon() {
	for _, f := range o.files {
		f.Close()
		os.Remove(f.Name())
	}
}
