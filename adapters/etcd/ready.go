package etcd

import (
	"errors"

	"github.com/raftcheck/raftcheck/spec"
)

// readiesOfAStep is more than any step of a sound library asks for.
const readiesOfAStep = 1000

// drain does what the library asks for until it asks for nothing more.
func (s *server) drain() error {
	for range readiesOfAStep {
		if !s.library.HasReady() {
			s.forgetReads()
			return nil
		}
		rd := s.library.Ready()
		if s.options.AsyncStorage {
			s.hand(&rd)
		} else {
			s.process(&rd)
		}
	}
	return errors.New("the library has something Ready for ever")
}

// forgetReads: a server that leads no more answers no reads.
func (s *server) forgetReads() {
	if s.reads == 0 && !s.waits || s.options.Forwarding && !s.waits {
		return
	}
	if role, _, _ := s.library.Office(); role != spec.Leader {
		s.reads, s.waits = 0, false
	}
}

// process does what a Ready asks for, as the library's documentation says: entries, hard state and snapshot are written before
// messages are sent. Committed entries may be applied in parallel with that, so that clients are told at the earliest moment that
// is allowed, which is first.
func (s *server) process(rd *Ready) {
	s.remember(rd.Entries, rd.Snapshot)
	s.answerReads(rd.Reads)
	s.answer(rd.Committed)
	s.persist(rd.Entries, rd.Hard, rd.Snapshot)
	s.send(rd.Messages)
	s.apply(rd.Committed)
	s.library.Advance()
	s.reportSnapshots(rd.Messages)
}

// hand sends what a Ready asks for with asynchronous storage, and gives the rest to the storage.
func (s *server) hand(rd *Ready) {
	s.remember(rd.Entries, rd.Snapshot)
	s.answerReads(rd.Reads)
	s.send(rd.Messages)
	s.work = append(s.work, rd.Work...)
	s.reportSnapshots(rd.Messages)
}

// stored does the oldest work of asynchronous storage and hands over its responses.
func (s *server) stored() error {
	if len(s.work) == 0 {
		return errRefused
	}
	w := s.work[0]
	s.work = append([]Work(nil), s.work[1:]...)
	if w.Apply {
		s.answer(w.Entries)
		s.apply(w.Entries)
	} else if len(w.Entries) == 0 && w.Hard == nil && w.Snapshot == nil {
		s.library.Persist()
	} else {
		s.persist(w.Entries, w.Hard, w.Snapshot)
	}
	var others []Message
	for _, m := range w.Responses {
		if m.To == uint64(s.id) {
			s.library.Step(m.Wire)
		} else {
			others = append(others, m)
		}
	}
	s.send(others)
	return nil
}

// remember notes what the library's log has become.
func (s *server) remember(entries []Entry, snap *Snapshot) {
	if snap != nil {
		s.log = spec.Log{Base: spec.Index(snap.Index), BaseTerm: spec.Term(snap.Term)}
		s.conf = snap.Conf
	}
	s.log = overlay(s.log, entries)
}

func (s *server) answerReads(reads []spec.Reply) {
	for _, r := range reads {
		s.did(spec.Effect{Kind: spec.Answer, Reply: r})
		s.waits = false
	}
}

// answer tells clients of the leader that their commands are committed.
func (s *server) answer(committed []Entry) {
	if len(committed) == 0 {
		return
	}
	role, term, _ := s.library.Office()
	if role != spec.Leader {
		return
	}
	for _, e := range committed {
		if e.Type == EntryNormal && e.Data != "" && e.Term == term {
			reply := spec.Reply{Value: e.Data, Index: spec.Index(e.Index)}
			s.did(spec.Effect{Kind: spec.Answer, Reply: reply})
		}
	}
}

// apply lets committed configuration changes take effect. Commands are not interpreted.
func (s *server) apply(committed []Entry) {
	for _, e := range committed {
		if e.Type != EntryNormal {
			s.conf = s.library.Apply(e)
		}
	}
}

func (s *server) send(messages []Message) {
	for k := range messages {
		s.did(spec.Effect{Kind: spec.Send, Message: s.told(&messages[k])})
	}
}

// reportSnapshots tells the library that its snapshots left. Whether they arrive is not known to whoever sends them.
func (s *server) reportSnapshots(messages []Message) {
	for _, m := range messages {
		if m.Type == MsgSnap {
			s.library.ReportSnapshot(m.To)
		}
	}
}
