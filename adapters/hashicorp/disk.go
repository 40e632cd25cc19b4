package hashicorp

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// The keys under which the library keeps its promises in a StableStore.
const (
	keyTerm     = "CurrentTerm"
	keyVoteTerm = "LastVoteTerm"
	keyVoteCand = "LastVoteCand"
)

// disk is what a crash leaves: a StableStore, a LogStore and a SnapshotStore. Every write is synced at once and is one durable
// effect; a write that changes nothing is none.
type disk struct {
	numbers   map[string]uint64
	texts     map[string]string
	first     uint64 // index of logs[0]
	logs      []raft.Log
	entries   []spec.Entry // logs as rules see them; never changed in place
	snapshots []*snapshot  // newest first
	commit    uint64       // how far the log was known to be committed when it was last written; with RestoreCommitted
	staged    uint64       // what commit will be then; not on disk
	torn      bool         // the term of a vote is written, and its candidate is not yet
}

func newDisk() *disk { return &disk{numbers: map[string]uint64{}, texts: map[string]string{}} }

func (d *disk) clone() *disk {
	c := *d
	c.numbers, c.texts, c.logs = maps.Clone(d.numbers), maps.Clone(d.texts), slices.Clone(d.logs)
	return &c
}

// durable returns what a server would find again after a crash, in the paper's words.
func (d *disk) durable() spec.Durable {
	return spec.Durable{Term: spec.Term(d.numbers[keyTerm]), VotedFor: d.votedFor(), Log: d.log()}
}

// votedFor is the vote in the current term, as requestVote would read it from the StableStore.
func (d *disk) votedFor() spec.ServerID {
	if candidate, voted := d.texts[keyVoteCand]; voted && d.numbers[keyVoteTerm] == d.numbers[keyTerm] {
		return serverOf(candidate)
	}
	return spec.None
}

// log returns the log as rules see it.
func (d *disk) log() spec.Log {
	var l spec.Log
	if len(d.snapshots) > 0 {
		newest := d.snapshots[0].meta
		if len(d.logs) == 0 || d.first == newest.Index+1 {
			l.Base, l.BaseTerm = spec.Index(newest.Index), spec.Term(newest.Term)
		}
	}
	if len(d.logs) > 0 {
		if base := spec.Index(d.first - 1); base != l.Base {
			l.Base, l.BaseTerm = base, 0 // trailing entries: what came before them is no longer known
		}
	}
	l.Entries = d.entries[:len(d.entries):len(d.entries)]
	return l
}

// append appends canonical bytes of everything on disk.
func (d *disk) append(b []byte) []byte {
	for _, key := range slices.Sorted(maps.Keys(d.numbers)) {
		b = binary.AppendUvarint(appendText(b, key), d.numbers[key])
	}
	for _, key := range slices.Sorted(maps.Keys(d.texts)) {
		b = appendText(appendText(b, key), d.texts[key])
	}
	b = binary.AppendUvarint(append(b, '|'), d.first)
	for k := range d.logs {
		l := &d.logs[k]
		b = binary.AppendUvarint(append(b, '|', byte(l.Type)), l.Term)
		b = appendText(appendText(b, string(l.Data)), string(l.Extensions))
	}
	if d.commit > 0 || d.staged > 0 {
		b = binary.AppendUvarint(binary.AppendUvarint(append(b, '='), d.commit), d.staged)
	}
	for _, s := range d.snapshots {
		b = s.append(append(b, '#'))
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// stores is the disk as one incarnation of a server sees it. It notes every write, and a crash in the middle of a step happens in one.
type stores struct {
	*disk
	steps *recorder
}

var errNotFound = errors.New("not found") // as the library knows it from BoltDB

// Set is part of raft.StableStore.
func (s *stores) Set(key, value []byte) error {
	put := func() {
		s.texts[string(key)] = string(value)
		s.torn = s.torn && string(key) != keyVoteCand
	}
	if old, known := s.texts[string(key)]; known && old == string(value) {
		put()
		return nil
	}
	s.steps.write(s.disk, put)
	return nil
}

// Get is part of raft.StableStore.
func (s *stores) Get(key []byte) ([]byte, error) {
	if value, known := s.texts[string(key)]; known {
		return []byte(value), nil
	}
	return nil, errNotFound
}

// SetUint64 is part of raft.StableStore.
func (s *stores) SetUint64(key []byte, value uint64) error {
	if old, known := s.numbers[string(key)]; known && old == value {
		return nil
	}
	s.steps.write(s.disk, func() {
		s.numbers[string(key)] = value
		s.torn = string(key) == keyVoteTerm
	})
	return nil
}

// GetUint64 is part of raft.StableStore.
func (s *stores) GetUint64(key []byte) (uint64, error) {
	if value, known := s.numbers[string(key)]; known {
		return value, nil
	}
	return 0, errNotFound
}

// FirstIndex is part of raft.LogStore.
func (s *stores) FirstIndex() (uint64, error) {
	if len(s.logs) == 0 {
		return 0, nil
	}
	return s.first, nil
}

// LastIndex is part of raft.LogStore.
func (s *stores) LastIndex() (uint64, error) {
	if len(s.logs) == 0 {
		return 0, nil
	}
	return s.first + uint64(len(s.logs)) - 1, nil
}

// GetLog is part of raft.LogStore.
func (s *stores) GetLog(index uint64, log *raft.Log) error {
	if len(s.logs) == 0 || index < s.first || index >= s.first+uint64(len(s.logs)) {
		return raft.ErrLogNotFound
	}
	*log = s.logs[index-s.first]
	return nil
}

// StoreLog is part of raft.LogStore.
func (s *stores) StoreLog(log *raft.Log) error { return s.StoreLogs([]*raft.Log{log}) }

// StoreLogs is part of raft.LogStore. It is one write, as in BoltDB.
func (s *stores) StoreLogs(logs []*raft.Log) error {
	for _, l := range logs {
		if last, _ := s.LastIndex(); last > 0 && (l.Index < s.first || l.Index > last+uint64(len(logs))) {
			return errors.New("the log would have a gap")
		}
	}
	s.steps.write(s.disk, func() {
		for _, l := range logs {
			s.put(*l)
		}
		s.commit = max(s.commit, s.staged)
	})
	return nil
}

// StageCommitIndex is part of raft.CommitTrackingLogStore: what is staged is written with the next logs.
func (s *stores) StageCommitIndex(index uint64) error {
	s.staged = index
	return nil
}

// GetCommitIndex is part of raft.CommitTrackingLogStore.
func (s *stores) GetCommitIndex() (uint64, error) {
	last, err := s.LastIndex()
	return min(s.commit, last), err
}

func (d *disk) put(l raft.Log) {
	if at, has := statekey.Find[time.Time](&l, "AppendedAt"); has { // since 1.3; it is only for metrics
		*at = time.Time{}
	}
	if len(d.logs) == 0 {
		d.first = l.Index
	}
	at := int(l.Index - d.first)
	if at < len(d.logs) {
		d.logs[at] = l
		d.entries = slices.Clone(d.entries)
		d.entries[at] = entryOf(&l)
		return
	}
	d.logs = append(d.logs, l)
	d.entries = append(d.entries[:at:at], entryOf(&l))
}

// DeleteRange is part of raft.LogStore. It is one write; only the beginning or the end of the log is ever deleted.
func (s *stores) DeleteRange(low, high uint64) error {
	if len(s.logs) == 0 {
		return nil
	}
	last := s.first + uint64(len(s.logs)) - 1
	low, high = max(low, s.first), min(high, last)
	if low > high {
		return nil
	}
	if low > s.first && high < last {
		return errors.New("the log would have a hole")
	}
	s.steps.write(s.disk, func() {
		from, to := int(low-s.first), int(high-s.first)+1
		s.logs = slices.Delete(slices.Clone(s.logs), from, to)
		s.entries = slices.Delete(slices.Clone(s.entries), from, to)
		if low == s.first {
			s.first = high + 1
		}
		if len(s.logs) == 0 {
			s.first = 0
		}
	})
	return nil
}
