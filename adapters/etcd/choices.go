package etcd

import "github.com/raftcheck/raftcheck/spec"

// choices are options that go by a name.
var choices = []struct {
	name   string
	choose func(*Options)
}{
	{"pre-vote", func(o *Options) { o.PreVote = true }},
	{"check-quorum", func(o *Options) { o.CheckQuorum = true }},
	{"async-storage", func(o *Options) { o.AsyncStorage = true }},
	{"bootstrapped", func(o *Options) { o.Bootstrapped = true }},
	{"split-writes", func(o *Options) { o.SplitWrites = true }},
	{"reads", func(o *Options) { o.Reads = 1 }},
	{"transfers", func(o *Options) { o.Transfers = true }},
	{"compaction", func(o *Options) { o.Compaction = true }},
	{"remove-voter", func(o *Options) { o.Changes = append(o.Changes, spec.Change{Voters: "n1,n2"}) }},
	{"demote-voter", func(o *Options) { o.Changes = append(o.Changes, spec.Change{Voters: "n1,n2", Learners: "n3"}) }},
}

// ChoiceNames lists the options that Choose knows, each of which adds something to a plain cluster of three.
func ChoiceNames() []string {
	names := make([]string, len(choices))
	for k, c := range choices {
		names[k] = c.name
	}
	return names
}

// Choose turns the option of that name on, and reports whether there is one.
func (o *Options) Choose(name string) bool {
	for _, c := range choices {
		if c.name == name {
			c.choose(o)
			return true
		}
	}
	return false
}
