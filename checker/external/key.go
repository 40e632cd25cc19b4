package external

import (
	"cmp"
	"encoding/binary"
)

// Key tells a state from all others. Its bits must look random.
type Key struct{ A, B uint64 }

// Compare orders keys.
func (k Key) Compare(l Key) int {
	if k.A != l.A {
		return cmp.Compare(k.A, l.A)
	}
	return cmp.Compare(k.B, l.B)
}

// Partition is the one that a state of this key belongs to.
func (k Key) Partition() int { return int(k.A >> (64 - partitionBits)) }

// keyBytes is what a key takes in a file.
const keyBytes = 16

// appendKeys appends keys as a block has them: all A, then all B.
func appendKeys(b []byte, keys []Key) []byte {
	for _, k := range keys {
		b = binary.LittleEndian.AppendUint64(b, k.A)
	}
	for _, k := range keys {
		b = binary.LittleEndian.AppendUint64(b, k.B)
	}
	return b
}

// parseKeys appends the keys of a block.
func parseKeys(keys []Key, b []byte) []Key {
	n := len(b) / keyBytes
	for k := range n {
		keys = append(keys, Key{binary.LittleEndian.Uint64(b[8*k:]), binary.LittleEndian.Uint64(b[8*(n+k):])})
	}
	return keys
}
