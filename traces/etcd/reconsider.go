package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// A crash may lose several Readys that were on their way to the disk, and two of them may have handed over logs of the same length.
// Which one the server came back with then shows only in what it does: it is supposed to be the latest until an event says otherwise.

// moment is a server's state at the start of a call, to go back to.
type moment struct {
	now  shown
	lead spec.ServerID
}

// undetermined keeps the other logs of that length that the server may have come back with.
func (s *server) undetermined() {
	s.others = s.others[:0]
	for k := range s.versions {
		if v := &s.versions[k]; !s.versions[0].before && v.log.LastIndex() == s.log.LastIndex() && !slices.Equal(v.log.Entries, s.log.Entries) && v.log.Base == s.log.Base {
			s.others = append(s.others, *v)
		}
	}
}

// blurs makes nothing known of the log of a server that may have come back with one of several of which different parts are known.
func (m *model) blurs(s *server) {
	for k := range s.versions {
		if v := &s.versions[k]; v.log.LastIndex() == s.log.LastIndex() && v.log.Base != s.log.Base {
			s.log, s.blind, s.confs, s.hidden, m.gaps = spec.Log{Base: s.log.LastIndex()}, true, nil, s.log.LastIndex(), true
			return
		}
	}
}

// reconsider tries the other logs when a message is not what the supposed log makes it.
func (m *model) reconsider(s *server, i *item, e *event) {
	if e.state == s.now && e.message == i.message {
		return
	}
	was := *s
	for k := range s.others {
		other := &s.others[k]
		s.log, s.blind, s.confs = clipped(other.log), other.blind, slices.Clone(other.confs)
		if want, ok := m.again(s, i, &was); ok && e.state == s.now && e.message == want {
			i.message = want
			s.obs.Log = other.log
			s.others = nil
			return
		}
		s.now, s.lead = was.now, was.lead
	}
	s.log, s.blind, s.confs = was.log, was.blind, was.confs
}

// again returns what the call at hand makes the server send with the log it now has.
func (m *model) again(s *server, i *item, was *server) (message, bool) {
	if i.message.kind == msgVote {
		want := i.message
		want.logTerm, _ = s.lastTerm()
		return want, true
	}
	if len(s.queue) > 0 || s.call.message.term != was.now.term {
		return message{}, false
	}
	s.now, s.lead = s.at.now, s.at.lead
	s.now.term, s.now.role, s.now.vote = was.now.term, was.now.role, was.now.vote
	switch s.call.message.kind {
	case msgVote:
		s.lead = was.lead
		m.vote(s)
	case msgApp:
		m.obey(s)
	default:
		return message{}, false
	}
	return s.pop().message, true
}
