package spec

// What is known of the log with which a term was led, whoever shows it. Only the leader of a term makes entries of that term, it appends them one after the
// other, and drops nothing as long as it leads. So whoever holds such an entry shows what the leader has held, and from there on the leader has nothing older.

// led is what is known of the log and the commit index of a term's leader. The zero value knows nothing.
type led struct {
	own    stood // the lowest index at which an entry of the term is known
	older  stood // the highest at which the leader is known to have an entry of an earlier term
	last   stood // how far its log is known to have reached
	commit stood // how far servers of the term are known to have committed
	office office
	shown  bool // the leader's own log was looked through
	stale  bool // it has an older entry than it made
}

// stood is an index and who told it; 0 is none.
type stood struct {
	index  Index
	by     ServerID
	at     Origin
	part   Part // where it is in the step that tells it
	effect int
}

func (m *stood) rise(to stood) {
	if to.index > m.index {
		*m = to
	}
}

// led returns what is known of the leader's log of a term.
func (h *hearsay) led(term Term) *led {
	if h.ledIn == term && h.ledNow != nil {
		return h.ledNow
	}
	l := h.logs[term]
	if l == nil {
		if h.logs == nil || len(h.logs) >= mostTold {
			h.logs = map[Term]*led{}
		}
		l = &led{}
		h.logs[term] = l
	}
	h.ledIn, h.ledNow = term, l
	return l
}

// made takes in that an entry of a term is seen at an index.
func (h *hearsay) made(term Term, now stood) {
	if term == 0 || now.index == 0 {
		return
	}
	l := h.led(term)
	if l.own.index == 0 || now.index < l.own.index {
		l.own = now
		h.compareLed(term, l)
	}
	l.last.rise(now)
}

// holds takes in that the leader of a term has an entry of another term at an index.
func (h *hearsay) holds(leads, term Term, now stood) {
	if leads == 0 || now.index == 0 {
		return
	}
	l := h.led(leads)
	l.last.rise(now)
	if term > 0 && term < leads && now.index > l.older.index {
		l.older = now
		h.compareLed(leads, l)
	}
}

func (h *hearsay) compareLed(term Term, l *led) {
	if !l.stale && l.own.index > 0 && l.own.index <= l.older.index {
		l.stale, h.staleIn = true, term
	}
}

// ledTold takes in what a message says of the logs of leaders.
func (j *Judge) ledTold(s *Step, m *Message, part Part, effect int, where func(Part, int) Origin) {
	h, at := &j.hearsay, where(part, effect)
	now := func(i Index) stood { return stood{i, m.From, at, part, effect} }
	switch {
	case !m.Knows(MessageFrom):
	case m.Kind == RequestVote || m.Kind == PreVote:
		if m.Knows(MessageLastIndex | MessageLastTerm) {
			h.made(m.LastLogTerm, now(m.LastLogIndex))
		}
	case m.saysLeader() && m.Knows(MessagePrevIndex):
		prev := Term(0)
		if m.Knows(MessagePrevTerm) {
			prev = m.PrevLogTerm
		}
		h.made(prev, now(m.PrevLogIndex))
		if !j.ofItsTerm(s, m) {
			return
		}
		h.holds(m.Term, prev, now(m.PrevLogIndex))
		if m.Kind == AppendEntries && m.Knows(MessageEntries) && len(m.Entries) > 0 {
			h.holds(m.Term, 0, now(m.LastEntryIndex()))
			for k := len(m.Entries) - 1; k >= 0; k-- {
				if term := m.Entries[k].Term; term > 0 && term < m.Term {
					h.holds(m.Term, term, now(m.PrevLogIndex+1+Index(k)))
					break
				}
			}
		}
	}
	if m.saysLeader() && j.ofItsTerm(s, m) && m.Kind == AppendEntries && m.Knows(MessageCommit) {
		h.led(m.Term).commit.rise(now(m.LeaderCommit))
	}
}

// ledShown takes in what a server shows of the leader's log of its term, and compares what a leader shows of itself with what is known.
func (j *Judge) ledShown(s *Step, where func(Part, int) Origin, report func(*Rule, *Breach)) {
	h, o := &j.hearsay, &s.After
	if !s.crashes() {
		now := func(i Index) stood { return stood{i, s.Server, where(PartAfter, 0), PartAfter, 0} }
		if log := &o.Log; o.Knows(FieldLog) && log.Base > 0 {
			h.made(log.BaseTerm, now(log.Base))
		}
		if o.Knows(FieldTerm) && o.Term > 0 && !s.Declared.Has(LateTerm) {
			if c := s.reached(); c > 0 {
				h.led(o.Term).commit.rise(now(c))
			}
		}
		if o.Knows(FieldRole|FieldTerm) && o.Role == Leader && o.Term > 0 {
			l := h.led(o.Term)
			if o.Knows(FieldLog) && !l.shown && !j.unnumbered {
				l.shown = true
				if i := o.Log.beforeTerm(o.Term); i > 0 {
					term, _ := o.Log.TermAt(i)
					h.holds(o.Term, term, now(i))
				}
			}
			if !j.causal && !j.unnumbered {
				j.ledFalls(s, l, report)
			}
		}
	}
	if h.staleIn > 0 {
		report(leaderAppendOnly, h.leadsOlder(s))
	}
	h.staleIn = 0
}

// beforeTerm returns the last index at which a log has an entry of another term than that of its end, or its end if that is of another one; 0 if none is shown.
func (l *Log) beforeTerm(term Term) Index {
	for i := l.LastIndex(); i >= l.Base && i > 0; i-- {
		if is, known := l.termKnownAt(i); !known || is != term {
			return i
		}
	}
	return 0
}

// leadsOlder is the breach of a leader that has an older entry than it has made.
func (h *hearsay) leadsOlder(s *Step) *Breach {
	l := h.led(h.staleIn)
	here, there, what := &l.own, &l.older, "the leader's log"
	if l.own.at < l.older.at {
		here, there, what = there, here, "the entry"
	}
	return s.breach(here.part, here.effect, "%s shows an entry of term %d at index %d, and %s shows that the leader of that term has one of an earlier term at index %d",
		l.own.by, h.staleIn, l.own.index, l.older.by, l.older.index).
		refusing("what follows an entry of its leader's term is of that term", "index %d is of an earlier one", l.older.index).
		allowing("the leader of term %d keeps its entry at index %d", h.staleIn, l.own.index).after(what, there.by, there.at)
}

// ledFalls compares what a leader shows with how far its log and its commit index have come.
func (j *Judge) ledFalls(s *Step, l *led, report func(*Rule, *Breach)) {
	o := &s.After
	if last := o.Log.LastIndex(); o.Knows(FieldLog) && last < l.last.index {
		report(leaderAppendOnly, s.breachAfter("%s leads term %d with a log that ends with index %d, and had an entry at index %d, as %s shows", s.Server, o.Term, last, l.last.index, l.last.by).
			refusing("last index ≥ last index before", "%d is below %d", last, l.last.index).
			allowing("%s keeps its entries up to index %d", s.Server, l.last.index).after("the entry", l.last.by, l.last.at))
	}
	if c := &l.commit; o.Knows(FieldCommit) && o.CommitIndex < c.index && l.own.index > 0 && l.own.index <= c.index {
		report(commitMonotonic, s.breachAfter("%s, leader of term %d, has commitIndex %d and had committed up to index %d, an entry of that term, as %s shows", s.Server, o.Term, o.CommitIndex, c.index, c.by).
			refusing("commitIndex ≥ commitIndex before", "%d is below %d", o.CommitIndex, c.index).
			allowing("%s keeps commitIndex %d", s.Server, c.index).after("what it had committed", c.by, c.at))
	}
}
