package spec

import (
	"cmp"
	"slices"
)

// Clients is what clients have been told, as far as it binds what they may be told from now on. A replicated log has one kind of
// write, a command that is appended, and one kind of read, which returns the commands up to an index. Where servers agree on
// the log, such operations are linearizable (Herlihy and Wing, 1990) if and only if a read that begins after an operation has returned sees
// at least what that operation saw. So it is enough to remember how far anybody was told, and how far that was when each
// read began. The zero Clients were told nothing.
type Clients struct {
	Told  Told
	Reads []Asked // that are not answered yet; ascending by server, request and Sees.Index

	// What follows is empty as long as nobody is told anything wrong, but for the requests of clients that have names.

	Requests []Request // that were asked for and not answered, or asked for again; ascending
	Failed   []Outcome // that are said to have failed, and were not asked for again; in the order in which that was said
	Missing  []Outcome // that are said to be done by a server that has not committed them there; in that order too
	Doubled  []Outcome // of clients with names, that were carried out a second time; in that order too

	// Of a record that leaves steps out, in which reads may have begun.

	Blind bool       // there are such steps
	Clear []ServerID // on which no such read waits any more
}

// Request is what a client with a name asks for.
type Request struct {
	Client, Value string
	Again         bool // it was asked for again before it was answered
}

// Outcome is what a server said or did about a command.
type Outcome struct {
	Value  string
	Index  Index
	Term   Term // of the entry; 0 is not known
	By     ServerID
	Origin Origin // where; searches leave it out
}

// Told is the latest command of which a client was told that it has taken effect: its own, or one that its read returned.
type Told struct {
	Index  Index    // of the command; 0 is none
	Value  string   // the command; "" where that is not shown
	By     ServerID // who told
	Origin Origin   // where; searches leave it out
}

// Asked is a read that a server was asked for and has not answered.
type Asked struct {
	Server  ServerID
	Request string // Input.Value of the ReadIndex
	Sees    Told   // what it must see at least
	Missing int    // how many of Clients.Missing it must see
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
		c.command(s, e, func() Origin { return where(PartEffect, k) })
		if e.Kind != Answer || e.Reply.Failed {
			continue
		}
		if at := c.oldest(s.Server, e.Reply.Value); e.Reply.Read && at >= 0 {
			c.Reads = slices.Delete(slices.Clone(c.Reads), at, at+1)
		}
		if index := s.lastCommand(&e.Reply); index > c.Told.Index {
			c.Told = Told{index, s.commandAt(index, &e.Reply), s.Server, where(PartEffect, k)}
		}
	}
	if s.crashes() || s.After.Knows(FieldRole) && s.After.Role == Crashed {
		c.Reads = slices.DeleteFunc(slices.Clone(c.Reads), func(r Asked) bool { return r.Server == s.Server }) // whoever asked gets no answer
	}
	return c
}

// commandAt is the command at an index that an answer tells of; "" if that is not shown.
func (s *Step) commandAt(i Index, told *Reply) string {
	if !told.Read {
		return told.Value
	}
	e, _ := s.After.Log.At(i)
	return e.Value
}

// command notes what becomes of a command of a client.
func (c *Clients) command(s *Step, e *Effect, at func() Origin) {
	r := &e.Reply
	outcome := Outcome{Value: r.Value, Index: r.Index, Term: r.Term, By: s.Server}
	switch {
	case e.Kind == Apply && !r.Passed && s.Declared.Has(TellsClients) && c.asked(r.Value) == 1 && s.carriedOutBefore(r):
		outcome.Origin = at()
		c.Doubled = append(slices.Clip(c.Doubled), outcome)
	case e.Kind != Answer || r.Read:
	case r.Failed:
		c.answered(r, true)
		if r.Client != "" && r.Term > 0 && c.asked(r.Value) == 0 {
			outcome.Origin = at()
			c.Failed = append(slices.Clip(c.Failed), outcome)
		}
	default:
		c.answered(r, false)
		if !s.holdsCommitted(r) {
			outcome.Origin = at()
			c.Missing = append(slices.Clip(c.Missing), outcome)
		}
	}
}

// asked counts the clients with names that ask for a command.
func (c *Clients) asked(value string) (n int) {
	for _, r := range c.Requests {
		if r.Value == value {
			n++
		}
	}
	return n
}

// answered takes a request off the list, unless it was asked for again and may yet be carried out again.
func (c *Clients) answered(r *Reply, failed bool) {
	at := slices.IndexFunc(c.Requests, func(q Request) bool { return q.Client == r.Client && q.Value == r.Value })
	if at >= 0 && (failed || !c.Requests[at].Again) {
		c.Requests = slices.Delete(slices.Clone(c.Requests), at, at+1)
	}
}

// carriedOutBefore reports whether the command of an Apply stands in the log before its index too.
func (s *Step) carriedOutBefore(r *Reply) bool {
	if !s.After.Knows(FieldLog) || r.Value == "" {
		return false
	}
	for i := s.After.Log.Base + 1; i < r.Index; i++ {
		if e, _ := s.After.Log.At(i); e.Kind == Command && e.Value == r.Value {
			return true
		}
	}
	return false
}

// holdsCommitted reports whether what a client is told is done is committed at its place, as far as the answering server shows it.
func (s *Step) holdsCommitted(r *Reply) bool {
	if s.After.Knows(FieldCommit) && r.Index > s.After.CommitIndex && !s.crashes() {
		return false
	}
	e, held := s.After.Log.At(r.Index)
	return !s.After.Knows(FieldLog) || !held || e.Value == "" || e.Value == r.Value
}

// request adds what the step asks for.
func (c *Clients) request(s *Step) {
	in := &s.Input
	if in.Kind != Propose || in.Client == "" || s.Output.Redirect != None {
		return
	}
	c.Failed = slices.DeleteFunc(slices.Clone(c.Failed), func(f Outcome) bool { return f.Value == in.Value })
	at, known := slices.BinarySearchFunc(c.Requests, Request{in.Client, in.Value, false}, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Value, b.Value))
	})
	c.Requests = slices.Clone(c.Requests)
	if known {
		c.Requests[at].Again = true
	} else {
		c.Requests = slices.Insert(c.Requests, at, Request{Client: in.Client, Value: in.Value})
	}
}

// looks takes in whether reads may wait on a server that are not recorded: where steps are left out they may have begun, and they are gone once it starts again
// or shows that none waits.
func (c *Clients) looks(s *Step) {
	switch {
	case s.Hole:
		c.Blind, c.Clear = true, nil
	case s.Gap:
		c.Blind = true
		c.Clear = slices.DeleteFunc(slices.Clone(c.Clear), func(id ServerID) bool { return id == s.Server })
	}
	if !c.Blind || slices.Contains(c.Clear, s.Server) {
		return
	}
	if s.Input.Kind == Restart || s.Before.Knows(FieldReads) && len(s.Before.Reads) == 0 || s.crashes() {
		c.Clear = append(slices.Clip(c.Clear), s.Server)
	}
}

// certainly reports whether an answer on a server belongs to a read, and to none that is not recorded.
func (c *Clients) certainly(read *Asked) bool {
	return !c.Blind || read.Request != "" || slices.Contains(c.Clear, read.Server)
}

// ask adds the request or read that the step begins.
func (c *Clients) ask(s *Step) {
	c.request(s)
	if s.Input.Kind != ReadIndex || s.Output.Redirect != None {
		return
	}
	read := Asked{s.Server, s.Input.Value, c.Told, len(c.Missing)}
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
		"rd-phantom-lease", "cl-dup-apply", "cl-wait-by-index", "cl-definite-fail", "rp-claim-after-truncate"},
	Told: judgeLinearizability,
}

func judgeLinearizability(before *Clients, s *Step) *Breach {
	c := *before
	c.ask(s)
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		c.command(s, e, func() Origin { return 0 })
		if e.Kind != Answer || !e.Reply.Read {
			continue
		}
		at := c.oldest(s.Server, e.Reply.Value)
		if at < 0 {
			continue
		}
		if b := c.judgeRead(s, k, &c.Reads[at], e.Reply.Index); b != nil && c.certainly(&c.Reads[at]) {
			return b
		}
		c.Reads = slices.Delete(slices.Clone(c.Reads), at, at+1)
	}
	return nil
}

// judgeRead compares the commands that a read sees, those up to an index, with what clients knew when it began.
func (c *Clients) judgeRead(s *Step, effect int, read *Asked, index Index) *Breach {
	sees := read.Sees
	here := func(format string, args ...any) *Breach { return s.breach(PartEffect, effect, format, args...) }
	if index < sees.Index {
		return here("%s answers a read at index %d, and %s had told a client of index %d before the read began", s.Server, index, sees.By, sees.Index).
			refusing("read index ≥ index that a client was told of", "%d is below %d", index, sees.Index).
			allowing("%s answers at index %d or above, or not at all", s.Server, sees.Index).after("what a client was told", sees.By, sees.Origin)
	}
	if !s.After.Knows(FieldLog) || s.After.Log.Base > 0 || index > s.After.Log.LastIndex() {
		return nil
	}
	log := &s.After.Log
	if sees.Value != "" && !log.shows(sees.Value, sees.Index, index) {
		return here("%s answers a read at index %d without %s, of which %s had told a client before the read began", s.Server, index, sees.Value, sees.By).
			refusing("the read sees what a client was told of", "%s is not among the commands up to index %d", sees.Value, index).
			allowing("%s answers with %s", s.Server, Shown(sees.Value)).after("what a client was told", sees.By, sees.Origin)
	}
	for _, m := range c.Missing[:read.Missing] {
		if !log.shows(m.Value, m.Index, index) {
			return here("%s answers a read at index %d without %s, which %s had told its client is done before the read began", s.Server, index, m.Value, m.By).
				refusing("the read sees what is done", "%s is not among the commands up to index %d", m.Value, index).
				allowing("%s answers with %s", s.Server, Shown(m.Value)).after("what a client was told", m.By, m.Origin)
		}
	}
	for _, f := range c.Failed {
		if e, held := log.At(f.Index); held && f.Index <= index && e.Term == f.Term {
			return here("%s answers a read at index %d with %s, which %s had told its client has failed", s.Server, index, f.Value, f.By).
				refusing("the read does not see what failed", "%s is at index %d", f.Value, f.Index).
				allowing("nobody says that %s has failed", Shown(f.Value)).after("what the client was told", f.By, f.Origin)
		}
	}
	for _, d := range c.Doubled {
		if e, held := log.At(d.Index); held && d.Index <= index && e.Value == d.Value {
			return here("%s answers a read at index %d with %s twice, which its client asked for once", s.Server, index, Shown(d.Value)).
				refusing("the read sees a request once", "%s carried it out at index %d again", d.By, d.Index).
				allowing("the state machine passes over index %d", d.Index).after("where it was carried out again", d.By, d.Origin)
		}
	}
	return nil
}

// shows reports whether a command is among those up to an index. likely is where to look first. Commands that are not shown may be any.
func (l *Log) shows(value string, likely, upTo Index) bool {
	if e, held := l.At(likely); held && likely <= upTo && (e.Value == value || e.Value == "") {
		return true
	}
	for i := l.Base + 1; i <= min(upTo, l.LastIndex()); i++ {
		if e, _ := l.At(i); e.Kind == Command && (e.Value == value || e.Value == "") {
			return true
		}
	}
	return false
}
