package checker

import (
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// history is what happened earlier and still matters: who led which term, what was committed, and votes that were promised but
// that the voter no longer shows. It is a part of the global state, because servers forget: a leader that crashes no longer
// shows what it committed, and without a memory of it the loss would be invisible.
type history struct {
	facts     []spec.Fact // leaders, votes and commitments, ascending by key
	committed []spec.Fact // the commitments among them
	votes     bool        // there are votes among them
}

// touchesHistory reports whether a step adds to any history, even to one that holds no votes.
func (m *memo) touchesHistory(s *spec.Step) bool {
	touches := spec.TookOffice(s)
	m.facts(s, func(f *spec.Fact) {
		touches = touches || f.Kind != spec.FactVote || !onDisk(&s.After, f.Term, f.Holder)
	})
	return touches
}

// facts calls yield for the facts of a step that a history may keep: new leaders, commitments and votes, and the vote that the
// voter showed on its disk before the step and does not show any more. A vote on disk is its own witness, and is not kept.
func (m *memo) facts(s *spec.Step, yield func(*spec.Fact)) {
	was, is := s.Before.Durable, s.After.Durable
	if s.Before.Knows(spec.FieldDurable) && was.VotedFor != spec.None && !onDisk(&s.After, was.Term, was.VotedFor) && is.Term <= was.Term {
		yield(&spec.Fact{Key: spec.Key{Kind: spec.FactVote, Server: s.Server, Term: was.Term}, Holder: was.VotedFor})
	}
	spec.Facts(s, m.config.Variants, func(f *spec.Fact) {
		if f.Kind != spec.FactEntry {
			yield(f)
		}
	})
}

func onDisk(o *spec.Observation, term spec.Term, candidate spec.ServerID) bool {
	return o.Knows(spec.FieldDurable) && o.Durable.Term == term && o.Durable.VotedFor == candidate
}

// resolveHistory makes known where a step leads from a history, and whether it breaks a promise there.
func (m *memo) resolveHistory(from uint32, step uint32) error {
	s, err := m.stepOf(step)
	if err != nil {
		return &Fault{Server: s.Server, Step: s.Input.String(), Err: err}
	}
	h := history{facts: slices.Clone(m.histories[from].facts)}
	broken := false
	m.facts(s, func(f *spec.Fact) {
		at, known := slices.BinarySearchFunc(h.facts, f.Key, compareKeys)
		if !known {
			f.Origin, f.Part, f.Effect, f.By = 0, 0, 0, spec.None
			h.facts = slices.Insert(h.facts, at, *f)
			return
		}
		if !h.facts[at].Same(f) {
			for _, r := range m.rules {
				broken = broken || r.JudgeFacts(&h.facts[at], f) != nil
			}
		}
	})
	for _, r := range m.rules {
		broken = broken || r.JudgeElected(s, m.histories[from].committed) != nil
	}
	// A server never votes again in a term it has left, so older votes are no longer needed: that terms do not fall is judged by itself.
	h.facts = slices.DeleteFunc(h.facts, func(f spec.Fact) bool {
		return f.Kind == spec.FactVote && f.Server == s.Server && (f.Term < s.After.Term || onDisk(&s.After, f.Term, f.Holder))
	})
	to := uint64(m.internHistory(h))
	if broken {
		to |= brokenBit
	}
	m.afterHistory.put(pair(from+1, step), to)
	return nil
}

// brokenBit marks a transition of the history that breaks a promise.
const brokenBit = 1 << 32

func compareKeys(f spec.Fact, k spec.Key) int {
	for _, d := range [...]int{int(f.Kind) - int(k.Kind), int(f.Server) - int(k.Server), int(f.Index) - int(k.Index), int(f.Term) - int(k.Term)} {
		if d != 0 {
			return d
		}
	}
	return 0
}

// internHistory interns a history.
func (m *memo) internHistory(h history) uint32 {
	key := m.key[:0]
	for k := range h.facts {
		key = binary.LittleEndian.AppendUint64(key, hashFact(&h.facts[k], nil))
	}
	m.key = key
	if id, known := m.historyOf[string(key)]; known {
		return id
	}
	for _, f := range h.facts {
		h.votes = h.votes || f.Kind == spec.FactVote
		if f.Kind == spec.FactCommitted {
			h.committed = append(h.committed, f)
		}
	}
	id := uint32(len(m.histories))
	m.historyOf[string(key)] = id
	m.histories = append(m.histories, h)
	for _, p := range m.names {
		sum := uint64(0)
		for k := range h.facts {
			sum += hashFact(&h.facts[k], p)
		}
		m.historyHash = append(m.historyHash, sum)
	}
	return id
}
