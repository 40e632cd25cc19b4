package etcd

import (
	"cmp"
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

// stand is one possibility of where a server stands with its configuration: what it has applied, and what that made of it.
// Events show only the voters, and after a restart not even how far the server had come, so that there may be several.
type stand struct {
	applied spec.Index // index of the latest configuration entry that was applied
	*membership
	key   entryKey // the entry that led here, and whether it entered a joint configuration
	joint bool
}

// standOn makes possibilities the ones at hand, of which the first is taken for true until an event shows otherwise.
func (s *server) standOn(all ...stand) {
	s.stands = all
	s.members, s.applied = all[0].membership, all[0].applied
}

// applyConf takes an ApplyConfChange: the application applied a committed configuration entry. The event shows the configuration
// before, and of the new one the incoming half.
func (m *model) applyConf(s *server, e *event) {
	m.check(s, e)
	next := m.afterApplying(s, e)
	if len(next) == 0 {
		m.unexplainedConf(s, e)
		c := m.configs.of(e.voters, s.now.conf.outgoing)
		next = []stand{{applied: s.applied, membership: &membership{conf: c, learners: s.members.learners, next: s.members.next, index: s.applied}}}
	}
	s.standOn(next...)
	s.undecided = e.line
	for _, st := range next {
		if st.conf != next[0].conf {
			return
		}
	}
	m.decide(s, next[0].conf)
}

// afterApplying returns where the server may stand after applying one more configuration entry.
func (m *model) afterApplying(s *server, e *event) []stand {
	var next []stand
	for _, refused := range []bool{false, true} {
		for _, from := range s.stands {
			i := s.confAfter(from.applied)
			if i == 0 || i > s.readyAt {
				continue
			}
			entry, _ := s.log.At(i)
			key := entryKey{i, entry.Term}
			value := entry.Value
			if refused {
				value = update // the application has it change nothing
			}
			simple, joint := m.readings(from.membership, value, i)
			isJoint, known := m.joint[key]
			if simple != nil && slices.Equal(simple.conf.incoming, e.voters) && (!known || !isJoint || joint == nil) {
				next = append(next, stand{i, simple, key, false})
			}
			if joint != nil && slices.Equal(joint.conf.incoming, e.voters) && (!known || isJoint || simple == nil) {
				next = append(next, stand{i, joint, key, true})
			}
		}
		if len(next) > 0 && s.hidden == 0 {
			return next
		}
	}
	for _, from := range s.stands {
		if s.hidden > from.applied {
			next = append(next, m.afterHidden(from, e.voters)...)
		}
	}
	if len(next) > 0 {
		return distinct(next)
	}
	return m.afterLate(s, e)
}

// distinct drops possibilities that are there already.
func distinct(all []stand) (kept []stand) {
	for _, st := range all {
		if !slices.ContainsFunc(kept, func(k stand) bool {
			return k.applied == st.applied && k.key == st.key && k.joint == st.joint && k.same(st.membership)
		}) {
			kept = append(kept, st)
		}
	}
	return kept
}

// late is an entry that was on its way to the application when a snapshot took its place.
type late struct {
	index spec.Index
	value string
}

// afterLate returns where the server may stand after applying an entry that a snapshot already covers.
func (m *model) afterLate(s *server, e *event) []stand {
	for k, l := range s.late {
		simple, joint := m.readings(s.members, l.value, s.members.index)
		for _, to := range []*membership{simple, joint} {
			if to != nil && slices.Equal(to.conf.incoming, e.voters) {
				s.late = s.late[k+1:]
				return []stand{{applied: s.applied, membership: to}}
			}
		}
	}
	return nil
}

// unexplainedConf refuses an ApplyConfChange that no entry explains, unless entries may be unknown.
func (m *model) unexplainedConf(s *server, e *event) {
	switch i := s.confAfter(s.applied); {
	case s.vagueLate || s.log.Base > s.applied && len(s.stands) > 1:
	case i == 0:
		m.refuse(s, "R6-01", e.line, "%s applies a change of configuration that is not in its log", s.id)
	case i > s.readyAt:
		m.refuse(s, "R6-01", e.line, "%s applies the change of configuration at index %d, but knows only %d to be committed", s.id, i, s.readyAt)
	default:
		entry, _ := s.log.At(i)
		m.refuse(s, "R6-01", e.line, "%s applies configuration %v, but index %d says %q of %s", s.id, e.voters, i, entry.Value, s.now.conf)
	}
}

// readings returns what a configuration entry makes of a configuration: as a simple change and as one that enters a joint
// configuration, or, of an entry that no event announced, as one that changes nothing and as one that leaves. nil is not possible.
func (m *model) readings(from *membership, value string, i spec.Index) (simple, joint *membership) {
	simple = from.apply(m.configs, value, false, i)
	if value == update && from.conf.joint() {
		return simple, from.apply(m.configs, leave, false, i)
	}
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

// decide learns from the next event which configuration a change led to, and puts it in force.
func (m *model) decide(s *server, now *config) {
	kept := slices.DeleteFunc(slices.Clone(s.stands), func(st stand) bool { return st.conf != now })
	if len(kept) == 0 {
		kept = s.stands
		if st := s.stands[0]; st.unplaced && slices.Equal(st.conf.incoming, now.incoming) {
			kept = []stand{{applied: st.applied, membership: &membership{conf: now, vague: true, unplaced: true}}}
		}
	}
	s.standOn(kept...)
	if len(kept) == 1 && kept[0].key.index > 0 {
		m.joint[kept[0].key] = kept[0].joint
	}
	s.now.conf = s.members.conf
	for _, st := range kept {
		if !st.unplaced {
			m.possible = note(m.possible, st.membership)
		}
	}
	if len(kept) == 1 && !s.members.unplaced {
		m.remember(s.members)
	}
	m.emit(s, spec.Input{}, s.undecided, s.undecided)
	s.undecided = 0
	if s.now.role != spec.Leader {
		return
	}
	s.updatePeers()
	if !slices.Contains(s.members.members(), s.id) || s.members.learner(s.id) {
		s.push(item{want: wantFollower, may: true, term: s.now.term})
		return
	}
	s.push(item{want: wantCommit})
}

// remember keeps a configuration that was applied, by the index of its entry.
func (m *model) remember(to *membership) {
	m.history, m.possible = note(m.history, to), note(m.possible, to)
}

// note adds a configuration to a list that ascends by index, unless it is there.
func note(all []*membership, to *membership) []*membership {
	k, found := slices.BinarySearchFunc(all, to.index, func(h *membership, i spec.Index) int { return cmp.Compare(h.index, i) })
	for at := k; found && at < len(all) && all[at].index == to.index; at++ {
		if all[at].same(to) {
			return all
		}
	}
	return slices.Insert(all, k, to)
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

// mostFounders is the largest cluster that a bootstrap is believed to found.
const mostFounders = 1000

// booted takes the ApplyConfChange events of a bootstrap: the servers of the new cluster are appended to an empty log as
// configuration entries of term 1, and count as committed. The application applies them once more later.
func (m *model) booted(s *server, e *event) {
	if s.now.last == 0 {
		n := e.state.last
		if n == 0 || n > mostFounders {
			m.refuse(s, traceConsistent, e.line, "%s bootstraps with %d servers", s.id, n)
			m.adopt(s, e)
			return
		}
		s.now.commit, s.now.last = n, n
		for range n {
			s.log.Entries = append(s.log.Entries, spec.Entry{Term: 1, Kind: spec.ConfigurationChange})
			s.confs = append(s.confs, s.log.LastIndex())
		}
	}
	m.check(s, e)
	k := spec.Index(len(s.now.conf.incoming)) + 1
	added := slices.DeleteFunc(slices.Clone(e.voters), func(id spec.ServerID) bool { return s.now.conf.has(id) })
	if len(added) != 1 || len(e.voters) != int(k) || int(k) > len(s.log.Entries) {
		m.refuse(s, traceConsistent, e.line, "%s bootstraps %v after %s", s.id, e.voters, s.now.conf)
		s.standOn(stand{membership: &membership{conf: m.configs.of(e.voters, nil)}})
		s.now.conf = s.members.conf
		return
	}
	value := valueOf([]change{{addVoter, added[0]}})
	s.log.Entries[k-1].Value = value
	s.standOn(stand{membership: s.members.apply(m.configs, value, false, k)})
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
	index := msg.entries
	t, known := m.termOf(msg.term, index)
	members := m.membersAt(index)
	// A server that is not in the snapshot's configuration ignores it.
	ignores := m.gaps || members != nil && !slices.Contains(members.members(), s.id)
	switch ours, held := s.termAt(index); {
	case index <= s.now.commit:
	case held && known && ours == t:
		s.now.commit = index
	case held && known || index > s.now.last:
		s.push(item{want: wantInstalled, may: ignores})
		return
	default: // it may have the entry or not
		s.push(item{want: wantInstalled, may: true, open: openSnapshot})
		return
	}
	m.answerSnapshot(s, 0)
}

// answerSnapshot awaits the answer to a MsgSnap: how far the server now is.
func (m *model) answerSnapshot(s *server, o undecided) {
	s.push(item{want: wantMessage, open: o, message: message{kind: msgAppResp, from: s.id, to: s.call.message.from, term: s.now.term, index: s.now.commit}})
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
	msg := &s.call.message
	index := msg.entries
	t, known := m.termOf(msg.term, index)
	s.late, s.vagueLate = nil, s.vagueLate || s.hidden > s.applied
	for _, i := range s.confs {
		if entry, held := s.log.At(i); held && i > s.applied && i <= s.readyAt {
			s.late = append(s.late, late{i, entry.Value})
		}
	}
	s.log, s.blind, s.confs, s.hidden = spec.Log{Base: index, BaseTerm: t}, !known, nil, 0
	s.now.commit, s.now.last = index, index
	s.now.conf = m.configs.of(nil, nil)
	s.installing = true
	m.check(s, e)
	var all []stand
	for k := len(m.possible) - 1; k >= 0; k-- {
		if h := m.possible[k]; h.index <= index && slices.Equal(h.conf.incoming, e.voters) {
			all = append(all, stand{applied: index, membership: h})
		}
	}
	if at := m.membersAt(index); at != nil && slices.Equal(at.conf.incoming, e.voters) {
		all = append([]stand{{applied: index, membership: at}}, all...)
	}
	if m.gaps {
		to := &membership{conf: m.configs.of(e.voters, nil), vague: true, unplaced: true}
		all = append([]stand{{applied: index, membership: to}}, all...)
	}
	if len(all) == 0 {
		if at := m.membersAt(index); at != nil {
			m.refuse(s, "R7-05", e.line, "%s installs a snapshot with configuration %v, but up to index %d it is %s", s.id, e.voters, index, at.conf)
		}
		all = []stand{{applied: index, membership: &membership{conf: m.configs.of(e.voters, nil), index: index}}}
	}
	s.standOn(all...)
	s.undecided = e.line
	m.answerSnapshot(s, 0)
}
