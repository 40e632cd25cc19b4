package impl

import "github.com/raftcheck/raftcheck/spec"

// CheckQuorum (D6.2, and 4.2.3 for the voters). A leader that is cut off from the majority would go on taking commands that it can
// never commit. So it counts who answers it, and steps down when its election timer finds that it was no majority. The
// other half of the bargain is with the voters: as long as they hear from a leader they disregard candidates, so that a
// server that lost touch, or was removed, cannot depose a leader that works.
//
// There is no clock. A voter is loyal from the moment it hears from its leader until its own election timer fires; or until a
// Heartbeat is given to it, which says of a follower that the shortest election timeout has passed.

// onLeaderTimeout: a leader's election timer fires. It ends a transfer of leadership that led nowhere (D3.10), and with CheckQuorum
// the leadership of a server that no majority answers any more.
func (s *server) onLeaderTimeout() spec.Output {
	if !s.options.CheckQuorum && s.transferee == spec.None {
		return spec.Output{Refused: true}
	}
	s.transferee = spec.None
	if s.options.CheckQuorum {
		if !s.decide.KeepsOffice(s.commits(with(s.contact, s.id))) || s.hangs() {
			s.leader = spec.None
			s.becomeFollower()
		}
		s.contact = nil
	}
	return spec.Output{}
}

// hangs reports whether a leader's storage has finished nothing since its election timer fired last, and something waits (D6.2 for the
// leader's own disk).
func (s *server) hangs() bool {
	hung := s.overdue && s.decide.NoticesHungDisk()
	s.overdue = len(s.queue) > 0
	return hung
}

// lapse: the shortest election timeout has passed since the follower heard from its leader.
func (s *server) lapse() spec.Output {
	if !s.loyal || s.options.ElectionTicks > 0 || !s.decide.GivesUp() {
		return spec.Output{Refused: true}
	}
	s.loyal = false
	return spec.Output{}
}

// heardFrom notes on a leader that a follower answers.
func (s *server) heardFrom(reply *spec.Message) {
	if s.role != spec.Leader || s.follower(reply.From) < 0 {
		return
	}
	if s.options.CheckQuorum && s.decide.CountsAsContact(reply.Kind) {
		s.contact = with(s.contact, reply.From)
	}
	switch s.options.Reads {
	case ReadByRound:
		s.confirmed(reply.From, reply.Payload)
	case ReadByLease:
		s.answeredAt(reply.From, reply.Payload)
	}
}

// leavesAside reports whether a candidate of a higher term is disregarded, term and all: there is a leader. A candidate that the leader
// itself asked to campaign is heard.
func (s *server) leavesAside(request *spec.Message) bool {
	protects := s.options.CheckQuorum || s.options.Reads == ReadByLease
	return protects && s.leader != spec.None && request.Payload != transferred && s.disregards()
}

// disregards reports whether the server has reason to believe that a leader is there.
func (s *server) disregards() bool { return s.decide.Disregards(s.role, s.loyal) }

// GivesUp: always. A server that has not heard from its leader for an election timeout is loyal to nobody.
func (Paper) GivesUp() bool { return true }

// NoticesHungDisk: yes. What it is given is not safe with it, and its heartbeats keep the others from electing a leader that works.
func (Paper) NoticesHungDisk() bool { return true }

// CountsAsContact: every reply. A follower that is busy with a snapshot is there.
func (Paper) CountsAsContact(spec.MessageKind) bool { return true }

// KeepsOffice: only with answers of a majority.
func (Paper) KeepsOffice(majority bool) bool { return majority }

// Disregards: while it hears from a leader, or is the leader. A leader learns otherwise from its own timer.
func (Paper) Disregards(role spec.Role, loyal bool) bool { return loyal || role == spec.Leader }
