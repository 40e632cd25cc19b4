package mutant

import (
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// failingMutants are of disks that refuse to write, of storage that takes its time, and of what clients are told.
var failingMutants = []Mutant{
	{
		Name:      "st-persist-fail-ignored",
		Mechanism: Storage,
		Title:     "an error of the disk is ignored",
		Source:    "case studies of sofa-jraft and braft; dragonboat pull request 409; hashicorp/raft (StoreLogs)",
		Story: "The disk is full. The server goes on with what it has in memory, votes and acknowledges entries, and none of it is on disk. After the next crash the " +
			"promises are gone.",
		Rules:   []string{"R5.6-04", "R5.6-01", "R5.2-03", "R5.2-02", "R5.3-20", "R5.4.1-04", "R5.4.3-02", "R5.4.3-01"},
		Steps:   2,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Campaigns: 2, StorageErrors: 1},
		Options: impl.Options{Decisions: errorsIgnored{}},
	},
	{
		Name:      "sn-save-error-swallowed",
		Mechanism: Snapshot,
		Title:     "an error while a snapshot is saved is not returned",
		Source:    "dragonboat pull request 409",
		Story: "A follower is sent a snapshot and cannot save it. A function in between returns no error, and the follower acknowledges what it does not have on disk. The leader counts it; " +
			"after a crash it is not there.",
		Rules:   []string{"R5.6-04", "R5.6-01"},
		Steps:   12,
		Bounds:  Bounds{Servers: 3, Terms: 1, Log: 1, Messages: 1, Crashes: 1, Campaigns: 1, Proposals: 1, Compactions: 1, StorageErrors: 1},
		Options: impl.Options{Snapshots: true, Decisions: snapshotErrorsIgnored{}},
	},
	{
		Name:      "rp-append-aba",
		Mechanism: Storage,
		Title:     "an acknowledgement leaves when storage reports its index, of whatever term",
		Source:    "etcd-io/raft, the test async_storage_writes_append_aba_race",
		Story: "A follower has an entry of one leader on the way to its disk, and then one of the next leader for the same index. The first write is done and storage reports the index. " +
			"The second entry is acknowledged, which is not on disk.",
		Rules:   []string{"R5.6-01", "R5.6-07"},
		Steps:   17,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Campaigns: 2, Proposals: 2},
		Options: impl.Options{AsyncStorage: true, Decisions: releasedByIndex{}},
	},
	{
		Name:      "cm-single-voter-early",
		Mechanism: Commitment,
		Title:     "a single voter commits an entry before it is on disk",
		Source:    "etcd#14370",
		Story: "In a cluster of one the leader is a majority by itself. It counts its copy as soon as it appends, and tells the client while the entry is still on its way to the disk. A crash, and " +
			"what was acknowledged is gone.",
		Rules:   []string{"R5.4.2-03", "R5.4.1-04", "R8-01", "R5.4.3-01"},
		Steps:   3,
		Bounds:  Bounds{Servers: 1, Terms: 2, Log: 2, Messages: 1, Crashes: 1, Campaigns: 2},
		Options: impl.Options{AsyncStorage: true, Sessions: true, Decisions: countsUnstored{}},
	},
	{
		Name:      "st-minority-corruption",
		Mechanism: Storage,
		Title:     "a log whose end cannot be read is cut there, and the server votes",
		Source:    "the Jepsen report on NATS 2.12.1; Protocol-Aware Recovery (FAST 2018)",
		Story: "A bit is wrong in the last entry of one server's log. It cuts the entry off and goes on. The entry was committed with this server's copy; with its vote a server is " +
			"elected that never had it.",
		Rules:   []string{"R5.3-04", "R5.6-05", "R5.3-20", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:   5,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Campaigns: 2, Proposals: 2},
		Options: impl.Options{Decisions: cutsWhatItCannotRead{}},
	},
	{
		Name:      "mb-identity-reuse",
		Mechanism: Membership,
		Title:     "a server that lost its disk comes back blank under the same name",
		Source:    "Vanlightly's specifications of Raft with reconfiguration (README)",
		Story:     "A server's disk is replaced and the server started again with its old name. Nobody knows that it has forgotten its votes and its log, and it votes again.",
		Rules:     []string{"R5.1-01", "R5.6-06", "R6-14", "R5.6-08", "R5.3-04", "R5.2-03", "R5.2-02", "R5.3-20", "R5.4.1-04", "R5.4.3-01", "R5.4.3-02"},
		Steps:     2,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Crashes: 1, Campaigns: 2, Proposals: 2},
		Options:   impl.Options{Decisions: comesBackBlank{}},
	},
	{
		Name:      "cm-loop-break",
		Mechanism: Commitment,
		Title:     "an entry of an earlier term stops the leader from committing what follows",
		Source:    "RaftOS#30; RaftOS#4 of SandTable (EuroSys 2024)",
		Story: "A leader looks how far it may commit, entry by entry. The first is of an earlier term and may not be counted; the loop ends there, and the leader's own entry behind it, on a " +
			"majority, is never committed.",
		Rules:   []string{"R5.4.2-02"},
		Steps:   16,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 3},
		Options: impl.Options{Decisions: stopsAtOldTerm{}},
	},
	{
		Name:      "cl-dup-apply",
		Mechanism: Clients,
		Title:     "a command that was sent twice is carried out twice",
		Source:    "dissertation, 6.3; sofa-jraft#1195",
		Story:     "A leader fails after it has committed a command and before it has told the client. The client sends it again, to the next leader, and it is in the log twice. Each copy is carried out.",
		Rules:     []string{"R8-07", "R8-02"},
		Steps:     9,
		Bounds:    Bounds{Servers: 3, Terms: 1, Log: 2, Messages: 1, Campaigns: 1, Proposals: 2, Reads: 1},
		Options:   impl.Options{Sessions: true, Reads: impl.ReadByRound, Decisions: carriesOutAgain{}},
	},
	{
		Name:      "cl-wait-by-index",
		Mechanism: Clients,
		Title:     "whoever waits for an index is told when anything is committed there",
		Source:    "the Students' Guide to Raft",
		Story: "A leader puts a client's command at an index and is deposed. Its successor puts another command there and commits it, the first leader hears of that, and tells its client that the " +
			"command is done.",
		Rules:   []string{"R8-09", "R8-02"},
		Steps:   15,
		Bounds:  Bounds{Servers: 3, Terms: 2, Log: 1, Messages: 1, Campaigns: 2, Proposals: 2, Values: 2, Reads: 1},
		Options: impl.Options{Sessions: true, Reads: impl.ReadByRound, Decisions: tellsByIndex{}},
	},
	{
		Name:      "rp-claim-after-truncate",
		Mechanism: Clients,
		Title:     "a client is told that its command is done when the leader has it, and not when it is committed",
		Source:    "redpanda pull request 3003",
		Story:     "A leader looks whether its own log has the command, finds it and tells the client. A new leader, which never had it, removes it.",
		Rules:     []string{"R8-09", "R5.4.2-03", "R8-01", "R8-02"},
		Steps:     4,
		Bounds:    Bounds{Servers: 3, Terms: 2, Log: 2, Messages: 1, Campaigns: 2, Proposals: 1, Reads: 1},
		Options:   impl.Options{Sessions: true, NoOp: true, Reads: impl.ReadByRound, Decisions: tellsUncommitted{}},
	},
}

// errorsIgnored goes on when the disk refuses to write.
type errorsIgnored struct{ impl.Paper }

func (errorsIgnored) StopsOnError(bool) bool { return false }

// snapshotErrorsIgnored goes on when the disk refuses to write a snapshot.
type snapshotErrorsIgnored struct{ impl.Paper }

func (snapshotErrorsIgnored) StopsOnError(snapshot bool) bool { return !snapshot }

// releasedByIndex sends an acknowledgement when storage has reached its index.
type releasedByIndex struct{ impl.Paper }

func (releasedByIndex) LeavesBefore(stored spec.Log, m *spec.Message) bool {
	return m.Kind == spec.AppendEntriesReply && m.Success && m.MatchIndex > 0 && m.MatchIndex <= stored.LastIndex()
}

// carriesOutAgain keeps no table of requests.
type carriesOutAgain struct{ impl.Paper }

func (carriesOutAgain) CarriesOut(_ spec.Log, _, _ spec.Index) bool { return true }

// tellsByIndex does not look which entry was committed.
type tellsByIndex struct{ impl.Paper }

func (tellsByIndex) Tells(committed, _ bool) bool { return committed }

// tellsUncommitted does not wait for the commitment.
type tellsUncommitted struct{ impl.Paper }

func (tellsUncommitted) Tells(_, same bool) bool { return same }

// countsUnstored counts its own copy as soon as it is handed to storage.
type countsUnstored struct{ impl.Paper }

func (countsUnstored) CountsItself(bool) bool { return true }

// cutsWhatItCannotRead cannot read the last entry on its disk, and starts without it.
type cutsWhatItCannotRead struct{ impl.Paper }

func (cutsWhatItCannotRead) Recovered(disk, _ spec.Durable) spec.Durable {
	if n := len(disk.Log.Entries); n > 0 {
		disk.Log.Entries = disk.Log.Entries[:n-1]
	}
	return disk
}

// comesBackBlank finds nothing on its disk.
type comesBackBlank struct{ impl.Paper }

func (comesBackBlank) Recovered(_, _ spec.Durable) spec.Durable { return spec.Durable{} }

// stopsAtOldTerm looks no further than the first entry that it may not commit by counting.
type stopsAtOldTerm struct{ impl.Paper }

func (stopsAtOldTerm) PassesOver(_, _ spec.Term) bool { return false }
