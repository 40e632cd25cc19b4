package etcd

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// start takes an InitState: the server starts, or starts again. It shows what is on disk of the log, and nothing of the term,
// the vote and the configuration, which the next events show.
func (m *model) start(s *server, e *event) {
	s.restart = restart{line: e.line, first: !s.started}
	if !s.started {
		s.joined.some = e.state.last > 0
	}
	if s.started {
		m.crash(s)
	}
	want := shown{commit: e.state.commit, last: e.state.last, conf: m.configs.of(nil, nil)}
	if s.started {
		m.checked.restarts++
		m.recover(s, e)
		want.last = s.log.LastIndex()
	} else {
		m.startsWith(s, e)
	}
	s.started = true
	s.incoming = e.state.commit
	s.now = want
	m.check(s, e)
	if e.state.commit > e.state.last {
		m.refuse(s, "R5.3-18", e.line, "%s starts with commitIndex %d and a log that ends at %d", s.id, e.state.commit, e.state.last)
	}
	s.push(item{want: wantRestored})
	s.push(item{want: wantFollower})
}

// crashed reports the crash that came before a restart: the server lies there with what is on its disk.
func (m *model) crashed(s *server, disk *durable, line int) {
	role, commit := s.now.role, s.now.commit
	s.now.role, s.now.commit = spec.Crashed, disk.commit
	s.now.term, s.now.vote = disk.term, disk.vote
	m.emit(s, spec.Input{Kind: spec.Crash, Lossy: true}, s.restart.line, s.restart.line)
	s.now.role, s.now.commit = role, commit
	s.obsLine = disk.line // what lies on the disk was last shown by the Ready that put it there
}

// recover sets the log to what is on disk: what the latest Ready handed to storage, or an earlier one, if nothing that left with
// the later ones has arrived anywhere: then they may not have been written yet.
func (m *model) recover(s *server, e *event) {
	latest := s.disk()
	if s.versions[0].before && latest.commit >= e.state.commit {
		m.startsWith(s, e)
		return
	}
	for k := len(s.versions) - 1; k >= 0; k-- {
		if v := &s.versions[k]; v.log.LastIndex() == e.state.last && latest.commit >= e.state.commit {
			s.takes(v)
			return
		}
	}
	s.takes(latest)
	if latest.log.LastIndex() != e.state.last {
		m.refuseWith(s, "R5.6-01", e.line, []evidence{{"handed to storage here", s.id, latest.line}},
			"%s restarts with a log that ends at %d, but handed one to storage that ends at %d", s.id, e.state.last, latest.log.LastIndex())
	} else {
		m.refuseWith(s, "R7-06", e.line, []evidence{{"handed to storage here", s.id, latest.line}},
			"%s restarts with entries compacted up to %d, but knew only %d to be committed", s.id, e.state.commit, latest.commit)
	}
}

// takes makes what a Ready handed to storage the log.
func (s *server) takes(v *durable) {
	s.log, s.blind, s.hidden, s.confs = clipped(v.log), v.blind, v.hidden, slices.Clone(v.confs)
}

// startsWith makes the log one of which only the ends are known. What is not compacted may hold changes of configuration.
func (m *model) startsWith(s *server, e *event) {
	s.log, s.blind, s.confs, s.hidden = spec.Log{Base: e.state.last}, e.state.last > 0, nil, 0
	if e.state.last > e.state.commit {
		s.hidden, m.gaps = e.state.last, true
	}
}

// restored takes the ApplyConfChange of a start: the configuration that the application kept.
func (m *model) restored(s *server, e *event) {
	m.check(s, e)
	s.kept, s.keptAt = e.voters, e.line
}

// startedAs takes the BecomeFollower that ends a start: term, vote and commitIndex as they are on disk.
func (m *model) startedAs(s *server, e *event) {
	m.restoreMembers(s, e)
	if s.restart.first {
		m.firstState(s, e)
	} else {
		m.hardState(s, e)
	}
	s.restart.line = 0
	s.now.conf = s.members.conf
	m.check(s, e)
	s.readyAt, s.installing = 0, false
	s.visited()
	m.emit(s, spec.Input{Kind: spec.Restart}, e.line, e.line)
	s.versions = append(s.versions[:0], s.handOver(e.line))
	s.stale = unknown
}

// restoreMembers finds the configuration that the application kept among those that were in force.
func (m *model) restoreMembers(s *server, e *event) {
	c := e.state.conf
	if len(s.kept) > 0 && !slices.Equal(c.incoming, s.kept) { // none are shown where there are none
		line := e.line
		if m.wasInForce(c.incoming) && !m.wasInForce(s.kept) {
			line = s.keptAt
		}
		m.refuse(s, traceConsistent, line, "%s starts with configuration %s, but restored %v", s.id, c, s.kept)
	}
	var all []stand
	floor := spec.Index(0)
	if at := m.membersAt(s.incoming); at != nil {
		floor = at.index
	}
	for k := len(m.possible) - 1; k >= 0; k-- {
		if h := m.possible[k]; h.conf == c && h.index <= e.state.commit && h.index >= floor {
			all = append(all, stand{applied: h.index, membership: h})
		}
	}
	for _, st := range s.unsettled {
		if st.conf == c {
			all = append(all, st)
		}
	}
	switch {
	case m.gaps:
		all = append(all, s.restoredUnseen(c, e.state.commit)...)
	case len(all) > 0:
	case len(c.voters) == 0:
		all = []stand{{membership: &membership{conf: c}}}
	default:
		if !s.restart.first {
			m.refuse(s, "R6-01", e.line, "%s restarts with configuration %s, which was never in force", s.id, c)
		}
		all = []stand{{applied: e.state.commit, membership: &membership{conf: c, index: e.state.commit, vague: true}}}
		m.remember(all[0].membership)
	}
	s.standOn(all...)
}

// wasInForce reports whether some configuration had those voters.
func (m *model) wasInForce(voters []spec.ServerID) bool {
	return len(voters) == 0 || slices.ContainsFunc(m.possible, func(h *membership) bool { return slices.Equal(h.conf.incoming, voters) })
}

// firstState takes the state of a server that was never seen before: the trace may begin with its restart.
func (m *model) firstState(s *server, e *event) {
	s.joined = joined{some: e.state.last > 0 || e.state.term > 0, known: true, disk: true, state: e.state}
	m.unheard(s)
	if e.state.term == 0 && e.state.vote != spec.None {
		m.refuse(s, traceConsistent, e.line, "%s starts with a vote for %s in term 0, in which nobody votes", s.id, e.state.vote)
		m.point("event.state.vote")
	}
	s.now.term, s.now.vote = e.state.term, e.state.vote
	if e.state.last > 0 {
		s.now.commit = e.state.commit
	}
}

// hardState compares the state a server comes back with with what it handed to storage.
func (m *model) hardState(s *server, e *event) {
	got := &e.state
	latest := *got
	latest.term, latest.vote, latest.commit = s.disk().term, s.disk().vote, s.disk().commit
	if *got != latest {
		s.doubt = doubt{e.line, latest, "restarts without the latest it handed to storage"}
	}
	for k := len(s.versions) - 1; k >= 0; k-- {
		if v := s.versions[k]; v.mayHold(got) && got.commit <= s.disk().commit && got.commit >= s.incoming {
			if v.before {
				v.term, v.vote, v.commit = got.term, got.vote, got.commit
			} else if v.log.LastIndex() == s.log.LastIndex() && !s.versions[0].before {
				s.takes(&v)
				m.blurs(s)
			}
			m.crashed(s, &v, e.line)
			s.now.term, s.now.vote, s.now.commit = got.term, got.vote, got.commit
			s.undetermined()
			m.unsend(s, k, e.line)
			return
		}
	}
	v := s.disk()
	m.crashed(s, v, e.line)
	before := []evidence{{"handed to storage here", s.id, v.line}}
	switch {
	case got.term < v.term:
		m.refuseWith(s, "R5.1-01", e.line, before, "%s restarts in term %d but handed term %d to storage", s.id, got.term, v.term)
	case got.term == v.term && got.vote != v.vote:
		m.refuseWith(s, "R5.6-01", e.line, before, "%s restarts with a vote for %s in term %d but handed a vote for %s to storage", s.id, got.vote, got.term, v.vote)
	case got.term > v.term:
		m.refuseWith(s, traceConsistent, e.line, before, "%s restarts in term %d but handed term %d to storage", s.id, got.term, v.term)
	default:
		m.refuseWith(s, traceConsistent, e.line, before, "%s restarts with commitIndex %d but handed %d to storage", s.id, got.commit, v.commit)
	}
	s.now.term, s.now.vote, s.now.commit = got.term, got.vote, got.commit
}

// mayHold reports whether a server may come back with that term and vote. Before its first line, no more was on disk than in memory.
func (d *durable) mayHold(got *shown) bool {
	if d.before {
		return got.term < d.term || got.term == d.term && (got.vote == spec.None || got.vote == d.vote)
	}
	return got.term == d.term && got.vote == d.vote
}

// disk returns what the latest Ready handed to storage.
func (s *server) disk() *durable {
	if len(s.versions) == 0 { // it never came as far as a first state
		s.versions = []durable{{line: s.restart.line, members: s.members}}
	}
	return &s.versions[len(s.versions)-1]
}

// unsend notes that what left with Readys later than version k never left, since they were not written.
func (m *model) unsend(s *server, k, line int) {
	for _, v := range s.versions[k+1:] {
		for _, f := range v.flights {
			if f.left == v.line {
				f.left, f.lost = 0, line
			}
		}
	}
}
