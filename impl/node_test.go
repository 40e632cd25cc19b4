package impl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// TestWhatIsNotForThisRaft gives a server messages that it must not act on, each of a term that it would otherwise adopt.
func TestWhatIsNotForThisRaft(t *testing.T) {
	for name, test := range map[string]struct {
		message spec.Message
		refused bool // it cannot happen, rather than being ignored
	}{
		"to another server":        {spec.Message{Kind: spec.RequestVote, From: 2, To: 3, Term: 9}, true},
		"from itself":              {spec.Message{Kind: spec.RequestVote, From: 1, To: 1, Term: 9}, true},
		"from outside the cluster": {spec.Message{Kind: spec.RequestVote, From: 4, To: 1, Term: 9}, true},
		"a pre-vote":               {spec.Message{Kind: spec.PreVote, From: 2, To: 1, Term: 9}, false},
		"a snapshot":               {spec.Message{Kind: spec.InstallSnapshot, From: 2, To: 1, Term: 9}, false},
		"a transfer of leadership": {spec.Message{Kind: spec.TimeoutNow, From: 2, To: 1, Term: 9}, false},
	} {
		t.Run(name, func(t *testing.T) {
			node := impl.New(impl.Options{})(1, []spec.ServerID{1, 2, 3})
			before := node.AppendState(nil)
			require.Equal(t, spec.Output{Refused: test.refused}, node.Step(deliver(test.message)))
			require.Equal(t, before, node.AppendState(nil))
		})
	}
}

func TestWhatOnlySpecificationsDoIsRefused(t *testing.T) {
	for _, kind := range []spec.InputKind{spec.SendRequestVote, spec.SendAppendEntries, spec.BecomeLeader, spec.AdvanceCommit} {
		node := impl.New(impl.Options{})(1, []spec.ServerID{1, 2, 3})
		require.Equal(t, spec.Output{Refused: true}, node.Step(spec.Input{Kind: kind, Peer: 2}), "%s", kind)
	}
}
