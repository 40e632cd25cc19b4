package linearizability

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// history.txt has a line for each happening: a process, a type, a function, a value and maybe an error, with tabs between. The error is
// printed as text: anything may stand there, over many lines. Jepsen's log has the same behind the name of a logger, jepsen.util or, since
// 0.3.12, jepsen.print, in one of these forms, and between them the messages of others, which may go over many lines too:
//
//	INFO  jepsen.util - 0	:invoke	:read	nil                                             2014
//	INFO [2016-07-02 11:27:10,223] jepsen worker 0 - jepsen.util 0	:invoke	:read	nil      until 0.1.2
//	2025-01-02 03:04:05,678{GMT}	INFO	[jepsen worker 0] jepsen.util: 0	:invoke	:read	nil   since
//	INFO	[jepsen worker 0] jepsen.util: 0	:invoke	:read	nil                              the console
//	{"@timestamp":"…","message":"0\t:invoke\t:read\tnil","logger_name":"jepsen.util",…}  with :logging-json?

// logReader takes happenings out of lines.
type logReader struct {
	*jepsen
	forms  forms
	headed bool // there were lines of a log
	open   bool // the line before may go on in this one
}

// readJepsenLog reads lines.
func readJepsenLog(r *recorder, first []byte) error {
	g := &logReader{jepsen: newJepsen(r)}
	line := bytes.TrimPrefix(first, []byte("\ufeff"))
	for {
		if err := g.take(line); err != nil {
			return err
		}
		var err error
		line, err = r.lines.Next()
		if errors.Is(err, io.EOF) {
			return g.resolve()
		}
		if err != nil {
			return err
		}
	}
}

// loggers are those that tell of operations.
var loggers = []string{"jepsen.util", "jepsen.print"}

// levels begin the lines of a log, or stand behind the time.
var levels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// take reads one line.
func (g *logReader) take(line []byte) error {
	if bytes.HasPrefix(line, []byte(`{"`)) && bytes.Contains(line, []byte(`"logger_name"`)) {
		return g.object(line)
	}
	if !beginsLog(line) {
		return g.bare(line)
	}
	g.headed, g.open = true, true
	message, logger := messageOf(line)
	if logger == "" {
		return nil
	}
	if strings.HasPrefix(string(message), "- ") && isAncient(line) {
		g.ancient = true
	}
	return g.message(bytes.TrimLeft(message, ":- \t"))
}

// message is what one of the loggers says.
func (g *logReader) message(m []byte) error {
	if f, is := columns(m); is {
		return g.happened(f)
	}
	if process, rest, _ := bytes.Cut(m, []byte("\t")); isWholeNumber(string(process)) && bytes.HasPrefix(rest, []byte(":")) || bytes.Contains(m, []byte(":invoke")) {
		return g.noOperation()
	}
	return nil // it says something else
}

func (g *logReader) noOperation() error {
	fault := g.fault("no line of a Jepsen log: a process, :invoke, :ok, :fail or :info, a function and a value belong here")
	if g.lines.Unterminated() {
		fault.Hint = "the file is truncated"
	}
	return fault
}

// bare is a line without the head of a log.
func (g *logReader) bare(line []byte) error {
	f, is := columns(line)
	switch {
	case is && (f.tabs || !g.headed):
		g.open = false
		return g.happened(f)
	case g.headed || g.open:
		return nil // a message or an error goes on
	}
	return g.noOperation()
}

// object is a line of a log in JSON.
func (g *logReader) object(line []byte) error {
	d := wire.NewReader(line, false)
	var message, logger string
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "message":
			message = string(d.String())
		case "logger_name":
			logger = string(d.String())
		default:
			d.Ignore()
		}
	}
	d.End()
	if err := g.complaint(line, d.Err()); err != nil || !slices.Contains(loggers, logger) {
		return err
	}
	g.headed = true
	return g.message([]byte(message))
}

// beginsLog reports whether a line begins as one of a log: with a level, or with a time.
func beginsLog(line []byte) bool {
	for _, level := range levels {
		if rest, is := bytes.CutPrefix(line, []byte(level)); is && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			return true
		}
	}
	return beginsWithTime(line)
}

// beginsWithTime reports whether a line begins with 2025-01-02 03:04:05,678.
func beginsWithTime(line []byte) bool {
	const shape = "0000-00-00 00:00:00,000"
	if len(line) < len(shape) {
		return false
	}
	for k, c := range []byte(shape) {
		if c == '0' && (line[k] < '0' || line[k] > '9') || c != '0' && line[k] != c {
			return false
		}
	}
	return true
}

// isAncient reports whether a line names neither time nor thread.
func isAncient(line []byte) bool {
	fields := bytes.Fields(line)
	return len(fields) > 1 && slices.Contains(loggers, string(fields[1]))
}

// messageOf returns what stands behind the name of one of the loggers; "" is no such logger.
func messageOf(line []byte) (message []byte, logger string) {
	for _, name := range loggers {
		at := bytes.Index(line, []byte(name))
		if at <= 0 || line[at-1] != ' ' && line[at-1] != '\t' {
			continue
		}
		rest := line[at+len(name):]
		if len(rest) > 0 && (rest[0] == ':' || rest[0] == ' ' || rest[0] == '\t') {
			return bytes.TrimLeft(rest, " \t"), name
		}
	}
	return nil, ""
}

// fields are the columns of a happening.
type fields struct {
	process, kind, f, rest []byte
	tabs                   bool // between them stand tabs
}

// columns takes "0 :invoke :read nil" apart, and reports whether it is such a thing.
func columns(line []byte) (f fields, is bool) {
	f.tabs = true
	for _, field := range []*[]byte{&f.process, &f.kind, &f.f} {
		line = bytes.TrimLeft(line, " \t")
		end := bytes.IndexAny(line, " \t")
		if end < 0 {
			return f, false
		}
		f.tabs = f.tabs && line[end] == '\t'
		*field, line = line[:end], line[end:]
	}
	f.rest = bytes.TrimSpace(line)
	kind, isKind := bytes.CutPrefix(f.kind, []byte(":"))
	switch f.kind = kind; string(kind) {
	case "invoke", "ok", "fail", "info":
	default:
		return f, false
	}
	function, isFunction := bytes.CutPrefix(f.f, []byte(":"))
	isFunction = isFunction || string(f.f) == "nil" || f.f[0] == '"'
	f.f = bytes.Trim(function, `"`)
	named := f.process[0] == ':' || f.process[0] == '"' || isWholeNumber(strings.TrimSuffix(string(f.process), "N")) || string(f.process) == "nil"
	return f, isKind && isFunction && named && len(f.rest) > 0
}

// isLogLine reports whether a line is of a history.txt.
func isLogLine(line []byte) bool {
	_, is := columns(line)
	return is
}

// happened records a happening.
func (g *logReader) happened(f fields) error {
	h := &g.h
	h.reset(g.lines.Number())
	h.kind = append(h.kind, f.kind...)
	if string(f.f) != "nil" {
		h.f = append(h.f, f.f...)
	}
	var err error
	if h.process, _, err = g.form(h.process, f.process); err != nil {
		return err
	}
	h.hasProcess = len(h.process) > 0
	name := Value(h.process).name()
	if !isWholeNumber(name) && (strings.HasPrefix(name, nemesis) || g.processes[string(h.process)] == nil && string(h.kind) != "invoke") {
		g.open = true
		return nil
	}
	var rest []byte
	if h.value, rest, err = g.form(h.value, f.rest); err != nil {
		return err
	}
	h.hasValue = true
	if rest = bytes.TrimSpace(rest); len(rest) > 0 { // the error is behind the value, as free text
		h.reason = reasonOf(rest)
		g.open = true
	}
	return g.note()
}

// form reads a value at the beginning of a text.
func (g *logReader) form(dst, text []byte) (value, rest []byte, err error) {
	g.forms = forms{lines: g.lines, line: text, alone: true, junk: g.forms.junk}
	value, err = g.forms.value(dst)
	var fault *traces.InputError
	switch {
	case errors.Is(err, io.EOF):
		return value, nil, g.fault("a line without a value")
	case errors.As(err, &fault):
		fault.Column = 0
	}
	return value, g.forms.line[g.forms.at:], err
}
