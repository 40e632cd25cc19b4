package main

// The rules of the terminal, which this file alone keeps:
//
//   - The result goes to stdout. Progress, hints and complaints go to stderr, so that a pipe gets the result and nothing else.
//   - With -o json, stdout is exactly one JSON document; what a person should know besides goes to stderr.
//   - Colour only where somebody can see it: stdout is a terminal, NO_COLOR is empty, TERM is not dumb. --color overrides.
//   - Text fits the terminal, and is unlimited in a pipe or a file. COLUMNS, if it is set, says how wide, wherever text goes.
//   - Progress is one line that is written over on a terminal, and one line every ten seconds elsewhere. --progress overrides.
//   - Nothing asks for input, and nothing but progress depends on the clock.

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/raftcheck/raftcheck/fold"
	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/report"
)

// delivery is stdout, and remembers whether all of it was delivered: verbs that only print do not look.
type delivery struct {
	to  io.Writer
	err error // the first
}

func (d *delivery) Write(p []byte) (int, error) {
	n, err := d.to.Write(p)
	if d.err == nil {
		d.err = err
	}
	return n, err
}

// undelivered is the failure that stdout did not take all that was written; nil if it did.
func (t *terminal) undelivered() *failure {
	if d, is := t.out.(*delivery); is && d.err != nil {
		return &failure{exit: exitFault, err: fmt.Errorf("the result could not be written: %w", d.err)}
	}
	return nil
}

// terminal is the two streams a verb writes to.
type terminal struct {
	out, err io.Writer
	file     *os.File // that stdout is; nil if it is none
	env      func(string) (string, bool)

	style     report.Style   // for stdout
	errColour report.Palette // for stderr
	errWidth  int            // columns of stderr; 0 is no bound
	rewrites  bool           // the progress line is written over
	quiet     bool           // no progress at all
	open      bool           // a progress line stands unfinished on stderr
	next      time.Time      // when the next progress line is due
}

// progressEvery is the time between two progress lines off a terminal, and between two updates on one.
const (
	progressEvery  = 10 * time.Second
	progressUpdate = 200 * time.Millisecond
)

func newTerminal(out, errs io.Writer, env func(string) (string, bool)) *terminal {
	t := &terminal{out: &delivery{to: out}, err: errs, env: env}
	t.file, _ = out.(*os.File)
	t.style.On, t.style.Width = t.wantsColour(out), t.columns(out)
	t.errColour.On, t.errWidth = t.wantsColour(errs), t.columns(errs)
	t.rewrites = isTerminal(errs)
	return t
}

func (t *terminal) wantsColour(w io.Writer) bool {
	none, _ := t.env("NO_COLOR")
	kind, _ := t.env("TERM")
	return none == "" && kind != "dumb" && isTerminal(w)
}

// narrowest is the least width that text is made to fit: nothing can be read in less.
const narrowest = 20

// columns is how wide text is that goes to w; 0 is no bound.
func (t *terminal) columns(w io.Writer) int {
	n := 0
	if said, _ := t.env("COLUMNS"); said != "" {
		n, _ = strconv.Atoi(said) // what is no number says nothing
	}
	if f, isFile := w.(*os.File); isFile && n <= 0 {
		n = columnsOf(f)
	}
	if n <= 0 {
		return 0
	}
	return max(n, narrowest)
}

// tell writes text for people to stdout, as wide as it may be.
func (t *terminal) tell(write func(io.Writer)) {
	var said strings.Builder
	write(&said)
	fmt.Fprint(t.out, fold.Prose(said.String(), t.style.Width))
}

// say writes text to stdout line for line, each as wide as it may be. What a person wrote who is not the user is shown and not obeyed.
func (t *terminal) say(format string, args ...any) {
	fmt.Fprint(t.out, fold.Text(legible.Lines(fmt.Sprintf(format, args...)), t.style.Width))
}

// sayCommand writes a command that goes on from here, so that it can be copied however wide the terminal is.
func (t *terminal) sayCommand(lead, command string) {
	for _, line := range fold.Command(lead, command, t.style.Width) {
		t.say("%s\n", line)
	}
}

func isTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	if !isFile {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// setColour obeys --color.
func (t *terminal) setColour(when string) error {
	switch when {
	case "auto":
	case "always", "never":
		t.style.On = when == "always"
		t.errColour.On = t.style.On
	default:
		return usageError("one of auto, always, never", "invalid value %q for --color", when)
	}
	return nil
}

// setProgress obeys --progress.
func (t *terminal) setProgress(when string) error {
	switch when {
	case "auto":
	case "always":
		t.rewrites = false
	case "never":
		t.quiet = true
	default:
		return usageError("one of auto, always, never", "invalid value %q for --progress", when)
	}
	return nil
}

// startProgress begins to count the time to the first progress line.
func (t *terminal) startProgress(now time.Time) {
	t.next = now.Add(progressEvery)
	if t.rewrites {
		t.next = now.Add(progressUpdate)
	}
}

// progress shows the line if it is due.
func (t *terminal) progress(now time.Time, line func() string) {
	if t.quiet || now.Before(t.next) {
		return
	}
	if t.rewrites {
		fmt.Fprintf(t.err, "\r\x1b[K%s", shortened(legible.Line(line()), t.columns(t.err))) // which may be another by now
		t.open = true
		t.next = now.Add(progressUpdate)
		return
	}
	fmt.Fprintln(t.err, legible.Line(line()))
	t.next = now.Add(progressEvery)
}

// shortened leaves of a progress line what fits into one line of the terminal: its last parts go first.
func shortened(line string, width int) string {
	if width == 0 {
		return line
	}
	for fold.Columns(line) >= width { // a character in the last column may begin a new line
		end := strings.LastIndex(line, "  ")
		if end <= 0 {
			return fold.Under(line, 0, width-1)[0]
		}
		line = line[:end]
	}
	return line
}

// endProgress takes the progress line off a terminal.
func (t *terminal) endProgress() {
	if t.open {
		fmt.Fprint(t.err, "\r\x1b[K")
		t.open = false
	}
}

// note tells something besides the result. What a person wrote who is not the user, in a text or an error, is shown and not obeyed.
func (t *terminal) note(format string, args ...any) {
	t.endProgress()
	for k, arg := range args {
		switch arg := arg.(type) {
		case string:
			args[k] = legible.Lines(arg)
		case error:
			args[k] = legible.Lines(arg.Error())
		}
	}
	fmt.Fprintln(t.err, fold.Text(fmt.Sprintf(format, args...), t.errWidth))
}

// oneOfOurs shows an error as one line, and below it what a program printed, so that no line looks like ours that is not.
func oneOfOurs(text string) string {
	parts := strings.Split(text, legible.Quote)
	for k, part := range parts {
		parts[k] = legible.Line(part)
	}
	return strings.Join(parts, legible.Quote)
}

// complain says why a verb could not do its work.
func (t *terminal) complain(f *failure) {
	prefix := "raftcheck: "
	if f.bare {
		prefix = ""
	}
	t.note("%s%s", prefix, oneOfOurs(strings.TrimRight(f.Error(), "\n")))
	if f.hint != "" {
		t.note("     hint: %s", f.hint)
	}
}
