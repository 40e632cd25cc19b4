package record

import (
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Server records what happens to one server.
type Server struct {
	recorder *Recorder
	id       spec.ServerID
	line     []byte // scratch; guarded by the recorder's mutex
}

// ID returns whose recorder it is.
func (s *Server) ID() spec.ServerID { return s.id }

// Nothing is an observation that shows nothing. Clear bits of Unknown for what you fill in; that of FieldCompacted if the log that you
// show begins where it was compacted, and is not only its end.
func Nothing() spec.Observation {
	return spec.Observation{Unknown: wire.EveryField | spec.FieldCompacted}
}

// Receive begins a step: a message arrives.
func (s *Server) Receive(m spec.Message) *Step {
	return s.Happens(spec.Input{Kind: spec.Deliver, Message: m})
}

// Happens begins a step: the election timer fires, a client proposes something, the server starts again, ….
func (s *Server) Happens(in spec.Input) *Step {
	return &Step{server: s, before: Nothing(), input: in}
}

// Step is something that happens to a server and is not written yet. It is used by one goroutine. Steps of one server that overlap
// are written in the order in which they end.
type Step struct {
	server *Server
	before spec.Observation
	input  spec.Input
	output spec.Output
}

// Before notes what the server showed before the step, where that is not what it showed after its last one: something happened in
// between that is not recorded, and what it changed is not of this step. What before does not show may have been changed.
func (s *Step) Before(before spec.Observation) { s.before = before }

// Send notes that a message leaves.
func (s *Step) Send(m spec.Message) {
	s.output.Effects = append(s.output.Effects, spec.Effect{Kind: spec.Send, Message: m})
}

// Persist notes that this is safely on disk from here on: what the server would find there after a power failure.
func (s *Step) Persist(d spec.Durable) {
	s.output.Effects = append(s.output.Effects, spec.Effect{Kind: spec.Sync, Durable: d})
}

// Write notes that the disk was written but not synced. d is what a power failure would leave all the same, so the disk as it was
// when it was synced last.
func (s *Step) Write(d spec.Durable) {
	s.output.Effects = append(s.output.Effects, spec.Effect{Kind: spec.Write, Durable: d})
}

// Answer notes that a client is told something.
func (s *Step) Answer(r spec.Reply) {
	s.output.Effects = append(s.output.Effects, spec.Effect{Kind: spec.Answer, Reply: r})
}

// Apply notes that the state machine carries out a command.
func (s *Step) Apply(r spec.Reply) {
	s.output.Effects = append(s.output.Effects, spec.Effect{Kind: spec.Apply, Reply: r})
}

// Redirect notes that a client is sent on to another server.
func (s *Step) Redirect(to spec.ServerID) { s.output.Redirect = to }

// Observe ends the step with what the server shows after it, and writes it.
func (s *Step) Observe(now spec.Observation) {
	s.server.recorder.record(s, &now)
}
