package spec

import "slices"

// Clients is what clients have been told, as far as it binds what they may be told from now on. A replicated log has one kind of
// write, a command that is appended, and one kind of read, which returns the commands up to an index. Where servers agree on
// the log, such operations are linearizable (Herlihy and Wing, 1990) if and only if a read that begins after an operation has returned sees
// at least what that operation saw. So it is enough to remember how far anybody was told, and how far that was when each
// read began. The zero Clients were told nothing.
type Clients struct {
	Told  Told
	Reads []Asked // that are not answered yet; ascending by server, request and Sees.Index
}

// Told is the latest command of which a client was told that it has taken effect: its own, or one that its read returned.
type Told struct {
	Index  Index    // of the command; 0 is none
	By     ServerID // who told
	Origin Origin   // where; searches leave it out
}

// Asked is a read that a server was asked for and has not answered.
type Asked struct {
	Server  ServerID
	Request string // Input.Value of the ReadIndex
	Sees    Told   // what it must see at least
}

// oldest returns which of the reads the answer to a request belongs to: of several the one that must see least; -1 if none.
func (c *Clients) oldest(server ServerID, request string) int {
	return slices.IndexFunc(c.Reads, func(r Asked) bool { return r.Server == server && r.Request == request })
}

// After returns what clients know after a step whose parts were seen at the given places. c stays as it is.
func (c Clients) After(s *Step, where func(Part, int) Origin) Clients {
	if s.Output.Refused {
		return c
	}
	c.ask(s)
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Answer {
			continue
		}
		if at := c.oldest(s.Server, e.Reply.Value); e.Reply.Read && at >= 0 {
			c.Reads = slices.Delete(slices.Clone(c.Reads), at, at+1)
		}
		if index := s.lastCommand(&e.Reply); index > c.Told.Index {
			c.Told = Told{index, s.Server, where(PartEffect, k)}
		}
	}
	if s.crashes() || s.After.Knows(FieldRole) && s.After.Role == Crashed {
		c.Reads = slices.DeleteFunc(slices.Clone(c.Reads), func(r Asked) bool { return r.Server == s.Server }) // whoever asked gets no answer
	}
	return c
}

// ask adds the read that the step begins.
func (c *Clients) ask(s *Step) {
	if s.Input.Kind != ReadIndex || s.Output.Redirect != None {
		return
	}
	read := Asked{s.Server, s.Input.Value, c.Told}
	at := slices.IndexFunc(c.Reads, func(r Asked) bool {
		return r.Server > read.Server || r.Server == read.Server && (r.Request > read.Request || r.Request == read.Request && r.Sees.Index > read.Sees.Index)
	})
	if at < 0 {
		at = len(c.Reads)
	}
	c.Reads = slices.Insert(slices.Clone(c.Reads), at, read)
}

// lastCommand returns the index of the latest command that an answer tells a client of; 0 if that is not known.
func (s *Step) lastCommand(told *Reply) Index {
	if !told.Read {
		return told.Index
	}
	if !s.After.Knows(FieldLog) {
		return 0
	}
	for i := min(told.Index, s.After.Log.LastIndex()); i > s.After.Log.Base; i-- {
		if e, held := s.After.Log.At(i); held && e.Kind == Command {
			return i
		}
	}
	return 0
}

var linearizability = &Rule{
	ID: "R8-02", Name: "linearizability",
	Sentence: "Every operation of a client takes effect at one moment between its call and its return.",
	Why: "Clients of a replicated store must not notice that it is replicated: once a write has returned, every read that is called " +
		"afterwards sees it or something later, and no client sees anything that another one has seen replaced. " +
		"What usually breaks it: reads answered from the state of a leader that was deposed without noticing, or before it knows what is " +
		"committed; retried commands that are applied twice; and definite failures returned for commands that are committed later.",
	Section: "Raft paper, 8; Herlihy and Wing 1990", Level: Must, Profile: Read,
	Catches: []string{"rd-no-noop", "rd-no-quorum", "rd-ctx-reuse", "rd-startup-stale", "rd-follower-lag", "rd-lease-checkquorum", "rd-lease-clock",
		"rd-phantom-lease", "cl-dup-apply", "cl-wait-by-index", "cl-definite-fail"},
	Told: judgeLinearizability,
}

func judgeLinearizability(before *Clients, s *Step) *Breach {
	c := *before
	c.ask(s)
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != Answer || !e.Reply.Read {
			continue
		}
		at := c.oldest(s.Server, e.Reply.Value)
		if at < 0 {
			continue
		}
		sees := c.Reads[at].Sees
		if e.Reply.Index < sees.Index {
			b := s.breach(PartEffect, k, "%s answers a read at index %d, and %s had told a client of index %d before the read began", s.Server, e.Reply.Index, sees.By, sees.Index).
				refusing("read index ≥ index that a client was told of", "%d is below %d", e.Reply.Index, sees.Index).
				allowing("%s answers at index %d or above, or not at all", s.Server, sees.Index)
			b.Evidence = append(b.Evidence, Evidence{Role: "what a client was told", Server: sees.By, Part: PartFact, Origin: sees.Origin})
			return b
		}
		c.Reads = slices.Delete(slices.Clone(c.Reads), at, at+1)
	}
	return nil
}
