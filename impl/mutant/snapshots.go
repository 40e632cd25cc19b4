package mutant

import (
	"slices"

	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// compacting is a small world in which one log is compacted and a follower needs the snapshot.
var compacting = Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Campaigns: 2, Compactions: 1}

// compactingMore is one with entries after the snapshot, and two messages that may overtake each other.
var compactingMore = Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 2, Campaigns: 1, Compactions: 1, Proposals: 2}

var snapshotMutants = []Mutant{
	{
		Name:      "sn-term-regress",
		Mechanism: Snapshot,
		Title:     "a snapshot's last term is taken for the current term",
		Source:    "WRaft#118; WRaft#4 of SandTable (EuroSys 2024)",
		Story: "A leader of a later term sends a snapshot that ends with an entry of an earlier one. The follower that takes it stores the term in " +
			"the snapshot as its own, goes back in time, and is free to vote again in terms in which it has voted.",
		Rules:   []string{"R5.1-01", "R7-03", "R5.6-08", "R5.6-02", "R5.2-02", "R5.1-02", "R5.2-03"},
		Steps:   17,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: termOfSnapshot{}},
	},
	{
		Name:      "sn-resp-term-unchecked",
		Mechanism: Snapshot,
		Title:     "a leader does not look at the term of replies to its snapshots",
		Source:    "a case study of sofa-jraft (onInstallSnapshotReturned)",
		Story: "A follower in a higher term refuses a snapshot and says why. The leader does not look at the term of the answer and goes on " +
			"leading.",
		Rules:   []string{"R5.1-02"},
		Steps:   13,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: snapshotReplyTermUnchecked{}},
	},
	{
		Name:      "sn-reject-on-conflict",
		Mechanism: Snapshot,
		Title:     "a follower whose log conflicts with a snapshot refuses it",
		Source:    "WRaft#118; RedisLabs/raft#49; WRaft#3 of SandTable (EuroSys 2024)",
		Story: "A follower has an entry of a leader that failed, at an index that the snapshot covers. It takes the difference for an error and refuses. " +
			"The leader has nothing else to send, and the follower stays behind.",
		Rules:   []string{"R7-04"},
		Steps:   16,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: refusesOnConflict{}},
	},
	{
		Name:      "sn-older-snapshot",
		Mechanism: Snapshot,
		Title:     "a snapshot is taken though it is older than what is applied",
		Source:    "Raft paper, 7; etcd's trace snapshot_stale",
		Story: "A snapshot is delayed, and the follower gets on without it. When it arrives at last the follower goes back to it, and applies again what it has " +
			"applied.",
		Rules:   []string{"R7-03", "R5.3-16", "R5.3-19"},
		Steps:   18,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 2, Campaigns: 1, Compactions: 1, Proposals: 2, Duplicates: 1},
		Options: impl.Options{Snapshots: true, Decisions: installsAll{}},
	},
	{
		Name:      "sn-log-gap-restart",
		Mechanism: Snapshot,
		Title:     "the log is cut before the snapshot that covers it is on disk",
		Source:    "redisraft#43; hashicorp/raft#85 and #86",
		Story: "A server compacts its log: it drops the entries, then writes the snapshot. A crash comes in between, and it starts again with a log " +
			"that begins in the middle and no state to apply it to.",
		Rules:   []string{"R7-06", "R5.4.3-02", "R5.6-08", "R5.3-20", "R5.4.1-04", "R5.4.3-01"},
		Steps:   9,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: cutsLogFirst{}},
	},
	{
		Name:      "sn-total-loss",
		Mechanism: Snapshot,
		Title:     "a server goes back to its last snapshot when a new term begins",
		Source:    "redisraft#14",
		Story: "A server that changes its role loads its last snapshot again, and with it drops every entry after that. Any failover loses what was " +
			"committed since.",
		Rules:   []string{"R5.3-04", "R5.4.1-01", "R5.4.1-03", "R5.6-08", "R5.3-05", "R5.4.3-02", "R5.3-18", "R5.4.1-04", "R5.4.3-01", "R5.6-01", "R7-03"},
		Steps:   7,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: backToSnapshot{}},
	},
	{
		Name:      "sn-covers-uncommitted",
		Mechanism: Snapshot,
		Title:     "a snapshot covers the whole log, committed or not",
		Source:    "from the literature; Raft paper, 7",
		Story: "A server compacts its log to the end. The last entries are not committed yet, and may have to give way to those of another leader; but " +
			"what is in a snapshot cannot be taken out of it.",
		Rules:   []string{"R7-01"},
		Steps:   5,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: snapshotOfAll{}},
	},
	{
		Name:      "sn-drops-suffix",
		Mechanism: Snapshot,
		Title:     "a follower that takes a snapshot drops its whole log",
		Source:    "from the literature; Raft paper, 7 and Figure 13",
		Story: "A follower has acknowledged entries after the ones that a late snapshot covers. Taking the snapshot it drops its log, and with it the " +
			"entries that the leader counts on.",
		Rules:   []string{"R7-04", "R5.3-20"},
		Steps:   15,
		Bounds:  compactingMore,
		Options: impl.Options{Snapshots: true, Decisions: dropsSuffix{}},
	},
	{
		Name:      "sn-keeps-conflict",
		Mechanism: Snapshot,
		Title:     "a follower that takes a snapshot keeps entries that do not follow it",
		Source:    "from the literature; Raft paper, 7 and Figure 13",
		Story: "A follower has two entries of a leader that failed, and is sent a snapshot with another entry in the place of the first. It keeps the second, " +
			"behind a prefix that it was not appended to.",
		Rules:   []string{"R7-04", "R5.3-15", "R5.3-02"},
		Steps:   17,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 3, Compactions: 1},
		Options: impl.Options{Snapshots: true, Decisions: keepsSuffix{}},
	},
	{
		Name:      "cm-restart-no-commit",
		Mechanism: Snapshot,
		Title:     "a server with a snapshot starts again as if it had applied nothing",
		Source:    "hashicorp/raft#549; openraft#1246; sofa-jraft#1092",
		Story: "After a restart a server knows its snapshot, and sets its commit index to 0. Until its leader tells it more it serves a state that it had long " +
			"left, and it may apply entries a second time.",
		Rules:   []string{"R5.3-19"},
		Steps:   10,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: forgetsCommit{}},
	},
	{
		Name:      "rp-empty-ae-not-snap",
		Mechanism: Replication,
		Title:     "a leader sends an empty AppendEntries where the follower needs a snapshot",
		Source:    "WRaft#118; redisraft#47; DaosRaft#10; WRaft#2 of SandTable (EuroSys 2024)",
		Story: "The entry that a follower needs is the last one that the leader has compacted. A comparison is off by one, and in place of the snapshot the leader " +
			"sends a message without entries that tells its commit index. The follower may commit what it has at that index.",
		Rules:   []string{"R7-02"},
		Steps:   10,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: snapshotTooLate{}},
	},
	{
		Name:      "rp-dup-append-compacted",
		Mechanism: Replication,
		Title:     "entries that were compacted are appended again",
		Source:    "WRaft#118; RedisLabs/raft#49; WRaft#1 of SandTable (EuroSys 2024)",
		Story: "A follower compacts an entry, and the message that brought it arrives once more. The follower does not find the entry in its log, and appends " +
			"it at the end.",
		Rules:   []string{"R5.3-05", "R5.3-22", "R5.3-02", "R5.3-20", "R5.4.1-04", "R5.4.3-01"},
		Steps:   13,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 2, Campaigns: 1, Compactions: 1, Proposals: 2, Values: 2},
		Options: impl.Options{Snapshots: true, Decisions: appendsAgain{}},
	},
	{
		Name:      "rp-purged-prev-conflict",
		Mechanism: Replication,
		Title:     "a previous entry that was compacted counts as a conflict",
		Source:    "openraft#511",
		Story: "A message arrives late, and the follower has compacted the entry that it is to follow. The follower does not find it, takes that for a " +
			"conflict, and removes its log.",
		Rules:   []string{"R5.3-14", "R5.3-04", "R5.3-05", "R5.3-20", "R5.4.3-02", "R5.3-18"},
		Steps:   13,
		Bounds:  compactingMore,
		Options: impl.Options{Snapshots: true, Decisions: purgedConflicts{}},
	},
	{
		Name:      "rp-hb-stop-on-fail",
		Mechanism: Replication,
		Title:     "a leader sends heartbeats only up to the first follower that needs a snapshot",
		Source:    "after WRaft#118; redisraft#49 and #68; WRaft#8 of SandTable (EuroSys 2024)",
		Story: "A leader goes through its followers. One needs a snapshot, which is a case of its own, and the loop ends there. The followers after it hear nothing any more, campaign, " +
			"and depose the leader.",
		Rules:   []string{"R5.2-10"},
		Steps:   10,
		Bounds:  compacting,
		Options: impl.Options{Snapshots: true, Decisions: stopsAtSnapshot{}},
	},
	{
		Name:      "sn-status-not-active",
		Mechanism: Snapshot,
		Title:     "a reply to a snapshot is no sign of life",
		Source:    "dragonboat, a fault found by its own tests (B2)",
		Story: "A leader checks whether a majority answers it. A follower is busy with a snapshot and answers only that, which does not count. The leader steps down though the follower was there all the time, " +
			"and the snapshot begins anew with the next leader.",
		Rules:   []string{"X-CQ-01"},
		Steps:   12,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 1, Messages: 1, Campaigns: 2, Proposals: 1, Compactions: 1},
		Options: impl.Options{Snapshots: true, CheckQuorum: true, Decisions: snapshotIsNoContact{}},
	},
}

// termOfSnapshot stores the term of the last entry in a snapshot as its own.
type termOfSnapshot struct{ impl.Paper }

func (termOfSnapshot) TermWithSnapshot(_ spec.Term, m *spec.Message) spec.Term { return m.PrevLogTerm }

// snapshotReplyTermUnchecked does not look at the term of replies to InstallSnapshot.
type snapshotReplyTermUnchecked struct{ impl.Paper }

func (p snapshotReplyTermUnchecked) Adopts(current spec.Term, m *spec.Message) bool {
	return m.Kind != spec.InstallSnapshotReply && p.Paper.Adopts(current, m)
}

// refusesOnConflict takes no snapshot whose last entry conflicts with the log.
type refusesOnConflict struct{ impl.Paper }

func (p refusesOnConflict) Installs(log spec.Log, commit spec.Index, m *spec.Message) bool {
	term, held := log.TermAt(m.PrevLogIndex)
	return p.Paper.Installs(log, commit, m) && (!held || term == m.PrevLogTerm)
}

// installsAll does not look whether a snapshot is newer.
type installsAll struct{ impl.Paper }

func (installsAll) Installs(spec.Log, spec.Index, *spec.Message) bool { return true }

// cutsLogFirst writes the log without its beginning, and then the snapshot. What it finds after a crash in between it takes for a
// log that begins at index 1.
type cutsLogFirst struct{ impl.Paper }

func (p cutsLogFirst) Writes(disk, memory spec.Durable) []spec.Durable {
	if memory.Log.Base <= disk.Log.Base {
		return p.Paper.Writes(disk, memory)
	}
	cut := memory
	cut.Log = spec.Log{Entries: memory.Log.Entries}
	return []spec.Durable{cut, memory}
}

// backToSnapshot drops what follows the last snapshot when a new term begins.
type backToSnapshot struct{ impl.Paper }

func (backToSnapshot) LogInNewTerm(log spec.Log, _ spec.Index) spec.Log {
	return spec.Log{Base: log.Base, BaseTerm: log.BaseTerm}
}

// snapshotOfAll compacts its log to the end.
type snapshotOfAll struct{ impl.Paper }

func (snapshotOfAll) SnapshotUpTo(log spec.Log, _ spec.Index) spec.Index { return log.LastIndex() }

// dropsSuffix keeps nothing of its log beside a snapshot.
type dropsSuffix struct{ impl.Paper }

func (dropsSuffix) LogWithSnapshot(_ spec.Log, index spec.Index, term spec.Term) spec.Log {
	return spec.Log{Base: index, BaseTerm: term}
}

// keepsSuffix keeps what comes after a snapshot, whatever stands in its log before.
type keepsSuffix struct{ impl.Paper }

func (keepsSuffix) LogWithSnapshot(log spec.Log, index spec.Index, term spec.Term) spec.Log {
	kept := spec.Log{Base: index, BaseTerm: term}
	if index < log.LastIndex() {
		kept.Entries = slices.Clip(log.Entries[index-log.Base:])
	}
	return kept
}

// forgetsCommit knows of nothing committed when it starts again.
type forgetsCommit struct{ impl.Paper }

func (forgetsCommit) CommitAfterRestart(spec.Log) spec.Index { return 0 }

// snapshotTooLate sends a snapshot only for entries before the last one that it covers.
type snapshotTooLate struct{ impl.Paper }

func (snapshotTooLate) NeedsSnapshot(log spec.Log, next spec.Index) bool { return next < log.Base }

// appendsAgain appends entries that follow one it has compacted.
type appendsAgain struct{ impl.Paper }

func (p appendsAgain) Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log {
	if prev >= log.Base {
		return p.Paper.Merge(log, prev, entries)
	}
	log.Entries = append(slices.Clip(log.Entries), entries...)
	return log
}

// purgedConflicts removes its log when it does not find the previous entry.
type purgedConflicts struct{ impl.Paper }

func (p purgedConflicts) Merge(log spec.Log, prev spec.Index, entries []spec.Entry) spec.Log {
	if prev >= log.Base {
		return p.Paper.Merge(log, prev, entries)
	}
	log.Entries = nil
	return p.Paper.Merge(log, prev, entries)
}

// snapshotIsNoContact counts other replies only.
type snapshotIsNoContact struct{ impl.Paper }

func (snapshotIsNoContact) CountsAsContact(reply spec.MessageKind) bool {
	return reply != spec.InstallSnapshotReply
}
