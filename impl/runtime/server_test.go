package runtime_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
)

// real is a cluster in this process, on the real clock.
type real struct {
	t         testing.TB
	dir       string
	options   impl.Options
	servers   []spec.ServerID
	addresses map[spec.ServerID]string
	doors     map[spec.ServerID]*httptest.Server
	running   map[spec.ServerID]*runtime.Server
	recorders map[spec.ServerID]*record.Recorder
	records   bool
}

func newReal(t testing.TB, network string, o impl.Options, records bool) *real {
	dir, err := os.MkdirTemp("", "rc") // sockets have short names
	require.NoError(t, err)
	c := &real{t: t, dir: dir, options: o, servers: []spec.ServerID{1, 2, 3}, addresses: map[spec.ServerID]string{}, doors: map[spec.ServerID]*httptest.Server{},
		running: map[spec.ServerID]*runtime.Server{}, recorders: map[spec.ServerID]*record.Recorder{}, records: records}
	for _, id := range c.servers {
		c.addresses[id] = "unix:" + filepath.Join(dir, id.String())
		if network == "tcp" {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			c.addresses[id] = l.Addr().String()
			require.NoError(t, l.Close())
		}
		c.doors[id] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s := c.running[id]; s != nil {
				s.ServeHTTP(w, r)
			} else {
				http.Error(w, "down", http.StatusBadGateway)
			}
		}))
	}
	for _, id := range c.servers {
		c.start(id)
	}
	t.Cleanup(func() {
		for _, id := range c.servers {
			c.doors[id].Close()
			c.stop(id)
		}
		os.RemoveAll(dir)
	})
	return c
}

func (c *real) start(id spec.ServerID) {
	clients := map[spec.ServerID]string{}
	for other, door := range c.doors {
		clients[other] = door.URL
	}
	config := runtime.ServerConfig{State: filepath.Join(c.dir, id.String()+".state"), Addresses: c.addresses, Clients: clients,
		Config: runtime.Config{ID: id, Servers: c.servers, Options: c.options, Timing: runtime.DefaultTiming, Compact: 50, Seed: 1}}
	if c.records {
		recorder, err := record.Open(c.trace(id), record.Header{Servers: c.servers, Variants: c.options.Variants()}, record.Options{})
		require.NoError(c.t, err)
		c.recorders[id], config.Recorder = recorder, recorder.Server(id)
	}
	s, err := runtime.Start(config)
	for k := 0; err != nil && k < 50; k++ { // somebody else may have the port for a moment
		time.Sleep(100 * time.Millisecond)
		s, err = runtime.Start(config)
	}
	require.NoError(c.t, err)
	c.running[id] = s
}

func (c *real) trace(id spec.ServerID) string { return filepath.Join(c.dir, id.String()+".trace") }

func (c *real) stop(id spec.ServerID) {
	if s := c.running[id]; s != nil {
		require.NoError(c.t, s.Close())
		delete(c.running, id)
		if c.records {
			require.NoError(c.t, c.recorders[id].Close())
		}
	}
}

// do asks a server until it answers something else than that it cannot now, and returns the code and what it says.
func (c *real) do(id spec.ServerID, method, path, body string) (int, string) {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		request, err := http.NewRequest(method, c.doors[id].URL+path, strings.NewReader(body))
		require.NoError(c.t, err)
		request.Header.Set(runtime.HeaderClient, "test "+method+path+body)
		request.Header.Set(runtime.HeaderRequest, "1")
		if method == http.MethodGet {
			request.Header = http.Header{}
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(c.t, err)
		said, err := io.ReadAll(response.Body)
		require.NoError(c.t, err)
		response.Body.Close()
		if response.StatusCode < 500 || time.Now().After(end) {
			return response.StatusCode, string(said)
		}
	}
}

func TestARealClusterServesClients(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			c := newReal(t, network, featured["as run runs them"], true)
			for _, step := range []struct {
				to                 spec.ServerID
				method, path, body string
				code               int
				says               string
			}{
				{1, "GET", "/kv/x", "", 404, "x holds nothing\n"},
				{1, "PUT", "/kv/x?if-absent", "1", 204, ""},
				{2, "PUT", "/kv/x?if-absent", "2", 412, "x holds something else\n"},
				{3, "GET", "/kv/x", "", 200, "1"},
				{1, "PUT", "/kv/x?if=1", "3", 204, ""},
				{1, "POST", "/kv/x", "4", 204, ""},
				{1, "POST", "/kv/x", "4", 204, ""}, // again
				{2, "GET", "/kv/x", "", 200, "34"},
				{3, "DELETE", "/kv/x", "", 204, ""},
				{3, "GET", "/kv/x", "", 404, "x holds nothing\n"},
				{1, "PATCH", "/kv/x", "", 400, "PATCH is not GET, PUT, POST or DELETE\n"},
				{1, "GET", "/", "", 404, "there is /kv/KEY, /status, /transfer and /configuration\n"},
				{1, "POST", "/configuration", "voters=n1", 409, "the node refuses: it does not lead, has no such feature, or something else is under way\n"},
				{1, "POST", "/configuration", "voters=n1,n9", 400, "there is no server n9, only n1 n2 n3\n"},
				{1, "POST", "/configuration", "voters", 400, "\"voters\" does not name the voters to be\n"},
				{1, "POST", "/transfer?to=n7", "", 400, "as in /transfer?to=n1\n"},
			} {
				code, says := c.do(step.to, step.method, step.path, step.body)
				require.Equal(t, step.code, code, "%v: %s", step, says)
				require.Equal(t, step.says, says, "%v", step)
			}
			for k := range 120 { // enough for a snapshot
				code, _ := c.do(1, "PUT", "/kv/y", fmt.Sprint(k))
				require.Equal(t, 204, code)
			}
			for _, id := range c.servers { // whoever is stopped, the others go on, and it comes back
				c.stop(id)
				other := id%3 + 1
				code, _ := c.do(other, "PUT", "/kv/z", id.String())
				require.Equal(t, 204, code)
				c.start(id)
				code, says := c.do(other, "GET", "/kv/z", "")
				require.Equal(t, 200, code)
				require.Equal(t, id.String(), says)
			}
			_, says := c.do(1, "GET", "/status", "")
			require.Contains(t, says, "n1 is ")
			for _, id := range c.servers {
				c.stop(id)
			}
			requireTracesHold(t, c)
		})
	}
}

func requireTracesHold(t *testing.T, c *real) {
	var sources []traces.Source
	for _, id := range c.servers {
		lines, err := traces.OpenLines(c.trace(id), nil)
		require.NoError(t, err)
		source, err := traces.NewReader(lines, traces.Options{})
		require.NoError(t, err)
		sources = append(sources, source)
	}
	joined := filepath.Join(c.dir, "cluster.trace")
	file, err := os.Create(joined)
	require.NoError(t, err)
	require.NoError(t, traces.Join(file, sources...))
	require.NoError(t, file.Close())
	lines, err := traces.OpenLines(joined, nil)
	require.NoError(t, err)
	source, err := traces.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	result, err := traces.Verify(context.Background(), source, traces.VerifyOptions{})
	require.NoError(t, err)
	for _, f := range result.Findings {
		t.Errorf("%s: %s", f.Rule.ID, f.Message)
	}
	require.Equal(t, spec.Held, result.Verdict)
}

// A leader that is cut off serves nobody, and the others go on without it.
func TestAnIsolatedLeaderServesNobody(t *testing.T) {
	c := newReal(t, "unix", featured["as run runs them"], false)
	code, _ := c.do(1, "PUT", "/kv/x", "1")
	require.Equal(t, 204, code)
	var leader spec.ServerID
	for _, id := range c.servers {
		if _, says := c.do(id, "GET", "/status", ""); strings.Contains(says, "is leader") {
			leader = id
		}
	}
	require.NotZero(t, leader)
	c.running[leader].Isolate(c.servers...)
	response, err := http.Get(c.doors[leader].URL + "/kv/x")
	require.NoError(t, err)
	response.Body.Close()
	require.GreaterOrEqual(t, response.StatusCode, 500)
	other := leader%3 + 1
	code, _ = c.do(other, "PUT", "/kv/x", "2")
	require.Equal(t, 204, code)
	c.running[leader].Isolate()
	code, says := c.do(leader, "GET", "/kv/x", "")
	require.Equal(t, 200, code)
	require.Equal(t, "2", says)
}

func TestEnvelopesReadWhatTheyPrint(t *testing.T) {
	for _, e := range []runtime.Envelope{
		{Message: spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 3, Entries: []spec.Entry{{Term: 1, Value: "c.1:put(x,%0A)"}, {Term: 2, Kind: spec.NoOp}}, Payload: "7"}},
		{Message: spec.Message{Kind: spec.InstallSnapshot, From: 1, To: 2, Term: 3, PrevLogIndex: 9, PrevLogTerm: 2}, Machine: []byte(`{"keys":{"x":"ü\n"},"clients":{}}`)},
	} {
		line := runtime.AppendEnvelope(nil, &e)
		require.NotContains(t, string(line), "\n")
		got, err := runtime.ParseEnvelope(line)
		require.NoError(t, err)
		require.Equal(t, e, got)
	}
	for _, line := range []string{"", "{", `{"message":7}`, `{"more":1}`, `{}`, `{"message":{}}`, `{"machine":{}}`, `{"message":{"kind":"RequestVote"}}x`} {
		_, err := runtime.ParseEnvelope([]byte(line))
		require.Error(t, err, line)
	}
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"message":{"kind":"InstallSnapshot","from":"n1","to":"n2","term":3},"machine":{"keys":{}}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := runtime.ParseEnvelope(line)
		if err != nil {
			return
		}
		again, err := runtime.ParseEnvelope(runtime.AppendEnvelope(nil, &e))
		require.NoError(t, err)
		require.Equal(t, e.Message, again.Message)
	})
}

func TestWhatAServerDoesNotStartWith(t *testing.T) {
	dir := t.TempDir()
	config := runtime.ServerConfig{State: filepath.Join(dir, "state"), Addresses: map[spec.ServerID]string{1: "127.0.0.1:0"},
		Config: runtime.Config{ID: 1, Servers: []spec.ServerID{1}, Timing: runtime.DefaultTiming}}
	for want, change := range map[string]func(*runtime.ServerConfig){
		"n2 is not one of [n1]":    func(c *runtime.ServerConfig) { c.ID, c.Addresses = 2, map[spec.ServerID]string{2: "127.0.0.1:0"} },
		"a heartbeat every 0s":     func(c *runtime.ServerConfig) { c.Timing.Heartbeat = 0 },
		"no such file":             func(c *runtime.ServerConfig) { c.State = filepath.Join(dir, "no", "state") },
		"missing port in address":  func(c *runtime.ServerConfig) { c.Addresses = map[spec.ServerID]string{1: "here"} },
		"not a snapshot of a mach": func(c *runtime.ServerConfig) { c.State = withMachine(t, dir) },
	} {
		bad := config
		change(&bad)
		_, err := runtime.Start(bad)
		require.ErrorContains(t, err, want)
	}
	s, err := runtime.Start(config) // one server is a cluster
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}

func withMachine(t *testing.T, dir string) string {
	path := filepath.Join(dir, "strange")
	f, _, err := runtime.OpenFile(path)
	require.NoError(t, err)
	require.NoError(t, f.Save(runtime.Saved{Durable: spec.Durable{Term: 1, Log: spec.Log{Base: 1, BaseTerm: 1}}, Machine: []byte("what is this")}))
	require.NoError(t, f.Close())
	return path
}

// BenchmarkCluster is three servers in this process, and clients that ask for one thing after another.
func BenchmarkCluster(b *testing.B) {
	for _, records := range []bool{false, true} {
		for _, clients := range []int{1, 16} {
			for _, method := range []string{"PUT", "GET"} {
				b.Run(fmt.Sprintf("%s/clients=%d/recorded=%t", method, clients, records), func(b *testing.B) {
					c := newReal(b, "unix", featured["as run runs them"], records)
					c.do(1, "PUT", "/kv/x", "1")
					var leader spec.ServerID = 1
					for _, id := range c.servers {
						if _, says := c.do(id, "GET", "/status", ""); strings.Contains(says, "is leader") {
							leader = id
						}
					}
					var asked atomic.Int64
					var all sync.WaitGroup
					b.ResetTimer()
					for range clients {
						all.Go(func() {
							for asked.Add(1) <= int64(b.N) {
								w := httptest.NewRecorder()
								c.running[leader].ServeHTTP(w, httptest.NewRequest(method, "/kv/x", strings.NewReader("1")))
								if w.Code >= 300 {
									b.Error(w.Code, w.Body)
								}
							}
						})
					}
					all.Wait()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
				})
			}
		}
	}
}

func ExampleStart() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	server, err := runtime.Start(runtime.ServerConfig{
		Config:    runtime.Config{ID: 1, Servers: []spec.ServerID{1}, Options: impl.Options{NoOp: true}, Timing: runtime.DefaultTiming},
		State:     filepath.Join(dir, "n1.state"),
		Addresses: map[spec.ServerID]string{1: "127.0.0.1:0"},
	})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	ask := func(method, body string) *httptest.ResponseRecorder {
		for {
			w := httptest.NewRecorder()
			server.ServeHTTP(w, httptest.NewRequest(method, "/kv/x", strings.NewReader(body)))
			if w.Code != http.StatusServiceUnavailable { // it knows no leader yet
				return w
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	fmt.Println(ask("PUT", "hello").Code)
	fmt.Println(ask("GET", "").Body)
	// Output:
	// 204
	// hello
}

func ExampleParseRange() {
	r, err := runtime.ParseRange("150ms-300ms")
	fmt.Println(r.Max-r.Min, err)
	// Output: 150ms <nil>
}
