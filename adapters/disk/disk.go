package disk

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Server is one incarnation of a server, from a start to a crash.
type Server interface {
	// Step gives the server one input, and returns all it did, in order. A Write effect says with Durable all that is on disk from then on, and a
	// Sync effect that it is safe; what the Durable of a Sync says does not count. The input is never a crash, a restart or an error of the disk,
	// and its Cut is 0: a step that is cut is a whole one whose end nobody sees.
	Step(spec.Input) spec.Output
	// Observe shows the server, without its Durable.
	Observe() spec.Observation
	// AppendState appends canonical bytes of what decides, together with what is on disk, all that the server will ever do.
	AppendState([]byte) []byte
}

// Copier is a Server that can be copied. It is an accelerator only, and the nodes of servers that are none cannot be copied either.
type Copier interface {
	Server
	// Copy returns a server in the same state. Neither of the two sees what the other does from now on.
	Copy() Server
}

// Start makes a server with what is on its disk: nothing the first time, and then what a crash left.
type Start func(id spec.ServerID, servers []spec.ServerID, on spec.Durable) Server

// Nodes makes nodes of servers whose disks it keeps. The nodes are spec.Cloners if the servers are Copiers.
func Nodes(start Start) spec.Factory {
	return func(id spec.ServerID, servers []spec.ServerID) spec.Node {
		n := &node{start: start, id: id, servers: slices.Clone(servers)}
		n.up = start(id, n.servers, spec.Durable{})
		if _, can := n.up.(Copier); can {
			return &copied{n}
		}
		return n
	}
}

// node is a server with its disk.
type node struct {
	start   Start
	id      spec.ServerID
	servers []spec.ServerID
	up      Server       // nil while it is down
	began   spec.Durable // what was on disk when it was started
	given   []spec.Input // what it was given since, unless it can be copied

	written spec.Durable // what a restart finds
	synced  spec.Durable // what is left of it after a power failure
}

// Step is part of spec.Node.
func (n *node) Step(in spec.Input) spec.Output {
	switch {
	case n.up == nil:
		return n.stepDown(in)
	case in.Kind == spec.Restart, in.Kind == spec.StorageError, in.Kind == spec.Deliver && !n.addressed(&in.Message):
		return spec.Output{Refused: true}
	case in.Kind == spec.Crash:
		n.crash(in.Lossy)
		return spec.Output{}
	}
	whole := in
	whole.Cut, whole.Lossy = 0, false
	if in.Cut > 0 {
		return n.cut(in, n.another().Step(whole))
	}
	out := n.up.Step(whole)
	if out.Refused || out.Fault != nil {
		return out
	}
	if _, can := n.up.(Copier); !can {
		n.given = append(slices.Clip(n.given), whole)
	}
	out.Effects = n.perform(out.Effects)
	return out
}

// cut ends a step at a crash point, given what another server in the same state did in the whole of it.
func (n *node) cut(in spec.Input, whole spec.Output) spec.Output {
	switch {
	case whole.Fault != nil:
		return whole
	case whole.Refused || in.Cut > whole.CrashPoints():
		return spec.Output{Refused: true}
	}
	whole.Effects = n.perform(spec.UntilCrash(whole.Effects, in.Cut))
	n.crash(in.Lossy)
	return whole
}

// another returns a server in the same state as the one that is up: a copy, or one that is given the same inputs.
func (n *node) another() Server {
	if c, can := n.up.(Copier); can {
		return c.Copy()
	}
	s := n.start(n.id, n.servers, own(n.began))
	for _, in := range n.given {
		s.Step(in)
	}
	return s
}

// stepDown is what happens to a server that is down: messages to it are lost, and it can be started again.
func (n *node) stepDown(in spec.Input) spec.Output {
	switch {
	case in.Kind == spec.Deliver:
		return spec.Output{}
	case in.Kind != spec.Restart || in.Cut > 0:
		return spec.Output{Refused: true}
	}
	n.up, n.began, n.given = n.start(n.id, n.servers, own(n.written)), n.written, nil
	return spec.Output{}
}

// addressed reports whether a message is to this server from another one of the cluster.
func (n *node) addressed(m *spec.Message) bool {
	return m.To == n.id && m.From != n.id && slices.Contains(n.servers, m.From)
}

// perform lets effects happen to the disk, and returns them with what a power failure would leave after each durable one.
func (n *node) perform(effects []spec.Effect) []spec.Effect {
	done := slices.Clone(effects)
	for k := range done {
		switch e := &done[k]; e.Kind {
		case spec.Write:
			n.written = own(e.Durable)
			e.Durable = n.synced
		case spec.Sync:
			n.synced = n.written
			e.Durable = n.synced
		}
	}
	return done
}

// own is what is on disk, apart from the log that the server goes on to change.
func own(d spec.Durable) spec.Durable {
	d.Log.Entries = slices.Clone(d.Log.Entries)
	return d
}

// crash ends the incarnation. What was written and not synced is lost if power fails. Otherwise the machine lives on, and syncs it in time.
func (n *node) crash(lossy bool) {
	if lossy {
		n.written = n.synced
	}
	n.up, n.given, n.synced = nil, nil, n.written
}

// Observe is part of spec.Node. While the server is down it shows what is on its disk.
func (n *node) Observe() spec.Observation {
	if n.up == nil {
		d := &n.written
		return spec.Observation{Role: spec.Crashed, Term: d.Term, VotedFor: d.VotedFor, Log: d.Log, Durable: n.synced,
			Config: spec.Configuration{Voters: n.servers}}
	}
	o := n.up.Observe()
	o.Durable, o.Unknown = n.synced, o.Unknown&^spec.FieldDurable
	if len(o.Config.Voters) == 0 {
		o.Config = spec.Configuration{Voters: n.servers}
	}
	return o
}

// AppendState is part of spec.Node.
func (n *node) AppendState(b []byte) []byte {
	b = appendDurable(appendDurable(b, &n.written), &n.synced)
	if n.up == nil {
		return append(b, 0)
	}
	return n.up.AppendState(append(b, 1))
}

func appendDurable(b []byte, d *spec.Durable) []byte {
	for _, v := range []uint64{uint64(d.Unknown), uint64(d.Term), uint64(d.VotedFor), uint64(d.Log.Base), uint64(d.Log.BaseTerm), uint64(len(d.Log.Entries))} {
		b = binary.AppendUvarint(b, v)
	}
	for _, e := range d.Log.Entries {
		b = binary.AppendUvarint(append(b, byte(e.Kind)), uint64(e.Term))
		b = appendText(b, e.Value)
	}
	return appendText(b, d.Config)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// copied is a node whose server can be copied.
type copied struct{ *node }

// Clone is part of spec.Cloner.
func (c *copied) Clone() spec.Node {
	n := *c.node
	if n.up != nil {
		n.up = n.up.(Copier).Copy()
	}
	return &copied{&n}
}
