//go:build unix

package cpu

import (
	"syscall"
	"time"
)

// Time returns how much CPU time the process has used, of all its threads.
func Time() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return clock()
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
