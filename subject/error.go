package subject

import (
	"errors"
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/legible"
)

// Error is why nothing is known of a subject: what is wrong with what was asked, with it, or with where it was to run.
type Error struct {
	Kind Kind
	Err  error
	Hint string // what to do about it, in the words of the command line; "" when Err says it all
	Bare bool   // Err begins with the place of what is wrong
}

// Kind is what an error is of.
type Kind int

// The kinds of errors.
const (
	Misasked    Kind = iota // no subject is called so, or it does not do what it was asked for
	Unfit                   // a file that it was given is not what it must be
	Faulty                  // the implementation, its program, or what builds it has a fault
	Interrupted             // the context ended before there was anything to tell
)

// Error returns the fact without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// misasked is an error of what was asked for.
func misasked(hint, format string, args ...any) error {
	return &Error{Kind: Misasked, Err: fmt.Errorf(format, args...), Hint: hint}
}

// interrupted is the error of what ended before it had anything to tell.
func interrupted(what string) error {
	return &Error{Kind: Interrupted, Err: fmt.Errorf("interrupted %s", what)}
}

// mostQuoted is how many lines are told of what a program printed.
const mostQuoted = 20

// OfProgram returns the error of a program that runs servers, with the last of what it printed; nil if err is none of one.
func OfProgram(err error) *Error {
	var wrong *process.Error
	if !errors.As(err, &wrong) {
		return nil
	}
	e := &Error{Kind: Faulty, Err: err, Hint: wrong.Hint}
	if said := strings.TrimRight(wrong.Stderr, " \r\n"); strings.Contains(said, "\n") {
		e.Err = fmt.Errorf("%w%s", err, legible.Quoted(said, mostQuoted))
	}
	return e
}
