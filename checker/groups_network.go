package checker

import "math/bits"

// network is the messages in flight in one word: a lane of sixteen bits for each, in ascending order from the lowest. Empty ones are 0 and highest.
type network = uint64

const (
	laneBits    = 16
	lane        = 1<<laneBits - 1
	mostLanes   = 3       // so that a key fits into 32 bits
	mostInLane  = 1 << 12 // messages that a key tells apart
	inEachLane  = 0x0001_0001_0001_0001
	topsOfLanes = 0x8000_8000_8000_8000
)

// lanesIn returns how many messages are in flight.
func lanesIn(n network) int { return (bits.Len64(n) + laneBits - 1) / laneBits }

// holds reports whether a message is in flight.
func holds(n network, m uint64) bool {
	x := n ^ m*inEachLane
	return (x-inEachLane)&^x&topsOfLanes != 0
}

// copiesIn counts how often a message is in flight.
func copiesIn(n network, m uint64) (copies int) {
	for ; n != 0; n >>= laneBits {
		if n&lane == m {
			copies++
		}
	}
	return copies
}

// with adds a message.
func with(n network, m uint64) network {
	at := 0
	for rest := n; rest != 0 && rest&lane < m; rest >>= laneBits {
		at += laneBits
	}
	return n>>at<<at<<laneBits | m<<at | n&(1<<at-1)
}

// without takes the message out that begins at a bit.
func without(n network, at int) network { return n>>at>>laneBits<<at | n&(1<<at-1) }

// networkSet is a set of networks: a small hash table whose keys stand for 64 networks that differ only by their lowest lane.
type networkSet struct {
	at   uint32 // where it begins in the arena
	used uint32 // keys
	log  uint8  // slots, as a power of two; 0 is none
}

// networkSets holds the sets of one partition's groups.
type networkSets struct {
	keys    []uint64 // two in a word; 0 is an empty slot
	words   []uint64
	used    int
	free    [32][]uint32
	touched uint64
	_       padding
}

const firstSlots = 2 // as a power of two

// keyOfNetwork returns the key under which a network stands, and which of the key's bits it is.
func keyOfNetwork(n network) (key uint32, bit uint) {
	low := uint32(n) & lane
	return (uint32(n>>32)<<12|uint32(n>>16)&lane)<<6 | low>>6 | 1<<31, uint(low & 63)
}

func (s *networkSet) home(key uint32) uint32 { return key * 0x9e3779b1 >> (32 - s.log) }

// insert adds networks to a set, and appends those that are new.
func (a *networkSets) insert(s *networkSet, networks []network, to []uint64) []uint64 {
	if s.log == 0 {
		s.at, s.log = a.take(firstSlots), firstSlots
	}
	last, at := uint32(0), uint32(0) // the key met last, and where it stands
	for _, n := range networks {
		key, bit := keyOfNetwork(n)
		if key != last {
			last, at = key, a.slot(s, key)
		}
		if word := &a.words[at]; *word>>bit&1 == 0 {
			*word |= 1 << bit
			to = append(to, n)
		}
	}
	return to
}

// slot returns where a key stands in a set, to which it is added if it was not there.
func (a *networkSets) slot(s *networkSet, key uint32) uint32 {
	mask := uint32(1)<<s.log - 1
	for i := s.home(key); ; i = (i + 1) & mask {
		at := s.at + i
		switch uint32(a.keys[at>>1] >> (at & 1 * 32)) {
		case key:
			return at
		case 0:
			if 8*(s.used+1) > 7*(mask+1) {
				a.grow(s)
				return a.slot(s, key)
			}
			s.used++
			a.keys[at>>1] |= uint64(key) << (at & 1 * 32)
			a.words[at] = 0
			return at
		}
	}
}

func (a *networkSets) grow(s *networkSet) {
	old := *s
	s.log++
	s.at = a.take(int(s.log))
	mask := uint32(1)<<s.log - 1
	for at := old.at; at < old.at+1<<old.log; at++ {
		key := uint32(a.keys[at>>1] >> (at & 1 * 32))
		if key == 0 {
			continue
		}
		i := s.home(key)
		for uint32(a.keys[(s.at+i)>>1]>>((s.at+i)&1*32)) != 0 {
			i = (i + 1) & mask
		}
		a.keys[(s.at+i)>>1] |= uint64(key) << ((s.at + i) & 1 * 32)
		a.words[s.at+i] = a.words[at]
	}
	clear(a.keys[old.at>>1 : (old.at+1<<old.log)>>1])
	a.free[old.log] = append(a.free[old.log], old.at)
}

// take returns the place of so many slots, as a power of two, that are empty.
func (a *networkSets) take(log int) uint32 {
	if n := len(a.free[log]); n > 0 {
		at := a.free[log][n-1]
		a.free[log] = a.free[log][:n-1]
		return at
	}
	at := a.used
	a.used += 1 << log
	a.words = atLeast(a.words, a.used)
	a.keys = atLeast(a.keys, (a.used+1)/2)
	return uint32(at)
}

// atLeast returns the words with zeroed ones after them, if need be, so that there are so many, and some to spare.
func atLeast(words []uint64, many int) []uint64 {
	if many <= len(words) {
		return words
	}
	size := len(words) * 5 / 4
	if len(words) < smallTable {
		size = 2 * len(words)
	}
	return enlarge(words, max(1024, size, many))
}

func (a *networkSets) bytes() int { return 8 * (len(a.keys) + len(a.words)) }

func (a *networkSets) release() {
	release(a.keys)
	release(a.words)
	*a = networkSets{}
}
