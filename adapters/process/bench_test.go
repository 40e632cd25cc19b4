package process_test

import (
	"context"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// BenchmarkStep is one input to a server at a state that it is loaded with: what an execution of a sample's code costs.
func BenchmarkStep(b *testing.B) {
	for _, s := range samples {
		b.Run(s.language, func(b *testing.B) {
			p := s.program(b, process.Options{})
			node := p.Node(1, three).(spec.Cloner)
			node.Step(spec.Input{Kind: spec.Timeout})
			inputs := []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Deliver, Message: spec.Message{Kind: spec.RequestVoteReply, From: 2, To: 1, Term: 1, Granted: true}}}
			k := 0
			for b.Loop() {
				if out := node.Clone().Step(inputs[k%2]); out.Fault != nil {
					b.Fatal(out.Fault)
				}
				k++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executions/s")
		})
	}
}

// BenchmarkReplay is the same with a server that cannot be loaded and goes through a history of some length for it.
func BenchmarkReplay(b *testing.B) {
	p := themselves(b, "state start", process.Options{Processes: 1})
	node := p.Node(1, three).(spec.Cloner)
	for range 10 {
		node.Step(spec.Input{Kind: spec.Timeout})
	}
	inputs := []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Deliver, Message: spec.Message{Kind: spec.RequestVoteReply, From: 2, To: 1, Term: 10, Granted: true}}}
	k := 0
	for b.Loop() {
		if out := node.Clone().Step(inputs[k%2]); out.Fault != nil {
			b.Fatal(out.Fault)
		}
		k++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executions/s")
}

// BenchmarkSearch is a whole search of the documented world.
func BenchmarkSearch(b *testing.B) {
	for _, s := range samples {
		b.Run(s.language, func(b *testing.B) {
			p := s.program(b, process.Options{})
			for b.Loop() {
				r, err := checker.Check(context.Background(), documented(p.Node), checker.Options{})
				if err != nil || !r.Search.Complete {
					b.Fatal(err, r)
				}
				b.ReportMetric(float64(r.Search.Executions+r.Search.Audits)/r.Search.Seconds, "executions/s")
			}
		})
	}
}
