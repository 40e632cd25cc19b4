package abstract

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// server holds the variables of raft.tla that belong to one server, and not one more. Servers are counted by their place in the
// ascending list of all, so that a set of servers is a bitset and a function over servers a slice.
type server struct {
	self    int             // this server's place
	servers []spec.ServerID // all servers, ascending; never changed

	currentTerm spec.Term     // ≥ 1
	state       spec.Role     // Follower, Candidate or Leader
	votedFor    spec.ServerID // spec.None is raft.tla's Nil

	log         []spec.Entry // log[k] has index k+1; terms ≤ currentTerm; replaced, never changed in place
	commitIndex spec.Index   // ≤ len(log); a follower's may fall

	votesResponded set // who answered since the last Timeout or Restart; UpdateTerm leaves it
	votesGranted   set // ⊆ votesResponded

	nextIndex  []spec.Index // of every server, this one included; ≥ 1; set by BecomeLeader, kept when leadership ends
	matchIndex []spec.Index // of every server, this one included; ≥ 0; set by BecomeLeader, kept when leadership ends
}

// set is a set of servers by place.
type set uint64

func (s set) with(place int) set      { return s | 1<<place }
func (s set) contains(place int) bool { return s&(1<<place) != 0 }

// newServer is raft.tla's Init.
func newServer(id spec.ServerID, servers []spec.ServerID) *server {
	s := &server{servers: slices.Clone(servers), currentTerm: 1}
	s.self = s.place(id)
	s.resetProgress(1)
	return s
}

// Step takes the action that the input names, or refuses it because its guard is false.
func (s *server) Step(in spec.Input) spec.Output {
	if in.Cut > 0 {
		return refused() // actions are atomic
	}
	before := s.durable()
	out := s.act(in)
	if !before.same(s.durable()) {
		// raft.tla's term, vote and log are always on disk, so they are there before anything is sent.
		out.Effects = slices.Insert(out.Effects, 0, spec.Effect{Kind: spec.Sync, Durable: s.Observe().Durable})
	}
	return out
}

func (s *server) act(in spec.Input) spec.Output {
	if !s.knows(in.Peer) || !s.knows(in.Message.From) {
		return refused()
	}
	switch in.Kind {
	case spec.Restart:
		return s.restart()
	case spec.Timeout:
		return s.timeout()
	case spec.SendRequestVote:
		return s.requestVote(in.Peer)
	case spec.BecomeLeader:
		return s.becomeLeader()
	case spec.Propose:
		return s.clientRequest(in.Value)
	case spec.AdvanceCommit:
		return s.advanceCommitIndex()
	case spec.SendAppendEntries:
		return s.appendEntries(in.Peer)
	case spec.Deliver:
		return s.receive(in.Message)
	}
	return refused()
}

// knows reports whether the server is one of all, or nobody.
func (s *server) knows(id spec.ServerID) bool {
	_, member := slices.BinarySearch(s.servers, id)
	return member || id == spec.None
}

// place returns where the server stands in the list of all. The server must be in it.
func (s *server) place(id spec.ServerID) int {
	at, _ := slices.BinarySearch(s.servers, id)
	return at
}

// quorum is raft.tla's Quorum: the set is a strict majority of all servers.
func (s *server) quorum(in func(place int) bool) bool {
	count := 0
	for place := range s.servers {
		if in(place) {
			count++
		}
	}
	return 2*count > len(s.servers)
}

// lastTerm is raft.tla's LastTerm(log).
func (s *server) lastTerm() spec.Term { return spec.Log{Entries: s.log}.LastTerm() }

// lastIndex is raft.tla's Len(log).
func (s *server) lastIndex() spec.Index { return spec.Index(len(s.log)) }

// termAt is log[index].term, for 1 ≤ index ≤ Len(log).
func (s *server) termAt(index spec.Index) spec.Term { return s.log[index-1].Term }

// resetProgress starts nextIndex at next and matchIndex at 0, for every server.
func (s *server) resetProgress(next spec.Index) {
	s.nextIndex = slices.Repeat([]spec.Index{next}, len(s.servers))
	s.matchIndex = make([]spec.Index, len(s.servers))
}

func refused() spec.Output { return spec.Output{Refused: true} }

// keep ends a sub-step: the message stays in the network to be handled further.
func keep() spec.Output { return spec.Output{Keep: true} }

func send(m spec.Message) spec.Output {
	return spec.Output{Effects: []spec.Effect{{Kind: spec.Send, Message: m}}}
}
