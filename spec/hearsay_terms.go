package spec

// termsTold compares what a message says of the terms of entries in its leader's log with what other messages say, and with what is committed.
// Where the leader shows its log, other rules compare the two.
func (j *Judge) termsTold(s *Step, m *Message, part Part, effect int, where func(Part, int) Origin, report func(*Rule, *Breach)) {
	if !m.saysLeader() || !m.Knows(MessagePrevIndex) {
		return
	}
	shown := j.showsLog(s, m)
	rule := prevTermTrue
	if m.Kind == InstallSnapshot {
		rule = snapshotTermTrue
	}
	at := where(part, effect)
	say := func(i Index, term Term) bool {
		if !shown {
			if earlier, differs := j.hearsay.say(told{m.Term, i}, termTold{term, m.From, at}); differs {
				report(rule, s.twoTerms(m, part, effect, i, term, earlier))
				return false
			}
		}
		if b := j.unlikeCommitted(s, m, part, effect, i, term); b != nil {
			report(leaderCompleteness, b)
			return false
		}
		return true
	}
	if m.PrevLogIndex > 0 && m.Knows(MessagePrevTerm) && m.PrevLogTerm > 0 && !say(m.PrevLogIndex, m.PrevLogTerm) {
		return
	}
	if m.Kind == AppendEntries && m.Knows(MessageEntries) {
		for k := range m.Entries {
			if !say(m.PrevLogIndex+1+Index(k), m.Entries[k].Term) {
				return
			}
		}
	}
}

// showsLog reports whether the sender of a message shows the log that it leads the message's term with.
func (j *Judge) showsLog(s *Step, m *Message) bool {
	if m.From == s.Server {
		_, known := s.senderLog(m.Term)
		return known
	}
	return j.of(m.From).known.now.Knows(FieldLog)
}

// say notes a term, and returns what was said before if that is another one.
func (h *hearsay) say(of told, now termTold) (earlier termTold, differs bool) {
	for _, all := range h.terms {
		if earlier, known := all[of]; known {
			return earlier, earlier.term != now.term
		}
	}
	if h.terms[0] == nil || len(h.terms[0]) >= mostTold {
		h.terms[0], h.terms[1] = map[told]termTold{}, h.terms[0]
	}
	h.terms[0][of] = now
	return termTold{}, false
}

// twoTerms is the breach of a message that says another term of an entry than was said before.
func (s *Step) twoTerms(m *Message, part Part, effect int, i Index, term Term, earlier termTold) *Breach {
	b := s.breach(part, effect, "%s of term %d from %s says that its entry at index %d is of term %d, and %s said that it is of term %d", m.Kind, m.Term, m.From, i, term, earlier.by, earlier.term).
		refusing("log[index].term is one", "%d is not %d", term, earlier.term)
	b.Evidence = append(b.Evidence, Evidence{Role: "what was said before", Server: earlier.by, Part: PartFact, Origin: earlier.at})
	return b
}

// outOfOrder returns the breach of a leader whose entry at an index, of which nothing is committed that is known, is of an earlier term than one committed before it by
// an earlier leader, or of a later one than one committed behind it: along its log, in which both are, terms do not decrease.
func (j *Judge) outOfOrder(s *Step, m *Message, part Part, effect int, i Index, term Term) *Breach {
	committed := j.history.committed
	at, known := committed.find(i)
	if known {
		return nil
	}
	for _, k := range [...]int{at - 1, at} {
		if k < 0 || k >= len(committed) {
			continue
		}
		f := &committed[k]
		fits := f.Index < i && f.Entry.Term <= term || f.Index > i && f.Entry.Term >= term
		if fits || f.Entry.Term == 0 || f.In >= m.Term {
			continue
		}
		b := s.breach(part, effect, "%s leads term %d with an entry of term %d at index %d, and %s was committed at index %d by term %d", m.From, m.Term, term, i, f.Entry.named(), f.Index, f.In).
			refusing("terms do not decrease along a log", "%d is at index %d and %d at index %d", term, i, f.Entry.Term, f.Index)
		b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: f.By, Part: PartFact, Origin: f.Origin})
		return b
	}
	return nil
}

// unlikeCommitted returns the breach of a leader whose entry at an index is of another term than what was committed there by an earlier one.
func (j *Judge) unlikeCommitted(s *Step, m *Message, part Part, effect int, i Index, term Term) *Breach {
	f := j.history.termCommitted(i)
	if f == nil || f.In >= m.Term || f.Entry.Term == term {
		if known, is := j.hearsay.settled.at(i); is && known.in < m.Term && known.term != term {
			return s.twoCommitted(s.breach(part, effect, "%s leads term %d with an entry of term %d at index %d, where one of term %d was committed by term %d",
				m.From, m.Term, term, i, known.term, known.in), term, known)
		}
		return j.outOfOrder(s, m, part, effect, i, term)
	}
	b := s.breach(part, effect, "%s leads term %d with an entry of term %d at index %d, where %s was committed by term %d", m.From, m.Term, term, i, f.Entry.named(), f.In).
		refusing("log[index] = the entry committed there", "%d is not %d", term, f.Entry.Term)
	b.Evidence = append(b.Evidence, Evidence{Role: "the commitment", Server: f.By, Part: PartFact, Origin: f.Origin})
	return b
}
