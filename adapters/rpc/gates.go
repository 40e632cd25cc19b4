package rpc

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// unsettled is what a server does not show while a goroutine is held: it may be about to change some of it and has changed the rest, which no rule
// about servers between two steps is meant for.
const unsettled = spec.FieldRole | spec.FieldVotedFor | spec.FieldLeader | spec.FieldVotes | spec.FieldRefused | spec.FieldProgress | spec.FieldConfig

// allGates returns the gates at which goroutines of these servers may be held, as their names are in the source.
func (s *Server[S]) allGates() []string {
	all := preempt.All()
	if len(all) == 0 {
		panic(bubble.Mistake("rpc: Preempt, and the program has no gates: go test $(raftcheck adapt --overlay DIR) builds with those that the file gates in DIR lists"))
	}
	for _, at := range s.HoldAt {
		if !slices.ContainsFunc(all, func(gate string) bool { return preempt.Is(gate, preempt.ForAnybody(at)) }) {
			panic(bubble.Mistake(fmt.Sprintf("rpc: HoldAt has %q, which is none of %s, and no function that has one", at, strings.Join(all, ", "))))
		}
	}
	return all
}

// watch makes the goroutines of a new incarnation be watched, if they can be held.
func (s *server[S]) watch() {
	if s.plan.Preempt {
		s.gates = preempt.New()
	}
}

// inputBytes writes all of an input.
var inputBytes = statekey.New()

// beginStep tells the watch that a step begins.
func (s *server[S]) beginStep(in *spec.Input) {
	if s.gates == nil {
		return
	}
	if in.Gate != "" {
		digest := sha256.Sum256(inputBytes.Append(s.AppendState(nil), in))
		s.heldBy = digest[:]
	}
	s.gates.Begin(in.Gate)
}

// passed returns where a goroutine could have been held in the step: at most one of a server is. What is started from a disk to be looked at comes behind.
func (s *server[S]) passed() []string {
	if s.gates == nil {
		return nil
	}
	all := s.gates.Passed()
	s.gates.Begin("")
	if s.gates.Held() != "" {
		return nil
	}
	return slices.DeleteFunc(all, func(gate string) bool { return !preempt.Chosen(s.plan.HoldAt, gate) })
}

// held returns the gate at which a goroutine is held; "" for none.
func (s *server[S]) held() string {
	if s.gates == nil {
		return ""
	}
	return s.gates.Held()
}

// stays is closed when a goroutine is held; nil where none can be.
func (s *server[S]) stays() <-chan struct{} {
	if s.gates == nil {
		return nil
	}
	return s.gates.Stays()
}

// refusesHeld returns a function that tells which inputs are not given to the server because of who is held, or could not be held. No crash point lies in a step that
// holds somebody.
func (s *server[S]) refusesHeld() func(*spec.Input) bool {
	watched, held := s.gates != nil, s.held() != ""
	return func(in *spec.Input) bool {
		switch {
		case in.Kind == spec.Resume:
			return in.Gate != "" || !held
		case in.Gate != "":
			return !watched || held || in.Cut > 0 || !preempt.Chosen(s.plan.HoldAt, in.Gate)
		}
		return false
	}
}
