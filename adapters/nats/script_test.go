//go:build overlaid

package nats_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/nats"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// script is an execution that is too long to be searched for, written down for every release: what a server of one release sends and another's
// does not is not asked for by its kind, but brought or lost as it stands in the queue between two servers.
type script struct {
	t       *testing.T
	made    func(*nats.Options)
	config  cluster.Config
	world   *cluster.World
	actions []cluster.Action
}

func newScript(t *testing.T, servers int, outsiders ...spec.ServerID) *script {
	s := &script{t: t, made: func(o *nats.Options) { o.Outsiders = outsiders }}
	s.config = nats.World(nats.Servers(t, s.made).Node)
	s.config.Servers, s.config.Bounds = servers, cluster.Bounds{Terms: 9, Log: 9, Messages: 32, Ticks: 1, Drift: 1}
	world, err := cluster.New(&s.config)
	require.NoError(t, err)
	s.world = world
	return s
}

// gives gives a server an input, and reports whether it took it.
func (s *script) gives(id spec.ServerID, in spec.Input) bool {
	s.t.Helper()
	a := cluster.Action{Kind: cluster.Give, Server: id, Input: in}
	outcome, err := s.world.Apply(a)
	require.NoError(s.t, err)
	if !outcome.Refused {
		s.actions = append(s.actions, a)
	}
	return !outcome.Refused
}

// campaigns lets a server ask some others for their votes in the term, and bring their answers.
func (s *script) campaigns(id spec.ServerID, term spec.Term, voters ...spec.ServerID) {
	s.t.Helper()
	require.True(s.t, s.gives(id, spec.Input{Kind: spec.Timeout}))
	for _, voter := range voters {
		s.last(id, voter)
		s.last(voter, id)
	}
	require.Equal(s.t, spec.Leader, s.world.Observe(id).Role)
	require.Equal(s.t, term, s.world.Observe(id).Term)
}

// queue returns what is in flight from one server to another, the oldest first.
func (s *script) queue(from, to spec.ServerID) []spec.Message {
	return slices.DeleteFunc(s.world.InFlight(), func(m spec.Message) bool { return m.From != from || m.To != to })
}

// brings brings all that is in flight from one server to another.
func (s *script) brings(from, to spec.ServerID) {
	s.t.Helper()
	for range s.queue(from, to) {
		s.first(from, to)
	}
}

// first brings the oldest message from one server to another; if nobody listens to it any more it is lost.
func (s *script) first(from, to spec.ServerID) {
	s.t.Helper()
	all := s.queue(from, to)
	require.NotEmpty(s.t, all, "nothing is in flight from %s to %s", from, to)
	if !s.gives(to, spec.Input{Kind: spec.Deliver, Message: all[0]}) {
		s.lose(all[0])
	}
}

// last brings the newest message from one server to another, and loses those before it.
func (s *script) last(from, to spec.ServerID) {
	s.t.Helper()
	all := s.queue(from, to)
	for _, m := range all[:max(1, len(all))-1] {
		s.lose(m)
	}
	s.first(from, to)
}

func (s *script) lose(m spec.Message) {
	s.t.Helper()
	a := cluster.Action{Kind: cluster.Drop, Message: m}
	_, err := s.world.Apply(a)
	require.NoError(s.t, err)
	s.actions = append(s.actions, a)
}

// breaks runs the execution again on fresh servers. It must break the rule, with these words, if and only if the release is one of those that have the fault. In the first
// of them it is the one that is kept for that row.
func (s *script) breaks(row, name, message string, releases ...string) {
	s.t.Helper()
	rule, known := spec.RuleByName(name)
	require.True(s.t, known)
	s.config.New = nats.Servers(s.t, s.made).Node
	trace, found, err := checker.Run(&s.config, s.actions, []*spec.Rule{rule})
	require.NoError(s.t, err)
	var story strings.Builder
	if len(found) == 0 {
		require.NoError(s.t, traces.Text(&story, trace, nil))
		require.NotContains(s.t, releases, server.VERSION, story.String())
		return
	}
	require.NoError(s.t, traces.Text(&story, trace, &found[0]))
	s.t.Logf("%s, %d steps\n%s", server.VERSION, len(trace.Records), story.String())
	require.Contains(s.t, releases, server.VERSION, "not known to have it")
	require.Equal(s.t, message, found[0].Message)
	if server.VERSION == releases[0] {
		keeps(s.t, row, trace)
	}
}

// keeps compares an execution that was found with the one that is kept as testdata/NAME.jsonl.
func keeps(t *testing.T, name string, trace *traces.Trace) {
	t.Helper()
	require.Contains(t, rowsOf, name)
	var b strings.Builder
	require.NoError(t, traces.Write(&b, trace))
	path := filepath.Join("testdata", name+".jsonl")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "the execution is another one")
}
