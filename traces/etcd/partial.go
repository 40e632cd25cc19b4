package etcd

import "github.com/raftcheck/raftcheck/spec"

// A trace that begins in the middle of a run shows neither logs nor what the servers know of each other, so its lines cannot be
// explained. It is judged by what they show: role, term, vote, commitIndex and configuration of each server, and the messages it
// sends. What a server comes back with after a crash is not compared, since what it had on disk is not known.

// glimpsed are the fields that a line shows by itself.
const glimpsed = spec.FieldRole | spec.FieldTerm | spec.FieldVotedFor | spec.FieldCommit | spec.FieldConfig

// glimpse takes in a line of a trace that begins in the middle.
func (m *model) glimpse(s *server, e *event) {
	in := spec.Input{}
	switch {
	case e.name == initState:
		// In term 1 all may have been the bootstrap, which is lost if the first Ready is.
		if s.now.commit > 0 && s.now.term > 1 && e.state.last == 0 {
			m.refuse(s, "R5.6-01", e.line, "%s starts with an empty log, but knew entries up to %d to be committed", s.id, s.now.commit)
		}
		s.restart.line = e.line
		s.now = shown{role: spec.Crashed, conf: e.state.conf}
		m.show(s, spec.Input{Kind: spec.Crash, Lossy: true}, e, ^spec.FieldRole)
		s.line = e.line
		return
	case s.restart.line > 0 && e.name == applyConfChange:
		s.line = e.line
		return
	case s.restart.line > 0:
		in.Kind = spec.Restart
		s.restart.line = 0
	}
	s.now = e.state
	m.show(s, in, e, ^glimpsed)
	s.line = e.line
}

// show emits what a line shows as a step.
func (m *model) show(s *server, in spec.Input, e *event, unknown spec.Field) {
	var sends []sent
	if e.name.sends() && e.message.from == s.id {
		sends = append(m.leaving[:0], sent{&e.message, e.line})
	}
	s.log = spec.Log{Base: s.now.last}
	m.emit(s, in, e.line, e.line, sends...)
	r := m.out[len(m.out)-1]
	r.step.After.Unknown, s.obs.Unknown = unknown, unknown
}
