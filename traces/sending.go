package traces

import (
	"fmt"
	"hash/maphash"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// sending remembers what was sent, while a trace streams by, to tell a message that arrives though nobody sent it. A recorder
// need not show every kind of message: only where a server has shown that it sends a kind, what arrives of it must be among them.
// Messages may be lost, doubled and late; no event need say so.
type sending struct {
	by      map[sender]*sentSet
	seed    maphash.Seed // fingerprints never leave this process
	scratch []byte
}

type sender struct {
	server spec.ServerID
	kind   spec.MessageKind
}

// sentSet holds two generations of fingerprints. When the later is full the earlier is forgotten, and what is not found may have been in it.
type sentSet struct {
	now, before map[uint64]struct{}
	forgot      bool
}

const sentGeneration = 1 << 18

func (s *sending) fingerprint(m *spec.Message) uint64 {
	o := wire.Open(s.scratch[:0])
	o.Message("m", m)
	s.scratch = o.Close()
	return maphash.Bytes(s.seed, s.scratch)
}

// record takes in a record and returns the contradiction that its message is, or nil.
func (s *sending) record(r *Record) *Contradiction {
	var found *Contradiction
	if r.Step.Input.Kind == spec.Deliver {
		found = s.arrives(r)
	}
	for _, m := range r.Step.Output.Sent {
		s.leaves(m)
	}
	return found
}

func (s *sending) leaves(m *spec.Message) {
	if s.by == nil {
		s.by, s.seed = map[sender]*sentSet{}, maphash.MakeSeed()
	}
	set := s.by[sender{m.From, m.Kind}]
	if set == nil {
		set = &sentSet{now: map[uint64]struct{}{}}
		s.by[sender{m.From, m.Kind}] = set
	}
	if len(set.now) >= sentGeneration {
		set.forgot = set.forgot || set.before != nil
		set.before, set.now = set.now, map[uint64]struct{}{}
	}
	set.now[s.fingerprint(m)] = struct{}{}
}

func (s *sending) arrives(r *Record) *Contradiction {
	m := &r.Step.Input.Message
	set := s.by[sender{m.From, m.Kind}]
	if set == nil || set.forgot {
		return nil
	}
	print := s.fingerprint(m)
	if _, sent := set.now[print]; sent {
		return nil
	}
	if _, sent := set.before[print]; sent {
		return nil
	}
	rule, known := spec.RuleByName("X-TR-01")
	if !known {
		return nil
	}
	return &Contradiction{Line: r.Line, Member: "message", Breach: &spec.Breach{Rule: rule,
		Message:  fmt.Sprintf("%s receives %s that %s never sent", r.Step.Server, article(m.Kind), m.From),
		Evidence: []spec.Evidence{{Role: "here", Server: r.Step.Server, Part: spec.PartInput}},
		Hint:     "the message was made up or changed on its way, or the trace lacks the step that sent it"}}
}

func article(kind spec.MessageKind) string {
	switch kind {
	case spec.AppendEntries, spec.AppendEntriesReply, spec.InstallSnapshot, spec.InstallSnapshotReply:
		return "an " + kind.String()
	}
	return "a " + kind.String()
}
