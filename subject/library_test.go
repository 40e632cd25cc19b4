package subject

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/spec"
)

func TestLibraryNames(t *testing.T) {
	for name, want := range map[string]struct {
		adapter, module, version string
		choices                  []string
	}{
		"hashicorp":                        {"adapters/hashicorp", "github.com/hashicorp/raft", "v1.8.0", nil},
		"hashicorp@v1.7.3:no-pre-vote":     {"adapters/hashicorp", "github.com/hashicorp/raft", "v1.7.3", []string{"no-pre-vote"}},
		"hashicorp:whole-votes,heartbeats": {"adapters/hashicorp", "github.com/hashicorp/raft", "v1.8.0", []string{"whole-votes", "heartbeats"}},
		"hashicorp@v1.3.2":                 {"adapters/hashicorp/raft13", "github.com/hashicorp/raft", "v1.3.2", nil},
		"hashicorp@v1.1.2":                 {"adapters/hashicorp/raft13", "github.com/hashicorp/raft", "v1.1.2", nil},
		"hashicorp@v1.7.4-0.20250204123456-0123456789ab:learner,restore-committed": {"adapters/hashicorp", "github.com/hashicorp/raft", "v1.7.4-0.20250204123456-0123456789ab",
			[]string{"learner", "restore-committed"}},
		"hashicorp@v1.10.0":        {"adapters/hashicorp", "github.com/hashicorp/raft", "v1.10.0", nil},
		"etcd":                     {"adapters/etcd/raft37", "go.etcd.io/raft/v3", "v3.7.0", nil},
		"etcd@v3.6.0:pre-vote":     {"adapters/etcd/raft36", "go.etcd.io/raft/v3", "v3.6.0", []string{"pre-vote"}},
		"etcd@v3.6.0-beta.0":       {"adapters/etcd/raft36", "go.etcd.io/raft/v3", "v3.6.0-beta.0", nil},
		"etcd@v3.5.35":             {"adapters/etcd/raft35", "go.etcd.io/etcd/raft/v3", "v3.5.35", nil},
		"etcd:reads=2,one-context": {"adapters/etcd/raft37", "go.etcd.io/raft/v3", "v3.7.0", []string{"reads=2", "one-context"}},
		"hashicorp:no-pre-vote,preempt=2,at=appendEntries/setLeader": {"adapters/hashicorp", "github.com/hashicorp/raft", "v1.8.0", []string{"no-pre-vote", "preempt=2", "at=appendEntries/setLeader"}},
		"nats":               {"adapters/nats", "github.com/nats-io/nats-server/v2", "v2.15.3", nil},
		"nats@v2.10.22":      {"adapters/nats", "github.com/nats-io/nats-server/v2", "v2.10.22", nil},
		"nats:send-snapshot": {"adapters/nats", "github.com/nats-io/nats-server/v2", "v2.15.3", []string{"send-snapshot"}},
		"nats@v2.11.0:preempt=1,at=StepDown/sendAppendEntry": {"adapters/nats", "github.com/nats-io/nats-server/v2", "v2.11.0", []string{"preempt=1", "at=StepDown/sendAppendEntry"}},
		"nats:outsider":      {"adapters/nats", "github.com/nats-io/nats-server/v2", "v2.15.3", []string{"outsider"}},
		"etcd@v3.3.27:reads": {"adapters/etcd/coreos", "github.com/coreos/etcd", "v3.3.27", []string{"reads"}},
	} {
		s, err := Named(name)
		require.NoError(t, err, name)
		g := s.goTest
		require.Equal(t, want.adapter, g.family.adapter, name)
		require.Equal(t, want.module, g.family.module, name)
		require.Equal(t, want.version, g.version, name)
		require.Equal(t, want.choices, g.choices, name)
		require.NoError(t, s.Config.Validate())
	}
	for name, why := range map[string]string{
		"hashicorp@v1.1.1": "before version 1.1.2", "hashicorp@v0.1.0": "no adapter is for versions before v1", "hashicorp@v2.0.0": "no adapter is for versions after v1",
		"etcd@v3.4.13": "no module of it can be required by its version", "etcd@v3.0.17": "before version 3.1", "etcd@v2.3.8": "before v3",
		"nats@v2.10.21": "before version 2.10.22", "nats@v2.9.25": "before version 2.10.22", "nats@v1.4.1": "before v2", "nats:fast": `unknown choice "fast" of nats`,
		"hashicorp:at=appendEntries": "it is said where goroutines are held, and none is", "nats:at=StepDown": "it is said where goroutines are held, and none is",
	} {
		_, err := Named(name)
		require.ErrorContains(t, err, why, name)
	}
	for _, name := range []string{"hashicorp@1.8", "hashicorp@v1.1.0", "hashicorp:no-votes", "hashicorp/raft", "hashicorps",
		"etcd@v3.4.1", "etcd@v2.3.0", "etcd@3.6.0", "etcd:fast", "etcd:reads=0", "etcd:reads=10", "etcd:reads=", "hashicorp:reads=1", "etcdraft", "hashicorp:at=,preempt=1", "natsraft", "nats@2.10.22"} {
		_, err := Named(name)
		require.Error(t, err, name)
	}
}

func TestAVersionThatWasNeverReleased(t *testing.T) {
	s, err := Named("etcd@v3.1.99")
	require.NoError(t, err)
	_, err = s.Search(context.Background(), checker.Options{Rules: spec.Rules, Name: s.Name})
	require.ErrorContains(t, err, "github.com/coreos/etcd has no version v3.1.99")
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, Misasked, e.Kind)
	require.Contains(t, e.Hint, "v3.3.27")
}

// The test program is made, built and run; it needs the library's source, which the adapter's own tests fetch too.
func TestALibraryIsSearchedAndReplayed(t *testing.T) {
	s, err := Named("hashicorp:no-pre-vote")
	require.NoError(t, err)
	s.Config.Faults.Crash = cluster.Budget(1)
	r, err := s.Search(context.Background(), checker.Options{Rules: spec.Rules, Name: s.Name})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "R5.6-02", r.Findings[0].Rule.ID)
	trace := r.Findings[0].Trace
	require.Len(t, trace.Records, r.Search.Depth)

	happened, differs, err := s.Replay(context.Background(), trace)
	require.NoError(t, err)
	require.Nil(t, differs)
	require.Len(t, happened.Records, len(trace.Records))

	short, _, err := s.Shrink(context.Background(), trace, spec.Rules)
	require.NoError(t, err)
	require.Len(t, short.Records, len(trace.Records), "a search's finding is as short as can be")

	trace.Records[0].Step.After.Term++
	_, differs, err = s.Replay(context.Background(), trace)
	require.NoError(t, err)
	require.Equal(t, trace.Records[0].Number, differs.Record)
}

func TestALibraryIsFuzzed(t *testing.T) {
	s, err := Named("etcd@v3.5.35")
	require.NoError(t, err)
	s.Config = fuzz.Enlarge(s.Config)
	r, err := s.Fuzz(context.Background(), fuzz.Options{Rules: spec.Rules, Runs: 60, Seed: 1, Workers: 1, Name: s.Name})
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	require.EqualValues(t, 60, r.Stats.Runs)
	require.Greater(t, r.Stats.States.Count(), uint64(100))
}

// Executions without end are judged of a library on a graph that is made here, of what its program says that servers do.
func TestLivenessOfALibrary(t *testing.T) {
	s, err := Named("etcd@v3.5.35")
	require.NoError(t, err)
	s.Config.Servers, s.Config.Bounds = 2, cluster.Bounds{Terms: 4, Log: 3, Messages: 1, Proposals: 1}
	o := checker.Options{Rules: spec.Rules, Goals: []*spec.Goal{}, Liveness: spec.LivenessRules}
	r, err := s.Search(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.NotNil(t, r.Liveness)
	within := map[string]uint64{}
	for _, v := range r.Liveness.Rules {
		within[v.Rule.Name] = v.Within
	}
	require.NotZero(t, within["some-leader-elected"])
	require.NotZero(t, within["retried-until-acknowledged"])

	o.Symmetry = true
	_, err = s.Search(t.Context(), o)
	require.ErrorContains(t, err, "--symmetry and --liveness")
	for name, why := range map[string]string{
		"nats": "a server asks at most twice for what it lacks", "n1=nats@v2.12.6 nats": "a server asks at most twice for what it lacks", "hashicorp:preempt=1": "goroutines are held in searches only",
	} {
		refused, err := Named(name)
		require.NoError(t, err)
		require.ErrorContains(t, refused.Live(), why, name)
	}
}

// A trace of a library that goes on for ever is run again where its servers are: here n1, leader of two, sends what n2 never gets.
func TestAnEndlessTraceOfALibraryRepeats(t *testing.T) {
	world := World(t, "etcd@v3.5.35", func(c *cluster.Config) {
		c.Servers, c.Bounds = 2, cluster.Bounds{Terms: 2, Log: 2, Messages: 4, Proposals: 1}
	})
	w, err := cluster.New(&world)
	require.NoError(t, err)
	var actions []cluster.Action
	does := func(a cluster.Action) {
		_, err := w.Apply(a)
		require.NoError(t, err)
		actions = append(actions, a)
	}
	gives := func(id spec.ServerID, in spec.Input) { does(cluster.Action{Kind: cluster.Give, Server: id, Input: in}) }
	gives(1, spec.Input{Kind: spec.Timeout})
	gives(2, spec.Input{Kind: spec.Deliver, Message: w.InFlight()[0]})
	gives(1, spec.Input{Kind: spec.Deliver, Message: w.InFlight()[0]})
	for range 2 {
		for _, lost := range w.InFlight() {
			does(cluster.Action{Kind: cluster.Drop, Message: lost})
		}
		gives(1, spec.Input{Kind: spec.Heartbeat})
	}
	trace, _, err := checker.Run(&world, actions, nil)
	require.NoError(t, err)
	trace.Header.Loop = trace.Records[len(trace.Records)-2].Number
	rule, known := spec.RuleByName("retried-until-acknowledged")
	require.True(t, known)
	s, err := Named("etcd@v3.5.35")
	require.NoError(t, err)
	require.NoError(t, s.Repeats(t.Context(), trace, rule))
	trace.Header.Loop = 1
	require.ErrorContains(t, s.Repeats(t.Context(), trace, rule), "nothing waits")
}

// TestWithoutANetworkALineSaysSo: of a library whose modules are not there yet.
func TestWithoutANetworkALineSaysSo(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	s, err := Named("etcd")
	require.NoError(t, err)
	_, err = s.Search(t.Context(), checker.Options{Rules: spec.Rules, Name: s.Name})
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, Faulty, e.Kind)
	require.EqualError(t, e, "modules could not be downloaded: module lookup disabled by GOPROXY=off")
	require.Contains(t, e.Hint, "GOPROXY names a proxy that can be reached")
	for said, why := range map[string]string{
		`go: example.com/m@v1: Get "https://modules.example/m/@v/v1.mod": dial tcp: lookup modules.example: no such host`: "dial tcp: lookup modules.example: no such host",
		`go: x: Get "https://modules.example/": dial tcp 192.0.2.1:443: connect: network is unreachable`:                  "dial tcp 192.0.2.1:443: connect: network is unreachable",
		"./x.go:3:1: syntax error: unexpected dial":                                                                       "",
	} {
		require.Equal(t, why, unreachable(said))
	}
}

// What builds the program takes of the time that there is, and none that is left is not time without end.
func TestAProgramGetsTheTimeThatIsLeft(t *testing.T) {
	for _, left := range []time.Duration{time.Hour, -time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), left)
		defer cancel()
		j := job{dir: t.TempDir()}
		require.NoError(t, j.write(ctx))
		first := j.order.Limit
		require.NoError(t, j.write(ctx))
		require.Positive(t, j.order.Limit)
		require.LessOrEqual(t, j.order.Limit, min(first, max(left, 1)))
	}
}
