package rpc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/spec"
)

// hasty is a server that lets a goroutine send, or answer, and saves only then, or before that.
type hasty struct {
	env   *rpc.Env
	hurry bool
	asks  chan chan bool

	CurrentTerm, VotedFor, State int
	Log                          []stubEntry
}

func (h *hasty) run() {
	for {
		var tell func()
		select {
		case <-h.env.Done():
			return
		case <-time.After(time.Second):
			h.State, h.VotedFor = 1, h.env.Me()
			h.CurrentTerm++
			term := h.CurrentTerm
			tell = func() { go h.env.Peer(1).Call("RequestVote", &stubVote{Term: term}, &stubReply{}) }
		case answer := <-h.asks:
			h.VotedFor = 0
			tell = func() { answer <- true }
		}
		if h.hurry {
			tell()
		}
		h.env.Disk("term").Save([]byte{byte(h.CurrentTerm)})
		if !h.hurry {
			tell()
		}
	}
}

// RequestVote has the loop grant the vote.
func (h *hasty) RequestVote(q stubVote, reply *stubReply) {
	answer := make(chan bool, 1)
	h.asks <- answer
	*reply = stubReply{q.Term, <-answer}
}

// What a goroutine may send before a write is on disk is sent before, for a disk takes its time; what is sent after it is not.
func TestWhatMayLeaveBeforeAWriteDoes(t *testing.T) {
	for hurry, want := range map[bool][]spec.EffectKind{true: {spec.Send, spec.Sync}, false: {spec.Sync, spec.Send}} {
		lab := rpc.New(t, rpc.Server[*hasty]{Make: func(e *rpc.Env) *hasty {
			h := &hasty{env: e, hurry: hurry, asks: make(chan chan bool), VotedFor: -1}
			go h.run()
			return h
		}})
		kinds := func(id spec.ServerID, in spec.Input) (all []spec.EffectKind) {
			out := lab.Node(id, trio).Step(in)
			require.NoError(t, out.Fault)
			for _, e := range out.Effects {
				all = append(all, e.Kind)
			}
			return all
		}
		require.Equal(t, want, kinds(1, fires), "a request")
		asked := spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 1, Payload: `{"call":"RequestVote","args":{"Term":1}}`}
		require.Equal(t, want, kinds(2, spec.Input{Kind: spec.Deliver, Message: asked}), "an answer")
	}
}
