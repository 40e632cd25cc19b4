package spec

// What is certain not to be committed. A leader may tell of more as committed than it has committed itself, where an earlier leader has committed it; and a
// record need not show that one.

// claimsUncommitted reports whether what a step claims to be committed beyond its server's own commit index is certain not to be.
func (j *Judge) claimsUncommitted(s *Step) bool {
	effect, upTo, claims := s.claim()
	return claims && j.uncommitted(&s.After, &s.Output.Effects[effect].Message, upTo)
}

// uncommitted reports whether the entry at an index is certain not to be committed, by what the leader that tells of it shows, o, and has not committed
// itself. All that is committed is in its log. Entries of its own term it commits before anybody else. One of an earlier term was committed
// only if enough others hold it.
func (j *Judge) uncommitted(o *Observation, m *Message, i Index) bool {
	if o.Knows(FieldLog) && i > o.Log.LastIndex() {
		return true
	}
	term, known := m.termOf(i)
	if o.Knows(FieldLog) {
		if own, held := o.Log.termKnownAt(i); held {
			term, known = own, true
		}
	}
	if known && m.Knows(MessageTerm) && term == m.Term {
		return true
	}
	return !j.mayBeHeld(o, m.From, i) || j.hasSeenAll(o, i)
}

// began is what a server held as it was seen first.
type began struct {
	seen, shown bool
	last        Index // of its log
}

// begins takes in how a server is seen first, and whether anybody may commit something unseen.
func (j *Judge) begins(s *Step) {
	hides := !s.crashes() && !s.After.Knows(FieldCommit) || s.Input.Cut > 0 && (!s.Before.Knows(FieldRole) || s.Before.Role == Leader)
	j.commitsHidden = j.commitsHidden || hides || s.Gap || s.Hole
	if w := j.of(s.Server); !w.began.seen {
		w.began = began{seen: true, shown: s.After.Knows(FieldLog), last: s.After.Log.LastIndex()}
	}
}

// hasSeenAll reports whether nobody of a leader's configuration held an entry when the record began, and all that was committed since is shown.
func (j *Judge) hasSeenAll(o *Observation, i Index) bool {
	if j.unnumbered || j.holes > 0 || j.causal || j.commitsHidden || !o.Knows(FieldConfig) || len(o.Config.Voters) == 0 || j.declared.Has(CommitMayFall) {
		return false
	}
	all := j.history.Committed()
	if committed, _ := j.hearsay.committedBy(anyTerm); committed.index >= i || len(all) > 0 && all[len(all)-1].Index >= i {
		return false
	}
	lacked := func(id ServerID) bool {
		w := j.servers[id]
		return w != nil && w.began.shown && w.began.last < i
	}
	return countOf(o.Config.Voters, lacked) == len(o.Config.Voters) && countOf(o.Config.Outgoing, lacked) == len(o.Config.Outgoing)
}

// termOf returns the term that a leader's message tells of an index in its log, and whether it does.
func (m *Message) termOf(i Index) (Term, bool) {
	if !m.Knows(MessagePrevIndex) || i == 0 {
		return 0, false
	}
	if i == m.PrevLogIndex {
		return m.PrevLogTerm, m.Knows(MessagePrevTerm) && m.PrevLogTerm > 0
	}
	e, carried := m.entryAt(i)
	return e.Term, carried && m.Kind == AppendEntries && m.Knows(MessageEntries) && e.Term > 0
}

// mayBeHeld reports whether so many servers may hold an entry that an earlier leader may have committed it. It may have gone by a
// configuration that differs by one voter from the one that is known, and that nobody knows of any more.
func (j *Judge) mayBeHeld(o *Observation, leader ServerID, i Index) bool {
	c := &o.Config
	if j.unnumbered || j.holes > 0 || j.causal || !o.Knows(FieldConfig|FieldLog|FieldCompacted) || len(c.Outgoing) > 0 || o.Log.Base > 0 {
		return true
	}
	for _, v := range [...]Variant{FlexibleQuorums, HealsFirst, MendsLog, StoresLater, CommitMayFall} {
		if j.declared.Has(v) {
			return true
		}
	}
	for k := range o.Log.Entries {
		if o.Log.Entries[k].Kind == ConfigurationChange {
			return true
		}
	}
	holders := countOf(c.Voters, func(id ServerID) bool { return id == leader || j.mayHold(id, i) })
	return 2*holders >= len(c.Voters)
}

// mayHold reports whether a server's log is not known to end before an index.
func (j *Judge) mayHold(id ServerID, i Index) bool {
	w := j.servers[id]
	if w == nil {
		return true
	}
	k := &w.known
	return k.lost || k.hole != j.holes || !k.now.Knows(FieldRole|FieldLog) || k.now.Role == Crashed || k.now.Log.LastIndex() >= i
}
