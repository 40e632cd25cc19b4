//go:build overlaid

package nats

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing/synctest"

	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// library is the import path of the package whose source has gates when it was built with those that the file gates lists.
const library = "github.com/nats-io/nats-server/v2/server"

// The functions in which goroutines are besides those of who calls the library: the one that does everything that comes to it, and one that sends a follower what it lacks.
const (
	mainFunction    = ".(*raft).run"
	catchupFunction = ".(*raft).runCatchup"
)

// unsettled is what a server does not show while its main goroutine is held, which may have done one half of what no rule expects to see halved. Its term, its log and how far that is
// committed are of one piece at every gate.
const unsettled = spec.FieldRole | spec.FieldVotedFor | spec.FieldVotes | spec.FieldRefused | spec.FieldConfig

// watch makes the goroutines of a new incarnation be watched, if they can be held.
func (s *server) watch() {
	if !s.options.Preempt {
		return
	}
	if len(preempt.Gates(library)) == 0 {
		panic("nats: Preempt, and the source of " + library + " has no gates: go test $(go run ./with -gates gates) builds with them")
	}
	s.gates = preempt.New()
}

// inputBytes writes all of an input.
var inputBytes = statekey.New()

// beginStep tells the watch that a step begins. What a goroutine has in its variables while it is held follows from the state and the input in which it was held, and one
// that sends a follower what it lacks is told when that asks once more.
func (s *server) beginStep(in *spec.Input) {
	if s.gates == nil {
		return
	}
	from := s.heldBy
	if in.Gate != "" {
		from = s.AppendState(nil)
	}
	if in.Gate != "" || s.gates.In(catchupFunction) && asksForMore(in) {
		digest := sha256.Sum256(inputBytes.Append(from, in))
		s.heldBy = digest[:]
	}
	s.gates.Begin(in.Gate)
}

// asksForMore reports whether an input is a follower's message that it lacks entries.
func asksForMore(in *spec.Input) bool {
	if in.Kind != spec.Deliver || in.Message.Kind != spec.AppendEntriesReply {
		return false
	}
	_, reply, _, err := openPayload(&in.Message)
	return err == nil && reply != ""
}

// asks gives the server an input. Whoever calls the library may be held there: what comes of the call nobody learns then.
func (s *server) asks(in *spec.Input) error {
	switch in.Kind {
	case spec.Resume:
		s.heldBy = nil
		s.gates.Resume()
		return nil
	case spec.Propose, spec.Transfer, spec.Reconfigure, spec.Compact:
		if s.gates != nil {
			return s.calls(in)
		}
	}
	return s.give(in)
}

// calls gives an input in a goroutine of its own.
func (s *server) calls(in *spec.Input) error {
	outcome := make(chan error, 1)
	go func() { outcome <- s.give(in) }()
	synctest.Wait()
	select {
	case err := <-outcome:
		return err
	default:
		return nil
	}
}

// held returns the gate at which a goroutine is held; "" for none.
func (s *server) held() string {
	if s.gates == nil {
		return ""
	}
	return s.gates.Held()
}

// holdsMain reports whether the main goroutine is held.
func (s *server) holdsMain() bool { return s.gates != nil && s.gates.In(mainFunction) }

// passed returns where a goroutine could have been held in the step: at most one of a server is.
func (s *server) passed() []string {
	if s.gates == nil || s.gates.Held() != "" {
		return nil
	}
	return slices.DeleteFunc(s.gates.Passed(), func(gate string) bool { return !preempt.Chosen(s.options.HoldAt, gate) })
}

// refusesHeld returns a function that tells which inputs are not given to the server because of who is held, or could not be held. No crash point lies in a step that
// holds somebody, or while somebody is held.
func (s *server) refusesHeld() func(*spec.Input) bool {
	watched, held, main := s.gates != nil, s.held() != "", s.holdsMain()
	return func(in *spec.Input) bool {
		switch {
		case in.Kind == spec.Resume:
			return in.Gate != "" || !held
		case in.Gate != "" && (!watched || held || in.Cut > 0 || !preempt.Chosen(s.options.HoldAt, in.Gate)), held && in.Cut > 0:
			return true
		}
		return main && !goesRoundMain(in.Kind)
	}
}

// goesRoundMain reports whether an input is a call of the library that does not wait for the main goroutine. What that one would have to take comes when it goes on, which is the same
// as if it came then.
func goesRoundMain(kind spec.InputKind) bool {
	switch kind {
	case spec.Crash, spec.Propose, spec.Transfer, spec.Reconfigure, spec.Compact:
		return true
	}
	return false
}

// appendHeld appends who is held, and what waits for the main goroutine meanwhile.
func (s *server) appendHeld(b []byte) []byte {
	if s.held() == "" {
		return b
	}
	b = append(append(append(b, '='), s.gates.Held()...), s.heldBy...)
	return append(append(b, strings.Join(s.raft.Proposed(), " ")...), '|')
}
