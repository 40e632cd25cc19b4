package fuzz

import (
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Try plays bytes as a native fuzz target does.
func Try(t checker.TB, node spec.Factory, data []byte) {
	p, err := newPlayer(t.Name(), node, nil)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	p.try(t, data)
}

// Encode returns a saved execution as bytes, and the actions that those bytes play.
func Encode(node spec.Factory, trace *traces.Trace) (data []byte, actions int, broken bool, err error) {
	p, err := newPlayer("", node, nil)
	if err != nil {
		return nil, 0, false, err
	}
	if data, err = p.encode(trace); err != nil {
		return nil, 0, false, err
	}
	way, broken, err := p.play(data)
	return data, len(way), broken, err
}
