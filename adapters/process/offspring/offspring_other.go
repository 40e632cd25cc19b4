//go:build !unix

package offspring

import "os/exec"

func newGuard() *guard { return nil }

func alone(*exec.Cmd) {}

// kill ends a program. What it started itself ends when its input does.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
