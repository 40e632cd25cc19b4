package checker

import (
	"math/bits"

	"github.com/raftcheck/raftcheck/checker/external"
)

// filter is one partition of what is held in memory of the keys that a search in files has met: open addressing with linear probing. It
// may be emptied between two rounds. States that were met are then taken for new ones until they are compared with the runs.
type filter struct {
	slots   []uint64 // two words for each key; both 0 are an empty slot
	count   int
	touched uint64 // keeps the reads of touch alive
}

// keyWords is how many words a key takes.
const keyWords = 2

// home is the slot where a key stands if there is room.
func (f *filter) home(k external.Key) int {
	hi, _ := bits.Mul64(k.A<<partitionBits, uint64(len(f.slots)/keyWords))
	return int(hi)
}

// touch reads the home slots of some keys, so that the processor fetches them all at once and insert finds them at hand.
func (f *filter) touch(keys []external.Key) {
	if len(f.slots) == 0 {
		return
	}
	var sum uint64
	for _, k := range keys {
		sum += f.slots[keyWords*f.home(k)]
	}
	f.touched = sum
}

// insert adds a key, which is not zero, and reports whether it was not there. Room is how many words the filter should have at most;
// it takes more when a round needs them.
func (f *filter) insert(k external.Key, room int) bool {
	if keyWords*(f.count+1)*5 > len(f.slots)*4 && (keyWords*(f.count+1)*16 > len(f.slots)*15 || len(f.slots) < room) {
		f.grow(room)
	}
	for i := keyWords * f.home(k); ; {
		switch {
		case f.slots[i] == k.A && f.slots[i+1] == k.B:
			return false
		case f.slots[i] == 0 && f.slots[i+1] == 0:
			f.slots[i], f.slots[i+1] = k.A, k.B
			f.count++
			return true
		}
		if i += keyWords; i == len(f.slots) {
			i = 0
		}
	}
}

// grow makes a larger table: by half or double while there is room, and else by as little as a round needs.
func (f *filter) grow(room int) {
	before := f.slots
	after := len(before) * 3 / 2
	if len(before) < smallTable {
		after = len(before) * 2
	}
	after = max(min(after, room), len(before)+len(before)/8, 512)
	f.slots = enlarge(nil, after&^(keyWords-1))
	f.count = 0
	for i := 0; i < len(before); i += keyWords {
		if k := (external.Key{A: before[i], B: before[i+1]}); k != (external.Key{}) {
			f.insert(k, room)
		}
	}
	release(before)
}

// full reports whether a filter with that much room cannot take much more.
func (f *filter) full(room int) bool { return keyWords*f.count*8 > room*7 }

func (f *filter) empty() {
	release(f.slots)
	f.slots, f.count = nil, 0
}

func (f *filter) bytes() int { return 8 * len(f.slots) }
