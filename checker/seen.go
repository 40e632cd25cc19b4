package checker

import (
	"math/bits"
	"slices"
)

// seen is one partition of the set of fingerprints: open addressing with linear probing, at most four fifths full, growing by
// half once it is large. It costs between 10 and 15 bytes a state. Partitions grow one at a time, so that hardly anything is held twice.
type seen struct {
	slots   []uint64 // 0 is empty; a state whose fingerprint is 0 is taken for one whose fingerprint is 1
	count   int
	touched uint64 // keeps the reads of touch alive
	_       padding
}

// padding keeps what is written for one partition out of the cache lines of the next, which another goroutine writes to.
type padding [128]byte

// smallTable is the size up to which a table doubles, because moving costs more than the room that is left over.
const smallTable = 1 << 17

// large is the size in words from which a table lives outside the Go heap, where it can (enlarge).
const large = 1 << 17

// partitionBits is how many of a fingerprint's highest bits say which partition it belongs to. It is fixed, so that the order
// in which states are kept does not depend on the number of workers.
const (
	partitionBits = 4
	partitions    = 1 << partitionBits
)

func partitionOf(fp uint64) int { return int(fp >> (64 - partitionBits)) }

func (s *seen) home(fp uint64) int {
	hi, _ := bits.Mul64(fp<<partitionBits, uint64(len(s.slots)))
	return int(hi)
}

// insert adds a fingerprint and reports whether it is new. The table grows as soon as it is four fifths full, so that
// its size follows from what is in it.
func (s *seen) insert(fp uint64) bool {
	if s.slots == nil {
		s.grow()
	}
	if fp == 0 {
		fp = 1
	}
	for i := s.home(fp); ; {
		switch s.slots[i] {
		case fp:
			return false
		case 0:
			s.slots[i] = fp
			if s.count++; 5*s.count >= 4*len(s.slots) {
				s.grow()
			}
			return true
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

func (s *seen) grow() {
	before := len(s.slots)
	after := before * 3 / 2
	if before < smallTable {
		after = before * 2
	}
	s.slots = enlarge(s.slots, max(256, after))
	s.spread(before)
}

// spread moves the fingerprints of a table that was just enlarged to their new homes, in place. A home is a proportion of the
// table, so every fingerprint but the first few moves up, past all those below it: from the highest slot down, the way is free.
func (s *seen) spread(before int) {
	s.count = 0
	few := min(before, max(4096, before/4)) // below them, runs that wrapped around or lie too close together
	first := slices.Clone(s.slots[:few])
	clear(s.slots[:few])
	for i := before - 1; i >= few; i-- {
		fp := s.slots[i]
		if fp == 0 {
			continue
		}
		s.slots[i] = 0
		if s.home(fp) > i {
			s.insert(fp)
		} else {
			first = append(first, fp) // its run was very long
		}
	}
	for _, fp := range first {
		if fp != 0 {
			s.insert(fp)
		}
	}
}

func (s *seen) bytes() int { return 8 * len(s.slots) }

// touch reads the home slots of some fingerprints, so that the processor fetches them all at once and insert finds them at hand.
func (s *seen) touch(some []successor) {
	if len(s.slots) == 0 {
		return
	}
	var sum uint64
	for i := range some {
		sum += s.slots[s.home(some[i].fingerprint)]
	}
	s.touched = sum
}
