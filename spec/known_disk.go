package spec

import "slices"

// disks compares what a step says to be on disk with what was there before, where the state before does not show it.
func (k *Known) disks(s *Step, yield func(*Rule, *Breach)) {
	was, before, at := &k.promised.disk, PartFact, k.promised.diskAt
	if k.promised.diskAt == 0 {
		was = nil
	}
	effect := 0
	kept := k.promised.kept
	for n := range s.Output.Effects {
		e := &s.Output.Effects[n]
		if e.Kind != Write && e.Kind != Sync {
			continue
		}
		if was != nil {
			if b := k.diskFalls(s, n, was, &e.Durable, before == PartFact); b != nil {
				b.Evidence = append(b.Evidence, Evidence{Role: "what was on disk", Server: s.Server, Part: before, Effect: effect, Origin: at})
				yield(diskKept, b)
				return
			}
		}
		was, before, effect = &e.Durable, PartEffect, n
		kept.note(&e.Durable, 0)
	}
	if disk := s.After.onDisk(); !s.show(FieldDurable) { // else the rule itself compares the two
		if b := k.keptFalls(s, &kept, disk); b != nil {
			told := Evidence{Role: "what was on disk", Server: s.Server, Part: PartFact, Origin: kept.at}
			if kept.at == 0 {
				told.Part, told.Effect = PartEffect, effect
			}
			b.Evidence = append(b.Evidence, told)
			yield(diskKept, b)
		}
	}
}

// kept is the term that was on disk when it was shown last, and the vote in it, whatever else was shown beside them.
type kept struct {
	term  Term
	vote  ServerID // None is none, or not known
	at    Origin   // 0 is in the step at hand
	known bool
}

func (m *kept) note(d *Durable, at Origin) {
	if d.Unknown&FieldTerm != 0 {
		return
	}
	vote := d.VotedFor
	if d.Unknown&FieldVotedFor != 0 {
		vote = None
		if m.known && m.term == d.Term {
			vote = m.vote
		}
	}
	*m = kept{d.Term, vote, at, true}
}

// keptFalls returns the breach that a term on disk, or the vote in it, is shown to be there no more when a step is over.
func (k *Known) keptFalls(s *Step, was *kept, is *Durable) *Breach {
	switch {
	case !was.known || is.Unknown&FieldTerm != 0 || is.Term > was.term:
		return nil
	case is.Term < was.term:
		return s.breachAfter("%s had term %d on its disk and now has term %d there", s.Server, was.term, is.Term).showing(FieldDurable).
			refusing("term on disk ≥ term on disk before", "%d is below %d", is.Term, was.term).allowing("term %d stays on disk", was.term)
	case was.vote == None || is.Unknown&FieldVotedFor != 0 || is.VotedFor == was.vote || s.Declared.Has(LateTerm) || s.Declared.Has(TermThenVote) || s.Declared.Has(DropsVoteForLeader):
		return nil
	}
	return s.breachAfter("%s had its vote for %s in term %d on its disk and now has a vote for %s there", s.Server, was.vote, was.term, is.VotedFor).showing(FieldDurable).
		refusing("votedFor on disk stays in its term", "it was %s and is %s", was.vote, is.VotedFor).allowing("the vote for %s stays on disk", was.vote)
}

// diskFalls returns the breach that what an effect says to be on disk is less than what was there; nil if nothing is missing.
func (k *Known) diskFalls(s *Step, effect int, was, is *Durable, earlier bool) *Breach {
	known := func(f Field) bool { return (was.Unknown|is.Unknown)&f == 0 }
	if known(FieldTerm) && is.Term < was.Term {
		return s.breach(PartEffect, effect, "%s had term %d on its disk and now has term %d there", s.Server, was.Term, is.Term).
			refusing("term on disk ≥ term on disk before", "%d is below %d", is.Term, was.Term).allowing("term %d stays on disk", was.Term)
	}
	lenient := func() bool {
		return s.Declared.Has(LateTerm) || s.Declared.Has(TermThenVote) || s.takesLeader(is.VotedFor)
	}
	vote, shown := was.VotedFor, was.Unknown&FieldVotedFor == 0
	if p := &k.promised.vote; (vote == None || !shown) && p.term == was.Term && s.Declared.Has(DropsVoteForLeader) {
		vote, shown = p.vote, true // dropped since, or not shown
	}
	if known(FieldTerm) && shown && is.Unknown&FieldVotedFor == 0 && is.Term == was.Term && vote != None && is.VotedFor != vote && !lenient() {
		return s.breach(PartEffect, effect, "%s had its vote for %s in term %d on its disk and now has a vote for %s there", s.Server, vote, was.Term, is.VotedFor).
			refusing("votedFor on disk stays in its term", "it was %s and is %s", vote, is.VotedFor).allowing("the vote for %s stays on disk", vote)
	}
	i, lost := firstLoss(was.Log, is.Log)
	if !lost || !known(FieldLog) || s.crashes() || s.Input.Kind == Restart || s.Declared.Has(StoresLater) || s.Declared.Has(VolatileUntilReady) || s.Declared.Has(MendsLog) ||
		s.dropsUnacknowledged(i) || !k.keepsEntry(s, i, was, earlier) {
		return nil
	}
	return s.breach(PartEffect, effect, "%s had %s at index %d on its disk and now has %s there", s.Server, was.Log.at(i), i, is.Log.at(i)).
		refusing("entries on disk stay until they are replaced or compacted", "index %d is gone", i).allowing("%s stays on disk", was.Log.at(i))
}

// keepsEntry reports whether a server certainly has not replaced an entry of its disk: it holds it in memory before and after, or nothing came that
// may replace any.
func (k *Known) keepsEntry(s *Step, i Index, was *Durable, earlier bool) bool {
	if e, _ := was.Log.At(i); s.show(FieldLog) {
		before, here := s.Before.Log.At(i)
		after, there := s.After.Log.At(i)
		if here && there && before.agrees(e) && after.agrees(e) {
			return true
		}
	}
	return s.leavesEntries() && (!earlier || k.promised.diskIs && !s.Gap && !s.Hole)
}

// leavesEntries reports whether a step is one that replaces no entries.
func (s *Step) leavesEntries() bool {
	switch s.Input.Kind {
	case Timeout, Heartbeat, Propose, Tick, ReadIndex:
		return true
	case Deliver:
		return s.Input.Message.Kind != AppendEntries && s.Input.Message.Kind != InstallSnapshot
	}
	return false
}

// synced is what was on disk before a write that was not synced, and may be there again after a crash.
type synced struct {
	behind bool // there was such a write
	disk   Durable
	diskAt Origin
	kept   kept
}

// losesWrites takes in that the server may have crashed and lost what was written and not synced.
func (p *promise) losesWrites() {
	if p.synced.behind {
		p.disk, p.diskAt, p.diskIs, p.kept = p.synced.disk, p.synced.diskAt, false, p.synced.kept
		p.synced.behind = false
	}
}

// syncs notes what is on disk for good before a step is over.
func (p *promise) syncs(s *Step, where func(Part, int) Origin) {
	last := s.Output.lastDurable()
	if s.After.Knows(FieldDurable) || last >= 0 && s.Output.Effects[last].Kind == Sync {
		p.synced.behind = false
		return
	}
	if last < 0 {
		return
	}
	if !p.synced.behind {
		p.synced = synced{true, p.disk, p.diskAt, p.kept}
	}
	for n := range s.Output.Effects[:last] {
		if e := &s.Output.Effects[n]; e.Kind == Sync {
			p.synced.disk, p.synced.diskAt = e.Durable, where(PartEffect, n)
			p.synced.kept.note(&e.Durable, p.synced.diskAt)
		}
	}
}

// disk notes what is on disk.
func (k *Known) disk(s *Step, where func(Part, int) Origin) {
	p := &k.promised
	p.syncs(s, where)
	p.diskIs = p.diskIs && s.leavesEntries() && !s.Gap && !s.Hole && !s.crashes()
	if n := s.Output.lastDurable(); n >= 0 {
		p.kept.note(&s.Output.Effects[n].Durable, where(PartEffect, n))
	}
	p.kept.note(s.After.onDisk(), where(PartAfter, 0))
	switch n := s.Output.lastDurable(); {
	case s.After.Knows(FieldDurable):
		p.disk, p.diskAt, p.diskIs = s.After.Durable, where(PartAfter, 0), !s.crashes()
	case n >= 0:
		now := s.Output.Effects[n].Durable
		if now.Unknown&FieldTerm != 0 && p.diskAt != 0 {
			now.Term, now.VotedFor, now.Unknown = p.disk.Term, p.disk.VotedFor, now.Unknown&FieldLog|p.disk.Unknown&^FieldLog
		}
		p.disk, p.diskAt, p.diskIs = now, where(PartEffect, n), !s.crashes() && (s.leavesEntries() || !s.Output.Unseen) // a later one may not be shown
	}
}

// lastDurable returns the index of the last effect that changed what is on disk, -1 if there is none. What stood there for a moment before need
// be no state that the server meant to be in.
func (o *Output) lastDurable() int {
	for k := len(o.Effects) - 1; k >= 0; k-- {
		if kind := o.Effects[k].Kind; kind == Write || kind == Sync {
			return k
		}
	}
	return -1
}

// durable reports whether a step wrote to disk.
func (o *Output) durable() bool {
	return slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Kind == Write || e.Kind == Sync })
}

// stored adds what was on disk. now is what the server is then: what its log holds too, it did not replace meanwhile.
func (k *Known) stored(d *Durable, s *Step, declared *binding, at Origin) {
	p, now := &k.promised, &s.After
	if log := d.Log; d.Unknown&FieldLog == 0 && now.Knows(FieldLog) && !s.crashes() && !declared.healsFirst && !s.Declared.Has(DropsUnacknowledged) {
		if i, lost := firstLoss(log, now.Log); lost {
			log.Entries = log.Entries[:i-1-log.Base]
		}
		if log.LastIndex() > p.log.LastIndex() {
			p.log, p.logAt = log, at
		}
	}
	if d.Unknown&FieldTerm != 0 {
		return
	}
	p.term.raise(d.Term, at)
	k.term.raise(d.Term, at)
	if d.Unknown&FieldVotedFor == 0 {
		k.gave(d.Term, d.VotedFor, at)
	}
}

// onDisk returns what an observation shows to be on disk, which need not be all of it.
func (o *Observation) onDisk() *Durable {
	if !o.Knows(FieldDurable) && o.Durable.Unknown == 0 {
		return &unknownDisk
	}
	return &o.Durable
}

var unknownDisk = Durable{Unknown: FieldTerm | FieldVotedFor | FieldLog}

// promisesUnstored returns the breach of a message that promises what is not on disk when the step is over, whatever was there in between:
// nothing that is promised leaves the disk.
func (s *Step) promisesUnstored(declared *binding) *Breach {
	disk := s.After.onDisk()
	on := func(f Field) bool { return disk.Unknown&f == 0 }
	if s.crashes() || !on(FieldTerm) {
		return nil
	}
	for n, m := range s.Output.Sent {
		switch {
		case !m.Knows(MessageTerm|MessageTo) || !tellsSendersTerm(m.Kind) || m.To == s.Server:
			continue
		case m.Term > disk.Term:
		case m.Kind == RequestVote || m.Kind == RequestVoteReply && m.Knows(MessageGranted) && m.Granted:
			if !on(FieldVotedFor) || declared.dropsVote && disk.VotedFor == None {
				continue
			}
		case (m.Kind == AppendEntriesReply || m.Kind == InstallSnapshotReply) && m.Knows(MessageSuccess|MessageMatch) && m.Success:
			if !on(FieldLog) || declared.healsFirst || m.MatchIndex <= disk.Log.LastIndex() {
				continue
			}
		default:
			continue
		}
		if b := judgePromise(s, n, m, disk); b != nil {
			return b
		}
	}
	return nil
}

// losesPromised returns the breach of a crash that leaves less on disk than the server had promised. Entries are certain to be wanted there only as long as it
// has been in no later term than the one in which it acknowledged them.
func (k *Known) losesPromised(s *Step, declared *binding) *Breach {
	p, disk, b := &k.promised, s.After.onDisk(), &s.Before
	if s.Input.Kind != Crash || disk.Unknown&FieldTerm != 0 {
		return nil
	}
	lost := func(b *Breach, what string, at Origin) *Breach {
		return b.showing(FieldDurable).hinting(syncHint).promised(what, s.Server, at)
	}
	if disk.Term < p.term.least {
		return lost(s.breachAfter("%s crashes with term %d on its disk and had promised in term %d", s.Server, disk.Term, p.term.least).
			refusing("term on disk ≥ term promised", "%d is below %d", disk.Term, p.term.least).
			allowing("term %d or a later one is on its disk", p.term.least), "the promise", p.term.at)
	}
	if vote := &p.vote; disk.Unknown&FieldVotedFor == 0 && vote.vote != None && vote.term == disk.Term && disk.VotedFor != vote.vote && !s.takesLeader(disk.VotedFor) {
		return lost(s.breachAfter("%s gave its vote in term %d to %s and crashes with a vote for %s on its disk", s.Server, vote.term, vote.vote, disk.VotedFor).
			refusing("votedFor on disk = vote promised", "%s is not %s", disk.VotedFor, vote.vote).
			allowing("its vote for %s is on its disk", vote.vote), "the vote", vote.at)
	}
	last, acked := disk.Log.LastIndex(), &p.acked
	if disk.Unknown&FieldLog != 0 || s.Gap || s.Hole || !b.Knows(FieldTerm) || b.Term != acked.term || disk.Term != acked.term || last >= acked.index || s.Declared.Has(MendsLog) {
		return nil
	}
	return lost(s.breachAfter("%s acknowledged entries up to index %d in term %d and crashes with a log on its disk that ends with index %d", s.Server, acked.index, acked.term, last).
		refusing("last index on disk ≥ the index acknowledged", "%d is below %d", last, acked.index).
		allowing("its entries up to index %d are on its disk", acked.index), "the acknowledgement", acked.at)
}

// storesLess returns the breach of a disk that, as a server starts again or goes on, holds less than it acknowledged: a snapshot, of which all is committed, or entries of its
// leader's in the very term in which it acknowledged them, where they are never taken back. What it had for good before a start, it has after it too.
func (k *Known) storesLess(s *Step) *Breach {
	o, p, disk := &s.After, &k.promised, s.After.onDisk()
	if disk.Unknown&FieldLog != 0 {
		return nil
	}
	starts, term, known := s.Input.Kind == Restart || k.down(), o.Term, o.Knows(FieldTerm)
	if starts && disk.Unknown&FieldTerm == 0 {
		term, known = disk.Term, true
	}
	last := disk.Log.LastIndex()
	short := func(what string, of *reach) *Breach {
		return s.breachAfter("%s acknowledged %s up to index %d and the log on its disk ends with index %d", s.Server, what, of.index, last).
			refusing("last index on disk ≥ the index acknowledged", "%d is below %d", last, of.index).
			allowing("what it acknowledged is on its disk").showing(FieldDurable).hinting(syncHint).promised("the acknowledgement", s.Server, of.at)
	}
	switch {
	case last < p.snapshot.index:
		return short("a snapshot", &p.snapshot)
	case known && term == p.acked.term && last < p.acked.index:
		return short("entries", &p.acked)
	case starts && len(p.log.Entries) > 0:
		i, lost := firstLoss(p.log, disk.Log)
		if !lost {
			return nil
		}
		return s.breachAfter("%s had %s at index %d for good and comes back with %s there on its disk", s.Server, p.log.at(i), i, disk.Log.at(i)).
			refusing("what was promised is a prefix of the log on disk", "they differ from index %d on", i).
			allowing("its entries up to index %d are on its disk", p.log.LastIndex()).showing(FieldDurable).hinting(syncHint).promised("what it had for good", s.Server, p.logAt)
	}
	return nil
}
