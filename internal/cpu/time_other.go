//go:build !unix

package cpu

import "time"

// Time returns the time of day, in place of the CPU time that the process has used.
func Time() time.Duration { return clock() }
