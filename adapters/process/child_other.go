//go:build !unix

package process

import "os/exec"

func alone(*exec.Cmd) {}

// killAll ends a process. What it started itself ends when its input does.
func killAll(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
