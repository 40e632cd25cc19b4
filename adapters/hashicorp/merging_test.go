package hashicorp_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Which histories are taken for one is decided by AppendState. The search audits that by samples; here all of a small world is tried: two
// histories of every state of n1, among them those that lead from a state to itself, are given every input, and must do the same.
func TestEqualStatesBehaveAlike(t *testing.T) {
	for name, besides := range map[string][]spec.Input{
		"heartbeats": {{Kind: spec.Heartbeat}},
		"transfers":  {{Kind: spec.Transfer, Peer: 2}},
	} {
		t.Run(name, func(t *testing.T) { behaveAlike(t, besides) })
	}
}

func behaveAlike(t *testing.T, besides []spec.Input) {
	setup := hashicorp.Default()
	small(&setup)
	setup.Servers.NoPreVote, setup.World.Bounds.Log = true, 2
	w := &explorer{t: t, config: &setup.World, states: map[string]*state{}, sent: map[string]bool{}}
	lab := hashicorp.Servers(t, setup.Servers)
	inputs := hashicorp.Inputs(w.config)
	for _, id := range w.config.IDs() {
		w.inputs = append(w.inputs, append(inputs(id), besides...))
		w.meet(id, lab.Node(id, w.config.IDs()))
	}
	for again := true; again; { // messages found later also go to states found earlier
		again = false
		for k := 0; k < len(w.order); k++ {
			again = w.expand(w.order[k]) || again
		}
	}
	compared := 0
	for _, s := range w.order {
		compared += w.compare(s)
	}
	require.Greater(t, compared, 1000)
	t.Logf("%d states, %d messages, %d steps compared with those of other histories; %+v", len(w.order), len(w.messages), compared, lab.Stats())
}

// explorer finds all local states of a world, without bounds on the network: every message may arrive in every state.
type explorer struct {
	t        *testing.T
	config   *cluster.Config
	inputs   [][]spec.Input
	states   map[string]*state
	order    []*state
	messages []spec.Message
	sent     map[string]bool
}

// state is a state of one server, reached by one or more histories.
type state struct {
	id        spec.ServerID
	histories []spec.Node
	given     int // messages given so far
	started   bool
}

func (w *explorer) meet(id spec.ServerID, node spec.Node) {
	key := id.String() + string(node.AppendState(nil))
	s := w.states[key]
	if s == nil {
		s = &state{id: id}
		w.states[key] = s
		w.order = append(w.order, s)
	}
	if len(s.histories) < 2 {
		s.histories = append(s.histories, node)
	}
}

// expand gives a state what it was not given before, and reports whether there was anything.
func (w *explorer) expand(s *state) bool {
	inputs := w.pending(s)
	for _, in := range inputs {
		node := s.histories[0].(spec.Cloner).Clone()
		out := node.Step(in)
		require.NoError(w.t, out.Fault)
		for _, m := range out.Sent {
			if name := m.String() + m.Payload; !w.sent[name] {
				w.sent[name] = true
				w.messages = append(w.messages, *m)
			}
		}
		o := node.Observe()
		if !out.Refused && w.config.Within(&o) {
			w.meet(s.id, node)
		}
	}
	return len(inputs) > 0
}

func (w *explorer) pending(s *state) (inputs []spec.Input) {
	if !s.started {
		s.started, inputs = true, w.inputs[s.id-1]
	}
	for ; s.given < len(w.messages); s.given++ {
		if m := w.messages[s.given]; m.To == s.id {
			inputs = append(inputs, spec.Input{Kind: spec.Deliver, Message: m})
		}
	}
	return inputs
}

// compare gives every history of a state every input, and counts the comparisons.
func (w *explorer) compare(s *state) (compared int) {
	if s.id != 1 || len(s.histories) < 2 {
		return 0
	}
	s.started, s.given = false, 0
	for _, in := range w.pending(s) {
		first := s.histories[0].(spec.Cloner).Clone()
		want := first.Step(in)
		for _, other := range s.histories[1:] {
			node := other.(spec.Cloner).Clone()
			got := node.Step(in)
			require.Equal(w.t, fmt.Sprint(want), fmt.Sprint(got), "%s", in)
			require.Equal(w.t, string(first.AppendState(nil)), string(node.AppendState(nil)), "%s", in)
			compared++
		}
	}
	return compared
}

// Without any merging, where every history is a state of its own, a search of few steps comes to the same verdicts and shows the same
// rules broken at the same depth.
func TestMergingChangesNoVerdict(t *testing.T) {
	for _, c := range []struct {
		name  string
		depth int
		edit  func(*hashicorp.Setup)
		want  spec.Verdict
	}{
		{"nothing is broken", 5, func(s *hashicorp.Setup) {}, spec.Held},
		{"a crash between two writes", 5, func(s *hashicorp.Setup) { s.World.Faults.Crash = 1 }, spec.Violated},
	} {
		t.Run(c.name, func(t *testing.T) {
			var found [2]*hashicorp.Result
			for k := range found {
				r, err := hashicorp.Check(context.Background(), t, func(s *hashicorp.Setup) {
					s.Servers.NoPreVote, s.Servers.ByHistory = true, k == 1
					s.World.Bounds.Depth = c.depth
					s.Search.Goals = []*spec.Goal{}
					c.edit(s)
				})
				require.NoError(t, err)
				require.Equal(t, c.want, r.Verdict, r.Reason)
				found[k] = r
			}
			require.Equal(t, found[0].Search.Depth, found[1].Search.Depth)
			require.GreaterOrEqual(t, found[1].Search.LocalStates, found[0].Search.LocalStates)
			require.Len(t, found[1].Findings, len(found[0].Findings))
			for k := range found[0].Findings {
				require.Equal(t, found[0].Findings[k].Rule, found[1].Findings[k].Rule)
			}
			t.Logf("%d local states, %d when nothing is merged", found[0].Search.LocalStates, found[1].Search.LocalStates)
		})
	}
}
