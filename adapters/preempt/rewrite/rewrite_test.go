package rewrite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

// module writes a module of one file.
func module(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/server\n\ngo 1.26.0\n"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "server.go"), []byte(source), 0o666))
	return dir
}

func listed(t *testing.T, text string) rewrite.List {
	t.Helper()
	l, err := rewrite.Read("gates", strings.NewReader(text))
	require.NoError(t, err)
	return l
}

// Each kind of place at which a call can stand has a gate right before it, and no line moves.
func TestGatesStandBeforeCalls(t *testing.T) {
	const before = `package server

import "time"

func (s *server) step(peer string) { // a comment that stays
	term := s.read() + s.read()
	if s.read() > 1 { s.write(term) } else if s.read() > 2 { s.write(2) }
	switch { case term > 0: s.write(3)
	}
	go func() { s.write(4) }()
	defer s.write(5)
again:
	s.write(6)
	for { select { case <-time.After(time.Second): s.write(7); default: goto again } }
}

func (s *server) other() { s.write(8) }

func (s *server) read() int { return 0 }

func (s *server) write(int) {}

type server struct{}
`
	const after = `package server; import raftcheck_preempt "github.com/raftcheck/raftcheck/adapters/preempt"

import "time"

func (s *server) step(peer string) { // a comment that stays
	raftcheck_preempt.Pass("step/read", peer); term := s.read() + s.read()
	raftcheck_preempt.Pass("step/read.2", peer); if s.read() > 1 { raftcheck_preempt.Pass("step/write", peer); s.write(term) } else if s.read() > 2 { raftcheck_preempt.Pass("step/write.2", peer); s.write(2) }
	switch { case term > 0: raftcheck_preempt.Pass("step/write.3", peer); s.write(3)
	}
	go func() { raftcheck_preempt.Pass("step/write.4", peer); s.write(4) }()
	defer s.write(5)
again:
	raftcheck_preempt.Pass("step/write.5", peer); s.write(6)
	for { select { case <-raftcheck_preempt.After(time.After(time.Second), "step/After", peer): raftcheck_preempt.Pass("step/write.6", peer); s.write(7); default: goto again } }
}
`
	dir, to := module(t, before), t.TempDir()
	gates, err := rewrite.Copy(dir, "example.com/server", listed(t, "step for peer: read write timer=After"), to)
	require.NoError(t, err)
	require.Equal(t, []string{"step/After", "step/read", "step/read.2", "step/write", "step/write.2", "step/write.3", "step/write.4", "step/write.5", "step/write.6"}, gates)
	got, err := os.ReadFile(filepath.Join(to, "server.go"))
	require.NoError(t, err)
	require.Equal(t, after, string(got)[:len(after)])
	require.Equal(t, before[strings.Index(before, "func (s *server) other"):], string(got)[len(after)+1:], "what is not listed stays as it is")
}

// Other points than calls: what is sent to a channel, what was received from one, and one statement of several that call the same.
func TestGatesStandAtChannelsAndLocks(t *testing.T) {
	const before = `package server

func (s *server) step(peer int) {
	s.mu.Lock(); s.mu.Unlock()
	s.out <- 1
	got := <-s.in // a comment
	select { case <-s.in: s.use(got)
	case v := <-s.other:
		s.use(v)
	}
	for v := range s.in { s.use(v) }
	s.mu.Lock()
	defer s.mu.Unlock()
}
`
	const after = `
func (s *server) step(peer int) {
	s.mu.Lock(); s.mu.Unlock()
	raftcheck_preempt.Pass("step/out<-", peer); s.out <- 1
	got := <-s.in; raftcheck_preempt.Pass("step/<-in", peer) // a comment
	select { case <-s.in: raftcheck_preempt.Pass("step/<-in.2", peer); s.use(got)
	case v := <-s.other:
		s.use(v)
	}
	for v := range s.in {raftcheck_preempt.Pass("step/<-in.3", peer);  s.use(v) }
	raftcheck_preempt.Pass("step/Lock.2", peer); s.mu.Lock()
	defer s.mu.Unlock()
}
`
	const rest = "\nfunc (s *server) use(int) {}\n\ntype server struct { mu sync.Mutex; in, other, out chan int }\n"
	dir, to := module(t, strings.Replace(before, "\n\n", "\n\nimport \"sync\"\n\n", 1)+rest), t.TempDir()
	list, gates, err := rewrite.Overlay(dir, "example.com/server", listed(t, "step for peer: out<- <-in Lock.2"), to)
	require.NoError(t, err)
	require.Equal(t, []string{"step/<-in", "step/<-in.2", "step/<-in.3", "step/Lock.2", "step/out<-"}, gates)
	got, err := os.ReadFile(filepath.Join(to, "server.go"))
	require.NoError(t, err)
	require.Contains(t, string(got), after)
	names, err := os.ReadFile(list)
	require.NoError(t, err)
	for _, name := range []string{"server.go", "raftcheck_gates.go"} {
		require.Contains(t, string(names), filepath.Join(dir, name)+`": "`+filepath.Join(to, name))
	}
}

// What comes of it is a module that builds, does what it did, and says which gates it has.
func TestCopiesRun(t *testing.T) {
	dir, to := module(t, `package main

import "fmt"

func main() { fmt.Println(step()) }

func step() int { return read() }

func read() int { return 7 }
`), t.TempDir()
	_, err := rewrite.Copy(dir, "example.com/server", listed(t, "step: read"), to)
	require.NoError(t, err)
	here, err := filepath.Abs("../../..")
	require.NoError(t, err)
	mod, err := os.OpenFile(filepath.Join(to, "go.mod"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = mod.WriteString("\nrequire github.com/raftcheck/raftcheck v0.0.0\nreplace github.com/raftcheck/raftcheck => " + here + "\n")
	require.NoError(t, err)
	require.NoError(t, mod.Close())
	require.NoError(t, os.WriteFile(filepath.Join(to, "told.go"), []byte(`package main

import (
	"fmt"

	"github.com/raftcheck/raftcheck/adapters/preempt"
)

func init() { fmt.Println(preempt.Gates("example.com/server")) }
`), 0o666))
	cmd := exec.Command("go", "run", "-mod=mod", ".")
	cmd.Dir, cmd.Env = to, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "[step/read]\n7\n", string(out))
}

// No goroutine is held where it holds a lock, be it in a function that is called there.
func TestLocksAreHeldByNobodyWhoIsHeld(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"between":                    {"s.mu.Lock(); s.read(); s.mu.Unlock()", "server.go:5: a lock is held when read is called"},
		"before":                     {"s.read(); s.mu.Lock(); s.mu.Unlock()", ""},
		"behind":                     {"s.mu.Lock(); s.mu.Unlock(); s.read()", ""},
		"to the end of the function": {"s.mu.RLock(); defer s.mu.RUnlock(); if true { s.read() }", "server.go:5: a lock is held when read is called"},
		"in a branch that returns":   {"s.mu.Lock(); if true { s.mu.Unlock(); return }; s.read()", "server.go:5: a lock is held when read is called"},
		"by who calls the function":  {"s.read() }\nfunc (s *server) outer() { s.mu.Lock(); s.inner(); s.mu.Unlock() }\nfunc (s *server) inner() { s.step()", "server.go:6: a lock is held when inner is called"},
		"in another goroutine":       {"s.read() }\nfunc (s *server) outer() { s.mu.Lock(); s.inner(); s.mu.Unlock() }\nfunc (s *server) inner() { go s.step()", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := module(t, "package server\n\nimport \"sync\"\n\nfunc (s *server) step() { "+test.body+" }\n\nfunc (s *server) read() int { return 0 }\n\ntype server struct{ mu sync.RWMutex }\n")
			_, err := rewrite.Copy(dir, "example.com/server", listed(t, "step: read"), t.TempDir())
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

// Of a package of which one file runs, locks and functions elsewhere do not matter.
func TestOneFileOfAPackage(t *testing.T) {
	dir := module(t, "package server\n\nfunc (s *server) step() { s.read() }\n\nfunc (s *server) read() {}\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other.go"), []byte("package server\n\nimport \"sync\"\n\ntype server struct{ mu sync.Mutex }\n\n"+
		"func (s *server) outer() { s.mu.Lock(); s.step(); s.mu.Unlock() }\n"), 0o666))
	_, _, err := rewrite.Files(dir, "example.com/server", listed(t, "step: read"))
	require.ErrorContains(t, err, "other.go:7: a lock is held when step is called")
	files, gates, err := rewrite.Files(dir, "example.com/server", listed(t, "step: read"), "server.go")
	require.NoError(t, err)
	require.Equal(t, []string{"step/read"}, gates)
	require.Len(t, files, 2)
	require.Contains(t, string(files["server.go"]), `raftcheck_preempt.Pass("step/read"); s.read()`)
	_, _, err = rewrite.Files(dir, "example.com/server", listed(t, "outer: step"), "server.go")
	require.ErrorContains(t, err, "no statement of a function outer calls step")
}

// The lock itself is no exception: nobody is held who is about to give one back, or to take a second.
func TestLocksAtGates(t *testing.T) {
	for list, want := range map[string]string{
		"step: Lock.2":       "",
		"step: Unlock":       "server.go:6: a lock is held when Unlock is called",
		"step: send<-":       "server.go:6: a lock is held when something is sent to send",
		"step: <-receive":    "server.go:6: a lock is held when something was received from receive",
		"both: Lock":         "server.go:11: a lock is held when Lock is called",
		"step: Lock Lock.11": "no statement of a function step calls Lock.11",
	} {
		dir := module(t, `package server

import "sync"

func (s *server) step() {
	s.mu.Lock(); s.send <- 1; <-s.receive; s.mu.Unlock()
	s.mu.Lock(); s.mu.Unlock()
}

func (s *server) both() {
	s.mu.Lock(); s.other.Lock(); s.other.Unlock(); s.mu.Unlock()
}

type server struct { mu, other sync.Mutex; send, receive chan int }
`)
		_, err := rewrite.Copy(dir, "example.com/server", listed(t, list), t.TempDir())
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want, list)
	}
}

// A list that names what is not there is refused, and so is one that cannot be read.
func TestMistakesAreTold(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "gates: no function is listed",
		"# step: read":           "gates: no function is listed",
		"step read":              "gates:1: no colon",
		"\nstep:":                "gates:2: nothing is called at the gates of step",
		"step: read\nstep: read": "gates:2: step is listed twice",
		": read":                 `gates:1: "" is no name of a function`,
		"a b: read":              `gates:1: "a b" is no name of a function`,
	} {
		_, err := rewrite.Read("gates", strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
	dir := module(t, "package server\n\nfunc step() { read() }\n\nfunc read() {}\n")
	for text, want := range map[string]string{
		"stop: read":         "no statement of a function stop calls read",
		"step: read write":   "no statement of a function step calls write",
		"step: timer=After":  "no statement of a function step calls After",
		"step: out<-":        "no statement of a function step sends to out",
		"step: <-in":         "no statement of a function step receives from in",
		"step: read.2":       "no statement of a function step calls read.2",
		"step: read # write": "",
	} {
		_, err := rewrite.Copy(dir, "example.com/server", listed(t, text), t.TempDir())
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
}

// What is proposed: gates at what several goroutines share, in functions that no lock is held in, and timers; nothing that one goroutine has for itself. A
// proposal can be read, and the package has the gates that it says.
func TestProposalsAreOfWhatIsShared(t *testing.T) {
	dir := module(t, `package server

import (
	"sync"
	"sync/atomic"
	"time"
)

type store interface{ Put(int) }

type server struct {
	mu     sync.Mutex
	term   atomic.Uint64
	own    int
	locked int
	disk   store
}

func (s *server) getTerm() uint64  { return s.term.Load() }
func (s *server) setTerm(t uint64) { s.term.Store(t) }
func (s *server) getOwn() int      { return s.own }
func (s *server) setOwn(n int)     { s.own = n }

func Run(s *server) { go s.loop(); go func() { s.beat(&peer{}) }() }

func (s *server) loop() {
	s.setOwn(s.getOwn() + 1)
	if s.getTerm() > 1 {
		s.setTerm(2)
	}
	s.underLock()
}

type peer struct{}

func (s *server) beat(p *peer) {
	select {
	case <-time.After(time.Second):
	}
	s.disk.Put(1)
	s.setTerm(3)
}

func (s *server) underLock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setTerm(s.getTerm() + 1)
}
`)
	var proposed strings.Builder
	require.NoError(t, rewrite.Propose(&proposed, dir))
	_, list, _ := strings.Cut(proposed.String(), "\n")
	require.Equal(t, "loop: getTerm setTerm underLock\nbeat: Put setTerm timer=After # several goroutines may run it: write FUNCTION for EXPRESSION, which says for whom, by p *peer\n", list)
	gates, err := rewrite.Copy(dir, "example.com/server", listed(t, proposed.String()), t.TempDir())
	require.NoError(t, err)
	require.Equal(t, []string{"beat/After", "beat/Put", "beat/setTerm", "loop/getTerm", "loop/setTerm", "loop/underLock"}, gates)

	alone := module(t, "package server\n\nfunc Run() {}\n")
	require.ErrorContains(t, rewrite.Propose(&proposed, alone), "package server has no function that several goroutines run")
}

// Of a server with one lock are proposed the places where a goroutine takes it again, or calls something before it does; nothing where it is held, nor where who is called takes it first.
func TestProposalsWhereALockIsTakenAgain(t *testing.T) {
	dir := module(t, `package server

import "sync"

type Peer interface{ Call(int) bool }

type server struct {
	mu    sync.Mutex
	peers []Peer
	told  chan int
	news  chan int
	term  int
}

func Run(s *server) { go s.ticker(); go s.ask(1); go s.tell() }

func (s *server) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.term++
}

func (s *server) ticker() {
	for {
		s.mu.Lock()
		s.term++
		s.peers[0].Call(0)
		s.mu.Unlock()
	}
}

func (s *server) ask(peer int) {
	s.peers[peer].Call(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.term++
}

func (s *server) tell() {
	n := <-s.news
	s.mu.Lock()
	s.term += n
	s.mu.Unlock()
	s.told <- n
	s.mu.Lock()
	s.mu.Unlock()
}
`)
	var proposed strings.Builder
	require.NoError(t, rewrite.Propose(&proposed, dir))
	_, list, _ := strings.Cut(proposed.String(), "\n")
	require.Equal(t, "ticker: Lock.1\nask: Call Lock.1\ntell: <-news Lock.1 Lock.2\n", list)
	gates, err := rewrite.Copy(dir, "example.com/server", listed(t, proposed.String()), t.TempDir())
	require.NoError(t, err)
	require.Equal(t, []string{"ask/Call", "ask/Lock", "tell/<-news", "tell/Lock", "tell/Lock.2", "ticker/Lock"}, gates)
}

// The overlay of a folder is what the go command takes for it; timers at gates are for adapters that tell them to fire.
func TestHere(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := module(t, "package server\n\nfunc step() { read() }\n\nfunc read() {}\n")
	_, err := rewrite.Here(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gates"), []byte("step: timer=read\n"), 0o666))
	_, err = rewrite.Here(dir)
	require.ErrorContains(t, err, "gates:1: timer=read: timers are told to fire by adapters of your own only")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gates"), []byte("step: read\n"), 0o666))
	list, err := rewrite.Here(dir)
	require.NoError(t, err)
	told, err := os.ReadFile(filepath.Join(filepath.Dir(list), "raftcheck_gates.go"))
	require.NoError(t, err)
	require.Contains(t, string(told), `Rewritten("example.com/server", "step/read")`)
	again, err := rewrite.Here(dir)
	require.NoError(t, err)
	require.Equal(t, list, again)
}
