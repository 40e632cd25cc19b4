package impl

import (
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
)

// Reads that bypass the log (8, D6.4). A leader may answer a read from its own state machine, if it does two things. It must know how
// far entries are committed, which a new leader does once it has committed one of its own term. And it must know that no other leader
// has committed more since: it asks the others in a round of heartbeats that begins after the read came, or it relies on a lease.
//
// A round has a number, which its heartbeats carry and their replies repeat. What applies the index of a read is the state machine,
// which here is always up to date with the commit index.

// ReadMode is how a leader makes sure that it still leads before it answers a read.
type ReadMode uint8

// The modes.
const (
	NoReads     ReadMode = iota
	ReadByRound          // it asks the others (D6.4)
	ReadByLease          // it trusts clocks (D6.4.1)
)

// onRead: a leader notes how far it has committed; any other server sends the client on.
func (s *server) onRead(value string) spec.Output {
	switch {
	case s.options.Reads == NoReads:
		return spec.Output{Refused: true}
	case s.role != spec.Leader && s.leader != spec.None:
		return spec.Output{Redirect: s.leader}
	case s.role != spec.Leader || !s.decide.KnowsCommitted(s.log, s.commitIndex, s.term):
		return spec.Output{Refused: true}
	}
	read := spec.PendingRead{Value: value, Index: s.commitIndex}
	if s.options.Reads == ReadByLease {
		return s.readByLease(read)
	}
	if s.commits([]spec.ServerID{s.id}) || !s.decide.AsksBeforeReading() {
		if !s.serve(read) {
			s.reads = append(slices.Clip(s.reads), read)
		}
		return spec.Output{}
	}
	s.round = s.decide.NextRound(s.round)
	read.Token = strconv.Itoa(s.round)
	s.reads = append(slices.Clip(s.reads), read)
	s.sendAppendEntries()
	return spec.Output{}
}

// token is what the leader's messages carry and replies repeat: the number of the last round that a read waits for, or with leases
// the time.
func (s *server) token() string {
	switch {
	case s.options.Reads == ReadByLease:
		return strconv.Itoa(s.clock)
	case len(s.reads) > 0:
		return s.reads[len(s.reads)-1].Token
	}
	return ""
}

// confirmed counts a reply that repeats the number of a round: for the read that the round began with, and for those that came before it.
// A read is answered when a majority has confirmed.
func (s *server) confirmed(by spec.ServerID, token string) {
	at := slices.IndexFunc(s.reads, func(r spec.PendingRead) bool { return r.Token == token })
	s.reads = slices.Clone(s.reads)
	for k := range s.reads[:at+1] {
		s.reads[k].Confirmed = with(s.reads[k].Confirmed, by)
	}
	s.serveConfirmed()
}

// serveConfirmed answers the reads that a majority has confirmed and that need not wait for the state machine.
func (s *server) serveConfirmed() {
	var waiting []spec.PendingRead
	for _, r := range s.reads {
		if !s.commits(with(r.Confirmed, s.id)) || !s.serve(r) {
			waiting = append(waiting, r)
		}
	}
	s.reads = waiting
}

// serve answers a read that is confirmed, unless the state machine is still behind its index.
func (s *server) serve(r spec.PendingRead) bool {
	if s.decide.WaitsToApply() && s.lastApplied() < r.Index {
		return false
	}
	r.Index = s.seen(r.Index)
	s.answer(r)
	return true
}

// seen is how far a read sees that is answered at an index: where the state machine has its own pace, as far as that is.
func (s *server) seen(index spec.Index) spec.Index {
	if s.options.AppliesLater {
		return s.applied
	}
	return index
}

// giveUp is what becomes of reads that still wait when the server leads no longer: nothing, and the clients ask somebody else.
func (s *server) giveUp() {
	for _, r := range s.reads {
		if s.decide.ServesUnconfirmed() {
			r.Index = s.seen(r.Index)
			s.answer(r)
		}
	}
}

// onApplyNext: the state machine carries out the next entry, and reads that waited for it are answered.
func (s *server) onApplyNext() spec.Output {
	if !s.options.AppliesLater || s.applied >= s.commitIndex {
		return spec.Output{Refused: true}
	}
	s.applied++
	s.reconfigure(0)
	s.serveConfirmed()
	return spec.Output{}
}

// lastApplied is how far the state machine is.
func (s *server) lastApplied() spec.Index {
	if s.options.AppliesLater {
		return s.applied
	}
	return s.commitIndex
}

// answer tells the client the index up to which a state machine must have applied to serve it.
func (s *server) answer(r spec.PendingRead) {
	s.served++
	s.answers = append(s.answers, spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Read: true, Value: r.Value, Index: r.Index}})
}

// KnowsCommitted: once the last entry committed is of its own term. Before that the leader holds all that is committed, but does not
// know how far that is.
func (Paper) KnowsCommitted(log spec.Log, commit spec.Index, current spec.Term) bool {
	term, known := log.TermAt(commit)
	return known && term == current
}

// WaitsToApply: always. What the state machine has not applied a read does not see.
func (Paper) WaitsToApply() bool { return true }

// ServesUnconfirmed: never. A server that was deposed does not know what was written since.
func (Paper) ServesUnconfirmed() bool { return false }

// AsksBeforeReading: a leader that was deposed does not know it.
func (Paper) AsksBeforeReading() bool { return true }

// NextRound: a new number. A late reply to an earlier round says nothing about now.
func (Paper) NextRound(round int) int { return round + 1 }
