package process

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// node is one server. It holds no process: it knows what its server has been through, and has a process of the program brought
// there when it needs an answer. So a copy of it is a copy of a few words.
type node struct {
	crew   *crew
	at     *position // nil while it is down
	disk   disk
	hides  spec.Field // what it did not show when it went down
	broken error      // it could not be started
}

var _ spec.Cloner = (*node)(nil)

// Clone returns a node in the same state.
func (n *node) Clone() spec.Node {
	c := *n
	return &c
}

// launch starts the server for the first time. What it writes then is on its disk before anything happens.
func (n *node) launch() {
	at, a, err := n.crew.start(spec.Durable{})
	if err != nil {
		n.broken = err
		return
	}
	for _, e := range a.effects {
		if e.Kind == spec.Send || e.Kind == spec.Answer {
			n.broken = n.crew.wrong(at.line, at.reply, "sends something when it is first started, before anything happened", "")
			return
		}
	}
	n.disk.perform(a.effects)
	n.at = at
}

// Step gives the server an input.
func (n *node) Step(in spec.Input) spec.Output {
	switch {
	case n.broken != nil:
		return spec.Output{Fault: n.broken}
	case n.at == nil:
		return n.stepDown(in)
	case in.Kind == spec.Restart, in.Kind == spec.Deliver && !n.addressed(&in.Message):
		return spec.Output{Refused: true}
	case in.Kind == spec.Crash:
		n.crash(in.Lossy)
		return spec.Output{}
	}
	a, next, err := n.crew.step(n.at, inputLine(in))
	if err != nil {
		return spec.Output{Fault: err}
	}
	if a.refused {
		return spec.Output{Refused: true}
	}
	return n.finish(in, a, next)
}

// stepDown is what happens to a server that is down: messages to it are lost, and it can be started again.
func (n *node) stepDown(in spec.Input) spec.Output {
	switch in.Kind {
	case spec.Deliver:
		return spec.Output{}
	case spec.Restart:
		next, a, err := n.crew.start(n.disk.written)
		if err != nil {
			return spec.Output{Fault: err}
		}
		return n.finish(in, a, next)
	}
	return spec.Output{Refused: true}
}

// addressed reports whether a message is to this server from another one of the cluster.
func (n *node) addressed(m *spec.Message) bool {
	return m.To == n.crew.id && m.From != n.crew.id && slices.Contains(n.crew.servers, m.From)
}

// finish lets an answer happen, all of it or up to a crash point.
func (n *node) finish(in spec.Input, a *answer, next *position) spec.Output {
	out := spec.Output{Effects: a.effects, Redirect: a.redirect}
	if in.Cut > out.CrashPoints() {
		return spec.Output{Refused: true}
	}
	if in.Cut > 0 {
		out.Effects = spec.UntilCrash(out.Effects, in.Cut)
	}
	out.Effects = n.disk.perform(out.Effects)
	n.at = next
	if in.Cut > 0 {
		n.crash(in.Lossy)
	}
	return out
}

func (n *node) crash(lossy bool) {
	n.hides = n.at.post.Unknown &^ (spec.FieldRole | spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog)
	n.disk.crash(lossy)
	n.at = nil
}

// Observe shows the server. While it is down it shows what is on its disk.
func (n *node) Observe() spec.Observation {
	switch {
	case n.broken != nil:
		return spec.Observation{Unknown: wire.EveryField}
	case n.at != nil:
		o := n.at.post
		o.Durable = n.disk.synced
		o.Unknown &^= spec.FieldDurable
		return o
	}
	d := &n.disk.written
	return spec.Observation{Unknown: n.hides &^ spec.FieldDurable, Role: spec.Crashed, Term: d.Term, VotedFor: d.VotedFor, Log: d.Log,
		Config: spec.Configuration{Voters: n.crew.servers}, Durable: n.disk.synced}
}

// AppendState appends the state of the program, unless it is down, and the disk.
func (n *node) AppendState(dst []byte) []byte {
	switch {
	case n.broken != nil:
		return append(dst, "broken"...)
	case n.at == nil:
		dst = binary.AppendUvarint(append(dst, 0), uint64(n.hides))
	default:
		dst = binary.AppendUvarint(append(dst, 1), uint64(len(n.at.key)))
		dst = append(dst, n.at.key...)
	}
	o := wire.Open(dst)
	o.Durable("written", &n.disk.written)
	if !n.disk.written.Equal(&n.disk.synced) {
		o.Durable("synced", &n.disk.synced)
	}
	return o.Close()
}
