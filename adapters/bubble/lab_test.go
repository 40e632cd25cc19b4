package bubble_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// ticker is a server with a goroutine of its own, which counts. A timeout is a second that passes, and an odd count is a new term.
type ticker struct {
	mu       sync.Mutex
	count    int
	commands chan func()
	gone     chan struct{}
	twist    func(*ticker) // called by the goroutine at every count
	hide     bool          // AppendState takes 4 for 2
}

func start(twist func(*ticker), hide bool) bubble.Start {
	return func(spec.ServerID, []spec.ServerID) bubble.Server {
		s := &ticker{commands: make(chan func()), gone: make(chan struct{}), twist: twist, hide: hide}
		go s.run()
		return s
	}
}

func (s *ticker) run() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			s.tick()
		case <-s.gone:
			return
		}
	}
}

func (s *ticker) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if s.twist != nil {
		s.twist(s)
	}
}

func (s *ticker) Step(in spec.Input) spec.Output {
	if in.Kind != spec.Timeout {
		return spec.Output{Refused: true}
	}
	for range 1 + len(in.Value) {
		time.Sleep(time.Second)
		synctest.Wait()
	}
	return spec.Output{}
}

func (s *ticker) Observe() spec.Observation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return spec.Observation{Term: spec.Term(s.count+1) / 2}
}

func (s *ticker) AppendState(b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hide && s.count == 4 {
		return append(b, 2)
	}
	return append(b, byte(s.count))
}

func (s *ticker) Close() { close(s.gone) }

var (
	servers = []spec.ServerID{1, 2, 3}
	passes  = spec.Input{Kind: spec.Timeout}
)

func TestServersAreNodes(t *testing.T) {
	lab := bubble.New(t, start(nil, false), bubble.Options{})
	node := lab.Node(1, servers)
	require.Equal(t, spec.Output{}, node.Step(passes))
	copied := node.(spec.Cloner).Clone()
	require.Equal(t, spec.Output{}, node.Step(passes))
	require.Equal(t, spec.Output{}, node.Step(passes))
	require.Equal(t, []byte{3}, node.AppendState(nil))
	require.Equal(t, spec.Term(2), node.Observe().Term)
	require.True(t, node.Step(spec.Input{Kind: spec.Heartbeat}).Refused)
	require.Equal(t, []byte{3}, node.AppendState(nil), "what is refused changes nothing")
	require.Equal(t, []byte{1}, copied.AppendState(nil), "a copy goes its own way")
}

func TestWhatIsKnownIsNotRunAgain(t *testing.T) {
	lab := bubble.New(t, start(nil, false), bubble.Options{})
	for range 3 {
		node := lab.Node(1, servers)
		node.Step(passes)
		node.Step(passes)
	}
	stats := lab.Stats()
	require.Equal(t, 3, stats.Steps, "the start and two inputs")
	require.GreaterOrEqual(t, stats.Bubbles, 6, "two for each, and four if they took long")
	require.GreaterOrEqual(t, stats.Inputs, 2*0+2*1+2*2)
	require.Zero(t, stats.Divergences)
	require.Positive(t, stats.Inside)

	fresh := lab.Fresh()
	fresh.Node(1, servers).Step(passes)
	require.GreaterOrEqual(t, fresh.Stats().Bubbles, 4)
	require.Equal(t, stats, lab.Stats())
}

func TestHistoryAsState(t *testing.T) {
	lab := bubble.New(t, start(func(s *ticker) { s.count = 0 }, false), bubble.Options{ByHistory: true})
	node := lab.Node(1, servers)
	before := node.AppendState(nil)
	node.Step(passes)
	require.NotEqual(t, before, node.AppendState(nil), "all that differs is what happened")
	again := lab.Fresh().Node(1, servers)
	again.Step(passes)
	require.Equal(t, again.AppendState(nil), node.AppendState(nil))
}

// A server that was disturbed once, by whatever, is given another chance.
func TestAnAccidentIsOutvoted(t *testing.T) {
	runs := 0
	lab := bubble.New(t, start(func(s *ticker) {
		if runs++; runs == 2 {
			s.count = 9
		}
	}, false), bubble.Options{})
	node := lab.Node(1, servers)
	require.NoError(t, node.Step(passes).Fault)
	require.Equal(t, []byte{1}, node.AppendState(nil))
	require.Equal(t, 1, lab.Stats().Divergences)
}

// On a machine that is busy with other things, bubbles take long, and one in four does something else.
func TestABusyMachineIsOutvoted(t *testing.T) {
	asks, answers := make(chan bool), make(chan bool) // of no bubble, so whoever waits for them takes real time
	go func() {
		for range asks {
			time.Sleep(10 * time.Millisecond)
			answers <- true
		}
	}()
	defer close(asks)
	for seed := range uint64(8) {
		dice := rand.New(rand.NewPCG(seed, 0))
		lab := bubble.New(t, start(func(s *ticker) {
			asks <- true
			<-answers
			if dice.IntN(4) == 0 {
				s.count += 9
			}
		}, false), bubble.Options{})
		node := lab.Node(1, servers)
		require.NoError(t, node.Step(passes).Fault, "seed %d", seed)
		require.Equal(t, []byte{1}, node.AppendState(nil), "seed %d", seed)
	}
}

func TestADisturbedReplayIsRepeated(t *testing.T) {
	runs := 0
	lab := bubble.New(t, start(func(s *ticker) {
		if runs++; runs == 3 { // the first input, given again to find out about the second
			s.count = 9
		}
	}, false), bubble.Options{})
	node := lab.Node(1, servers)
	require.NoError(t, node.Step(passes).Fault)
	require.NoError(t, node.Step(passes).Fault)
	require.Equal(t, []byte{2}, node.AppendState(nil))
	require.Equal(t, 1, lab.Stats().Divergences)
}

func TestNonDeterminismIsAFault(t *testing.T) {
	runs := 0
	lab := bubble.New(t, start(func(s *ticker) { runs++; s.count += runs % 2 }, false), bubble.Options{})
	node := lab.Node(1, servers)
	out := node.Step(passes)
	require.ErrorContains(t, out.Fault, "after the same 0 inputs, timeout leads to two things: ")
	require.ErrorContains(t, out.Fault, "likely causes")
	require.ErrorContains(t, out.Fault, `the state, from byte 0 on: "\x02" and "\x01"`)
}

func TestAStepThatChangesItsMindIsAFault(t *testing.T) {
	believed := false
	lab := bubble.New(t, start(func(s *ticker) {
		if believed && s.count == 1 {
			s.count = 5
		}
	}, false), bubble.Options{})
	node := lab.Node(1, servers)
	require.NoError(t, node.Step(passes).Fault)
	believed = true
	require.ErrorContains(t, node.Step(passes).Fault, "Term: 1 and 3")
}

func TestAPanicIsAFault(t *testing.T) {
	lab := bubble.New(t, func(spec.ServerID, []spec.ServerID) bubble.Server { panic("no disk") }, bubble.Options{})
	node := lab.Node(1, servers)
	require.ErrorContains(t, node.Step(passes).Fault, "the server panicked: no disk")
}

// An incomplete AppendState is found by the search, which runs states that it takes for one on both of their histories.
func TestAnIncompleteStateIsAFault(t *testing.T) {
	for _, hide := range []bool{false, true} {
		lab := bubble.New(t, start(func(s *ticker) { s.count %= 8 }, hide), bubble.Options{})
		config := cluster.Config{Servers: 1, New: lab.Node, Bounds: cluster.Bounds{Terms: 9, Log: 9, Messages: 1},
			Inputs: func(spec.ServerID) []spec.Input { return []spec.Input{passes, {Kind: spec.Timeout, Value: "+2"}} }}
		r, err := checker.Check(context.Background(), &config, checker.Options{Workers: 1, Rules: []*spec.Rule{}, Goals: []*spec.Goal{}})
		if !hide {
			require.NoError(t, err)
			require.EqualValues(t, 8, r.Search.Distinct)
			continue
		}
		var fault *checker.Fault
		require.ErrorAs(t, err, &fault)
		require.ErrorContains(t, err, "two histories that end in equal AppendState bytes behave differently")
	}
}
