package subject

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// historyDepth is how many steps deep a search goes, unless the bounds say more, when every history counts as a state of its own.
const historyDepth = 8

// program is a command that runs servers.
type program struct {
	*process.Program
	words   []string
	options process.Options
	can     process.Abilities
	begun   bool // it was asked what it can
}

// Program returns the implementation that a command runs: a program in any language, a process for each server, with JSON lines on stdin and stdout
// (docs/any-language.md). It is not run before Begin. Its world is cluster.Default. A transcript that is an io.Closer is closed by End.
func Program(command string, options process.Options) (*Subject, error) {
	words, err := process.Words(command)
	if err != nil {
		return nil, misasked("as in --exec 'python3 raft.py'", "--exec %q: %w", command, err)
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		hint := "the first word is a program, as in --exec 'python3 raft.py'"
		if runs := Command(words[0]); runs != "" {
			hint = "--exec '" + runs + "'"
		}
		return nil, misasked(hint, "--exec %q: %w", command, errors.Unwrap(err))
	}
	p := &program{Program: process.New(words, options), words: words, options: options}
	return &Subject{Name: ProgramPrefix + command, Config: cluster.Default(p.Node), program: p}, nil
}

// Command returns the command that runs a file which is there and of a language that is known by its name; "" for others.
func Command(path string) string {
	runner := runners[filepath.Ext(path)]
	if info, err := os.Stat(path); runner == "" || err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return runner + path
}

// runners are the programs that run a file in a language.
var runners = map[string]string{".py": "python3 ", ".js": "node ", ".rb": "ruby ", ".sh": "sh "}

// Words returns the words of the command of [Program]; nil for other implementations.
func (s *Subject) Words() []string {
	if s.program == nil {
		return nil
	}
	return s.program.words
}

// Begin starts what the servers are of that live elsewhere: a program once, to see early whether it is one, and the programs of several releases.
// A program is ended when ctx ends and it does not answer soon. It does nothing for other implementations. End ends what it started.
func (s *Subject) Begin(ctx context.Context) (err error) {
	if s.program == nil {
		return s.together(ctx)
	}
	endWith(ctx, s.program.Program)
	s.program.can, err = s.program.Probe(s.Config.IDs())
	s.program.begun = err == nil
	return err
}

// End ends what Begin started. The error is that a program's transcript could not be closed.
func (s *Subject) End() error {
	if s.mixed != nil {
		s.mixed.end()
	}
	if s.program == nil {
		return nil
	}
	s.program.Close()
	if t, is := s.program.options.Transcript.(io.Closer); is {
		return t.Close()
	}
	return nil
}

// patience is how long a program is given to answer when its context has ended.
const patience = 200 * time.Millisecond

// endWith ends a program soon after ctx is cancelled, or when its time is over, however busy it is.
func endWith(ctx context.Context, p *process.Program) {
	context.AfterFunc(ctx, func() { time.AfterFunc(patience, p.Interrupt) })
}

// The quick try of a program takes at most so many inputs and so long.
const (
	trySteps = 600
	tryTime  = 10 * time.Second
)

// Try puts a program through the quick try of the contract, and returns in which way it breaks it; nil if it keeps it, and for other implementations.
func (s *Subject) Try(ctx context.Context) *contract.Failure {
	if s.program == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	world := s.Config
	var end func()
	world.New, end = s.elsewhere()
	defer end()
	again, endAgain := s.elsewhere()
	defer endAgain()
	return contract.Try(limited, &world, contract.Options{Within: true, Steps: trySteps, Again: again}).Failure
}

// elsewhere is a factory that shares no process with the subject's own; nil if there are no processes.
func (s *Subject) elsewhere() (spec.Factory, func()) {
	if s.program == nil {
		return nil, func() {}
	}
	options := s.program.options
	options.Transcript = nil
	p := process.New(s.program.words, options)
	return p.Node, p.Close
}

// Bound bounds a search that would not end: that of a program that shows no state, so that every history is one of its own. It returns the bound, and 0
// where there is no need of one.
func (s *Subject) Bound() (depth int) {
	if s.program == nil || s.program.can.State || s.Config.Bounds.Depth > 0 {
		return 0
	}
	s.Config.Bounds.Depth = historyDepth
	return historyDepth
}

// Again runs an execution of a program in new processes, in which nothing can have been left behind by the search, and compares all of it.
func (s *Subject) Again(ctx context.Context, t *traces.Trace) error {
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
	return &Error{Kind: Faulty, Err: fmt.Errorf("a violation was found, but new processes do something else: %w", err),
		Hint: "something outlives a start in the same process, or the program is not deterministic: a clock, a random source, the order of a map or set"}
}
