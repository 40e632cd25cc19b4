package subject

import (
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
)

// PublishedFault is a fault that a published specification of Raft has itself.
type PublishedFault struct {
	Name    string // stable, as in --impl published:NAME
	Title   string // the fault in one line
	Source  string
	Story   string // in plain words
	Remark  string // how it is reproduced here
	Rule    string // the name of the rule that it breaks
	Command string // that shows it, behind "raftcheck "
	world   func() *Subject
}

// PublishedFaults are the faults of published specifications, in the order in which they are told.
var PublishedFaults = []PublishedFault{
	{
		Name:   "raft-tla-falling-commit",
		Title:  "a follower's commitIndex falls",
		Source: "raft.tla, AcceptAppendEntriesRequest; ongardie/raft.tla#19",
		Story: "The specification that came with the dissertation sets a follower's commitIndex to the one in the message, without a look at its own. A message that left before an entry " +
			"was committed arrives after one that told of it, and the follower takes back what it has committed. Entries stay where they are, so nothing is lost; but a state " +
			"machine that has applied them cannot go back. PySyncObj did the same (PySyncObj#166).",
		Remark: "`spec` is raft.tla action by action, and declares the variant commit-may-fall, which makes the rule void. Here it does not declare it.",
		Rule:   "commit-monotonic", Command: "check --impl published:raft-tla-falling-commit --rule commit-monotonic --symmetry",
		world: func() *Subject { return undeclared(spec.CommitMayFall) },
	},
	{
		Name:   "raft-tla-falling-match",
		Title:  "a leader's matchIndex falls",
		Source: "raft.tla, HandleAppendEntriesResponse; ongardie/raft.tla#18",
		Story: "The specification takes every acknowledgement at its word. Two of one follower overtake each other, the later one to arrive is the earlier one, and the leader forgets what it knew to be " +
			"replicated. Nothing that is committed is lost by it, but what a leader counts may fall below what it has committed. RaftOS and PySyncObj did the same.",
		Remark: "`spec` declares the variant progress-may-fall, which makes the rule void. Here it does not declare it.",
		Rule:   "match-monotonic", Command: "check --impl published:raft-tla-falling-match --rule match-monotonic --symmetry",
		world: func() *Subject { return undeclared(spec.ProgressMayFall) },
	},
	{
		Name:   "etcd-unapplied-change",
		Title:  "a server campaigns while configurations that are committed are not applied",
		Source: "etcd-io/raft, tla/etcdraft.tla; etcd-io/raft#456, after etcd#7280, #5004 and #11284",
		Story: "In etcd's raft a configuration is in force when a server applies it, not when it is in the log. That is safe only if no server campaigns with a change that is committed and not " +
			"applied: the implementation sees to that, and the specification forgot it. Two servers are added one after the other to a cluster of three. One server knows of both and wins a term " +
			"with the majority of five, another knows of none and wins the same term with the majority of three.",
		Remark: "The reference goes by the last configuration that a server knows to be committed, and campaigns without a further look: the mutant `el-unapplied-conf-campaign`. It applies what is committed at once, so " +
			"the server that has applied none is one that has just restarted and does not know yet what is committed. In five servers guided random executions find it. One server that becomes three does as well, and there " +
			"a search finds the shortest execution, of 15 steps: `raftcheck check --impl mutant:el-unapplied-conf-campaign --rule election-safety`.",
		Rule: "election-safety", Command: "fuzz --impl published:etcd-unapplied-change --rule election-safety",
		world: func() *Subject {
			m, _ := mutant.ByName("el-unapplied-conf-campaign")
			m.Options.Voters = 3
			return &Subject{Fixed: true, Takes: ofReference(&m.Options), Config: cluster.Config{
				Servers: 5, New: impl.New(m.Options), Variants: m.Options.Variants(),
				Changes: []spec.Change{{Voters: "n1,n2,n3,n4"}, {Voters: "n1,n2,n3,n4,n5"}},
				Faults:  cluster.Faults{Drop: cluster.Unlimited, Crash: 1},
				Bounds:  cluster.Bounds{Terms: 2, Log: 4, Messages: 6, Campaigns: 3, Proposals: -1, Changes: 2},
			}}
		},
	},
}

// undeclared is raft.tla, with room for two messages in flight, without one of the variants that it declares.
func undeclared(v spec.Variant) *Subject {
	s := specification()
	s.Config.Variants = slices.DeleteFunc(slices.Clone(s.Config.Variants), func(w spec.Variant) bool { return w == v })
	s.Config.Bounds.Messages = 2
	return s
}

// published returns a published specification with its fault; nil if there is none of that name.
func published(name string) *Subject {
	k := slices.IndexFunc(PublishedFaults, func(f PublishedFault) bool { return PublishedPrefix+f.Name == name })
	if k < 0 {
		return nil
	}
	s := PublishedFaults[k].world()
	s.Name = PublishedPrefix + PublishedFaults[k].Name
	return s
}
