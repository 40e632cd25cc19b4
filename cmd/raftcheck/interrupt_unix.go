//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// ending are the signals that ask a process to end.
var ending = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// writeErrors makes errors of what else would end this process in the middle of its results: a pipe that nobody reads any more, and a
// file that is not allowed to grow.
func writeErrors() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }
