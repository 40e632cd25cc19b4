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
