package rpc

import (
	"reflect"
	"slices"
	"testing/synctest"
	"time"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/spec"
)

// Refuses is part of bubble.Refuser.
func (s *server[S]) Refuses() func(*spec.Input) bool {
	if s.env == nil {
		return func(in *spec.Input) bool {
			return in.Cut > 0 || in.Gate != "" || in.Kind != spec.Restart && (in.Kind != spec.Deliver || in.Message.To != s.id)
		}
	}
	o := s.look()
	leads, reads := o.Role == spec.Leader, s.env.reading != nil
	var waiting []string
	for _, c := range s.env.calls {
		waiting = append(waiting, c.to.String()+c.payload)
	}
	unheld := s.refusesHeld()
	return func(in *spec.Input) bool {
		if unheld(in) {
			return true
		}
		switch in.Kind {
		case spec.Crash, spec.Resume:
			return false
		case spec.Timeout:
			return leads && !s.plan.Variants.Has(spec.ChecksQuorum)
		case spec.Heartbeat:
			return !leads
		case spec.Propose:
			return s.plan.Propose == nil
		case spec.ReadIndex:
			return s.plan.Read == nil || reads
		case spec.Reconfigure:
			return s.ask(o.Config, in.Change) == nil
		case spec.Compact:
			return s.plan.Compact == nil
		case spec.Deliver:
			m := &in.Message
			if m.To != s.id || m.From == s.id || !slices.Contains(s.servers, m.From) {
				return true
			}
			return !m.Kind.IsRequest() && !slices.Contains(waiting, m.From.String()+requestOf(m.Payload))
		}
		return true
	}
}

// Step is part of spec.Node.
func (s *server[S]) Step(in spec.Input) spec.Output {
	switch {
	case s.Refuses()(&in):
		return spec.Output{Refused: true}
	case s.env == nil && in.Kind == spec.Deliver: // the message is lost
		return spec.Output{}
	case s.env == nil:
		s.boot()
		return spec.Output{Effects: s.told()}
	case in.Kind == spec.Crash:
		s.kill()
		if in.Lossy {
			s.disks = s.disks.failed()
		}
		return spec.Output{}
	}
	s.beginStep(&in)
	s.env.begin(in.Cut)
	var out spec.Output
	if !s.give(&in, &out) {
		return spec.Output{Refused: true}
	}
	s.quieten()
	if fault := s.env.fault; fault != nil {
		return spec.Output{Fault: fault}
	}
	if where := s.dozes(&in); where != "" {
		return spec.Output{Fault: bubble.Mistake("rpc: a method that another server calls sleeps before it returns, and time stands still then: its answer would be taken for that to another input. Let Server.Settle be longer " +
			"than it sleeps, or let it not sleep where it is searched. It sleeps in\n      " + where)}
	}
	if in.Gate != "" && s.held() != in.Gate {
		return spec.Output{Refused: true} // nobody came there
	}
	out.Gates = s.passed()
	if in.Cut > 0 {
		return s.crashed(&in)
	}
	s.tally(&in)
	s.confirmed(&in)
	out.Effects = s.told()
	return out
}

// dozes returns where the method sleeps that handles a request; "" if it does not. It has all the time of the step.
func (s *server[S]) dozes(in *spec.Input) string {
	if in.Kind != spec.Deliver || !s.env.handles(in.Message.Payload) {
		return ""
	}
	return bubble.Asleep("adapters/rpc.(*handler).call")
}

// crashed ends a step that is cut at a crash point.
func (s *server[S]) crashed(in *spec.Input) spec.Output {
	if !s.env.dead() {
		if s.env.writes == 0 || s.env.writes != in.Cut-1 {
			return spec.Output{Refused: true}
		}
		s.env.untilLastDurable()
	}
	effects := s.told()
	s.kill()
	if in.Lossy {
		s.disks = s.disks.failed()
	}
	return spec.Output{Effects: effects}
}

// give lets an input happen. It returns false if it turns out not to be possible in this state.
func (s *server[S]) give(in *spec.Input, out *spec.Output) bool {
	switch in.Kind {
	case spec.Timeout, spec.Heartbeat:
		return s.fires(in.Kind)
	case spec.Resume:
		s.heldBy = nil
		return s.gates.Resume()
	case spec.Compact:
		go func() {
			defer s.env.catch()
			s.plan.Compact(s.raft)
		}()
	case spec.Deliver:
		if !in.Message.Kind.IsRequest() {
			s.env.answer(&in.Message)
			return true
		}
		receiver := any(s.raft)
		if s.plan.Receiver != nil {
			receiver = s.plan.Receiver(s.raft)
		}
		s.env.handle(reflect.ValueOf(receiver), &in.Message)
	case spec.Propose:
		return s.propose(in.Value, out)
	case spec.ReadIndex:
		return s.read(in.Value, out)
	case spec.Reconfigure:
		return s.change(in.Change, out)
	}
	return true
}

// patience is how long a server may take until its election timer or its heartbeat timer fires. One that does not vote waits for ever, and so does a leader of nobody else: where there
// may be such servers it is shorter, since each turn of a goroutine that looks for the time meanwhile takes some.
func (s *server[S]) patience() time.Duration {
	if s.plan.Members != nil {
		return time.Minute
	}
	return time.Hour
}

// fires lets time pass until the election timer of a server has fired, or a leader's timer for heartbeats, which is seen by what the server does then.
func (s *server[S]) fires(kind spec.InputKind) bool {
	if s.plan.Serial {
		s.env.failCalls()
		s.quieten()
	}
	before := s.look()
	enough := time.After(s.patience())
	for {
		select {
		case <-s.env.stirred():
		case <-s.stays():
			s.quieten()
			return true
		case <-enough:
			return false
		}
		s.quieten()
		if s.env.dead() || s.env.faulty() || s.fired(kind, &before) {
			return true
		}
		s.env.listen()
	}
}

// fired reports whether a timer has.
func (s *server[S]) fired(kind spec.InputKind, before *spec.Observation) bool {
	if kind == spec.Heartbeat {
		return s.env.sent(spec.AppendEntries, spec.InstallSnapshot)
	}
	now := s.look()
	return now.Term > before.Term || now.Role != before.Role || s.env.sent(spec.RequestVote, spec.PreVote)
}

// propose gives the server a command. A client that is told to look elsewhere is sent to the leader that the server shows; one whose command waits for something, or for
// somebody who is held, is answered when that is over.
func (s *server[S]) propose(command string, out *spec.Output) bool {
	e, raft := s.env, s.raft
	p := &proposal{command: command}
	e.mu.Lock()
	e.proposals = append(e.proposals, p)
	e.mu.Unlock()
	go func() {
		defer e.catch()
		index, leads := s.plan.Propose(raft, command)
		e.proposed(p, index, leads)
	}()
	synctest.Wait()
	return !p.refused || s.sendOn(out)
}

// sendOn sends a client on to the leader that the server shows. It returns false if that is nobody else.
func (s *server[S]) sendOn(out *spec.Output) bool {
	s.shown = nil
	if leader := s.look().LeaderID; leader != s.id {
		out.Redirect = leader
	}
	return out.Redirect != spec.None
}

// told returns what happened, with what each write left on disk in Raft's words.
func (s *server[S]) told() []spec.Effect {
	var all []spec.Effect
	for _, e := range s.env.happened() {
		if e.disks != nil {
			e.effect.Durable = s.durable(e.disks.failed())
		}
		switch e.effect.Kind {
		case spec.Send:
			e.effect.Message = s.spelt(e.effect.Message)
		case spec.Apply:
			if s.configures(&e.effect.Reply) {
				continue
			}
		}
		if e.sees {
			o := s.look()
			e.effect.Reply.Index = seen(e.effect.Reply.Index, &o)
		}
		all = append(all, e.effect)
	}
	return all
}
