package etcd

import "github.com/raftcheck/raftcheck/spec"

// item is an event that must follow in the same call of Step, or may when something the trace does not show was so.
type item struct {
	want    want
	may     bool
	to      spec.ServerID // wantApp, wantApps: the peer
	term    spec.Term     // wantFollower
	lead    spec.ServerID // wantFollower
	then    then          // wantFollower: how the call goes on
	message message       // wantMessage: exactly what must be sent
	mode    mode          // wantApp, wantApps: when it comes
	open    undecided     // wantMessage, wantInstalled: what of it is not known
}

// want is a kind of event that is awaited.
type want uint8

const (
	wantFollower want = iota + 1
	wantMessage
	wantApp      // one MsgApp or MsgSnap
	wantApps     // as many MsgApp as there is room for
	wantBeats    // heartbeats that answer pending reads
	wantBeat     // one heartbeat
	wantCommit   // after a change of configuration
	wantAnswered // Commit after an acknowledgement
	wantLeader
	wantReplicate // the leader's empty entry
	wantMore      // further Replicate and ChangeConf events of one proposal
	wantSelfAck   // the leader's message to itself after appending
	wantRestored  // ApplyConfChange of a restart
	wantInstalled // ApplyConfChange of a snapshot
	wantBooted    // ApplyConfChange of a bootstrap
)

// then is how a call goes on after a server has become a follower.
type then uint8

const (
	thenNothing then = iota
	thenVote
	thenFollow
)

func (s *server) push(i item) { s.queue = append(s.queue, i) }

// first puts an item before all that is still awaited.
func (s *server) first(i item) {
	if s.head > 0 {
		s.head--
		s.queue[s.head] = i
		return
	}
	s.queue = append(s.queue, item{})
	copy(s.queue[1:], s.queue)
	s.queue[0] = i
}

func (s *server) awaited() *item {
	if s.head >= len(s.queue) {
		s.queue, s.head = s.queue[:0], 0
		return nil
	}
	return &s.queue[s.head]
}

func (s *server) pop() item {
	i := s.queue[s.head]
	if s.head++; s.head == len(s.queue) {
		s.queue, s.head = s.queue[:0], 0
	}
	return i
}

func (s *server) giveUp() { s.queue, s.head = s.queue[:0], 0 }

// fits reports whether an event can be the one awaited; whether it is right in every field is looked at afterwards.
func (i *item) fits(s *server, e *event) bool {
	switch i.want {
	case wantFollower:
		return e.name == becomeFollower
	case wantMessage:
		if i.may {
			return e.name == i.message.kind.sender() && e.message.kind == i.message.kind && e.message.to == i.message.to
		}
		return e.name == i.message.kind.sender() && (e.message.kind == i.message.kind || e.name != sendAppend)
	case wantApp, wantApps:
		return e.name == sendAppend && e.message.kind != msgHeartbeat && e.message.to == i.to
	case wantBeats, wantBeat:
		return e.name == sendAppend && e.message.kind == msgHeartbeat
	case wantCommit, wantAnswered:
		return e.name == commit
	case wantLeader:
		return e.name == becomeLeader
	case wantReplicate:
		return e.name == replicate
	case wantMore:
		return e.name == replicate || e.name == changeConf
	case wantSelfAck:
		return e.name == sendAppendResponse && e.message.to == s.id
	}
	return e.name == applyConfChange
}

// String says what is awaited.
func (i *item) String() string {
	switch i.want {
	case wantFollower:
		return "BecomeFollower"
	case wantMessage, wantBeat:
		return i.message.kind.sender().String() + " of " + i.message.kind.String() + " to " + i.message.to.String()
	case wantApp, wantApps:
		return "SendAppendEntriesRequest to " + i.to.String()
	case wantCommit, wantAnswered:
		return "Commit"
	case wantLeader:
		return "BecomeLeader"
	case wantReplicate, wantMore:
		return "Replicate"
	case wantSelfAck:
		return "SendAppendEntriesResponse to itself"
	}
	return "ApplyConfChange"
}
