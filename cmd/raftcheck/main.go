// Command raftcheck tells whether a Raft keeps Raft's promises, and if not, shows the shortest story that proves it.
//
// Verbs, each in a file of its own: check searches every execution up to a bound, verify judges recorded traces,
// replay, shrink and show work on one saved trace, explain says what a rule means, demo is a guided first run.
//
// Exit codes are in exit.go and are the same for every verb and format; what is printed where is in terminal.go.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

func main() {
	collectLess(os.LookupEnv)
	writeErrors()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLess lets the heap grow to five times what was in use before garbage is collected, while the machine has memory: nearly all of
// it is what a search or campaign remembers, which is no garbage. Whoever sets GOGC or GOMEMLIMIT knows better.
func collectLess(env func(string) (string, bool)) {
	_, often := env("GOGC")
	_, limit := env("GOMEMLIMIT")
	if memory := machineMemory(); memory > 0 && !often && !limit {
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(int64(memory / 2))
	}
}

// run does what the arguments ask and returns the exit code. The first interrupt ends it soon with what it covered; the second at once.
func run(args []string, in io.Reader, out, errs io.Writer) (code int) {
	term := newTerminal(out, errs, os.LookupEnv)
	defer func() {
		if p := recover(); p != nil {
			term.complain(&failure{exit: exitFault, err: fmt.Errorf("raftcheck has a bug: %v", p)})
			fmt.Fprintf(errs, "%s", debug.Stack())
			code = exitFault.code()
		}
	}()
	ctx, stop := untilInterrupted(func() {
		term.complain(&failure{exit: exitInconclusive, err: errors.New("interrupted twice, and ended at once")})
		os.Exit(exitInconclusive.code())
	})
	defer stop()

	a := &app{args: args, ctx: ctx, stdin: in, in: patiently(ctx, in), term: term, env: os.LookupEnv, environ: os.Environ()}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetErr(errs)
	return conclude(term, root.ExecuteContext(ctx))
}

// conclude prints what went wrong, if anything, and returns the exit code.
func conclude(term *terminal, err error) int {
	var done outcome
	if f := term.undelivered(); f != nil && err == nil {
		err = f
	}
	if err == nil {
		return exitHeld.code()
	}
	if errors.As(err, &done) {
		return exit(done).code()
	}
	f := failureOf(err)
	if f == nil {
		f = &failure{exit: exitUsage, err: err}
	}
	term.complain(f)
	return f.exit.code()
}
