package spec

import "slices"

// A leader that shows neither its votes nor what it believes of its followers still has both from messages that came to it. Where every step of it since it
// began to campaign is recorded, it can have counted none but these.

// counted is what came to a server in the term in which it campaigned last, or since a step with which its record begins and in which it leads.
type counted struct {
	term  Term
	sure  bool  // every step since then is recorded
	last  Index // where its log ended then: nobody can have acknowledged more; 0 as it began to campaign
	votes []ServerID
	acks  []copied
}

// copied is how far a server acknowledged a leader's entries, as far as that is shown.
type copied struct {
	id    ServerID
	index Index
}

// count takes in a step. An election timer that fires begins an election, whatever the server was before: with that a record may begin.
func (c *counted) count(s *Step) {
	b, a := &s.Before, &s.After
	campaigns := s.Input.Kind == Timeout && a.Role == Candidate && !b.Knows(FieldTerm)
	switch {
	case s.Gap || s.Hole || !s.runs() || !a.Knows(FieldRole|FieldTerm) || !b.Knows(FieldTerm) && !campaigns || s.Input.Kind == 0:
		c.sure = false
	case campaigns || a.Term > b.Term:
		*c = counted{term: a.Term, sure: s.Input.Kind == Timeout || s.Input.Kind == Tick || s.delivered(PreVoteReply) || s.delivered(TimeoutNow), votes: c.votes[:0], acks: c.acks[:0]}
	case !c.sure && s.leads() && b.Knows(FieldRole|FieldLog) && b.Log.LastIndex() > 0:
		*c = counted{term: a.Term, sure: true, last: b.Log.LastIndex(), votes: c.votes[:0], acks: c.acks[:0]}
	}
	if !c.sure || s.Input.Kind != Deliver {
		return
	}
	m := &s.Input.Message
	if m.Knows(MessageTerm) && m.Term != c.term {
		return
	}
	switch m.Kind {
	case RequestVoteReply:
		if m.Granted || !m.Knows(MessageGranted) {
			c.sure = m.Knows(MessageFrom)
			c.votes = append(c.votes, m.From)
		}
	case AppendEntriesReply, InstallSnapshotReply:
		if m.Success || !m.Knows(MessageSuccess) {
			c.sure = m.Knows(MessageFrom)
			c.copy(m)
		}
	}
}

func (c *counted) copy(m *Message) {
	index := m.MatchIndex
	if !m.Knows(MessageMatch) {
		index = ^Index(0)
	}
	k := slices.IndexFunc(c.acks, func(a copied) bool { return a.id == m.From })
	if k < 0 {
		k, c.acks = len(c.acks), append(c.acks, copied{id: m.From})
	}
	c.acks[k].index = max(c.acks[k].index, index)
}

// counts judges elections and commitments of a record that shows no counts, by what came. Where a record shows no reply of that kind at all, its recorder
// may not write them down.
func (j *Judge) counts(s *Step, report func(*Rule, *Breach)) {
	c := &s.recalled.counted
	c.count(s)
	if s.Input.Kind == Deliver {
		j.hearsay.replies = j.hearsay.replies || s.Input.Message.Kind == RequestVoteReply
		j.hearsay.acknowledgements = j.hearsay.acknowledgements || s.Input.Message.Kind == AppendEntriesReply
	}
	if !c.sure || j.unnumbered || s.After.Role != Leader || s.After.Term != c.term || !s.show(FieldConfig) || len(s.Before.Config.Voters) == 0 {
		return
	}
	if !majorityElects.checkable(s) && s.Before.Knows(FieldRole) && TookOffice(s) && j.hearsay.replies {
		voted := func(id ServerID) bool { return id == s.Server || slices.Contains(c.votes, id) }
		if !s.elects(&s.Before.Config, voted) && !s.elects(&s.After.Config, voted) {
			report(majorityElects, s.breachAfter("%s becomes leader of term %d, and the votes of %s came besides its own", s.Server, s.After.Term, listed(c.votes)).
				refusing("votes are "+s.enough(&s.Before.Config, electing), "%s of %s", listed(append([]ServerID{s.Server}, c.votes...)), configured(&s.Before.Config)).
				allowing("%s stays candidate in term %d", s.Server, s.After.Term))
		}
	}
	if commitMajority.checkable(s) || !s.show(FieldCommit) || s.After.CommitIndex <= s.Before.CommitIndex || s.Before.Role != Leader || !s.Before.Knows(FieldRole) || !j.hearsay.acknowledgements ||
		s.After.CommitIndex <= c.last {
		return
	}
	stores := func(id ServerID) bool {
		return id == s.Server || slices.ContainsFunc(c.acks, func(a copied) bool { return a.id == id && a.index >= s.After.CommitIndex })
	}
	if s.commits(&s.Before.Config, stores) || s.commits(&s.After.Config, stores) {
		return
	}
	report(commitMajority, s.breachAfter("%s, leader of term %d, commits index %d, and acknowledgements of it did not come from a majority", s.Server, s.After.Term, s.After.CommitIndex).
		refusing("servers that acknowledged it are "+s.enough(&s.After.Config, committing), "not of %s", configured(&s.After.Config)).
		allowing("%s keeps commitIndex %d", s.Server, s.Before.CommitIndex).before("commitIndex before", FieldCommit))
}
