package etcd

import (
	"cmp"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// server is one server as the trace determines it: what its next line must show, and what is behind that.
type server struct {
	id   spec.ServerID
	line int   // of its latest event
	now  shown // what its next event must show
	lead spec.ServerID

	adrift bool   // the trace joined it in the middle of a call, which is not over
	joined joined // what is known of the time before its first line

	log        spec.Log
	blind      bool         // the term of the entry at log.Base is not known yet
	hidden     spec.Index   // up to this index the log may hold changes of configuration that are not known
	confs      []spec.Index // indexes above log.Base of configuration entries, ascending
	members    *membership
	stands     []stand    // where it may stand with its configuration; members and applied are of the first
	unsettled  []stand    // where it may have stood when it crashed
	late       []late     // entries that a snapshot covers and the application may still apply
	vagueLate  bool       // there may be more of them
	undecided  int        // line of an applied change of which the trace has not shown yet what it led to; 0 is none
	applied    spec.Index // index of the latest configuration entry that was applied
	readyAt    spec.Index // commitIndex at the latest Ready: what may be applied
	proposed   spec.Index // leader: index up to which a configuration change may be pending
	installing bool       // a snapshot was installed and no Ready has handed it to storage yet

	vagueLead bool // lead is not known

	granted    []spec.ServerID // candidate: never changed in place
	refused    []spec.ServerID
	vagueVotes bool   // there may be more of both
	peers      []peer // leader: ascending, itself included
	vaguePeers bool   // there may be more of them, and of some it is not known what is sent to them

	call  call   // what it is doing
	queue []item // the events that must or may follow in the same call
	head  int

	unsent []queued   // messages waiting for the next Ready
	beats  []beatSent // heartbeats of the round at hand
	inbox  []home     // messages to itself that a Ready let go, in order

	versions []durable // what Readys handed to storage: the latest, and those before that may not have been written yet
	others   []durable // logs that it may have come back with instead of log
	at       moment    // at the start of the call, while there are others
	restart  restart
	kept     []spec.ServerID // voters that the application kept over a restart
	keptAt   int             // line that shows them
	doubt    doubt
	owed     owed
	stale    tri         // whether it answers a MsgApp or MsgHeartbeat of a lower term
	terms    []spec.Term // it was in since its latest Ready
	obs      spec.Observation
	obsLine  int // line that shows obs
	started  bool
	incoming spec.Index // first index − 1 that its latest InitState showed
}

// durable is what a Ready hands to storage.
type durable struct {
	line    int
	term    spec.Term
	vote    spec.ServerID
	commit  spec.Index
	log     spec.Log
	blind   bool
	hidden  spec.Index
	confs   []spec.Index
	members *membership
	flights []*flight // what left with it for the first time
	before  bool      // it is what lay on the disk before the server's first line, of which only bounds are known
}

// tri is something that the trace may not have shown yet.
type tri uint8

const (
	unknown tri = iota
	yes
	no
)

// restart is the part of a restart that has been seen.
type restart struct {
	line  int  // of InitState; 0 when none is going on
	first bool // the server was never seen before
}

// doubt remembers a line that was accepted because something unseen may have caused it. If the server's next line shows that
// nothing of the sort happened, the doubtful line is the guilty one.
type doubt struct {
	line   int
	before shown
	what   string
}

// call is the Step that a server is executing, as its first event tells.
type call struct {
	name    name
	line    int
	message message
	before  shown // at the first event
	count   spec.Index
	confs   []string // ChangeConf: values of the entries proposed
	emitted bool
}

// queued is a message waiting for a Ready.
type queued struct {
	message message
	flight  *flight
	line    int
}

// home is a message of a server to itself: the lines at which it was sent and at which a Ready let it go.
type home struct {
	message    message
	sent, left int
}

func (s *server) peer(id spec.ServerID) *peer {
	for k := range s.peers {
		if s.peers[k].id == id {
			return &s.peers[k]
		}
	}
	return nil
}

// resetPeers is what becoming leader does to progress.
func (s *server) resetPeers() {
	s.peers, s.vaguePeers = s.peers[:0], s.members.vague
	for _, id := range s.members.members() {
		p := peer{id: id, learner: s.members.learner(id), views: []view{{next: s.now.last + 1}}}
		if id == s.id {
			p.match = s.now.last
			p.views[0].state = replicating
		}
		s.peers = append(s.peers, p)
	}
}

// updatePeers is what a new configuration does to progress.
func (s *server) updatePeers() {
	members := s.members.members()
	s.peers = slices.DeleteFunc(s.peers, func(p peer) bool { return !slices.Contains(members, p.id) })
	for _, id := range members {
		if s.peer(id) == nil { // unless it was a learner that is not known to have been one
			s.peers = append(s.peers, peer{id: id, loose: s.members.vague, atLeast: s.members.vague, upTo: s.now.last, views: []view{{next: max(s.now.last, 1)}}})
		}
	}
	s.vaguePeers = s.vaguePeers || s.members.vague
	slices.SortFunc(s.peers, func(a, b peer) int { return cmp.Compare(a.id, b.id) })
	for k := range s.peers {
		s.peers[k].learner = s.members.learner(s.peers[k].id)
	}
}

// follows notes whom a server takes for the leader of its term.
func (s *server) follows(lead spec.ServerID) { s.lead, s.vagueLead = lead, false }

func (s *server) match(id spec.ServerID) spec.Index {
	if p := s.peer(id); p != nil {
		return p.match
	}
	return 0
}

// termAt returns the term of the entry at an index, and whether it is known.
func (s *server) termAt(i spec.Index) (spec.Term, bool) {
	if i == s.log.Base && s.blind {
		return 0, false
	}
	return s.log.TermAt(i)
}

// lastTerm returns the term of the last entry, and whether it is known.
func (s *server) lastTerm() (spec.Term, bool) { return s.termAt(s.log.LastIndex()) }

// extend appends entries to the log.
func (s *server) extend(entries ...spec.Entry) {
	for k, e := range entries {
		if e.Kind == spec.ConfigurationChange {
			s.confs = append(s.confs, s.log.LastIndex()+spec.Index(k)+1)
		}
	}
	s.log.Entries = append(s.log.Entries, entries...)
	s.now.last = s.log.LastIndex()
}

// truncate drops the entries from an index on. What was shown before stays as it is.
func (s *server) truncate(from spec.Index) {
	s.log.Entries = slices.Clip(s.log.Entries[:from-1-s.log.Base])
	s.hidden = min(s.hidden, from-1)
	for len(s.confs) > 0 && s.confs[len(s.confs)-1] >= from {
		s.confs = slices.Clip(s.confs[:len(s.confs)-1])
	}
	s.now.last = s.log.LastIndex()
}

// clipped is a log of which another version in memory may go on: what is appended to it leaves that as it is.
func clipped(l spec.Log) spec.Log {
	l.Entries = slices.Clip(l.Entries)
	return l
}

// confAfter returns the index of the first configuration entry above an index, or 0.
func (s *server) confAfter(applied spec.Index) spec.Index {
	for _, i := range s.confs {
		if i > applied {
			return i
		}
	}
	return 0
}

// observe brings obs up to date with what the server shows now.
func (s *server) observe() {
	o := &s.obs
	o.Role, o.Term, o.VotedFor, o.LeaderID = s.now.role, s.now.term, s.now.vote, s.lead
	o.Log, o.CommitIndex = s.log, s.now.commit
	o.Granted, o.Refused = s.granted, s.refused
	o.Config = s.now.conf.spec()
}

// handOver returns what a Ready hands to storage now.
func (s *server) handOver(line int) durable {
	return durable{line: line, term: s.now.term, vote: s.now.vote, commit: s.now.commit, log: s.log, blind: s.blind, hidden: s.hidden,
		confs: slices.Clip(s.confs), members: s.members}
}

// mostUnwritten is how many Readys may be on their way to the disk at once.
const mostUnwritten = 8

// handed adds what a Ready hands to storage.
func (s *server) handed(d durable) {
	if len(s.versions) > mostUnwritten {
		s.versions = append(s.versions[:0], s.versions[1:]...)
	}
	s.versions = append(s.versions, d)
}

// written notes that what the Ready at a line handed over is on disk, since something that left with it has arrived.
func (s *server) written(line int) {
	for k := len(s.versions) - 1; k > 0; k-- {
		if s.versions[k].line <= line {
			s.versions = append(s.versions[:0], s.versions[k:]...)
			return
		}
	}
}
