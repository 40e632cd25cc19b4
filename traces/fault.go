package traces

import (
	"fmt"

	"github.com/raftcheck/raftcheck/legible"
)

// InputError says that a trace cannot be read: it is missing, empty, truncated, malformed or contradicts its own structure.
// The command line turns it into exit code 4.
type InputError struct {
	File    string // as the user gave it; "-" is standard input
	Line    int    // 1-based; 0 when it is about the file
	Column  int    // 1-based, in bytes; 0 when it is about the line
	Message string // the fact, lower case, no period
	Hint    string // what to do about it; "" when there is nothing to say
	Cause   error  // what the operating system or a decoder said; nil when there is nothing beneath
}

// Error returns "file:line:column: message" as one line, without the parts that are not known.
func (e *InputError) Error() string {
	file, message := legible.Line(e.File), legible.Line(e.Message)
	switch {
	case file == "" && e.Line == 0:
		return message
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", file, message)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", file, e.Line, message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, e.Line, e.Column, message)
}

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Cause }
