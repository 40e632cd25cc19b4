package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Small worlds are searched with and without counting states that differ only by the names of servers as one: those that are left stand for exactly as
// many states, of as many servers.
func TestServersAreInterchangeable(t *testing.T) {
	for name, edit := range map[string]func(*hashicorp.Setup){
		"pre-votes and a crash": func(*hashicorp.Setup) {},
		"votes and a crash":     func(s *hashicorp.Setup) { s.Servers.NoPreVote, s.Servers.WholeVotes = true, false },
		"heartbeats":            func(s *hashicorp.Setup) { withHeartbeats(s); s.World.Faults.Crash = cluster.Off },
		"a transfer": func(s *hashicorp.Setup) {
			s.Servers.NoPreVote, s.World.Bounds.Transfers, s.World.Bounds.Proposals, s.World.Faults.Crash = true, 1, -1, cluster.Off
		},
		"a learner": func(s *hashicorp.Setup) { s.Servers.NoPreVote, s.Servers.Learners = true, []spec.ServerID{3} },
		"two values": func(s *hashicorp.Setup) {
			s.Servers.NoPreVote, s.World.Values, s.World.Bounds.Log, s.World.Faults.Crash = true, 2, 3, cluster.Off
		},
		"snapshots": func(s *hashicorp.Setup) {
			s.Servers.NoPreVote, s.World.Bounds.Compactions, s.World.Faults.Crash = true, 1, cluster.Off
		},
	} {
		t.Run(name, func(t *testing.T) {
			one := func(s *hashicorp.Setup) {
				s.Search.Goals, s.Search.Rules = []*spec.Goal{}, []*spec.Rule{spec.Rules[0]}
				small(s)
				edit(s)
			}
			plain, err := hashicorp.Check(context.Background(), t, one)
			require.NoError(t, err)
			renamed, err := hashicorp.Check(context.Background(), t, one, func(s *hashicorp.Setup) { s.Search.Reduce = checker.Renaming })
			require.NoError(t, err)
			require.Equal(t, []checker.Reduced{{Name: "symmetry"}}, renamed.Reduced)
			require.True(t, plain.Search.Complete)
			require.Equal(t, plain.Search.Distinct, renamed.Search.StandsFor)
			require.Equal(t, plain.Search.LocalStates, renamed.Search.LocalStates)
			require.Equal(t, plain.Search.Depth, renamed.Search.Depth)
			fewer := uint64(4)
			if name == "a learner" {
				fewer = 1 // and nearly 2
			} else if name == "two values" {
				fewer = 6
			}
			require.Less(t, fewer*renamed.Search.Distinct, plain.Search.Distinct)
			t.Logf("%d states stand for %d, with %d executions for %d", renamed.Search.Distinct, plain.Search.Distinct, renamed.Search.Executions, plain.Search.Executions)
		})
	}
}

// unsigned is a server whose messages change their envelope when servers are renamed, and not the request of the library that is in it.
type unsigned struct{ spec.Node }

func (unsigned) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, _ func(string) string) spec.Message {
	m.From, m.To = rename(m.From), rename(m.To)
	return m
}

func TestWhatIsNotRenamedIsFoundOut(t *testing.T) {
	setup := hashicorp.Default()
	small(&setup)
	lab := hashicorp.Servers(t, setup.Servers)
	setup.World.New = func(id spec.ServerID, servers []spec.ServerID) spec.Node { return unsigned{lab.Node(id, servers)} }
	setup.World.Inputs = hashicorp.Inputs(&setup.World)
	r, err := checker.Check(context.Background(), &setup.World, checker.Options{Workers: 1, Reduce: checker.Renaming, Goals: []*spec.Goal{}})
	require.NoError(t, err)
	require.Contains(t, r.Reduced[0].Off, "these servers are not interchangeable: ")
}

// A message that is written and then renamed is the one that is written with other names.
func TestRenamedIsWrittenWithOtherNames(t *testing.T) {
	setup := hashicorp.Default()
	small(&setup)
	node := hashicorp.Servers(t, setup.Servers).Node(1, setup.World.IDs())
	server := func(id spec.ServerID) spec.ServerID { return id%3 + 1 }
	value := func(v string) string { return map[string]string{"x": "y", "y": "x"}[v] }
	entries := func(v, voters string) []spec.Entry {
		return []spec.Entry{{Term: 1, Kind: spec.ConfigurationChange, Value: "voters=" + voters}, {Term: 2, Kind: spec.NoOp}, {Term: 2, Kind: spec.Command, Value: v}}
	}
	for _, m := range []spec.Message{
		{Kind: spec.RequestVote, Term: 2, LastLogIndex: 1, LastLogTerm: 1},
		{Kind: spec.PreVote, Term: 2, LastLogIndex: 1, LastLogTerm: 1},
		{Kind: spec.AppendEntries, Term: 2, Entries: entries("x", "n1,n3")},
		{Kind: spec.InstallSnapshot, Term: 2, PrevLogIndex: 2, PrevLogTerm: 2, Entries: entries("x", "n1,n3")[:1]},
		{Kind: spec.TimeoutNow, Term: 2},
		{Kind: spec.RequestVoteReply, Term: 2, Granted: true},
		{Kind: spec.PreVoteReply, Term: 2},
		{Kind: spec.AppendEntriesReply, Term: 2, Success: true},
		{Kind: spec.InstallSnapshotReply, Term: 2, Success: true},
	} {
		m.From, m.To = 1, 3
		asked := &spec.Message{Kind: spec.RequestVote, From: 3, To: 1, Term: 2}
		if m.Kind == spec.AppendEntriesReply {
			asked.Kind = spec.AppendEntries
		}
		written, ok := node.(spec.Composer).Compose(m, asked)
		require.True(t, ok, m.Kind)
		if m.Kind == spec.AppendEntries {
			m.Entries = entries("y", "n1,n2")
		} else if m.Kind == spec.InstallSnapshot {
			m.Entries = entries("y", "n1,n2")[:1]
		}
		m.From, m.To = server(m.From), server(m.To)
		want, _ := node.(spec.Composer).Compose(m, asked)
		require.Equal(t, want, node.(spec.Renamer).Rename(written, server, value))
	}
}
