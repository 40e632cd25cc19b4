package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Log compaction and InstallSnapshot (7, Figure 13). A server replaces the beginning of its log, as far as it has applied it, by a
// snapshot of its state machine. Here the state machine is not modelled: what it contains follows from the last entry that it
// applied, so a snapshot is that entry's index and term, the Base of the log. A leader that has compacted the entry that a
// follower needs next sends its snapshot instead, in one message.
//
// On disk a snapshot and the log are two files. The snapshot is written and synced first, and only then the log without what the
// snapshot covers; see Paper.Writes. A crash in between leaves entries that the snapshot covers too, and a restart drops them.

// onCompact takes a snapshot of what is applied (7).
func (s *server) onCompact() spec.Output {
	upTo := s.decide.SnapshotUpTo(s.log, s.commitIndex)
	if !s.options.Snapshots || s.options.Sessions || s.options.AppliesLater || upTo <= s.log.Base {
		return spec.Output{Refused: true}
	}
	term, _ := s.log.TermAt(upTo)
	if s.options.Membership {
		config, _ := s.configurationAt(s.persistent(), upTo)
		s.snapshotConfig = config.String()
	}
	s.log = suffixAfter(s.log, upTo, term)
	s.reconfigure(0)
	return spec.Output{}
}

// sendSnapshot sends the leader's snapshot to a follower that needs entries before it.
func (s *server) sendSnapshot(to spec.ServerID) {
	m := spec.Message{Kind: spec.InstallSnapshot, PrevLogIndex: s.log.Base, PrevLogTerm: s.decide.SnapshotTerm(s.log.BaseTerm, s.term), Payload: s.token()}
	if s.options.Membership {
		m.Entries = []spec.Entry{{Term: s.log.BaseTerm, Kind: spec.ConfigurationChange, Value: s.snapshotConfig}}
	}
	s.send(to, m)
}

// Compose is part of spec.Composer: with Membership, a snapshot holds the configuration as well, here that of the whole cluster.
func (s *server) Compose(m spec.Message, _ *spec.Message) (spec.Message, bool) {
	if s.options.Membership && m.Kind == spec.InstallSnapshot && len(m.Entries) == 0 {
		all := spec.Configuration{Voters: s.servers}
		m.Entries = []spec.Entry{{Term: m.PrevLogTerm, Kind: spec.ConfigurationChange, Value: all.String()}}
	}
	return m, true
}

// onInstallSnapshot is the receiver's part of InstallSnapshot in Figure 13; the numbers are those of its steps.
func (s *server) onInstallSnapshot(m *spec.Message) {
	// 1
	if m.Term < s.term {
		s.send(m.From, spec.Message{Kind: spec.InstallSnapshotReply, Payload: m.Payload})
		return
	}
	s.follow(m.From)
	s.term = s.decide.TermWithSnapshot(s.term, m)
	// 2 to 5: it came in one piece; an older one than what is applied brings nothing
	if s.decide.Installs(s.log, s.commitIndex, m) {
		// 6 to 8
		s.log = s.decide.LogWithSnapshot(s.log, m.PrevLogIndex, m.PrevLogTerm)
		s.commitIndex = m.PrevLogIndex
		if s.options.Membership {
			s.snapshotConfig = m.Entries[0].Value
			s.reconfigure(spec.InstallSnapshot)
		}
	}
	if s.commitIndex < m.PrevLogIndex {
		s.send(m.From, spec.Message{Kind: spec.InstallSnapshotReply, Payload: m.Payload})
		return
	}
	s.send(m.From, spec.Message{Kind: spec.InstallSnapshotReply, Success: true, MatchIndex: m.PrevLogIndex, Payload: m.Payload})
}

// onInstallSnapshotReply notes on a leader that a follower has what the snapshot covers.
func (s *server) onInstallSnapshotReply(m *spec.Message) {
	k := s.follower(m.From)
	if s.role != spec.Leader || k < 0 || !m.Success {
		return
	}
	s.progress = slices.Clone(s.progress)
	if !s.decide.HasSnapshot(m.MatchIndex, s.log.LastIndex()) {
		return
	}
	s.progress[k] = s.decide.Acknowledged(s.progress[k], m.MatchIndex)
	s.advanceCommit()
}

// suffixAfter returns the entries after an index, as a log that begins there.
func suffixAfter(log spec.Log, upTo spec.Index, term spec.Term) spec.Log {
	kept := log.LastIndex() - min(upTo, log.LastIndex())
	return spec.Log{Base: upTo, BaseTerm: term, Entries: slices.Clip(log.Entries[spec.Index(len(log.Entries))-kept:])}
}

// SnapshotUpTo: what is committed, since that is what is applied.
func (Paper) SnapshotUpTo(_ spec.Log, commit spec.Index) spec.Index { return commit }

// SnapshotTerm: that of the last entry that it covers, which may be an old one.
func (Paper) SnapshotTerm(last, _ spec.Term) spec.Term { return last }

// NeedsSnapshot: the entry to send next is not in the log any more.
func (Paper) NeedsSnapshot(log spec.Log, next spec.Index) bool { return next <= log.Base }

// TermWithSnapshot: the same as before. The term in a snapshot is that of an old entry.
func (Paper) TermWithSnapshot(current spec.Term, _ *spec.Message) spec.Term { return current }

// Installs: only what is newer than what was applied already. Messages may be late.
func (Paper) Installs(_ spec.Log, commit spec.Index, m *spec.Message) bool {
	return m.PrevLogIndex > commit
}

// LogWithSnapshot: entries after the snapshot stay if the log agrees with it on the last entry it covers. Otherwise they belong to
// another history, and none stays.
func (Paper) LogWithSnapshot(log spec.Log, index spec.Index, term spec.Term) spec.Log {
	if own, held := log.TermAt(index); held && own == term {
		return suffixAfter(log, index, term)
	}
	return spec.Log{Base: index, BaseTerm: term}
}

// HasSnapshot: whatever it acknowledges. Leader and follower may both have moved on meanwhile.
func (Paper) HasSnapshot(_, _ spec.Index) bool { return true }

// CommitAfterRestart: what the snapshot covers. It was committed, and the state machine starts with it.
func (Paper) CommitAfterRestart(log spec.Log) spec.Index { return log.Base }
