package wire

import "github.com/raftcheck/raftcheck/spec"

// Input writes the members that say what an input carries. The kind is the caller's to write, as the event.
func (o *Object) Input(in *spec.Input) {
	if in.Kind == spec.Deliver {
		o.Message("message", &in.Message)
	}
	if in.Kind == spec.Propose || in.Value != "" {
		o.Bytes("value", in.Value)
	}
	if in.Client != "" {
		o.Bytes("client", in.Client)
	}
	if in.Request != "" {
		o.Bytes("request", in.Request)
	}
	if in.Peer != spec.None {
		o.Server("peer", in.Peer)
	}
	if in.Kind == spec.Reconfigure {
		o.change(&in.Change)
	}
	if in.Cut > 0 {
		o.Uint("cut", uint64(in.Cut))
	}
	if in.Lossy {
		o.Bool("lossy", true)
	}
	if in.Gate != "" {
		o.Text("gate", in.Gate)
	}
}

func (o *Object) change(c *spec.Change) {
	o.Object("change", func(o *Object) {
		o.Text("voters", c.Voters)
		if c.Learners != "" {
			o.Text("learners", c.Learners)
		}
		if c.Joint {
			o.Bool("joint", true)
		}
	})
}

// Output writes the members that say what a step did.
func (o *Object) Output(out *spec.Output) {
	if len(out.Effects) > 0 {
		o.List("effects", len(out.Effects), func(dst []byte, k int) []byte { return appendEffect(dst, &out.Effects[k]) })
	}
	if out.Refused {
		o.Bool("refused", true)
	}
	if out.Keep {
		o.Bool("keep", true)
	}
	if out.Redirect != spec.None {
		o.Server("redirect", out.Redirect)
	}
	if out.Fault != nil {
		o.Text("fault", out.Fault.Error())
	}
}

func appendEffect(dst []byte, e *spec.Effect) []byte {
	o := Open(dst)
	switch e.Kind {
	case spec.Send:
		o.Message("send", &e.Message)
	case spec.Answer, spec.Apply:
		o.Object(e.Kind.String(), func(o *Object) {
			if e.Reply.Read {
				o.Bool("read", true)
			}
			o.Bytes("value", e.Reply.Value)
			if !e.Reply.NoIndex {
				o.Uint("index", uint64(e.Reply.Index))
			}
			if e.Reply.Term > 0 {
				o.Uint("term", uint64(e.Reply.Term))
			}
			if e.Reply.Client != "" {
				o.Bytes("client", e.Reply.Client)
			}
			if e.Reply.Request != "" {
				o.Bytes("request", e.Reply.Request)
			}
			if e.Reply.Failed {
				o.Bool("failed", true)
			}
			if e.Reply.Passed {
				o.Bool("passed", true)
			}
		})
	default:
		o.Durable(e.Kind.String(), &e.Durable)
	}
	return o.Close()
}

// Durable writes what is on disk.
func (o *Object) Durable(name string, d *spec.Durable) {
	o.Name(name)
	inner := Open(o.dst)
	if d.Unknown&spec.FieldTerm == 0 {
		inner.Uint("term", uint64(d.Term))
	}
	if d.Unknown&spec.FieldVotedFor == 0 {
		inner.Server("votedFor", d.VotedFor)
	}
	if d.Unknown&spec.FieldLog == 0 {
		inner.Log("log", d.Log)
	}
	if d.Config != "" {
		inner.Bytes("config", d.Config)
	}
	o.dst = inner.Close()
}

// Log writes a log.
func (o *Object) Log(name string, log spec.Log) { o.log(name, log, true) }

// log writes a log whose beginning was compacted, or is only not shown.
func (o *Object) log(name string, log spec.Log, compacted bool) {
	o.Name(name)
	inner := Open(o.dst)
	switch {
	case log.Base == 0 && log.BaseTerm == 0:
	case compacted:
		inner.Uint("base", uint64(log.Base))
		inner.Uint("baseTerm", uint64(log.BaseTerm))
	default:
		inner.Uint("from", uint64(log.Base))
		inner.Uint("fromTerm", uint64(log.BaseTerm))
	}
	inner.Entries("entries", log.Entries)
	o.dst = inner.Close()
}

// Entries writes log entries.
func (o *Object) Entries(name string, entries []spec.Entry) {
	o.List(name, len(entries), func(dst []byte, k int) []byte {
		e := Open(dst)
		e.Uint("term", uint64(entries[k].Term))
		if entries[k].Kind != spec.Command {
			e.Text("kind", entries[k].Kind.String())
		}
		if entries[k].Value != "" {
			e.Bytes("value", entries[k].Value)
		}
		return e.Close()
	})
}

// Message writes a message: the fields that its kind uses, and others that are not zero.
func (o *Object) Message(name string, m *spec.Message) {
	o.Name(name)
	inner := Open(o.dst)
	inner.message(m)
	o.dst = inner.Close()
}

func (o *Object) message(m *spec.Message) {
	o.Text("kind", m.Kind.String())
	shown := m.Kind.Uses() &^ m.Unknown
	server := func(name string, f spec.MessageField, id spec.ServerID) {
		if shown&f != 0 {
			o.Server(name, id)
		}
	}
	uint := func(name string, f spec.MessageField, n uint64) {
		if n != 0 || shown&f != 0 {
			o.Uint(name, n)
		}
	}
	bool := func(name string, f spec.MessageField, b bool) {
		if b || shown&f != 0 {
			o.Bool(name, b)
		}
	}
	server("from", spec.MessageFrom, m.From)
	server("to", spec.MessageTo, m.To)
	uint("term", spec.MessageTerm, uint64(m.Term))
	uint("lastLogIndex", spec.MessageLastIndex, uint64(m.LastLogIndex))
	uint("lastLogTerm", spec.MessageLastTerm, uint64(m.LastLogTerm))
	bool("granted", spec.MessageGranted, m.Granted)
	uint("prevLogIndex", spec.MessagePrevIndex, uint64(m.PrevLogIndex))
	uint("prevLogTerm", spec.MessagePrevTerm, uint64(m.PrevLogTerm))
	if shown&spec.MessageEntries != 0 || len(m.Entries) > 0 {
		o.Entries("entries", m.Entries)
	}
	uint("leaderCommit", spec.MessageCommit, uint64(m.LeaderCommit))
	if m.Offset != 0 || m.Partial {
		if m.Knows(spec.MessageOffset) {
			o.Uint("offset", m.Offset)
		}
		o.Bool("done", !m.Partial)
	}
	bool("success", spec.MessageSuccess, m.Success)
	uint("matchIndex", spec.MessageMatch, uint64(m.MatchIndex))
	uint("conflictIndex", 0, uint64(m.ConflictIndex))
	uint("conflictTerm", 0, uint64(m.ConflictTerm))
	if m.Payload != "" {
		o.Bytes("payload", m.Payload)
	}
}
