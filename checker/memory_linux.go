package checker

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"syscall"
	"unsafe"
)

// Fingerprints live outside the Go heap once there are many: given back at once, never scanned, on huge pages, and enlarged
// without a copy, so that no more memory is touched than is needed in the end.

// hugePage is the size of a huge page in words, on the machines where it matters.
const hugePage = 1 << 18

const (
	adviseHuge   = 14 // MADV_HUGEPAGE
	mayMove      = 1  // MREMAP_MAYMOVE
	readAndWrite = syscall.PROT_READ | syscall.PROT_WRITE
)

// enlarge returns the words followed by zeroed ones, at least up to the given number. The words given must not be used again.
func enlarge(words []uint64, to int) []uint64 {
	if to >= 4*hugePage {
		to = (to + hugePage - 1) &^ (hugePage - 1)
	}
	switch {
	case to < large:
		return append(make([]uint64, 0, to), words...)[:to]
	case len(words) < large:
		b, err := syscall.Mmap(-1, 0, 8*to, readAndWrite, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			panic("out of memory: " + err.Error())
		}
		_ = syscall.Madvise(b, adviseHuge) // without huge pages it is only slower
		copy(wordsOf(b), words)
		return wordsOf(b)
	}
	at, _, errno := syscall.Syscall6(syscall.SYS_MREMAP, uintptr(unsafe.Pointer(&words[0])), uintptr(8*len(words)), uintptr(8*to), mayMove, 0, 0)
	if errno != 0 {
		panic("out of memory: " + errno.Error())
	}
	return unsafe.Slice(*(**uint64)(unsafe.Pointer(&at)), to)
}

// release gives back what enlarge returned.
func release(words []uint64) {
	if len(words) >= large {
		_, _, _ = syscall.Syscall(syscall.SYS_MUNMAP, uintptr(unsafe.Pointer(&words[0])), uintptr(8*len(words)), 0)
	}
}

func wordsOf(b []byte) []uint64 { return unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), len(b)/8) }

// widened is how much of the Go heap was mapped for huge pages, in bytes.
var widened struct {
	sync.Mutex
	bytes uint64
}

// leastMore and mostMore are by how much the heap is widened at a time, in bytes.
const (
	leastMore = 256 << 20
	mostMore  = 1 << 30
)

// widenHeap lets a heap that grows go on on huge pages, which the runtime does not ask for: to get its memory page by page takes up to two fifths of
// the time of a search. A slice makes the runtime map what it would map sooner or later; none of it is touched. It is forgotten again, and what is allocated
// from then on takes its place. It counts as memory for a moment, so where there is a limit (GOMEMLIMIT) it must be far away.
func widenHeap() {
	widened.Lock()
	defer widened.Unlock()
	used := heapInUse()
	more := min(max(4*used, leastMore), mostMore)
	if 2*used < widened.bytes || used+more > uint64(debug.SetMemoryLimit(-1))/4 {
		return
	}
	room := make([]byte, more)
	_ = syscall.Madvise(room, adviseHuge) // without huge pages it is only slower
	runtime.KeepAlive(room)
	widened.bytes += more
	runtime.GC() // nobody knows room any more
}

// heapInUse returns how much of the heap has objects, and holes between them, in bytes.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}
