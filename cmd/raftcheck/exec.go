package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/whole"
)

// execPrefix stands before a command where an implementation is named. It is never run because a trace names it: whoever sends a
// trace must not choose what runs here.
const execPrefix = "exec:"

// historyDepth is how many steps deep a search goes, unless --depth says more, when every history counts as a state of its own.
const historyDepth = 8

// execFlags say which program of the user's is a server, and what it may take.
type execFlags struct {
	command    string
	limit      time.Duration
	transcript string
}

func (e *execFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&e.command, "exec", "", "run `COMMAND`, a program in any language, as every server: one process each, JSON lines on stdin and stdout")
	flags.DurationVar(&e.limit, "exec-limit", process.DefaultLimit, "how long --exec may take for one answer; unless given, the first of a process may take longer")
	flags.StringVar(&e.transcript, "exec-transcript", "", "write every line to and from --exec to `FILE`")
	markWrites(flags, "exec-transcript", "")
}

// program is a command that runs servers.
type program struct {
	*process.Program
	words      []string
	options    process.Options
	transcript *transcript // nil for none
	can        process.Abilities
}

// transcript is where every line to and from a program goes. Nothing does before it is opened.
type transcript struct {
	path string
	file *whole.File
}

// transcribe notes which files a program is made of, as far as its command says, and begins its transcript if one is asked for.
func (s *subject) transcribe(a *app) (err error) {
	if s.program == nil {
		return nil
	}
	name, err := exec.LookPath(s.program.words[0])
	if err != nil {
		name = s.program.words[0]
	}
	if err := a.reads(append([]string{name}, s.program.words[1:]...)...); err != nil {
		return err
	}
	if t := s.program.transcript; t != nil {
		t.file, err = a.create("--exec-transcript "+t.path, t.path)
		return err
	}
	return nil
}

// Write adds to the file.
func (t *transcript) Write(p []byte) (int, error) {
	if t.file == nil {
		return len(p), nil
	}
	return t.file.Write(p)
}

// subject returns the program in the default world. It is not run yet.
func (e *execFlags) subject(flags *pflag.FlagSet) (*subject, error) {
	if flags.Changed("impl") {
		return nil, usageError("", "--exec and --impl both say what to run")
	}
	words, err := process.Words(e.command)
	if err != nil {
		return nil, usageError("as in --exec 'python3 raft.py'", "--exec %q: %w", e.command, err)
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		hint := "the first word is a program, as in --exec 'python3 raft.py'"
		if program := running(words[0]); program != "" {
			hint = "--exec '" + program + "'"
		}
		return nil, usageError(hint, "--exec %q: %w", e.command, errors.Unwrap(err))
	}
	if e.limit <= 0 {
		return nil, usageError("as in --exec-limit 30s", "--exec-limit %s: it is above 0", e.limit)
	}
	p := &program{words: words, options: process.Options{Limit: e.limit}}
	if flags.Changed("exec-limit") {
		p.options.StartLimit = e.limit
	}
	if e.transcript != "" {
		p.transcript = &transcript{path: e.transcript}
		p.options.Transcript = p.transcript
	}
	p.Program = process.New(words, p.options)
	return &subject{name: execPrefix + e.command, config: cluster.Default(p.Node), program: p}, nil
}

// begin starts the servers of a program once, to see early whether it is one. From then on it is ended when ctx is cancelled and it does not
// answer soon.
func (s *subject) begin(ctx context.Context) (err error) {
	if s.mixed != nil {
		return s.mixed.start(ctx, &s.config)
	}
	if s.program == nil {
		return nil
	}
	endWith(ctx, s.program.Program)
	if s.program.can, err = s.program.Probe(s.config.IDs()); err != nil {
		return programOr(ctx, err)
	}
	return nil
}

// The quick try of a program takes at most so many inputs and so long.
const (
	trySteps = 600
	tryTime  = 10 * time.Second
)

// keepsContract puts a program through the quick try of the contract before anything is said of the Raft in it. One that refuses everything is
// told, and searched all the same: the search says which goals it does not reach.
func (s *subject) keepsContract(ctx context.Context, a *app) error {
	if s.program == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	world := s.config
	var end func()
	world.New, end = s.elsewhere()
	defer end()
	again, endAgain := s.elsewhere()
	defer endAgain()
	f := contract.Try(limited, &world, contract.Options{Within: true, Steps: trySteps, Again: again}).Failure
	var wrong *process.Error
	switch {
	case f == nil:
		return nil
	case errors.As(f.Cause, &wrong):
		return programOr(ctx, &checker.Fault{Server: f.Server, Step: f.Inputs[len(f.Inputs)-1].String(), Err: f.Cause})
	case f.Check.Name == "takes-inputs":
		a.term.note("%v", f)
		return nil
	}
	return &failure{exit: exitFault, err: fmt.Errorf("%w%s%s", f, quotes, strings.ReplaceAll(strings.TrimRight(f.Story(), "\n"), "\n", quotes)), hint: "raftcheck explain " + f.Check.Name}
}

// endWith ends a program soon after ctx is cancelled, or when its time is over, however busy it is.
func endWith(ctx context.Context, p *process.Program) {
	context.AfterFunc(ctx, func() { time.AfterFunc(patience, p.Interrupt) })
}

// programOr says what is wrong with a program, or that it was ended before it answered: by an interrupt, or because its time was over.
func programOr(ctx context.Context, err error) error {
	switch {
	case wasInterrupted(ctx.Err()):
		return interrupted("while a program was waited for")
	case ctx.Err() != nil:
		return &failure{exit: exitInconclusive, err: errors.New("the time was used up before a program gave its first answer"), hint: "--for grants more"}
	}
	return checkFailure(err)
}

// bound bounds a search that would not end: that of a program whose histories are all different states.
func (s *subject) bound(a *app) {
	if s.program == nil || s.program.can.State || s.config.Bounds.Depth > 0 {
		return
	}
	s.config.Bounds.Depth = historyDepth
	a.term.note("the program gives no state, so every history is one of its own: the search ends after %d steps; --depth says otherwise", historyDepth)
}

// end ends the processes of a program, whose transcript is whole then.
func (s *subject) end(a *app) {
	if s.mixed != nil {
		s.mixed.end()
	}
	if s.program == nil {
		return
	}
	s.program.Close()
	if s.program.transcript == nil || s.program.transcript.file == nil {
		return
	}
	if err := s.program.transcript.file.Commit(); err != nil {
		a.term.note("raftcheck: the transcript could not be written: %v", err)
	}
}

// again runs an execution in new processes, in which nothing can have been left behind by the search, and compares all of it.
func (s *subject) again(ctx context.Context, t *traces.Trace) error {
	if s.program == nil {
		return nil
	}
	fresh := process.New(s.program.words, s.program.options)
	defer fresh.Close()
	endWith(ctx, fresh)
	_, err := traces.Replay(t, fresh.Node)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return interrupted("while a violation was made again")
	}
	return &failure{exit: exitFault, err: fmt.Errorf("a violation was found, but new processes do something else: %w", err),
		hint: "something outlives a start in the same process, or the program is not deterministic: a clock, a random source, the order of a map or set"}
}

// programFailure is the failure of a search in which the program is at fault, or nil if it is not.
func programFailure(err error) *failure {
	var wrong *process.Error
	if !errors.As(err, &wrong) {
		return nil
	}
	f := &failure{exit: exitFault, err: err, hint: wrong.Hint}
	if said := strings.TrimRight(wrong.Stderr, " \r\n"); strings.Contains(said, "\n") {
		f.err = fmt.Errorf("%w\n  | %s", err, strings.ReplaceAll(lastLines(said, 20), "\n", "\n  | "))
	}
	return f
}

// lastLines returns at most so many lines from the end of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}
