package ccf

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// server is a node as far as its lines have told.
type server struct {
	id   spec.ServerID
	name string
	now  shown
	line int   // of now; 0 is none yet
	open *step // that its lines add to

	// The log: entries[k] has index base+1+k. whole says that it is known from its first entry on.
	base    uint64
	entries []entry
	whole   bool
	next    *entry  // replicated, and appended as soon as the last index says so
	commit  *uint64 // committed, and shown with the next line

	voted spec.ServerID // in the view that it is in
	sure  bool          // that voted is known
	asked bool          // a request for its vote was received, and no line shows the answer yet
	began uint64        // the view that its first line shows
	same  uint64        // how far its log is that of its view's leader, by what it accepted from it

	match   map[spec.ServerID]uint64 // leader: how far the logs of others match at most, since it took office
	refused map[spec.ServerID]bool   // leader: whose last reply was a refusal, until a line says again how far its log matches
	votes   []spec.ServerID          // candidate: who voted for it in its view
	office  uint64                   // the view in which the trace shows it take office; 0 is none
	stood   uint64                   // the view in which the trace shows it become candidate; 0 is none

	configurations []configuration // candidate, leader: those that it goes by; nil if that is not known
}

// entry is what is known of a transaction. Entries that were shown are not changed in place.
type entry struct {
	term   uint64
	signed bool
	sure   bool // that signed is known
}

func (s *server) last() uint64 { return s.base + uint64(len(s.entries)) }

// at returns the entry at an index, and whether it is known.
func (s *server) at(index uint64) (entry, bool) {
	if index <= s.base || index > s.last() {
		return entry{}, false
	}
	return s.entries[index-s.base-1], true
}

// observe takes in what a line shows.
func (s *server) observe(now *shown, line int) {
	if s.line == 0 {
		s.base, s.whole = now.Last, now.Last == 0
		s.sure, s.began = now.View == 0, now.View
	} else if now.View > s.now.View {
		s.voted, s.sure, s.asked, s.same = spec.None, true, false, 0
	}
	s.now, s.line, s.commit = *now, line, nil
	if s.next != nil && now.Last > s.last() {
		s.append(*s.next)
	}
	switch last := s.last(); {
	case now.Last < s.base:
		s.base, s.entries, s.whole = now.Last, nil, now.Last == 0
	case now.Last < last:
		s.entries, s.next = slices.Clone(s.entries[:now.Last-s.base]), nil
	case now.Last > last:
		s.base, s.entries, s.whole = now.Last, nil, false // what came between was not shown
	}
	if now.Committable == nil {
		return
	}
	for _, index := range *now.Committable {
		s.sign(index)
	}
}

func (s *server) append(e entry) {
	s.entries, s.next = append(s.entries, e), nil
}

// sign notes that the entry at an index is a signature.
func (s *server) sign(index uint64) {
	if e, known := s.at(index); known && !e.signed {
		s.entries = slices.Clone(s.entries)
		s.entries[index-s.base-1] = entry{e.term, true, true}
	}
}

// settle takes for done what the lines up to now have begun, before a line that shows the node after something else.
func (s *server) settle() {
	s.settleVote()
	if s.next != nil {
		s.append(*s.next)
		s.now.Last = s.last()
	}
	if s.commit != nil {
		s.now.Commit, s.commit = *s.commit, nil
	}
}

// settleVote notes that a request for a vote may have been granted: the traces of some years do not show the answer.
func (s *server) settleVote() {
	if s.asked && s.voted == spec.None {
		s.sure = false
	}
	s.asked = false
}

// signedLog returns the log up to its last signature, and whether it is known.
func (s *server) signedLog() (log spec.Log, known bool) {
	if !s.whole || s.now.Commit > s.last() {
		return log, false
	}
	end := s.last()
	for ; end > s.now.Commit; end-- {
		e, _ := s.at(end)
		if e.signed {
			break
		}
		if !e.sure && s.now.Committable == nil {
			return log, false
		}
	}
	for _, e := range s.entries[:end] {
		log.Entries = append(log.Entries, spec.Entry{Term: spec.Term(e.term)})
	}
	return log, true
}

// observation is what the rules may look at.
func (s *server) observation() spec.Observation {
	o := spec.Observation{Unknown: ^(spec.FieldTerm | spec.FieldCommit | spec.FieldUp), Term: spec.Term(s.now.View), CommitIndex: spec.Index(s.now.Commit)}
	if role, known := s.now.role(); known {
		o.Role = role
		o.Unknown &^= spec.FieldRole
	}
	if s.sure {
		o.VotedFor = s.voted
		o.Unknown &^= spec.FieldVotedFor
	}
	if log, known := s.signedLog(); known {
		o.Log = log
		o.Unknown &^= spec.FieldLog | spec.FieldCompacted
	}
	return o
}
