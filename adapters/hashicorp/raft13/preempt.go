// Code generated from ../preempt.go by go generate; DO NOT EDIT.

package hashicorp

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// library is the import path of the library's package, whose source has gates when it was rewritten by the file gates.
const library = "github.com/hashicorp/raft"

// timerGate is where the goroutine waits that sends a follower heartbeats.
func timerGate(peer spec.ServerID) string { return "heartbeat(" + nameFor(peer) + ")/randomTimeout" }

// preempted is what a server has of a goroutine that is held.
type preempted struct {
	by   []byte                // the state and the input in which it was held: they decide what it has in its variables
	owed *spec.Message         // a request that it has not answered yet; nil for none
	to   chan raft.RPCResponse // where it will answer
}

// unsettled is what a server does not show while a goroutine is held: it may be about to change some of it and has changed the rest, which no rule
// about servers between two steps is meant for. Terms and logs are written in one go.
const unsettled = spec.FieldRole | spec.FieldVotedFor | spec.FieldLeader | spec.FieldVotes | spec.FieldRefused | spec.FieldProgress | spec.FieldConfig

// watch makes the server's goroutines be watched, if they can be held.
func (s *server) watch() {
	if s.options.Preempt {
		if len(preempt.Gates(library)) == 0 {
			panic("the source of " + library + " has no gates: build with the copy that adapters/preempt/rewrite makes")
		}
		s.gates = preempt.New()
	}
}

// beginStep tells the watch that a step begins.
func (s *server) beginStep(in *spec.Input) {
	if s.gates == nil {
		return
	}
	if in.Gate == "" || in.Kind == spec.Resume {
		s.gates.Begin("")
		return
	}
	digest := sha256.Sum256(inputBytes.Append(s.AppendState(nil), in))
	s.held.by = digest[:]
	s.gates.Begin(in.Gate)
}

// inputBytes writes all of an input.
var inputBytes = statekey.New()

// resume lets the goroutine go on that is held, or the one whose timer is to fire.
func (s *server) resume(in *spec.Input) bool {
	if in.Gate == "" {
		s.held.by = nil
		return s.gates.Resume()
	}
	for _, id := range s.servers {
		if in.Gate != timerGate(id) || s.replication(id) == nil {
			continue
		}
		if s.courier.hangUp(func(made *call) bool { return made.message.To == id && isHeartbeat(&made.message) }) {
			s.quieten(spec.Leader)
		}
		return s.gates.Fire(in.Gate)
	}
	return false
}

// stays is closed when a goroutine is held; nil where none can be.
func (s *server) stays() <-chan struct{} {
	if s.gates == nil {
		return nil
	}
	return s.gates.Stays()
}

// pay sends the answer that a goroutine owed when it was held, once there is one.
func (s *server) pay() {
	if s.held.owed == nil {
		return
	}
	select {
	case response := <-s.held.to:
		s.reply(s.held.owed, response)
		s.held.owed, s.held.to = nil, nil
	default:
	}
}

// passed returns where a goroutine could have been held in the step: at most one of a server is.
func (s *server) passed() []string {
	if s.gates == nil || s.gates.Held() != "" {
		return nil
	}
	return slices.DeleteFunc(s.gates.Passed(), func(gate string) bool { return !preempt.Chosen(s.options.HoldAt, gate) })
}

// refusesHeld returns a function that tells which inputs are not given to the server because of who is held, or could not be held.
func (s *server) refusesHeld() func(*spec.Input) bool {
	if s.gates == nil {
		return func(in *spec.Input) bool { return in.Gate != "" || in.Kind == spec.Resume }
	}
	held, main, leads := s.gates.Held() != "", s.gates.In(".(*Raft).run"), s.role() == spec.Leader
	full := s.reading != nil || s.waitsForMain()
	return func(in *spec.Input) bool {
		switch {
		case in.Kind == spec.Resume && in.Gate != "":
			return held || !leads || !strings.HasPrefix(in.Gate, "heartbeat(")
		case in.Kind == spec.Resume:
			return !held
		case !held:
			return false
		case in.Gate != "" || in.Cut > 0:
			return true
		case !main:
			return false
		}
		return !goesRoundMain(in, full)
	}
}

// goesRoundMain reports whether an input concerns goroutines beside the main one only. What the main one would have to take waits until it goes on,
// which is the same as if it came then. Of what others tell it meanwhile, one thing at a time waits: of two, the library takes either first, by chance.
func goesRoundMain(in *spec.Input, full bool) bool {
	switch in.Kind {
	case spec.Crash, spec.Heartbeat, spec.SendAppendEntries:
		return true
	case spec.Deliver:
		m := &in.Message
		return isHeartbeat(m) || !full && (m.Kind == spec.AppendEntriesReply || m.Kind == spec.InstallSnapshotReply)
	}
	return false
}

// waitsForMain reports whether a goroutine has told the main one something that it has not taken yet.
func (s *server) waitsForMain() bool {
	for _, channel := range []string{"leaderState.commitCh", "leaderState.stepDown"} {
		if ch, ok := statekey.Find[chan struct{}](s.raft, channel); ok && len(*ch) > 0 {
			return true
		}
	}
	return false
}
