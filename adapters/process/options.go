package process

import (
	"io"
	"sync"
	"time"
)

// Options are limits. The zero value is for programs that run on this machine.
type Options struct {
	// Limit is how long one answer may take by the clock on the wall; 0 is DefaultLimit. A program that takes longer is ended.
	Limit time.Duration
	// StartLimit is the same for the first answer of a process, which may have to be compiled first; 0 is DefaultStartLimit, or
	// Limit if that is longer.
	StartLimit time.Duration
	// Line is the length in bytes of the longest answer; 0 is DefaultLine.
	Line int
	// Processes is how many processes of one server may run at once, each at a place in its history, when the program cannot
	// load; 0 is DefaultProcesses. A program that can load needs one.
	Processes int
	// Dir is the folder that the command runs in; "" is the current one.
	Dir string
	// Env is added to the environment of the command, as NAME=VALUE.
	Env []string
	// Transcript, if not nil, gets every line that goes either way, as "n1 < …" to the program and "n1 > …" from it.
	Transcript io.Writer

	watch watch // tests only: stands in for the clock on the wall
}

// The defaults of Options.
const (
	DefaultLimit      = 5 * time.Second
	DefaultStartLimit = 30 * time.Second
	DefaultLine       = 1 << 20
	DefaultProcesses  = 4
)

// watch calls expired once d has gone by, unless the function it returned is called before.
type watch func(d time.Duration, expired func()) (stop func())

func (o Options) withDefaults() Options {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.StartLimit <= 0 {
		o.StartLimit = max(DefaultStartLimit, o.Limit)
	}
	if o.Line <= 0 {
		o.Line = DefaultLine
	}
	if o.Processes <= 0 {
		o.Processes = DefaultProcesses
	}
	if o.Transcript != nil {
		o.Transcript = &shared{to: o.Transcript}
	}
	if o.watch == nil {
		o.watch = func(d time.Duration, expired func()) func() {
			timer := time.AfterFunc(d, expired)
			return func() { timer.Stop() }
		}
	}
	return o
}

// shared is a writer that several goroutines may use.
type shared struct {
	mutex sync.Mutex
	to    io.Writer
}

// Write writes all of p before anybody else writes.
func (s *shared) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.to.Write(p)
}
