package spec

// The rule about what a follower does with entries that it is sent (Raft paper, 5.3).

var storesWhatWasSent = &Rule{
	ID: "R5.3-22", Name: "stores-what-was-sent",
	Sentence: "A follower that accepts AppendEntries holds the entries that it acknowledges, and adds none that were not sent.",
	Why: "The leader counts the acknowledgement as a copy of its own entries. A copy that is missing, is another entry, or stands under another term commits what is not stored; an entry that nobody sent stands where the next leader " +
		"puts another one. " +
		"What usually breaks it: entries are stamped anew as they are stored, part of a message is dropped, or a buffer is used twice.",
	Section: "Raft paper, 5.3 and Figure 2 (AppendEntries, steps 3 and 4)", Level: Must, Profile: Core,
	Catches:    []string{"rp-drops-last"},
	Varies:     []Variant{CachesEntries},
	NeedsAfter: FieldTerm | FieldLog,
	Step:       judgeStoresWhatWasSent,
}

func judgeStoresWhatWasSent(s *Step) *Breach {
	if b := s.judgeAcceptedEntries(); b != nil {
		return b
	}
	return s.judgeAcknowledgedLog()
}

func (s *Step) judgeAcceptedEntries() *Breach {
	m := &s.Input.Message
	const needed = MessageFrom | MessageTerm | MessagePrevIndex | MessageEntries
	if !s.delivered(AppendEntries) || !m.Knows(needed) || s.crashes() || s.After.Role == Leader || s.After.Term != m.Term {
		return nil
	}
	if effect, accepts := s.acknowledges(m); accepts {
		if b := s.judgeAcknowledgedHeld(m, effect); b != nil {
			return b
		}
	}
	if !s.Before.Knows(FieldLog) || s.keepsUnseen() {
		return nil
	}
	i, gained := firstGain(s.Before.Log, s.After.Log)
	for ; gained && i <= s.After.Log.LastIndex(); i++ {
		own, held := s.After.Log.At(i)
		if sent, carried := s.sentAt(i); !held || carried && own.agrees(sent) {
			continue
		}
		if was, had := s.Before.Log.At(i); had && was.agrees(own) {
			continue
		}
		return s.breachAfter("%s adds %s at index %d over a message with entries %d to %d", s.Server, own, i, m.PrevLogIndex+1, m.LastEntryIndex()).
			refusing("an entry added = the entry sent", "%s is not %s", own, m.at(i)).
			allowing("%s adds what it was sent", s.Server).since("what the leader sent", PartInput)
	}
	return nil
}

// judgeAcknowledgedLog compares acknowledgements, also those that leave by themselves as storage is done, with the log. In one term it only grows.
func (s *Step) judgeAcknowledgedLog() *Breach {
	if s.crashes() || s.Declared.Has(HealsFirst) || s.Declared.Has(MendsLog) {
		return nil
	}
	for k, m := range s.Output.Sent {
		if m.Kind == AppendEntriesReply && m.Success && m.Knows(MessageTerm|MessageSuccess|MessageMatch) && m.Term == s.After.Term && m.MatchIndex > s.After.Log.LastIndex() {
			return s.acknowledgesMore(k, m.MatchIndex)
		}
	}
	return nil
}

func (s *Step) acknowledgesMore(effect int, match Index) *Breach {
	last := s.After.Log.LastIndex()
	return s.breachSent(effect, "%s acknowledges entries up to index %d and its log ends with index %d", s.Server, match, last).
		refusing("matchIndex ≤ last index", "%d is above %d", match, last).
		allowing("%s acknowledges up to index %d", s.Server, last).beside("its log", FieldLog)
}

// judgeAcknowledgedHeld compares the entries of a message that an acknowledgement covers with the log.
func (s *Step) judgeAcknowledgedHeld(m *Message, effect int) *Breach {
	match, log := s.Output.Effects[effect].Message.MatchIndex, s.After.Log
	for i := max(m.PrevLogIndex, log.Base) + 1; i <= min(match, m.LastEntryIndex()); i++ {
		sent, _ := m.entryAt(i)
		if own, held := log.At(i); held && own.agrees(sent) {
			continue
		}
		return s.breachSent(effect, "%s acknowledges %s at index %d and has %s there", s.Server, sent, i, log.at(i)).
			refusing("log[i] = the entry sent", "%s is not %s", log.at(i), sent).
			allowing("%s stores %s at index %d first", s.Server, sent, i).beside("its log", FieldLog).since("what the leader sent", PartInput)
	}
	if match > log.LastIndex() {
		return s.acknowledgesMore(effect, match)
	}
	return nil
}

// entryAt returns the entry that AppendEntries carries for an index, and whether it carries one.
func (m *Message) entryAt(i Index) (Entry, bool) {
	if i <= m.PrevLogIndex || i > m.LastEntryIndex() {
		return Entry{}, false
	}
	return m.Entries[i-m.PrevLogIndex-1], true
}

// at prints what AppendEntries carries for an index.
func (m *Message) at(i Index) string {
	if e, carried := m.entryAt(i); carried {
		return e.String()
	}
	return "nothing"
}
