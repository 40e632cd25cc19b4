package runtime

import (
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// recording writes what a server does as a trace. Of the log a record shows the end, as much as the step is about.
type recording struct {
	server *record.Server
	shown  spec.Index   // after which the last record showed the log
	hidden bool         // the last record did not show the state that the next step begins with
	disk   spec.Durable // what the last record said is on disk
}

// most is how many entries a record shows because they are not known to be committed, or are sent to a follower that is far behind.
const most = 64

// step writes a step.
func (r *recording) step(s *spec.Step) {
	from := window(s)
	step := r.server.Happens(s.Input)
	if (r.hidden || from < r.shown) && s.Input.Kind != spec.Restart {
		step.Before(seen(&s.Before, from))
	}
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		switch e.Kind {
		case spec.Send:
			step.Send(e.Message)
		case spec.Write:
			step.Write(seenDisk(e.Durable, from))
		case spec.Sync:
			step.Persist(seenDisk(e.Durable, from))
		case spec.Answer:
			step.Answer(e.Reply)
		case spec.Apply:
			step.Apply(e.Reply)
		}
	}
	if s.Output.Redirect != spec.None {
		step.Redirect(s.Output.Redirect)
	}
	step.Observe(seen(&s.After, from))
	r.shown, r.hidden, r.disk = from, false, s.After.Durable
}

// unsettle writes that entries on disk are about to be replaced, so that nobody takes them for lost if the record ends here.
func (r *recording) unsettle() {
	r.server.Happens(spec.Input{Kind: spec.Stored}).Observe(record.Nothing())
	r.hidden = true
}

// window returns the index after which a record of the step shows the log: what was not committed before it, and what it is about. Who starts
// again, takes office or compacts its log shows all of it.
func window(s *spec.Step) spec.Index {
	if s.Before.Log.Base != s.After.Log.Base || s.Input.Kind == spec.Restart || s.Before.Role != spec.Leader && s.After.Role == spec.Leader {
		return 0
	}
	last := s.After.Log.LastIndex()
	from := max(min(s.Before.CommitIndex, s.After.CommitIndex), last-min(last, most))
	if m := &s.Input.Message; s.Input.Kind == spec.Deliver && m.Kind == spec.AppendEntries && len(m.Entries) > 0 {
		from = min(from, m.PrevLogIndex)
	}
	for k := range s.Output.Effects {
		switch e := &s.Output.Effects[k]; {
		case e.Kind == spec.Send && e.Message.Kind == spec.AppendEntries && len(e.Message.Entries) > 0:
			from = min(from, max(e.Message.PrevLogIndex, last-min(last, most)))
		case e.Kind == spec.Answer && e.Reply.Index > 0:
			from = min(from, e.Reply.Index-1)
		}
	}
	return from
}

// seen is what a record shows of a server: its log after an index.
func seen(o *spec.Observation, from spec.Index) spec.Observation {
	shown := *o
	if from > o.Log.Base {
		shown.Unknown |= spec.FieldCompacted
	}
	shown.Log = after(o.Log, from)
	shown.Durable = seenDisk(o.Durable, from)
	return shown
}

func seenDisk(d spec.Durable, from spec.Index) spec.Durable {
	d.Log = after(d.Log, from)
	return d
}

// after returns a log without its entries up to an index.
func after(log spec.Log, i spec.Index) spec.Log {
	i = min(max(i, log.Base), log.LastIndex())
	term, _ := log.TermAt(i)
	return spec.Log{Base: i, BaseTerm: term, Entries: log.Entries[i-log.Base:]}
}
