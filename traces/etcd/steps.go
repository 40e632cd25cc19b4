package etcd

import (
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// emitted is a record of the current line. They are reused from line to line.
type emitted struct {
	record  traces.Record
	step    spec.Step
	where   traces.Where
	effects []spec.Effect
	lines   []int
}

// sent is a message that a step sends, and the line that shows it.
type sent struct {
	message *message
	line    int
}

// unshown are the fields of an observation that the format does not show and the model does not work out.
const unshown = spec.FieldApplied | spec.FieldProgress | spec.FieldDurable

// emit adds a record of what a server just did, from what it showed last to what it shows now.
func (m *model) emit(s *server, in spec.Input, first, last int, sends ...sent) {
	r := m.slot()
	r.step.Server, r.step.Input = s.id, in
	r.step.Before = s.obs
	if s.obsLine == 0 {
		r.step.Before.Unknown = ^spec.Field(0)
	}
	s.observe()
	s.obs.Unknown = s.unknown()
	r.step.After = s.obs
	r.step.Output = spec.Output{}
	r.where = traces.Where{Before: s.obsLine, Input: first, After: last}
	r.effects, r.lines = r.effects[:0], r.lines[:0]
	for _, out := range sends {
		if out.message.to == s.id {
			continue
		}
		if told := m.native(s, out.message); tells(&told) {
			r.effects = append(r.effects, spec.Effect{Kind: spec.Send, Message: told})
			r.lines = append(r.lines, out.line)
		}
	}
	r.step.Output.Effects, r.where.Effects = r.effects, r.lines
	s.obsLine = last
	r.record = traces.Record{Number: last, Event: in.Kind.String(), Step: &r.step, Line: last, Where: &r.where}
}

// unknown are the fields of an observation that are not known now.
func (s *server) unknown() spec.Field {
	f := unshown
	if s.blind {
		f |= spec.FieldLog
	}
	if s.vagueLead {
		f |= spec.FieldLeader
	}
	if s.vagueVotes {
		f |= spec.FieldVotes
	}
	if s.joined.some {
		f |= spec.FieldCompacted
	}
	return f
}

func (m *model) slot() *emitted {
	if n := len(m.spare); n > 0 {
		r := m.spare[n-1]
		m.spare = m.spare[:n-1]
		m.out = append(m.out, r)
		return r
	}
	r := &emitted{}
	m.out = append(m.out, r)
	return r
}

// native turns a message into the vocabulary of the rules. A heartbeat says that the receiver's log is known to match up to
// its commit index, which is what an AppendEntries without entries after that index says.
func (m *model) native(s *server, msg *message) spec.Message {
	out, known := spec.Message{From: msg.from, To: msg.to, Term: msg.term}, true
	switch msg.kind {
	case msgVote:
		out.Kind, out.LastLogIndex, out.LastLogTerm = spec.RequestVote, msg.index, msg.logTerm
	case msgVoteResp:
		out.Kind, out.Granted = spec.RequestVoteReply, !msg.reject
	case msgApp:
		out.Kind, out.PrevLogIndex, out.PrevLogTerm, out.LeaderCommit = spec.AppendEntries, msg.index, msg.logTerm, msg.commit
		if out.Entries, known = m.entries(msg); !known {
			out.Unknown = spec.MessageEntries
		}
	case msgHeartbeat:
		out.Kind, out.PrevLogIndex, out.LeaderCommit = spec.AppendEntries, msg.commit, msg.commit
		if out.PrevLogTerm, known = m.committedTerm(s, msg); !known {
			out.Unknown = spec.MessagePrevTerm
		}
	case msgSnap:
		out.Kind, out.PrevLogIndex = spec.InstallSnapshot, msg.entries
		if out.PrevLogTerm, known = m.termOf(msg.term, msg.entries); !known {
			out.Unknown = spec.MessagePrevTerm
		}
	case msgAppResp:
		out.Kind, out.Success = spec.AppendEntriesReply, !msg.reject && msg.index > 0
		if out.Success {
			out.MatchIndex = msg.index
		} else {
			out.ConflictIndex, out.ConflictTerm = msg.hint, msg.logTerm
		}
	case msgHeartbeatResp:
		out.Kind, out.Success, out.Payload = spec.AppendEntriesReply, true, "heartbeat"
	}
	return out
}

// tells reports whether enough of a message is known for the rules: of entries, which, and of a snapshot its last term. A step that
// is about another shows no message.
func tells(m *spec.Message) bool {
	return m.Knows(spec.MessageEntries) && (m.Kind != spec.InstallSnapshot || m.Complete())
}

// committedTerm returns the term of the entry up to which a heartbeat commits, as its leader has it or whoever still has it, and whether
// it is known.
func (m *model) committedTerm(s *server, msg *message) (t spec.Term, known bool) {
	if t, known := m.termOf(msg.term, msg.commit); known || msg.commit == 0 {
		return t, true
	}
	if t, known := s.termAt(msg.commit); known && msg.commit <= s.now.commit {
		return t, true
	}
	for _, other := range m.order {
		if t, known := other.termAt(msg.commit); known && msg.commit <= other.now.commit {
			return t, true
		}
	}
	return 0, false
}
