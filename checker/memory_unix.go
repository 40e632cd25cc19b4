//go:build unix

package checker

import (
	"syscall"
	"unsafe"
)

// large is the size in words from which fingerprints live outside the Go heap: given back at once, never scanned, on huge pages.
const large = 1 << 17

// allocate returns zeroed words.
func allocate(words int) []uint64 {
	if words < large {
		return make([]uint64, words)
	}
	b, err := syscall.Mmap(-1, 0, 8*words, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]uint64, words)
	}
	adviseHuge(b)
	return unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), words)
}

// release gives back what allocate returned. The words must not be used again.
func release(words []uint64) {
	if len(words) >= large {
		// Words that came from the heap because nothing could be mapped are unknown to Munmap, which then refuses.
		_ = syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words)))
	}
}
