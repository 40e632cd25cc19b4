package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// asked is a small world in which leaders confirm reads by a round of heartbeats.
var asked = Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: -1, Reads: 1}

// askedAndTold is one in which clients are also told that their commands are done, so that reads can come too late for that.
var askedAndTold = Bounds{Servers: 3, Terms: 2, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1, Reads: 1}

// leased is one with clocks, in which they answer reads while they hold a lease.
var leased = Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: -1, Reads: 1, Ticks: 3, Drift: 1}

// leasedAtOnce is one in which no time passes.
var leasedAtOnce = Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: -1, Reads: 1, Crashes: 1}

func byRound(d impl.Decisions) impl.Options {
	return impl.Options{NoOp: true, Reads: impl.ReadByRound, Decisions: d}
}

func byRoundAndTold(d impl.Decisions) impl.Options {
	o := byRound(d)
	o.Sessions = true
	return o
}

func byLease(d impl.Decisions) impl.Options {
	return impl.Options{NoOp: true, Reads: impl.ReadByLease, ElectionTicks: 3, Drift: 1, Decisions: d}
}

var readMutants = []Mutant{
	{
		Name:      "rd-no-noop",
		Mechanism: Reading,
		Title:     "a new leader answers reads before it has committed anything itself",
		Source:    "etcd#7331; redisraft pull request 22; hashicorp/raft#621",
		Story: "A leader commits an entry, tells the client, and fails before it tells the others. Its successor holds the entry but does not know that it is committed. " +
			"It answers a read at its own commit index, and the client does not see what was acknowledged.",
		Rules:   []string{"R8-03", "R8-02"},
		Steps:   7,
		Bounds:  askedAndTold,
		Options: byRoundAndTold(readsAtOnceInOffice{}),
	},
	{
		Name:      "rd-no-quorum",
		Mechanism: Reading,
		Title:     "a leader answers reads without asking whether it still leads",
		Source:    "Xraft#40; d-engine#381; etcd and Consul in 2014; Xraft-KV#1 of SandTable (EuroSys 2024)",
		Story:     "A leader is cut off, another is elected and commits. The first does not know, and answers a read from what it has.",
		Rules:     []string{"R8-04", "R8-06", "R8-02"},
		Steps:     6,
		Bounds:    askedAndTold,
		Options:   byRoundAndTold(readsUnconfirmed{}),
	},
	{
		Name:      "rd-ctx-reuse",
		Mechanism: Reading,
		Title:     "a read is confirmed by answers to an earlier read's round",
		Source:    "etcd#20418, fixed with pull requests 21375 and 21399",
		Story: "The heartbeats of a round carry the name of the request, and a client that tries again uses the same one. Late answers to the first round confirm the second " +
			"read, which a leader that was deposed meanwhile answers.",
		Rules:   []string{"R8-04"},
		Steps:   7,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: -1, Reads: 2},
		Options: byRound(roundsAlike{}),
	},
	{
		Name:      "rd-lease-clock",
		Mechanism: Reading,
		Title:     "a lease is as long as voters are loyal, whatever their clocks",
		Source:    "dissertation, 6.4.1, as a warning",
		Story: "A voter's clock runs ahead of the leader's. Its loyalty is over, it helps to elect another leader, and that commits; and by the first leader's own clock the " +
			"lease still holds.",
		Rules:   []string{"R8-06"},
		Steps:   21,
		Bounds:  leased,
		Options: byLease(driftIgnored{}),
	},
	{
		Name:      "rd-lease-checkquorum",
		Mechanism: Reading,
		Title:     "leases without voters that keep to them",
		Source:    "tikv/raft-rs pull request 141",
		Story:     "A leader counts on its voters not to elect anybody else for a while. They were not told: whoever asks gets their vote at once.",
		Rules:     []string{"R8-06"},
		Steps:     21,
		Bounds:    leased,
		Options:   byLease(nobodyLoyal{}),
	},
	{
		Name:      "rd-lease-restart",
		Mechanism: Reading,
		Title:     "a voter that crashed does not remember that a leader counts on it",
		Source:    "from the literature; dissertation, 6.4.1",
		Story: "A voter answers its leader, crashes and comes back. It knows nothing of the lease that its answer was part of, and votes for somebody else while the lease " +
			"holds.",
		Rules:   []string{"R8-06"},
		Steps:   16,
		Bounds:  leasedAtOnce,
		Options: byLease(lawlessAfterRestart{}),
	},
	{
		Name:      "rd-phantom-lease",
		Mechanism: Reading,
		Title:     "answers of servers in a higher term prolong a lease",
		Source:    "hashicorp/raft#666",
		Story: "A leader was deposed and does not know it. Voters of the new term refuse its heartbeats; the leader does not look at the term of the answer, and takes it for a sign " +
			"that they still follow it.",
		Rules:   []string{"R5.1-02", "R8-06"},
		Steps:   6,
		Bounds:  leased,
		Options: byLease(phantomContact{}),
	},
}

// readsAtOnceInOffice believes that a new leader knows what is committed.
type readsAtOnceInOffice struct{ impl.Paper }

func (readsAtOnceInOffice) KnowsCommitted(spec.Log, spec.Index, spec.Term) bool { return true }

// readsUnconfirmed asks nobody before it answers a read.
type readsUnconfirmed struct{ impl.Paper }

func (readsUnconfirmed) AsksBeforeReading() bool { return false }

// roundsAlike gives every round the same number.
type roundsAlike struct{ impl.Paper }

func (roundsAlike) NextRound(int) int { return 1 }

// driftIgnored believes that all clocks are alike.
type driftIgnored struct{ impl.Paper }

func (driftIgnored) LeaseHolds(sent, now, electionTicks, _ int) bool {
	return now < sent+electionTicks
}

// nobodyLoyal disregards no candidate.
type nobodyLoyal struct{ impl.Paper }

func (nobodyLoyal) Disregards(spec.Role, bool) bool { return false }

// lawlessAfterRestart is free to vote as soon as it starts again.
type lawlessAfterRestart struct{ impl.Paper }

func (lawlessAfterRestart) LoyalAfterRestart() bool { return false }

// phantomContact does not look at the term of replies to heartbeats.
type phantomContact struct{ impl.Paper }

func (p phantomContact) Adopts(current spec.Term, m *spec.Message) bool {
	return m.Kind != spec.AppendEntriesReply && p.Paper.Adopts(current, m)
}
