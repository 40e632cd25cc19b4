package bubble_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/spec"
)

// stubborn is a ticker with mistakes of its author's in what it does when it is stepped and ended.
type stubborn struct {
	*ticker
	step, end func()
}

func (s stubborn) Step(in spec.Input) spec.Output {
	s.step()
	return s.ticker.Step(in)
}

func (s stubborn) Close() { s.end() }

// A server that does not come to rest is told with what keeps it from that, whatever it is.
func TestWhoDoesNotComeToRestIsTold(t *testing.T) {
	var over atomic.Bool // the test is: whoever is left behind ends
	t.Cleanup(func() { over.Store(true) })
	var never sync.Mutex
	never.Lock()
	t.Cleanup(never.Unlock)
	var held sync.Mutex
	var naps sync.Mutex
	t.Cleanup(naps.Unlock)
	spins := func() {
		for !over.Load() {
		}
	}
	nothing := func() {}
	ends := func(s *ticker) func() { return func() { s.Close() } }
	leaves := func(*ticker) func() { return nothing }
	for name, c := range map[string]struct {
		twist, step func()
		end         func(*ticker) func()
		want        []string
	}{
		"a lock that nobody gives back": {nothing, func() { never.Lock(); never.Unlock() }, ends,
			[]string{"does not come to rest", "sync.Mutex.Lock", "bubble_test.TestWhoDoesNotComeToRestIsTold", "rest_test.go:"}},
		"a sleep with a lock that another one wants": {func() { naps.Lock(); naps.Unlock() }, func() { naps.Lock(); time.Sleep(2 * time.Second) }, ends,
			[]string{"does not come to rest", "holds a lock for which another one waits", "bubble_test.(*ticker).run", "rest_test.go:"}},
		"a loop":                    {spins, nothing, ends, []string{"does not come to rest", "bubble_test.(*ticker).run", "lab_test.go:"}},
		"a call that waits":         {nothing, func() { waitsUntil(&over) }, ends, []string{"does not come to rest", "bubble_test.waitsUntil", "rest_test.go:"}},
		"it is there after its end": {nothing, nothing, leaves, []string{"does not end", "deadlock", "bubble_test.(*ticker).run", "lab_test.go:"}},
		"a panic, and its lock is never given back": {nothing, func() { held.Lock(); panic("out of breath") }, func(s *ticker) func() { return func() { held.Lock(); held.Unlock(); s.Close() } },
			[]string{"the server panicked: out of breath", "rest_test.go:"}},
	} {
		t.Run(name, func(t *testing.T) {
			var patience time.Duration // as it is, for one that comes to rest
			if c.want[0] != "does not end" {
				patience = time.Second
			}
			lab := bubble.New(t, func(id spec.ServerID, servers []spec.ServerID) bubble.Server {
				s := start(func(*ticker) { c.twist() }, false)(id, servers).(*ticker)
				return stubborn{s, c.step, c.end(s)}
			}, bubble.Options{Patience: patience})
			fault := lab.Node(1, servers).Step(passes).Fault
			for _, want := range c.want {
				require.ErrorContains(t, fault, want)
			}
		})
	}
}

// waitsUntil waits for something that no other goroutine of the bubble does.
func waitsUntil(over *atomic.Bool) {
	for !over.Load() {
		time.Sleep(time.Second)
	}
}
