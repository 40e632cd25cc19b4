package checker

import (
	"math/bits"
	"slices"
)

// headIndex finds groups by what their states share.
type headIndex struct {
	slots   []uint64 // of so many words each: a head, two parts in a word, and the group + 1 as the last part; 0 is empty
	words   int
	count   int
	touched uint64
}

func hashHead(head []uint64) uint64 {
	h := uint64(0)
	for _, w := range head {
		h = (h ^ w) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h * 0xbf58476d1ce4e5b9
}

func (t *headIndex) home(h uint64) int {
	hi, _ := bits.Mul64(h, uint64(len(t.slots)/t.words))
	return int(hi) * t.words
}

// find returns the group of a head, or adds one under the number given, and reports whether it was there.
func (t *headIndex) find(h uint64, head []uint64, next uint32) (id uint32, known bool) {
	if 5*(t.count+1)*t.words > 4*len(t.slots) {
		t.grow()
	}
	last := t.words - 1
	for i := t.home(h); ; {
		slot := t.slots[i : i+t.words]
		if slot[last]>>32 == 0 {
			copy(slot, head)
			slot[last] |= uint64(next+1) << 32
			t.count++
			return next, false
		}
		if slot[last]<<32 == head[last]<<32 && slices.Equal(slot[:last], head[:last]) {
			return uint32(slot[last]>>32) - 1, true
		}
		if i += t.words; i == len(t.slots) {
			i = 0
		}
	}
}

// touch reads where some heads will be looked for.
func (t *headIndex) touch(some []wanted) {
	if len(t.slots) == 0 {
		return
	}
	sum := uint64(0)
	for k := range some {
		at := t.home(some[k].hash)
		sum += t.slots[at] + t.slots[at+t.words-1]
	}
	t.touched = sum
}

func (t *headIndex) grow() {
	before := *t
	t.slots, t.count = enlarge(nil, max(1024, before.count*2)*t.words), 0
	t.slots = t.slots[:len(t.slots)/t.words*t.words]
	for i := 0; i < len(before.slots); i += t.words {
		slot := before.slots[i : i+t.words]
		if id := slot[t.words-1] >> 32; id != 0 {
			slot[t.words-1] &= 1<<32 - 1
			t.find(hashHead(slot), slot, uint32(id-1))
		}
	}
	before.release()
}

func (t *headIndex) bytes() int { return 8 * len(t.slots) }

func (t *headIndex) release() {
	release(t.slots[:cap(t.slots)])
	*t = headIndex{}
}
