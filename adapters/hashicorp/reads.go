package hashicorp

import (
	"encoding/binary"
	"reflect"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// reading is a read that a client waits for: what is asked of the library before the state machine is looked at.
type reading struct {
	value  string
	future raft.Future // nil until the library has taken it
}

// read asks the library to confirm that it leads, or to commit a barrier; then the client reads what the state machine has applied. A client that is
// told to look elsewhere is sent to the leader that the server knows of. One read waits at a time.
func (s *server) read(value string) (spec.ServerID, bool) {
	if s.reading != nil {
		return spec.None, false
	}
	s.reading = &reading{value: value}
	r, steps, elsewhere := s.raft, s.steps, spec.None
	go func() {
		if s.options.Barriers {
			s.reading.future = r.Barrier(enqueue)
		} else {
			s.reading.future = r.VerifyLeader()
		}
		err := s.reading.future.Error()
		if steps.dead() {
			return
		}
		switch s.reading = nil; err {
		case nil:
			steps.note(spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Read: true, Value: value, Index: spec.Index(r.AppliedIndex())}})
		case raft.ErrNotLeader:
			elsewhere = serverOf(string(r.Leader()))
		}
	}()
	synctest.Wait()
	return elsewhere, true
}

// append appends how far the read has come: who confirmed is counted in the library's future, and who is still to be asked in its records of followers.
func (r *reading) append(b []byte, s *server) []byte {
	if r == nil {
		return b
	}
	b = appendText(append(b, '?'), r.value)
	if votes, verifies := statekey.Find[int](r.future, "votes"); verifies {
		b = binary.AppendUvarint(b, uint64(*votes))
	}
	for _, id := range s.servers {
		if f := s.replication(id); f != nil {
			b = append(b, byte(reflect.ValueOf(f).Elem().FieldByName("notify").Len()))
		}
	}
	return b
}

// loseLease lets as much time pass for a leader as its lease lasts: nobody answered meanwhile. Timers that send messages take longer.
func (s *server) loseLease() {
	time.Sleep(lease)
}
