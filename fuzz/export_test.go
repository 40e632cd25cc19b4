package fuzz

import (
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Try plays bytes as a native fuzz target does.
func Try(t checker.TB, node spec.Factory, data []byte) {
	p, err := newPlayer(t.Name(), node, nil)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	p.try(t, data)
}

// Encode returns a saved execution as bytes, and the actions that those bytes play.
func Encode(node spec.Factory, trace *traces.Trace) (data []byte, actions int, broken bool, err error) {
	p, err := newPlayer("", node, nil)
	if err != nil {
		return nil, 0, false, err
	}
	if data, err = p.encode(trace); err != nil {
		return nil, 0, false, err
	}
	way, broken, err := p.play(data)
	return data, len(way), broken, err
}

// RequireSameAsPlainWorld walks at random, and makes the same actions happen in a world without a memo.
func RequireSameAsPlainWorld(t require.TestingT, c *cluster.Config, seed uint64) {
	walker, err := checker.NewWalker(c, checker.WalkerOptions{})
	require.NoError(t, err)
	plain, err := cluster.New(c)
	require.NoError(t, err)
	require.NoError(t, walker.Begin())
	s, d := newSwarm(c), diceOf(seed, 0)
	for range s.begin(walker, d) {
		choice, any := s.next(walker, d)
		if !any {
			break
		}
		action, err := walker.Action(choice)
		require.NoError(t, err)
		happened, err := walker.Do(choice)
		require.NoError(t, err)
		s.did(walker, choice, happened)
		if !happened.Possible {
			continue
		}
		outcome, err := plain.Apply(action)
		require.NoError(t, err, choice)
		require.False(t, outcome.Refused || outcome.Outside, action)
		require.ElementsMatch(t, plain.InFlight(), inFlightOf(walker))
		for server := range c.Servers {
			require.Equal(t, plain.Observe(spec.ServerID(server+1)).Role, walker.Role(server))
		}
	}
}

func inFlightOf(w *checker.Walker) (all []spec.Message) {
	for place := range w.InFlight() {
		all = append(all, *w.Message(place))
	}
	return all
}
