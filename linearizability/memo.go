package linearizability

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Memo decides small histories and remembers what it has decided, by [History.AppendKey]: an exhaustive search meets the same
// history many times. The zero Memo is ready. It is not for concurrent use.
type Memo struct {
	search search
	known  map[string]spec.Verdict
	key    []byte

	Asked   int // how often Check was called
	Decided int // how many different histories it decided
}

// Check is [Check], with memory.
func (m *Memo) Check(h *History) spec.Verdict {
	m.Asked++
	m.key = h.AppendKey(m.key[:0])
	if v, known := m.known[string(m.key)]; known {
		return v
	}
	if m.known == nil {
		m.known = map[string]spec.Verdict{}
	}
	m.Decided++
	v := m.search.history(h)
	m.known[string(m.key)] = v
	return v
}

// history decides a history part by part.
func (s *search) history(h *History) spec.Verdict {
	if keys, ops := s.onePart(h); keys != nil {
		return s.decide(h, keys, ops)
	}
	worst := spec.Held
	for _, p := range split(h) {
		if found, applies := zonesOf(h, &p); applies {
			if found != nil {
				return spec.Violated
			}
			continue
		}
		switch s.decide(h, p.keys, p.ops) {
		case spec.Violated:
			return spec.Violated
		case spec.Inconclusive:
			worst = spec.Inconclusive
		}
	}
	return worst
}

// decide tries depth first, and then by sweeping.
func (s *search) decide(h *History, keys []string, ops []int) spec.Verdict {
	if v := s.run(h, keys, ops, searchSteps(len(ops))); v != spec.Inconclusive {
		return v
	}
	if v := s.sweepLoosely(h, keys, ops); v != spec.Inconclusive {
		return v
	}
	return s.sweep(h, keys, ops, CheckBudget)
}

// onePart returns the key and the operations of a history on a single key, as most small ones are.
func (s *search) onePart(h *History) (keys []string, ops []int) {
	s.all = s.all[:0]
	for k := range h.Operations {
		o := &h.Operations[k]
		for a := range o.Do {
			if len(s.all) == 0 && a == 0 {
				s.key[0] = o.Do[0].Key
			}
			if o.Do[a].Key != s.key[0] {
				return nil, nil
			}
		}
		s.all = append(s.all, k)
	}
	if len(s.all) == 0 || len(s.all) > 64 {
		return nil, nil
	}
	return s.key[:], s.all
}

// AppendKey appends bytes that are equal for two histories only if they have the same verdict: the calls and returns in their order,
// with what was asked and seen. Who the clients are, the moments themselves, lines, and operations that say nothing do not count.
func (h *History) AppendKey(dst []byte) []byte {
	var room [32]keyed
	events := room[:0]
	for k := range h.Operations {
		o := &h.Operations[k]
		if o.silent() {
			continue
		}
		events = append(events, keyed{o.callRank(), k})
		if o.Outcome == Returned {
			events = append(events, keyed{o.returnRank(), k})
		}
	}
	slices.SortStableFunc(events, func(a, b keyed) int {
		switch {
		case a.rank < b.rank:
			return -1
		case a.rank > b.rank:
			return 1
		}
		return 0
	})
	dst = appendText(dst, string(h.Initial))
	dst = binary.AppendUvarint(dst, uint64(len(h.InitialOf)))
	for _, key := range slices.Sorted(maps.Keys(h.InitialOf)) {
		dst = appendText(appendText(dst, key), string(h.InitialOf[key]))
	}
	var numbers [16]int32
	number := numbers[:0] // of an operation: its place among the calls, from 1
	if n := len(h.Operations); n <= len(numbers) {
		number = numbers[:n]
	} else {
		number = make([]int32, n)
	}
	calls := int32(0)
	for _, e := range events {
		if e.rank&1 == 1 {
			dst = binary.AppendUvarint(dst, uint64(number[e.op]))
			continue
		}
		calls++
		number[e.op] = calls
		dst = h.Operations[e.op].appendKey(append(dst, 0))
	}
	return dst
}

// keyed is an event of an operation; calls have even ranks.
type keyed struct {
	rank int64
	op   int
}

func (o *Operation) appendKey(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(o.Do)))
	for k := range o.Do {
		a := &o.Do[k]
		bits := byte(a.Kind)
		if o.Outcome == Returned {
			bits |= 8
		}
		if a.Shown && o.Outcome == Returned {
			bits |= 16
		}
		if a.Differs && (a.Kind == Expect || o.Outcome == Returned) {
			bits |= 32
		}
		dst = appendText(append(dst, bits), a.Key)
		if a.Kind != Read || a.Shown && o.Outcome == Returned {
			dst = appendText(dst, string(a.Value))
		}
		if a.Kind == CompareAndSet {
			dst = appendText(dst, string(a.Expected))
		}
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}
