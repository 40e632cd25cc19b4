//go:build !unix

package main

import (
	"os"
	"syscall"
)

// ending are the signals that ask a process to end.
var ending = []os.Signal{os.Interrupt, syscall.SIGTERM}

// writeErrors does nothing: here a write that fails is an error anyway.
func writeErrors() {}
