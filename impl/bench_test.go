package impl_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// BenchmarkStep is a heartbeat of a leader, its delivery to a follower and the reply, each a step.
func BenchmarkStep(b *testing.B) {
	servers := []spec.ServerID{1, 2, 3}
	n1, n2 := impl.New(impl.Options{})(1, servers), impl.New(impl.Options{})(2, servers)
	n1.Step(timeout)
	n1.Step(vote(2, 1, 1))
	n1.Step(spec.Input{Kind: spec.Propose, Value: "x"})
	b.ReportAllocs()
	for b.Loop() {
		sent := n1.Step(heartbeat)
		reply := n2.Step(deliver(sent.Effects[0].Message))
		n1.Step(deliver(reply.Effects[len(reply.Effects)-1].Message))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(3*b.N), "ns/step")
}

// BenchmarkAppendState is the state of a leader with two entries.
func BenchmarkAppendState(b *testing.B) {
	n1 := impl.New(impl.Options{NoOp: true})(1, []spec.ServerID{1, 2, 3})
	n1.Step(timeout)
	n1.Step(vote(2, 1, 1))
	n1.Step(spec.Input{Kind: spec.Propose, Value: "x"})
	var state []byte
	b.ReportAllocs()
	for b.Loop() {
		state = n1.AppendState(state[:0])
	}
}
