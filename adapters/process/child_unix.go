//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// alone makes a process the head of a group of its own, so that what it starts can be ended with it, and an interrupt from the
// terminal reaches raftcheck alone.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killAll ends a process and what it started.
func killAll(cmd *exec.Cmd) {
	// The group may be gone already, which is what is wanted.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
