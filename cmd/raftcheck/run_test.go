package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// said is what a run prints, which tests read while it goes on.
type said struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// runs runs a cluster whose processes are this test's program. It returns the exit code and both streams.
func runs(t *testing.T, args ...string) (code int, out, errs string) {
	t.Setenv(asRaftcheck, "1")
	var o, e said
	code = run(append([]string{"run", "--dir", filepath.Join(t.TempDir(), "run")}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// Servers are killed and cut off again and again, and what they did and what their clients saw holds.
func TestARealClusterHoldsThroughKills(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	t.Setenv(asRaftcheck, "1")
	var out, errs said
	code := run([]string{"run", "--dir", dir, "--for", "4s", "--load", "4", "--kill-every", "500ms", "--restart-after", "200ms", "--partition-every", "1200ms", "--compact", "50"}, strings.NewReader(""), &out, &errs)
	require.Equal(t, 0, code, "%s\n%s", &out, &errs)
	require.Contains(t, out.String(), "cluster.trace: ")
	require.Contains(t, out.String(), "history.ndjson: linearizable: ")
	require.Greater(t, strings.Count(errs.String(), "is killed"), 3, errs.String())
	require.Contains(t, errs.String(), "is cut off from the others")
	for _, args := range [][]string{{"verify", filepath.Join(dir, "cluster.trace")}, {"verify", filepath.Join(dir, "n1.trace")}, {"linearize", filepath.Join(dir, "history.ndjson")}} {
		var again bytes.Buffer
		require.Equal(t, 0, run(args, strings.NewReader(""), &again, &again), again.String())
	}
}

// A server that forgets its vote is found in every run in which anybody is elected.
func TestARealMutantIsCaught(t *testing.T) {
	code, out, errs := runs(t, "--impl", "mutant:el-vote-not-durable", "--for", "2s", "--kill-every", "600ms")
	require.Equal(t, 1, code, "%s\n%s", out, errs)
	require.Contains(t, out, "durable-before-send: ")
	require.Contains(t, out, "no client asked for anything")
}

// Clients talk to the doors of a run with nothing but HTTP, are redirected, and are served while servers die. All of it is in the history.
func TestClientsOfARun(t *testing.T) {
	t.Setenv(asRaftcheck, "1")
	dir := filepath.Join(t.TempDir(), "run")
	var out, errs said
	ended := make(chan int)
	go func() {
		ended <- run([]string{"run", "--dir", dir, "--features", "none"}, strings.NewReader(""), &out, &errs)
	}()
	servers := introduced(&out)
	ask := func(server int, method, path, body string) (int, string) {
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			request, err := http.NewRequest(method, servers[server][2]+path, strings.NewReader(body))
			require.NoError(t, err)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			response.Body.Close()
			if response.StatusCode < 500 || time.Now().After(end) {
				return response.StatusCode, string(text)
			}
		}
	}
	require.Equal(t, "[204 ]", fmt.Sprint(firstOf(ask(0, "PUT", "/kv/x", "1"))))
	for server := range servers {
		code, text := ask(server, "GET", "/kv/x", "")
		require.Equal(t, "200 1", fmt.Sprint(code, " ", text))
	}
	code, text := ask(0, "PATCH", "/kv/x", "")
	require.Equal(t, "400 PATCH is not GET, PUT, POST or DELETE\n", fmt.Sprint(code, " ", text))
	_, text = ask(1, "GET", "/status", "")
	require.Contains(t, text, "n2 is ")

	kill(t, servers[0])
	require.Equal(t, "[204 ]", fmt.Sprint(firstOf(ask(1, "PUT", "/kv/x?if=1", "2"))))
	code, text = ask(2, "GET", "/kv/x", "")
	require.Equal(t, "200 2", fmt.Sprint(code, " ", text))
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "n1 is killed") }, 20*time.Second, 20*time.Millisecond)

	this, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	stop := os.Interrupt // as Ctrl-C does
	if signal.Ignored(stop) {
		stop = syscall.SIGTERM // as in a shell's background
	}
	require.NoError(t, this.Signal(stop))
	require.Equal(t, 0, <-ended, "%s\n%s", &out, &errs)
	require.Contains(t, out.String(), "history.ndjson: linearizable: ")
	seen, err := os.ReadFile(filepath.Join(dir, "history.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(seen), `"event":"call","from":"1","key":"x","op":"cas","to":"2"`)
}

// introduced waits until a run has said who its servers are: name, door and pid of each.
func introduced(out *said) (servers [][]string) {
	line := regexp.MustCompile(`n(\d)  (http://\S+)  pid (\d+)`)
	for len(servers) < 3 {
		time.Sleep(10 * time.Millisecond)
		servers = line.FindAllStringSubmatch(out.String(), -1)
	}
	return servers
}

// kill is kill -9.
func kill(t *testing.T, server []string) {
	pid, err := strconv.Atoi(server[3])
	require.NoError(t, err)
	process, err := os.FindProcess(pid)
	require.NoError(t, err)
	require.NoError(t, process.Kill())
}

// A server whose disk lost what was safe must not start again, and the run ends with a fault.
func TestARunWhoseDiskLosesWhatWasSafe(t *testing.T) {
	t.Setenv(asRaftcheck, "1")
	dir := filepath.Join(t.TempDir(), "run")
	var out, errs said
	ended := make(chan int)
	go func() {
		ended <- run([]string{"run", "--dir", dir, "--load", "1", "--restart-after", "300ms"}, strings.NewReader(""), &out, &errs)
	}()
	servers := introduced(&out)
	path := filepath.Join(dir, "n2.state")
	var data []byte
	for len(data) < 500 {
		time.Sleep(10 * time.Millisecond)
		var err error
		data, err = os.ReadFile(path)
		require.NoError(t, err)
	}
	kill(t, servers[1])
	for !strings.Contains(errs.String(), "n2 is killed") {
		time.Sleep(time.Millisecond)
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)/2]++
	data[len(data)/2+40]++ // a mark may be lost, and is no more than 17 bytes
	require.NoError(t, os.WriteFile(path, data, 0o666))
	require.Equal(t, exitFault.code(), <-ended, "%s\n%s", &out, &errs)
	require.Contains(t, errs.String(), "n2 ended with exit code 5: raftcheck: "+path+": byte ")
}

func firstOf(code int, text string) []any { return []any{code, text} }

// TestOneServer runs the process of one server in this one. It ends when its standard input does.
func TestOneServer(t *testing.T) {
	dir, sockets := t.TempDir(), shortFolder(t)
	serve := func() (int, string) {
		var out bytes.Buffer
		code := run([]string{oneServer, "--nodes", "1", "--dir", dir, "--sockets", sockets}, strings.NewReader("isolate n2 n3\nwhat\nisolate\n"), &out, &out)
		return code, out.String()
	}
	code, out := serve()
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "ready\n")
	require.FileExists(t, filepath.Join(dir, "n1.trace"))

	path := filepath.Join(dir, "n1.state")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[17] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o666))
	code, out = serve()
	require.Equal(t, exitFault.code(), code)
	require.Contains(t, out, "n1.state: byte 0: the state of the server is damaged")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "n1.trace"), []byte("no trace\n"), 0o666))
	code, out = serve()
	require.Equal(t, exitFault.code(), code)
	require.Contains(t, out, "not a trace to go on with")
}

func shortFolder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "rc")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestWorse(t *testing.T) {
	fault := &failure{exit: exitFault, err: os.ErrClosed}
	for _, c := range []struct{ a, b, want error }{
		{nil, nil, nil}, {outcome(exitInconclusive), nil, outcome(exitInconclusive)}, {outcome(exitInconclusive), outcome(exitViolated), outcome(exitViolated)},
		{fault, outcome(exitInput), fault}, {fault, outcome(exitViolated), outcome(exitViolated)},
	} {
		require.Equal(t, c.want, worse(c.a, c.b))
		require.Equal(t, c.want, worse(c.b, c.a))
	}
}

// TestDocsShowWhatSimulatePrints holds docs/simulation.md to what a part of its command prints.
func TestDocsShowWhatSimulatePrints(t *testing.T) {
	text, err := os.ReadFile(docs + "/simulation.md")
	require.NoError(t, err)
	var out bytes.Buffer
	require.Equal(t, 0, run([]string{"simulate", "--election-timeout", "150ms-200ms,150ms-300ms,12ms-24ms,100ms-200ms"}, strings.NewReader(""), &out, io.Discard))
	for line := range strings.Lines(out.String()) {
		require.Contains(t, string(text), line)
	}
}

func TestSimulatedJSONIsComplete(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 0, run([]string{"simulate", "--trials", "5", "--election-timeout", "150ms-300ms,20ms-40ms", "-o", "json"}, strings.NewReader(""), &out, &out))
	var doc struct{ Simulate []simulatedJSON }
	require.NoError(t, json.Unmarshal(out.Bytes(), &doc))
	require.Len(t, doc.Simulate, 2)
	require.Len(t, doc.Simulate[0].Downtimes, 5)
	require.Equal(t, "20ms-40ms", doc.Simulate[1].Election)
}
