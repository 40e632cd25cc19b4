// Package user is a project that fuzzes its own Raft. Its test is built and run by TestANativeTarget.
package user

import (
	"testing"

	"github.com/raftcheck/raftcheck/fuzz"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

func FuzzRaft(f *testing.F) {
	fuzz.Add(f, func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		return newServer(id, servers)
	})
}

func newServer(id spec.ServerID, servers []spec.ServerID) spec.Node {
	m, _ := mutant.ByName("el-stale-vote-resp")
	return m.Factory()(id, servers)
}
