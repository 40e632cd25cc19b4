package checker

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Looking ahead (noops.go) costs more than it saves where servers cannot copy themselves. There, no-ops are guessed first and proved afterwards:
// a message that the receiver's term or role has overtaken, and that does nothing when it arrives now, is taken for a no-op for ever. When the search
// ends, each of these messages is given to all the states that its receiver can come to from where it was lost.
//
// Why that proves it: take an execution without reductions, and in it the first arrival of a lost message that does something. What comes before
// it is found by the reduced search too, since all that it lacks there are arrivals that did nothing. So the state that the message
// arrives in is known, and steps that are known lead to it from the one in which the message was lost: it was tried. A search whose guess was
// wrong is made again without.

// wrongGuess is that a message which was taken for a no-op for ever is none.
type wrongGuess struct{ because string }

func (w *wrongGuess) Error() string { return "no-ops were guessed wrongly: " + w.because }

// overtaken guesses whether a message does nothing in this state of its receiver, nor in those that follow.
func overtaken(o *spec.Observation, m *spec.Message) bool {
	if !o.Knows(spec.FieldTerm|spec.FieldRole) || m.Term == 0 {
		return false
	}
	switch {
	case m.Term != o.Term:
		return m.Term < o.Term
	case m.Kind == spec.RequestVoteReply:
		return o.Role != spec.Candidate
	case m.Kind == spec.AppendEntriesReply, m.Kind == spec.InstallSnapshotReply:
		return o.Role != spec.Leader
	}
	return false
}

// guess makes known whether a message is taken for a no-op for ever in a server state, and of all others those that are not.
func (m *memo) guess(server, message uint32) error {
	row, s := m.noops.known[server], &m.servers[server].sight
	for k := len(row); k < len(m.messages); k++ {
		what := noopNever
		if m.messages[k].To == s.Server && overtaken(s.Observation, &m.messages[k]) {
			what = noopUnknown
		}
		row = append(row, what)
	}
	m.noops.known[server] = row
	if row[message] != noopUnknown {
		return nil
	}
	why, err := m.acts(server, message)
	if row[message] = noopForEver; err != nil || why != "" {
		row[message] = noopNever
	}
	return err
}

// acts says what a message does that arrives in a server state; "" for nothing.
func (m *memo) acts(server, message uint32) (string, error) {
	key := pair(server, message)
	if _, known := m.deliveries.get(key); !known {
		if err := m.resolveDelivery(server, message); err != nil {
			return "", err
		}
	}
	found, _ := m.deliveries.get(key)
	first, count := uint32(found>>32), uint32(found)
	for k := first; k < first+count; k++ {
		if !m.harmless(&m.steps[k]) {
			return fmt.Sprintf("%s in term %d acts on %q", m.servers[server].sight.Server, m.servers[server].sight.Observation.Term, m.inputOf(int(k))), nil
		}
	}
	return "", nil
}

// prove gives every message that was taken for a no-op to all the states that its receiver can come to from there. The error is a *wrongGuess
// when it does something in one of them, or puts a rule to the test that nothing else does.
func (m *memo) prove() error {
	if m.noops == nil || m.noops.ahead != nil {
		return nil
	}
	tried := slices.Clone(m.tried) // what is tried here is no part of the search
	for s, lost := range m.lostBefore() {
		for message := range ones(lost) {
			switch why, err := m.acts(uint32(s), message); {
			case err != nil:
				return err
			case why != "":
				return &wrongGuess{why}
			}
		}
	}
	for k, before := range tried {
		if before == 0 && m.tried[k] > 0 {
			return &wrongGuess{"only they put " + m.rules[k].Name + " to the test"}
		}
	}
	copy(m.tried, tried)
	return nil
}

// ones yields the places of the bits that are set, in ascending order.
func ones(words []uint64) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for k, word := range words {
			for ; word != 0; word &= word - 1 {
				if !yield(uint32(k*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// lostBefore lists, for each server state, the messages that were taken for no-ops there, or in a state that leads to it, as bits.
func (m *memo) lostBefore() [][]uint64 {
	words := len(m.messages)/64 + 1
	lost := make([][]uint64, len(m.servers))
	for s := range lost {
		lost[s] = make([]uint64, words)
		for message, what := range m.noops.known[s] {
			if what == noopForEver {
				lost[s][message/64] |= 1 << (message % 64)
			}
		}
	}
	for more := true; more; {
		more = false
		for k := range m.steps {
			from, to := lost[m.stepFrom[k].state], lost[m.steps[k].next]
			for w := range from {
				if sum := to[w] | from[w]; sum != to[w] {
					to[w], more = sum, true
				}
			}
		}
	}
	return lost
}
