package etcdtest

import (
	"context"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// election is how n1 comes to lead and to commit a command, among three servers.
func election(node spec.Factory) []spec.Input {
	servers := []spec.ServerID{1, 2, 3}
	one, two := node(1, servers), node(2, servers)
	var all []spec.Input
	var inbox []spec.Message
	give := func(in spec.Input) {
		all = append(all, in)
		for _, m := range one.Step(in).Sent {
			if m.To == 2 {
				inbox = append(inbox, *m)
			}
		}
	}
	settle := func() {
		for len(inbox) > 0 {
			m := inbox[0]
			inbox = inbox[1:]
			for _, reply := range two.Step(spec.Input{Kind: spec.Deliver, Message: m}).Sent {
				give(spec.Input{Kind: spec.Deliver, Message: *reply})
			}
		}
	}
	for _, in := range []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Propose, Value: "x"}, {Kind: spec.Heartbeat}} {
		give(in)
		settle()
	}
	return all
}

// Benchmarks measures what searching a release costs: giving a server an input, writing its state, reaching a state again from
// nothing, and a whole search. Of that it tells the executions of the release's code for each second spent in it, the share of the
// search's time that is, and the states and transitions for each second of the search.
func Benchmarks(b *testing.B, release Release) {
	node := release(etcd.Options{})
	inputs := election(node)
	servers := []spec.ServerID{1, 2, 3}
	b.Run("replay", func(b *testing.B) {
		for b.Loop() {
			n := node(1, servers)
			for _, in := range inputs {
				n.Step(in)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(inputs)), "ns/input")
	})
	leader := node(1, servers)
	for _, in := range inputs {
		leader.Step(in)
	}
	b.Run("heartbeat", func(b *testing.B) {
		for b.Loop() {
			leader.Step(spec.Input{Kind: spec.Heartbeat})
		}
	})
	b.Run("state", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = leader.AppendState(dst[:0])
		}
		b.ReportMetric(float64(len(dst)), "bytes")
	})
	b.Run("search", func(b *testing.B) {
		var s checker.Stats
		for b.Loop() {
			c := World(release, etcd.Options{})
			c.Bounds.Messages = 1
			r, err := checker.Check(context.Background(), c, checker.Options{})
			if err != nil {
				b.Fatal(err)
			}
			s = r.Search
		}
		seconds := b.Elapsed().Seconds() / float64(b.N)
		b.ReportMetric(float64(s.Executions+s.Audits)/s.Inside, "executions/s")
		b.ReportMetric(100*s.Inside/s.Seconds, "%inside")
		b.ReportMetric(float64(s.Transitions)/seconds, "transitions/s")
		b.ReportMetric(float64(s.Distinct)/seconds, "states/s")
	})
}
