package impl_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

func vote(from, to spec.ServerID, term spec.Term) spec.Input {
	return deliver(spec.Message{Kind: spec.RequestVoteReply, From: from, To: to, Term: term, Granted: true})
}

func refuse(from, to spec.ServerID, term spec.Term) spec.Input {
	return deliver(spec.Message{Kind: spec.RequestVoteReply, From: from, To: to, Term: term})
}

func ask(from, to spec.ServerID, term spec.Term) spec.Input {
	return deliver(spec.Message{Kind: spec.RequestVote, From: from, To: to, Term: term})
}

func deliver(m spec.Message) spec.Input { return spec.Input{Kind: spec.Deliver, Message: m} }

var (
	timeout   = spec.Input{Kind: spec.Timeout}
	heartbeat = spec.Input{Kind: spec.Heartbeat}
	crash     = spec.Input{Kind: spec.Crash}
	restart   = spec.Input{Kind: spec.Restart}
)

// stateAfter returns n1 of five after some inputs.
func stateAfter(inputs ...spec.Input) []byte {
	node := impl.New(impl.Options{})(1, []spec.ServerID{1, 2, 3, 4, 5})
	for _, in := range inputs {
		node.Step(in)
	}
	return node.AppendState(nil)
}

func TestStatesThatBehaveAlikeAreEqual(t *testing.T) {
	for name, histories := range map[string][2][]spec.Input{
		"votes in another order":    {{timeout, vote(2, 1, 1), refuse(4, 1, 1), refuse(5, 1, 1)}, {timeout, refuse(5, 1, 1), refuse(4, 1, 1), vote(2, 1, 1)}},
		"a vote twice":              {{timeout, vote(2, 1, 1)}, {timeout, vote(2, 1, 1), vote(2, 1, 1)}},
		"deposed or never a leader": {{timeout, vote(2, 1, 1), vote(3, 1, 1), ask(4, 1, 2)}, {ask(4, 1, 2)}},
		"two elections or one":      {{timeout, vote(2, 1, 1), timeout, crash, restart}, {timeout, timeout, crash, restart}},
		"restarted or not":          {{ask(2, 1, 1)}, {ask(2, 1, 1), crash, restart}},
		"lossy or not":              {{ask(2, 1, 1), crash}, {ask(2, 1, 1), {Kind: spec.Crash, Lossy: true}}},
		"written is enough":         {{ask(2, 1, 1)}, {cut(ask(2, 1, 1), 2), restart}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, stateAfter(histories[0]...), stateAfter(histories[1]...)) })
	}
}

func TestStatesThatDifferAreNotEqual(t *testing.T) {
	for name, histories := range map[string][2][]spec.Input{
		"term":           {{timeout}, {timeout, timeout}},
		"vote":           {{ask(2, 1, 1)}, {ask(3, 1, 1)}},
		"who granted":    {{timeout, vote(2, 1, 1)}, {timeout, vote(3, 1, 1)}},
		"leader known":   {{ask(2, 1, 1)}, {ask(2, 1, 1), deliver(spec.Message{Kind: spec.AppendEntries, From: 2, To: 1, Term: 1})}},
		"down":           {{ask(2, 1, 1)}, {ask(2, 1, 1), crash}},
		"written or not": {{cut(ask(2, 1, 1), 1)}, {cut(ask(2, 1, 1), 2)}},
	} {
		t.Run(name, func(t *testing.T) { require.NotEqual(t, stateAfter(histories[0]...), stateAfter(histories[1]...)) })
	}
}

func cut(in spec.Input, point int) spec.Input {
	in.Cut = point
	return in
}

// TestEqualStatesStepAlike audits AppendState along random executions: whenever a server is in a state that some server with its
// name was in before, both show the same and do the same.
func TestEqualStatesStepAlike(t *testing.T) {
	type seen struct {
		node  spec.Node
		shown spec.Observation
	}
	known := map[string]seen{}
	met := 0
	for name, v := range variants {
		c := newCrowd(3, 5, v.options)
		c.more = v.more
		for range 2000 {
			c.step()
			for _, id := range c.servers {
				node := c.nodes[id]
				key := fmt.Sprintf("%s %s %s", name, id, node.AppendState(nil))
				earlier, again := known[key]
				if !again {
					known[key] = seen{node.(spec.Cloner).Clone(), node.Observe()}
					continue
				}
				met++
				require.Equal(t, earlier.shown, node.Observe())
				requireSameStep(t, earlier.node, node, c.anything(id))
			}
		}
	}
	require.Greater(t, met, 10000)
}

func requireSameStep(t *testing.T, a, b spec.Node, in spec.Input) {
	a, b = a.(spec.Cloner).Clone(), b.(spec.Cloner).Clone()
	require.Equal(t, a.Step(in), b.Step(in), "%s", in)
	require.Equal(t, a.AppendState(nil), b.AppendState(nil), "%s", in)
}

// anything is something that could happen to a server now.
func (c *crowd) anything(id spec.ServerID) spec.Input {
	for _, m := range c.inFlight {
		if m.To == id && c.chance.IntN(3) == 0 {
			return deliver(m)
		}
	}
	kinds := append([]spec.InputKind{spec.Timeout, spec.Heartbeat, spec.Propose, spec.Crash, spec.Restart}, c.more...)
	in := c.another(kinds[c.chance.IntN(len(kinds))])
	in.Value = "v"
	return in
}

// TestWhatWasShownStays checks that neither an observation nor a clone sees what a server does later.
func TestWhatWasShownStays(t *testing.T) {
	c := newCrowd(3, 1, impl.Options{})
	type shown struct {
		printed string
		now     spec.Observation
		clone   spec.Node
		state   []byte
	}
	var all []shown
	for range 1500 {
		c.step()
		for _, id := range c.servers {
			o := c.nodes[id].Observe()
			clone := c.nodes[id].(spec.Cloner).Clone()
			all = append(all, shown{fmt.Sprintf("%+v", o), o, clone, clone.AppendState(nil)})
		}
	}
	for _, s := range all {
		require.Equal(t, s.printed, fmt.Sprintf("%+v", s.now))
		require.Equal(t, s.state, s.clone.AppendState(nil))
	}
}

// TestPermutedStateIsTheStateOfAPermutedServer runs every execution twice, the second time with other names for servers and values.
func TestPermutedStateIsTheStateOfAPermutedServer(t *testing.T) {
	names := map[spec.ServerID]spec.ServerID{0: 0, 1: 3, 2: 1, 3: 2}
	rename := func(id spec.ServerID) spec.ServerID { return names[id] }
	value := func(v string) string { return "other " + v }
	for name, v := range variants {
		if _, can := impl.New(v.options)(1, []spec.ServerID{1, 2, 3}).(spec.Permuter); !can {
			continue
		}
		t.Run(name, func(t *testing.T) { requirePermuted(t, v.options, v.more, v.rarely, rename, value) })
	}
}

func requirePermuted(t *testing.T, options impl.Options, more []spec.InputKind, rarely bool, rename func(spec.ServerID) spec.ServerID, value func(string) string) {
	c := newCrowd(3, 7, options)
	c.more = more
	mirror := map[spec.ServerID]spec.Node{}
	for _, id := range c.servers {
		mirror[rename(id)] = impl.New(options)(rename(id), c.servers)
	}
	c.observe = func(id spec.ServerID, in spec.Input) {
		mirror[rename(id)].Step(renamed(in, rename, value))
		got := c.nodes[id].(spec.Permuter).AppendPermuted(nil, rename, value)
		require.Equal(t, mirror[rename(id)].AppendState(nil), got)
	}
	for range 3000 {
		c.step()
	}
	require.True(t, rarely || c.judge.Reached("entry-committed"))
}

func renamed(in spec.Input, rename func(spec.ServerID) spec.ServerID, value func(string) string) spec.Input {
	in.Value, in.Peer = value(in.Value), rename(in.Peer)
	m := &in.Message
	m.From, m.To = rename(m.From), rename(m.To)
	entries := m.Entries
	m.Entries = nil
	for _, e := range entries {
		if e.Kind == spec.Command {
			e.Value = value(e.Value)
		}
		m.Entries = append(m.Entries, e)
	}
	return in
}
