package fuzz

import (
	"testing"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Add makes a native fuzz target of a node, for go test -fuzz: bytes are executions of a world, and every step is judged by the whole
// rulebook. An execution that breaks a promise is shortened, saved in testdata/raftcheck as a trace, and fails the target with its
// story; plain go test tries it first, and seeds the target with it. The world is Default, and edit may change it.
//
// Without -fuzz, go test makes a campaign of five CPU seconds (one with -short), the same in every run, before it tries the seeds. It fails too if the
// node is in breach of the contract of package spec, or if some goal is never reached that is within the bounds.
//
//	func FuzzRaft(f *testing.F) {
//		fuzz.Add(f, func(id spec.ServerID, servers []spec.ServerID) spec.Node {
//			return newServer(id, servers)
//		})
//	}
func Add(f *testing.F, node spec.Factory, edit ...func(*cluster.Config)) {
	f.Helper()
	p, err := newPlayer(f.Name(), node, edit)
	if err != nil {
		f.Fatalf("raftcheck: %v", err)
	}
	if checker.TrySaved(f, &p.config, spec.Rules) {
		return
	}
	if !fuzzing() {
		ctx, cancel := checker.BeforeDeadline(f)
		defer cancel()
		if !checker.KeepsContract(ctx, f, &p.config) {
			return
		}
		p.work(ctx, f, false)
	}
	for _, seed := range p.seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) { p.try(named{t, p.name}, data) })
}

// seeds are what a target begins with: saved executions, also of a node that was mended since, and an election with an entry.
func (p *player) seeds(t checker.TB) [][]byte {
	all := [][]byte{{}, election}
	for saved := range checker.Saved(t, p.name) {
		if seed, err := p.encode(saved.Trace); err == nil && len(seed) > 0 {
			all = append(all, seed)
		}
	}
	return all
}

// election is an execution in which, in the default world of the reference, the first server is elected and replicates an entry.
var election = []byte{0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 6, 0, 0, 3, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0}

// try plays bytes, and fails the test if they break a promise.
func (p *player) try(t checker.TB, data []byte) {
	t.Helper()
	p.Lock()
	defer p.Unlock()
	way, broken, err := p.play(data)
	switch {
	case err != nil:
		t.Fatalf("raftcheck: %v", err)
	case broken:
		p.fail(t, way)
	}
}

// named is a test that goes by the name of the fuzz target that it is part of.
type named struct {
	checker.TB
	name string
}

func (n named) Name() string { return n.name }
