package linearizability

import (
	"errors"
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// A trace of a cluster shows its clients too: a propose is the call of an append to the one replicated log, a read (ReadIndex) the call
// of a read of that log, and what a server answers is their return. A read that is answered at an index returns the commands up to
// there, as the answering server's log has them: the state of the machine that the log drives, before anybody interprets it. So the
// history is of one list, with appends and reads, and it is linearizable if and only if reads are never stale, never see what is taken
// back, and never miss what was acknowledged.

// theLog is the key of the one list.
const theLog = "log"

// FromTrace takes the operations of clients out of a trace, which it reads to the end. An operation is called and returns at the numbers of
// records. A proposal that a server does not take or sends on to another is none. Errors are those of the source, and a
// [*traces.InputError] if the trace shows no operation.
func FromTrace(source traces.Source) (*History, error) {
	file, _ := source.Position()
	if source.Header().Joined {
		return nil, &traces.InputError{File: file, Line: 1, Message: "the trace was joined from what servers recorded apart, in an order of causes: it does not show which operation came before which",
			Hint: "judge a history that the clients recorded themselves"}
	}
	t := &clients{History: &History{File: file, Format: TraceOf}, waiting: map[wish][]int{}, logs: map[spec.ServerID]*commands{}, number: map[spec.ServerID]int{},
		requests: map[commandOf]int{}, passed: passedOver{}}
	for {
		r, err := source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		t.record(r)
	}
	if len(t.Operations) == 0 {
		_, line := source.Position()
		return nil, &traces.InputError{File: file, Line: line, Message: "the trace shows no operation of a client: no propose, no read",
			Hint: "a trace of etcd's or another format may leave clients out; record what is proposed, read and answered"}
	}
	return t.History, nil
}

// readTrace reads a native trace of raftcheck.
func readTrace(r *recorder, first []byte) error {
	reader, err := traces.NewReaderAfter(r.lines, first, traces.Options{})
	if err != nil {
		return err
	}
	h, err := FromTrace(reader)
	if err == nil {
		r.History = h
	}
	return err
}

// clients puts a history together from the records of a trace.
type clients struct {
	*History
	waiting map[wish][]int // operations that wait for an answer, the oldest first
	logs    map[spec.ServerID]*commands
	number  map[spec.ServerID]int // of the client that turns to that server
	start   spec.Index            // up to which the first server had compacted its log when it was first seen
	longest Value                 // the longest list that was read: those that begin it share its memory

	requests map[commandOf]int // of clients that have names: the operation that each is
	passed   passedOver
}

// passedOver says where state machines knew a request again, and where they did not. Of nobody's it says where any of them did.
type passedOver map[appliedAt]bool

type appliedAt struct {
	server spec.ServerID
	index  spec.Index
}

// note takes in what the state machine of a server did.
func (p passedOver) note(server spec.ServerID, reply *spec.Reply) {
	p[appliedAt{server, reply.Index}] = reply.Passed
	if reply.Passed {
		p[appliedAt{spec.None, reply.Index}] = true
	}
}

// by reports whether the state machine of a server passed over an index. One that was not seen to apply it did as any other.
func (p passedOver) by(server spec.ServerID, index spec.Index) bool {
	if passed, seen := p[appliedAt{server, index}]; seen {
		return passed
	}
	return p[appliedAt{spec.None, index}]
}

// wish is what an answer is matched by: the server that was asked, and what for.
type wish struct {
	server spec.ServerID
	read   bool
	value  string
	client string
}

// commandOf is what a client with a name asks for. Asked for again, also of another server, it is the same operation.
type commandOf struct{ client, value string }

func (t *clients) record(r *traces.Record) {
	t.moment(r)
	s := r.Step
	if s == nil {
		return
	}
	if log, known := t.logs[s.Server]; known || s.After.Knows(spec.FieldLog) {
		if !known {
			log = t.begin(s)
		}
		if s.After.Knows(spec.FieldLog) {
			log.follow(s.After.Log)
		}
	}
	switch {
	case s.Output.Refused:
	case s.Input.Kind == spec.Propose && s.Output.Redirect == spec.None:
		t.propose(r, wish{s.Server, false, s.Input.Value, s.Input.Client})
	case s.Input.Kind == spec.ReadIndex && s.Output.Redirect == spec.None:
		t.call(r, wish{s.Server, true, s.Input.Value, ""}, ReadOf(theLog))
	}
	for k := range s.Output.Effects {
		switch e := &s.Output.Effects[k]; e.Kind {
		case spec.Apply:
			t.passed.note(s.Server, &e.Reply)
		case spec.Answer:
			t.answer(r, s.Server, &e.Reply, r.LineOf(spec.PartEffect, k))
		}
	}
}

// begin follows a server that shows its log for the first time. What all servers have compacted from the start, as those that were set up
// with a snapshot have, is the same for every read.
func (t *clients) begin(s *spec.Step) *commands {
	base := s.After.Log.Base
	if s.Before.Knows(spec.FieldLog) {
		base = s.Before.Log.Base
	}
	if len(t.logs) == 0 {
		t.start = base
	}
	log := &commands{base: base, start: t.start}
	t.logs[s.Server] = log
	return log
}

// propose records that a client asks for a command, for the first time or again. What has failed and is asked for again is another operation.
func (t *clients) propose(r *traces.Record, w wish) {
	name := commandOf{w.client, w.value}
	if k, again := t.requests[name]; again && w.client != "" && t.Operations[k].Outcome != Failed {
		t.waiting[w] = append(t.waiting[w], k)
		return
	}
	t.requests[name] = len(t.Operations)
	t.call(r, w, AppendOf(theLog, List(Text(w.value))))
}

// call records what a client asks of a server. Where nothing says who asked, every operation has a client of its own; and so has it where
// somebody did, since whoever hears nothing may go on to something else.
func (t *clients) call(r *traces.Record, w wish, do Action) {
	t.number[w.server]++
	t.Clients = append(t.Clients, fmt.Sprintf("client %d of %s", t.number[w.server], w.server))
	t.waiting[w] = append(t.waiting[w], len(t.Operations))
	t.Operations = append(t.Operations, Operation{Client: len(t.Clients) - 1, Call: int64(r.Number), Outcome: Pending, Do: []Action{do}, CallLine: r.LineOf(spec.PartInput, 0)})
}

// answer records the return of the oldest operation that the reply fits.
func (t *clients) answer(r *traces.Record, server spec.ServerID, reply *spec.Reply, line int) {
	w := wish{server, reply.Read, reply.Value, reply.Client}
	if len(t.waiting[w]) == 0 {
		return
	}
	o := &t.Operations[t.waiting[w][0]]
	t.waiting[w] = t.waiting[w][1:]
	switch {
	case o.Outcome != Pending:
		return // it asked again, and knows already
	case reply.Failed:
		o.Outcome, o.Return, o.ReturnLine = Failed, int64(r.Number), line
		return
	}
	o.Outcome, o.Return, o.ReturnLine = Returned, int64(r.Number), line
	if a := &o.Do[0]; a.Kind == Read {
		if log := t.logs[server]; log != nil {
			a.Value, a.Shown = log.upTo(reply.Index, func(i spec.Index) bool { return t.passed.by(server, i) }, t.longest)
		}
		if len(a.Value) > len(t.longest) {
			t.longest = a.Value
		}
	}
}

// moment keeps what is worth telling of the cluster.
func (t *clients) moment(r *traces.Record) {
	m := Moment{Step: r.Number, Line: r.LineOf(spec.PartInput, 0), Turn: r.Step == nil}
	client := false
	if s := r.Step; s != nil {
		if s.Output.Refused {
			return
		}
		down := s.Input.Kind == spec.Crash || s.Input.Kind == spec.Restart || s.Input.Cut > 0
		commits := s.Before.Knows(spec.FieldCommit) && s.After.Knows(spec.FieldCommit) && s.Before.CommitIndex != s.After.CommitIndex
		m.Turn = spec.TookOffice(s) || down || commits || s.Before.Role == spec.Leader && s.After.Role != spec.Leader
		client = s.Input.Kind == spec.Propose || s.Input.Kind == spec.ReadIndex
		for k := range s.Output.Effects {
			client = client || s.Output.Effects[k].Kind == spec.Answer
		}
	}
	if !m.Turn && !client {
		return
	}
	m.Text = traces.Sentence(r)
	t.Trace = append(t.Trace, m)
}

// commands is what is known of a server's log, the part that it has compacted included, if it was seen before.
type commands struct {
	base    spec.Index // entries up to here were never seen
	start   spec.Index // up to where nobody needs to see them
	entries []spec.Entry
}

// follow takes over the log that the server shows.
func (c *commands) follow(log spec.Log) {
	if log.Base < c.base || log.Base > c.base+spec.Index(len(c.entries)) {
		c.base, c.entries = log.Base, log.Entries
		return
	}
	if log.Base == c.base {
		c.entries = log.Entries
		return
	}
	kept := c.entries[:log.Base-c.base]
	c.entries = append(kept[:len(kept):len(kept)], log.Entries...)
}

// upTo returns the commands up to an index that were carried out as a list, and whether they are all known. A list that begins longest shares its memory.
func (c *commands) upTo(index spec.Index, passed func(spec.Index) bool, longest Value) (Value, bool) {
	if c.base != c.start || index < c.start || index-c.start > spec.Index(len(c.entries)) {
		return Absent, false
	}
	var list []byte
	shared := longest.IsList()
	at := 1
	for k, e := range c.entries[:index-c.start] {
		if e.Kind != spec.Command || passed(c.start+1+spec.Index(k)) {
			continue
		}
		if e.Value == "" {
			return Absent, false // a record that does not show the commands
		}
		if shared {
			if next, same := continues(longest, at, e.Value); same {
				at = next
				continue
			}
			shared = false
			list = []byte(longest[:at])
		}
		list = appendElement(list, Text(e.Value))
	}
	switch {
	case shared && at == 1:
		return Absent, true
	case shared:
		return longest[:at], true
	}
	return listOf(list), true
}

// continues reports whether the element of a list at some byte is a text, and where the next begins.
func continues(list Value, at int, text string) (int, bool) {
	if at >= len(list) {
		return 0, false
	}
	length, width := uvarint(list[at:])
	e := list[at+width : at+width+length]
	return at + width + length, e[0] == kindText && string(e[1:]) == text
}
