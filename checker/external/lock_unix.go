//go:build unix

package external

import (
	"os"
	"syscall"
)

// lock takes a file for this program alone until it is closed, however the program ends. It returns false if another has it.
func lock(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
