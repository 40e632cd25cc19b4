package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// What a long trace makes the model remember is bounded: of logs, the entries since the lowest commitIndex of the configuration's
// members and keptEntries before it; of messages, those of two generations on every link; of leaderships and configurations, one
// each. A server that is down for ever holds the first bound back.

const (
	retireEvery = 1 << 12 // events
	keptEntries = 10_000
)

// retire drops entries from logs that no message will show again.
func (m *model) retire() {
	upTo := m.committedByAll()
	if upTo <= keptEntries {
		return
	}
	upTo -= keptEntries
	cut := func(log *spec.Log) {
		if upTo <= log.Base || upTo > log.LastIndex() {
			return
		}
		term, _ := log.TermAt(upTo)
		*log = spec.Log{Base: upTo, BaseTerm: term, Entries: log.Entries[upTo-log.Base:]} // what is before goes when the log grows next
	}
	for _, s := range m.order {
		s.confs = slices.DeleteFunc(slices.Clone(s.confs), func(i spec.Index) bool { return i <= upTo && i <= s.applied })
		cut(&s.log)
		for k := range s.versions {
			cut(&s.versions[k].log)
		}
	}
	for t, l := range m.leaders {
		if s := m.servers[l.leader]; s.now.term == t && s.now.role == spec.Leader {
			l.log = s.log
		} else {
			cut(&l.log)
		}
	}
}

// committedByAll returns the lowest commitIndex of the members of the latest configuration. One that the trace leaves out holds nothing back.
func (m *model) committedByAll() spec.Index {
	if len(m.history) == 0 {
		return 0
	}
	lowest := ^spec.Index(0)
	for _, id := range m.history[len(m.history)-1].members() {
		s := m.servers[id]
		if s != nil {
			lowest = min(lowest, s.now.commit)
		} else if _, unrecorded := m.heard[id]; !unrecorded && !m.gaps {
			return 0 // it is about to start
		}
	}
	if lowest == ^spec.Index(0) {
		return 0
	}
	return lowest
}
