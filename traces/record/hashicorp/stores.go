package hashicorp

import (
	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// The keys under which the library keeps term and vote.
const (
	keyCurrentTerm = "CurrentTerm"
	keyVoteTerm    = "LastVoteTerm"
	keyVoteFor     = "LastVoteCand"
)

// stableStore is a raft.StableStore whose writes are recorded.
type stableStore struct {
	raft.StableStore
	server *server
}

// Set is part of raft.StableStore.
func (s *stableStore) Set(key, value []byte) error {
	err := s.StableStore.Set(key, value)
	switch {
	case err != nil:
		s.server.fails()
	case string(key) == keyVoteFor:
		candidate := s.server.candidate(value)
		s.server.votes(func() { s.server.voteFor, s.server.torn = candidate, false })
	}
	return err
}

// SetUint64 is part of raft.StableStore.
func (s *stableStore) SetUint64(key []byte, value uint64) error {
	err := s.StableStore.SetUint64(key, value)
	switch {
	case err != nil:
		s.server.fails()
	case string(key) == keyCurrentTerm:
		s.server.enters(spec.Term(value))
	case string(key) == keyVoteTerm:
		s.server.votes(func() { s.server.voteTerm, s.server.torn = spec.Term(value), true })
	}
	return err
}

// logStore is a raft.LogStore whose writes are recorded.
type logStore struct {
	raft.LogStore
	server *server
}

// IsMonotonic is part of raft.MonotonicLogStore, which the store may be.
func (s *logStore) IsMonotonic() bool {
	m, is := s.LogStore.(raft.MonotonicLogStore)
	return is && m.IsMonotonic()
}

// commitTracking is what a log store has besides that keeps how far its log is committed (raft.CommitTrackingLogStore, since v1.8.0).
// The library asks for it where the program wants committed entries restored at a start.
type commitTracking interface {
	StageCommitIndex(index uint64) error
	GetCommitIndex() (uint64, error)
}

// commitTrackingLogStore is a logStore of a store that is one.
type commitTrackingLogStore struct {
	*logStore
	commitTracking
}

// StoreLog is part of raft.LogStore.
func (s *logStore) StoreLog(l *raft.Log) error {
	err := s.LogStore.StoreLog(l)
	s.stored([]*raft.Log{l}, err)
	return err
}

// StoreLogs is part of raft.LogStore.
func (s *logStore) StoreLogs(logs []*raft.Log) error {
	err := s.LogStore.StoreLogs(logs)
	s.stored(logs, err)
	return err
}

func (s *logStore) stored(logs []*raft.Log, err error) {
	switch {
	case err != nil:
		s.server.fails()
		return
	case len(logs) == 0:
		return
	}
	entries := s.server.entries(logs)
	in := spec.Input{Kind: spec.Stored}
	if len(logs) == 1 && logs[0].Type == raft.LogCommand {
		in = spec.Input{Kind: spec.Propose, Value: entries[0].Value}
	}
	s.server.change(in, true, func() (spec.Index, bool) {
		first := spec.Index(logs[0].Index)
		s.server.tail.Append(first, entries...)
		for _, l := range logs {
			s.server.configured(l)
		}
		return first - 1, true
	})
}

// DeleteRange is part of raft.LogStore. What is removed from the beginning of a log was compacted, and is no loss.
func (s *logStore) DeleteRange(first, last uint64) error {
	cuts := s.cuts(first, last)
	if cuts {
		s.server.unsettle()
	}
	err := s.LogStore.DeleteRange(first, last)
	switch {
	case err != nil:
		s.server.fails()
	case cuts:
		s.server.change(spec.Input{Kind: spec.Stored}, true, func() (spec.Index, bool) {
			s.server.tail.Truncate(spec.Index(first) - 1)
			s.server.configKnown = false // it may have been in what was removed
			return spec.Index(first) - 1, true
		})
	}
	return err
}

// cuts reports whether entries are removed from the end of the log, and not all up to some index because a snapshot covers them.
func (s *logStore) cuts(first, last uint64) bool {
	end, err := s.LogStore.LastIndex()
	if err != nil || last < end {
		return false
	}
	begin, err := s.LogStore.FirstIndex()
	if err != nil || first > begin {
		return err == nil
	}
	c := s.server.handled()
	return c != nil && c.message.Kind == spec.AppendEntries
}

// unsettle notes that what is on disk is about to be replaced, so that nobody takes it for lost if the record ends here.
func (s *server) unsettle() {
	s.handled()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.note(s.record.Happens(spec.Input{Kind: spec.Stored}))
}

// fails notes that a store returned an error, so that what it holds must be read again. If that fails too nothing is known of it.
func (s *server) fails() {
	s.handled()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.lost, s.campaign = s.load() != nil, nil
	s.note(s.record.Happens(spec.Input{Kind: spec.Stored}))
	s.shown.Unknown |= spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog | spec.FieldDurable
}
