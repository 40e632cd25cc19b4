package impl

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Options are the choices that Raft leaves to an implementation. The zero value is the paper's Figure 2.
type Options struct {
	// MaxEntries is the most entries that one AppendEntries carries; 0 or less is no limit.
	MaxEntries int
	// ConflictHints makes a follower that refuses AppendEntries say where its log may agree, so that the leader skips a term
	// at a time (end of 5.3). Without it the leader steps back one entry for each refusal.
	ConflictHints bool
	// NoOp makes a new leader append an entry of its own, so that it can commit what earlier terms left (end of 8).
	NoOp bool
	// Snapshots lets servers compact their logs, and leaders send snapshots (7).
	Snapshots bool
	// PreVote makes servers ask whether they could win before they raise their term and campaign (D9.6).
	PreVote bool
	// PreVoters is how many of the servers, in ascending order, ask, with PreVote; 0 is all. The others only answer, as while a cluster
	// is moved to PreVote server by server.
	PreVoters int
	// CheckQuorum makes leaders step down that no majority answers, and voters disregard candidates while they hear from a leader
	// (D6.2 and 4.2.3).
	CheckQuorum bool
	// Transfer lets leaders hand over to another server (D3.10).
	Transfer bool
	// Reads is how a leader answers reads that bypass the log (8, D6.4).
	Reads ReadMode
	// ElectionTicks is how long voters are loyal to their leader by their own clock, with ReadByLease; at least 1 there, and 0
	// without clocks (D6.4.1).
	ElectionTicks int
	// Drift is how far any two clocks are known to differ at most, in ticks: 2·Drift < ElectionTicks.
	Drift int
	// Membership lets clients change the configuration (6, D4).
	Membership bool
	// Joint makes every change of the configuration go through a joint one, however few servers change (6).
	Joint bool
	// Voters is how many of the servers, in ascending order, are in the first configuration, with Membership; 0 is all, and so is more than there are.
	Voters int
	// Sessions makes servers tell clients what became of their commands, and carry out each request once (8, D6.3). Logs are not compacted then.
	Sessions bool
	// Pipeline lets a leader send on before it is answered: what it sent once it does not send again unless a follower refuses what follows (D10.2.1).
	Pipeline bool
	// SplitProposals makes a leader take a command on in one step and append it in another, as where two threads share the work.
	SplitProposals bool
	// AppliesLater makes a state machine fall behind: what is committed is applied one entry at a time, in steps of its own. Reads wait for it. Logs
	// are not compacted then, and Sessions cannot be had with it.
	AppliesLater bool
	// Backups keeps what the disk held before it was last written. Nobody is to start from it.
	Backups bool
	// AsyncStorage hands writes to storage that takes its time (D10.2.1).
	AsyncStorage bool
	// Elect and Commit are how many servers elect a leader and commit an entry, without Membership; 0 is a majority. Any that elect must share one
	// with any that commit, and with any others that elect.
	Elect, Commit int
	// TermJumps makes a candidate raise its term by two.
	TermJumps bool
	// HeartbeatsAtCommit makes heartbeats name the last committed entry, whatever a follower has.
	HeartbeatsAtCommit bool
	// DropsVote makes a server that learns who leads its term forget its vote, and vote for nobody else in it.
	DropsVote bool
	// DropsUnacknowledged makes a leader that is deposed remove those of its own entries that nobody has acknowledged to it.
	DropsUnacknowledged bool
	// Decisions answers what a server has to decide; nil is Paper{}.
	Decisions Decisions
}

// Variants are what rules have to know of the reference, and of the parts of Raft that the options turn on.
func (o *Options) Variants() spec.Variants {
	vs := spec.Variants{spec.CommitsAtOnce}
	for _, v := range []struct {
		on      bool
		variant spec.Variant
	}{{o.PreVote && o.PreVoters == 0, spec.PreVotes}, {o.PreVote && o.PreVoters > 0, spec.PreVotesBySome}, {o.CheckQuorum, spec.ChecksQuorum},
		{o.Reads == ReadByRound, spec.ConfirmsReads}, {o.Reads == ReadByLease, spec.LeaseReads},
		{o.Membership, spec.ConfigurationInLog}, {o.Joint, spec.JointConfigurations},
		{o.Sessions, spec.TellsClients}, {o.AsyncStorage, spec.StoresLater}, {o.SplitProposals, spec.AppendsLater}, {o.AppliesLater, spec.AppliesLater},
		{o.AsyncStorage && o.CheckQuorum, spec.LeavesWhenHung}, {!o.AsyncStorage, spec.HeartbeatsToAll},
		{o.TermJumps, spec.TermJumps}, {o.HeartbeatsAtCommit, spec.HeartbeatsAnywhere}, {o.DropsVote, spec.DropsVoteForLeader}, {o.DropsUnacknowledged, spec.DropsUnacknowledged},
		{o.Elect > 0, spec.Variant(fmt.Sprintf("%s:elect=%d,commit=%d", spec.FlexibleQuorums, o.Elect, o.Commit))}, {o.Snapshots, spec.InstallsAtOnce}} {
		if v.on {
			vs = append(vs, v.variant)
		}
	}
	return vs
}

// New returns a factory of reference servers. A new server is a follower in term 0 with an empty log and an empty disk.
// The servers also implement spec.Cloner, and spec.Permuter unless an option tells them apart by name.
func New(options Options) spec.Factory {
	if options.Decisions == nil {
		options.Decisions = Paper{}
	}
	return func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		s := &server{id: id, servers: slices.Clone(servers), options: options, decide: options.Decisions}
		s.config = s.firstConfiguration()
		if options.ElectionTicks > 0 || options.Membership || options.PreVoters > 0 {
			return named{s}
		}
		return s
	}
}

// Recover returns a server that is down, with that on its disk: what a process finds that starts where another one was killed. It knows
// nothing else, and a Restart starts it. found is what the server's last Sync effect told; the zero Durable is a blank disk.
func Recover(options Options, id spec.ServerID, servers []spec.ServerID, found spec.Durable) spec.Node {
	node := New(options)(id, servers)
	s, plain := node.(*server)
	if !plain {
		s = node.(named).server
	}
	s.disk = disk{written: found, synced: found}
	s.crash(false)
	return node
}
