//go:build gates

// The tests of this file need the library with gates: TestPreemption makes a copy that has them, and runs these with it.

package hashicorp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/hashicorp"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// heartbeatTo lets the goroutine go on that sends a server heartbeats.
func heartbeatTo(name string) spec.Input {
	return spec.Input{Kind: spec.Resume, Gate: "heartbeat(" + name + ")/randomTimeout"}
}

// hashicorp/raft#695 as it was reported: a leader that is about to append a command looks at its term after a heartbeat of the next leader has raised it.
func TestGatedIssue695(t *testing.T) {
	s := newScript(t, hashicorp.Options{NoPreVote: true, Preempt: true})
	// n2 leads term 2, and n1 leads term 3 with n3's vote.
	s.does(2, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 2, 3)
	s.deliver(spec.AppendEntries, 2, 1)
	s.does(1, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 3)
	// n2 is about to append a command when n1's heartbeat comes.
	s.give(1, heartbeatTo("n2"))
	s.give(2, spec.Input{Kind: spec.Propose, Value: "x", Gate: "dispatchLogs/getCurrentTerm"})
	s.deliver(spec.AppendEntries, 1, 2)
	s.does(2, spec.Resume)
	golden(t, "testdata/695-held.golden", s.story("log-matching"))
}

// A heartbeat is handled beside the main goroutine. While it is about to write its term, the main goroutine takes a later one over and votes in it. Then the
// term goes back, and the server votes again in the term in which it has voted: two lead it.
func TestGatedTwoLeaders(t *testing.T) {
	s := newScript(t, hashicorp.Options{NoPreVote: true, Preempt: true})
	// n1 leads term 2 with n3's vote. n2 is about to take term 2 over from a heartbeat.
	s.does(1, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 3)
	s.give(1, heartbeatTo("n2"))
	s.give(2, spec.Input{Kind: spec.Deliver, Message: s.message(spec.AppendEntries, 1, 2), Gate: "appendEntries/setCurrentTerm"})
	// n3 leads term 3 with n2's vote, and n2 has its first entry.
	s.does(3, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 3, 2)
	s.asks(spec.AppendEntries, spec.AppendEntriesReply, 3, 2)
	s.does(2, spec.Resume)
	// Nobody answers n1, which steps down. n2 leads term 3 too, with its own vote and n1's.
	s.give(1, spec.Input{Kind: spec.Tick, Peer: 1})
	s.does(2, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 2, 1)
	golden(t, "testdata/two-leaders.golden", s.story("election-safety"))
}

// What searches find that take long (findsBesideElections), run again on fresh servers: two leaders of one term, in fewer steps than above, and a server that takes
// the leader of an earlier term for that of its own.
func TestGatedFound(t *testing.T) {
	rule, known := spec.RuleByName("election-safety")
	require.True(t, known)
	for _, name := range []string{"two-leaders-found", "stale-leader"} {
		found, err := traces.ReadFile("testdata/" + name + ".jsonl")
		require.NoError(t, err)
		_, err = traces.Replay(found, hashicorp.Servers(t, hashicorp.Options{NoPreVote: true, Preempt: true}).Node)
		require.NoError(t, err)
		broken, _ := traces.Broken(found, []*spec.Rule{rule}, hashicorp.Variants)
		require.NotEmpty(t, broken)
		var b strings.Builder
		require.NoError(t, traces.Text(&b, found, &broken[0]))
		golden(t, "testdata/"+name+".golden", broken[0].Rule.Name+": "+broken[0].Message+"\n\n"+b.String())
	}
}

// What would have to wait for the goroutine that is held is not given meanwhile; what goes round it is.
func TestGatedMainGoroutine(t *testing.T) {
	s := newScript(t, hashicorp.Options{NoPreVote: true, Preempt: true})
	s.does(1, spec.Timeout)
	s.asks(spec.RequestVote, spec.RequestVoteReply, 1, 2)
	s.give(1, spec.Input{Kind: spec.Propose, Value: "x", Gate: "dispatchLogs/StoreLogs"})
	s.does(3, spec.Timeout)
	for _, in := range []spec.Input{{Kind: spec.Propose, Value: "y"}, {Kind: spec.Propose, Value: "y", Gate: "dispatchLogs/setLastLog"}, {Kind: spec.ReadIndex, Value: "r"},
		{Kind: spec.Transfer, Peer: 2}, {Kind: spec.Compact}, {Kind: spec.Tick, Peer: 1}, {Kind: spec.Deliver, Message: s.message(spec.RequestVote, 3, 1)}} {
		require.True(t, s.refused(1, in), in.String())
	}
	require.NotZero(t, s.world.Observe(1).Unknown&spec.FieldRole, "what it is about to be is not shown")
	s.deliver(spec.AppendEntries, 1, 2)
	s.deliver(spec.AppendEntriesReply, 2, 1)
	s.does(1, spec.Resume)
	require.Equal(t, spec.Index(2), s.world.Observe(1).CommitIndex)
	require.True(t, s.refused(1, spec.Input{Kind: spec.Resume}), "nobody is held")
	require.True(t, s.refused(1, spec.Input{Kind: spec.Propose, Value: "y", Gate: "electSelf/setCurrentTerm"}), "nobody comes there")
}

// refused reports whether a server does not take an input.
func (s *script) refused(id spec.ServerID, in spec.Input) bool {
	s.t.Helper()
	outcome, err := s.world.Apply(cluster.Action{Kind: cluster.Give, Server: id, Input: in})
	require.NoError(s.t, err)
	return outcome.Refused
}
