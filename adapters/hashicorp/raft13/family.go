package hashicorp

import (
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// What versions up to 1.6 have not, or have under different names.

func preVoteRequest(*spec.Message, any) bool { return false }

func newPreVoteRequest(spec.MessageKind) any { return nil }

func preVoteResponse(*spec.Message, any) bool { return false }

func withoutPreVote(*raft.Config) {}

func termOf(r *raft.Raft) uint64 { return number(r, "raftState.currentTerm") }

func commitOf(r *raft.Raft) uint64 { return number(r, "raftState.commitIndex") }

// number reads a number that the library shows only as a text among others.
func number(r *raft.Raft, path string) uint64 {
	n, ok := statekey.Find[uint64](r, path)
	if !ok {
		panic("this version of the library has no " + path)
	}
	return atomic.LoadUint64(n)
}

func composedPreVote(*spec.Message, raft.RPCHeader) any { return nil }

func composedPreVoteReply(*spec.Message, raft.RPCHeader) any { return nil }

// signature is where a header says who sends, which it does in versions from 1.3.7 on.
func signature(h *raft.RPCHeader) (names []*[]byte) {
	for _, field := range []string{"ID", "Addr"} {
		if at, has := statekey.Find[[]byte](h, field); has {
			names = append(names, at)
		}
	}
	return names
}
