package rpc

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"testing/synctest"

	"github.com/raftcheck/raftcheck/spec"
)

// reading is a read that a client waits for. One waits at a time.
type reading struct {
	pending spec.PendingRead
	refused bool
}

// read asks the server for a read. A client that is refused at once is sent to the leader that the server shows; whoever waits is answered when Read returns.
func (s *server[S]) read(value string, out *spec.Output) bool {
	e, raft := s.env, s.raft
	r := &reading{}
	r.pending = spec.PendingRead{Value: value, Index: s.look().CommitIndex}
	e.mu.Lock()
	e.reads++
	r.pending.Token = strconv.Itoa(e.reads)
	e.reading = r
	e.mu.Unlock()
	go func() {
		defer e.catch()
		index, answered := s.plan.Read(raft)
		e.read(r, index, answered)
	}()
	synctest.Wait()
	return !r.refused || s.sendOn(out)
}

// read is told when Read returns.
func (e *Env) read(r *reading, index int, answered bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reading, r.refused = nil, !answered
	if e.over || !answered {
		return
	}
	e.happens(spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Read: true, Value: r.pending.Value, Index: max(e.codec.index(index), 0)}}, nil)
	last := &e.effects[len(e.effects)-1]
	last.late = true
	if last.effect.Reply.Index == 0 {
		last.effect.Reply.Index, last.sees = e.applied, true
	}
}

// seen is how far a reader sees that sees what the server has applied: the index that Env.Applied told last, or the server's own if it never is, and what
// follows and is no command.
func seen(applied spec.Index, o *spec.Observation) spec.Index {
	if applied == 0 {
		applied = o.LastApplied
	}
	for applied = max(applied, o.Log.Base); applied < o.CommitIndex; applied++ {
		if e, held := o.Log.At(applied + 1); !held || e.Kind == spec.Command {
			break
		}
	}
	return applied
}

// confirmed notes who answered a call that was made after the read came that waits.
func (s *server[S]) confirmed(in *spec.Input) {
	r, m := s.env.reading, &in.Message
	if r == nil || in.Kind != spec.Deliver || m.Kind.IsRequest() || m.Knows(spec.MessageTerm) && m.Term != s.look().Term {
		return
	}
	if !strings.HasPrefix(m.Payload, r.pending.Token+" ") {
		return
	}
	if at, there := slices.BinarySearch(r.pending.Confirmed, m.From); !there {
		r.pending.Confirmed = slices.Insert(slices.Clone(r.pending.Confirmed), at, m.From)
	}
}

// token is what travels before a call while a read waits, so that no answer to a call that was made earlier is taken for one to this.
func (e *Env) token() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reading == nil {
		return ""
	}
	return e.reading.pending.Token + " "
}

// appendReads appends what is state of reads. The caller holds mu.
func (e *Env) appendReads(b []byte) []byte {
	if !e.isRead {
		return b
	}
	b = binary.AppendUvarint(binary.AppendUvarint(append(b, '%'), uint64(e.applied)), uint64(e.reads))
	if r := e.reading; r != nil {
		b = binary.AppendUvarint(append(appendText(b, r.pending.Value), '%'), uint64(r.pending.Index))
		for _, id := range r.pending.Confirmed {
			b = append(b, byte(id))
		}
	}
	return append(b, '.')
}
