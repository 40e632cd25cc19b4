package main

import (
	"os"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/foreign"
)

// forAnother returns an error for lines, none of them taken yet, that are surely of a format which the verb does not read: it says what the
// file is, and which verb reads it or what to do. wanted is what the verb reads.
func forAnother(lines *traces.Lines, verb, wanted string) error {
	f := foreign.Recognise(lines.Ahead(foreign.HeadSize))
	if f == nil || f.Guess || f.ReadBy(verb) || f.Name == wanted {
		return nil
	}
	return &traces.InputError{File: lines.Name(), Line: 1, Message: "this is " + f.Name + ", not " + wanted, Hint: f.Command(lines.Name())}
}

// orAnother returns the error of a file that could not be read as what a verb wants, or what forAnother says of it.
func (a *app) orAnother(err error, path, verb, wanted string) error {
	if err == nil || path == "-" {
		return err
	}
	lines, problem := a.openLines(path)
	if problem != nil {
		return err
	}
	defer lines.Close()
	if other := forAnother(lines, verb, wanted); other != nil {
		return asFailure(other)
	}
	return err
}

// taking returns the command that takes what a person wrote where a verb takes no argument: a file, or a name; "" if there is none. Where the
// verb has a flag for it, it is that flag with its value.
func taking(argument string, flags *pflag.FlagSet) string {
	given := func(flag, value string) string {
		if flags.Lookup(flag) == nil {
			return "raftcheck check --" + flag + " " + value
		}
		return "--" + flag + " " + value
	}
	if _, err := subject.Named(argument); err == nil {
		return given("impl", argument)
	}
	if _, known := mutant.ByName(argument); known {
		return given("impl", subject.MutantPrefix+argument)
	}
	if _, known := spec.RuleByName(argument); known {
		if flags.Lookup("rule") == nil {
			return "raftcheck explain " + argument
		}
		return given("rule", argument)
	}
	if _, err := runtime.ParseRange(argument); err == nil && flags.Lookup("election-timeout") != nil {
		return "--election-timeout " + argument
	}
	if !fileThere(argument) {
		return ""
	}
	if program := subject.Command(argument); program != "" {
		return given("exec", "'"+program+"'")
	}
	lines, err := traces.OpenLines(argument, nil)
	if err != nil {
		return ""
	}
	defer lines.Close()
	if f := foreign.Recognise(lines.Ahead(foreign.HeadSize)); f != nil {
		return f.Command(argument)
	}
	return ""
}

// fileThere reports whether there is a file of that name.
func fileThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
