// Package offspring starts programs and ends each of them with all that it started: when it is told to, and when this process ends,
// however it ends, kill -9 included. It does the same with folders for temporary files.
//
// On Unix a program is the head of a process group of its own. A shell that does nothing else waits until a pipe that only this
// process holds is closed, and kills the groups that are left then; on Linux the kernel besides kills each program itself. Elsewhere
// a program is killed alone, and what it started ends when its input does. Who leaves the group on purpose is not followed.
package offspring

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// Keeper is who starts programs and has folders for temporary files. It may be used by several goroutines.
type Keeper struct {
	mutex   sync.Mutex
	folders []string
	alive   map[*exec.Cmd]bool
	orders  chan func() // for the one thread that starts programs; nil when there is none
	guard   *guard
	stopped bool
}

// New returns a keeper of no program. Close ends it.
func New() *Keeper { return &Keeper{alive: map[*exec.Cmd]bool{}} }

// errStopped is what Start returns after Stop.
var errStopped = errors.New("no program is started any more")

// Start starts a command that was not started yet, in a group of its own. Ended is to be called when it is gone.
func (k *Keeper) Start(cmd *exec.Cmd) (err error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.stopped {
		return errStopped
	}
	if k.orders == nil {
		k.begin()
	}
	alone(cmd)
	done := make(chan struct{})
	k.orders <- func() {
		if err = cmd.Start(); err == nil {
			k.guard.tell("+ %d\n", cmd.Process.Pid) // at once: what it starts before is not followed if we end now
		}
		close(done)
	}
	<-done
	if err == nil {
		k.alive[cmd] = true
	}
	return err
}

// begin starts the thread that starts programs: it lives as long as the keeper, since Linux takes the end of the thread that started a
// program for the end of the process.
func (k *Keeper) begin() {
	orders := make(chan func())
	k.orders = orders
	go func() {
		runtime.LockOSThread()
		for order := range orders {
			order()
		}
	}()
	k.guard = newGuard()
}

// Folder makes a folder for temporary files. It is removed, with all that is in it, by Close and when this process ends.
func (k *Keeper) Folder() (string, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.stopped {
		return "", errStopped
	}
	if k.orders == nil {
		k.begin()
	}
	dir, err := os.MkdirTemp("", "raftcheck-*")
	if err != nil {
		return "", err
	}
	k.folders = append(k.folders, dir)
	if full, err := filepath.Abs(dir); err == nil && !strings.ContainsAny(full, "\n\r") { // else only Close removes it
		k.guard.tell("/ %s\n", full)
	}
	return dir, nil
}

// Kill ends a program and what it started, without waiting.
func (k *Keeper) Kill(cmd *exec.Cmd) { kill(cmd) }

// Ended notes that a program was killed, or is gone.
func (k *Keeper) Ended(cmd *exec.Cmd) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.alive[cmd] {
		delete(k.alive, cmd)
		k.guard.tell("- %d\n", cmd.Process.Pid)
	}
}

// Stop ends all programs and what they started, without waiting, so that whoever waits for one of them goes on. None is started any more.
func (k *Keeper) Stop() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.stopped = true
	for cmd := range k.alive {
		kill(cmd)
	}
}

// Close is Stop, removes the folders, and ends all that the keeper is made of.
func (k *Keeper) Close() {
	k.Stop()
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.orders != nil {
		close(k.orders)
		k.orders = nil
		k.guard.end()
	}
	for _, dir := range k.folders {
		_ = os.RemoveAll(dir) // where there is no guard
	}
	k.folders = nil
}

// guard is a process that outlives this one for a moment, to kill the groups and remove the folders that are left; nil if there is none.
type guard struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

func (g *guard) tell(format string, what any) {
	if g != nil {
		_, _ = fmt.Fprintf(g.pipe, format, what) // without a guard there is still the kernel
	}
}

func (g *guard) end() {
	if g != nil {
		g.pipe.Close()
		_ = g.cmd.Wait()
	}
}
