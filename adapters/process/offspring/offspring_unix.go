//go:build unix

package offspring

import (
	"os/exec"
	"syscall"
)

// watch is what the guard does: it notes which groups and folders there are until its input ends, then kills the groups that are left, and
// removes the folders. What was killed may still have been writing to one, which is why that is tried again.
const watch = `trap '' INT TERM HUP
groups=' '
set --
while read -r what group; do
	case $what in
	/) set -- "$@" "$group" ;;
	+) groups="$groups$group " ;;
	-) case $groups in *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;; esac ;;
	esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
for again in 1 2 3 4 5 6 7 8 9; do
	[ $# = 0 ] || rm -rf -- "$@" 2>/dev/null && break
	sleep 0.1
done`

// newGuard starts a guard; nil if this system cannot.
func newGuard() *guard {
	cmd := exec.Command("/bin/sh", "-c", watch)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	pipe, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil
	}
	return &guard{cmd, pipe}
}

// alone makes a program the head of a group of its own, so that what it starts can be ended with it, and an interrupt from the
// terminal reaches this process alone.
func alone(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithUs(cmd.SysProcAttr)
}

// kill ends a program and what it started. The group may be gone already, which is what is wanted.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
