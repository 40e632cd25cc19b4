package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// publishedPrefix begins the names of published specifications with the fault that each has.
const publishedPrefix = "published:"

// publishedFault is a fault that a published specification of Raft has itself.
type publishedFault struct {
	name    string // stable, as in --impl published:NAME
	title   string // the fault in one line
	source  string
	story   string // in plain words
	remark  string // how it is reproduced here
	rule    string // the name of the rule that it breaks
	command string // that shows it, behind "raftcheck "
	world   func() *subject
}

var publishedFaults = []publishedFault{
	{
		name:   "raft-tla-falling-commit",
		title:  "a follower's commitIndex falls",
		source: "raft.tla, AcceptAppendEntriesRequest; ongardie/raft.tla#19",
		story: "The specification that came with the dissertation sets a follower's commitIndex to the one in the message, without a look at its own. A message that left before an entry " +
			"was committed arrives after one that told of it, and the follower takes back what it has committed. Entries stay where they are, so nothing is lost; but a state " +
			"machine that has applied them cannot go back. PySyncObj did the same (PySyncObj#166).",
		remark: "`spec` is raft.tla action by action, and declares the variant commit-may-fall, which makes the rule void. Here it does not declare it.",
		rule:   "commit-monotonic", command: "check --impl published:raft-tla-falling-commit --rule commit-monotonic --symmetry",
		world: func() *subject { return undeclared(spec.CommitMayFall) },
	},
	{
		name:   "raft-tla-falling-match",
		title:  "a leader's matchIndex falls",
		source: "raft.tla, HandleAppendEntriesResponse; ongardie/raft.tla#18",
		story: "The specification takes every acknowledgement at its word. Two of one follower overtake each other, the later one to arrive is the earlier one, and the leader forgets what it knew to be " +
			"replicated. Nothing that is committed is lost by it, but what a leader counts may fall below what it has committed. RaftOS and PySyncObj did the same.",
		remark: "`spec` declares the variant progress-may-fall, which makes the rule void. Here it does not declare it.",
		rule:   "match-monotonic", command: "check --impl published:raft-tla-falling-match --rule match-monotonic --symmetry",
		world: func() *subject { return undeclared(spec.ProgressMayFall) },
	},
	{
		name:   "etcd-unapplied-change",
		title:  "a server campaigns while configurations that are committed are not applied",
		source: "etcd-io/raft, tla/etcdraft.tla; etcd-io/raft#456, after etcd#7280, #5004 and #11284",
		story: "In etcd's raft a configuration is in force when a server applies it, not when it is in the log. That is safe only if no server campaigns with a change that is committed and not " +
			"applied: the implementation sees to that, and the specification forgot it. Two servers are added one after the other to a cluster of three. One server knows of both and wins a term " +
			"with the majority of five, another knows of none and wins the same term with the majority of three.",
		remark: "The reference goes by the last configuration that a server knows to be committed, and campaigns without a further look: the mutant `el-unapplied-conf-campaign`. It applies what is committed at once, so " +
			"the server that has applied none is one that has just restarted and does not know yet what is committed. In five servers guided random executions find it. One server that becomes three does as well, and there " +
			"a search finds the shortest execution, of 15 steps: `raftcheck check --impl mutant:el-unapplied-conf-campaign --rule election-safety`.",
		rule: "election-safety", command: "fuzz --impl published:etcd-unapplied-change --rule election-safety",
		world: func() *subject {
			m, _ := mutant.ByName("el-unapplied-conf-campaign")
			m.Options.Voters = 3
			return &subject{asIs: true, takes: ofReference(&m.Options), config: cluster.Config{
				Servers: 5, New: impl.New(m.Options), Variants: m.Options.Variants(),
				Changes: []spec.Change{{Voters: "n1,n2,n3,n4"}, {Voters: "n1,n2,n3,n4,n5"}},
				Faults:  cluster.Faults{Drop: cluster.Unlimited, Crash: 1},
				Bounds:  cluster.Bounds{Terms: 2, Log: 4, Messages: 6, Campaigns: 3, Proposals: -1, Changes: 2},
			}}
		},
	},
}

// undeclared is raft.tla, with room for two messages in flight, without one of the variants that it declares.
func undeclared(v spec.Variant) *subject {
	s := specification()
	s.config.Variants = slices.DeleteFunc(slices.Clone(s.config.Variants), func(w spec.Variant) bool { return w == v })
	s.config.Bounds.Messages = 2
	return s
}

// published returns a published specification with its fault; nil if there is none of that name.
func published(name string) *subject {
	k := slices.IndexFunc(publishedFaults, func(f publishedFault) bool { return publishedPrefix+f.name == name })
	if k < 0 {
		return nil
	}
	s := publishedFaults[k].world()
	s.name = publishedPrefix + publishedFaults[k].name
	return s
}

func publishedTopics() []topic {
	topics := make([]topic, len(publishedFaults))
	for k, f := range publishedFaults {
		topics[k] = topic{[]string{f.name, publishedPrefix + f.name}, f.title, func(w io.Writer) {
			fmt.Fprintf(w, "%s\n\n%s.\n\n%s\n\n%s\n\n  %-10s %s\n  %-10s %s\n\nSee it broken:  raftcheck %s\n", f.name, report.Sentence(f.title), report.Wrapped(f.story, 100),
				report.Wrapped(strings.ReplaceAll(f.remark, "`", ""), 100), "seen", f.source, "breaks", f.rule, f.command)
		}}
	}
	return topics
}
