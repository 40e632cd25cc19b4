package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// moreMutants are of leaders that send on before they are answered, or append later than they look, and of state that comes from elsewhere.
var moreMutants = []Mutant{
	{
		Name:      "rp-match-regress",
		Mechanism: Replication,
		Title:     "matchIndex follows each acknowledgement, also where messages keep their order",
		Source:    "PySyncObj#167; PySyncObj#4 of SandTable (EuroSys 2024)",
		Story: "A leader sends on before it is answered. A message is lost, the two after it are refused, and after each refusal the leader begins again from the first entry. " +
			"So the follower acknowledges the first entry, then the second, and then the first again. No message overtakes another, and yet the leader forgets what it knew to be replicated.",
		Rules:   []string{"R5.3-07"},
		Steps:   16,
		Bounds:  Bounds{Servers: 2, Terms: 1, Log: 2, Messages: 3, Campaigns: 1, Proposals: 2, FIFO: true},
		Options: impl.Options{Pipeline: true, MaxEntries: 1, Decisions: matchGoesBack{}},
	},
	{
		Name:      "rp-async-heartbeat",
		Mechanism: Replication,
		Title:     "an entry is stamped with the term that is current when it is written, not with the one that its leader leads",
		Source:    "hashicorp/raft#695, found by Antithesis in 2026, with pull request 701",
		Story: "A leader takes a command on. Before it appends it, a heartbeat of the next leader arrives on another thread and raises the term. The first thread looks up the term, stamps the entry with the " +
			"new one and writes it. Now two different entries have the same index and term, and no comparison of terms will ever tell them apart.",
		Rules:   []string{"R5.1-07", "R5.3-02", "R5.3-22", "R5.3-20", "R5.4.1-04", "R5.4.3-01"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 2, Campaigns: 2, Proposals: 2, Values: 2},
		Options: impl.Options{SplitProposals: true, Decisions: stampsLate{}},
	},
	{
		Name:      "rp-hb-prev-commit",
		Mechanism: Replication,
		Title:     "heartbeats name the last committed entry, whatever the follower holds",
		Source:    "openraft#1500, fixed with pull request 1501",
		Story: "A new leader knows that an entry is committed, and sends heartbeats after it to a follower that lacks it. The follower refuses, meanwhile gets the entry and acknowledges it, and the late " +
			"refusal reads as if it had lost it again.",
		Rules:   []string{"R5.3-13"},
		Steps:   15,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 2},
		Options: impl.Options{Decisions: heartbeatAtCommit{}},
	},
	{
		Name:      "rp-catchup-truncates",
		Mechanism: Replication,
		Title:     "entries of a catch-up that is over are still taken",
		Source:    "nats-server pull request 7424",
		Story: "A follower was being brought up to date by a leader that has been deposed since. An entry of that stream arrives late. Nobody looks whether the stream is still the current one, and the entry takes " +
			"the place of those that the new leader has sent and the follower has acknowledged.",
		Rules:   []string{"R5.1-03", "R5.1-04", "R5.2-02", "R5.4.3-01", "R5.4.3-02", "R5.3-20", "R5.4.1-04"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 2, Campaigns: 2, Proposals: 2},
		Options: impl.Options{Decisions: takesFinishedStreams{}},
	},
	{
		Name:      "cl-definite-fail",
		Mechanism: Clients,
		Title:     "a leader that steps down tells clients that their commands failed",
		Source:    "the protocol of Maelstrom, which tells definite errors from others",
		Story: "A leader has a client's command in its log and learns that it is deposed. It tells the client that the command failed. The entry is on another server too, which is elected and commits it: what " +
			"failed has taken effect.",
		Rules:   []string{"R8-10", "R8-02"},
		Steps:   7,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1, Reads: 1},
		Options: impl.Options{Sessions: true, NoOp: true, Reads: impl.ReadByRound, Decisions: failsWhenDeposed{}},
	},
	{
		Name:      "cl-session-expiry",
		Mechanism: Clients,
		Title:     "each server forgets old requests when its own timer says so",
		Source:    "dissertation, 6.3",
		Story: "A server's clock says that a client's session is old, and it forgets what the client has asked for. The other servers' clocks say otherwise. The client repeats a request: one state machine carries it out again " +
			"and the others pass over it.",
		Rules:   []string{"R8-07", "R8-08"},
		Steps:   19,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 2},
		Options: impl.Options{Sessions: true, Decisions: forgetsByTimer{}},
	},
	{
		Name:      "cm-apply-gap",
		Mechanism: Commitment,
		Title:     "of several entries that are committed at once only the last is applied",
		Source:    "a standard fault in student implementations; sofa-jraft#1195 is its twin",
		Story: "A message tells a follower that two entries are committed. It sets lastApplied to the new commit index and hands the entry there to its state machine. The one before it is never applied, and the state machine is " +
			"in a state that no other one is in.",
		Rules:   []string{"R5.3-19"},
		Steps:   9,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 1, Campaigns: 1, Proposals: 2, Values: 2},
		Options: impl.Options{Sessions: true, Decisions: appliesLastOnly{}},
	},
	{
		Name:      "rd-startup-stale",
		Mechanism: Reading,
		Title:     "reads are served before the log is replayed",
		Source:    "etcd#3879; redisraft#18; etcd-io/raft pull request 105",
		Story: "A server has restarted and was elected, and has committed an entry of its own: it knows how far entries are committed. Its state machine has not applied them yet, and it answers a read from what it has: a state from " +
			"before what clients were told of.",
		Rules:   []string{"R8-05", "R8-03", "R8-11"},
		Steps:   8,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: -1, Reads: 1},
		Options: impl.Options{NoOp: true, Reads: impl.ReadByRound, AppliesLater: true, Decisions: servesAtOnce{}},
	},
	{
		Name:      "rd-follower-lag",
		Mechanism: Reading,
		Title:     "reads that could not be confirmed are served from what the server has",
		Source:    "etcd#13464",
		Story:     "A leader asks the others whether it still leads, and learns that it does not. The reads that wait have run out of time; in place of an error they get what the server has, which may be long out of date.",
		Rules:     []string{"R8-04", "R8-02"},
		Steps:     8,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1, Reads: 2},
		Options:   impl.Options{NoOp: true, Reads: impl.ReadByRound, Decisions: servesUnconfirmed{}},
	},
	{
		Name:      "st-stale-disk",
		Mechanism: Storage,
		Title:     "a server starts from an older image of its disk",
		Source:    "dissertation, 3.8; Vanlightly's specifications of Raft",
		Story: "A server's disk is restored from a copy that is a little older. The votes and entries since then are gone, and nothing about the copy says so. It votes again, and helps to elect a leader that " +
			"lacks what it had acknowledged.",
		Rules:   []string{"R5.1-01", "R5.6-06", "R6-14", "R5.6-08", "R5.3-04", "R5.6-05", "R5.2-03", "R5.2-02", "R5.3-20", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Campaigns: 2, Proposals: 2},
		Options: impl.Options{Backups: true, Decisions: startsFromBackup{}},
	},
	{
		Name:      "mb-cond-inverted",
		Mechanism: Membership,
		Title:     "the question whether a leader is still a member is answered the wrong way round",
		Source:    "braft commit a15f5a4 (on_configuration_committed)",
		Story: "A condition is negated by mistake. A leader that commits a configuration with itself in it steps down, which only costs an election; one that was removed leads on, and decides for a cluster that it " +
			"is no member of.",
		Rules:   []string{"R6-11"},
		Steps:   12,
		Bounds:  changing("voters=n1,n2; voters=n2,n3; voters=n1,n3"),
		Options: members(3, retiresMembers{}),
	},
	{
		Name:      "mb-rethinkdb",
		Mechanism: Membership,
		Title:     "a server that was removed throws its state away, and keeps its name",
		Source:    "the Jepsen reports on RethinkDB 2.1.5 and 2.2.3",
		Story:     "A server commits its own removal and deletes what it knows of the cluster. It is added again under the same name, and has forgotten its votes and its log; others, who missed the removal, still count on both.",
		Rules:     []string{"R6-14", "R5.1-01", "R5.3-04", "R5.3-16", "R5.3-19", "R5.4.3-02", "R5.6-08"},
		Steps:     12,
		Bounds:    changing("voters=n1,n2; voters=n2,n3; voters=n1,n3"),
		Options:   members(3, forgetsWhenRemoved{}),
	},
}

// stampsLate reads the term when it appends, and does not look again whether it leads.
type stampsLate struct{ impl.Paper }

func (stampsLate) Stamp(_ spec.Term, _ spec.Role, current spec.Term) (spec.Term, bool) {
	return current, true
}

// heartbeatAtCommit names its commit index in messages that bring nothing.
type heartbeatAtCommit struct{ impl.Paper }

func (heartbeatAtCommit) HeartbeatAfter(_ spec.Progress, commit spec.Index) spec.Index { return commit }

// takesFinishedStreams takes entries whatever the term of their message.
type takesFinishedStreams struct{ impl.Paper }

func (p takesFinishedStreams) TakesEntriesOf(m *spec.Message, current spec.Term) bool {
	return len(m.Entries) > 0 || p.Paper.TakesEntriesOf(m, current)
}

// failsWhenDeposed takes what it does not know for a failure.
type failsWhenDeposed struct{ impl.Paper }

func (p failsWhenDeposed) Fails(committed bool, role spec.Role) bool {
	return role != spec.Leader || p.Paper.Fails(committed, role)
}

// forgetsByTimer forgets all requests when its election timer fires.
type forgetsByTimer struct{ impl.Paper }

func (forgetsByTimer) ForgetsSessions(_, applied spec.Index) spec.Index { return applied }

func (p forgetsByTimer) CarriesOut(log spec.Log, forgotten, i spec.Index) bool {
	known := spec.Log{Base: forgotten, Entries: log.Entries[min(forgotten, log.LastIndex()):]}
	return i <= forgotten || p.Paper.CarriesOut(known, 0, i)
}

// appliesLastOnly goes to what was committed last.
type appliesLastOnly struct{ impl.Paper }

func (appliesLastOnly) AppliesFrom(_, commit spec.Index) spec.Index { return commit }

// servesAtOnce does not wait for its state machine.
type servesAtOnce struct{ impl.Paper }

func (servesAtOnce) WaitsToApply() bool { return false }

// servesUnconfirmed answers what it cannot confirm.
type servesUnconfirmed struct{ impl.Paper }

func (servesUnconfirmed) ServesUnconfirmed() bool { return true }

// startsFromBackup finds the disk as it was before it was last written.
type startsFromBackup struct{ impl.Paper }

func (startsFromBackup) Recovered(_, backup spec.Durable) spec.Durable { return backup }

// retiresMembers steps down if it is a member.
type retiresMembers struct{ impl.Paper }

func (retiresMembers) Retires(c spec.Configuration, id spec.ServerID) bool {
	return slices.Contains(c.Voters, id)
}

// forgetsWhenRemoved keeps nothing but its name.
type forgetsWhenRemoved struct{ impl.Paper }

func (forgetsWhenRemoved) Forgets() bool { return true }
