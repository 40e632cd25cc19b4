package checker

import "math/bits"

// idTable maps pairs of ids to words. It is read by all workers between two rounds and written by none of them.
type idTable struct {
	slots []idSlot
	count int
	shift uint8
}

// idSlot is one slot; key 0 is an empty one, so the pair (0, 0) cannot be a key.
type idSlot struct{ key, value uint64 }

func pair(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

func (t *idTable) get(key uint64) (uint64, bool) {
	if t.count == 0 {
		return 0, false
	}
	mask := len(t.slots) - 1
	for i := t.home(key); ; i = (i + 1) & mask {
		switch slot := &t.slots[i&mask]; slot.key {
		case key:
			return slot.value, true
		case 0:
			return 0, false
		}
	}
}

func (t *idTable) put(key, value uint64) {
	if 2*(t.count+1) > len(t.slots) {
		t.grow()
	}
	i := t.home(key)
	for t.slots[i].key != 0 && t.slots[i].key != key {
		i = (i + 1) & (len(t.slots) - 1)
	}
	if t.slots[i].key == 0 {
		t.count++
	}
	t.slots[i] = idSlot{key, value}
}

func (t *idTable) home(key uint64) int { return int(key * 0x9e3779b97f4a7c15 >> t.shift) }

func (t *idTable) grow() {
	old := t.slots
	size := max(64, 2*len(old))
	*t = idTable{slots: make([]idSlot, size), shift: uint8(64 - bits.TrailingZeros(uint(size)))}
	for _, slot := range old {
		if slot.key != 0 {
			t.put(slot.key, slot.value)
		}
	}
}

func (t *idTable) bytes() int { return 16 * len(t.slots) }
