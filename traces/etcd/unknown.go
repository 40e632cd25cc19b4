package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// undecided says what of an awaited answer is not known, because it rests on something the trace does not show. The answer itself settles it.
type undecided uint8

const (
	openVote     undecided = iota + 1 // whether the vote is granted
	openAppend                        // whether the entries follow the log
	openAccept                        // they do, but not what they replace
	openHint                          // how far the logs are said to match
	openSnapshot                      // whether the log already had the snapshot's last entry
)

// settles makes an awaited answer the one that comes, as far as it may be, and the server what that makes it.
func (m *model) settles(s *server, i *item, e *event) {
	got, msg := &e.message, &s.call.message
	switch {
	case got.kind != i.message.kind:
	case i.open == openVote:
		i.message.reject = got.reject
	case i.open == openAppend && got.reject:
		i.message.index, i.message.reject = msg.index, true
		i.message.hint, i.message.logTerm, _ = s.conflict(min(msg.index, s.now.last), msg.logTerm)
		s.settleHint(&i.message, got)
	case i.open == openHint:
		s.settleHint(&i.message, got)
	case i.open == openAppend, i.open == openAccept:
		m.acceptUnseen(s, msg, e.state.last)
	case i.open == openSnapshot && got.index == msg.entries:
		s.now.commit, i.message.index = msg.entries, msg.entries
	}
}

// settleHint takes the hint of a refusal that is somewhere in the part of the log that is not known. What is committed matches.
func (s *server) settleHint(want, got *message) {
	if got.hint >= s.now.commit && got.hint <= want.hint && got.logTerm <= s.call.message.logTerm {
		want.hint, want.logTerm = got.hint, got.logTerm
	}
}

// acceptUnseen appends what a MsgApp carries where it is not known which entries it replaces, or what it carries. The index at which
// the log then ends tells whether something was replaced.
func (m *model) acceptUnseen(s *server, msg *message, last spec.Index) {
	m.gaps = true
	end := msg.index + msg.entries
	if c := min(msg.commit, end); c > s.now.commit {
		s.now.commit = c
	}
	if last != end {
		last = max(s.now.last, end)
	}
	if last > end { // nothing was
		return
	}
	entries, from := m.tail(msg)
	log, blind := spec.Log{Base: from, Entries: entries}, true
	switch l := m.leaders[msg.term]; {
	case from == msg.index && s.log.Base <= msg.index:
		log.Base, log.BaseTerm, blind = s.log.Base, s.log.BaseTerm, s.blind
		log.Entries = append(slices.Clone(s.log.Entries[:msg.index-s.log.Base]), entries...)
	case from == msg.index:
		log.BaseTerm, blind = msg.logTerm, false
	case from < end:
		log.BaseTerm, blind = l.log.BaseTerm, l.blind
	}
	s.hidden = min(s.hidden, msg.index)
	if from > msg.index {
		s.hidden = from
	}
	m.hides(s, msg)
	s.obs.Unknown |= spec.FieldLog // what it replaced was not known to be there
	s.log, s.blind, s.now.last = log, blind, last
	s.confs = nil
	for k, entry := range log.Entries {
		if entry.Kind == spec.ConfigurationChange {
			s.confs = append(s.confs, log.Base+spec.Index(k)+1)
		}
	}
}

// tail returns those of the entries that a MsgApp carries which are known, and the index they follow.
func (m *model) tail(msg *message) ([]spec.Entry, spec.Index) {
	end := msg.index + msg.entries
	l := m.leaders[msg.term]
	if l == nil || end > l.log.LastIndex() || end <= l.log.Base {
		return nil, end
	}
	from := max(msg.index, l.log.Base)
	return slices.Clip(l.log.Entries[from-l.log.Base : end-l.log.Base]), from
}

// hides notes that entries just taken over may be changes of configuration, if it is not known of their leader's.
func (m *model) hides(s *server, msg *message) {
	if l := m.leaders[msg.term]; l != nil && l.hidden > msg.index {
		s.hidden = max(s.hidden, min(l.hidden, msg.index+msg.entries))
	}
}

// afterHidden returns where the server may stand after applying a change of configuration that is not known. The new half is shown.
func (m *model) afterHidden(from stand, voters []spec.ServerID) (next []stand) {
	for _, outgoing := range [][]spec.ServerID{nil, from.conf.incoming, from.conf.outgoing} {
		to := &membership{conf: m.configs.of(voters, outgoing), learners: from.learners, next: from.next, vague: true, unplaced: true}
		if !slices.ContainsFunc(next, func(st stand) bool { return st.conf == to.conf }) {
			next = append(next, stand{applied: from.applied, membership: to})
		}
	}
	return next
}

// restoredUnseen returns where a server may stand that restarts with a configuration while not all changes are known: it may have applied
// any of those that it has.
func (s *server) restoredUnseen(c *config, commit spec.Index) (all []stand) {
	to := &membership{conf: c, vague: true, unplaced: true}
	all = append(all, stand{membership: to})
	for _, i := range s.confs {
		if i <= commit {
			all = append(all, stand{applied: i, membership: to})
		}
	}
	return all
}
