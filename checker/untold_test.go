package checker_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// reticent is a server whose answers to entries do not tell its term: that is in the payload only.
type reticent struct{ spec.Node }

func (r reticent) Step(in spec.Input) spec.Output {
	m := &in.Message
	if m.Unknown != 0 {
		term, _ := strconv.Atoi(m.Payload)
		m.Term, m.Unknown, m.Payload = spec.Term(term), 0, ""
	}
	out := r.Node.Step(in)
	out.Effects = slices.Clone(out.Effects)
	for k := range out.Effects {
		if e := &out.Effects[k]; e.Kind == spec.Send && e.Message.Kind == spec.AppendEntriesReply {
			e.Message.Payload, e.Message.Term, e.Message.Unknown = strconv.Itoa(int(e.Message.Term)), 0, spec.MessageTerm
		}
	}
	return out
}

// What a message does not tell is not taken for zero: such an answer is not one of an earlier term.
func TestWhatMessagesDoNotTellIsNotZero(t *testing.T) {
	config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return reticent{impl.New(impl.Options{})(id, servers)}
	})
	config.Bounds.Messages, config.Faults.Crash = 1, 0
	r, err := checker.Check(context.Background(), &config, checker.Options{Goals: []*spec.Goal{}})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict, r.Reason)
	require.True(t, r.Search.Complete)
}
