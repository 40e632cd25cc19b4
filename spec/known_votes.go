package spec

// A server votes once in a term. What is known of its vote, from its disk, from what it showed or from what it told, is held against every message that tells its vote and
// against its disk, in whichever order a record brings the two. Where a vote is dropped for the leader of its term, what is on disk need not be the vote that binds.

// votesTwice returns the breach of a step that gives a vote in a message, or has one on its disk, beside another of the same term that its server is known to have given. Of
// the writes of a step only the last counts: what stood there for a moment before need be no vote.
func (k *Known) votesTwice(s *Step, declared *binding, unnumbered bool) *Breach {
	if !declared.promises() || declared.dropsVote || s.crashes() {
		return nil
	}
	last := s.Output.lastDurable()
	now, effect := ballot{}, -1 // what the step itself has made safe
	for n := range s.Output.Effects {
		e := &s.Output.Effects[n]
		var b *Breach
		switch m := &e.Message; {
		case e.Kind == Sync && n == last:
			if b = k.storesAnother(s, &e.Durable, PartEffect, n); b == nil && !s.tearsVotes() && e.Durable.showsVote() {
				now, effect = ballot{term: e.Durable.Term, vote: e.Durable.VotedFor}, n
			}
		case e.Kind != Send || !m.Knows(MessageTerm|MessageTo) || m.To == s.Server || m.To == None:
		case m.Kind == RequestVoteReply && m.Knows(MessageGranted) && m.Granted:
			b = k.givesAnother(s, n, m.To, now, effect, unnumbered)
		case m.Kind == RequestVote:
			b = k.givesAnother(s, n, s.Server, now, effect, unnumbered)
		}
		if b != nil {
			return b
		}
	}
	return k.storesAnother(s, s.After.onDisk(), PartAfter, 0)
}

// tearsVotes reports whether term and vote are written one after the other, so that what a disk shows, or a server reads from it, need be no vote.
func (s *Step) tearsVotes() bool { return s.Declared.Has(LateTerm) || s.Declared.Has(TermThenVote) }

// showsVote reports whether a disk is shown to hold a vote.
func (d *Durable) showsVote() bool {
	return d.Unknown&(FieldTerm|FieldVotedFor) == 0 && d.VotedFor != None
}

// votedAs returns the vote of a term that a server is known to hold as a step of it begins. Where steps may be missing, one that it only showed may be lost.
func (k *Known) votedAs(s *Step, term Term, unnumbered bool) ballot {
	if told := k.promised.granted; told.term == term && told.vote != None {
		return told
	}
	vote := k.vote
	if unnumbered || s.Input.Kind == Restart || k.down() {
		vote = k.promised.vote
	}
	if vote.term != term || s.tearsVotes() {
		return ballot{}
	}
	return vote
}

// givesAnother returns the breach of a message that tells a vote of its sender for somebody, where that has voted for another. now is what the step has made safe before.
func (k *Known) givesAnother(s *Step, effect int, holder ServerID, now ballot, by int, unnumbered bool) *Breach {
	m := &s.Output.Effects[effect].Message
	was := k.votedAs(s, m.Term, unnumbered)
	safe := was.vote == None && now.term == m.Term
	if safe {
		was = now
	}
	if was.vote == None || was.vote == holder {
		return nil
	}
	b := s.breachSent(effect, "%s has its vote for %s in term %d and gives %s its vote in that term", s.Server, was.vote, m.Term, holder).
		refusing("votedFor = the candidate that is told of the vote", "it is %s", was.vote).
		allowing("%s gives no vote to %s in term %d", s.Server, holder, m.Term)
	if safe {
		b.Evidence = append(b.Evidence, Evidence{Role: "the vote", Server: s.Server, Part: PartEffect, Effect: by})
		return b
	}
	return b.after("the vote", s.Server, was.at)
}

// storesAnother returns the breach of a disk with a vote for somebody, where the server told another of its vote in that term.
func (k *Known) storesAnother(s *Step, disk *Durable, part Part, effect int) *Breach {
	told := &k.promised.granted
	if !disk.showsVote() || told.vote == None || told.term != disk.Term || told.vote == disk.VotedFor {
		return nil
	}
	b := s.breach(part, effect, "%s gave %s its vote in term %d and now has a vote for %s in that term on its disk", s.Server, told.vote, told.term, disk.VotedFor)
	if part == PartAfter {
		b.showing(FieldDurable)
	}
	return b.refusing("votedFor on disk = the candidate that was told of the vote", "it is %s", disk.VotedFor).
		allowing("the vote for %s stays on disk", told.vote).promised("the vote", s.Server, told.at)
}

// grantsBeside returns the breach of a reply that arrives and grants a vote, where its sender has voted for another: as its disk showed, or as it showed itself since it
// started. What it only showed may be lost in a step that is not recorded.
func (k *Known) grantsBeside(s *Step, declared *binding, certain bool) *Breach {
	m := &s.Input.Message
	if !s.delivered(RequestVoteReply) || !declared.promises() || declared.dropsVote || s.tearsVotes() || !m.Knows(MessageTerm|MessageGranted) || !m.Granted {
		return nil
	}
	was := k.promised.vote
	if was.term != m.Term && certain && !k.lost {
		was = k.vote
	}
	if was.term != m.Term || was.vote == None || was.vote == s.Server {
		return nil
	}
	return s.breach(PartInput, 0, "%s gives %s its vote in term %d and has voted for %s in that term", m.From, s.Server, m.Term, was.vote).
		refusing("votedFor = the candidate that is told of the vote", "it is %s", was.vote).
		allowing("%s gives no vote to %s in term %d", m.From, s.Server, m.Term).after("the vote", m.From, was.at)
}
