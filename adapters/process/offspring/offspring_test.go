//go:build unix

package offspring_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process/offspring"
)

// asParent makes this test's program one that keeps a family, tells its members and waits.
const asParent = "TESTING_AS_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) != "" {
		parent()
	}
	os.Exit(m.Run())
}

// stubborn is a program that does not end by itself, nor does what it starts; both ignore what can be ignored. It prints who they are.
const stubborn = `trap '' INT TERM HUP; (trap '' INT TERM HUP; while :; do sleep 0.1; done) & echo $$ $!; while :; do sleep 0.1; done`

// allKept is what the parent prints when it has started all.
const allKept = "all are kept"

func parent() {
	k := offspring.New()
	for range 3 {
		cmd := exec.Command("/bin/sh", "-c", stubborn)
		cmd.Stdout = os.Stdout
		if err := k.Start(cmd); err != nil {
			panic(err)
		}
	}
	dir, err := k.Folder()
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		panic(err)
	}
	fmt.Println(allKept)
	select {}
}

// TestTheFamilyEndsWithUs however this process ends.
func TestTheFamilyEndsWithUs(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			if signal.Ignored(s) {
				t.Skipf("%s is ignored here, as under nohup", s)
			}
			us := exec.Command(os.Args[0])
			temporary := filepath.Join(t.TempDir(), " a 'folder' of\ttemporary files * ")
			require.NoError(t, os.Mkdir(temporary, 0o777))
			us.Env = append(os.Environ(), asParent+"=1", "TMPDIR="+temporary)
			out, err := us.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, us.Start())
			lines := bufio.NewScanner(out)
			pids := members(t, lines, 3, true)
			require.Len(t, entriesOf(t, temporary), 1)
			require.NoError(t, us.Process.Signal(s))
			_ = us.Wait()
			allGone(t, pids)
			require.Eventually(t, func() bool { return len(entriesOf(t, temporary)) == 0 }, 10*time.Second, time.Millisecond, "its folder stays")
		})
	}
}

func TestCloseEndsTheFamily(t *testing.T) {
	k := offspring.New()
	cmd := exec.Command("/bin/sh", "-c", stubborn)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, k.Start(cmd))
	pids := members(t, bufio.NewScanner(out), 1, false)
	dir, err := k.Folder()
	require.NoError(t, err)
	k.Close()
	require.NoDirExists(t, dir)
	require.Error(t, cmd.Wait())
	allGone(t, pids)
	require.Error(t, k.Start(exec.Command("true")))
	k.Close()
}

// TestWhoIsGoneIsNotKilled: the guard forgets a program that ended.
func TestWhoIsGoneIsNotKilled(t *testing.T) {
	k := offspring.New()
	for range 20 {
		cmd := exec.Command("true")
		require.NoError(t, k.Start(cmd))
		require.NoError(t, cmd.Wait())
		k.Ended(cmd)
		k.Ended(cmd)
	}
	k.Stop()
	k.Close()
}

func entriesOf(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	return all
}

// members reads who is there, and that each is; and, if told so, that the parent has started all.
func members(t *testing.T, lines *bufio.Scanner, n int, told bool) (pids []int) {
	t.Helper()
	for told || len(pids) < 2*n {
		require.True(t, lines.Scan())
		if lines.Text() == allKept {
			told = false
			continue
		}
		var head, other int
		_, err := fmt.Sscan(lines.Text(), &head, &other)
		require.NoError(t, err)
		require.False(t, gone(head))
		require.False(t, gone(other))
		pids = append(pids, head, other)
	}
	return pids
}

func allGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		require.Eventually(t, func() bool { return gone(pid) }, 10*time.Second, time.Millisecond, "process %d lives on", pid)
	}
}

// gone reports whether there is no such process, or only what waits to be reaped by whoever adopted it.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(status), ") Z ")
}
