package spec

// scanned is what was found in a log by looking through it, so that a log which goes on from there is looked through from there only. Entries
// are never changed in place once shown, so logs with the same first entry in memory are one log, shorter or longer.
type scanned struct {
	first    *Entry // of the log
	base     Index
	baseTerm Term

	upTo          Index         // what follows is of the entries up to here
	at            Index         // of the last one that is a configuration; 0 if none is
	configuration Configuration // what lastConfiguration returns of it
	index         Index
	readable      bool

	ordered Index // terms never decrease up to here
}

// of makes the memory one of a log that is not empty, by forgetting another.
func (m *scanned) of(l *Log) {
	if m.first != &l.Entries[0] || m.base != l.Base || m.baseTerm != l.BaseTerm {
		*m = scanned{first: &l.Entries[0], base: l.Base, baseTerm: l.BaseTerm, upTo: l.Base, ordered: l.Base}
	}
}

// lastConfiguration is [Log.lastConfiguration].
func (s *Step) lastConfiguration(l *Log, upTo Index) (Configuration, Index, bool) {
	upTo = min(upTo, l.LastIndex())
	m := s.scanned
	if m == nil || upTo <= l.Base {
		return l.lastConfiguration(upTo)
	}
	if m.of(l); m.at > upTo {
		return l.lastConfiguration(upTo)
	}
	for i := upTo; i > m.upTo; i-- {
		if l.Entries[i-l.Base-1].Kind == ConfigurationChange {
			m.configuration, m.index, m.readable = l.lastConfiguration(i)
			m.at = i
			break
		}
	}
	m.upTo = max(m.upTo, upTo)
	return m.configuration, m.index, m.readable
}

// ordered returns up to where the terms of a log are known not to decrease.
func (s *Step) ordered(l *Log) Index {
	if s.scanned == nil || len(l.Entries) == 0 {
		return l.Base
	}
	s.scanned.of(l)
	return min(s.scanned.ordered, l.LastIndex())
}

// foundOrdered notes that the terms of a log never decrease.
func (s *Step) foundOrdered(l *Log) {
	if s.scanned != nil && len(l.Entries) > 0 {
		s.scanned.of(l)
		s.scanned.ordered = max(s.scanned.ordered, l.LastIndex())
	}
}
