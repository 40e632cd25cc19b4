package etcdtest

import (
	"testing"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// features are worlds in which one thing besides elections and replication happens, each small enough for seconds.
var features = []struct {
	name      string
	options   etcd.Options
	campaigns int
	change    func(*cluster.Config)
}{
	{"pre-votes", etcd.Options{PreVote: true}, 2, nil},
	{"check-quorum", etcd.Options{CheckQuorum: true}, 1, nil},
	{"pre-votes and check-quorum", etcd.Options{CheckQuorum: true, PreVote: true}, 1, nil},
	{"leadership transfer", etcd.Options{Transfers: true}, 1, nil},
	{"reads", etcd.Options{Reads: 1}, 2, nil},
	{"two reads at a time", etcd.Options{Reads: 2}, 1, func(c *cluster.Config) { c.Bounds.Reads = 2 }},
	{"commands and reads that followers send on", etcd.Options{Reads: 1, Forwarding: true}, 1, func(c *cluster.Config) { c.Bounds.Reads = 1 }},
	{"compaction and snapshots", etcd.Options{Compaction: true}, 1, nil},
	{"a crash", etcd.Options{}, 1, func(c *cluster.Config) { c.Faults.Crash = 1 }},
	{"a power failure", etcd.Options{}, 1, func(c *cluster.Config) { c.Faults.Crash, c.Faults.Lossy = 1, true }},
	{"adding a voter", etcd.Options{Blank: []spec.ServerID{3}, Changes: []spec.Change{{Voters: "n1,n2,n3"}}}, 2, nil},
	{"removing a voter", etcd.Options{Changes: []spec.Change{{Voters: "n1,n2"}}}, 1, nil},
	{"promoting a learner", etcd.Options{Learners: []spec.ServerID{3}, Changes: []spec.Change{{Voters: "n1,n2,n3"}}}, 1, nil},
	{"demoting a voter", etcd.Options{Changes: []spec.Change{{Voters: "n1,n2", Learners: "n3"}}}, 1, nil},
	{"replacing a voter jointly", etcd.Options{Blank: []spec.ServerID{3}, Changes: []spec.Change{{Voters: "n1,n3"}}}, 2, nil},
}

// Features searches worlds with the features that every release since v3.5 has. In all of them every rule holds.
func Features(t *testing.T, release Release) {
	for _, f := range features {
		t.Run(f.name, func(t *testing.T) { Held(t, feature(release, f.options, f.campaigns, f.change)) })
	}
}

func feature(release Release, o etcd.Options, campaigns int, change func(*cluster.Config)) *cluster.Config {
	c := Small(release, o)
	c.Bounds.Campaigns = campaigns
	if o.Blank != nil {
		After(c, 1, 1)
	}
	if o.Changes != nil {
		After(c, 0, 1)
	}
	if change != nil {
		change(c)
	}
	return c
}
