package linearizability

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/foreign"
)

// Detect tells the format of a history from its beginning: its first line, or its first lines where those hold nothing but brackets; "" when
// it is none.
func Detect(first []byte) string {
	text := bytes.TrimSpace(bytes.TrimPrefix(first, []byte("\xef\xbb\xbf")))
	object := bytes.TrimLeft(text, "[ \t")
	switch {
	case len(text) == 0:
		return ""
	case bytes.Contains(text, []byte(`"raftcheck-history`)):
		return Native
	case bytes.Contains(text, []byte(`"raftcheck-trace`)):
		return TraceOf
	case beginsLog(text) || isLogLine(text) || bytes.HasPrefix(text, []byte(`{"`)) && hasMembers(text, "logger_name", "message"):
		return JepsenLog
	case bytes.HasPrefix(object, []byte("{")) && bytes.HasPrefix(bytes.TrimLeft(object[1:], " \t"), []byte(`"`)):
		return detectJSON(object)
	case bytes.HasPrefix(text, []byte("[")) && len(object) > 0 && object[0] == '"':
		return ""
	case bytes.ContainsAny(text[:1], "{[(;#^'"):
		if f := foreign.Recognise(text); f != nil && !f.Guess && !f.ReadBy("linearize") {
			return ""
		}
		return Jepsen
	}
	return ""
}

// detectJSON tells what an object of JSON, or the beginning of one, is of.
func detectJSON(object []byte) string {
	switch {
	case hasMembers(object, "src", "body"):
		return Maelstrom
	case hasMembers(object, "ClientId") || hasMembers(object, "ClientID") || hasMembers(object, "Input", "Call"):
		return EtcdOperations
	case hasMembers(object, "type") && typed.Match(object) || hasMembers(object, "process", "f"):
		return JepsenJSON
	}
	return ""
}

// typed is the type of a happening.
var typed = regexp.MustCompile(`"type"\s*:\s*":?(invoke|ok|fail|info)"`)

func hasMembers(object []byte, names ...string) bool {
	for _, name := range names {
		if !bytes.Contains(object, []byte(`"`+name+`"`)) {
			return false
		}
	}
	return true
}

// notRead is the error of a file that is of no format that is read.
func notRead(lines *traces.Lines, first []byte) *traces.InputError {
	fault := &traces.InputError{File: lines.Name(), Line: lines.Number(), Message: "no history of a format that is known",
		Hint: "--format " + strings.Join(Formats[1:], ", --format ") + " say what is wrong with it; docs/linearizability.md has a format to write"}
	f := foreign.Recognise(first)
	if f == nil || f.Guess || f.ReadBy("linearize") {
		return fault
	}
	fault.Message, fault.Hint = "this is "+f.Name+", not a history of clients", f.Command(lines.Name())
	return fault
}

// binaries are files that are no text, by what they begin with.
var binaries = []struct{ magic, name string }{
	{"JEPSEN", "Jepsen's binary record of a run (test.jepsen)"},
	{"SQLite format 3", "a database"},
	{"PK\x03\x04", "a zip archive"},
}

// mostHeld is how many lines of brackets may come before the first that tells the format.
const mostHeld = 8

// beginning takes the first line, and further ones where it holds nothing that tells the format. started is the line at which the first
// object begins.
func beginning(lines *traces.Lines, first []byte) (text []byte, started int) {
	text, started = bytes.Clone(first), lines.Number()
	for range mostHeld {
		inner := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), "[{ \t,")
		if len(inner) > 0 && (inner[0] != '"' || Detect(text) != "") {
			break
		}
		if open := bytes.IndexByte(text, '{'); open < 0 {
			started = lines.Number() + 1
		}
		line, err := lines.Next()
		if err != nil {
			break
		}
		text = append(append(text, ' '), line...)
	}
	return text, started
}
