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
	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/whole"
)

// execFlags say which program of the user's is a server, and what it may take.
type execFlags struct {
	command    string
	limit      time.Duration
	transcript string
	lines      *transcript // of transcript; nil for none
}

func (e *execFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&e.command, "exec", "", "run `COMMAND`, a program in any language, as every server: one process each, JSON lines on stdin and stdout")
	flags.DurationVar(&e.limit, "exec-limit", process.DefaultLimit, "how long --exec may take for one answer; unless given, the first of a process may take longer")
	flags.StringVar(&e.transcript, "exec-transcript", "", "write every line to and from --exec to `FILE`")
	markWrites(flags, "exec-transcript", "")
}

// transcript is where every line to and from a program goes. Nothing does before it is opened.
type transcript struct {
	path string
	file *whole.File
}

// transcribe notes which files a program is made of, as far as its command says, and begins its transcript if one is asked for.
func (e *execFlags) transcribe(a *app, s *subject.Subject) (err error) {
	words := s.Words()
	if words == nil {
		return nil
	}
	name, err := exec.LookPath(words[0])
	if err != nil {
		name = words[0]
	}
	if err := a.reads(append([]string{name}, words[1:]...)...); err != nil {
		return err
	}
	if t := e.lines; t != nil {
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

// Close makes the file whole.
func (t *transcript) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Commit()
}

// subject returns the program in the default world. It is not run yet.
func (e *execFlags) subject(flags *pflag.FlagSet) (*subject.Subject, error) {
	if flags.Changed("impl") {
		return nil, usageError("", "--exec and --impl both say what to run")
	}
	options := process.Options{Limit: e.limit}
	if flags.Changed("exec-limit") {
		options.StartLimit = e.limit
	}
	if e.transcript != "" {
		e.lines = &transcript{path: e.transcript}
		options.Transcript = e.lines
	}
	s, err := subject.Program(e.command, options)
	if err == nil && e.limit <= 0 {
		return nil, usageError("as in --exec-limit 30s", "--exec-limit %s: it is above 0", e.limit)
	}
	return s, orFailure(err)
}

// begin starts what the servers are of that live elsewhere, to see early whether they do.
func (a *app) begin(ctx context.Context, s *subject.Subject) error {
	if err := s.Begin(ctx); err != nil {
		return programOr(ctx, err)
	}
	return nil
}

// keepsContract puts a program through the quick try of the contract before anything is said of the Raft in it. One that refuses everything is
// told, and searched all the same: the search says which goals it does not reach.
func (a *app) keepsContract(ctx context.Context, s *subject.Subject) error {
	f := s.Try(ctx)
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
	return &failure{exit: exitFault, err: fmt.Errorf("%w%s%s", f, legible.Quote, strings.ReplaceAll(strings.TrimRight(f.Story(), "\n"), "\n", legible.Quote)), hint: "raftcheck explain " + f.Check.Name}
}

// programOr says what is wrong with a program, or that it was ended before it answered: by an interrupt, or because its time was over.
func programOr(ctx context.Context, err error) error {
	switch {
	case failureOf(err) != nil:
		return failureOf(err)
	case wasInterrupted(ctx.Err()):
		return interrupted("while a program was waited for")
	case ctx.Err() != nil:
		return &failure{exit: exitInconclusive, err: errors.New("the time was used up before a program gave its first answer"), hint: "--for grants more"}
	}
	return checkFailure(err)
}

// bound bounds a search that would not end: that of a program whose histories are all different states.
func (a *app) bound(s *subject.Subject) {
	if depth := s.Bound(); depth > 0 {
		a.term.note("the program gives no state, so every history is one of its own: the search ends after %d steps; --depth says otherwise", depth)
	}
}

// end ends the processes of a program, whose transcript is whole then.
func (a *app) end(s *subject.Subject) {
	if err := s.End(); err != nil {
		a.term.note("raftcheck: the transcript could not be written: %v", err)
	}
}
