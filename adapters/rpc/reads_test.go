package rpc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/spec"
)

var reads = spec.Input{Kind: spec.ReadIndex}

// readers are stubs of which clients read. A read waits until the next Compact, which tells first that an entry is applied, if one is named.
func readers(index int, answered bool, applies ...any) rpc.Server[*stub] {
	how := stubs()
	var done chan struct{}
	make0 := how.Make
	how.Make = func(e *rpc.Env) *stub {
		done = make(chan struct{})
		return make0(e)
	}
	end := func(*stub) {
		select {
		case <-done:
		default:
			close(done)
		}
	}
	how.Read = func(s *stub) (int, bool) {
		<-done
		return index, answered
	}
	how.Kill = end
	how.Compact = func(s *stub) {
		for k, command := range applies {
			s.env.Applied(7+k, command)
		}
		end(s)
	}
	return how
}

// answers are the answers to reads in a step.
func answers(t *testing.T, node spec.Node, in spec.Input) (all []spec.Reply) {
	t.Helper()
	out := node.Step(in)
	require.NoError(t, out.Fault)
	require.False(t, out.Refused)
	for _, e := range out.Effects {
		if e.Kind == spec.Answer {
			all = append(all, e.Reply)
		}
	}
	return all
}

func TestReadsThatWait(t *testing.T) {
	for name, c := range map[string]struct {
		index    int
		answered bool
		applies  []any
		want     []spec.Reply
	}{
		"at an index":       {5, true, []any{"x"}, []spec.Reply{{Read: true, Index: 5}}},
		"what is applied":   {0, true, []any{"x"}, []spec.Reply{{Read: true, Index: 7}}},
		"behind a no-op":    {0, true, []any{"x", nil}, []spec.Reply{{Read: true, Index: 8}}},
		"nobody knows more": {5, false, []any{"x"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			node := rpc.New(t, readers(c.index, c.answered, c.applies...)).Node(1, trio)
			before := node.AppendState(nil)
			require.Empty(t, answers(t, node, reads))
			require.NotEqual(t, before, node.AppendState(nil), "that a client waits is state")
			require.True(t, node.Step(reads).Refused, "one waits at a time")
			require.Equal(t, c.want, answers(t, node, spec.Input{Kind: spec.Compact}))
			require.Equal(t, !c.answered, node.Step(reads).Refused, "none waits any more, and a server without a leader refuses")
		})
	}
	require.True(t, rpc.New(t, stubs()).Node(1, trio).Step(reads).Refused)
}

// A reader of what is applied sees what follows and is no command, and what the server shows to have applied where nobody tells.
func TestWhatIsSeen(t *testing.T) {
	log := spec.Log{Entries: []spec.Entry{{Term: 1, Value: "x"}, {Term: 1, Kind: spec.NoOp}, {Term: 1, Value: "y"}}}
	for name, c := range map[string]struct {
		tells           bool
		commit, applied spec.Index
		want            spec.Index
	}{"a no-op": {true, 3, 3, 2}, "one that is not committed": {true, 1, 1, 1}, "nobody tells": {false, 3, 3, 3}, "nothing is applied": {false, 0, 0, 0}} {
		t.Run(name, func(t *testing.T) {
			how := stubs()
			how.Read = func(s *stub) (int, bool) {
				if c.tells {
					s.env.Applied(1, "x")
				}
				return 0, true
			}
			how.Amend = func(_ *stub, o *spec.Observation) { o.Log, o.CommitIndex, o.LastApplied = log, c.commit, c.applied }
			require.Equal(t, []spec.Reply{{Read: true, Index: c.want}}, answers(t, rpc.New(t, how).Node(1, trio), reads))
		})
	}
}

// A reader that is refused at once is sent to the leader, if somebody else is known to lead.
func TestReadersAreSentOn(t *testing.T) {
	for leader, want := range map[int]spec.ServerID{-1: spec.None, 0: spec.None, 1: 2} {
		how := stubs()
		how.Read = func(*stub) (int, bool) { return 0, false }
		how.Amend = func(_ *stub, o *spec.Observation) { o.LeaderID = spec.ServerID(leader + 1) }
		out := rpc.New(t, how).Node(1, trio).Step(reads)
		require.Equal(t, want, out.Redirect)
		require.Equal(t, want == spec.None, out.Refused)
	}
}

// What was asked before a read came confirms nothing, though it is asked again in the same words; what is asked while the read waits does.
func TestWhatConfirmsARead(t *testing.T) {
	how := readers(0, true)
	how.Variants = spec.Variants{spec.ConfirmsReads}
	asked := 0
	how.Propose = func(s *stub, _ string) (int, bool) {
		asked++
		go s.env.Peer(1).Call("Stub.RequestVote", &stubVote{}, &stubReply{})
		return asked, true
	}
	lab := rpc.New(t, how)
	voter := lab.Node(2, trio)
	asks := func(node spec.Node) (reply spec.Message) {
		for _, m := range node.Step(spec.Input{Kind: spec.Propose, Value: "x"}).Sent {
			for _, reply := range voter.Step(spec.Input{Kind: spec.Deliver, Message: *m}).Sent {
				return *reply
			}
		}
		return reply
	}
	node := lab.Node(1, trio)
	before := asks(node)
	require.Empty(t, answers(t, node, reads))
	during := asks(node)
	require.Equal(t, before.Payload, strings.TrimPrefix(during.Payload, "1 "))
	require.True(t, node.Step(spec.Input{Kind: spec.Deliver, Message: before}).Refused)
	require.Equal(t, []spec.PendingRead{{Token: "1"}}, node.Observe().Reads)
	require.False(t, node.Step(spec.Input{Kind: spec.Deliver, Message: during}).Refused)
	require.Equal(t, []spec.PendingRead{{Token: "1", Confirmed: []spec.ServerID{2}}}, node.Observe().Reads)
	require.Len(t, answers(t, node, spec.Input{Kind: spec.Compact}), 1)
	require.Empty(t, node.Observe().Reads)
	require.Equal(t, before.Payload, asks(node).Payload, "none waits")
}
