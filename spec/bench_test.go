package spec_test

import (
	"testing"

	"github.com/raftcheck/raftcheck/spec"
)

// The steps of BenchmarkJudgeStep are those of a follower and a leader with a long log, sharing what does not change as
// implementations and readers of traces do.
func benchSteps() []*spec.Step {
	const n = 10_000
	entries := make([]spec.Entry, n+1)
	for k := range entries {
		entries[k] = spec.Entry{Term: 3, Value: "v"}
	}
	long := func(o *spec.Observation) { o.Log.Entries = entries[:n:n] }
	longer := func(o *spec.Observation) { o.Log.Entries = entries }
	m := spec.Message{Kind: spec.AppendEntries, Term: 3, PrevLogIndex: n, PrevLogTerm: 3, Entries: entries[n:], LeaderCommit: n - 1}
	before, after := follower(3, long, commit(n-2)), follower(3, longer, commit(n-1))
	return []*spec.Step{
		step(before, receives(m), after, writes(before.Durable), syncs(after.Durable), sends(accepts(3, n+1))),
		step(leader(3, long), input(spec.Propose), leader(3, longer)),
		step(leader(3, longer), input(spec.Heartbeat), leader(3, longer), sends(m), sends(m)),
		step(leader(3, longer, progress(n, n-1, n, n-1), commit(n-1)), receives(accepts(3, n)), leader(3, longer, progress(n+1, n, n, n-1), commit(n))),
	}
}

// BenchmarkJudgeStep is what all rules that look at steps cost for one step in which nothing is wrong.
func BenchmarkJudgeStep(b *testing.B) {
	steps := benchSteps()
	b.ReportAllocs()
	for k := 0; b.Loop(); k++ {
		for _, r := range spec.Rules {
			if r.JudgeStep(steps[k%len(steps)]) != nil {
				b.Fatal(r.ID)
			}
		}
	}
}

// BenchmarkJudge is what a judge costs for one step of a long execution: rules, facts, pairs and goals.
func BenchmarkJudge(b *testing.B) {
	judge := spec.NewJudge(spec.Rules, nil)
	entries := make([]spec.Entry, 0, 1<<22)
	ids := []spec.ServerID{1, 2, 3}
	now := map[spec.ServerID]spec.Observation{1: leader(3), 2: follower(3), 3: follower(3)}
	b.ReportAllocs()
	for k := 0; b.Loop(); k++ {
		if k%3 == 0 {
			entries = append(entries, spec.Entry{Term: 3, Value: "v"})
		}
		id, last := ids[k%3], len(entries)
		after := now[id]
		after.Log.Entries = entries
		after.Durable.Log.Entries = entries
		after.CommitIndex = spec.Index(max(last-2, 0))
		s := &spec.Step{Server: id, Before: now[id], After: after, Input: spec.Input{Kind: spec.Propose}}
		if id != 1 {
			s.Input = receives(spec.Message{Kind: spec.AppendEntries, Term: 3, PrevLogIndex: spec.Index(last - 1), PrevLogTerm: after.Log.Entries[max(last-2, 0)].Term,
				Entries: entries[last-1:], LeaderCommit: after.CommitIndex})
			if last == 1 {
				s.Input.Message.PrevLogTerm = 0
			}
		} else {
			s.After.Progress = []spec.Progress{{Server: 2, NextIndex: spec.Index(last), MatchIndex: spec.Index(last - 1)}, {Server: 3, NextIndex: 1}}
			s.Before.Progress = s.After.Progress
		}
		s.Input.Message.To = id
		for _, found := range judge.Step(spec.Origin(k), s) {
			b.Fatal(k, found.Rule.ID, found.Message)
		}
		now[id] = s.After
	}
}
