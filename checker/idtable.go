package checker

import "math/bits"

// idTable maps pairs of ids to words. It is read by all workers between two rounds and written by none of them.
type idTable struct {
	keys   []uint64 // 0 is an empty slot, so the pair (0, 0) cannot be a key
	values []uint64
	count  int
}

func pair(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

func (t *idTable) get(key uint64) (uint64, bool) {
	if t.count == 0 {
		return 0, false
	}
	for i := t.home(key); ; i = (i + 1) & (len(t.keys) - 1) {
		switch t.keys[i] {
		case key:
			return t.values[i], true
		case 0:
			return 0, false
		}
	}
}

func (t *idTable) put(key, value uint64) {
	if 2*(t.count+1) > len(t.keys) {
		t.grow()
	}
	i := t.home(key)
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) & (len(t.keys) - 1)
	}
	if t.keys[i] == 0 {
		t.count++
	}
	t.keys[i], t.values[i] = key, value
}

func (t *idTable) home(key uint64) int {
	return int(key * 0x9e3779b97f4a7c15 >> (64 - bits.TrailingZeros(uint(len(t.keys)))))
}

func (t *idTable) grow() {
	old := *t
	size := max(64, 2*len(old.keys))
	*t = idTable{keys: make([]uint64, size), values: make([]uint64, size)}
	for i, key := range old.keys {
		if key != 0 {
			t.put(key, old.values[i])
		}
	}
}

func (t *idTable) bytes() int { return 16 * len(t.keys) }
