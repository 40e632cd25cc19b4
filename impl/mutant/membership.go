package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// changing is a world of three servers, in which clients ask for these configurations, one in each execution.
func changing(to string) Bounds {
	return Bounds{Servers: 3, Terms: 2, Log: 3, Messages: 1, Campaigns: 2, Proposals: -1, Changes: 1, To: to}
}

// members has configurations of which the first is of so many servers.
func members(voters int, d impl.Decisions) impl.Options {
	return impl.Options{Membership: true, Voters: voters, NoOp: true, Decisions: d}
}

var membershipMutants = []Mutant{
	{
		Name:      "el-union-quorum",
		Mechanism: Membership,
		Title:     "in a joint configuration one majority of all servers in it decides",
		Source:    "CCF#3948, fixed with #4018",
		Story: "While a cluster moves from one configuration to another, votes and copies are counted over the union of both. A majority of the union need hold no majority of either, " +
			"and what it decides the others can decide again.",
		Rules:   []string{"R6-02", "R5.3-20", "R5.2-06"},
		Steps:   5,
		Bounds:  changing("voters=n2,n3 joint"),
		Options: members(1, unionDecides{}),
	},
	{
		Name:      "el-count-nonmember-votes",
		Mechanism: Membership,
		Title:     "servers count that are not in the configuration",
		Source:    "CCF pull request 5929",
		Story: "Whoever answers is counted, and the number compared with the size of the configuration. Answers of servers that are no voters make up for those of voters that are " +
			"missing.",
		Rules:   []string{"R5.3-20", "R6-10"},
		Steps:   9,
		Bounds:  changing("voters=n1,n2 learners=n3"),
		Options: members(2, everybodyCounts{}),
	},
	{
		Name:      "mb-learner-in-quorum",
		Mechanism: Membership,
		Title:     "learners count like voters",
		Source:    "camunda#57387",
		Story:     "The size of a majority is computed of all servers that get the log, learners among them. Entries are committed with copies on servers that no election asks.",
		Rules:     []string{"R5.3-20", "R6-10"},
		Steps:     9,
		Bounds:    changing("voters=n1,n2 learners=n3"),
		Options:   members(2, learnersCount{}),
	},
	{
		Name:      "el-no-config-leader",
		Mechanism: Membership,
		Title:     "a server that knows no configuration elects itself",
		Source:    "CCF#4806",
		Story: "A new server was started and not yet added. Its election timer fires, a majority of no voters is no vote, and it leads a cluster of its own, in terms that collide with " +
			"those of the real one.",
		Rules:   []string{"R6-13", "R5.2-06", "R5.2-02", "R5.3-20", "R6-10", "R5.4.1-04"},
		Steps:   1,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1, Changes: 1, To: "voters=n1,n2"},
		Options: impl.Options{Membership: true, Voters: 1, Decisions: nobodyIsAMajority{}},
	},
	{
		Name:      "el-unapplied-conf-campaign",
		Mechanism: Membership,
		Title:     "a configuration is in force when it is committed, and nothing else is done about it",
		Source:    "etcd#7280, #5004 and #11284; etcd-io/raft#456, where the published specification has the same fault",
		Story: "Servers take over configurations as they learn that they are committed. One is two changes behind and campaigns: it wins with a majority of servers that the others no longer count, and there are " +
			"two leaders in one term.",
		Rules: []string{"R5.3-20", "R6-01", "R5.2-02"},
		Steps: 2,
		Bounds: Bounds{Servers: 3, Terms: 2, Log: 4, Messages: 1, Campaigns: 3, Proposals: -1, Changes: 2, Crashes: 1,
			To: "voters=n1,n2; voters=n1,n2,n3"},
		Options: members(1, inForceWhenCommitted{}),
	},
	{
		Name:      "el-nonvoter-campaigns",
		Mechanism: Membership,
		Title:     "a learner campaigns",
		Source:    "hashicorp/raft#398; the etcd releases before 3.5",
		Story:     "A learner's election timer fires and it campaigns like any other server. It raises the term and deposes the leader.",
		Rules:     []string{"R6-09"},
		Steps:     12,
		Bounds:    changing("voters=n1,n2 learners=n3"),
		Options:   members(2, learnersCampaign{}),
	},
	{
		Name:      "mb-single-server-2015",
		Mechanism: Membership,
		Title:     "a leader changes the configuration before it has committed anything in its term",
		Source:    "the correction of the dissertation on raft-dev, 10 July 2015",
		Story: "A leader appends a change and fails. Another, which has not seen it, commits a change of its own. The first leads again, finishes its change, and the two configurations have majorities without a common " +
			"server: what was committed under the one is lost under the other.",
		Rules:   []string{"R6-06"},
		Steps:   4,
		Bounds:  changing("voters=n1,n2; voters=n1,n3"),
		Options: members(3, changesTooEarly{}),
	},
	{
		Name:      "mb-two-pending",
		Mechanism: Membership,
		Title:     "a change is begun while another is under way",
		Source:    "from the literature; dissertation, 4.1",
		Story:     "A leader appends one change after another without waiting. If only the second is committed, or the second leader knows only the first, configurations meet that do not overlap.",
		Rules:     []string{"R6-05"},
		Steps:     7,
		Bounds:    Bounds{Servers: 3, Terms: 1, Log: 3, Messages: 1, Campaigns: 1, Proposals: -1, Changes: 2, To: "voters=n1,n2; voters=n1"},
		Options:   members(3, doesNotWait{}),
	},
	{
		Name:      "mb-leave-joint-uncommitted",
		Mechanism: Membership,
		Title:     "the new configuration is appended before the joint one is committed",
		Source:    "camunda#60086",
		Story:     "A leader appends the joint configuration, or finds one in its log, and the new configuration right behind it. Servers that have both go by the new one alone while others still go by the old one alone.",
		Rules:     []string{"R6-03", "R6-05", "R6-07"},
		Steps:     6,
		Bounds:    changing("voters=n2,n3 joint"),
		Options:   members(2, leavesAtOnce{}),
	},
	{
		Name:      "mb-replaces-at-once",
		Mechanism: Membership,
		Title:     "one change replaces a server by another",
		Source:    "from the literature; dissertation, 4.1 and figure 4.2",
		Story:     "Of the old voters one goes and another comes, in one entry and without a joint configuration. A majority of the old and one of the new need not share a server.",
		Rules:     []string{"R6-07"},
		Steps:     6,
		Bounds:    changing("voters=n2,n3; voters=n1,n2,n3"),
		Options:   members(2, replacesAtOnce{}),
	},
	{
		Name:      "mb-conf-not-rolled-back",
		Mechanism: Membership,
		Title:     "a configuration that was removed from the log stays in force",
		Source:    "from the literature; Raft paper, 6; dissertation, 4.1",
		Story: "A server takes over a configuration as it appends it. The entry turns out to be of a leader that failed and is removed, but the configuration stays, and the server goes by one that nobody " +
			"else knows.",
		Rules:   []string{"R6-08"},
		Steps:   10,
		Bounds:  changing("voters=n1,n2; voters=n1,n3"),
		Options: members(3, neverRollsBack{}),
	},
	{
		Name:      "mb-removed-leads-on",
		Mechanism: Membership,
		Title:     "a leader that was removed goes on leading",
		Source:    "from the literature; dissertation, 4.2.2",
		Story:     "A leader commits a configuration without itself and does not step down. It goes on deciding for a cluster that it is no member of.",
		Rules:     []string{"R6-11"},
		Steps:     12,
		Bounds:    changing("voters=n1,n2; voters=n2,n3; voters=n1,n3"),
		Options:   members(3, leadsOn{}),
	},
	{
		Name:      "sn-stale-effective-config",
		Mechanism: Snapshot,
		Title:     "after a snapshot a configuration stays in force whose entry is gone",
		Source:    "openraft#1808, fixed with pull request 1809",
		Story: "A server has a configuration of a leader that failed, at an index beyond the snapshot that it is sent. The snapshot replaces the entry, but of the two configurations the one with the higher index is " +
			"kept, and the server can win elections that nobody should.",
		Rules:   []string{"R7-05", "R6-01"},
		Steps:   17,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 3, Messages: 1, Campaigns: 2, Proposals: -1, Changes: 1, Compactions: 1, To: "voters=n1,n2; voters=n1,n3; voters=n2,n3"},
		Options: impl.Options{Membership: true, NoOp: true, Snapshots: true, Decisions: keepsHigherIndex{}},
	},
	{
		Name:      "mb-removed-disrupts",
		Mechanism: Membership,
		Title:     "a leader that works is deposed by a candidate whoever it is",
		Source:    "from the literature; dissertation, 4.2.3",
		Story:     "A server was removed and has not been told. It hears from no leader, campaigns in a higher term, and the leader steps down for it. It cannot win, so the others elect a leader, and it campaigns again.",
		Rules:     []string{"R6-12"},
		Steps:     8,
		Bounds:    changing("voters=n1,n2"),
		Options:   impl.Options{Membership: true, NoOp: true, CheckQuorum: true, Decisions: heedsEverybody{}},
	},
}

// unionDecides wants one majority of all that are in either half.
type unionDecides struct{ impl.Paper }

func (p unionDecides) Quorum(majority func(count, servers int) bool, c spec.Configuration, ids []spec.ServerID) bool {
	union := slices.Concat(c.Voters, c.Outgoing)
	slices.Sort(union)
	return p.Paper.Quorum(majority, spec.Configuration{Voters: slices.Compact(union)}, ids)
}

// everybodyCounts compares how many there are with how many voters there are.
type everybodyCounts struct{ impl.Paper }

func (everybodyCounts) Quorum(majority func(count, servers int) bool, c spec.Configuration, ids []spec.ServerID) bool {
	return len(c.Voters) > 0 && majority(len(ids), len(c.Voters))
}

// learnersCount takes learners for voters.
type learnersCount struct{ impl.Paper }

func (p learnersCount) Quorum(majority func(count, servers int) bool, c spec.Configuration, ids []spec.ServerID) bool {
	c.Voters = slices.Concat(c.Voters, c.Learners)
	return p.Paper.Quorum(majority, c, ids)
}

// nobodyIsAMajority finds a majority where there are no voters.
type nobodyIsAMajority struct{ impl.Paper }

func (p nobodyIsAMajority) MayCampaign(c spec.Configuration, id spec.ServerID) bool {
	return len(c.Voters) == 0 || p.Paper.MayCampaign(c, id)
}

func (p nobodyIsAMajority) Quorum(majority func(count, servers int) bool, c spec.Configuration, ids []spec.ServerID) bool {
	return len(c.Voters) == 0 || p.Paper.Quorum(majority, c, ids)
}

// inForceWhenCommitted goes by the last configuration that is committed.
type inForceWhenCommitted struct{ impl.Paper }

func (inForceWhenCommitted) ConfigurationUpTo(_ spec.Log, commit spec.Index) spec.Index {
	return commit
}

// learnersCampaign lets every member campaign.
type learnersCampaign struct{ impl.Paper }

func (p learnersCampaign) MayCampaign(c spec.Configuration, id spec.ServerID) bool {
	return slices.Contains(c.Learners, id) || p.Paper.MayCampaign(c, id)
}

// changesTooEarly does not wait for an entry of its own term.
type changesTooEarly struct{ impl.Paper }

func (changesTooEarly) MayChange(pending, _ bool) bool { return !pending }

// doesNotWait does not wait for the change before.
type doesNotWait struct{ impl.Paper }

func (doesNotWait) MayChange(_, committedInTerm bool) bool { return committedInTerm }

// leavesAtOnce does not wait for the joint configuration.
type leavesAtOnce struct{ impl.Paper }

func (leavesAtOnce) LeavesJoint(_, _ bool) bool { return true }

// replacesAtOnce takes any voters after any others.
type replacesAtOnce struct{ impl.Paper }

func (replacesAtOnce) MayFollow(_, _ []spec.ServerID) bool { return true }

// neverRollsBack keeps a configuration whose entry is removed.
type neverRollsBack struct{ impl.Paper }

func (neverRollsBack) InForce(cause spec.MessageKind, before, found impl.Placed) impl.Placed {
	if cause == spec.AppendEntries && found.Index < before.Index {
		return before
	}
	return found
}

// keepsHigherIndex keeps a configuration that stood beyond the snapshot.
type keepsHigherIndex struct{ impl.Paper }

func (keepsHigherIndex) InForce(cause spec.MessageKind, before, found impl.Placed) impl.Placed {
	if cause == spec.InstallSnapshot && before.Index >= found.Index {
		return before
	}
	return found
}

// leadsOn does not mind that it was removed.
type leadsOn struct{ impl.Paper }

func (leadsOn) Retires(spec.Configuration, spec.ServerID) bool { return false }

// heedsEverybody takes every candidate seriously.
type heedsEverybody struct{ impl.Paper }

func (heedsEverybody) Disregards(spec.Role, bool) bool { return false }
