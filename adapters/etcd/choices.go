package etcd

import (
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// choices are options that go by a name.
var choices = []struct {
	name   string
	choose func(*Options)
}{
	{"pre-vote", func(o *Options) { o.PreVote = true }},
	{"check-quorum", func(o *Options) { o.CheckQuorum = true }},
	{"lease-reads", func(o *Options) { o.LeaseReads, o.CheckQuorum, o.Clocks, o.Reads = true, true, true, max(o.Reads, 1) }},
	{"forwarding", func(o *Options) { o.Forwarding = true }},
	{"forget-leader", func(o *Options) { o.ForgetLeader = true }},
	{"async-storage", func(o *Options) { o.AsyncStorage = true }},
	{"bootstrapped", func(o *Options) { o.Bootstrapped = true }},
	{"split-writes", func(o *Options) { o.SplitWrites = true }},
	{"learner", func(o *Options) { o.Learners = []spec.ServerID{3} }},
	{"reads", func(o *Options) { o.Reads = max(o.Reads, 1) }},
	{"one-context", func(o *Options) { o.OneContext = true }},
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

// Choose turns the option of that name on, and reports whether there is one. "reads=2" is two reads, up to 9.
func (o *Options) Choose(name string) bool {
	if number, several := strings.CutPrefix(name, "reads="); several {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 9 || number[0] == '0' {
			return false
		}
		o.Reads = n
		return true
	}
	for _, c := range choices {
		if c.name == name {
			c.choose(o)
			return true
		}
	}
	return false
}
