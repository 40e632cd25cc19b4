package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// server is one Raft server, the state of Figure 2.
// A slice it holds is replaced when it changes and never written to, so observations, messages and clones may share it.
type server struct {
	id      spec.ServerID
	servers []spec.ServerID // the whole cluster, ascending, with id among them
	options Options
	decide  Decisions

	// Persistent state on all servers, on disk before a message that follows from it leaves.
	term     spec.Term     // currentTerm ≥ 0; never falls
	votedFor spec.ServerID // who got this server's vote in term, or None; set at most once in a term
	log      spec.Log      // entry terms never fall along the log, and are ≤ term; Base ≤ commitIndex, 0 without Snapshots

	snapshotConfig string // the configuration that the snapshot holds; "" is the first one. Only with Membership

	// Volatile state on all servers.
	config      spec.Configuration // in force: the last one in the log. All servers, without Membership
	configIndex spec.Index         // where in the log it stands; Base if it is in the snapshot, 0 for the first one
	role        spec.Role
	leader      spec.ServerID // the leader of term, once heard of; = id on a leader
	commitIndex spec.Index    // ≤ log.LastIndex(); never falls until a crash. lastApplied = commitIndex, see package comment

	spent bool // with DropsVote: the vote in term may have been given, and dropped for the leader; nobody gets it

	// Volatile state on candidates and pre-candidates; nil on others.
	granted []spec.ServerID // who voted for this server in term, itself included; ascending
	refused []spec.ServerID // who refused to; ascending

	// Volatile state on leaders; nil on others. One for each other server, ascending.
	progress []spec.Progress // 0 ≤ MatchIndex < NextIndex ≤ log.LastIndex()+1; MatchIndex never falls

	// Volatile state of options: CheckQuorum and PreVote, then Transfer.
	loyal      bool            // a follower heard from the leader of term within the shortest election timeout
	contact    []spec.ServerID // who answered a leader since its election timer began; ascending
	transferee spec.ServerID   // whom a leader hands over to, or None

	// Volatile state of leaders that answer reads; nil and 0 on others.
	reads    []spec.PendingRead // that wait to be confirmed, in the order in which they came
	round    int                // number of the last round of heartbeats that a read began, in this term
	served   int                // reads answered in this term
	answered []sentAt           // with leases, followers whose answer still counts; ascending

	applied spec.Index // with AppliesLater: 0 ≤ applied ≤ commitIndex; without it lastApplied = commitIndex

	// With Sessions.
	waiting   []waiting  // clients that wait to be told, in the order in which they came
	forgotten spec.Index // requests up to here in the log are forgotten; 0

	accepted []accepted // with SplitProposals, commands that were taken on and not appended yet, the oldest first

	// What waits for storage, with AsyncStorage: the oldest first.
	queue   []batch
	stored  spec.Durable // what is on disk
	overdue bool         // with CheckQuorum: of a leader, something waited when its election timer fired last, and nothing was stored since

	// Clocks, with ElectionTicks.
	clock      int // ticks so far; it goes on through crashes
	loyalUntil int // of clock: when a loyal follower is loyal no longer; 0 if it is not

	disk    disk           // what a crash leaves
	outbox  []spec.Message // what the step at hand sends; empty between steps
	answers []spec.Effect  // what it tells clients; empty between steps
}

// voters calls yield for every other server that votes, ascending.
func (s *server) voters(yield func(spec.ServerID) bool) {
	for _, id := range s.servers {
		if id != s.id && s.isVoter(id) && !yield(id) {
			return
		}
	}
}

// send queues a message of the current term. It leaves at the end of the step, after what it promises is on disk.
func (s *server) send(to spec.ServerID, m spec.Message) {
	s.sendIn(s.term, to, m)
}

// sendIn queues a message that tells another term: a pre-vote is about the next one.
func (s *server) sendIn(term spec.Term, to spec.ServerID, m spec.Message) {
	m.From, m.To, m.Term = s.id, to, term
	s.outbox = append(s.outbox, m)
}

// adopt takes over the higher term that a message tells, as a follower that does not know its leader yet (5.1).
func (s *server) adopt(m *spec.Message) {
	if s.options.DropsUnacknowledged && s.role == spec.Leader {
		s.log = s.withoutUnacknowledged()
		s.reconfigure(0)
	}
	s.term, s.spent = s.decide.NewTerm(m), false
	s.votedFor = s.decide.VoteInNewTerm(m)
	s.log = s.decide.LogInNewTerm(s.log, s.commitIndex)
	s.leader = s.decide.LeaderInNewTerm(s.leader)
	if s.options.ElectionTicks == 0 {
		s.loyal = false
	}
	if s.decide.YieldsToNewTerm(s.role) {
		s.becomeFollower()
	}
}

// withoutUnacknowledged returns a leader's log without the entries of its term at its end that no follower has acknowledged.
func (s *server) withoutUnacknowledged() spec.Log {
	kept := s.commitIndex
	for _, p := range s.progress {
		kept = max(kept, p.MatchIndex)
	}
	log := s.log
	for len(log.Entries) > 0 && log.LastIndex() > kept && log.LastTerm() == s.term {
		log.Entries = slices.Clip(log.Entries[:len(log.Entries)-1])
	}
	return log
}

// becomeFollower forgets what only candidates and leaders keep.
func (s *server) becomeFollower() {
	s.giveUp()
	s.role = spec.Follower
	s.granted, s.refused, s.progress = nil, nil, nil
	s.contact, s.transferee = nil, spec.None
	s.reads, s.round, s.served, s.answered = nil, 0, 0, nil
	s.overdue = false
}

// Adopts: any message of a higher term, request or reply. What a pre-vote and its grant tell is not a term that anybody is in.
func (Paper) Adopts(current spec.Term, m *spec.Message) bool {
	if m.Kind == spec.PreVote || m.Kind == spec.PreVoteReply && m.Granted {
		return false
	}
	return m.Term > current
}

// NewTerm: the very one that the message tells.
func (Paper) NewTerm(m *spec.Message) spec.Term { return m.Term }

// LeaderInNewTerm: nobody yet. Who led the term before leads no more.
func (Paper) LeaderInNewTerm(spec.ServerID) spec.ServerID { return spec.None }

// YieldsToNewTerm: always, whatever it was.
func (Paper) YieldsToNewTerm(spec.Role) bool { return true }

// VoteInNewTerm: none yet. Whether the sender gets it is decided afterwards, by the rules for votes.
func (Paper) VoteInNewTerm(*spec.Message) spec.ServerID { return spec.None }

// LogInNewTerm: all of it. A new term says nothing about old entries; only a conflict with a leader removes any.
func (Paper) LogInNewTerm(log spec.Log, _ spec.Index) spec.Log { return log }

// Outdated: the term of the reply is not the current one any more.
func (Paper) Outdated(current spec.Term, reply *spec.Message) bool { return reply.Term < current }

// Majority: more than half, so that any two majorities share a server.
func (Paper) Majority(count, servers int) bool { return 2*count > servers }
