package hashicorp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/spec"
)

// withHeartbeats adds the heartbeats that say nothing of the log, which have a way of their own through the library, past its main
// loop. They are not part of the default world, because v1.8.0 keeps its promises only without them.
func withHeartbeats(s *hashicorp.Setup) {
	s.Servers.NoPreVote = true
	inputs := hashicorp.Inputs(&s.World)
	s.World.Inputs = func(id spec.ServerID) []spec.Input { return append(inputs(id), spec.Input{Kind: spec.Heartbeat}) }
}

// hashicorp/raft#666: a leader takes the reply to a heartbeat for contact with a follower whatever its term, and leads on.
func TestIssue666IsFound(t *testing.T) {
	r, err := hashicorp.Check(context.Background(), t, withHeartbeats)
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "R5.1-08", r.Findings[0].Rule.ID)
	require.Contains(t, r.Findings[0].Message, "AppendEntriesReply of term 3 and stays leader of term 2")
	t.Logf("%d states, %d steps deep, %.1fs", r.Search.Distinct, r.Search.Depth, r.Search.Seconds)
}

// hashicorp/raft#695: the heartbeat of a new leader makes an old one a follower in the new term while its main loop still waits as a
// leader. A command that comes then is appended in the name of the new term, in which somebody else leads.
func TestIssue695Happens(t *testing.T) {
	s := newScript(t, hashicorp.Options{NoPreVote: true})
	// n2 leads term 2, and n1 leads term 3 with n3's vote.
	s.does(2, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 2, 3)
	s.deliver(spec.AppendEntries, 2, 1)
	s.does(1, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 3)
	// n1's heartbeat arrives at n2, and then a command.
	s.does(1, spec.Heartbeat)
	s.deliver(spec.AppendEntries, 1, 2)
	s.give(2, spec.Input{Kind: spec.Propose, Value: "x"})
	golden(t, "testdata/695.golden", s.story("log-matching"))
}
