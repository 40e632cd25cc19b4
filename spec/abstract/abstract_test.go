package abstract_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/spec/abstract"
)

var three = []spec.ServerID{1, 2, 3}

// A candidate asks everybody, itself included, and votes for itself by message.
func ExampleNew() {
	n1 := abstract.New(1, three)
	n1.Step(spec.Input{Kind: spec.Timeout})
	for _, voter := range three[:2] {
		n1.Step(spec.Input{Kind: spec.Deliver, Message: spec.Message{
			Kind: spec.RequestVoteReply, From: voter, To: 1, Term: 2, Granted: true,
		}})
	}
	fmt.Println(n1.Observe().Role, n1.Observe().Granted)
	n1.Step(spec.Input{Kind: spec.BecomeLeader})
	fmt.Println(n1.Observe().Role)
	// Output:
	// candidate [n1 n2]
	// leader
}

func deliver(m spec.Message) spec.Input { return spec.Input{Kind: spec.Deliver, Message: m} }

// follower returns n2 in term 2, having stored the given entries from n1.
func follower(t *testing.T, terms ...spec.Term) spec.Node {
	n := abstract.New(2, three)
	n.Step(deliver(spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 2}))
	for k, term := range terms {
		m := spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 2, PrevLogIndex: spec.Index(k),
			Entries: []spec.Entry{{Term: term, Value: "v"}}}
		if k > 0 {
			m.PrevLogTerm = terms[k-1]
		}
		out := n.Step(deliver(m))
		require.True(t, out.Keep, "an entry is appended in a step of its own")
		n.Step(deliver(m))
	}
	require.Len(t, n.Observe().Log.Entries, len(terms))
	return n
}

func TestReceive(t *testing.T) {
	tests := []struct {
		name  string
		terms []spec.Term // of the follower's log
		m     spec.Message
		want  string // the reply, "keep" or "refused"
		log   string
	}{
		{"a higher term is adopted first", nil,
			spec.Message{Kind: spec.RequestVote, Term: 3}, "keep", "[]"},
		{"a vote request of a lower term is answered with ours", nil,
			spec.Message{Kind: spec.RequestVote, Term: 1}, "RequestVoteReply n2->n1 term=2 granted=false", "[]"},
		{"a vote is given", nil,
			spec.Message{Kind: spec.RequestVote, Term: 2}, "RequestVoteReply n2->n1 term=2 granted=true", "[]"},
		{"no vote for a shorter log", []spec.Term{1},
			spec.Message{Kind: spec.RequestVote, Term: 2}, "RequestVoteReply n2->n1 term=2 granted=false", "[v@1]"},
		{"a stale reply is dropped", nil,
			spec.Message{Kind: spec.AppendEntriesReply, Term: 1}, "nothing", "[]"},
		{"prev is missing: match 0", nil,
			spec.Message{Kind: spec.AppendEntries, Term: 2, PrevLogIndex: 1, PrevLogTerm: 1},
			"AppendEntriesReply n2->n1 term=2 success=false match=0", "[]"},
		{"the last entry goes first, wherever the conflict is", []spec.Term{1, 1},
			spec.Message{Kind: spec.AppendEntries, Term: 2, Entries: []spec.Entry{{Term: 2}}}, "keep", "[v@1]"},
		{"already done", []spec.Term{1, 1},
			spec.Message{Kind: spec.AppendEntries, Term: 2, Entries: []spec.Entry{{Term: 1, Value: "v"}}},
			"AppendEntriesReply n2->n1 term=2 success=true match=1", "[v@1 v@1]"},
		{"what raft.tla does not know is refused", nil,
			spec.Message{Kind: spec.PreVote, Term: 2}, "refused", "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := follower(t, test.terms...)
			test.m.From, test.m.To = 1, 2
			require.Equal(t, test.want, outcome(n.Step(deliver(test.m))))
			require.Equal(t, test.log, n.Observe().Log.String())
		})
	}
}

func outcome(out spec.Output) string {
	for _, m := range out.Sent {
		return m.String()
	}
	switch {
	case out.Refused:
		return "refused"
	case out.Keep:
		return "keep"
	}
	return "nothing"
}

func TestGuardsRefuse(t *testing.T) {
	tests := []struct {
		name string
		in   spec.Input
	}{
		{"a follower asks for no votes", spec.Input{Kind: spec.SendRequestVote, Peer: 1}},
		{"a follower takes no office", spec.Input{Kind: spec.BecomeLeader}},
		{"a follower appends nothing", spec.Input{Kind: spec.Propose, Value: "v"}},
		{"a follower sends no entries", spec.Input{Kind: spec.SendAppendEntries, Peer: 1}},
		{"a follower commits nothing by itself", spec.Input{Kind: spec.AdvanceCommit}},
		{"a stranger is asked nothing", spec.Input{Kind: spec.SendRequestVote, Peer: 4}},
		{"a stranger says nothing", deliver(spec.Message{Kind: spec.RequestVote, From: 4, To: 2, Term: 2})},
		{"actions are atomic", spec.Input{Kind: spec.Timeout, Cut: 1}},
		{"a restart is a crash and a recovery in one", spec.Input{Kind: spec.Crash}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := follower(t)
			before := n.AppendState(nil)
			require.Equal(t, spec.Output{Refused: true}, n.Step(test.in))
			require.Equal(t, before, n.AppendState(nil))
		})
	}
}

func TestRestartKeepsWhatIsDurable(t *testing.T) {
	n := follower(t, 2)
	n.Step(deliver(spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 2, LastLogIndex: 1, LastLogTerm: 2}))
	n.Step(deliver(spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 2, PrevLogIndex: 1, PrevLogTerm: 2, LeaderCommit: 1}))
	before := n.Observe()
	require.EqualValues(t, 1, before.CommitIndex)
	n.Step(spec.Input{Kind: spec.Restart})
	after := n.Observe()
	require.Equal(t, before.Durable, after.Durable)
	require.EqualValues(t, 1, after.VotedFor)
	require.Zero(t, after.CommitIndex)
}

// What becomes durable does so before anything is sent, and a step that changes nothing durable says nothing of it.
func TestDurableBeforeSend(t *testing.T) {
	n := follower(t)
	request := deliver(spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 2})
	first := n.Step(request)
	require.Len(t, first.Effects, 2)
	require.Equal(t, spec.Sync, first.Effects[0].Kind)
	require.EqualValues(t, 1, first.Effects[0].Durable.VotedFor)
	again := n.Step(request)
	require.Len(t, again.Effects, 1)
}

func TestRenamingNothingChangesNothing(t *testing.T) {
	n := follower(t, 1, 2).(spec.Permuter)
	same := n.AppendPermuted(nil, func(id spec.ServerID) spec.ServerID { return id }, func(v string) string { return v })
	require.Equal(t, n.AppendState(nil), same)
}

func TestObservationsDoNotChange(t *testing.T) {
	n := follower(t, 1, 1)
	before := n.Observe()
	shown := before.Log.String()
	n.Step(deliver(spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 2, Entries: []spec.Entry{{Term: 2, Value: "w"}}}))
	n.Step(deliver(spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 2, PrevLogIndex: 1, PrevLogTerm: 1,
		Entries: []spec.Entry{{Term: 2, Value: "w"}}}))
	require.Equal(t, "[v@1 w@2]", n.Observe().Log.String())
	require.Equal(t, shown, before.Log.String())
}

func TestClone(t *testing.T) {
	n := follower(t, 1)
	c := n.(spec.Cloner).Clone()
	require.Equal(t, n.AppendState(nil), c.AppendState(nil))
	c.Step(spec.Input{Kind: spec.Timeout})
	require.EqualValues(t, 2, n.Observe().Term)
	require.EqualValues(t, 3, c.Observe().Term)
}
