package impl

import (
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
)

// Leases (D6.4.1). While a majority is loyal to the leader nobody else can be elected, so the leader may answer reads without asking.
// How long they are loyal is a matter of clocks. Each server has one, which ticks; no two of them ever differ by more than Drift. A voter
// is loyal for ElectionTicks of its own clock after it last heard from its leader. The leader counts from when it sent what the voter
// heard, which is earlier, by its own clock. In the worst case the leader's clock was Drift ahead of the voter's when it sent, and is Drift
// behind when the voter's loyalty ends: so the lease is shorter than the loyalty by twice the Drift.
//
// Nothing but its clock ends a voter's loyalty: not a new term that it hears of, and not a restart. So leadership is not transferred
// where there are leases.

// sentAt is when a leader sent the latest message that a follower answered, by the leader's clock.
type sentAt struct {
	server spec.ServerID
	clock  int
}

// onTick: the server's clock goes on, also while it is down.
func (s *server) onTick() spec.Output {
	if s.options.ElectionTicks == 0 {
		return spec.Output{Refused: true}
	}
	s.clock++
	if s.loyal && s.clock >= s.loyalUntil {
		s.loyal, s.loyalUntil = false, 0
	}
	s.answered = slices.DeleteFunc(slices.Clone(s.answered), func(a sentAt) bool { return !s.counts(a) })
	return spec.Output{}
}

// counts reports whether what a follower answered still makes it loyal for certain.
func (s *server) counts(a sentAt) bool {
	return s.decide.LeaseHolds(a.clock, s.clock, s.options.ElectionTicks, s.options.Drift)
}

// beLoyal: the server heard from its leader, or cannot know whether it did before it crashed.
func (s *server) beLoyal() {
	s.loyal = true
	if s.options.ElectionTicks > 0 {
		s.loyalUntil = s.clock + s.options.ElectionTicks
	}
}

// boundByLease reports whether a server may not vote for anybody yet, because a leader may still count on it, perhaps one of an earlier term.
func (s *server) boundByLease() bool { return s.options.ElectionTicks > 0 && s.disregards() }

// readByLease answers at once, if the leader holds a lease.
func (s *server) readByLease(r spec.PendingRead) spec.Output {
	loyal := []spec.ServerID{s.id}
	for _, a := range s.answered {
		loyal = with(loyal, a.server)
	}
	if !s.commits(loyal) {
		return spec.Output{Refused: true}
	}
	s.answer(r)
	return spec.Output{}
}

// answeredAt notes that a follower answered a message that the leader sent at that time of its clock.
func (s *server) answeredAt(id spec.ServerID, token string) {
	clock, err := strconv.Atoi(token)
	if err != nil || !s.counts(sentAt{id, clock}) {
		return
	}
	k, known := slices.BinarySearchFunc(s.answered, id, func(a sentAt, id spec.ServerID) int { return int(a.server) - int(id) })
	s.answered = slices.Clone(s.answered)
	if !known {
		s.answered = slices.Insert(s.answered, k, sentAt{id, clock})
	}
	s.answered[k].clock = max(s.answered[k].clock, clock)
}

// LeaseHolds: for as long as the voter is loyal for certain.
func (Paper) LeaseHolds(sent, now, electionTicks, drift int) bool {
	return now < sent+electionTicks-2*drift
}

// LoyalAfterRestart: the server may have answered a leader before it crashed, and so waits until that loyalty would be over.
func (Paper) LoyalAfterRestart() bool { return true }

// named is a server that cannot be written under other names, because the world around it tells servers apart: by their clocks, or by
// the configurations that clients ask for. It is not a spec.Permuter.
type named struct{ server *server }

// Step is server's.
func (n named) Step(in spec.Input) spec.Output { return n.server.Step(in) }

// Observe is server's.
func (n named) Observe() spec.Observation { return n.server.Observe() }

// AppendState is server's.
func (n named) AppendState(dst []byte) []byte { return n.server.AppendState(dst) }

// Compose is server's.
func (n named) Compose(m spec.Message, asked *spec.Message) (spec.Message, bool) {
	return n.server.Compose(m, asked)
}

// Clone is server's.
func (n named) Clone() spec.Node { return named{n.server.Clone().(*server)} }
