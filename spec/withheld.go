package spec

import "slices"

// An election or a commitment needs others, and what those show of themselves says who can have taken part: nobody votes in a term that it has not reached, or
// beside the vote that it holds; and nobody stores what lies beyond the end of its log.

// office is the election of a term's leader, as far as it was seen.
type office struct {
	leader        ServerID // None is not seen
	before, after Configuration
	at            Origin
	denied        []ServerID // who did not vote for it
}

// withheld judges elections and commitments by what the voters show.
func (j *Judge) withheld(s *Step, at Origin, report func(*Rule, *Breach)) {
	o := &s.After
	if j.causal || j.unnumbered || s.crashes() || !o.Knows(FieldTerm) || o.Term == 0 {
		return
	}
	report(commitMajority, j.commitsItsOwn(s))
	f := &j.hearsay.led(o.Term).office
	took := s.show(FieldRole|FieldTerm|FieldConfig) && TookOffice(s) && len(s.Before.Config.Voters) > 0
	if took || f.leader == None && j.leadsByWhatItSends(s) {
		*f = office{leader: s.Server, before: o.Config, after: o.Config, at: at}
		if took {
			f.before = s.Before.Config
		}
		for _, id := range slices.Concat(f.before.Voters, f.before.Outgoing, f.after.Voters, f.after.Outgoing) {
			if id != s.Server && !slices.Contains(f.denied, id) && !j.mayHaveVoted(id, o.Term, s.Server) {
				f.denied = append(f.denied, id)
			}
		}
		report(majorityElects, f.denies(s, s.breachAfter("%s becomes leader of term %d, and %s cannot have voted for it", s.Server, o.Term, listed(f.denied))))
		return
	}
	if f.leader != None && o.Knows(FieldVotedFor) && j.deniesVote(o, o.Term, f.leader) && s.Server != f.leader {
		if !slices.Contains(f.denied, s.Server) {
			f.denied = append(f.denied, s.Server)
			b := s.breachAfter("%s leads term %d, and %s did not vote for it", f.leader, o.Term, listed(f.denied)).showing(FieldVotedFor)
			b.Evidence = append(b.Evidence, Evidence{Role: "the election", Server: f.leader, Part: PartFact, Origin: f.at})
			report(majorityElects, f.denies(s, b))
		}
	}
	report(commitMajority, j.commitsAlone(s))
}

// leadsByWhatItSends reports whether a server that does not show its role sends what only the leader of its term does, and was candidate in that term under the
// configuration that it shows: nobody appends anything between the two.
func (j *Judge) leadsByWhatItSends(s *Step) bool {
	o, c := &s.After, &j.of(s.Server).known.candidacy
	if o.Knows(FieldRole) || !o.Knows(FieldConfig) || c.term != o.Term || !c.config.same(&o.Config) {
		return false
	}
	for _, m := range s.Output.Sent {
		if m.saysLeader() && m.From == s.Server && m.Term == o.Term {
			return true
		}
	}
	return false
}

// denies returns the breach that a leader was elected without those who did not vote for it; nil if the others suffice.
func (f *office) denies(s *Step, b *Breach) *Breach {
	voted := func(id ServerID) bool { return !slices.Contains(f.denied, id) }
	if s.elects(&f.before, voted) || s.elects(&f.after, voted) {
		return nil
	}
	return b.refusing("votes are "+s.enough(&f.before, electing), "not those of %s, of %s", listed(f.denied), configured(&f.before)).
		allowing("%s stays candidate", f.leader)
}

// mayHaveVoted reports whether a server is not known to have given a candidate no vote in a term.
func (j *Judge) mayHaveVoted(id ServerID, term Term, candidate ServerID) bool {
	w := j.servers[id]
	if w == nil {
		return true
	}
	k := &w.known
	if k.lost || k.hole != j.holes || !k.now.Knows(FieldRole|FieldTerm) || k.now.Role == Crashed || k.now.Term > term {
		return true
	}
	return k.now.Term == term && !(k.now.Knows(FieldVotedFor) && j.deniesVote(&k.now, term, candidate))
}

// deniesVote reports whether a server that is in a term shows that it has not voted for a candidate in it.
func (j *Judge) deniesVote(o *Observation, term Term, candidate ServerID) bool {
	return o.Term == term && o.VotedFor != candidate && !drops(&j.binding, o)
}

// commitsAlone returns the breach of a leader that commits what too few others can hold. What enough of them have held in its term, they hold for ever.
func (j *Judge) commitsAlone(s *Step) *Breach {
	b, o := &s.Before, &s.After
	if !s.show(FieldRole|FieldTerm|FieldCommit|FieldConfig) || !s.leads() || o.CommitIndex <= b.CommitIndex || len(b.Config.Voters) == 0 || len(o.Config.Voters) == 0 {
		return nil
	}
	for _, v := range [...]Variant{HealsFirst, MendsLog, StoresLater, CommitMayFall} {
		if s.Declared.Has(v) {
			return nil
		}
	}
	holds := func(id ServerID) bool { return id == s.Server || j.mayHold(id, o.CommitIndex) }
	if s.commits(&b.Config, holds) || s.commits(&o.Config, holds) {
		return nil
	}
	var lack []ServerID
	for _, id := range slices.Concat(o.Config.Voters, o.Config.Outgoing) {
		if !holds(id) && !slices.Contains(lack, id) {
			lack = append(lack, id)
		}
	}
	return s.breachAfter("%s, leader of term %d, commits index %d, and the logs of %s end before it", s.Server, o.Term, o.CommitIndex, listed(lack)).
		refusing("servers that hold it are "+s.enough(&o.Config, committing), "not of %s", configured(&o.Config)).
		allowing("%s keeps commitIndex %d", s.Server, b.CommitIndex).before("commitIndex before", FieldCommit)
}

// commitsItsOwn returns the breach of a leader that commits an entry in the very step in which it makes it: nobody else can have it yet, and it alone does not suffice.
func (j *Judge) commitsItsOwn(s *Step) *Breach {
	b, o := &s.Before, &s.After
	if !s.show(FieldTerm|FieldCommit|FieldConfig|FieldLog) || !o.Knows(FieldRole) || o.Role != Leader || !s.runs() || s.Input.Kind == 0 || s.Input.Kind == Stored || j.of(s.Server).known.past.batches {
		return nil
	}
	made, held := o.Log.At(o.CommitIndex)
	if !held || made.Term != o.Term || o.CommitIndex <= b.Log.LastIndex() || o.CommitIndex <= b.CommitIndex || len(b.Config.Voters) == 0 || len(o.Config.Voters) == 0 {
		return nil
	}
	for _, v := range [...]Variant{HealsFirst, MendsLog, StoresLater, VolatileUntilReady, CommitMayFall} {
		if s.Declared.Has(v) {
			return nil
		}
	}
	own := func(id ServerID) bool { return id == s.Server }
	if s.commits(&b.Config, own) || s.commits(&o.Config, own) || s.commits(s.committedUnder(), own) {
		return nil
	}
	return s.breachAfter("%s, leader of term %d, commits index %d, which it makes in that very step", s.Server, o.Term, o.CommitIndex).
		refusing("servers that hold it are "+s.enough(&o.Config, committing), "only %s can, of %s", s.Server, configured(&o.Config)).
		allowing("%s keeps commitIndex %d", s.Server, b.CommitIndex).before("the log before", FieldLog)
}
