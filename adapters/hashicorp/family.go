package hashicorp

import (
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// What versions from 1.7 on have that earlier ones have not, and what both have under different names.

var _ raft.WithPreVote = (*courier)(nil)

// RequestPreVote is part of raft.WithPreVote.
func (c *courier) RequestPreVote(id raft.ServerID, _ raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return c.send(id, args, resp, nil)
}

// preVoteRequest fills in a message if the request asks for a pre-vote.
func preVoteRequest(m *spec.Message, request any) bool {
	r, ok := request.(*raft.RequestPreVoteRequest)
	if ok {
		m.Kind, m.Term = spec.PreVote, spec.Term(r.Term)
		m.LastLogIndex, m.LastLogTerm = spec.Index(r.LastLogIndex), spec.Term(r.LastLogTerm)
	}
	return ok
}

// newPreVoteRequest returns a place for a request of that kind, if it is one for a pre-vote.
func newPreVoteRequest(kind spec.MessageKind) any {
	if kind == spec.PreVote {
		return new(raft.RequestPreVoteRequest)
	}
	return nil
}

// preVoteResponse fills in a message if the response is about a pre-vote.
func preVoteResponse(m *spec.Message, response any) bool {
	r, ok := response.(*raft.RequestPreVoteResponse)
	if ok {
		m.Term, m.Granted = spec.Term(r.Term), r.Granted
	}
	return ok
}

func withoutPreVote(c *raft.Config) { c.PreVoteDisabled = true }

// termOf is the current term, which not all versions show.
func termOf(r *raft.Raft) uint64 {
	if shows, does := any(r).(interface{ CurrentTerm() uint64 }); does {
		return shows.CurrentTerm()
	}
	term, known := statekey.Find[uint64](r, "raftState.currentTerm")
	if !known {
		panic("this version of the library has no currentTerm")
	}
	return atomic.LoadUint64(term)
}

func commitOf(r *raft.Raft) uint64 { return r.CommitIndex() }

// composedPreVote is a request for a pre-vote; nil for messages of another kind.
func composedPreVote(m *spec.Message, header raft.RPCHeader) any {
	if m.Kind != spec.PreVote {
		return nil
	}
	return &raft.RequestPreVoteRequest{RPCHeader: header, Term: uint64(m.Term), LastLogIndex: uint64(m.LastLogIndex), LastLogTerm: uint64(m.LastLogTerm)}
}

// composedPreVoteReply is the answer to one; nil for messages of another kind.
func composedPreVoteReply(m *spec.Message, header raft.RPCHeader) any {
	if m.Kind != spec.PreVoteReply {
		return nil
	}
	return &raft.RequestPreVoteResponse{RPCHeader: header, Term: uint64(m.Term), Granted: m.Granted}
}

// signature is where a header says who sends.
func signature(h *raft.RPCHeader) []*[]byte { return []*[]byte{&h.ID, &h.Addr} }
