package hashicorp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// script is an execution on the library's real code, written down step by step.
type script struct {
	t       *testing.T
	config  cluster.Config
	world   *cluster.World
	actions []cluster.Action
}

func newScript(t *testing.T, o hashicorp.Options) *script {
	s := &script{t: t, config: cluster.Config{
		Servers: 3, New: hashicorp.Servers(t, o).Node, Variants: hashicorp.Variants,
		Faults: cluster.Faults{Drop: cluster.Unlimited, Duplicate: cluster.Unlimited, Crash: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 9, Log: 9, Messages: 32, Copies: 9},
	}}
	world, err := cluster.New(&s.config)
	require.NoError(t, err)
	s.world = world
	return s
}

// give gives a server an input, which must be possible.
func (s *script) give(id spec.ServerID, in spec.Input) *spec.Step {
	s.t.Helper()
	a := cluster.Action{Kind: cluster.Give, Server: id, Input: in}
	outcome, err := s.world.Apply(a)
	require.NoError(s.t, err)
	require.False(s.t, outcome.Refused, "%s is refused", a)
	s.actions = append(s.actions, a)
	return outcome.Step
}

// does gives a server inputs of these kinds, which need nothing else.
func (s *script) does(id spec.ServerID, kinds ...spec.InputKind) {
	s.t.Helper()
	for _, kind := range kinds {
		s.give(id, spec.Input{Kind: kind})
	}
}

// message returns the newest message in flight of that kind between two servers.
func (s *script) message(kind spec.MessageKind, from, to spec.ServerID) spec.Message {
	s.t.Helper()
	all := s.world.InFlight()
	for k := len(all) - 1; k >= 0; k-- {
		if m := all[k]; m.Kind == kind && m.From == from && m.To == to {
			return m
		}
	}
	require.Fail(s.t, "not in flight", "%s %s->%s", kind, from, to)
	return spec.Message{}
}

// deliver lets the newest message of that kind arrive.
func (s *script) deliver(kind spec.MessageKind, from, to spec.ServerID) *spec.Step {
	s.t.Helper()
	return s.give(to, spec.Input{Kind: spec.Deliver, Message: s.message(kind, from, to)})
}

// asks lets a request arrive, and the reply to it.
func (s *script) asks(kind, reply spec.MessageKind, from, to spec.ServerID) {
	s.t.Helper()
	s.deliver(kind, from, to)
	s.deliver(reply, to, from)
}

// story runs everything again on fresh servers, up to the first step that breaks one of the rules, and tells it.
func (s *script) story(rules ...string) string {
	s.t.Helper()
	var chosen []*spec.Rule
	for _, name := range rules {
		rule, known := spec.RuleByName(name)
		require.True(s.t, known, name)
		chosen = append(chosen, rule)
	}
	trace, found, err := checker.Run(&s.config, s.actions, chosen)
	require.NoError(s.t, err)
	var b strings.Builder
	if len(found) == 0 {
		require.NoError(s.t, traces.Text(&b, trace, nil))
		return b.String()
	}
	require.NoError(s.t, traces.Text(&b, trace, &found[0]))
	return found[0].Rule.Name + ": " + found[0].Message + "\n\n" + b.String()
}
