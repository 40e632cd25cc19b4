package process

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/spec"
)

// Error says what is wrong with a program, not with the Raft in it: it breaks the protocol, it does not answer, it ended, or it
// does not do the same when it is given the same again. Runs stop with it, as a fault (exit code 5).
type Error struct {
	Server spec.ServerID
	Asked  string // the line it was asked, without the line break; "" when nothing was asked yet
	What   string // the fact, as in "gives no answer within 5s"
	Line   string // what it answered, where that is what is wrong; not more than the limit of a line
	Column int    // the byte in Line from 1 at which it goes wrong; 0 is the whole line
	Stderr string // what the process wrote there last, not more than a few KB
	Hint   string // what may be the cause; "" when What says it all
}

// Error returns all of it but the hint and what is on stderr, beyond the last line of that. Long lines are cut around what is wrong.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("the program ")
	if e.Asked != "" {
		fmt.Fprintf(&b, "is asked %s and ", quoted(excerpt(e.Asked, 0)))
	}
	b.WriteString(e.What)
	switch line := quoted(excerpt(e.Line, e.Column)); {
	case e.Line == "":
	case e.Column > 0:
		fmt.Fprintf(&b, ", at column %d of %s", e.Column, line)
	default:
		fmt.Fprintf(&b, ": %s", line)
	}
	if last := lastLine(e.Stderr); last != "" {
		fmt.Fprintf(&b, "; it says on stderr: %q", excerpt(last, 0))
	}
	return b.String()
}

// Breaks names the check of package conformance/contract that the error is about: whatever a program answers otherwise than before, it is not the
// same again, or its state leaves something out. "" is that it is about none of them.
func (e *Error) Breaks() string {
	switch e.Hint {
	case hintUnstable:
		return "same-again"
	case hintState:
		return "state-complete"
	}
	return ""
}

// quoted returns a line as it is between backquotes, or with escapes where it cannot stand so.
func quoted(line string) string {
	if strconv.CanBackquote(line) {
		return "`" + line + "`"
	}
	return strconv.Quote(line)
}

const (
	excerptBefore = 60
	excerptLength = 200
)

// excerpt returns a line, or if it is long the part around a column.
func excerpt(line string, column int) string {
	if len(line) <= excerptLength {
		return line
	}
	from := max(0, min(column-excerptBefore, len(line)-excerptLength))
	to := min(len(line), from+excerptLength)
	for from > 0 && !utf8.RuneStart(line[from]) {
		from--
	}
	for to > from && to < len(line) && !utf8.RuneStart(line[to]) {
		to--
	}
	part := line[from:to]
	if from > 0 {
		part = "…" + part
	}
	if to < len(line) {
		part += "…"
	}
	return part
}

func lastLine(text string) string {
	text = strings.TrimRight(text, " \t\r\n")
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// The hints.
const (
	hintNames    = "docs/how-to-any-language.md lists the names; print nothing else to stdout, and use stderr to talk to people"
	hintStdout   = "one line for each line that is read, and nothing else on stdout; people are talked to on stderr"
	hintSlow     = "one line is answered before the next is read, and is not to stay in a buffer: flush stdout after each; Options.Limit (--exec-limit) grants more time"
	hintUnstable = "a clock, a random source, the order of a map or set, a variable that start does not set again, or an effect on the outside"
	hintState    = "the state leaves out something that matters later, load or start does not set all of it, or the program is not deterministic: a clock, a random source, the order of a map or set"
)
