package main

import (
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/foreign"
)

// forAnother returns an error for lines, none of them taken yet, that are surely of a format which the verb does not read: it says what the
// file is, and which verb reads it or what to do. wanted is what the verb reads.
func forAnother(lines *traces.Lines, verb, wanted string) error {
	f := foreign.Recognise(lines.Ahead(foreign.HeadSize))
	if f == nil || f.Guess || f.ReadBy(verb) {
		return nil
	}
	hint := f.Hint
	if len(f.Verbs) > 0 {
		hint = "raftcheck " + f.Verbs[0] + " " + lines.Name()
	}
	return &traces.InputError{File: lines.Name(), Line: 1, Message: "this is " + f.Name + ", not " + wanted, Hint: hint}
}
