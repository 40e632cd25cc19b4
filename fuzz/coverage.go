package fuzz

import "math/bits"

// novelty is a kind of thing that can be new.
type novelty uint8

const (
	newEvent   novelty = iota // a kind of step: what was given, and what became of role, term, log and commitIndex
	newState                  // a state of one server
	newOutline                // roles, terms, logs and commitIndexes of all servers together
)

// worth is how much something new counts when a run is chosen to be gone on from.
var worth = [...]int{newEvent: 24, newState: 4, newOutline: 1}

// feature is something that a step showed.
type feature struct {
	hash uint64
	step uint32 // of its run, from 0
	kind novelty
}

// coverage remembers what was seen before, approximately: one bit for each fingerprint, taken modulo the size, so that something new
// may be overlooked but nothing old is taken for new. When half the bits are set, it forgets. Coverage is only read during a round.
type coverage [3]bitmap

type bitmap struct {
	words []uint64
	set   int
}

func newCoverage() *coverage {
	return &coverage{newEvent: newBitmap(18), newState: newBitmap(23), newOutline: newBitmap(25)}
}

func newBitmap(logSize int) bitmap { return bitmap{words: make([]uint64, 1<<(logSize-6))} }

func (b *bitmap) bit(hash uint64) (word int, mask uint64) {
	at := hash >> 20
	return int(at >> 6 & uint64(len(b.words)-1)), 1 << (at & 63)
}

// has reports whether a feature was seen before, or looks like one that was.
func (c *coverage) has(kind novelty, hash uint64) bool {
	word, mask := c[kind].bit(hash)
	return c[kind].words[word]&mask != 0
}

// add remembers a feature, and reports whether it was new.
func (c *coverage) add(kind novelty, hash uint64) bool {
	word, mask := c[kind].bit(hash)
	b := &c[kind]
	if b.words[word]&mask != 0 {
		return false
	}
	b.words[word] |= mask
	b.set++
	return true
}

// settle forgets what has become too full to tell anything.
func (c *coverage) settle() {
	for k := range c {
		if b := &c[k]; b.set > len(b.words)*bits.UintSize/2 {
			clear(b.words)
			b.set = 0
		}
	}
}
