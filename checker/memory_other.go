//go:build !linux

package checker

// enlarge returns the words followed by zeroed ones, at least up to the given number.
func enlarge(words []uint64, to int) []uint64 { return append(make([]uint64, 0, to), words...)[:to] }

// release gives back what enlarge returned.
func release([]uint64) {}

// widenHeap makes nothing of it: only Linux is asked for huge pages.
func widenHeap() {}
