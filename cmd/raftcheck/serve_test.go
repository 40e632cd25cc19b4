//go:build unix

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// served is raftcheck serve as a process of its own.
type served struct {
	*begun
	address string
}

// serve starts it and waits for its address.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	dir := t.TempDir()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	p := &begun{Cmd: exec.Command(os.Args[0], append([]string{"serve"}, args...)...), mark: "TESTING_MARK=serve-" + strings.ReplaceAll(dir, "/", "-"), ended: make(chan error, 1)}
	p.Dir, p.Stdout, p.Stderr = dir, write, &p.errs
	p.Env = append(os.Environ(), asRaftcheck+"=always", p.mark, "TMPDIR="+dir)
	require.NoError(t, p.Start())
	require.NoError(t, write.Close())
	go func() { p.ended <- p.Wait() }()
	t.Cleanup(func() { _ = p.Process.Kill() })
	line, err := bufio.NewReader(read).ReadString('\n')
	require.NoError(t, err, p.errs.String())
	return &served{p, strings.TrimSuffix(line, "\n")}
}

func (s *served) page(t *testing.T, rest string) string {
	t.Helper()
	r, err := http.Get(s.address + rest)
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.StatusCode, string(text))
	return string(text)
}

// TestServeIsEndedBySignals while somebody listens to a search: at once, with exit code 0, and no process left.
func TestServeIsEndedBySignals(t *testing.T) {
	for _, w := range endings[:3] {
		w = w.heeded()
		t.Run(w.name, func(t *testing.T) {
			s := serve(t, "--nodes", "5", "--terms", "5", "--log", "4", "--messages", "6")
			r, err := http.Post(s.address+"search", "application/x-www-form-urlencoded", strings.NewReader("quest=any-promise-broken&seconds=300"))
			require.NoError(t, err)
			r.Body.Close()
			events, err := http.Get(r.Request.URL.String() + "/events")
			require.NoError(t, err)
			defer events.Body.Close()
			require.NoError(t, s.Process.Signal(w.signal))
			require.Equal(t, exitHeld.code(), s.end(t, w.name))
			s.alone(t, w.name)
		})
	}
}

// TestServeExplores the reference, a mutant, raft.tla and a program, each from the beginning.
func TestServeExplores(t *testing.T) {
	for _, args := range [][]string{nil, {"--impl", "mutant:el-stale-vote-resp"}, {"--impl", "spec"}, {"--features", "pre-vote"}, {"--network", "fifo"}} {
		s := serve(t, args...)
		require.Contains(t, s.page(t, ""), "n1 times out", args)
		require.Contains(t, s.page(t, "?way=0"), "Step 1: ", args)
	}
}

// TestServeExploresLibraries, whose servers live in a program of their own: a step is taken and saved, and the trace is one of the library.
func TestServeExploresLibraries(t *testing.T) {
	for _, name := range []string{"etcd", "hashicorp"} {
		s := serve(t, "--impl", name)
		require.Contains(t, s.page(t, ""), "n1 times out", name)
		require.Contains(t, s.page(t, "?way=0"), "Step 1: n1 times out", name)
		require.Contains(t, s.page(t, "save?way=0"), `"implementation":"`+name+`"`)
		require.NoError(t, s.Process.Signal(syscall.SIGTERM))
		require.Equal(t, exitHeld.code(), s.end(t, name))
		s.alone(t, name)
	}
}

// TestServeAnswersNobodyElse: it listens on the loopback interface alone.
func TestServeAnswersNobodyElse(t *testing.T) {
	s := serve(t)
	require.True(t, strings.HasPrefix(s.address, "http://127.0.0.1:"), s.address)
	r, err := http.Get(s.address[:strings.LastIndex(strings.TrimSuffix(s.address, "/"), "/")+1])
	require.NoError(t, err)
	r.Body.Close()
	require.Equal(t, http.StatusForbidden, r.StatusCode)
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	s.end(t, "serve")
	_, err = (&http.Client{Timeout: time.Second}).Get(s.address)
	require.Error(t, err)
}

// TestServeWithATakenPort says so.
func TestServeWithATakenPort(t *testing.T) {
	s := serve(t)
	port := strings.Split(strings.TrimPrefix(s.address, "http://127.0.0.1:"), "/")[0]
	var errs strings.Builder
	require.Equal(t, exitUsage.code(), run([]string{"serve", "--port", port}, strings.NewReader(""), io.Discard, &errs))
	require.Contains(t, errs.String(), "hint: without --port a free one is taken")
}
