package main

import (
	"errors"
	"fmt"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// exit is an exit code, the same for every verb and every format.
type exit int

const (
	exitHeld exit = iota
	exitViolated
	exitUsage
	exitInconclusive
	exitInput
	exitFault
)

// exitCodes says what each code means, in the order of their numbers.
var exitCodes = []struct{ name, meaning string }{
	{"held", "every selected rule held within the stated bounds, and every goal that the bounds allow was reached"},
	{"violated", "at least one rule was violated"},
	{"usage", "a flag, a verb or a name is wrong; the nearest that exists is suggested"},
	{"inconclusive", "a budget was used up, a goal was never reached, or a trace says too little; --allow inconclusive makes it 0"},
	{"input", "a trace is missing, empty, truncated or malformed; the message begins with file:line:"},
	{"fault", "the implementation is not deterministic or crashed, the count of --expect-states was missed, or raftcheck has a bug"},
}

func (e exit) code() int      { return int(e) }
func (e exit) String() string { return exitCodes[e].name }

// outcome ends a verb that has said all it has to say, with the exit code of its verdict.
type outcome exit

// Error makes an outcome an error, so that a verb can return it.
func (o outcome) Error() string { return exit(o).String() }

// failure ends a verb with a message, and perhaps a hint.
type failure struct {
	exit exit
	err  error
	hint string
	// bare leaves the program's name out of the message, which begins with a place.
	bare bool
}

// Error returns the message without the hint.
func (f *failure) Error() string { return f.err.Error() }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

// usageError is a failure of what the user typed.
func usageError(hint, format string, args ...any) error {
	return &failure{exit: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// failureOf returns the failure that an error is of, or comes to if it is one of a subject; nil for others.
func failureOf(err error) *failure {
	var known *failure
	var of *subject.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &of):
		code := map[subject.Kind]exit{subject.Misasked: exitUsage, subject.Unfit: exitInput, subject.Faulty: exitFault, subject.Interrupted: exitInconclusive}[of.Kind]
		return &failure{exit: code, err: of.Err, hint: of.Hint, bare: of.Bare}
	}
	return nil
}

// orFailure returns the failure that an error comes to, or the error.
func orFailure(err error) error {
	if f := failureOf(err); f != nil {
		return f
	}
	return err
}

// verdictOutcome returns how a verb ends that came to a verdict; nil is exit 0.
func verdictOutcome(r *report.Report, allowInconclusive bool) error {
	switch {
	case r.Verdict == spec.Violated.String():
		return outcome(exitViolated)
	case r.Verdict == spec.Inconclusive.String() && !allowInconclusive:
		return outcome(exitInconclusive)
	}
	return nil
}
