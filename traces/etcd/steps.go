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
		if told, known := m.told(s, out.message); known {
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

// told is a message in the vocabulary of the rules, and whether all of it is known that they may ask for. A heartbeat says that the receiver's log is known to match up to
// its commit index, which is what an AppendEntries without entries after that index says.
func (m *model) told(s *server, msg *message) (out spec.Message, known bool) {
	known = true
	out = spec.Message{From: msg.from, To: msg.to, Term: msg.term}
	switch msg.kind {
	case msgVote:
		out.Kind, out.LastLogIndex, out.LastLogTerm = spec.RequestVote, msg.index, msg.logTerm
	case msgVoteResp:
		out.Kind, out.Granted = spec.RequestVoteReply, !msg.reject
	case msgApp:
		out.Kind, out.PrevLogIndex, out.PrevLogTerm, out.LeaderCommit = spec.AppendEntries, msg.index, msg.logTerm, msg.commit
		out.Entries, known = m.entries(msg)
	case msgHeartbeat:
		out.Kind, out.PrevLogIndex, out.LeaderCommit = spec.AppendEntries, msg.commit, msg.commit
		out.PrevLogTerm, out.PrevTermUnknown = m.committedTerm(s, msg)
	case msgSnap:
		out.Kind, out.PrevLogIndex = spec.InstallSnapshot, msg.entries
		out.PrevLogTerm, known = m.termOf(msg.term, msg.entries)
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
	return out, known
}

// committedTerm returns the term of the entry up to which a heartbeat commits, as its leader has it or whoever still has it, and whether
// nobody is known to have it.
func (m *model) committedTerm(s *server, msg *message) (t spec.Term, unknown bool) {
	if t, known := m.termOf(msg.term, msg.commit); known || msg.commit == 0 {
		return t, false
	}
	if t, known := s.termAt(msg.commit); known && msg.commit <= s.now.commit {
		return t, false
	}
	for _, other := range m.order {
		if t, known := other.termAt(msg.commit); known && msg.commit <= other.now.commit {
			return t, false
		}
	}
	return 0, true
}
