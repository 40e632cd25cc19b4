package checker

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// A global state's fingerprint is the sum, modulo 2^64, of one hash for each of its parts: each server's state, each message in
// flight, what happened earlier, and the budgets spent. A step changes few parts, so the fingerprint of a successor is its
// parent's plus a difference that is known from the memo: one addition in place of hashing a state. Hashes are taken from
// canonical bytes, never from ids, so that they do not depend on the order in which anything was found.
//
// Two different states have equal fingerprints with a chance of about 2^-64, as with any 64-bit hash; Stats says what that
// means for a whole search.

// The parts of a state are hashed with different seeds, so that equal bytes in different parts do not cancel out.
const (
	seedServer = iota + 1
	seedMessage
	seedFact
	seedQueue
)

// spentFactor turns a Spent word into its part of the fingerprint. It is odd, so that different words give different parts,
// and a product, so that the part of a sum is the sum of the parts.
const spentFactor = 0x9e3779b97f4a7c15

func hashSpent(s cluster.Spent) uint64 { return uint64(s) * spentFactor }

// queued is the part of a message that stands behind `place` others in its FIFO queue.
func queued(hash uint64, place int) uint64 {
	if place == 0 {
		return hash
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], hash)
	binary.LittleEndian.PutUint64(b[8:], uint64(place))
	return xxh3.HashSeed(b[:], seedQueue)
}

// appendMessage appends canonical bytes of a message, with servers and values renamed.
func appendMessage(b []byte, m *spec.Message, p *renaming) []byte {
	b = append(b, byte(m.Kind), bit(m.Granted)|bit(m.Success)<<1|bit(m.Unknown != 0)<<2|bit(m.Partial)<<3|bit(m.Offset > 0)<<4)
	for _, v := range [...]uint64{uint64(p.server(m.From)), uint64(p.server(m.To)), uint64(m.Term), uint64(m.LastLogIndex), uint64(m.LastLogTerm),
		uint64(m.PrevLogIndex), uint64(m.PrevLogTerm), uint64(m.LeaderCommit), uint64(m.MatchIndex),
		uint64(m.ConflictIndex), uint64(m.ConflictTerm), uint64(len(m.Entries))} {
		b = binary.AppendUvarint(b, v)
	}
	if m.Unknown != 0 {
		b = binary.AppendUvarint(b, uint64(m.Unknown))
	}
	for i := range m.Entries {
		b = appendEntry(b, &m.Entries[i], p)
	}
	if m.Offset > 0 {
		b = binary.AppendUvarint(b, m.Offset)
	}
	return append(b, m.Payload...)
}

func appendEntry(b []byte, e *spec.Entry, p *renaming) []byte {
	b = binary.AppendUvarint(b, uint64(e.Term))
	b = append(b, byte(e.Kind))
	value := p.entry(e)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

func hashFact(f *spec.Fact, p *renaming) uint64 {
	b := make([]byte, 0, 64)
	b = append(b, byte(f.Kind))
	for _, v := range [...]uint64{uint64(p.server(f.Server)), uint64(f.Index), uint64(f.Term), uint64(p.server(f.Holder)), uint64(f.In)} {
		b = binary.AppendUvarint(b, v)
	}
	return xxh3.HashSeed(appendEntry(b, &f.Entry, p), seedFact)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
