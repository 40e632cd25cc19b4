package hashicorp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// elect makes n1 leader of a fresh cluster, with its no-op committed and known everywhere.
func elect(t *testing.T, o hashicorp.Options) *script {
	s := newScript(t, o)
	s.does(1, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 2)
	for _, follower := range []spec.ServerID{2, 3} {
		s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, follower)
		s.replicate(follower)
	}
	s.replicate(2)
	for id := range spec.ServerID(3) {
		o := s.world.Observe(id + 1)
		require.Equal(t, spec.Index(2), o.CommitIndex)
		require.Equal(t, spec.ServerID(1), o.LeaderID)
	}
	return s
}

// replicate lets n1 send a follower all it lacks.
func (s *script) replicate(follower spec.ServerID) {
	s.t.Helper()
	s.give(1, spec.Input{Kind: spec.SendAppendEntries, Peer: follower})
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, follower)
}

func TestClientsAreAnswered(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true})
	require.Empty(t, answers(s.give(1, spec.Input{Kind: spec.Propose, Value: "x"})))
	s.deliver(spec.AppendEntries, 1, 2)
	require.Equal(t, []string{"x"}, answers(s.deliver(spec.AppendEntriesReply, 2, 1)))
	require.Equal(t, spec.Index(3), s.world.Observe(1).LastApplied)
}

func answers(step *spec.Step) (told []string) {
	for _, e := range step.Output.Effects {
		if e.Kind == spec.Answer {
			told = append(told, e.Reply.Value)
		}
	}
	return told
}

func TestLeadershipIsTransferred(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true})
	s.give(1, spec.Input{Kind: spec.Transfer, Peer: 3})
	s.deliver(spec.TimeoutNow, 1, 3)
	require.Equal(t, spec.Candidate, s.world.Observe(3).Role)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 3, 1)
	require.Equal(t, spec.Leader, s.world.Observe(3).Role)
	require.Equal(t, spec.Follower, s.world.Observe(1).Role)
}

// A command and a transfer that come while a request is out are both orders to send the follower what it lacks, and which of the two the
// library takes first is up to chance: they are taken for one.
func TestACommandBeforeATransfer(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true})
	s.give(1, spec.Input{Kind: spec.SendAppendEntries, Peer: 3})
	s.give(1, spec.Input{Kind: spec.Propose, Value: "x"})
	s.give(1, spec.Input{Kind: spec.Transfer, Peer: 3})
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, 3)
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, 3)
	s.deliver(spec.TimeoutNow, 1, 3)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 3, 2)
	require.Equal(t, spec.Leader, s.world.Observe(3).Role)
}

func TestMembersChange(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true})
	for _, to := range []spec.Change{
		{Voters: "n1,n2", Learners: "n3"}, {Voters: "n1,n2"}, {Voters: "n1,n2", Learners: "n3"}, {Voters: "n1,n2,n3"},
	} {
		s.give(1, spec.Input{Kind: spec.Reconfigure, Change: to})
		s.replicate(2)
		o := s.world.Observe(1)
		last, held := o.Log.At(o.CommitIndex)
		require.True(t, held)
		require.Equal(t, spec.Entry{Term: 2, Kind: spec.ConfigurationChange, Value: to.String()}, last)
	}
	for _, to := range []spec.Change{{Voters: "n1"}, {Voters: "n1,n2,n3"}, {Voters: "n1,n2", Joint: true}} {
		outcome, err := s.world.Apply(cluster.Action{Kind: cluster.Give, Server: 1, Input: spec.Input{Kind: spec.Reconfigure, Change: to}})
		require.NoError(t, err)
		require.True(t, outcome.Refused, "%s is not one server away", to)
	}
}

func TestSnapshotsAreInstalled(t *testing.T) {
	s := newScript(t, hashicorp.Options{NoPreVote: true})
	s.does(1, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 2)
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, 2)
	s.give(1, spec.Input{Kind: spec.Propose, Value: "x"})
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 1, 2)
	compacted := s.give(1, spec.Input{Kind: spec.Compact})
	require.Equal(t, 3, compacted.Output.CrashPoints(), "the snapshot, and the log")
	require.Equal(t, "[…3@2]", s.world.Observe(1).Log.String())

	s.give(1, spec.Input{Kind: spec.SendAppendEntries, Peer: 3})
	s.asks(spec.InstallSnapshot, spec.InstallSnapshotReply, 1, 3)
	o := s.world.Observe(3)
	require.Equal(t, "[…3@2]", o.Log.String())
	require.Equal(t, spec.Index(3), o.LastApplied)
	s.give(1, spec.Input{Kind: spec.Propose, Value: "y"})
	s.replicate(3)
	require.Equal(t, spec.Index(4), s.world.Observe(1).CommitIndex)
	s.does(3, spec.Crash, spec.Restart)
	require.Equal(t, "[…3@2 y@2]", s.world.Observe(3).Log.String())
}

// A crash at each point of a step leaves what was written before it.
func TestCrashPoints(t *testing.T) {
	disks := []spec.Durable{{Term: 1}, {Term: 2}, {Term: 2, VotedFor: spec.None}, {Term: 2, VotedFor: 1}}
	for point := 1; point <= 4; point++ {
		s := newScript(t, hashicorp.Options{NoPreVote: true})
		step := s.give(1, spec.Input{Kind: spec.Timeout, Cut: point})
		require.Equal(t, spec.Crashed, step.After.Role)
		require.Len(t, step.Output.Effects, point-1, "what was written, and nothing that is sent later")
		require.Equal(t, disks[point-1].Term, step.After.Durable.Term)
		require.Equal(t, disks[point-1].VotedFor, step.After.Durable.VotedFor)
		s.does(1, spec.Restart)
		require.Equal(t, disks[point-1].Term, s.world.Observe(1).Term)
	}
	s := newScript(t, hashicorp.Options{NoPreVote: true})
	outcome, err := s.world.Apply(cluster.Action{Kind: cluster.Give, Server: 1, Input: spec.Input{Kind: spec.Timeout, Cut: 5}})
	require.NoError(t, err)
	require.True(t, outcome.Refused, "there are four")
}

// readsAt returns at which indexes reads are answered in a step.
func readsAt(step *spec.Step) (at []spec.Index) {
	for _, e := range step.Output.Effects {
		if e.Kind == spec.Answer && e.Reply.Read {
			at = append(at, e.Reply.Index)
		}
	}
	return at
}

func TestALeaderIsVerifiedBeforeARead(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true})
	require.Empty(t, readsAt(s.give(1, spec.Input{Kind: spec.ReadIndex, Value: "r"})))
	s.deliver(spec.AppendEntries, 1, 2)
	require.Equal(t, []spec.Index{2}, readsAt(s.deliver(spec.AppendEntriesReply, 2, 1)))
	require.Equal(t, spec.ServerID(1), s.give(2, spec.Input{Kind: spec.ReadIndex, Value: "r"}).Output.Redirect)
}

func TestABarrierIsCommittedBeforeARead(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true, Barriers: true})
	require.Empty(t, readsAt(s.give(1, spec.Input{Kind: spec.ReadIndex, Value: "r"})))
	s.deliver(spec.AppendEntries, 1, 2)
	require.Equal(t, []spec.Index{3}, readsAt(s.deliver(spec.AppendEntriesReply, 2, 1)))
}

func TestALeaderWhoseLeaseIsUpStepsDown(t *testing.T) {
	s := elect(t, hashicorp.Options{NoPreVote: true})
	require.Empty(t, s.give(1, spec.Input{Kind: spec.Tick, Peer: 1}).Output.Effects, "nothing is sent meanwhile")
	require.Equal(t, spec.Follower, s.world.Observe(1).Role)
}

// What is committed is applied at once, and a configuration among it is passed over: docs/adapters-hashicorp.md tells of it.
func TestCommittedLogsAreRestored(t *testing.T) {
	for _, restores := range []bool{true, false} {
		s := elect(t, hashicorp.Options{NoPreVote: true, RestoreCommitted: restores})
		s.give(1, spec.Input{Kind: spec.Propose, Value: "x"}) // what is committed so far is written with it
		s.does(1, spec.Crash, spec.Restart)
		require.Equal(t, map[bool]spec.Index{true: 2, false: 0}[restores], s.world.Observe(1).CommitIndex)
		require.Len(t, s.world.Observe(1).Config.Voters, map[bool]int{true: 0, false: 3}[restores])
	}
}
