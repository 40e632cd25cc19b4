package spec

// What is told to be committed without being shown. A leader's message says it of every entry of its log up to leaderCommit of which it tells the term, a snapshot
// of the last entry that it covers, and so does a compacted log. Whoever leads a later term has the very same entry there, and so has whoever commits there.

// settled are the entries that were told to be committed, by index; the younger first. The zero value knows nothing.
type settled struct {
	all   [2]map[Index]settlement
	last  Index   // the highest of them
	order []Index // the latest of them, as they were told,
	first int     // and how many came before those
}

// settlement is the term of a committed entry.
type settlement struct {
	term Term
	in   Term // the term by which it was committed; above every term if that is not known
	by   ServerID
	at   Origin

	command string // "" is none, or not told
}

func (t *settled) at(i Index) (settlement, bool) {
	if i <= t.last {
		for _, all := range t.all {
			if known, is := all[i]; is {
				return known, true
			}
		}
	}
	return settlement{}, false
}

// add notes a settlement.
func (t *settled) add(i Index, now settlement) {
	if t.all[0] == nil || len(t.all[0]) >= mostTold {
		t.all[0], t.all[1] = map[Index]settlement{}, t.all[0]
	}
	t.all[0][i], t.last = now, max(t.last, i)
	if len(t.order) >= 2*mostTold {
		t.order, t.first = append(t.order[:0], t.order[mostTold:]...), t.first+mostTold
	}
	t.order = append(t.order, i)
}

// unlike returns the first of those told after so many others of which a log has another entry, if that was committed by an earlier term than this.
func (t *settled) unlike(log *Log, term Term, after int) (i Index, found settlement) {
	for _, i := range t.order[max(after, t.first)-t.first:] {
		known, is := t.at(i)
		if own, held := log.termKnownAt(i); is && held && own != known.term && known.in < term {
			return i, known
		}
	}
	return 0, settlement{}
}

// settle takes in that an entry is committed, or returns what says that another one is. Of two settlements of the same entry, the one by the earlier term says more.
func (j *Judge) settle(i Index, now settlement) (earlier settlement, differs bool) {
	if f := j.history.termCommitted(i); f != nil && f.Entry.Term != now.term {
		return settlement{term: f.Entry.Term, in: f.In, by: f.By, at: f.Origin}, true
	}
	was, known := j.hearsay.settled.at(i)
	switch {
	case known && was.term != now.term:
		return was, true
	case !known || now.in < was.in:
		j.hearsay.settled.add(i, now)
	}
	return settlement{}, false
}

// settles takes in which entries a message tells to be committed. That the leader of a later term has others is seen as soon as it tells of them.
func (j *Judge) settles(s *Step, m *Message, part Part, effect int, where func(Part, int) Origin, report func(*Rule, *Breach)) {
	if !m.saysLeader() || !m.Knows(MessagePrevIndex) {
		return
	}
	rule, upTo := stateMachineSafety, m.LeaderCommit
	switch {
	case m.Kind == InstallSnapshot:
		rule, upTo = snapshotTermTrue, m.PrevLogIndex
	case !m.Knows(MessageCommit):
		return
	}
	for i := m.PrevLogIndex; i <= min(upTo, m.LastEntryIndex()); i++ {
		term, known := m.termOf(i)
		if !known {
			continue
		}
		now := settlement{term: term, in: m.Term, by: m.From, at: where(part, effect)}
		if m.Kind == AppendEntries && i > m.PrevLogIndex && m.Entries[i-m.PrevLogIndex-1].Kind == Command {
			now.command = m.Entries[i-m.PrevLogIndex-1].Value
		}
		if f := j.history.committed.own(i); f != nil && f.Entry.Term == 0 && now.unlike(f) {
			report(stateMachineSafety, now.twoCommands(s.breach(part, effect, "%s of term %d from %s says that %s is committed at index %d, and %s committed %s there",
				m.Kind, m.Term, m.From, Shown(now.command), i, f.By, Shown(f.Entry.Value)), f.Entry.Value, f.By, f.Origin))
			return
		}
		if earlier, differs := j.settle(i, now); differs && (earlier.in >= m.Term || m.Kind == InstallSnapshot) {
			report(rule, s.twoCommitted(s.breach(part, effect, "%s of term %d from %s says that an entry of term %d is committed at index %d, and one of term %d was committed there",
				m.Kind, m.Term, m.From, term, i, earlier.term), term, earlier))
			return
		}
	}
}

// compacts takes in that what a server compacts is committed.
func (j *Judge) compacts(s *Step, where func(Part, int) Origin) *Breach {
	o, b := &s.After, &s.Before
	base, term := o.Log.Base, o.Log.BaseTerm
	if base == 0 || term == 0 || !o.Knows(FieldLog|FieldCompacted) || s.crashes() || b.Knows(FieldLog|FieldCompacted) && b.Log.Base == base && b.Log.BaseTerm == term {
		return nil
	}
	in := anyTerm
	if o.Knows(FieldTerm) {
		in = o.Term
	}
	earlier, differs := j.settle(base, settlement{term: term, in: in, by: s.Server, at: where(PartAfter, 0)})
	if !differs {
		return nil
	}
	return s.twoCommitted(s.breachAfter("%s has compacted its log up to index %d of term %d, where an entry of term %d was committed", s.Server, base, term, earlier.term).
		showing(FieldLog), term, earlier)
}

// unlikeSettled returns the breach of a server that commits another entry than was told to be committed there.
func (j *Judge) unlikeSettled(s *Step, f *Fact) *Breach {
	known, is := j.hearsay.settled.at(f.Index)
	if is && f.Entry.Term == 0 && known.unlike(f) {
		return known.twoCommands(s.breach(f.Part, f.Effect, "%s commits %s at index %d, where %s was committed", f.By, Shown(f.Entry.Value), f.Index, Shown(known.command)), f.Entry.Value, known.by, known.at)
	}
	if !is || f.Entry.Term == 0 || f.Entry.Term == known.term {
		return nil
	}
	return s.twoCommitted(s.breach(f.Part, f.Effect, "%s commits %s at index %d, where an entry of term %d was committed", f.By, f.Entry.named(), f.Index, known.term), f.Entry.Term, known)
}

// unlike reports whether a fact of what was carried out, or told to a client, is of another command.
func (e *settlement) unlike(f *Fact) bool {
	return f.Entry.Kind == Command && e.command != "" && f.Entry.Value != "" && e.command != f.Entry.Value
}

func (e *settlement) twoCommands(b *Breach, other string, by ServerID, at Origin) *Breach {
	b.refusing("log[index] = the command committed there", "%s is not %s", Shown(e.command), Shown(other))
	b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: by, Part: PartFact, Origin: at})
	return b
}

func (s *Step) twoCommitted(b *Breach, term Term, earlier settlement) *Breach {
	b.refusing("log[index].term = that of the entry committed there", "%d is not %d", term, earlier.term)
	b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: earlier.by, Part: PartFact, Origin: earlier.at})
	return b
}

// leadsUnlike returns the breach of a leader that has another entry in its log than was told to be committed before its term.
func (j *Judge) leadsUnlike(s *Step) *Breach {
	o, all, seen := &s.After, &j.hearsay.settled, &j.of(s.Server).leads
	if seen.term != o.Term || seen.base > o.Log.Base {
		*seen = compared{o.Term, o.Log.Base, 0}
	}
	i, earlier := all.unlike(&o.Log, o.Term, seen.settled)
	seen.settled = all.first + len(all.order)
	if i == 0 {
		return nil
	}
	own, _ := o.Log.TermAt(i)
	return s.twoCommitted(s.breachAfter("%s leads term %d with an entry of term %d at index %d, where one of term %d was committed by term %d", s.Server, o.Term, own, i, earlier.term, earlier.in).
		showing(FieldLog), own, earlier)
}

// compared is how far a leader's log has been compared with what was told to be committed: in which term, from which index on, and with how many of those.
type compared struct {
	term    Term
	base    Index
	settled int
}
