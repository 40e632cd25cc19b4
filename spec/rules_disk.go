package spec

import "slices"

// The rule about what is on disk from one step to the next (Raft paper, 5.6 and Figure 2, persistent state).

var diskKept = &Rule{
	ID: "R5.6-08", Name: "disk-kept",
	Sentence: "What is safe on disk stays there: the term, the vote in it, and every entry that the server does not replace or compact; and no entry comes there that was not in its log.",
	Why: "A crash may come at any moment, and then the disk is all that is left of what was promised. What is lost there goes unseen until that crash. " +
		"What usually breaks it: an older write that is done after a newer one, a file that is made anew from what only a part of the server knows, or a backup that is put back.",
	Section: "Raft paper, 5.6 and Figure 2 (persistent state)", Level: Must, Profile: Storage,
	Catches:    []string{"st-stale-disk", "st-log-write-drops-term", "el-meta-missing-term0", "sn-log-gap-restart", "mb-identity-reuse", "mb-rethinkdb"},
	Varies:     []Variant{DropsUnacknowledged},
	NeedsAfter: FieldDurable,
	Step:       judgeDiskKept,
}

// judgeDiskKept compares the disk after a step with the disk before it, with the last thing that the step says to have made safe, and with
// what its messages promise.
func judgeDiskKept(s *Step) *Breach {
	if s.Before.Knows(FieldDurable) {
		if b := s.fallen(&s.Before.Durable, PartBefore, 0); b != nil {
			return b
		}
	}
	for k := len(s.Output.Effects) - 1; k >= 0; k-- {
		if e := &s.Output.Effects[k]; e.Kind == Write || e.Kind == Sync {
			if b := s.fallen(&e.Durable, PartEffect, k); b != nil {
				return b
			}
			break
		}
	}
	return s.strange()
}

// strange returns the breach of an entry on disk that the server never had: it was not there before, it is in the log neither before nor after the
// step, and nobody sent it.
func (s *Step) strange() *Breach {
	if !s.runs() || !s.show(FieldLog|FieldDurable|FieldCompacted) || s.Input.Kind == 0 || s.Input.Kind == Stored || s.delivered(InstallSnapshot) || s.Gap {
		return nil
	}
	for _, v := range [...]Variant{StoresLater, VolatileUntilReady, MendsLog, HealsFirst, CachesEntries} {
		if s.Declared.Has(v) {
			return nil
		}
	}
	disk, before := s.After.Durable.Log, s.Before.Durable.Log
	i, gained := firstGain(before, disk)
	for ; gained && i <= disk.LastIndex(); i++ {
		e, _ := disk.At(i)
		had := slices.ContainsFunc([]Log{s.After.Log, s.Before.Log}, func(l Log) bool {
			own, held := l.At(i)
			return i <= l.Base || held && own.agrees(e)
		})
		if sent, carried := s.Input.Message.entryAt(i); had || s.delivered(AppendEntries) && (carried && sent.agrees(e) || !s.Input.Message.Knows(MessagePrevIndex|MessageEntries)) {
			continue
		}
		return s.breachAfter("%s has %s at index %d on its disk, and its log has never held that", s.Server, e, i).
			refusing("an entry on disk is in the log, or was", "the log has %s at index %d", s.After.Log.at(i), i).
			allowing("%s stores what its log holds", s.Server)
	}
	return nil
}

// fallen returns the breach that less is on disk after the step than a part of the step says to be safe there; nil if nothing is missing.
func (s *Step) fallen(safe *Durable, part Part, effect int) *Breach {
	disk := &s.After.Durable
	told := func(b *Breach) *Breach {
		b.Evidence = append(b.Evidence, Evidence{Role: "what was safe", Server: s.Server, Part: part, Effect: effect, Field: FieldDurable})
		return b
	}
	if disk.Term < safe.Term {
		return told(s.breachAfter("%s had term %d safe on its disk and now has term %d there", s.Server, safe.Term, disk.Term).
			refusing("term on disk after ≥ term on disk before", "%d is below %d", disk.Term, safe.Term).
			allowing("term %d stays on disk", safe.Term))
	}
	if known := (safe.Unknown|disk.Unknown)&FieldVotedFor == 0; known && disk.Term == safe.Term && safe.VotedFor != None && disk.VotedFor != safe.VotedFor && !s.Declared.Has(DropsVoteForLeader) && !s.Declared.Has(LateTerm) {
		return told(s.breachAfter("%s had its vote for %s in term %d safe on its disk and now has a vote for %s there", s.Server, safe.VotedFor, safe.Term, disk.VotedFor).
			refusing("votedFor on disk stays in its term", "it was %s and is %s", safe.VotedFor, disk.VotedFor).
			allowing("the vote for %s stays on disk", safe.VotedFor))
	}
	i, lost := firstLoss(safe.Log, disk.Log)
	if !lost || s.gaveUp(i, safe.Log) || s.dropsUnacknowledged(i) {
		return nil
	}
	return told(s.breachAfter("%s had %s at index %d safe on its disk and now has %s there", s.Server, safe.Log.at(i), i, disk.Log.at(i)).
		refusing("entries on disk stay until they are replaced or compacted", "index %d is gone", i).
		allowing("%s stays on disk", safe.Log.at(i)))
}

// gaveUp reports whether a server holds an entry of its disk no longer in memory, or whether nobody can tell: it replaced it, and what is on
// disk follows. Whether it might is for other rules.
func (s *Step) gaveUp(i Index, safe Log) bool {
	memory := &s.After
	switch {
	case s.Before.Role == Crashed:
		return true // truncate-on-conflict compares what a restart finds
	case s.Input.Cut > 0 && (s.delivered(AppendEntries) || s.delivered(InstallSnapshot)):
		return true // truncation-atomic compares what is left of a message
	case s.crashes():
		memory = &s.Before
	}
	if !memory.Knows(FieldLog) {
		return true
	}
	if i <= memory.Log.Base {
		_, replaced := s.After.Durable.Log.At(i)
		return replaced // by a write that came before the snapshot
	}
	e, _ := safe.At(i)
	own, held := memory.Log.At(i)
	return !held || !own.agrees(e)
}
