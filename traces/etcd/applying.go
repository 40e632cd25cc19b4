package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// proposeConf takes a ChangeConf: a leader is about to append a change of configuration.
func (m *model) proposeConf(s *server, e *event) {
	switch {
	case len(e.changes) == 0:
		m.refuse(s, traceConsistent, e.line, "%s announces a change of configuration that changes nothing", s.id)
	case s.proposed > s.now.commit:
		m.refuse(s, "R6-05", e.line, "%s proposes a change of configuration while one at index %d may be uncommitted (commitIndex %d)", s.id, s.proposed, s.now.commit)
	case s.now.conf.joint():
		m.refuse(s, "R6-03", e.line, "%s proposes a change of configuration while %s is joint", s.id, s.now.conf)
	}
	s.proposed = s.now.last + 1
}

// applyConf takes an ApplyConfChange: the application applied a committed configuration entry. The event shows the configuration
// before, and of the new one the incoming half.
func (m *model) applyConf(s *server, e *event) {
	m.check(s, e)
	i := m.entryApplied(s, e)
	if i == 0 {
		m.adoptVoters(s, e)
		m.emit(s, spec.Input{}, e.line, e.line)
		return
	}
	if i <= s.applied {
		s.members = m.membersAt(i - 1) // applied once more after a restart
	}
	s.applied = i
	s.unsure = s.unsure && i < s.readyAt
	entry, _ := s.log.At(i)
	key := entryKey{i, entry.Term}
	simple, joint := m.readings(s.members, entry.Value, i)
	if !slices.Equal(incomingOf(simple, joint), e.voters) {
		simple, joint = m.readings(s.members, update, i) // the application refused it
	}
	switch was, decided := m.joint[key]; {
	case joint == nil:
		m.adoptMembers(s, simple, e)
	case simple == nil:
		m.adoptMembers(s, joint, e)
	case decided:
		m.adoptMembers(s, pick(was, simple, joint), e)
	default:
		s.deciding = &deciding{simple, joint, key, e.line}
	}
}

func pick(isJoint bool, simple, joint *membership) *membership {
	if isJoint {
		return joint
	}
	return simple
}

// readings returns what a configuration entry makes of the configuration: as a simple change and as one that enters a joint
// configuration. nil is not possible.
func (m *model) readings(from *membership, value string, i spec.Index) (simple, joint *membership) {
	simple = from.apply(m.configs, value, false, i)
	if value == leave || from.conf.joint() {
		return simple, nil
	}
	if changed(from.conf.incoming, simple.conf.incoming) > 1 {
		simple = nil
	}
	if len(from.conf.incoming) > 0 {
		joint = from.apply(m.configs, value, true, i)
	}
	return simple, joint
}

// changed returns how many servers are in one set and not in the other.
func changed(a, b []spec.ServerID) int {
	n := 0
	for _, id := range a {
		if !slices.Contains(b, id) {
			n++
		}
	}
	for _, id := range b {
		if !slices.Contains(a, id) {
			n++
		}
	}
	return n
}

func incomingOf(simple, joint *membership) []spec.ServerID {
	if simple != nil {
		return simple.conf.incoming
	}
	return joint.conf.incoming
}

// entryApplied returns the index of the entry that an ApplyConfChange applies, or 0 when there is none.
func (m *model) entryApplied(s *server, e *event) spec.Index {
	next := s.nextConf()
	due := next > 0 && next <= s.readyAt
	if due && m.makes(s.members, s, next, e.voters) {
		return next
	}
	if i := m.appliedAgain(s, e); i > 0 {
		return i
	}
	switch {
	case due && slices.Equal(s.now.conf.incoming, e.voters):
		return next // the application refused it
	case due:
		entry, _ := s.log.At(next)
		m.refuse(s, "R6-01", e.line, "%s applies configuration %v, but index %d says %q of %s", s.id, e.voters, next, entry.Value, s.now.conf)
	case s.blind || s.unsure && s.log.Base > s.incoming:
	case next > 0:
		m.refuse(s, "R6-01", e.line, "%s applies the change of configuration at index %d, but knows only %d to be committed", s.id, next, s.readyAt)
	default:
		m.refuse(s, "R6-01", e.line, "%s applies a change of configuration that is not in its log", s.id)
	}
	return 0
}

// makes reports whether the entry at an index turns a configuration into one with those voters.
func (m *model) makes(from *membership, s *server, i spec.Index, voters []spec.ServerID) bool {
	entry, _ := s.log.At(i)
	simple, joint := m.readings(from, entry.Value, i)
	return slices.Equal(incomingOf(simple, joint), voters)
}

// appliedAgain returns the index of an entry that a server applies once more after a restart, or 0. Its events do not show how far
// it had come when its application kept the configuration that it restarted with.
func (m *model) appliedAgain(s *server, e *event) spec.Index {
	if !s.unsure {
		return 0
	}
	for _, i := range s.confs {
		if i <= s.incoming || i > s.readyAt {
			continue
		}
		before := m.membersAt(i - 1)
		if before == nil || before.conf != s.now.conf {
			continue
		}
		if m.makes(before, s, i, e.voters) || slices.Equal(before.conf.incoming, e.voters) {
			return i
		}
	}
	return 0
}

// adoptVoters takes over a configuration that the model cannot account for.
func (m *model) adoptVoters(s *server, e *event) {
	c := intern(m.configs, e.voters, s.now.conf.outgoing)
	m.adoptMembers(s, &membership{conf: c, learners: s.members.learners, next: s.members.next, index: s.applied}, e)
}

// adoptMembers makes a configuration the one in force.
func (m *model) adoptMembers(s *server, to *membership, e *event) {
	s.members, s.now.conf = to, to.conf
	m.remember(to)
	if e != nil {
		m.emit(s, spec.Input{}, e.line, e.line)
	}
	if s.now.role != spec.Leader {
		return
	}
	s.updatePeers()
	if !slices.Contains(to.members(), s.id) || to.learner(s.id) {
		s.push(item{want: wantFollower, may: true, term: s.now.term})
		return
	}
	s.push(item{want: wantCommit})
}

// decide learns from the next event whether a change entered a joint configuration.
func (m *model) decide(s *server, now *config) {
	d := s.deciding
	s.deciding = nil
	isJoint := now == d.joint.conf
	m.joint[d.entry] = isJoint
	m.adoptMembers(s, pick(isJoint, d.simple, d.joint), nil)
	m.emit(s, spec.Input{}, d.line, d.line)
}

// remember keeps a configuration that was applied, by the index of its entry.
func (m *model) remember(to *membership) {
	k, found := slices.BinarySearchFunc(m.history, to.index, func(h *membership, i spec.Index) int { return int(h.index) - int(i) })
	if found {
		m.history[k] = to
		return
	}
	m.history = slices.Insert(m.history, k, to)
}

// membersAt returns the configuration that the log makes up to an index, or nil when it is not known.
func (m *model) membersAt(i spec.Index) *membership {
	var at *membership
	for _, h := range m.history {
		if h.index <= i {
			at = h
		}
	}
	return at
}

// booted takes the ApplyConfChange events of a bootstrap: the servers of the new cluster are appended to an empty log as
// configuration entries of term 1, and count as committed. The application applies them once more later.
func (m *model) booted(s *server, e *event) {
	if s.now.last == 0 {
		n := e.state.last
		s.now.commit, s.now.last = n, n
		for range n {
			s.log.Entries = append(s.log.Entries, spec.Entry{Term: 1, Kind: spec.ConfigurationChange})
			s.confs = append(s.confs, s.log.LastIndex())
		}
		if n == 0 || n > 1000 {
			m.refuse(s, traceConsistent, e.line, "%s bootstraps with %d servers", s.id, n)
			return
		}
		s.mustApply = n
	}
	m.check(s, e)
	k := spec.Index(len(s.now.conf.incoming)) + 1
	added := slices.DeleteFunc(slices.Clone(e.voters), func(id spec.ServerID) bool { return s.now.conf.has(id) })
	if len(added) != 1 || len(e.voters) != int(k) || k > s.now.last {
		m.refuse(s, traceConsistent, e.line, "%s bootstraps %v after %s", s.id, e.voters, s.now.conf)
		m.adoptVoters(s, e)
		return
	}
	value := valueOf([]change{{addVoter, added[0]}})
	s.log.Entries[k-1].Value = value
	s.members = s.members.apply(m.configs, value, false, k)
	s.now.conf = s.members.conf
	m.remember(s.members)
	if k < s.now.last {
		s.push(item{want: wantBooted})
		return
	}
	m.emit(s, spec.Input{}, e.line, e.line)
}

// restore handles a MsgSnap as handleSnapshot does.
func (m *model) restore(s *server, msg *message) {
	reply := message{kind: msgAppResp, from: s.id, to: msg.from, term: s.now.term}
	index := msg.entries
	t, known := m.termOf(msg.term, index)
	members := m.membersAt(index)
	switch ours, held := s.termAt(index); {
	case index <= s.now.commit:
	case members != nil && !slices.Contains(members.members(), s.id):
	case held && (!known || ours == t):
		s.now.commit = index
	default:
		s.log, s.blind, s.confs = spec.Log{Base: index, BaseTerm: t}, !known, nil
		s.now.commit, s.now.last = index, index
		s.now.conf = intern(m.configs, nil, nil)
		s.installing = true
		s.push(item{want: wantInstalled})
	}
	reply.index = s.now.commit
	s.push(item{want: wantMessage, message: reply})
}

// termOf returns the term of an entry of the leader of a term, and whether it is known.
func (m *model) termOf(leader spec.Term, i spec.Index) (spec.Term, bool) {
	l := m.leaders[leader]
	if l == nil || l.blind && i == l.log.Base {
		return 0, false
	}
	return l.log.TermAt(i)
}

// installed takes the ApplyConfChange of a snapshot.
func (m *model) installed(s *server, e *event) {
	m.check(s, e)
	to := m.membersAt(s.now.commit)
	if to == nil || !slices.Equal(to.conf.incoming, e.voters) {
		if to != nil {
			m.refuse(s, "R7-05", e.line, "%s installs a snapshot with configuration %v, but up to index %d it is %s", s.id, e.voters, s.now.commit, to.conf)
		}
		to = &membership{conf: intern(m.configs, e.voters, nil), index: s.now.commit}
	}
	s.members, s.now.conf, s.applied = to, to.conf, max(s.now.commit, to.index)
}
