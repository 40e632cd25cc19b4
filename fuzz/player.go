package fuzz

import (
	"errors"
	"sync"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// player plays the executions of a test: choices come from rapid or from the bytes of a native fuzz target.
type player struct {
	sync.Mutex
	config cluster.Config
	name   string
	walker *checker.Walker
}

// playerMemory bounds the memo of a test, of which many may run at the same time.
const playerMemory = 256 << 20

// newPlayer returns a player of a node in the world of a campaign, or what edit makes of it.
func newPlayer(name string, node spec.Factory, edit []func(*cluster.Config)) (*player, error) {
	p := &player{config: Default(node), name: name}
	for _, e := range edit {
		e(&p.config)
	}
	if err := wholeSteps(&p.config); err != nil {
		return p, err
	}
	var err error
	p.walker, err = checker.NewWalker(&p.config, checker.WalkerOptions{Memory: playerMemory})
	return p, err
}

// fail fails the test with the story of an execution that breaks a promise, after it was shortened and saved.
func (p *player) fail(t checker.TB, way []checker.Choice) {
	t.Helper()
	trace, err := p.trace(way)
	if err != nil {
		t.Fatalf("raftcheck: %v", err)
		return
	}
	trace, _, err = shorten(&p.config, trace, spec.Rules)
	if err != nil {
		t.Fatalf("raftcheck: %v", err)
		return
	}
	broken, _ := traces.Broken(trace, spec.Rules, p.config.Variants)
	p.tell(t, broken[0], trace)
}

// trace runs an execution that breaks a promise from fresh nodes.
func (p *player) trace(way []checker.Choice) (*traces.Trace, error) {
	actions, err := p.walker.Actions(way)
	if err != nil {
		return nil, err
	}
	trace, broken, err := checker.Run(&p.config, actions, spec.Rules)
	if err != nil {
		return nil, err
	}
	if len(broken) == 0 {
		return nil, errors.New("an execution that broke a promise breaks none when it runs again from fresh nodes: the node is not deterministic, or raftcheck is wrong")
	}
	trace.Header.Origin, trace.Header.Implementation = "fuzz", p.name
	return trace, nil
}
